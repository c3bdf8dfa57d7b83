"""The database's schema as numbered migrations, a file each: append only.

Applied by sqlite-utils, each in its own transaction together with `PRAGMA user_version`, so that a plain
`sqlite3` connection can see whether there is anything to do without importing sqlite-utils (0.4 s).

Migrations import no other code of kagsync, because that code changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kagsync.store.migrations.m001_initial import initial
from kagsync.store.migrations.m002_rests import rests
from kagsync.store.migrations.m003_movements import movements
from kagsync.store.migrations.m004_unattended import unattended
from kagsync.store.migrations.m005_told_apart import told_apart
from kagsync.store.migrations.m006_compared import compared
from kagsync.store.migrations.m007_lighter import lighter
from kagsync.store.migrations.m008_results import results
from kagsync.store.migrations.m009_people import people
from kagsync.store.migrations.m010_messages import messages
from kagsync.store.migrations.m011_series import series
from kagsync.store.migrations.m012_report_options import report_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlite_utils import Database

APPLICATION_ID = 0x6B616773  # "kags": marks a database as kagsync's

# A database remembers which of these it has had.
MIGRATIONS: tuple[Callable[[Database], None], ...] = (
    initial,
    rests,
    movements,
    unattended,
    told_apart,
    compared,
    lighter,
    results,
    people,
    messages,
    series,
    report_options,
)
LATEST = len(MIGRATIONS)


def migrate(db: Database) -> None:
    """Brings a database to the latest schema; a migration that fails leaves the schema as it was."""
    from sqlite_utils import Migrations

    migrations = Migrations("kagsync")
    for number, change in enumerate(MIGRATIONS, start=1):
        migrations(name=f"{number:04d}_{change.__name__}")(_numbered(change, number))
    migrations.apply(db)


def _numbered(change: Callable[[Database], None], number: int) -> Callable[[Database], None]:
    def apply(db: Database) -> None:
        change(db)
        db.execute(f"PRAGMA user_version = {number}")

    apply.__name__ = change.__name__
    return apply
