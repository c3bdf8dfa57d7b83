"""What a page says about one person: nothing twice, and in words that fit."""

from __future__ import annotations

import pytest

from kagsync.queries.news import Item
from kagsync.report import lines
from kagsync.standings import movements
from kagsync.standings.gaps import Gap
from kagsync.standings.movements import Movement
from kagsync.standings.standing import Standing
from kagsync.store.records import Competition, User

_COMPETITION = Competition(*[None] * len(Competition._fields))  # type: ignore[arg-type]
_BEFORE = Standing(12_301, 0.5, "0.5", 7, "Rabbits", "lina", 2)
_AFTER = Standing(371, 0.6, "0.6", 7, "Rabbits", "lina", 3)


def person(username: str | None, name: str | None) -> User:
    return User(1, username, name, None, username or name or "?")


def told(
    reason: str,
    before: Standing | None = _BEFORE,
    after: Standing | None = _AFTER,
    passed: tuple[User, ...] = (),
) -> lines.Told:
    movement = Movement(reason, 60, before, after)
    item = Item(_COMPETITION, person("lina", "Lina Verrow"), movement, 20_000, passed)
    ((_, (line,)),) = lines.by_moment([item])
    return line


def words(text: str) -> str:
    """With usual blanks."""
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("username", "name", "team", "shown"),
    [
        ("lina", "Lina Verrow", "Rabbits", "@lina · Rabbits"),
        ("lina", "Lina Verrow", "LINA", "@lina"),
        ("lina", "Lina Verrow", "lina verrow", "@lina"),
        ("lina", None, "Rabbits", "Rabbits"),
        ("lina", None, "Lina", ""),
        ("lina", "Lina", "Rabbits", "Rabbits"),
        (None, "Lina Verrow", "Rabbits", "Rabbits"),
        ("lina", "Lina Verrow", "", "@lina"),
        (None, "Heron", "", ""),
    ],
)
def test_beside_a_name_stands_only_what_it_does_not_say(
    username: str | None, name: str | None, team: str, shown: str
) -> None:
    assert words(lines.known_as(person(username, name), team)) == shown


@pytest.mark.parametrize(
    ("places", "score", "shown"),
    [
        (3, 0.00001, "0.00001 · 3 places to Lina"),
        (1, 0.5, "0.50000 · 1 place to Lina"),
        (1234, 0.5, "0.50000 · 1,234 places to Lina"),
        (3, 0.0, "tied · 3 places to Lina"),
        (3, None, "3 places to Lina"),
        (None, 0.5, "0.50000 to Lina"),
        (0, 0.5, "0.50000 to Lina"),
    ],
)
def test_a_gap_says_the_score_the_places_and_to_whom(
    places: int | None, score: float | None, shown: str
) -> None:
    assert words(lines.gap_in_words(Gap("lina", places, score, "Lina"), 5)) == shown


def test_a_gap_to_somebody_without_a_name_is_to_the_username() -> None:
    assert words(lines.gap_in_words(Gap("lina", 3, 0.1), 1)) == "0.1 · 3 places to lina"
    assert words(lines.gap_in_words(Gap("lina", 3, 0.000012), 2)) == "0.000012 · 3 places to lina"


def test_the_reason_is_a_label_and_not_repeated() -> None:
    line = told(movements.IMPROVED)
    assert (line.label, line.who) == (("improved", "good"), "Lina Verrow")
    assert words(line.details) == "12,301 → 371 of 20,000, 0.5 → 0.6"
    assert words(line.known_as) == "@lina · Rabbits"


def test_who_was_passed_is_named_once() -> None:
    line = told(movements.IMPROVED, passed=(person("alice", None), person("bob", "Bob improved ")))
    assert line.label == ("passed", "good")
    expected = "now ahead of alice and Bob improved : 12,301 → 371 of 20,000, 0.5 → 0.6"
    assert words(line.details) == words(expected)


def test_the_numbers_of_a_change_stay_together() -> None:
    assert "12,301\N{NO-BREAK SPACE}→\N{NO-BREAK SPACE}371 of" in told(movements.IMPROVED).details


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        (movements.IMPROVED, "good"),
        (movements.CAME_BACK, "good"),
        (movements.FELL, "bad"),
        (movements.DELETED, "bad"),
        (movements.OVERTAKEN, "drift"),
        (movements.OTHERS_LEFT, "drift"),
        (movements.SUBMITTED, ""),
        (movements.MEMBER_JOINED, ""),
    ],
)
def test_a_label_has_words_and_a_kind(reason: str, kind: str) -> None:
    assert told(reason).label == (reason.replace("-", " "), kind)


@pytest.mark.parametrize(
    ("reason", "places", "way"),
    [
        (movements.IMPROVED, 9, "up"),
        (movements.IMPROVED, -9, "still"),
        (movements.FELL, -9, "down"),
        (movements.MERGED, 9, "up"),
        (movements.SUBMITTED, -9, "still"),
        (movements.OVERTAKEN, -9, "still"),
        (movements.OTHERS_LEFT, 9, "still"),
        (movements.IMPROVED, 0, "still"),
        (None, 9, "up"),  # between two boards
        (None, -9, "down"),
    ],
)
def test_places_have_a_colour_only_if_the_person_caused_them(
    reason: str | None, places: int, way: str
) -> None:
    movement = None if reason is None else Movement(reason, 60, _BEFORE, _AFTER)
    assert lines.way(places, movement) == way


def test_every_reason_can_be_told() -> None:
    for reason in movements.REASONS:
        assert told(reason).details, reason


def test_a_team_that_the_words_name_is_not_named_twice() -> None:
    line = told(movements.RENAMED, after=_AFTER._replace(team_name="Hares"))
    assert words(line.known_as) == "@lina"
    assert "“Rabbits” is now called “Hares”" in line.details


def test_who_left_is_known_by_the_last_team() -> None:
    assert words(told(movements.LEFT, after=None).known_as) == "@lina · Rabbits"


def test_a_long_team_is_cut() -> None:
    assert len(told(movements.IMPROVED, after=_AFTER._replace(team_name="x" * 255)).known_as) < 60


def test_movements_come_by_the_moment_of_their_board() -> None:
    items = [
        Item(_COMPETITION, person(name, None), Movement(movements.NEW, moment, None, _AFTER), None)
        for name, moment in (("a", 120), ("b", 120), ("c", 60))
    ]
    found = [(moment, [line.who for line in told]) for moment, told in lines.by_moment(items)]
    assert found == [(120, ["a", "b"]), (60, ["c"])]
