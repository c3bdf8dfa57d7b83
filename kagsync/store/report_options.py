"""The options of reports where none is given. Table: report_options."""

from __future__ import annotations

from typing import NamedTuple

from kagsync.store.connection import Part

_COLUMNS = 'title, "group", board, names, search_engines'  # in the order of `ReportOptions`


class ReportOptions(NamedTuple):
    """The options of reports where none is given. None: not set.

    Attributes:
        title: of the site.
        group: only the people of this group.
        board: public, private or final.
        names: how people are named.
        search_engines: whether search engines may list the pages.
    """

    title: str | None = None
    group: str | None = None
    board: str | None = None
    names: str | None = None
    search_engines: bool | None = None


class StoredReportOptions(Part):
    """The options that are stored."""

    def get(self) -> ReportOptions:
        """All of them."""
        row = self._db.row(f"SELECT {_COLUMNS} FROM report_options")  # noqa: S608
        if row is None:
            return ReportOptions()
        found = ReportOptions(*row)
        searchable = found.search_engines
        return found._replace(search_engines=None if searchable is None else bool(searchable))

    def save(self, options: ReportOptions) -> None:
        """Overwrites all of them."""
        self._db.execute(
            f"REPLACE INTO report_options (id, {_COLUMNS}) VALUES (1, ?, ?, ?, ?, ?)",  # noqa: S608
            options,
        )
