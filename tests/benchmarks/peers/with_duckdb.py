"""duckdb: with_duckdb.py DATABASE CSV.

Its own extension for SQLite files is downloaded at the first use, so users come in and entries go out by the
standard library's sqlite3.
"""

from __future__ import annotations

import sys

import duckdb
from entries_table import save, users

database, csv = sys.argv[1:]
tracked = users(database)
found = duckdb.execute(
    """
    SELECT username, "Rank", Score, TeamName, TeamId, strftime(LastSubmissionDate, '%Y-%m-%d %H:%M:%S'),
        SubmissionCount, TeamMemberUserNames
    FROM (
        SELECT *, unnest(string_split(TeamMemberUserNames, ',')) AS username
        FROM read_csv($csv, header = true)
        WHERE "Rank" > 0
    )
    JOIN (SELECT unnest($tracked::VARCHAR[]) AS username) USING (username)
    """,
    {"csv": csv, "tracked": tracked},
).fetchall()
save(database, found)
