"""Writes the present set-up as a file that `apply` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kagsync.config import notation
from kagsync.config.keys import REPORT, ROSTER, SECTIONS, USERS
from kagsync.config.state import person, state, variable
from kagsync.errors import UsageError, from_os_error
from kagsync.files import output_file
from kagsync.notify import address
from kagsync.tracking.roster_file import FIELDS, roster_csv

if TYPE_CHECKING:
    from pathlib import Path

    from kagsync.store import Store
    from kagsync.store.records import User

ROSTER_FILE = "roster.csv"


def text(store: Store, roster: str | None = None) -> str:
    """The set-up as TOML.

    Args:
        roster: the file that holds the people; None: they are in the text.
    """
    found = state(store)
    tables = [
        notation.table(f"[{section}]" if section == REPORT else f"[[{section}]]", values)
        for section in SECTIONS
        for values in found.get(section, {}).values()
        if values
    ]
    if roster is not None:
        tables.insert(0, notation.assignment(ROSTER, roster))
    else:
        tables += [notation.table(f"[[{USERS}]]", person(user)) for user in people(store)]
    return "\n".join(tables)


def people(store: Store) -> list[User]:
    """The tracked people, in an order that only depends on what is written of them."""
    return sorted(
        store.users.all(),
        key=lambda user: [(user.username or "").lower(), *(getattr(user, field) or "" for field in FIELDS)],
    )


def unnamed(store: Store) -> dict[str, int]:
    """The variables that the file names for URLs in the database, each with the number of a target."""
    return {
        variable(target): target.id
        for target in reversed(store.targets.all())
        if address.variable(target.url) is None
    }


def write(store: Store, file: Path, database: Path, *, force: bool) -> list[Path]:
    """Writes the set-up to a file, and the people, if there are any, to `roster.csv` beside it.

    Args:
        database: the one in use, which must not be overwritten.
        force: replace these files if they exist.

    Returns:
        the files.

    Raises:
        UsageError: a file exists, or cannot be one.
        KagsyncError: a file cannot be written.
    """
    roster = people(store)
    beside = file.parent / ROSTER_FILE
    if roster and file.name.lower() == ROSTER_FILE:
        raise UsageError(f"{file} is the name of the roster", "Choose another file")
    texts = {beside: roster_csv(roster)} if roster else {}
    texts[file] = text(store, ROSTER_FILE if roster else None)
    there = []
    try:
        for path in texts:
            if output_file.examine(path, database) is not None or path.is_symlink():
                there.append(path)
        if there and not force:
            raise UsageError(f"{there[0]} already exists", "Choose another folder, or replace it: --force")
        for path, content in texts.items():
            if path in there:
                output_file.rewrite(path, content.encode())
            else:
                output_file.write_new(path, content, database)
    except OSError as error:
        raise from_os_error(error, f"write {file}") from error
    return list(texts)
