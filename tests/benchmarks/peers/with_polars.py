"""polars: with_polars.py DATABASE CSV. Read, split, explode, join, all in its own threads."""

from __future__ import annotations

import sys

import polars as pl
from entries_table import save, users

database, csv = sys.argv[1:]
found = (
    pl.scan_csv(csv)
    .filter(pl.col("Rank") > 0)
    .with_columns(username=pl.col("TeamMemberUserNames").str.split(","))
    .explode("username")
    .join(pl.LazyFrame({"username": users(database)}), on="username")
    .select(
        "username",
        "Rank",
        "Score",
        "TeamName",
        "TeamId",
        "LastSubmissionDate",
        "SubmissionCount",
        "TeamMemberUserNames",
    )
    .collect()
)
save(database, found.iter_rows())
