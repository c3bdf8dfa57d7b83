"""Sends a target its digest: where our people stand, who moved since the last one, and what is next."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from kagsync.log import logger
from kagsync.notify import channel, digest_series, message, remind
from kagsync.notify.message import Line, Message
from kagsync.notify.untold import Untold, people, untold
from kagsync.queries import news, overview
from kagsync.standings import deadlines, lifecycle, movements, passing
from kagsync.standings.movements import Change
from kagsync.standings.sentences import counted
from kagsync.standings.which import PRIVATE, PUBLIC

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from kagsync.notify.channel import Room
    from kagsync.notify.digest_series import Shown, Unknown
    from kagsync.notify.remind import Calendar
    from kagsync.queries.news import Item
    from kagsync.queries.overview import Overview
    from kagsync.standings.deadlines import Deadline
    from kagsync.store import Store
    from kagsync.store.records import Competition, Target

NEXT = timedelta(days=14)  # a digest tells the deadlines of this time
_BEST = 3  # people of a competition who are named with their ranks
# Several of these movements of one person become one sentence.
_OWN_SCORE = (movements.IMPROVED, movements.FELL, movements.SUBMITTED)
_ABOUT_TEAM = (movements.RENAMED, movements.MEMBER_JOINED, movements.MEMBER_LEFT)
# Of the lines that do not all fit, which ones are kept: see `Line.order`.
_STANDING, _DEADLINE, _MOVEMENT, _DRIFT, _QUIET, _SERIES = range(6)


def send(store: Store, target: Target, now: datetime) -> bool:
    """Sends a target its digest. It has nothing in it that an earlier digest told.

    Returns:
        whether a message was sent: if nobody moved, and no place in a series changed, only to a target that
        wants it.

    Raises:
        KagsyncError: it was not accepted; the next run tries again.
    """
    found = untold(store, target, (PUBLIC, PRIVATE), everywhere=True)
    series = digest_series.shown(store, target, found, now)
    has_news = bool(found.told) or digest_series.title(series) is not None
    sends = has_news or target.subscription.sends_empty
    if sends:
        channel.send(target, compose(store, target, found, channel.room(target), now, series))
        logger.info("Sent a digest to %s", channel.shown(target))
    store.targets.notified(target, found.latest, now if sends else None, digest_until=now)
    return sends


def compose(
    store: Store,
    target: Target,
    found: Untold,
    room: Room,
    now: datetime,
    series: Sequence[Shown | Unknown] = (),
) -> Message:
    """The digest, no longer than the channel allows.

    Args:
        found: what the target has not been told of.
        room: the channel's.
        series: those that it is about.
    """
    wanted = target.subscription
    known = remind.calendar(store, target)
    coming = deadlines.coming(known.deadlines, NEXT, now)
    shown = _shown(store, target, found, now)
    # Whoever chose what to be told is not told of the rest.
    counts_drift = wanted.only is None and wanted.against is None and not wanted.tells_drift
    drifted = news.only_drifted(found.items) if counts_drift else {}
    lines: list[Line] = []
    for number, each in enumerate(shown):
        told = [item for item in found.told if item.competition.id == each.competition.id]
        lines += _about(number, each, told, drifted.get(each.competition.slug, 0), room)
    lines += digest_series.lines(series, _SERIES, room)
    lines += _next(known, coming, now)
    return message.fit(
        _title(found.told) if found.told else digest_series.title(series) or "Digest: nobody moved",
        lines,
        room,
        message.data(
            message.DIGEST,
            items=found.told,
            deadlines=known.as_json(coming),
            standings=[_as_json(each) for each in shown],
            series=digest_series.as_json(series),
        ),
    )


def _shown(store: Store, target: Target, found: Untold, now: datetime) -> list[Overview]:
    """The competitions in a digest: first those in which our people moved, then those that are running."""
    only, moved = target.subscription.competition_id, {item.competition.id for item in found.told}

    def since(competition: Competition) -> datetime:
        return found.known_until(competition) or competition.snapshot_at or now

    def is_running(each: Overview) -> bool:
        return bool(each.on_board) and each.competition.active and each.phase.name == lifecycle.RUNNING

    tracked = overview.overviews(store, people(target, store.users.all()), since, now)
    chosen = [each for each in tracked if only in (None, each.competition.id)]
    chosen.sort(key=lambda each: each.competition.id not in moved)
    return [each for each in chosen if each.competition.id in moved or is_running(each)]


def _about(number: int, each: Overview, told: list[Item], drifted: int, room: Room) -> Iterator[Line]:
    """The lines about one competition: where our people stand, who moved, and how many only drifted.

    Args:
        number: the competition's in the message.
        told: its movements.
        drifted: how many people moved only because of others.
    """
    heading = f"{message.name(each.competition)}:"
    if each.on_board:
        order = (_STANDING if told else _QUIET, number)
        yield Line(heading, message.harmless(_standing(each), room), order, counts=False)
    for place, item in enumerate(summed_up(told)):
        yield Line(heading, message.harmless(item.sentence, room), (_MOVEMENT, place, number))
    if drifted:
        line = f"{drifted:,} moved only because of others"
        yield Line(heading, line, (_DRIFT, number), counts=False)


def _standing(each: Overview) -> str:
    """`18 of ours among 1,744 teams: Lina (34), carol (41), Student 35 (73) and 15 more`."""
    best = [
        user.shown_name if rank is None else f"{user.shown_name} ({rank:,})"
        for user, rank in each.people[:_BEST]
    ]
    more = each.on_board - len(best)
    teams = each.competition.team_count
    among = f"among {counted(teams, 'team')}" if teams else "on the board"
    names = f"{', '.join(best)} and {more} more" if more else ", ".join(best)
    return f"{each.on_board} of ours {among}: {names}"


def _next(known: Calendar, coming: list[Deadline], now: datetime) -> Iterator[Line]:
    for number, text in enumerate(known.lines(coming, now)):
        yield Line("Next:", text, (_DEADLINE, number), counts=False)


def _title(told: list[Item]) -> str:
    moved = {item.competition.id for item in told}
    where = f"{len(moved)} competitions" if len(moved) > 1 else message.name(told[0].competition)
    return f"Digest: {message.people_of(told)} of ours moved in {where}"


def summed_up(items: list[Item]) -> list[Item]:
    """Movements, of which all that changed one person's own score are one: from the first rank to the last.

    Args:
        items: of one competition, the newest first.

    Returns:
        what people did themselves, the newest first; then their submissions that were not better; then what
        others did.
    """
    found: dict[int, Item] = {}
    latest: dict[tuple[int, str], int] = {}  # where in `found` each person's next movement can be added
    for number, item in enumerate(reversed(items)):
        key = (item.user.id, item.movement.board)
        if item.movement.reason in _OWN_SCORE:
            if (place := latest.get(key)) is not None and (whole := _joined(found[place], item)) is not None:
                del found[place]
                item = whole
            latest[key] = number
        elif item.own and item.movement.reason not in _ABOUT_TEAM:
            latest.pop(key, None)
        found[number] = item
    newest_first = reversed(found.values())
    return sorted(newest_first, key=lambda item: (not item.own, item.movement.reason == movements.SUBMITTED))


def _joined(first: Item, last: Item) -> Item | None:
    """Two movements of a person's own score as one; None: they cannot be told as one."""
    change = Change(last.movement.moment, last.movement.after)
    direction = last.competition.direction
    steps = movements.between(
        first.movement.before, change, known=True, higher_is_better=direction, deleted=frozenset()
    )
    reason = steps[0].reason if steps else None
    if reason not in _OWN_SCORE:
        return None
    whole = replace(last.movement, reason=reason, before=first.movement.before)
    passed = tuple(dict.fromkeys((*first.passed, *last.passed)))
    return None if passed and not passing.may_pass(whole) else replace(last, movement=whole, passed=passed)


def _as_json(each: Overview) -> dict[str, Any]:
    """Where our people stand in a competition, for programs."""
    ranked = [
        {"handle": user.handle, "username": user.username, "name": user.name, "rank": rank}
        for user, rank in each.people
    ]
    return {**overview.as_json(each), "people": ranked}
