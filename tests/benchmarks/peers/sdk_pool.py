"""Kaggle's SDK and threads, nothing else: sdk_pool.py FOLDER THREADS SLUG…, what only downloading costs.

Run with kagsync's own Python. One client a thread: a shared one loses its credentials.
"""

from __future__ import annotations

import shutil
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from kagglesdk import KaggleClient
from kagglesdk.competitions.types.competition_api_service import ApiDownloadLeaderboardRequest

folder, threads, *slugs = sys.argv[1:]
mine = threading.local()


def download(slug: str) -> None:
    """Saves a board's ZIP as it comes."""
    if not hasattr(mine, "client"):
        mine.client = KaggleClient(username="benchmark", password="0" * 32)
        mine.client.__enter__()
    request = ApiDownloadLeaderboardRequest()
    request.competition_name = slug
    response = mine.client.competitions.competition_api_client.download_leaderboard(request)
    with response, (Path(folder) / f"{slug}.zip").open("wb") as file:
        shutil.copyfileobj(response.raw, file)


with ThreadPoolExecutor(int(threads)) as pool:
    list(pool.map(download, slugs))
