"""The table of a series on terminals of any width, and the explanation of one total."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from kagsync.output import series_explained, series_table
from kagsync.queries.series import Lead, Row, SeriesView
from kagsync.queries.series_groups import by_group
from kagsync.scoring.rules import Field
from kagsync.scoring.series import Part, Series
from kagsync.scoring.totals import Board, totals
from kagsync.standings.standing import PastStanding
from kagsync.store.records import User

if TYPE_CHECKING:
    from kagsync.output.terminal import Table

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
PEOPLE = [
    User(number, f"user{number}", f"Person {number}", "red", f"user{number}") for number in range(1, 13)
]


def season(competitions: int, people: int = 12, **options: object) -> SeriesView:
    """A series in which person 1 leads everywhere, and the first competition ended last."""
    parts = tuple(Part(number, f"playground-series-s5e{number}") for number in range(1, competitions + 1))
    series = Series(1, "Cup", parts=parts, **options)  # type: ignore[arg-type]
    users = PEOPLE[:people]

    def boards(shift: int) -> dict[int, Board]:
        return {
            part.competition_id: Board(
                Field(part.slug, "public", "2026-01-31", 900, 0.9, True, float(part.competition_id), people),
                {
                    user.id: PastStanding((user.id + shift) % people + 100, 0.5, "0.5", user.id, 1, 1)
                    for user in users
                },
            )
            for part in parts
        }

    before = {each.user_id: each for each in totals(series, boards(0), [user.id for user in users])}
    by_id = {user.id: user for user in users}
    rows = [
        Row(by_id[each.user_id], each, before[each.user_id])
        for each in totals(series, boards(people - 1), [user.id for user in users])
    ]
    return SeriesView(series, AT, AT - timedelta(days=1), rows, boards(people - 1), None, boards(0))


def lines(shown: Table, width: int | None) -> list[str]:
    return [line.plain.rstrip() for line in shown.lines(width)]


def table(view: SeriesView, width: int | None, lead: Lead | None = None) -> list[str]:
    return lines(series_table.standings(view, view, lead), width)


def head(found: list[str]) -> list[str]:
    return next(line for line in found if line.startswith("Place")).split()


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_twenty_competitions_stay_readable(width: int) -> None:
    found = table(season(20), width)
    titles = head(found)
    assert titles[:3] == ["Place", "Moved", "Person"]
    assert "Total" in titles
    shown = [title for title in titles if title.startswith("play")]
    assert any(f"{20 - len(shown)} more competitions do not fit" in line for line in found)
    # The ones that ended last, told apart by the ends of their slugs.
    assert all(title.endswith(f"5e{number}"[-3:]) for number, title in enumerate(shown, start=1)), shown
    numbers = found[found.index(next(line for line in found if line.startswith("Place"))) + 2 :][:12]
    assert all(len(line) <= width for line in numbers)
    assert not any("…" in cell for line in numbers for cell in re.findall(r"[\d.]*…[\d.]*\S*\(", line))


def test_a_wider_terminal_shows_no_column_less() -> None:
    view = season(8)
    for width in range(30, 160, 6):
        narrow, wide = head(table(view, width)), head(table(view, width + 6))
        assert len(narrow) <= len(wide), width


def test_a_pipe_has_everything() -> None:
    found = table(season(20), None)
    assert [title for title in head(found) if title.startswith("play")] == [
        f"playground-series-s5e{number}" for number in range(1, 21)
    ]
    assert not any("do not fit" in line for line in found)


def test_what_does_not_count_is_in_brackets() -> None:
    found = table(season(3, best=2), None)
    first = next(line for line in found if "user1 " in line)
    assert re.findall(r"\S+ \(\d+\)", first) == ["25 (100)", "25 (100)", "[25] (100)"]
    assert any(line.startswith("[ ] does not count: only the best 2") for line in found)
    assert not any("[" in line for line in table(season(3), None))


def test_some_sentences_tell_who_moved_and_the_rest_is_counted() -> None:
    found = table(season(2), None)
    told = [line for line in found if "→" in line]
    assert len(told) == 10
    assert "1 more moved; why: kagsync standings Cup PERSON" in found


def test_a_sentence_tells_the_changes_that_matter_most_and_an_explanation_all() -> None:
    view = season(9)
    (told,) = [line for line in table(view, None) if line.startswith("Person 1 (user1): ")]
    assert (told.count("18 → 25"), told.endswith("and 5 more")) == (4, True)
    (told,) = [
        line
        for line in lines(series_explained.explanation(view, view.rows[0]), None)
        if line.startswith("Since ")
    ]
    assert told.count("18 → 25") == 9
    assert told.endswith(", total 162 → 225")


def test_boards_are_named_or_counted() -> None:
    assert "playground-series-s5e1: public board of 2026-01-31" in table(season(2), None)[1]
    assert "20 public boards" in table(season(20), None)[1]
    without = season(2)
    del without.boards[2]
    assert "no board yet: playground-series-s5e2" in table(without, None)[1]
    assert head(table(without, None))[-1] == "playground-series-s5e1"


def test_a_series_of_one_person_has_one_person() -> None:
    assert " · 1 person · " in " · ".join(table(season(2, people=1), None)[1:3])
    assert "2 people" in " ".join(table(season(2, people=2), None))


def test_who_leads_is_named_with_the_next() -> None:
    lead = Lead([PEOPLE[0]], AT - timedelta(days=3), 14.0, 60)
    assert "Person 1 (user1) leads with 50 since 2026-01-28, 14 ahead of Person 2 (user2)" in table(
        season(2), None, lead
    )


def test_the_lines_of_an_explanation_add_up() -> None:
    view = season(7, rule="percentile", best=5)
    for row in view.rows:
        found = lines(series_explained.explanation(view, row), None)
        (text,) = [line for line in found if line.startswith("Sum: ")]
        terms, _, total = text.removeprefix("Sum: ").rpartition(" = ")
        terms = terms.replace(" (rounding)", "").replace("−", "+ -").replace("- ", "-")
        assert sum(map(float, terms.split(" + "))) == pytest.approx(float(total), abs=1e-9)
        assert total == series_table.points(row.total.value)
        assert len([line for line in found if "not among the best 5" in line]) == 2


def test_a_mean_is_explained_with_its_weights() -> None:
    view = season(2, people=1, absent="skip")
    found = lines(series_explained.explanation(view, view.rows[0]), None)
    assert "Sum: 25 + 25 = 50" in found
    assert "Mean: 50 / (1 + 1) = 25" in found


def test_no_step_of_an_explanation_is_cut_on_a_narrow_terminal() -> None:
    view = season(2, rule="kaggle")
    found = lines(series_explained.explanation(view, view.rows[0]), 40)
    assert "100,000 / √1 × 100^−0.75" in " ".join(line.strip() for line in found)
    assert all(len(line) <= 40 for line in found)


def test_groups_name_their_best_people() -> None:
    view = season(2)
    found = by_group(view, "sum", 2)
    told = lines(series_table.groups(view, found, series_table.how("sum", 2)), None)
    assert told[0] == "Cup, by group"
    assert told[1].startswith("a group's total is the sum of the 2 best totals of its people")
    assert any("Person 1 50, Person 2 36" in line for line in told)
