"""The copy of a database for a branch that strangers may read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from world.database import ask, dump, execute, tables

from kagsync.store import Store, publishing

if TYPE_CHECKING:
    from pathlib import Path

    from world.club import Club

# What strangers may read, by table: figures, times and words of kagsync's own in all tables, and these texts.
# A new column must be put here, or into `publishing`.
_BOARD = {"kaggle_team_name", "members", "score_text", "matched_by", "submission_date"}
PUBLIC = {
    # Kaggle's own pages show it to everybody
    "competitions": {"slug", "title", "kaggle_competition_id", "metric", "fingerprint"},
    "leaderboard_entries": _BOARD,
    "private_entries": _BOARD,
    "teams": {"name", "members"},
    "entry_history": {"score"},
    "private_entry_history": {"score"},
    "private_boards": {"fingerprint"},
    "benchmarks": {"name", "score_text"},
    "private_benchmarks": {"name", "score_text"},
    "benchmark_sets": {"content"},
    "board_names": {"packed"},
    "board_ranks": {"packed", "board"},
    "deleted_accounts": {"member"},
    "private_deleted_accounts": {"member"},
    "unclear_teams": {"board", "team_name"},
    "possible_renames": {"username"},
    "medal_lines": {"medal"},
    "private_medal_lines": {"medal"},
    # the report shows it, or it is kagsync's own
    "report_options": {"title", "group", "board", "names"},
    "series": {"name", "rule", "points_table", "group", "ties", "board", "absent", "teams"},
    "frozen_boards": {"board", "as_of", "benchmarks"},
    "frozen_entries": {"board", "group", "score"},
    "sync_runs": {"run", "slug", "source", "status", "board", "sha256", "error_code"},
    "snapshots": {"sha256"},
    "private_snapshots": {"sha256"},
    "triggers": {"name"},
    "_sqlite_migrations": {"migration_set", "name"},
    # github/personal.py looks at the others
    "users": {"username", "group", "pseudonym"},
    "notify_targets": {"only", "group", "against", "label", "digest", "zone", "remind"},
}
DECIDED = {
    ("users", "name"),
    ("users", "handle"),
    ("users", "student_id"),
    ("users", "team"),
    ("notify_targets", "url"),
    ("notify_targets", "error"),
    ("sync_runs", "error_message"),
    ("snapshots", "file"),
    ("private_snapshots", "file"),
    ("pings", "problem"),
    ("pings", "warned_of"),
    ("triggers", "program"),
    ("notices", "subject"),
}


def test_it_is_decided_for_every_column_whether_strangers_may_read_it(store: Store) -> None:
    found = {
        (table, column)
        for (table,) in store.connection.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
        for _, column, kind, *_ in store.connection.rows(f'PRAGMA table_info("{table}")')
        if kind in ("TEXT", "BLOB") and not column.endswith(("at", "_until", "_since", "deadline"))
    }
    public = {(table, column) for table, columns in PUBLIC.items() for column in columns}
    assert found - public - DECIDED == set()
    assert (public | DECIDED) - found == set()


def copied(club: Club, tmp_path: Path, *, public: bool) -> Path:
    file = tmp_path / "copy.db"
    with Store.open_to_read(club.db, club.settings.locks) as store:
        assert publishing.copy(store, file, public=public) == file.stat().st_size
    return file


TRACES = """
UPDATE sync_runs SET error_message = 'ann@example.org was refused';
UPDATE snapshots SET file = '/home/ann/board.csv';
INSERT INTO triggers VALUES
    ('cron', '/home/ann/bin/kagsync', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 0);
INSERT INTO pings VALUES
    (1, '2026-01-01T00:00:00Z', 'ann.example.org refused', NULL, 'ann.example.org refused');
INSERT INTO notices VALUES ('exposed /home/ann/.kaggle/access_token', '2026-01-01T00:00:00Z');
INSERT INTO notify_targets (url, quiet_for, added_at, error)
    VALUES ('env:HOOK', 0, '2026-01-01T00:00:00Z', 'ann@example.org does not exist');
"""


def test_a_private_copy_is_the_database_as_it_is(club: Club, board: Path, tmp_path: Path) -> None:
    execute(club.db, TRACES)
    assert sorted(dump(copied(club, tmp_path, public=False))) == sorted(dump(club.db))


def test_a_public_copy_lacks_what_could_tell_more(club: Club, board: Path, tmp_path: Path) -> None:
    execute(club.db, TRACES)
    before = tables(club.db)
    copy = copied(club, tmp_path, public=True)
    assert b"ann" not in copy.read_bytes()
    assert tables(club.db) == before
    assert ask(copy, "SELECT subject FROM notices") == [("thinning after days: 0",)]
    changed = {name for name, rows in tables(copy).items() if rows != before[name]}
    assert changed == {"sync_runs", "snapshots", "triggers", "pings", "notices", "notify_targets"}
    assert publishing.is_sound(copy)


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_not_sound(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "file.db"
    file.write_bytes(content)
    assert not publishing.is_sound(file)
