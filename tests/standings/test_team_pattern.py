"""Patterns for the names of teams: what is accepted, what an id matches, and that no name is slow."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kagsync import inputs
from kagsync.errors import UsageError
from kagsync.standings.team_pattern import LONGEST_NAME, between_slashes, check, compiled, runs


@pytest.mark.parametrize(
    ("text", "team"),
    [
        ("Group 07", "Group 07"),
        ("  [34] the overfitters \t", "[34] the overfitters"),
        ("/", "/"),
        ("/dev/null", "/dev/null"),
        ("Straße 🚀", "Straße 🚀"),
        ("*", "*"),
        ("/group 0*7\\b/", "/group 0*7\\b/"),
        (" /{id}/ ", "/{id}/"),
        (
            "/^(?:group|équipe)\\s*[-_#]?\\s*{id}\\b/",
            "/^(?:group|équipe)\\s*[-_#]?\\s*{id}\\b/",
        ),
        ("/^gr(ou)?p *0*7$/", "/^gr(ou)?p *0*7$/"),
        ("/[[{id}/", None),
        ("/u{id}[]a](?=x)(?!y)(?<=z)(?<!w)\\(\\[.{2,3}/", "/u{id}[]a](?=x)(?!y)(?<=z)(?<!w)\\(\\[.{2,3}/"),
    ],
)
def test_a_team_is_a_name_or_a_pattern(text: str, team: str | None) -> None:
    if team is None:
        with pytest.raises(UsageError):
            inputs.team(text)
    else:
        assert inputs.team(text) == team


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        (" \t", "empty"),
        ("x" * 201, "201 characters"),
        (f"/{'x' * 199}/", "201 characters"),
        ("group {id}", "between slashes: /group {id}/"),
        ("/group {id}", "between slashes: /group {id}/"),
        ("//", "every team"),
        ("/.*/", "every team"),
        ("/a|/", "every team"),
        ("/(/", "not a regular expression"),
        ("/)/", "not a regular expression"),
        ("/[/", "not a regular expression"),
        ("/[[a]/", "not a regular expression"),
        ("/\\/", "not a regular expression"),
        ("/a{99999999999999999999}/", "not a regular expression"),
        ("/a**/", "not a regular expression"),
        ("/*a/", "nothing before *"),
        ("/(*a)/", "nothing before *"),
        ("/a|+b/", "nothing before +"),
        ("/[{id}]/", "square brackets"),
        ("/(?i)a/", "(?"),
        ("/(?P<x>a)/", "(?"),
        ("/(?>a)/", "(?"),
        ("/(a+)+b/", "repeats a group"),
        ("/(a|a)*b/", "repeats a group"),
        ("/(?:ab){2}/", "repeats a group"),
        ("/{id}+/", "repeats a group"),
        ("/((a?)b)*/", "repeats a group"),
        ("/group {ID}/", "write {id}"),
        ("/a*a*a*a*b/", "slow"),
        ("/.{1,}.+.{3,}.*b/", "slow"),
        (f"/{'a?' * 30}b/", "slow"),
        (f"/{'(a|a)' * 30}b/", "slow"),
        (f"/{'.{0,99}' * 5}b/", "slow"),
        (f"/{'((a|b)|(a|b))' * 12}b/", "slow"),
    ],
)
def test_what_is_no_team_is_refused_with_the_reason(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as refused:
        inputs.team(text)
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("student_id", "name", "expected"),
    [
        ("12", "12", True),
        ("12", "Group 12", True),
        ("12", "Group 123", False),
        ("12", "Group 412", False),
        ("12", "u12_x", True),
        ("12", "[12] us", True),
        ("12", "1 2", False),
        ("12", "٣12", False),
        ("u12", "U12", True),
        ("u12", "menu12", False),
        ("u12", "4u12_", True),
        ("u12", "u123", False),
        ("maier", "team maier", True),
        ("maier", "obermaier", False),
        ("maier", "Maiers", False),
        ("maier", "maier7", True),
        ("maier", "maier_7", True),
        ("a.b", "axb", False),
        ("a.b", "x a.b", True),
        ("(1)", "x(1)2", True),
        ("2023-001", "g2023-001", True),
        ("2023-001", "2023-0011", False),
        ("é", "É", True),
    ],
)
def test_an_id_counts_as_a_whole(student_id: str, name: str, expected: bool) -> None:
    assert (compiled("{id}", student_id).search(name) is not None) is expected


def test_an_id_is_no_pattern() -> None:
    assert compiled("^{id}$", ".*").search("anything") is None
    assert compiled("^{id}$", ".*").search(".*") is not None


def test_case_is_ignored() -> None:
    assert compiled("gROUP {id}", "Ab").search("the Group aB") is not None


_ALPHABET = "aAbß12٣²_- .éİıſsKk\u212aΣςσ\u0345ιÅ\u0301"


@example("ι", "\u0345")
@example("\u0345", "aιb")
@given(st.text(_ALPHABET, min_size=1, max_size=4), st.text(_ALPHABET, max_size=12))
def test_a_name_that_contains_an_id_has_all_its_runs(student_id: str, name: str) -> None:
    if compiled("{id}", student_id).search(name):
        assert runs(student_id) <= runs(name)


def test_letters_that_are_the_same_without_case_have_the_same_run() -> None:
    letters = [chr(code) for code in range(sys.maxunicode) if chr(code).isalpha()]
    cased = "".join(each for each in letters if {each.lower(), each.upper(), each.casefold()} != {each})
    for letter in cased:
        for same in re.findall(re.escape(letter), cased, re.IGNORECASE):
            assert runs(same) == runs(letter)


# What the name of a team can cost. The slowest accepted patterns take a second; refused ones may take
# longer than anybody waits, so the bound can be generous.

_PIECES = (
    "a",
    "a*",
    "a+",
    "a?",
    ".*",
    r"\w*",
    "[ab]+",
    "(a|a)",
    "(a|a|a)?",
    "a{1,3}",
    ".{0,9}",
    "(?:",
    "(?=",
    "(",
    ")",
    "|",
    "^",
    "b",
)
_BAD_NAMES = ["a" * LONGEST_NAME, "ab" * (LONGEST_NAME // 2), "a" * (LONGEST_NAME - 1) + "b", "a b" * 33]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(_PIECES), min_size=1, max_size=16).map("".join), st.sampled_from(_BAD_NAMES))
def test_no_name_makes_an_accepted_pattern_slow(beginning: str, name: str) -> None:
    pattern = f"{beginning}[xyz]"
    try:
        check(pattern)
    except ValueError:
        return
    compiled(pattern).search(name)  # an exponential one would not end


@given(st.text(max_size=30))
def test_any_text_is_a_team_or_is_refused(text: str) -> None:
    try:
        team = inputs.team(text)
    except UsageError:
        return
    assert team == text.strip()
    pattern = between_slashes(team)
    if pattern is not None:
        compiled(pattern, "12").search("anything")


@given(st.text("{id}()[]|*+?.\\^$a1,:=!<-", max_size=14))
def test_any_pattern_is_accepted_or_refused_and_never_a_traceback(pattern: str) -> None:
    try:
        check(pattern)
    except ValueError as error:
        assert str(error)
        return
    assert compiled(pattern, "0").search("") is None
    compiled(pattern, "12").search("a12")
