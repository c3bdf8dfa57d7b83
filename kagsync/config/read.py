"""Reads a set-up file. All that is wrong in the file itself is reported at once, with its lines."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from kagsync.config import notation
from kagsync.config.keys import PART, REPORT, ROSTER, SECTIONS, SERIES, TOP, USERS, Key, wrong
from kagsync.errors import BadLines, UsageError, near
from kagsync.inputs import short

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kagsync.config.notation import Place

_LONGEST = 5_000_000  # bytes
_MOST_NAMED = 20  # problems in a message
_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_NOTHING_DONE = "Nothing was changed. Fix the file and try again"


@dataclass(frozen=True)
class Entry:
    """A table of a set-up file: a competition, a series, a target, a person, or the report's options.

    Attributes:
        section: one of `keys.SECTIONS`.
        name: what it is called in messages.
        values: of the right types.
        line: where it begins.
        lines: where each key is.
    """

    section: str
    name: str
    values: Mapping[str, Any]
    line: int
    lines: Mapping[str, int] = field(default_factory=dict)

    def line_of(self, key: str) -> int:
        """The line of a key; of one that is not there, that of the table."""
        return self.lines.get(key, self.line)


@dataclass(frozen=True)
class Setup:
    """A set-up file.

    Attributes:
        path: the file.
        sections: the tables of each section that is in the file. `apply` does not touch what the others list.
        roster: the file with the people; None: they are in `sections`, or the file has none.
    """

    path: Path
    sections: Mapping[str, list[Entry]]
    roster: Path | None = None


class Problems:
    """What is wrong in a file, gathered."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: list[tuple[int, str]] = []

    def add(self, line: int, what: str) -> None:
        """A problem on a line."""
        self._found.append((line, what))

    def of(self, entry: Entry, key: str, what: str) -> None:
        """A problem with a value of an entry."""
        self.add(entry.line_of(key), f"{entry.name}: {key} {what}")

    def refuse(self) -> None:
        """Ends the command if there are problems.

        Raises:
            UsageError: there is one.
            BadLines: there are several.
        """
        named = [f"{self._path}:{line}: {what}" for line, what in sorted(self._found)]
        if len(named) == 1:
            raise UsageError(named[0], _NOTHING_DONE)
        if named:
            shown = named[:_MOST_NAMED]
            if len(named) > len(shown):
                shown.append(f"and {len(named) - len(shown):,} more")
            raise BadLines(f"{self._path} has {len(named):,} problems", _NOTHING_DONE, shown)


def read(path: Path) -> Setup:
    """Reads and checks a file.

    Raises:
        UsageError: it cannot be read, is not TOML, or something in it is wrong.
    """
    text, problems = _text(path), Problems(path)
    try:
        document = tomllib.loads(text)
    except ValueError as error:  # not TOML, or a number of thousands of digits
        raise _broken(path, text, str(error)) from error
    except RecursionError as error:
        raise UsageError(f"{path}: its arrays are nested too deeply", _NOTHING_DONE) from error
    try:
        setup = _Reader(path, text, problems).setup(document)
    except RecursionError as error:
        raise UsageError(f"{path}: a key in it has too many parts", _NOTHING_DONE) from error
    problems.refuse()
    return setup


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_LONGEST + 1)
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError as error:
        raise UsageError(
            f"there is no file {path}", f"Write the present set-up there: kagsync export-config {path}"
        ) from error
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", "Pass another file") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text", "Save it as UTF-8") from error
    if len(content) > _LONGEST:
        raise UsageError(
            f"{path} is larger than {_LONGEST // 1_000_000} MB", "Put the people into a CSV file"
        )
    return text


def _broken(path: Path, text: str, message: str) -> UsageError:
    """The error for a text that is not TOML."""
    found = _POSITION.search(message)
    what = message if found is None else message[: found.start()]
    line = int(found[1]) if found and found[1] else text.count("\n") + 1
    column = f", column {found[2]}" if found and found[2] else ""
    return UsageError(f"{path}:{line}{column}: not TOML: {what}", _NOTHING_DONE)


class _Reader:
    """Makes entries of a document."""

    def __init__(self, path: Path, text: str, problems: Problems) -> None:
        self._path, self._text, self._problems = path, text, problems
        self._lines: dict[Place, int] = notation.lines(text)

    def setup(self, document: dict[str, Any]) -> Setup:
        self._refuse_unknown("", (), document, TOP)
        sections = {
            name: self._section(name, document[name], keys)
            for name, keys in SECTIONS.items()
            if name in document
        }
        return Setup(self._path, sections, self._roster(document))

    def _line(self, place: Place) -> int:
        """The line of a place, or of the statement that it is in."""
        while place and place not in self._lines:
            place = place[:-1]
        return self._lines.get(place, 1)

    def _roster(self, document: dict[str, Any]) -> Path | None:
        name = document.get(ROSTER)
        if name is None:
            return None
        if not isinstance(name, str) or not name.strip() or "\0" in name:
            self._problems.add(self._line((ROSTER,)), f"{ROSTER} must be the name of a file")
            return None
        if USERS in document:
            self._problems.add(
                self._line((ROSTER,)), f"{ROSTER} and [[{USERS}]] are both there: keep one of them"
            )
            return None
        path = self._path.parent / name
        try:
            path.stat()
        except OSError as error:
            self._problems.add(self._line((ROSTER,)), f"{ROSTER}: cannot read {path}: {error.strerror}")
        return path

    def _section(self, name: str, value: Any, keys: dict[str, Key]) -> list[Entry]:
        if name == REPORT:
            if isinstance(value, dict):
                return [self._entry(name, REPORT, (name,), value, keys)]
            self._problems.add(self._line((name,)), f"{name} must be a table: [{name}]")
            return []
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self._problems.add(self._line((name,)), f"{name} must be an array of tables: [[{name}]]")
            return []
        entries = [
            self._entry(name, f"{name}.{_called(each, keys) or number}", (name, number - 1), each, keys)
            for number, each in enumerate(value, start=1)
        ]
        for before, entry in pairwise(entries):
            if name == USERS and before.line == entry.line:  # messages name people by their lines
                self._problems.add(entry.line, f"{entry.name}: write it on a line of its own")
        return entries

    def _entry(self, section: str, name: str, place: Place, values: dict[str, Any], keys: Any) -> Entry:
        lines = {key: self._line((*place, key)) for key in values}
        self._check(name, place, values, keys)
        if section == SERIES and isinstance(parts := values.get("competitions"), list):
            for number, part in enumerate(parts):
                if isinstance(part, dict):
                    inner = (*place, "competitions", number)
                    self._check(f"{name}.competitions.{_called(part, PART) or number + 1}", inner, part, PART)
        return Entry(section, name, values, self._line(place), lines)

    def _check(self, name: str, place: Place, values: dict[str, Any], keys: dict[str, Key]) -> None:
        self._refuse_unknown(f"{name}: ", place, values, keys)
        for key, kind in keys.items():
            if key in values:
                if (what := wrong(kind, values[key])) is not None:
                    self._problems.add(self._line((*place, key)), f"{name}: {key} {what}")
            elif kind.required:
                self._problems.add(self._line(place), f"{name}: {key} is missing")

    def _refuse_unknown(self, name: str, place: Place, values: dict[str, Any], known: Any) -> None:
        for key in values:
            if key not in known:
                similar = near(key, known)
                meant = f'did you mean "{similar[0]}"?' if similar else f"choose from {', '.join(known)}"
                self._problems.add(self._line((*place, key)), f"{name}unknown key {_quoted(key)} ({meant})")


def _called(values: dict[str, Any], keys: dict[str, Key]) -> str:
    """What a table is called: its first key that is there and identifies it; empty: nothing does."""
    for key in ("slug", "username", "name", "student_id", "team"):
        if key in keys and isinstance(name := values.get(key), str) and name:
            return name if len(name) <= 40 else f"{name[:39]}…"
    return ""


def _quoted(key: str) -> str:
    return f'"{short(key)[1:-1]}"'
