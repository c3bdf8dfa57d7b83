"""Makes text by strangers harmless, for every place where it is shown.

Names of teams, people and competitions can hold anything, and so can the answers of servers. There is a
function for each kind of place: a screen or a log line, a spreadsheet, Markdown, a chat.
"""

from __future__ import annotations

import re
import unicodedata

# Invisible, but needed to write emoji and some scripts. They move nothing.
_JOINERS = {"\u200c", "\u200d"}
_NONCHARACTERS = {"\ufffe", "\uffff"}  # XML allows all others
# What begins a formula in a spreadsheet, wide forms too; for a character class.
_FORMULA_STARTS = r"=+\-@|%＝＋－＠"
_FORMULA = rf"\s*[{_FORMULA_STARTS}]"
_QUOTED_FORMULA = rf"'*{_FORMULA}"
_MARKDOWN = r"([\\`*_\[\]#!|~])"
# What chats read as more than text: mentions, links, markup. The wide forms look alike.
_WIDE = str.maketrans({char: chr(ord(char) + 0xFEE0) for char in "@<>[]`*_~|\\"})
# Where an invisible space keeps a chat from seeing more than text. Services read wide forms, too.
_GAP = "\u200b"
_SEAMS = (
    r"(?<=[@＠#＃!！$＄])(?=\S)"  # @everyone, #general, !here, $CASH
    r"|(?<=[/／:：])(?!(?<=\d.)\d)(?=\S)"  # https://x, //x, mailto:x, :emoji:, /command; not 3/4, 10:30
    r"|(?<=\S[.．。｡])(?=[^\W\d])"  # www.x.org; not 0.77
    r"|(?<=\d\.)(?=\d+\.\d)"  # 127.0.0.1
)


def _is_dangerous(char: str) -> bool:
    category = unicodedata.category(char)
    if category == "Cf":
        return char not in _JOINERS
    return category in ("Cc", "Cs", "Zl", "Zp") or char in _NONCHARACTERS


def printable(text: str) -> str:
    r"""For one line on a screen or in a log: replaces whatever could control a terminal or hide text.

    Control characters (ESC, newline …), bidi and other format characters, line separators, lone surrogates
    and the two characters that XML forbids become visible escapes (``\x1b``, ``\u202e``); every other
    character stays.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char.encode("unicode_escape").decode("ascii") if _is_dangerous(char) else char for char in text
    )


def slug(text: str) -> str:
    """A text as a name that is easy to type: lower-case letters without accents, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(char for char in plain if not unicodedata.combining(char)).lower()
    return re.sub(r"[\W_]+", "-", plain).strip("-")


def printable_lines(text: str) -> str:
    """The same for text whose line feeds are meant."""
    return "\n".join(printable(line) for line in text.split("\n"))


def spreadsheet_safe(text: str) -> str:
    """For a cell of a spreadsheet: if it looks like a formula, it gets a `'` in front."""
    text = printable(text)
    return f"'{text}" if re.match(_FORMULA, text) else text


def quote_formula(text: str) -> str:
    """The same for a cell that `unquote_formula` gives back exactly as it was."""
    return f"'{text}" if re.match(_QUOTED_FORMULA, text) else text


def unquote_formula(text: str) -> str:
    """Takes away the `'` that `quote_formula` put in front."""
    return text[1:] if text.startswith("'") and re.match(_QUOTED_FORMULA, text[1:]) else text


def markdown_safe(text: str) -> str:
    """For Markdown: text and nothing else."""
    text = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # GitHub turns a mention into a notification, and a bare address into a link.
    text = text.replace("@", "&#64;").replace("://", "&#58;//").replace("www.", "www&#46;")
    return re.sub(_MARKDOWN, r"\\\1", text)


def chat_safe(text: str) -> str:
    """For a chat or a mail: nothing in it is taken for a mention, a link or markup. It looks the same."""
    return re.sub(_SEAMS, _GAP, printable(text).translate(_WIDE))


def clip(text: str, limit: int) -> str:
    """At most `limit` characters. The middle is cut out, because a message ends with its remedy."""
    if len(text) <= limit:
        return text
    tail = limit // 3
    return f"{text[: limit - tail - 1]}…{text[-tail:]}"
