"""Which competitions are tracked (`competitions add` and its changes), and what Kaggle says about them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from kagsync import clock, inputs
from kagsync.errors import (
    Forbidden,
    Interrupted,
    KagsyncError,
    NoCredentials,
    NotFound,
    OutOfTime,
)
from kagsync.log import logger
from kagsync.safe_text import clip, printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kagsync.kaggle.client import KaggleApi
    from kagsync.kaggle.listing import Listed
    from kagsync.standings.facts import CompetitionFacts
    from kagsync.store import Store, Writing
    from kagsync.store.records import Competition

_PATIENCE = 15  # seconds
_FACTS_KEPT = timedelta(days=1)
_LONGEST = 500  # characters of what Kaggle says; its own forms take fewer


class Added(NamedTuple):
    """A competition after `add`, and as it was before; None: it was not tracked."""

    competition: Competition
    before: Competition | None

    @property
    def text(self) -> str:
        """The addition in one line."""
        competition = self.competition
        facts = [
            competition.title,
            f"deadline {competition.ends_at:%Y-%m-%d}" if competition.ends_at else None,
            f"metric {competition.metric}" if competition.metric else None,
            None if competition.is_linked else "not linked to Kaggle",
        ]
        known = ", ".join(fact for fact in facts if fact)
        verb = "Added"
        if self.before is not None:
            verb = "Already tracked:" if _details(self.before) == _details(competition) else "Updated"
        return printable(f"{verb} {competition.slug}" + (f" ({known})" if known else ""))


def add(
    store: Store,
    slug: str,
    *,
    title: str | None = None,
    kaggle_id: str | None = None,
    link: bool = True,
    higher_is_better: bool | None = None,
    medals: bool | None = None,
) -> Added:
    """Adds a competition, or updates one that is tracked already.

    Asks Kaggle for title, deadline and metric if there are credentials. Works without them, too.

    Args:
        kaggle_id: its name on Kaggle, if that is not the slug.
        link: whether to link it to Kaggle. Otherwise it is never downloaded.
        higher_is_better: the direction of its scores; old boards, which have no ranks, need it.
        medals: whether it awards medals, if Kaggle cannot be asked.

    Raises:
        DatabaseError: it cannot be saved.
    """
    title = None if title is None else inputs.title(title)
    found = store.competitions.find(slug)
    competition = found or store.competitions.add(slug, slug if link else None, clock.utc_now())
    linked_anew = kaggle_id is not None or not link
    if not linked_anew and competition.is_linked:
        kaggle_id = competition.kaggle_id
    facts = None if kaggle_id is None else _ask_kaggle(kaggle_id)
    with store.writing() as write:
        if linked_anew:
            write.competitions.link(competition.id, kaggle_id)
        if higher_is_better is not None:
            write.competitions.set_direction(competition.id, higher_is_better=higher_is_better)
        if medals is not None:
            write.competitions.set_medals(competition.id, medals=medals)
        if facts is not None and facts.title is not None:
            _save_facts(write, competition, facts)
        if title is not None:
            write.competitions.set_title(competition.id, title)
    return Added(store.competitions.get(slug), before=found)


def add_listed(store: Store, listed: Listed) -> Added:
    """Adds a competition with what Kaggle's list says about it.

    Raises:
        DatabaseError: it cannot be saved.
    """
    found = store.competitions.find(listed.slug)
    competition = found or store.competitions.add(listed.slug, listed.slug, clock.utc_now())
    if listed.facts.title is not None:
        with store.writing() as write:
            _save_facts(write, competition, listed.facts)
    return Added(store.competitions.get(listed.slug), before=found)


def _details(competition: Competition) -> tuple[object, ...]:
    """What people and Kaggle say about a competition."""
    own = (
        competition.title,
        competition.kaggle_competition_id,
        competition.higher_is_better,
        competition.medals,
    )
    return (*own, competition.deadline, competition.metric, competition.awards_points)


def set_direction(store: Store, slugs: Iterable[str], *, higher_is_better: bool) -> None:
    """Saves the score direction of competitions; raises UnknownCompetition."""
    found = [store.competitions.get(slug) for slug in slugs]
    with store.writing() as write:
        for competition in found:
            write.competitions.set_direction(competition.id, higher_is_better=higher_is_better)


def _save_facts(write: Writing, competition: Competition, facts: CompetitionFacts) -> None:
    """Saves Kaggle's facts. A title stays as it is, since it may be one that people chose."""
    write.competitions.save_facts(
        competition.id,
        facts._replace(title=competition.title or _clipped(facts.title), metric=_clipped(facts.metric)),
    )
    write.competitions.set_facts_asked(competition.id, clock.utc_now())


def _clipped(text: str | None) -> str | None:
    return None if text is None else clip(text, _LONGEST)


def facts_are_due(competition: Competition) -> bool:
    """Whether Kaggle was last asked for a competition's facts a day ago or more, or before the deadline.

    A competition has ended only if Kaggle still says so after the deadline.
    """
    asked, now = competition.facts_at, clock.utc_now()
    if asked is None or clock.is_ahead(asked, now) or now - asked >= _FACTS_KEPT:
        return True
    deadline = competition.times(now).deadline
    return deadline is not None and asked < deadline <= now


def facts_to_ask(competitions: Iterable[Competition], most: int) -> set[int]:
    """The ids of competitions whose facts are due: at most `most`, the one asked longest ago first.

    Competitions whose last sync failed are left out. Kaggle is only asked after a good sync, so they would
    stay first forever.
    """
    due = [each for each in competitions if facts_are_due(each) and each.tried_at == each.synced_at]
    now = clock.utc_now()
    due.sort(key=lambda each: clock.iso(each.facts_at) if each.facts_at and each.facts_at <= now else "")
    return {each.id for each in due[:most]}


def refresh_facts(store: Store, competition: Competition, api: KaggleApi) -> None:
    """Asks Kaggle for a competition's facts and saves them. If that fails, it is tried again tomorrow.

    Raises:
        Interrupted: the process was told to stop.
    """
    try:
        facts = ask_facts(competition, api)
    except OutOfTime:
        return  # the next run asks again
    save_answer(store, competition, facts)


def ask_facts(competition: Competition, api: KaggleApi) -> CompetitionFacts | None:
    """Asks Kaggle for a competition's facts, once; None: it did not tell them.

    Raises:
        Interrupted: the process was told to stop.
        OutOfTime: the run ends.
    """
    try:
        return api.competition_facts(competition.kaggle_id, tries=1, seconds=_PATIENCE)
    except (Interrupted, OutOfTime):
        raise
    except KagsyncError as error:
        logger.debug("Kaggle does not say what %s is: %s", competition.kaggle_id, error)
        return None


def save_answer(store: Store, competition: Competition, facts: CompetitionFacts | None) -> None:
    """Saves what Kaggle answered to `ask_facts`, or only that it was asked."""
    try:
        with store.writing() as write:
            if facts is not None and facts.title is not None:  # an empty answer must not delete what is known
                _save_facts(write, competition, facts)
            else:
                write.competitions.set_facts_asked(competition.id, clock.utc_now())
    except KagsyncError as error:  # the entries, which are saved by now, are what counts
        logger.debug("What Kaggle says of %s could not be saved: %s", competition.slug, error)


def _ask_kaggle(kaggle_id: str) -> CompetitionFacts | None:
    """What Kaggle says about a competition; None without credentials or network."""
    from kagsync.kaggle import client

    try:
        api = client.connect()()
        return api.competition_facts(kaggle_id, tries=1, seconds=_PATIENCE)
    except (NotFound, Forbidden):
        logger.warning(
            "Kaggle does not show a competition %s: it was added, but check the name in its URL "
            "(to undo: kagsync competitions remove %s)",
            kaggle_id,
            kaggle_id,
        )
    except NoCredentials as error:
        logger.debug("Kaggle was not asked about %s: %s", kaggle_id, error)
    except KagsyncError as error:
        logger.warning("Kaggle could not be asked about %s: %s", kaggle_id, error)
    return None
