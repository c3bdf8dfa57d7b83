"""What is suggested for an unknown command: a similar one, but never one that deletes or hides something."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from kagsync.cli import command, main
from kagsync.errors import near

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world.running import Kagsync

# Any other letter makes a word no more similar to a destructive command than x does.
_ALPHABET = "".join(sorted({*"".join(command.DESTRUCTIVE), "x"}))


def _groups(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, group
    for name, child in group.commands.items():
        if getattr(child, "commands", None):
            yield from _groups(child, (*path, name))


GROUPS = dict(_groups(main.command([])))
NAMES = {name for group in GROUPS.values() for name in group.commands}


def _edits(word: str, alphabet: str = _ALPHABET) -> set[str]:
    """All words that are one edit away: a letter missing, added or changed, or two exchanged."""
    heads = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    return {
        *(head + tail[1:] for head, tail in heads if tail),
        *(head + letter + tail for head, tail in heads for letter in alphabet),
        *(head + letter + tail[1:] for head, tail in heads if tail for letter in alphabet),
        *(word[:i] + b + a + word[i + 2 :] for i, (a, b) in enumerate(pairwise(word))),
    }


def _suggested(group: Any, context: Any, word: str) -> set[str]:
    """What a group of commands suggests for a word; nothing if it is a command."""
    try:
        group.resolve_command(context, [word])
    except Exception as error:  # noqa: BLE001  (typer's own copy of click's)
        message = str(error.message)  # type: ignore[attr-defined]
        assert message.startswith("No such command")
        return set(re.findall(r"'([a-z-]+)'", message.partition("Did you mean")[2]))
    return set()


def _all_suggested(words: set[str]) -> set[str]:
    found = set()
    for group in GROUPS.values():
        if not group.commands.keys() & command.DESTRUCTIVE:
            continue
        context = group.make_context("kagsync", ["x"], resilient_parsing=True)
        context.resilient_parsing = False
        found |= {each for word in words if word for each in _suggested(group, context, word)}
    return found


@pytest.mark.parametrize("name", sorted(NAMES))
def test_no_typing_error_in_a_command_leads_to_a_destructive_one(name: str) -> None:
    assert not _all_suggested(_edits(name)) & command.DESTRUCTIVE


@pytest.mark.soak
@pytest.mark.parametrize("name", sorted(NAMES))
def test_no_two_typing_errors_in_a_command_lead_to_a_destructive_one(name: str) -> None:
    letters = _ALPHABET if name in command.DESTRUCTIVE else "emrx"
    words = {twice for once in _edits(name, letters) for twice in _edits(once, letters)}
    assert not _all_suggested(words) & command.DESTRUCTIVE


def test_whatever_asks_for_confirmation_of_a_loss_is_destructive() -> None:
    asking = {
        name
        for group in GROUPS.values()
        for name, child in group.commands.items()
        if any("--yes" in parameter.opts for parameter in child.params)
    }
    # `add` loses nothing. `import` asks only with --prune, `rename` with --merge, and `grade` with
    # --unfreeze.
    assert asking - {"import", "rename", "grade", "add"} <= command.DESTRUCTIVE
    assert command.DESTRUCTIVE <= NAMES


@pytest.mark.parametrize(
    ("words", "suggested"),
    [
        (["users", "renam"], "rename"),
        (["users", "renamed"], "rename"),
        (["users", "ad"], "add"),
        (["users", "improt"], "import"),
        (["schedule", "instal"], "install"),
        (["notify", "tset"], "test"),
        (["competitions", "resum"], "resume"),
        (["misssing"], "missing"),
        (["synk"], "sync"),
    ],
    ids=" ".join,
)
def test_a_harmless_command_with_a_similar_name_is_suggested(
    words: list[str], suggested: str, kagsync: Kagsync
) -> None:
    ran = kagsync(*words)
    assert (ran.code, ran.out) == (2, "")
    assert f"Did you mean '{suggested}'?" in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ["users", "delete"],
        ["users", "remov"],
        ["users", "archiv"],
        ["competitions", "remvoe"],
        ["notify", "delete"],
        ["schedule", "remov"],
        ["compac"],
        ["cleanip"],
        ["remove"],
    ],
    ids=" ".join,
)
def test_a_destructive_command_is_not(words: list[str], kagsync: Kagsync) -> None:
    ran = kagsync(*words)
    assert (ran.code, ran.out) == (2, "")
    for name in command.DESTRUCTIVE - {words[-1]}:
        assert name not in ran.err
    assert "--help" in ran.err


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("titanik", ["titanic", "digits"], ["titanic"]),
        ("TITANIC", ["titanic"], ["titanic"]),
        ("titanic", ["spaceship-titanic"], ["spaceship-titanic"]),
        (
            "house-prices",
            ["house-prices-advanced-regression-techniques"],
            ["house-prices-advanced-regression-techniques"],
        ),
        ("hist", ["history", "missing"], ["history"]),
        ("liddell", ["Alice Liddell"], ["Alice Liddell"]),
        ("tset", ["test", "list"], ["test"]),
        ("bb", ["bob", "li"], ["bob"]),
        ("birdclef-2025", ["arc-prize-2025"], []),
        ("mark", ["max", "me", "marie"], []),
        ("x", ["li", "max", "y2"], []),
        ("start", ["status", "restore"], []),
        ("walmart-recruiting", ["dog-breed-identification"], []),
        ("a.c", ["abc-def"], []),
        ("(", ["abc"], []),
        ("", ["abc"], []),
        ("improve", ["moved", "improved"], ["improved"]),
        ("--formt", ["--format", "--sort"], ["--format"]),
        ("--form", ["--format", "--force", "--from"], ["--from", "--format"]),
    ],
)
def test_a_name_is_near_if_few_letters_are_wrong_or_the_word_is_a_part_of_it(
    word: str, known: list[str], expected: list[str]
) -> None:
    assert near(word, known) == expected


def test_the_nearest_comes_first_and_three_at_most() -> None:
    assert near("user1", ["user12", "user123", "user2", "user1x", "USER1"]) == ["USER1", "user12", "user1x"]


@pytest.mark.parametrize(
    ("words", "suggested"),
    [(["show", "--formt"], "--format"), (["sync", "--al"], "--all"), (["sync", "--dp"], "--db")],
    ids=" ".join,
)
def test_only_a_near_option_is_suggested(words: list[str], suggested: str, kagsync: Kagsync) -> None:
    ran = kagsync(*words, "x")
    assert (ran.code, ran.out) == (2, "")
    assert f". Did you mean {suggested}?" in ran.err
    assert "Did you mean" not in kagsync(words[0], "--zzz", "x").err
