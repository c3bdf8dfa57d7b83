"""Text by strangers, made harmless for a screen or a log line."""

from __future__ import annotations

import unicodedata

# What begins a formula in a spreadsheet, wide forms too; for a character class.
FORMULA_STARTS = r"=+\-@|%＝＋－＠"

# Invisible, but part of how emoji and some scripts are written; they move nothing.
_JOINERS = {"\u200c", "\u200d"}


def _is_dangerous(char: str) -> bool:
    category = unicodedata.category(char)
    return category in ("Cc", "Cs", "Zl", "Zp") or (category == "Cf" and char not in _JOINERS)


def printable(text: str) -> str:
    r"""Replaces everything that could steer a terminal or hide text by its escape.

    Control characters (ESC, newline …), bidi and other format characters, line separators and lone
    surrogates become visible (``\x1b``, ``\u202e``); every other character stays.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char.encode("unicode_escape").decode("ascii") if _is_dangerous(char) else char for char in text
    )


def clip(text: str, limit: int) -> str:
    """At most `limit` characters: the middle of what is longer goes, for a message ends with its remedy."""
    if len(text) <= limit:
        return text
    tail = limit // 3
    return f"{text[: limit - tail - 1]}…{text[-tail:]}"
