"""The names of the tables of a competition's public board, and of its private board.

The two have the same columns, so everything that reads and writes one works on the other.
"""

from __future__ import annotations

from typing import NamedTuple

from kagsync.standings.which import PRIVATE, PUBLIC


class Tables(NamedTuple):
    """The tables of one of the two boards.

    Attributes:
        board: public or private.
        applied: has the applied board's time, size and fingerprint.
        key: the column of `applied` with the competition's id.
        cursors: up to which board notification targets know what happened.
    """

    board: str
    applied: str
    key: str
    entries: str
    history: str
    snapshots: str
    benchmarks: str
    medal_lines: str
    deleted_accounts: str
    cursors: str


TABLES = {
    PUBLIC: Tables(
        board=PUBLIC,
        applied="competitions",
        key="id",
        entries="leaderboard_entries",
        history="entry_history",
        snapshots="snapshots",
        benchmarks="benchmarks",
        medal_lines="medal_lines",
        deleted_accounts="deleted_accounts",
        cursors="notify_cursors",
    ),
    PRIVATE: Tables(
        board=PRIVATE,
        applied="private_boards",
        key="competition_id",
        entries="private_entries",
        history="private_entry_history",
        snapshots="private_snapshots",
        benchmarks="private_benchmarks",
        medal_lines="private_medal_lines",
        deleted_accounts="private_deleted_accounts",
        cursors="private_cursors",
    ),
}
