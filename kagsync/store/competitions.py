"""The tracked competitions, with named methods for what may change. Table: competitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kagsync import clock
from kagsync.errors import DatabaseError, UnknownCompetition, did_you_mean
from kagsync.standings.which import FINAL, PRIVATE, PUBLIC
from kagsync.store.connection import Part
from kagsync.store.records import Competition
from kagsync.store.tables import TABLES

if TYPE_CHECKING:
    from datetime import datetime

    from kagsync.standings.facts import CompetitionFacts
    from kagsync.store.connection import Connection
    from kagsync.store.tables import Tables

_FIELDS = Competition._fields
_COMPETITION = ", ".join([*_FIELDS[:-1], f"'{PUBLIC}' AS board"])

_TIMES = (
    "tried_at",
    "synced_at",
    "snapshot_at",
    "rested_at",
    "resting_until",
    "facts_at",
    "result_asked_since",
    "result_asked_at",
    "result_answered_at",
    "result_since",
)


class Competitions(Part):
    """The tracked competitions. A competition is seen through its public board; see `on` for the others."""

    def all(self) -> list[Competition]:
        """All of them, by slug."""
        rows = self._db.rows(f"SELECT {_COMPETITION} FROM competitions ORDER BY slug")  # noqa: S608
        return [_competition(row) for row in rows]

    def due(self, now: datetime) -> list[Competition]:
        """Those that are active and linked to Kaggle, the one tried longest ago first.

        One that was tried in the future, because a clock was wrong, counts as never tried.
        """
        rows = self._db.rows(
            f"SELECT {_COMPETITION} FROM competitions "  # noqa: S608
            "WHERE active AND kaggle_competition_id IS NOT NULL "
            "ORDER BY tried_at IS NOT NULL AND tried_at <= ?, tried_at, id",
            (clock.iso(now),),
        )
        return [_competition(row) for row in rows]

    def newest_board(self) -> datetime | None:
        """The time of the newest board of those that are linked to Kaggle; None: there is no board."""
        return _time(
            self._db.value(
                "SELECT max(snapshot_at) FROM competitions WHERE kaggle_competition_id IS NOT NULL"
            )
        )

    def on(self, competition: Competition, board: str) -> Competition:
        """The same competition with the time, size and fingerprint of another of its boards.

        Args:
            board: public, private, or final: the private one if there is one, otherwise the public one.
        """
        if board == FINAL:
            board = PRIVATE if competition.has_result else PUBLIC
        if board == competition.board:
            return competition
        tables = TABLES[board]
        row = self._db.row(
            f"SELECT snapshot_at, row_count, team_count, fingerprint FROM {tables.applied} "  # noqa: S608
            f"WHERE {tables.key} = ?",
            (competition.id,),
        )
        snapshot_at, rows, teams, fingerprint = row or (None,) * 4
        return competition._replace(
            snapshot_at=_time(snapshot_at),
            row_count=rows,
            team_count=teams,
            fingerprint=fingerprint,
            board=board,
        )

    def find(self, slug: str) -> Competition | None:
        """The competition with this slug, case ignored; None when there is none."""
        return self._find("slug", slug)

    def get(self, slug: str) -> Competition:
        """The competition with this slug, case ignored.

        Raises:
            UnknownCompetition: there is none; the remedy names a similar one.
        """
        found = self.find(slug)
        if found is not None:
            return found
        known = [competition.slug for competition in self.all()]
        raise UnknownCompetition(f"no competition {slug!r} is tracked", did_you_mean(slug, known))

    def by_id(self, competition_id: int) -> Competition | None:
        """The competition as it is now; None when it was removed."""
        return self._find("id", competition_id)

    def _find(self, column: str, value: str | int) -> Competition | None:
        row = self._db.row(f"SELECT {_COMPETITION} FROM competitions WHERE {column} = ?", (value,))  # noqa: S608
        return None if row is None else _competition(row)

    def add(self, slug: str, kaggle_id: str | None, added_at: datetime) -> Competition:
        """Adds a competition.

        Raises:
            DatabaseError: there is one with this slug.
        """
        self._db.execute(
            "INSERT INTO competitions (slug, kaggle_competition_id, added_at) VALUES (?, ?, ?)",
            (slug, kaggle_id, clock.iso(added_at)),
        )
        return self.get(slug)

    def remove(self, competition_id: int) -> None:
        """Removes a competition with its entries and history."""
        self._db.execute("DELETE FROM competitions WHERE id = ?", (competition_id,))


class CompetitionChanges(Part):
    """Changes to competitions within a transaction."""

    def set_active(self, competition_id: int, *, active: bool) -> None:
        """Takes a competition into `sync --all`, or leaves it out."""
        self._set(competition_id, active=active)

    def link(self, competition_id: int, kaggle_id: str | None) -> None:
        """Links a competition to Kaggle; None: its boards come from files only.

        What Kaggle answered about the private board of another competition does not count.
        """
        self._set(
            competition_id,
            kaggle_competition_id=kaggle_id,
            result_asked_since=None,
            result_asked_at=None,
            result_answered_at=None,
        )

    def set_title(self, competition_id: int, title: str) -> None:
        self._set(competition_id, title=title)

    def set_direction(self, competition_id: int, *, higher_is_better: bool | None) -> None:
        """Saves the score's direction that a person set; None: none is set."""
        self._set(competition_id, higher_is_better=higher_is_better)

    def set_medals(self, competition_id: int, *, medals: bool | None) -> None:
        """Saves whether the competition awards medals, as a person set it; None: it is not set."""
        self._set(competition_id, medals=medals)

    def save_facts(self, competition_id: int, facts: CompetitionFacts) -> None:
        """Saves what Kaggle says about a competition."""
        self._set(
            competition_id,
            title=facts.title,
            deadline=_iso(facts.deadline),
            metric=facts.metric,
            kaggle_team_count=facts.team_count,
            awards_points=facts.awards_points,
            merger_deadline=_iso(facts.merger_deadline),
            new_entrant_deadline=_iso(facts.new_entrant_deadline),
        )

    def set_facts_asked(self, competition_id: int, at: datetime) -> None:
        """Notes when Kaggle was last asked for a competition's facts."""
        self._set(competition_id, facts_at=clock.iso(at))

    def ask_for_result(self, competition_id: int) -> None:
        """Lets the next run ask Kaggle for the private board, however long ago the competition ended."""
        self._set(competition_id, result_asked_at=None)

    def set_result_asked(self, competition: Competition, at: datetime, *, answered: bool) -> None:
        """Notes when Kaggle was asked for the private board, and whether it answered."""
        values = {"result_asked_at": clock.iso(at)}
        if answered:
            values["result_answered_at"] = clock.iso(at)
            if competition.times(at).asked_since is None:
                values["result_asked_since"] = clock.iso(at)
        self._set(competition.id, **values)

    def set_result_since(self, competition: Competition, at: datetime) -> None:
        """Notes that a private board is stored. The first such time stays, unless a wrong clock noted it."""
        if competition.result_since is None or clock.is_ahead(competition.result_since, at):
            self._set(competition.id, result_since=clock.iso(at))

    def set_synced(self, competition_id: int, at: datetime) -> None:
        """Sets the time of the last sync, as a good one."""
        self._set(competition_id, tried_at=clock.iso(at), synced_at=clock.iso(at))

    def _set(self, competition_id: int, **values: str | int | None) -> None:
        set_columns(self._db, competition_id, values)


def set_columns(
    db: Connection,
    competition_id: int,
    values: dict[str, str | int | None],
    tables: Tables = TABLES[PUBLIC],
) -> None:
    """Sets columns of a competition. Their names come from this program, never from outside.

    Args:
        tables: those of the board that the columns describe.
    """
    columns = ", ".join(f"{name} = ?" for name in values)
    db.execute(
        f"UPDATE {tables.applied} SET {columns} WHERE {tables.key} = ?",  # noqa: S608
        (*values.values(), competition_id),
    )


def _competition(row: tuple[Any, ...]) -> Competition:
    values = dict(zip(_FIELDS, row, strict=True))
    for name in _TIMES:
        values[name] = _time(values[name])
    for name in ("active", "higher_is_better", "inferred_higher_is_better", "medals", "awards_points"):
        if values[name] is not None:
            values[name] = bool(values[name])
    return Competition(**values)


def _iso(moment: datetime | None) -> str | None:
    return clock.iso(moment) if moment else None


def _time(text: str | None) -> datetime | None:
    try:
        return clock.parse_iso(text) if text else None
    except (ValueError, TypeError) as error:
        raise DatabaseError(
            f"the database holds {text!r} where a time should be",
            "Restore a backup, or correct the value by hand",
        ) from error
