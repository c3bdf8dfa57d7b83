"""What a digest says about series: who leads, and whose place changed since the last digest, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kagsync import clock
from kagsync.errors import UsageError
from kagsync.notify import message
from kagsync.notify.message import Line
from kagsync.notify.untold import people
from kagsync.queries import series as standings
from kagsync.queries import series_rows, series_words
from kagsync.safe_text import chat_safe
from kagsync.standings import lifecycle

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from kagsync.notify.channel import Room
    from kagsync.notify.untold import Untold
    from kagsync.queries.series import Latest, Lead, Row, SeriesView
    from kagsync.scoring.series import Series
    from kagsync.store import Store
    from kagsync.store.records import Target, User

_MOST_MOVED = 10  # people whose place changed who are named, the best first
_MOST_RESULTS = 3  # named as the reasons of one of them
_BEST = 3  # people of a group who are named with their places
_OF_ROW = ("place", "username", "name", "handle", "total", "previous_place", "previous_total")


class Shown(NamedTuple):
    """A series in a digest.

    Attributes:
        view: the standings of the whole series.
        ours: the same with the rows of the target's people.
        moved: those rows of them whose place changed, if the target is told of it.
        group: the target's, if it is only a part of the series' people.
    """

    view: SeriesView
    lead: Lead
    ours: SeriesView
    moved: list[Row]
    group: str | None


class Unknown(NamedTuple):
    """A series whose rule needs something that is not known, and what that is."""

    series: Series
    why: str


def shown(store: Store, target: Target, found: Untold, now: datetime) -> list[Shown | Unknown]:
    """The series in a digest: those that share a competition and people with the target.

    A series is shown as soon as somebody has a result. Once all its competitions are over, it is shown only
    if a place changed.

    Args:
        found: what the target has not been told of, everywhere.
    """
    wanted = target.subscription
    whole: list[Shown | Unknown] = []
    since = target.digest_until or now
    for series in store.series.all():
        shares = wanted.competition_id in (None, *(part.competition_id for part in series.parts))
        if not shares or not (ours := people(target, standings.people(store, series))):
            continue
        goes_on = _goes_on(store, series, now)
        try:
            view = standings.standings(store, series, now, since, _latest(found, since))
        except UsageError as error:
            if goes_on:
                whole.append(Unknown(series, str(error.__cause__)))
            continue
        part = view.only(ours)
        # Whoever chose what to be told is not told of the rest.
        tells_moves = wanted.only is None and wanted.against is None
        moved = [row for row in part.rows if row.places] if tells_moves else []
        if (goes_on or moved) and (lead := standings.lead(store, view)) is not None:
            group = None if wanted.group == series.group else wanted.group
            whole.append(Shown(view, lead, part, moved, group))
    return whole


def _latest(found: Untold, since: datetime) -> Latest:
    """The latest boards that the last digest knew, where they are earlier than the ones of that time."""
    until = int(since.timestamp())
    return {
        board: {competition: min(known, until) for competition, (known, _) in pending.items()}
        for board, pending in found.pending.items()
    }


def _goes_on(store: Store, series: Series, now: datetime) -> bool:
    competitions = [store.competitions.by_id(part.competition_id) for part in series.parts]
    return any(
        each is not None and each.active and each.phase(now).name != lifecycle.FINISHED
        for each in competitions
    )


def title(found: Sequence[Shown | Unknown]) -> str | None:
    """The title of a digest in which only places in series changed; None: none did."""
    moved = [each.view.series.name for each in found if isinstance(each, Shown) and each.moved]
    if not moved:
        return None
    where = f"{len(moved)} series" if len(moved) > 1 else chat_safe(moved[0])
    return f"Digest: places changed in {where}"


def lines(found: Sequence[Shown | Unknown], order: int, room: Room) -> Iterator[Line]:
    """The lines of a digest about series.

    Args:
        order: of all of them, see `Line.order`.
    """
    for number, each in enumerate(found):
        series = each.series if isinstance(each, Unknown) else each.view.series
        for place, text in enumerate(_texts(each)):
            heading, line = f"{chat_safe(series.name)}:", message.harmless(text, room)
            yield Line(heading, line, (order, place, number), counts=False)


def _texts(each: Shown | Unknown) -> Iterator[str]:
    if isinstance(each, Unknown):
        yield each.why
        return
    yield series_words.lead_in_words(each.view, each.lead, _name)
    if each.group is not None:
        best = [row for row in each.ours.rows if row.total.counted]
        names = [f"{_name(row.user)} ({row.total.place:,})" for row in best[:_BEST]]
        more = f" and {len(best) - _BEST:,} more" if len(best) > _BEST else ""
        yield f"{each.group}: {', '.join(names) or 'no results yet'}{more}"
    yield from map(series_words.replaced, each.view.replaced)
    for row in each.moved[:_MOST_MOVED]:
        yield f"{_name(row.user)}: {series_words.change(each.view, row, most=_MOST_RESULTS)}"
    if (more_moved := len(each.moved) - _MOST_MOVED) > 0:
        yield f"{more_moved:,} more changed places"


def _name(user: User) -> str:
    return user.shown_name


def as_json(found: Sequence[Shown | Unknown]) -> list[dict[str, Any]]:
    """The series for programs, with the target's people. Numbers are not rounded; None means unknown."""
    return [_as_json(each) for each in found if isinstance(each, Shown)]


def _as_json(each: Shown) -> dict[str, Any]:
    found = series_rows.as_json(each.ours)
    return {
        **{key: found[key] for key in ("series", "rule", "at", "since")},
        "leaders": [user.handle for user in each.lead.leaders],
        "leading_since": each.lead.since and clock.iso(each.lead.since),
        "ahead": each.lead.ahead,
        "standings": [{key: row[key] for key in _OF_ROW} for row in found["standings"]],
    }
