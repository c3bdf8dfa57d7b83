"""Competitions in the database."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from kagsync import clock
from kagsync.errors import DatabaseError, UnknownCompetition
from kagsync.store.connection import Connection
from kagsync.store.records import Competition
from kagsync.store.suggestions import did_you_mean

if TYPE_CHECKING:
    from datetime import datetime

_FIELDS = tuple(field.name for field in fields(Competition))
_COMPETITION = ", ".join(_FIELDS)


class Competitions(Connection):
    """The competitions of a store."""

    def competitions(self) -> list[Competition]:
        """All of them, by slug."""
        rows = self._connection.execute(f"SELECT {_COMPETITION} FROM competitions ORDER BY slug")  # noqa: S608
        return [_competition(row) for row in rows]

    def due_competitions(self, now: datetime) -> list[Competition]:
        """Those that are active and linked to Kaggle, the one synced (or tried) longest ago first.

        One that was tried in the future, by a wrong clock, counts as not tried: else it would wait for years.
        """
        rows = self._connection.execute(
            f"SELECT {_COMPETITION} FROM competitions "  # noqa: S608
            "WHERE active AND kaggle_competition_id IS NOT NULL "
            "ORDER BY tried_at IS NOT NULL AND tried_at <= ?, tried_at, id",
            (clock.iso(now),),
        )
        return [_competition(row) for row in rows]

    def find_competition(self, slug: str) -> Competition | None:
        """The competition with this slug, case ignored; None when there is none."""
        return self._find("slug", slug)

    def competition(self, slug: str) -> Competition:
        """The competition with this slug, case ignored.

        Raises:
            UnknownCompetition: there is none; the remedy names a similar one.
        """
        found = self.find_competition(slug)
        if found is not None:
            return found
        known = [competition.slug for competition in self.competitions()]
        raise UnknownCompetition(f"no competition {slug!r} is tracked", did_you_mean(slug, known))

    def competition_now(self, competition_id: int) -> Competition | None:
        """The competition as it is at this moment; None when it was removed."""
        return self._find("id", competition_id)

    def _find(self, column: str, value: str | int) -> Competition | None:
        row = self._connection.execute(
            f"SELECT {_COMPETITION} FROM competitions WHERE {column} = ?",  # noqa: S608
            (value,),
        ).fetchone()
        return None if row is None else _competition(row)

    def add_competition(self, slug: str, kaggle_id: str | None, added_at: datetime) -> Competition:
        """Adds a competition.

        Raises:
            sqlite3.IntegrityError: it is there already.
        """
        with self.writing():
            self._connection.execute(
                "INSERT INTO competitions (slug, kaggle_competition_id, added_at) VALUES (?, ?, ?)",
                (slug, kaggle_id, clock.iso(added_at)),
            )
        return self.competition(slug)

    def update_competition(self, competition_id: int, **values: str | int | None) -> None:
        """Sets columns of a competition; the names come from this program, never from outside."""
        with self.writing():
            self._set_competition(competition_id, values)

    def _set_competition(self, competition_id: int, values: dict[str, Any]) -> None:
        columns = ", ".join(f"{name} = ?" for name in values)
        self._connection.execute(
            f"UPDATE competitions SET {columns} WHERE id = ?",  # noqa: S608
            (*values.values(), competition_id),
        )

    def remove_competition(self, competition_id: int) -> None:
        """Removes a competition with its entries and history."""
        with self.writing():
            self._connection.execute("DELETE FROM competitions WHERE id = ?", (competition_id,))


def _competition(row: tuple[Any, ...]) -> Competition:
    values = dict(zip(_FIELDS, row, strict=True))
    for name in ("tried_at", "synced_at", "snapshot_at", "rested_at", "resting_until", "facts_at"):
        values[name] = _time(values[name])
    for name in ("active", "higher_is_better", "inferred_higher_is_better", "medals", "awards_points"):
        if values[name] is not None:
            values[name] = bool(values[name])
    return Competition(**values)


def _time(text: str | None) -> datetime | None:
    try:
        return clock.parse_iso(text) if text else None
    except (ValueError, TypeError) as error:
        raise DatabaseError(
            f"the database holds {text!r} where a time should be",
            "Restore a backup, or mend the value by hand",
        ) from error
