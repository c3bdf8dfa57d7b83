"""What strangers must not read in a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from world.database import execute

from kagsync.github import personal
from kagsync.store import Store

if TYPE_CHECKING:
    from world.club import Club


def found(club: Club) -> list[str]:
    with Store.open_to_read(club.db, club.settings.locks) as store:
        return personal.found(store).words()


def test_usernames_groups_and_teams_are_public(club: Club) -> None:
    club.track("alice")
    club.ok("users", "add", "bob", "--group", "blue", "--team", "Rocket 2", "--pseudonym", "Owl")
    club.ok("users", "add", "--team", "The Rockets")
    club.ok("users", "add", "--team", "Café 7!")
    club.ok("users", "add", "--team", "!!!")
    assert found(club) == []


def test_names_ids_patterns_and_channels_are_not(club: Club) -> None:
    club.track("alice")
    club.ok("users", "add", "alice", "--name", "Alice Liddell")
    club.ok("users", "add", "bob", "--student-id", "17")
    club.ok("users", "add", "--team", "/mueller/")
    club.ok("notify", "add", "json://localhost/hook")
    assert found(club) == ["a name", "a student id", "a team pattern", "the URL of notification channel 1"]
    club.ok("users", "add", "bob", "--name", "Bob")
    assert found(club)[0] == "2 names"


def test_a_handle_that_was_made_of_a_name_counts_as_a_name(club: Club) -> None:
    club.track()
    club.ok("users", "add", "--team", "The Rockets", "--name", "Alice Liddell")
    execute(club.db, "UPDATE users SET name = NULL")
    assert found(club) == ["a name"]
