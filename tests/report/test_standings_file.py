"""`standings.json`: what the pages show, for programs."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from test_feed import climbing, sync
from test_pages import NOW, PAYLOADS, hostile, write
from world.database import execute
from world.running import set_columns

from kagsync.report import NAMES, PSEUDONYM, REAL, USERNAME

if TYPE_CHECKING:
    from pathlib import Path


def read(site: Path) -> Any:
    text = (site / "standings.json").read_bytes().decode("ascii")
    return json.loads(text)


def test_it_says_where_everybody_stands(db: Path, site: Path) -> None:
    climbing("digits", 2, missing=["zoe"], deadline=NOW + timedelta(days=1)).into(db)
    write(db, site)
    found = read(site)
    assert (found["version"], found["generator"], found["names"]) == (1, "kagsync", REAL)
    (competition,) = found["competitions"]
    assert competition["competition"] == "digits" and competition["title"] == "The digits <cup>"
    assert (site / competition["page"]).is_file() and (site / competition["embed"]).is_file()
    assert (competition["phase"], competition["board"], competition["teams"]) == ("running", "public", 2000)
    first, second = competition["people"]
    assert (first["rank"], first["score"], first["score_text"]) == (872, 0.5031, "0.5031")
    assert (first["username"], first["name"], first["kaggle_team_name"]) == (
        *("digits1", "Digits 1", "digits team 1"),
    )
    assert (second["next_person"], second["next_person_places"], second["next_person_gap"]) == (
        *("digits1", 1, 0.0001),
    )
    assert first["next_person"] is None
    assert [(each["local_rank"], each["local_count"]) for each in (first, second)] == [(1, 2), (2, 2)]
    assert competition["missing"] == ["zoe"]


def test_a_result_comes_with_both_ranks(db: Path, site: Path) -> None:
    climbing("digits", 2, final=(4, 900)).into(db)
    write(db, site)
    (competition,) = read(site)["competitions"]
    assert competition["board"] == "private"
    first = competition["people"][0]
    assert (first["rank"], first["public_rank"], first["private_rank"]) == (4, 873, 4)
    assert (first["shake_up"], first["medal"]) == (869, "gold")


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (REAL, ("digits0", "Digits 0", "digits team 0")),
        (USERNAME, ("digits0", None, None)),
        (PSEUDONYM, (None, None, None)),
    ],
)
def test_names_follow_the_folders_choice(
    db: Path, site: Path, names: str, told: tuple[str | None, ...]
) -> None:
    climbing("digits").into(db)
    sync(db, site, names=names)
    found = read(site)
    (person,) = found["competitions"][0]["people"]
    assert found["names"] == names
    assert (person["username"], person["name"], person["kaggle_team_name"]) == told
    assert person["handle"] == "digits0"  # the pseudonym too, in these databases


@pytest.mark.parametrize("names", NAMES)
def test_time_alone_changes_nothing(db: Path, site: Path, names: str) -> None:
    climbing("digits", 3).into(db)
    sync(db, site, names=names)
    before = (site / "standings.json").read_bytes()
    sync(db, site, NOW + timedelta(days=3))
    assert (site / "standings.json").read_bytes() == before
    write(db, site, NOW + timedelta(days=30))
    assert (site / "standings.json").read_bytes() == before


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(("title", "x"), ("metric", "x"), ("active", 0), ("higher_is_better", 0)),
        *((name, "2030-01-01T00:00:00Z") for name in ("deadline", "merger_deadline", "new_entrant_deadline")),
    ],
)
def test_whatever_it_says_makes_it_new_when_it_changes(
    db: Path, site: Path, column: str, value: str | int
) -> None:
    for slug in ("digits", "planets"):
        climbing(slug).into(db)
    sync(db, site)
    before = {each["competition"]: each for each in read(site)["competitions"]}
    set_columns(db, "digits", **{column: value})
    sync(db, site)
    after = {each["competition"]: each for each in read(site)["competitions"]}
    assert after["planets"] == before["planets"]
    assert after["digits"] != before["digits"]


def test_a_file_that_somebody_damaged_is_made_again(db: Path, site: Path) -> None:
    climbing("digits").into(db)
    sync(db, site)
    path = site / "standings.json"
    before = path.read_text()
    path.write_text(before[: len(before) // 2])
    set_columns(db, "digits", fingerprint="y")
    sync(db, site)
    assert path.read_text() == before


def test_hostile_names_are_text(db: Path, site: Path) -> None:
    hostile().into(db)
    write(db, site)
    names = {person["name"] for person in read(site)["competitions"][0]["people"]}
    assert names == set(PAYLOADS.values())


def test_without_a_competition_it_is_there_all_the_same(db: Path, site: Path) -> None:
    climbing("digits").into(db)
    execute(db, "DELETE FROM competitions")
    write(db, site)
    assert read(site)["competitions"] == []
