#!/bin/sh
# sqlite-utils in a shell: sqlite_utils.sh DATABASE CSV JOIN.sql (the Python of its environment in $PYTHON)
set -eu
"$PYTHON" -m sqlite_utils upsert "$1" board "$2" --csv --encoding utf-8-sig --pk TeamId
"$PYTHON" -m sqlite_utils query "$1" - < "$3" > /dev/null
