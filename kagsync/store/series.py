"""Series of competitions. Tables: series, series_competitions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kagsync.errors import UsageError, did_you_mean
from kagsync.scoring.series import Part, Scale, Series
from kagsync.store import connection

if TYPE_CHECKING:
    from collections.abc import Iterator

# In the order of the fields of `Series` from the second one to the last but one.
_COLUMNS = ("name", "rule", "points_table", "best", '"group"', "ties", "board", "absent", "teams")
_POINTS = Series._fields.index("points")
_SERIES = f"SELECT id, {', '.join(_COLUMNS)} FROM series"


class AllSeries(connection.Part):
    """The series. Each method that changes something is a transaction of its own."""

    def all(self) -> list[Series]:
        """All of them, by name."""
        return list(self._found(f"{_SERIES} ORDER BY name"))

    def find(self, name: str) -> Series | None:
        """The series with this name, case and additional spaces ignored; None: there is none."""
        # SQLite would only ignore the case of ASCII letters, and refuse text that is not UTF-8.
        known = [known for (known,) in self._db.rows("SELECT name FROM series")]
        found = next((each for each in known if _folded(each) == _folded(name)), None)
        return None if found is None else next(self._found(f"{_SERIES} WHERE name = ?", found), None)

    def get(self, name: str) -> Series:
        """The series with this name, see `find`.

        Raises:
            UsageError: there is none; the remedy names a similar one.
        """
        if (found := self.find(name)) is not None:
            return found
        known = [each.name for each in self.all()]
        raise UsageError(
            f"there is no series {name!r}",
            did_you_mean(name, known, "kagsync series list")
            if known
            else "Create one: kagsync series create NAME SLUG…",
        )

    def save(self, series: Series) -> Series:
        """Creates a series (id 0), or changes the one with this id; and sets its competitions."""
        values = _stored(series)
        with self._db.transaction():
            if series.id:
                columns = ", ".join(f"{name} = ?" for name in _COLUMNS)
                self._db.execute(f"UPDATE series SET {columns} WHERE id = ?", (*values, series.id))
            else:
                marks = ", ".join("?" * len(_COLUMNS))
                self._db.execute(f"INSERT INTO series ({', '.join(_COLUMNS)}) VALUES ({marks})", values)
            key: int = series.id or self._db.value("SELECT last_insert_rowid()")
            self._db.execute("DELETE FROM series_competitions WHERE series_id = ?", (key,))
            self._db.execute_many(
                "INSERT INTO series_competitions VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (key, part.competition_id, part.weight, *(part.scale or (None,) * 3))
                    for part in series.parts
                ],
            )
        return self.get(series.name)

    def delete(self, series: Series) -> None:
        """Deletes a series. Its competitions and their history stay."""
        self._db.execute("DELETE FROM series WHERE id = ?", (series.id,))

    def with_competition(self, competition_id: int) -> list[Series]:
        """The series that a competition is part of, by name."""
        return [each for each in self.all() if competition_id in [part.competition_id for part in each.parts]]

    def _found(self, query: str, *parameters: str) -> Iterator[Series]:
        for row in list(self._db.rows(query, parameters)):
            found = Series(*row)
            points = tuple(json.loads(row[_POINTS]))
            yield found._replace(points=points, parts=self._parts(found.id))

    def _parts(self, key: int) -> tuple[Part, ...]:
        rows = self._db.rows(
            "SELECT c.id, c.slug, s.weight, s.first_score, s.last_score, s.points FROM series_competitions s "
            "JOIN competitions c ON c.id = s.competition_id WHERE s.series_id = ? ORDER BY c.slug",
            (key,),
        )
        return tuple(
            Part(competition, slug, weight, None if scale[0] is None else Scale(*scale))
            for competition, slug, weight, *scale in rows
        )


def _stored(series: Series) -> tuple[Any, ...]:
    """A series in the order of `_COLUMNS`."""
    _, name, rule, points, *rest, _ = series
    return (name, rule, json.dumps(points), *rest)


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
