"""pandas as one would write it first: with_pandas.py DATABASE CSV. A dict of users, one pass over columns."""

from __future__ import annotations

import os
import sys

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # else numpy starts threads that nothing here needs

import pandas as pd
from entries_table import save, users

database, csv = sys.argv[1:]
board = pd.read_csv(csv, encoding="utf-8-sig", na_filter=False)
tracked = dict.fromkeys(users(database))
rows = []
for rank, team_id, name, date, score, submissions, members in zip(
    *(board[column].tolist() for column in board.columns), strict=True
):
    if rank > 0:
        rows += [
            (member, rank, score, name, team_id, date, submissions, members)
            for member in members.split(",")
            if member in tracked
        ]
save(database, rows)
