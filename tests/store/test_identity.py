"""Renamed, joined, archived and restored people: entries and history stay, and no board makes false news."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from world import invariants
from world.bench import Bench
from world.boards import Team

from kagsync import clock
from kagsync.queries import news
from kagsync.tracking import roster
from kagsync.tracking.roster_file import Line

if TYPE_CHECKING:
    from pathlib import Path

    from kagsync.store import Store

DAYS = [f"2025-10-{day:02}T12:00:00" for day in range(1, 29)]


OLD_BOARD = [Team(1, "Team 1", ("old",)), Team(2, "b", ("bob",))]
NEW_BOARD = [Team(2, "b", ("bob",)), Team(1, "Team 1", ("new",))]


@pytest.fixture
def bench(store: Store, tmp_path: Path) -> Bench:
    return Bench(store, tmp_path)


def sound(bench: Bench) -> None:
    invariants.check(bench.store.path)


def rename(bench: Bench, old: str, new: str) -> None:
    with bench.store.writing() as write:
        write.identity.rename(bench.store.users.get(old), new)


def join(bench: Bench, old: str, new: str) -> None:
    with bench.store.writing() as write:
        write.identity.join(bench.store.users.get(old), bench.store.users.get(new))


def archive(bench: Bench, *usernames: str) -> None:
    with bench.store.writing() as write:
        write.users.archive([bench.store.users.get(name) for name in usernames], clock.utc_now())


def restore(bench: Bench, username: str) -> None:
    with bench.store.writing() as write:
        write.users.restore([bench.store.users.get_any(username)])


def history(bench: Bench, handle: str) -> list[tuple[Any, ...]]:
    return bench.look("SELECT at, rank, members FROM history WHERE handle = ? ORDER BY at", handle)


def told(bench: Bench) -> list[str]:
    """The reasons of all news, the earliest first."""
    since = clock.parse_iso("2025-01-01T00:00:00Z")
    competition = bench.store.competitions.get(bench.slug)
    items = news.news(bench.store, [competition], bench.store.users.all(), lambda _: since)
    return [f"{item.user.handle} {item.movement.reason}" for item in reversed(items)]


def team(number: int, *members: str, score: str = "0.5") -> Team:
    return Team(number, f"Team {number}", members, score)


# Rename


def test_a_mistyped_username_is_mended_and_the_next_board_finds_the_person(bench: Bench) -> None:
    bench.track("alcie")
    bench.process([team(1, "alice")], DAYS[0])
    rename(bench, "alcie", "alice")
    assert bench.process([team(1, "alice")], DAYS[1]).counts.created == 1
    assert bench.look("SELECT username, handle FROM users") == [("alice", "alice")]
    sound(bench)


def test_a_person_renamed_on_kaggle_goes_on_where_the_old_name_stood(bench: Bench) -> None:
    bench.track("old")
    bench.process([team(1, "old"), team(2, "x")], DAYS[0])
    before = bench.look("SELECT id FROM users")
    rename(bench, "old", "new")
    bench.process([team(2, "x"), team(1, "new")], DAYS[1])
    assert bench.look("SELECT id FROM users") == before
    assert history(bench, "new") == [
        ("2025-10-01T12:00:00Z", 1, "new"),
        ("2025-10-02T12:00:00Z", 2, "new"),
    ]
    assert told(bench) == ["new overtaken"]
    sound(bench)


@pytest.mark.parametrize("again", [0, 1])
def test_boards_from_before_the_rename_may_be_processed_again(bench: Bench, again: int) -> None:
    boards = [OLD_BOARD, NEW_BOARD]
    bench.track("old", "bob")
    bench.process(OLD_BOARD, DAYS[0])
    bench.process(NEW_BOARD, DAYS[1])
    rename(bench, "old", "new")
    bench.process(NEW_BOARD, DAYS[1])
    kept, reasons = history(bench, "new"), told(bench)
    assert [rank for _, rank, _ in kept] == [1, 2]
    for force in (False, True):
        bench.process(boards[again], DAYS[again], force=force)
        assert (history(bench, "new"), told(bench)) == (kept, reasons)
        sound(bench)


def test_a_rename_before_kaggle_shows_it_loses_nothing(bench: Bench) -> None:
    bench.track("old", "bob")
    bench.process(OLD_BOARD, DAYS[0])
    rename(bench, "old", "new")
    bench.process(OLD_BOARD, DAYS[0])  # the next run gets the same board
    assert bench.look("SELECT rank, left_at FROM leaderboard WHERE handle = 'new'") == [(1, None)]
    bench.process(NEW_BOARD, DAYS[1])
    assert [rank for _, rank, _ in history(bench, "new")] == [1, 2]
    assert sorted(told(bench)) == ["bob others-left", "new overtaken"]
    sound(bench)


def test_a_tracked_teammate_is_told_of_nobody_who_joined_or_left(bench: Bench) -> None:
    bench.track("old", "bob")
    bench.process([team(1, "bob", "old")], DAYS[0])
    rename(bench, "old", "aaron")
    bench.process([team(1, "aaron", "bob")], DAYS[1])
    assert [members for *_, members in history(bench, "bob")] == ["aaron,bob"]
    assert told(bench) == []
    sound(bench)


def test_two_contents_of_a_team_that_become_the_same_are_one(bench: Bench) -> None:
    bench.track("bob", "old")
    bench.process([team(1, "bob", "old")], DAYS[0])
    bench.process([team(1, "bob", "new")], DAYS[1])  # renamed on Kaggle: bob sees another member
    bench.process([team(9, "x"), team(1, "bob", "new")], DAYS[2])
    rename(bench, "old", "new")
    assert bench.look("SELECT members FROM teams") == ["bob,new"]
    assert [rank for _, rank, _ in history(bench, "bob")] == [1, 2]
    bench.process([team(9, "x"), team(1, "bob", "new")], DAYS[3])
    sound(bench)


def test_a_username_whose_case_changes_is_renamed(bench: Bench) -> None:
    bench.track("old")
    bench.process([team(1, "old")], DAYS[0])
    rename(bench, "old", "Old")
    assert bench.look("SELECT username, handle FROM users") == [("Old", "Old")]
    assert history(bench, "Old") == [("2025-10-01T12:00:00Z", 1, "old")]
    sound(bench)


def test_only_whole_names_are_replaced(bench: Bench) -> None:
    bench.track("ann", "anna")
    bench.process([team(1, "ann", "anna", "joann")], DAYS[0])
    rename(bench, "ann", "zoe")
    assert bench.look("SELECT members FROM leaderboard_entries") == ["anna,joann,zoe"] * 2
    assert bench.look("SELECT members FROM teams") == ["anna,joann,zoe"]


# Join


def test_two_people_who_are_one_have_the_history_of_both(bench: Bench) -> None:
    bench.track("old")
    bench.process([team(1, "old"), team(2, "x")], DAYS[0])
    bench.process([team(2, "x"), team(1, "old")], DAYS[1])
    bench.process([team(2, "x"), team(1, "new")], DAYS[2])
    bench.track("new")
    bench.process([team(1, "new"), team(2, "x")], DAYS[4])
    join(bench, "old", "new")
    assert [user.handle for user in bench.store.users.all()] == ["new"]
    # The old account was gone on the third board; the new one was tracked from the fifth on.
    assert history(bench, "new") == [
        ("2025-10-01T12:00:00Z", 1, "new"),
        ("2025-10-02T12:00:00Z", 2, "new"),
        ("2025-10-03T12:00:00Z", None, None),
        ("2025-10-05T12:00:00Z", 1, "new"),
    ]
    entry = bench.look("SELECT first_seen_at, left_at FROM leaderboard")
    assert entry == [("2025-10-01T12:00:00Z", None)]
    sound(bench)
    bench.process([team(2, "x"), team(1, "new")], DAYS[5])
    sound(bench)


@pytest.mark.parametrize("first", ["old", "new"])
def test_it_makes_no_difference_who_was_added_first(bench: Bench, first: str) -> None:
    bench.track(first)
    bench.track("old", "new")
    bench.process([team(1, "old"), team(2, "new")], DAYS[0])
    bench.process([team(1, "old")], DAYS[1])
    join(bench, "old", "new")
    assert [rank for _, rank, _ in history(bench, "new")] == [2, 1]
    assert bench.look("SELECT rank, left_at FROM leaderboard") == [(1, None)]
    sound(bench)


def test_the_entry_of_who_left_last_is_kept(bench: Bench) -> None:
    bench.track("old", "new")
    bench.process([team(1, "new"), team(2, "old")], DAYS[0])
    bench.process([team(2, "old")], DAYS[1])
    bench.process([team(3, "x")], DAYS[2])
    join(bench, "old", "new")
    assert bench.look("SELECT left_at FROM leaderboard") == ["2025-10-03T12:00:00Z"]
    sound(bench)


def test_the_entry_of_a_new_account_that_is_on_the_board_is_kept(bench: Bench) -> None:
    bench.track("new")
    bench.process([team(2, "x"), team(1, "new")], DAYS[1])
    bench.track("old")
    bench.process([team(1, "old"), team(2, "x")], DAYS[0])  # no later board was searched for "old"
    join(bench, "old", "new")
    assert bench.look("SELECT rank, last_seen_at, left_at FROM leaderboard") == [(2, f"{DAYS[1]}Z", None)]
    sound(bench)


def test_who_is_joined_with_a_person_known_by_the_team_keeps_the_username(bench: Bench) -> None:
    bench.track("old")
    line = Line(0, "", name="Max", team="Group 7")
    with bench.store.writing() as write:
        roster.save(write, roster.plan([line], bench.store.users.with_archived()), clock.utc_now())
    join(bench, "old", "max")
    assert bench.look("SELECT username, handle, name, team FROM users") == [("old", "old", "Max", "Group 7")]


def test_details_that_only_one_has_are_kept(bench: Bench) -> None:
    bench.track("old", "new")
    bench.alter("UPDATE users SET name = 'Olga', student_id = '7' WHERE username = 'old'")
    bench.alter("UPDATE users SET name = 'Nora', \"group\" = 'blue' WHERE username = 'new'")
    old = bench.store.users.get("old")
    join(bench, "old", "new")
    person = bench.store.users.get("new")
    assert (person.name, person.group, person.student_id) == ("Olga", "blue", "7")
    assert person.pseudonym == old.pseudonym


# Archive and restore


def test_who_is_archived_is_in_no_list_and_keeps_everything(bench: Bench) -> None:
    bench.track("alice", "bob")
    bench.process([team(1, "alice"), team(2, "bob")], DAYS[0])
    kept = bench.look("SELECT * FROM leaderboard_entries"), bench.look("SELECT * FROM entry_history")
    archive(bench, "alice")
    assert [user.handle for user in bench.store.users.all()] == ["bob"]
    views = ("leaderboard", "history", "latest_movements")
    assert [bench.look(f"SELECT DISTINCT username FROM {view}") for view in views] == [["bob"]] * 3
    assert (
        bench.look("SELECT * FROM leaderboard_entries"),
        bench.look("SELECT * FROM entry_history"),
    ) == kept
    restore(bench, "alice")
    assert [user.handle for user in bench.store.users.all()] == ["alice", "bob"]
    assert (
        bench.look("SELECT * FROM leaderboard_entries"),
        bench.look("SELECT * FROM entry_history"),
    ) == kept


def test_boards_leave_archived_people_as_they_are(bench: Bench) -> None:
    bench.track("alice", "bob")
    bench.process([team(1, "alice"), team(2, "bob")], DAYS[9])
    archive(bench, "alice")
    kept = bench.look("SELECT * FROM entry_history WHERE user_id = 1")
    counts = bench.process([team(2, "bob"), team(1, "alice")], DAYS[10]).counts
    assert (counts.created, counts.updated, counts.skipped) == (0, 1, 1)
    bench.process([team(2, "bob")], DAYS[11])  # alice is not on this one
    bench.process([team(2, "bob")], DAYS[3])  # nor on an older one
    assert bench.look("SELECT * FROM entry_history WHERE user_id = 1") == kept
    assert bench.look("SELECT left_at FROM leaderboard_entries WHERE user_id = 1") == [None]
    sound(bench)


def test_who_comes_back_moves_once_from_the_last_standing_to_the_new_one(bench: Bench) -> None:
    bench.track("alice", "bob")
    bench.process([team(1, "alice"), team(2, "bob")], DAYS[0])
    archive(bench, "alice")
    bench.process([team(2, "bob")], DAYS[1])
    bench.process([team(2, "bob"), team(1, "alice")], DAYS[2])
    restore(bench, "alice")
    bench.process([team(2, "bob"), team(1, "alice")], DAYS[2])
    assert [(at, rank) for at, rank, _ in history(bench, "alice")] == [
        ("2025-10-01T12:00:00Z", 1),
        ("2025-10-03T12:00:00Z", 2),
    ]
    sound(bench)
