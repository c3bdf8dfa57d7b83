"""`--since last`: what this user saw last, of which board, in which database."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from world.boards import Team, board_csv, board_name
from world.running import on_terminal

from kagsync import clock
from kagsync.queries import last_seen

if TYPE_CHECKING:
    from world.running import Kagsync

    from kagsync.settings import Settings

SLUG = "titanic"
NOW = datetime(2025, 11, 10, 12, tzinfo=UTC)
A_DAY_AGO = "2025-11-09T12:00:00Z"
FIRST, SECOND, THIRD = "2025-11-01T06:00:00", "2025-11-10T10:00:00", "2025-11-10T11:00:00"


class Looker:
    """Somebody who has boards from disk and looks at them."""

    def __init__(self, kagsync: Kagsync, folder: Path) -> None:
        self.kagsync, self.folder = kagsync, folder

    def board(self, when: str, rank: int, *words: str, slug: str = SLUG) -> None:
        """Syncs a board of `when` on which alice has this rank."""
        teams = [Team(10 + i, f"x{i}", (f"x{i}",), f"0.{9 - i}") for i in range(5)]
        teams.insert(rank - 1, Team(1, "A", ("alice",), f"0.{9 - rank}5", submissions=9 - rank))
        path = self.folder / board_name(slug, when)
        path.write_bytes(board_csv(teams))
        self.kagsync.ok("competitions", "add", slug, "--no-kaggle", *words)
        self.kagsync.ok("users", "add", "alice", *words)
        self.kagsync.ok("sync", slug, "--from", str(path), *words)

    def look(self, *words: str, slug: str = SLUG) -> dict[str, Any]:
        """Alice's entry since the last look, seen in a pipe."""
        out = self.kagsync.ok("show", slug, "--since", "last", "--format", "json", *words)
        found: dict[str, Any] = json.loads(out)[0]
        return found


@pytest.fixture
def looker(kagsync: Kagsync, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Looker:
    monkeypatch.setattr(clock, "utc_now", lambda: NOW)
    return Looker(kagsync, tmp_path)


def remembered(settings: Settings) -> list[str]:
    """What has been noted of looks."""
    assert settings.looks is not None
    if not settings.looks.is_dir():
        return []
    return [path.read_text(encoding="ascii") for path in sorted(settings.looks.iterdir())]


def test_the_first_time_the_board_is_compared_with_24_hours_ago(looker: Looker) -> None:
    looker.board(FIRST, 4)
    looker.board(SECOND, 2)
    entry = looker.look()
    assert (entry["since"], entry["previous_rank"], entry["places"]) == (A_DAY_AGO, 4, 2)


def test_after_a_look_the_board_is_compared_with_the_one_that_was_seen(looker: Looker) -> None:
    looker.board(FIRST, 4)
    looker.look()
    looker.board(SECOND, 3)
    entry = looker.look()
    assert (entry["since"], entry["previous_rank"], entry["places"]) == (f"{FIRST}Z", 4, 1)
    looker.board(THIRD, 1)
    entry = looker.look()
    assert (entry["since"], entry["previous_rank"], entry["places"]) == (f"{SECOND}Z", 3, 2)
    entry = looker.look()
    assert (entry["since"], entry["previous_rank"], entry["places"]) == (f"{THIRD}Z", 1, 0)


def test_a_board_made_before_the_look_and_synced_after_it_is_news(
    looker: Looker, monkeypatch: pytest.MonkeyPatch
) -> None:
    looker.board(SECOND, 4)
    monkeypatch.setattr(clock, "utc_now", lambda: NOW.replace(hour=20))
    looker.look()  # long after THIRD was made
    looker.board(THIRD, 2)
    entry = looker.look()
    assert (entry["since"], entry["previous_rank"], entry["places"]) == (f"{SECOND}Z", 4, 2)


def test_a_plain_show_in_a_pipe_is_no_look(looker: Looker, settings: Settings) -> None:
    looker.board(FIRST, 4)
    for format_ in ("table", "json", "csv", "markdown"):
        looker.kagsync.ok("show", SLUG, "--format", format_)
        looker.kagsync.ok("show", SLUG, "--format", format_, "--since", "7d")
        looker.kagsync.ok("show", "--format", format_, "--since", "last")
    assert remembered(settings) == []
    looker.board(SECOND, 2)
    assert looker.look()["since"] == A_DAY_AGO


@pytest.mark.parametrize("format_", ["table", "json", "csv", "markdown"])
def test_a_show_since_the_last_look_is_one_in_a_pipe_too(
    looker: Looker, settings: Settings, format_: str
) -> None:
    looker.board(FIRST, 4)
    looker.kagsync.ok("show", SLUG, "--since", "last", "--format", format_)
    assert remembered(settings) == [f"{FIRST}Z"]


def test_a_plain_show_on_a_terminal_is_a_look(looker: Looker, settings: Settings) -> None:
    looker.board(FIRST, 4)
    on_terminal("show", SLUG, "--format", "json")
    on_terminal("show")
    assert remembered(settings) == []
    assert "alice" in on_terminal("show", SLUG)
    assert remembered(settings) == [f"{FIRST}Z"]
    looker.board(SECOND, 1)
    assert looker.look()["since"] == f"{FIRST}Z"


def test_a_competition_without_a_board_cannot_be_looked_at(looker: Looker, settings: Settings) -> None:
    looker.kagsync.ok("competitions", "add", SLUG, "--no-kaggle")
    looker.kagsync.ok("show", SLUG, "--since", "last")
    assert remembered(settings) == []


def test_what_fails_is_no_look(looker: Looker, settings: Settings) -> None:
    looker.board(FIRST, 4)
    assert looker.kagsync("show", SLUG, "--since", "last", "--user", "nobody").code == 2
    assert looker.kagsync("show", SLUG, "--since", "last", "--group", "none").code == 2
    assert remembered(settings) == []


def test_two_competitions_are_kept_apart(looker: Looker) -> None:
    looker.board(FIRST, 4)
    looker.board(FIRST, 5, slug="titanic-2")
    looker.look()
    looker.board(SECOND, 1)
    looker.board(SECOND, 1, slug="titanic-2")
    assert looker.look(slug="titanic-2")["since"] == A_DAY_AGO
    assert looker.look()["since"] == f"{FIRST}Z"


def test_the_case_of_a_slug_makes_no_difference(looker: Looker) -> None:
    looker.board(FIRST, 4)
    looker.look(slug="TITANIC")
    assert looker.look()["since"] == f"{FIRST}Z"


def test_two_databases_are_kept_apart(looker: Looker, tmp_path: Path) -> None:
    other = ("--db", str(tmp_path / "other.db"))
    looker.board(FIRST, 4)
    looker.board(FIRST, 3, *other)
    looker.look()
    looker.board(SECOND, 1)
    looker.board(SECOND, 1, *other)
    entry = looker.look(*other)
    assert (entry["since"], entry["previous_rank"]) == (A_DAY_AGO, 3)
    assert looker.look()["since"] == f"{FIRST}Z"


def test_a_database_is_the_same_however_it_is_named(
    looker: Looker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looker.board(FIRST, 4)
    looker.look()
    monkeypatch.chdir(tmp_path)
    assert looker.look("--db", "kagsync.db")["since"] == f"{FIRST}Z"


def test_news_since_the_last_look_mean_the_same_look_and_are_none(looker: Looker, settings: Settings) -> None:
    looker.board(FIRST, 4)
    looker.look()
    looker.board(SECOND, 2)
    (item,) = json.loads(looker.kagsync.ok("news", SLUG, "--since", "last", "--format", "json"))
    assert item["reason"] == "improved"
    assert remembered(settings) == [f"{FIRST}Z"]


# Where it cannot be remembered


def test_a_state_folder_that_is_a_file_fails_no_show(looker: Looker, settings: Settings) -> None:
    assert settings.looks is not None
    settings.looks.parent.parent.mkdir(parents=True, exist_ok=True)
    settings.looks.parent.write_text("in the way", encoding="ascii")
    looker.board(FIRST, 4)
    looker.board(SECOND, 2)
    for _ in range(2):
        ran = looker.kagsync("show", SLUG, "--since", "last")
        assert (ran.code, ran.err) == (0, "")
        assert looker.look()["since"] == A_DAY_AGO
    assert "alice" in on_terminal("show", SLUG)
    assert settings.looks.parent.read_text(encoding="ascii") == "in the way"


def test_a_folder_in_the_place_of_the_file_fails_no_show(looker: Looker, settings: Settings) -> None:
    looker.board(FIRST, 4)
    looker.look()
    assert settings.looks is not None
    (file,) = settings.looks.iterdir()
    file.unlink()
    file.mkdir()
    assert looker.look()["since"] == A_DAY_AGO
    assert looker.kagsync("show", SLUG, "--since", "last").err == ""


def test_without_any_home_there_is_no_last_look_and_no_failure(
    looker: Looker, monkeypatch: pytest.MonkeyPatch
) -> None:
    import platformdirs

    def homeless(*_: object, **__: object) -> Path:
        return Path("~/.local/state/kagsync")  # what it gives for a user without HOME and without an entry

    monkeypatch.setattr(platformdirs, "user_state_path", homeless)
    looker.board(FIRST, 4)
    looker.board(SECOND, 2)
    for _ in range(2):
        assert looker.look()["since"] == A_DAY_AGO
    assert not (Path.cwd() / "~").exists()


GARBAGE = {
    "nothing": b"",
    "a line": b"\n",
    "words": b"yesterday",
    "binary": bytes(range(256)),
    "NUL": b"\0" * 20,
    "a date that is none": b"2025-02-30T00:00:00Z",
    "long": b"2" * 100_000,
    "no ASCII": "２０２５-11-01T00:00:00Z".encode(),
    "before all time": b"0001-01-01T00:00:00+14:00",
    "after all time": b"9999-12-31T23:59:59-14:00",
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_in_the_file_is_no_look_and_is_mended_by_the_next(
    looker: Looker, settings: Settings, garbage: bytes
) -> None:
    looker.board(FIRST, 3)
    looker.board(SECOND, 2)
    last_seen.remember(settings, SLUG, NOW)
    assert settings.looks is not None
    (file,) = settings.looks.iterdir()
    file.write_bytes(garbage)
    ran = looker.kagsync("show", SLUG, "--since", "last")
    assert (ran.code, ran.err) == (0, "")
    assert "compared with 2025-11-09 12:00 UTC" in ran.out
    assert remembered(settings) == [f"{SECOND}Z"]


@pytest.mark.parametrize("future", ["2025-11-11T00:00:00Z", "2999-01-01T00:00:00Z"])
def test_a_look_in_the_future_hides_nothing_for_ever(looker: Looker, settings: Settings, future: str) -> None:
    looker.board(FIRST, 4)
    last_seen.remember(settings, SLUG, clock.parse_iso(future))  # the clock was wrong
    looker.look()
    looker.board(SECOND, 2)
    assert looker.look()["places"] == 2
