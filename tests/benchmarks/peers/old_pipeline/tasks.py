"""Its tasks: fetch, process, clean up."""

from __future__ import annotations

import subprocess
import sys
import time
import zipfile
from datetime import datetime, timezone
from pathlib import Path

import pandas as pd
from old_pipeline.models import Competition, LeaderboardEntry, User

KAGGLE = Path(__file__).parent.parent / "kaggle_cli.py"


def sync_all(folder: Path) -> None:
    """What Celery Beat starts every five minutes."""
    for competition in Competition.objects.filter(is_active=True).exclude(kaggle_competition_id=""):
        csv = fetch_leaderboard(competition, folder)
        try:
            process_leaderboard(competition, csv)
        finally:
            csv.unlink()
            csv.parent.rmdir()


def fetch_leaderboard(competition: Competition, folder: Path) -> Path:
    """Downloads and unpacks the board; gives its CSV."""
    target = folder / f"{competition.slug}_{datetime.now(timezone.utc):%Y%m%d_%H%M%S_%f}"  # noqa: UP017
    target.mkdir()
    subprocess.run(
        [
            *(sys.executable, KAGGLE, "competitions", "leaderboard", competition.kaggle_competition_id),
            *("--download", "--path", target, "--quiet"),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    archive = target / f"{competition.kaggle_competition_id}.zip"
    with zipfile.ZipFile(archive) as zipped:
        name = zipped.namelist()[0]
        zipped.extract(name, target)
    archive.unlink()
    return (target / name).rename(target / name.replace("T", "_T_").replace(":", "_"))


def process_leaderboard(competition: Competition, csv: Path) -> tuple[int, float]:
    """Creates or updates the entries; gives how many, and how long reading and the rows took."""
    began = time.perf_counter()
    board = pd.read_csv(csv, encoding="utf-8-sig", keep_default_na=False)
    synced = 0
    for _, row in board.iterrows():
        if row["Rank"] == 0:
            continue
        members = [name.strip().lower() for name in row["TeamMemberUserNames"].split(",")]
        users = list(User.objects.filter(kaggle_username__in=members))
        if not users:
            users = list(User.objects.filter(kaggle_username=row["TeamName"]))
        for user in users:
            LeaderboardEntry.objects.update_or_create(
                competition=competition,
                user=user,
                defaults={
                    "rank": int(row["Rank"]),
                    "score": float(row["Score"]),
                    "kaggle_team_name": row["TeamName"],
                    "team_id": int(row["TeamId"]),
                    "submission_date": datetime.fromisoformat(row["LastSubmissionDate"] + "+00:00"),
                    "submission_count": int(row["SubmissionCount"]),
                },
            )
            synced += 1
    return synced, time.perf_counter() - began
