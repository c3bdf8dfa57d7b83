#!/bin/sh
# The sqlite3 shell: sqlite_shell.sh DATABASE CSV JOIN.sql
set -eu
exec "${SQLITE3:-sqlite3}" -bail "$1" \
  "CREATE TEMP TABLE board (Rank INTEGER, TeamId INTEGER, TeamName TEXT, LastSubmissionDate TEXT, Score TEXT,
     SubmissionCount INTEGER, TeamMemberUserNames TEXT)" \
  ".import --csv --skip 1 --schema temp '$2' board" \
  ".read '$3'"
