"""The tables of `kagsync standings` and `kagsync series list`."""

from __future__ import annotations

import shlex
from datetime import UTC
from typing import TYPE_CHECKING

from kagsync.output.terminal import Column, Table, moment, signed
from kagsync.output.wording import arrow, listed, person_name
from kagsync.queries import series as query
from kagsync.queries import series_words
from kagsync.scoring import words
from kagsync.scoring.rules import number
from kagsync.scoring.words import gap, points
from kagsync.standings.sentences import counted
from kagsync.standings.which import PRIVATE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from kagsync.queries.series import Lead, Row, SeriesView
    from kagsync.queries.series_groups import GroupRow
    from kagsync.scoring.series import Series
    from kagsync.scoring.totals import Board, Scored

_MOST_CHANGES = 10  # sentences below the table
_MOST_RESULTS = 4  # in such a sentence
_MOST_BOARDS = 4  # that are named above it
_MOST_NAMES = 5
_LEAST_OF_A_SLUG = 10  # characters of it that a narrow terminal shows
_DOES_NOT_COUNT = "["  # begins a result that does not count
_NO_SERIES = "There is no series yet: kagsync series create NAME SLUG…"


def competitions(series: Series) -> str:
    """The competitions of a series, those with a weight as `titanic=2`."""
    return " ".join(
        part.slug if part.weight == 1 else f"{part.slug}={number(part.weight)}" for part in series.parts
    )


def places(series: Series) -> str:
    """The points of each place, as they are typed."""
    return ",".join(map(number, series.points))


def definitions(found: list[tuple[Series, int]]) -> Table:
    """All series, each with the number of its people."""
    columns: list[Column[tuple[Series, int]]] = [
        Column("Series", lambda each: each[0].name, style="bold", shrink=16),
        Column("Rule", lambda each: each[0].rule),
        Column("Competitions", lambda each: competitions(each[0]), keep=90, shrink=20),
        Column("Best", lambda each: "" if each[0].best is None else str(each[0].best), right=True, keep=60),
        Column("Group", lambda each: each[0].group or "", keep=70, shrink=8, sparse=True),
        Column("People", lambda each: f"{each[1]:,}", right=True, keep=80),
    ]
    return Table(columns, found, below=[] if found else [_NO_SERIES])


def overview(found: list[tuple[SeriesView, str]]) -> Table:
    """Who leads each series; a series whose standings are not known has a reason instead."""

    def leaders(each: tuple[SeriesView, str]) -> list[Row]:
        return query.leaders(each[0])

    columns: list[Column[tuple[SeriesView, str]]] = [
        Column("Series", lambda each: each[0].series.name, style="bold", shrink=16),
        Column(
            "Leader",
            lambda each: listed([row.user.shown_name for row in leaders(each)], 2) or "–",
            shrink=14,
        ),
        Column(
            "Total",
            lambda each: points(leaders(each)[0].total.value) if leaders(each) else "",
            right=True,
        ),
        Column("Ahead", _ahead, right=True, keep=80, sparse=True),
        Column("Competitions", lambda each: str(len(each[0].series.parts)), right=True, keep=60),
        Column("People", lambda each: f"{len(each[0].rows):,}" if each[0].rows else "", right=True, keep=50),
    ]
    below = [reason for _, reason in found if reason] if found else [_NO_SERIES]
    return Table(columns, found, below=below)


def _ahead(each: tuple[SeriesView, str]) -> str:
    ahead = query.ahead(each[0])
    return "" if ahead is None else gap(ahead)


def standings(
    view: SeriesView,
    shown: SeriesView,
    lead: Lead | None,
    *,
    group: str | None = None,
    zone: tzinfo | None = UTC,
) -> Table:
    """The table of a series.

    Args:
        view: all of its people.
        shown: those to show.
        group: whose they are; None: all, or the first ones.
        zone: of the times; None: the machine's.
    """
    parts = [_competition(view, index, shown.rows) for index in _newest_first(view)]
    columns: list[Column[Row]] = [
        Column("Place", lambda row: f"{row.total.place:,}", right=True, style="bold"),
        Column("Moved", moved, right=True, keep=95, sparse=True, style=signed),
        Column("Person", lambda row: row.user.shown_name, shrink=14),
        Column("Username", lambda row: row.user.handle if row.user.name else "", keep=30, style="cyan"),
        Column("Total", lambda row: points(row.total.value), right=True, style="bold"),
        Column("Gained", gained, right=True, keep=60, sparse=True),
        *parts,
    ]
    below = [] if lead is None else [series_words.lead_in_words(view, lead, person_name)]
    below += [] if any(row.total.counted for row in view.rows) else ["Nobody has a result yet"]
    below += [series_words.replaced(board) for board in view.replaced]
    below += _changes(view, shown)
    if any(not each.counts and each.place for row in shown.rows for each in row.total.results):
        below.append(f"[ ] does not count: {words.only_best(view.series.best)}")
    if group is not None:
        below.append(f"Only {group} is shown; the places are among all {len(view.rows):,} people")
    if shown.hidden:
        verb = "is" if shown.hidden == 1 else "are"
        below.append(f"{shown.hidden:,} more {verb} not shown (--limit)")
    return Table(
        columns,
        shown.rows,
        title=view.series.name,
        facts=facts(view, zone),
        below=below,
        too_narrow=lambda dropped: _too_narrow(view.series, sum(each in parts for each in dropped)),
    )


def _too_narrow(series: Series, count: int) -> str:
    """What is said about so many competitions that do not fit a terminal."""
    if not count:
        return ""
    does = "competition does" if count == 1 else "competitions do"
    return f"{count} more {does} not fit. For one person: {_explain(series)}"


def _explain(series: Series) -> str:
    return f"kagsync standings {shlex.quote(series.name)} PERSON"


def _newest_first(view: SeriesView) -> list[int]:
    """The numbers of the competitions that have a board: those that ended last come first."""
    known = [number for number, part in enumerate(view.series.parts) if part.competition_id in view.boards]
    return sorted(known, key=lambda number: _board(view, number).field.days)


def _board(view: SeriesView, number: int) -> Board:
    return view.boards[view.series.parts[number].competition_id]


def _competition(view: SeriesView, index: int, rows: Sequence[Row]) -> Column[Row]:
    part = view.series.parts[index]
    longest = max((len(_result(row.total.results[index])) for row in rows), default=0)
    return Column(
        part.slug if part.weight == 1 else f"{part.slug} ×{number(part.weight)}",
        lambda row: _result(row.total.results[index]),
        right=True,
        keep=70,
        shrink=max(longest, _LEAST_OF_A_SLUG),
        style=lambda cell: "dim" if cell.startswith((_DOES_NOT_COUNT, "–")) else "",
    )


def _result(result: Scored) -> str:
    """Points and rank: `18 (34)`, or `[18] (34)` if they do not count."""
    if result.place is None or result.standing is None:
        return "–"
    text = points(result.points)
    return f"{text if result.counts else f'[{text}]'} ({result.standing.rank:,})"


def moved(row: Row | GroupRow) -> str:
    """How many places a person or group gained (▲) or lost (▼); empty: none."""
    return arrow(row.places) if row.places else ""


def gained(row: Row | GroupRow) -> str:
    """How many points a person or group gained or lost; empty: none."""
    text = points(row.gained or 0)
    return "" if text == "0" else text if text.startswith("-") else f"+{text}"


def facts(view: SeriesView, zone: tzinfo | None) -> list[str]:
    """What stands above the tables of a series: its rule, the time, the boards."""
    found = words.definition(view.series)
    people = "person" if len(view.rows) == 1 else "people"
    found += [f"{len(view.rows):,} {people}", f"at {moment(view.at, zone)}", *_boards(view)]
    compared = f"compared with {moment(view.since, zone)}"
    found.append(compared if view.not_compared is None else f"not {compared}: {view.not_compared}")
    return found


def _boards(view: SeriesView) -> list[str]:
    """Which boards count: each by its day, or of many how many there are of each kind."""
    boards = [each.field for each in view.boards.values()]
    without = [part.slug for part in view.series.parts if part.competition_id not in view.boards]
    facts = [f"{each.slug}: {each.board} board of {each.day}" for each in boards]
    if len(boards) > _MOST_BOARDS:
        private = sum(each.board == PRIVATE for each in boards)
        counts = ((private, "private"), (len(boards) - private, "public"))
        facts = [counted(count, f"{kind} board") for count, kind in counts if count]
    return [*facts, *([f"no board yet: {listed(without, _MOST_NAMES)}"] if without else [])]


def _changes(view: SeriesView, shown: SeriesView) -> list[str]:
    """A sentence for each person whose place changed, at most some of them."""
    changed = [row for row in shown.rows if row.places]
    lines = [
        f"{person_name(row.user)}: {series_words.change(view, row, most=_MOST_RESULTS)}"
        for row in changed[:_MOST_CHANGES]
    ]
    more = len(changed) - len(lines)
    return [*lines, f"{more:,} more moved; why: {_explain(view.series)}"] if more else lines


def how(total: str, best: int | None) -> str:
    """How the total of a group is made, in words."""
    if best == 1:
        return "a group's total is the best total of its people"
    people = "its people's totals" if best is None else f"the {best} best totals of its people"
    return f"a group's total is the {total} of {people}"


def groups(
    view: SeriesView, found: list[GroupRow], how: str, *, hidden: int = 0, zone: tzinfo | None = UTC
) -> Table:
    """Groups as teams.

    Args:
        how: how the total of a group is made, in words.
        hidden: how many groups are left out.
    """
    people = {row.user.id: row for row in view.rows}

    def members(row: GroupRow) -> str:
        rows = [people[key] for key in row.total.members]
        return listed([f"{row.user.shown_name} {points(row.total.value)}" for row in rows], 3)

    columns: list[Column[GroupRow]] = [
        Column("Place", lambda row: f"{row.total.place:,}", right=True, style="bold"),
        Column("Moved", moved, right=True, keep=95, sparse=True, style=signed),
        Column("Group", lambda row: row.total.group, shrink=12),
        Column("Total", lambda row: points(row.total.value), right=True, style="bold"),
        Column("Gained", gained, right=True, keep=65, sparse=True),
        Column("People", lambda row: f"{row.total.people:,}", right=True, keep=80),
        Column("Counted", lambda row: f"{len(row.total.members):,}", right=True, keep=70),
        Column("Best", members, keep=60, shrink=20),
    ]
    below = [series_words.replaced(board) for board in view.replaced]
    if not found:
        below.append("Nobody has a group: kagsync users add USERNAME --group GROUP")
    elif without := sum(row.user.group is None for row in view.rows):
        below.append(f"{without:,} {'person is' if without == 1 else 'people are'} in no group")
    if hidden:
        below.append(f"{hidden:,} more {'is' if hidden == 1 else 'are'} not shown (--limit)")
    return Table(
        columns,
        found,
        title=f"{view.series.name}, by group",
        facts=[how, *facts(view, zone)],
        below=below,
    )
