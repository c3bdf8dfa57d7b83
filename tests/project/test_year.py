"""The database with a year of boards, which the benchmarks make, is one that kagsync could have made."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from world import ROOT, database, invariants

if TYPE_CHECKING:
    from pathlib import Path

    from tests.benchmarks import year as year_type

_END = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def year(monkeypatch: pytest.MonkeyPatch) -> year_type:
    """The module, which stands outside the tests' own path."""
    monkeypatch.syspath_prepend(str(ROOT))
    from tests.benchmarks import year

    return year


@pytest.mark.long
def test_it_is_sound_and_looks_like_a_year(year: year_type, tmp_path: Path) -> None:
    db = tmp_path / "year.db"
    year.build(db, competitions=2, people=40, count=300, end=_END)
    invariants.check(db)
    moved = (
        "SELECT count(*), sum(h.score IS p.score AND h.team IS p.team "
        "AND h.submission_count IS p.submission_count) FROM entry_history h JOIN entry_history p "
        "ON p.user_id = h.user_id AND p.competition_id = h.competition_id AND p.moment = "
        "(SELECT max(moment) FROM entry_history b WHERE b.user_id = h.user_id "
        "AND b.competition_id = h.competition_id AND b.moment < h.moment)"
    )
    ((changes, drift),) = database.ask(db, moved)
    assert 0.9 < drift / changes < 1
    same_rank = (
        "SELECT 1 FROM leaderboard WHERE left_at IS NULL GROUP BY competition, rank "
        "HAVING count(DISTINCT team_id) > 1"
    )
    assert database.ask(db, same_rank) == []
    late = (
        "SELECT 1 FROM entry_history h WHERE NOT EXISTS (SELECT 1 FROM snapshots s "
        "WHERE s.competition_id = h.competition_id AND s.moment = h.moment)"
    )
    assert database.ask(db, late) == []


def test_it_is_the_same_each_time(year: year_type, tmp_path: Path) -> None:
    made = []
    for name in ("one", "other"):
        year.build(tmp_path / name, competitions=1, people=20, count=50, end=_END)
        tables = database.tables(tmp_path / name)
        tables["users"] = [row[:7] for row in tables["users"]]  # pseudonyms are random
        made.append({table: rows for table, rows in tables.items() if "migrations" not in table})
    assert made[0] == made[1]
