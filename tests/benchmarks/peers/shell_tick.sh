#!/bin/sh
# A tick as a shell script: shell_tick.sh DATABASE SLUG FOLDER JOIN.sql (the Python of its environment in $PYTHON)
set -eu
here=$(dirname "$0")
folder=$(mktemp -d "$3/tick.XXXXXX")
"$PYTHON" "$here/kaggle_cli.py" competitions leaderboard "$2" --download --path "$folder" --quiet
unzip -q "$folder/$2.zip" -d "$folder"
sh "$here/sqlite_utils.sh" "$1" "$folder"/*.csv "$4"
rm -r "$folder"
