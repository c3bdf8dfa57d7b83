"""People known by their team, through the phases: entries, what is unclear, and when it is written anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from world.bench import Bench
from world.boards import Team, board_csv
from world.club import SLUG
from world.teams import ByTeam, track

from kagsync.standings.which import PRIVATE, PUBLIC

if TYPE_CHECKING:
    from pathlib import Path

    from world.club import Club

    from kagsync.store import Store

NOON, ONE, TWO = (f"2025-10-31T{hour}:00:00" for hour in (12, 13, 14))
ANNA = ByTeam("anna", "Group 07")
BEN = ByTeam("ben", "/{id}/", "34")
CLEO = ByTeam("cleo", "/group {id}/", "8", "cleo")
GROUP_7 = Team(7, "Group 07", ("zoe", "zack"), "0.9")
OVERFITTERS = Team(8, "[34] the overfitters", (), "0.8")


class Class(Bench):
    """A bench whose people are known by their team."""

    def known(self, *people: ByTeam) -> None:
        track(self.store.path, *people)

    def matched(self) -> dict[str, tuple[int, str]]:
        """Who is on the board: handle → team id and what matched."""
        rows = self.look("SELECT handle, team_id, matched_by FROM leaderboard WHERE left_at IS NULL")
        return {handle: (team_id, matched_by) for handle, team_id, matched_by in rows}

    def unclear(self, board: str = PUBLIC) -> list[tuple[str, int | None, str]]:
        names = dict(self.look("SELECT id, handle FROM users"))
        found = self.store.ledger(board).boards.unclear_teams(self.competition.id)
        return [(names[user], team_id, team_name) for user, team_id, team_name in found]


@pytest.fixture
def bench(store: Store, tmp_path: Path) -> Class:
    return Class(store, tmp_path)


def test_people_without_a_username_get_entries_and_a_history(bench: Class) -> None:
    bench.known(ANNA, BEN)
    done = bench.process([GROUP_7, OVERFITTERS], NOON)
    assert (done.counts.created, done.counts.skipped) == (2, 0)
    assert bench.matched() == {"anna": (7, "team"), "ben": (8, "team")}
    assert bench.look("SELECT username, members, rank FROM leaderboard ORDER BY rank") == [
        (None, "zack,zoe", 1),
        (None, "", 2),
    ]
    bench.process([Team(9, "x", score="0.9"), OVERFITTERS], ONE)
    assert bench.look("SELECT handle, on_board FROM history ORDER BY at, handle") == [
        ("anna", 1),
        ("ben", 1),
        ("anna", 0),
    ]


def test_an_old_board_is_followed_by_teams(bench: Class) -> None:
    bench.known(ANNA, BEN, CLEO)
    rows = [GROUP_7, OVERFITTERS, Team(9, "Group 8", score="0.7")]
    bench.process(board_csv(rows, old=True), NOON)
    assert bench.matched() == {"anna": (7, "team"), "ben": (8, "team"), "cleo": (9, "team")}


def test_a_username_on_a_later_board_takes_over_from_the_team(bench: Class) -> None:
    bench.known(CLEO)
    bench.process([Team(7, "Group 8", ("zoe",))], NOON)
    assert bench.matched() == {"cleo": (7, "team")}
    bench.process([Team(7, "Group 8", ("zoe",)), Team(9, "x", ("cleo",))], ONE)
    assert bench.matched() == {"cleo": (9, "username")}
    assert bench.look("SELECT count(*) FROM leaderboard") == [1]


def test_a_team_that_is_added_or_changed_counts_with_the_next_sync(bench: Class) -> None:
    bench.known(ANNA._replace(team=None))
    board = bench.fetched([GROUP_7, OVERFITTERS], NOON)
    bench.process(board)
    assert bench.matched() == {}
    bench.alter("UPDATE users SET team = 'Group 07'")
    bench.process(board)
    assert bench.matched() == {"anna": (7, "team")}
    bench.alter("UPDATE users SET team = '/{id}/', student_id = '34'")
    bench.process(board)
    assert bench.matched() == {"anna": (8, "team")}


# What is unclear


def test_what_is_unclear_is_kept_with_the_newest_board(bench: Class) -> None:
    bench.known(ANNA, BEN, ByTeam("dora", "Group 07"))
    bench.process([GROUP_7, OVERFITTERS, Team(9, "34 again")], NOON)
    assert bench.matched() == {}
    expected = [
        ("anna", 7, "Group 07"),
        ("ben", 8, "[34] the overfitters"),
        ("ben", 9, "34 again"),
        ("dora", 7, "Group 07"),
    ]
    assert bench.unclear() == expected
    assert bench.unclear(PRIVATE) == []

    bench.process([OVERFITTERS, Team(9, "x")], "2025-10-30T00:00:00")  # an older board
    assert bench.unclear() == expected

    bench.process([GROUP_7, OVERFITTERS], ONE)
    assert bench.matched() == {"ben": (8, "team")}
    assert bench.unclear() == [each for each in expected if each[1] == 7]

    bench.process([OVERFITTERS], TWO, accept_shrink=True)
    assert bench.unclear() == []


def test_what_is_unclear_goes_with_the_person_and_hides_with_archived_ones(bench: Class) -> None:
    bench.known(ANNA, BEN, ByTeam("dora", "Group 07"))
    bench.process([GROUP_7, OVERFITTERS, Team(9, "34 again")], NOON)
    bench.alter("UPDATE users SET archived_at = '2025-11-01T00:00:00Z' WHERE handle = 'anna'")
    assert [each[0] for each in bench.unclear()] == ["ben", "ben", "dora"]
    bench.alter("PRAGMA foreign_keys = ON; DELETE FROM users WHERE handle = 'ben'")
    assert [each[0] for each in bench.unclear()] == ["dora"]
    bench.process([GROUP_7, OVERFITTERS, Team(9, "34 again")], NOON)
    assert bench.matched() == {"dora": (7, "team")}
    assert bench.unclear() == []


def test_somebody_removed_while_the_board_was_read_is_not_unclear_either(
    bench: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kagsync.sync import guard

    bench.known(ANNA, BEN, ByTeam("dora", "Group 07"))
    real = guard.refuse

    def refuse(*values: Any, **options: Any) -> None:
        bench.alter("PRAGMA foreign_keys = ON; DELETE FROM users WHERE handle = 'dora'")
        real(*values, **options)

    monkeypatch.setattr(guard, "refuse", refuse)
    bench.process([GROUP_7, OVERFITTERS, Team(9, "34 again")], NOON)
    assert {each[0] for each in bench.unclear()} == {"anna", "ben"}


def test_the_private_board_has_its_own_unclear_teams(club: Club) -> None:
    club.track()
    track(club.db, ANNA, ByTeam("dora", "Group 07"), BEN)
    club.board(NOON, GROUP_7, OVERFITTERS)
    private = club.file(board_csv([GROUP_7, OVERFITTERS, Team(9, "34")]), ONE)
    club.ok("sync", club.slug, "--from", str(private), "--board", "private", "--accept-shrink")
    rows = club.ask(
        "SELECT board, handle, team_id FROM unclear_teams JOIN users u ON u.id = user_id ORDER BY 1, 2, 3"
    )
    assert rows == [
        *((PRIVATE, handle, team) for handle, team in (("anna", 7), ("ben", 8), ("ben", 9), ("dora", 7))),
        *((PUBLIC, handle, 7) for handle in ("anna", "dora")),
    ]


def test_people_matched_by_their_team_are_marked(club: Club) -> None:
    club.track("carol")
    track(club.db, ANNA, BEN)
    club.board(NOON, GROUP_7, OVERFITTERS, Team(9, "x", ("carol",)))
    shown = club.ok("show", club.slug)
    assert "anna *" in shown.replace("anna*", "anna *")
    assert "matched by the team's name only" in shown
    kinds = {entry["handle"]: entry["matched_by"] for entry in club.json("show", club.slug)}
    assert kinds == {"anna": "team", "ben": "team", "carol": "username"}


def test_nobody_is_said_to_have_left_while_the_team_is_unclear(club: Club) -> None:
    club.competitions(SLUG)
    club.ok("users", "add", "--name", "Anna A.", "--team", "/lions/")
    lions, others = Team(1, "The Lions"), Team(2, "Sea Lions")
    club.board(NOON, lions)
    club.board(ONE, lions, others)
    for told in (club.ok("show", SLUG), club.ok("news", SLUG, "--since", "2025-01-01")):
        assert "left the board" not in told
    assert "The Lions, Sea Lions" in club.ok("show", SLUG)
    club.ok("users", "add", "anna-a", "--team", "The Lions")
    club.board(TWO, Team(3, "x"))
    for told in (club.ok("show", SLUG), club.ok("news", SLUG, "--since", "2025-01-01")):
        assert "left the board" in told


def test_nobody_is_said_to_have_left_while_a_rename_is_asked_about(club: Club) -> None:
    club.competitions(SLUG)
    club.people("old")
    club.board(NOON, Team(1, "One", ("old",)))
    club.board(ONE, Team(1, "One", ("new",)))
    for told in (club.ok("show", SLUG), club.ok("news", SLUG, "--since", "2025-01-01")):
        assert "left the board" not in told
    club.ok("users", "rename", "old", "new")
    club.board(ONE, Team(1, "One", ("new",)))
    assert club.json("news", SLUG, "--since", "2025-01-01") == []
