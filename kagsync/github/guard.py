"""Looks through a folder before it is published: no secret and no unpublished name may stand in it.

The report leaves both out by itself. This is a second check, which knows nothing of how the report is made.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from kagsync.errors import UsageError, from_os_error
from kagsync.github.branch import NotPublished
from kagsync.github.secrets import forms, of_run, searchable
from kagsync.report import NAMES, PSEUDONYM, REAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from kagsync.github.secrets import Secret
    from kagsync.store import Store
    from kagsync.store.records import User

_SHORTEST = 5  # letters of a name or an id; a shorter one is likely to be a word or a number of the page
_SHORTEST_NUMBER = 6  # digits of an id that is a number; a shorter one is likely to be a rank
_FOLD = re.compile(r"\r?\n[ \t]")  # calendars fold their lines
_MOST = 5  # findings in a message


class Checked(NamedTuple):
    """What was looked through, and what could not be searched for.

    Attributes:
        files: how many files.
        short_secrets: which secrets are too short.
        short_names: how many names and student ids are too short.
    """

    files: int
    short_secrets: list[str]
    short_names: int

    def lines(self) -> list[str]:
        """In words, line by line."""
        files = "1 file" if self.files == 1 else f"{self.files} files"
        found = [f"No secret and no unpublished name in {files}"]
        if self.short_secrets:
            found.append(f"Too short to be searched for: {', '.join(self.short_secrets)}")
        if self.short_names:
            found.append(f"Names and student ids too short to be searched for: {self.short_names}")
        return found


def check(store: Store, folder: Path, names: str) -> Checked:
    """Looks through all files of a folder.

    Args:
        names: how the pages name people, a word of `report.NAMES`. If the database says that reports tell
            less, that counts.

    Raises:
        UsageError: there is no such folder, or it is empty.
        NotPublished: a secret or an unpublished name stands in it. The message tells which file, and what
            kind of text; not the text, since the log of a public repository is public.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", "Name the folder of a report")
    # A set-up can ask for less than the workflow that was made before.
    names = max(names, store.report_options.get().names or REAL, key=NAMES.index)
    secrets, short_secrets = searchable(of_run(store))
    people, short_names = _searchable(_unpublished(store, names))
    found: list[str] = []
    files = 0
    try:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            files += 1
            name = path.relative_to(folder).as_posix()
            content = name.encode(errors="surrogateescape") + b"\n" + path.read_bytes()
            found += [
                f"{what} in {name}" for what in (*_secrets_in(content, secrets), *_names_in(content, people))
            ]
    except OSError as error:
        raise from_os_error(error, f"read {folder}") from error
    if found:
        more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
        raise NotPublished(
            f"{folder} must not be published: {', '.join(found[:_MOST])}{more}",
            "Publish nothing; find out where it comes from, and change a secret that was shown anywhere",
        )
    if not files:
        raise UsageError(f"{folder} is empty", "Write the report first: kagsync report")
    return Checked(files, short_secrets, short_names)


def _secrets_in(content: bytes, secrets: Iterable[Secret]) -> Iterator[str]:
    """What the secrets in a file are."""
    places = (content, html.unescape(content.decode("utf-8", "replace")).encode())
    for secret in secrets:
        if any(form.encode() in place for form in forms(secret.value) for place in places):
            yield f"a secret ({secret.what})"


def _unpublished(store: Store, names: str) -> set[str]:
    """The names and ids that pages do not show, in lower case; also those of archived people."""
    people = store.users.with_archived()
    hidden = {text for user in people for text in _hidden(user, names) if text}
    return {_folded(text) for text in hidden} - _published(store, people, names)


def _hidden(user: User, names: str) -> tuple[str | None, ...]:
    if names == REAL:
        return (user.student_id,)
    if names == PSEUDONYM:
        return (user.name, user.student_id, user.username)
    return (user.name, user.student_id)


def _published(store: Store, people: Iterable[User], names: str) -> set[str]:
    """What pages show anyway, in lower case. A person may have a name that is also somebody's username."""
    shown = {user.group for user in people} | {user.pseudonym for user in people}
    if names != PSEUDONYM:
        shown |= {user.username for user in people}
    if names == REAL:
        shown |= {user.name for user in people}
    for competition in store.competitions.all():
        shown |= {competition.slug, competition.title}
    return {_folded(text) for text in shown if text}


def _searchable(texts: Iterable[str]) -> tuple[list[str], int]:
    """The texts that are long enough to be searched for, and how many are not."""
    every = list(texts)
    long = [text for text in every if len(text) >= (_SHORTEST_NUMBER if text.isdigit() else _SHORTEST)]
    return long, len(every) - len(long)


def _names_in(content: bytes, names: Iterable[str]) -> Iterator[str]:
    """A description of each name in a file."""
    text = content.decode("utf-8", "replace")
    readings = (text, _FOLD.sub("", text), html.unescape(text), _unescaped_json(text))
    places = [_folded(reading) for reading in readings]
    for name in names:
        if any(name in place and _as_word(name).search(place) for place in places):
            yield "an unpublished name or student id"


def _as_word(name: str) -> re.Pattern[str]:
    """Finds a name as whole words, and a number that is no part of a decimal."""
    return re.compile(rf"(?<![^\W_])(?<!\d[.,]){re.escape(name)}(?![^\W_])(?![.,]\d)")


def _unescaped_json(text: str) -> str:
    """A text whose JSON escapes (\\u00e9) are characters."""
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())
