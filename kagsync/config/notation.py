"""Writes TOML, and finds the line of each value. (The standard library only reads TOML.)"""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

from kagsync.safe_text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Place = tuple[str | int, ...]  # the keys and positions that lead to a value: ("users", 0, "name")
_LONGEST_LINE = 100  # characters of an array that stays on one line
_BARE = re.compile(r"[A-Za-z0-9_-]+")
# Strings over several lines, strings, comments, signs, and what else has no spaces.
_TOKEN = re.compile(
    r'''"""(?:\\.|[^\\])*?"""(?:"{0,2})(?!")'''
    r"""|'{3}.*?'{3}(?:'{0,2})(?!')"""
    r"""|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|#[^\n]*|[\[\]{},\n]|[^\s\[\]{},#"']+""",
    re.DOTALL,
)


def literal(value: Any) -> str:
    """A value in TOML. Characters that could control a terminal are escaped, so any file can be looked at."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{_key(key)} = {literal(each)}' for key, each in value.items())} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(literal, value))}]"
    return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(value)


def table(header: str, values: Mapping[str, Any]) -> str:
    """A table with its header, such as `[[users]]`, and a line for each value."""
    return "".join([f"{header}\n", *(assignment(key, value) for key, value in values.items())])


def assignment(key: str, value: Any) -> str:
    """`key = value`; an array that is too long for a line has a line for each of its values."""
    line = f"{_key(key)} = {literal(value)}\n"
    if len(line) <= _LONGEST_LINE or not isinstance(value, list | tuple):
        return line
    rows = [f"  {literal(each)},\n" for each in value]
    return "".join([f"{_key(key)} = [\n", *rows, "]\n"])


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _text(text: str) -> str:
    written = json.dumps(text, ensure_ascii=False)  # TOML has the same escapes, but \\u is not for surrogates
    return "".join(char if printable(char) == char else _escape(char) for char in written)


def _escape(char: str) -> str:
    number = ord(char)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def lines(text: str) -> dict[Place, int]:
    """The line on which each table, key and value of a document begins.

    Args:
        text: a document without errors. It is read statement by statement.
    """
    found: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    header: Place = ()
    for statement, first, items in _statements(text):
        values = tomllib.loads(statement)
        if values and statement.lstrip().startswith("["):
            header = _header(values, counts)
            found.setdefault(header, first)
        else:
            for place in _places(values):
                number = next((each for each in place if isinstance(each, int)), len(items))
                found.setdefault(header + place, items[number] if number < len(items) else first)
    return found


def _statements(text: str) -> Iterator[tuple[str, int, list[int]]]:
    """The statements of a document: text, line, and the lines of the values of the array that it assigns."""
    text = f"{text}\n"
    start, first, line, depth = 0, 1, 1, 0
    items: list[int] = []
    in_array = begins = False  # whether the outermost bracket is square, and a value of its array begins next
    for token in _TOKEN.finditer(text):
        sign = token[0][0]
        if begins and sign not in "#\n,]":
            items.append(line)
            begins = False
        line += token[0].count("\n")
        if sign in "[{":
            depth += 1
            in_array = sign == "[" if depth == 1 else in_array
            begins = depth == 1 and in_array
        elif sign in "]}":
            depth -= 1
        elif sign == ",":
            begins = depth == 1 and in_array
        elif sign == "\n" and depth == 0:
            yield text[start : token.end()], first, items
            start, first, items, begins = token.end(), line, [], False


def _header(values: dict[str, Any], counts: dict[Place, int]) -> Place:
    """The place of the table that a header begins, read by itself.

    Args:
        counts: how many tables each array of tables has had; updated.
    """
    place: Place = ()
    while values:
        ((key, value),) = values.items()
        place = (*place, key)
        if isinstance(value, list):
            counts[place] = counts.get(place, 0) + 1
            return (*place, counts[place] - 1)
        if place in counts:
            place = (*place, counts[place] - 1)
        values = value
    return place


def _places(value: Any) -> Iterator[Place]:
    """The places within a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield (key,)
        for place in _places(each):
            yield (key, *place)
