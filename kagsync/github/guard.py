"""Looks through a folder before it is published: no secret and no unpublished name may stand in it.

The report leaves both out by itself. This is a second check, which knows nothing of how the report is made.
"""

from __future__ import annotations

import html
import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_plus

from kagsync import report
from kagsync.errors import UsageError, from_os_error
from kagsync.github.personal import NotPublished
from kagsync.github.secrets import forms, of_run, searchable
from kagsync.report import PSEUDONYM, REAL, strictest_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kagsync.github.secrets import Secret
    from kagsync.store import Store
    from kagsync.store.records import User

_SHORTEST = 5  # letters of a name or an id; a shorter one is likely to be a word or a number of the page
_SHORTEST_NUMBER = 6  # digits of an id that is a number; a shorter one is likely to be a rank
_SHORTEST_WIDE = 2  # characters of a name in Chinese, Japanese or Korean
_FOLD = re.compile(r"\r?\n[ \t]")  # calendars fold their lines
_TAG = re.compile(r"<[^<>]*>")
_ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|([\"\\/,;]))")  # in JSON and in calendars
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_TEMPLATES = {".html", ".css", ".js", ".xml"}
_MOST = 5  # findings in a message
_MOST_FILES = 10_000  # the report of a thousand competitions has a fifth of that
_LARGEST = 10**9  # bytes; GitHub publishes no larger site


class Checked(NamedTuple):
    """What was looked through, and what could not be searched for.

    Attributes:
        files: how many files.
        short_secrets: which secrets are too short.
        short_names: how many names and student ids are too short, or words that pages hold anyway.
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
            found.append(
                f"Names and student ids too short or too common to be searched for: {self.short_names}"
            )
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
    names = strictest_names(names, store.report_options.get().names)
    secrets, short_secrets = searchable(of_run(store))
    people, short_names = _searchable(*_unpublished(store, names))
    found: list[str] = []
    try:
        files = _files(folder)
        for path in files:
            name = path.relative_to(folder).as_posix()
            in_name = _found_in(name.encode(errors="surrogateescape"), secrets, people)
            found += [f"{what} in the name of a file" for what in in_name]
            shown = "that file" if in_name else name
            found += [f"{what} in {shown}" for what in _found_in(path.read_bytes(), secrets, people)]
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
    return Checked(len(files), short_secrets, short_names)


def _files(folder: Path) -> list[Path]:
    """All files of a folder; raises UsageError if they are more than a website can have."""
    found = []
    size = 0
    for path in folder.rglob("*"):
        if path.is_file():
            found.append(path)
            size += path.stat().st_size
        if len(found) > _MOST_FILES or size > _LARGEST:
            raise UsageError(
                f"{folder} has more than {_MOST_FILES:,} files or 1 GB, too much for a website on GitHub",
                "Name the folder of a report",
            )
    return sorted(found)


def _found_in(content: bytes, secrets: Iterable[Secret], people: Iterable[str]) -> list[str]:
    """What stands in a text that must not be published, in words that do not tell it."""
    return [*_secrets_in(content, secrets), *_names_in(content, people)]


def _secrets_in(content: bytes, secrets: Iterable[Secret]) -> Iterator[str]:
    """What the secrets in a file are."""
    places = (content, html.unescape(content.decode("utf-8", "replace")).encode())
    for secret in secrets:
        if any(form.encode() in place for form in forms(secret.value) for place in places):
            yield f"a secret ({secret.what})"


def _unpublished(store: Store, names: str) -> tuple[set[str], set[str]]:
    """The names and ids that pages do not show, also those of archived people, and what they show anyway.

    All are in lower case.
    """
    people = store.users.with_archived()
    hidden = {text for user in people for text in _hidden(user, names) if text}
    return {_folded(text) for text in hidden}, _published(store, people, names)


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
    shown |= {each.name for each in store.series.all()}
    for competition in store.competitions.all():
        shown |= {competition.slug, competition.title}
    return {_folded(text) for text in shown if text}


def _searchable(texts: Iterable[str], published: Iterable[str]) -> tuple[list[str], int]:
    """The texts that can be searched for, and how many cannot, because pages hold them anyway."""
    every = [text for text in texts if not any(map(_as_word(text).search, published))]
    words = _words_of_reports()
    found = [text for text in every if len(text) >= _shortest(text) and text not in words]
    return found, len(every) - len(found)


def _shortest(text: str) -> int:
    if text.isdigit():
        return _SHORTEST_NUMBER
    return _SHORTEST_WIDE if _is_wide(text) else _SHORTEST


def _is_wide(text: str) -> bool:
    """Whether it is in a script that has no spaces between words, and a character for what others spell."""
    return any(unicodedata.east_asian_width(character) == "W" for character in text)


def _words_of_reports() -> set[str]:
    """The words that pages may hold whatever they are about, such as `score` and `table`."""
    files = (path for path in Path(report.__file__).parent.rglob("*") if path.suffix in _TEMPLATES)
    return {word for file in files for word in re.findall(r"[a-z]+", file.read_text("utf-8").casefold())}


def _names_in(content: bytes, names: Iterable[str]) -> Iterator[str]:
    """A description of each name in a file."""
    places = [_folded(reading) for reading in _readings(content.decode("utf-8", "replace"))]
    for name in names:
        if any(name in place and _as_word(name).search(place) for place in places):
            yield "an unpublished name or student id"


def _as_word(name: str) -> re.Pattern[str]:
    """Finds a name as whole words, and a number that is no part of a decimal."""
    if _is_wide(name):
        return re.compile(re.escape(name))
    return re.compile(rf"(?<![^\W_])(?<!\d[.,]){re.escape(name)}(?![^\W_])(?![.,]\d)")


def _readings(text: str) -> Iterator[str]:
    """What a file says: as it is, and without the escapes and tags of the formats that a report has."""
    yield text
    yield unquote_plus(text)
    text = _FOLD.sub("", text)
    yield text.replace('""', '"')  # CSV
    for plain in (text, _TAG.sub("", text), _TAG.sub(" ", text)):
        plain = html.unescape(plain)
        yield plain
        yield _ESCAPED.sub(lambda found: found[2] or chr(int(found[1], 16)), plain)


def _folded(text: str) -> str:
    return " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFC", text)).casefold().split())
