"""Tables at every width: which columns stay, what is cut, and that sentences and commands are never cut."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from kagsync.output import listing
from kagsync.output.listing import Result
from kagsync.output.terminal import Column, Table, wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTHS = [20, 40, 60, 80, 100, 120, 160, 200]


def table(people: Sequence[tuple[str, str]], below: Sequence[str] = (), *, chosen: bool = False) -> Table:
    """People with their teams; every fourth one has a baseline, every fourth one has moved."""
    items = list(enumerate(people))
    columns: list[Column[tuple[int, tuple[str, str]]]] = [
        Column("Rank", lambda item: f"{item[0] * 100 + 1:,}", right=True),
        Column("Person", lambda item: item[1][0], shrink=14),
        Column("Score", lambda _: "0.80711", right=True, keep=90),
        Column("Baseline", lambda item: "" if item[0] % 4 else "0.00100 (3) The bar", keep=80, note="A note"),
        Column("Moved", lambda item: "" if item[0] % 4 else "▲1", keep=70, sparse=True),
        Column("Team", lambda item: item[1][1], keep=50, shrink=12),
        Column("Top", lambda _: "12.5%", right=True, keep=40),
    ]
    return Table(columns, items, title="A title", facts=["a fact"] * 5, below=below, chosen=chosen)


PEOPLE = [(f"Person Number{n}", f"The {n}th team of this class") for n in range(8)]


def lines(shown: Table, width: int | None) -> list[str]:
    return [line.plain.rstrip() for line in shown.lines(width)]


def titles(shown: Table, width: int) -> list[str]:
    head = next(line for line in lines(shown, width) if line.lstrip().startswith("Rank"))
    return head.split()


def test_mostly_empty_columns_go_first_then_the_less_important() -> None:
    seen = [titles(table(PEOPLE), width) for width in range(200, 10, -1)]
    order = list(dict.fromkeys(column for found in reversed(seen) for column in found))
    assert order == ["Rank", "Person", "Score", "Moved", "Team", "Top", "Baseline"]


def test_a_wider_terminal_shows_no_column_less() -> None:
    for narrow in range(20, 200):
        shown = titles(table(PEOPLE), narrow), titles(table(PEOPLE), narrow + 1)
        assert set(shown[0]) <= set(shown[1]), narrow


def test_an_unimportant_column_does_not_shorten_usual_names() -> None:
    people = [("A name with twenty-nine chars", "team")] * 4
    for width in range(20, 120):
        found = lines(table(people), width)
        if any("Top" in line for line in found):
            assert sum(people[0][0] in line for line in found) == 4, width


def test_a_note_goes_with_the_last_column_that_it_explains() -> None:
    shown = table(PEOPLE, below=["A note", "Another line"])
    assert "A note" in lines(shown, 200)
    assert "A note" in lines(shown, None)
    assert "A note" not in lines(shown, 60)
    assert "Another line" in lines(shown, 60)


def test_chosen_columns_that_do_not_fit_are_named() -> None:
    told = " ".join(line.strip() for line in lines(table(PEOPLE, chosen=True), 45))
    assert "The terminal is too narrow for: Baseline, Team, Top" in told
    assert not any("narrow" in line for line in lines(table(PEOPLE, chosen=True), 200))


def test_a_sign_stays_when_the_name_before_it_is_cut() -> None:
    shown = table([("A very long name that does not fit at all*", "team")])
    (row,) = [line for line in lines(shown, 36) if line.lstrip().startswith("1 ")]
    assert re.search(r"A very .*…\*  0\.80711", row), row


NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)


@given(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=5), st.sampled_from(WIDTHS[1:]))
def test_whatever_people_are_called_no_line_is_wider_than_the_terminal(
    people: list[tuple[str, str]], width: int
) -> None:
    assert max(cell_len(line) for line in lines(table(people), width)) <= width


WORDS = st.lists(st.text("abcdefgh", min_size=1, max_size=14), min_size=1, max_size=30).map(" ".join)
COMMANDS = st.sampled_from(
    ["kagsync users rename 'a b' a-very-long-username", "kagsync show titanic", "kagsync missing c1"]
)


@given(WORDS, COMMANDS, st.sampled_from(["", "; or else do this", ". Then go on"]), st.sampled_from(WIDTHS))
def test_a_sentence_is_whole_at_every_width_and_its_command_is_on_one_line(
    words: str, command: str, rest: str, width: int
) -> None:
    text = f"{words}: {command}{rest}"
    found = wrapped(text, width, "  ")
    assert " ".join(line.strip() for line in found) == text
    assert any(command in line for line in found)
    for line in found:
        assert cell_len(line) <= width or line.startswith(command)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Zs", "Cc"]), min_size=1))
def test_a_word_that_is_longer_than_a_line_is_broken(word: str) -> None:
    found = wrapped(f"see {word}", 20)
    assert "".join(found).replace("see ", "see") == f"see{word}"
    assert all(cell_len(line) <= 20 for line in found)


def test_a_text_keeps_its_own_spaces() -> None:
    assert wrapped("a  b   c", 80) == ["a  b   c"]
    assert wrapped("", 80) == [""]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_terminal_gets_a_long_command_in_one_piece(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    command = "kagsync users rename averyoldusername123 averynewusername456"
    monkeypatch.setenv("COLUMNS", str(width))
    out = Terminal()
    monkeypatch.setattr("sys.stdout", out)
    listing.write(Result(table(PEOPLE, below=[f"has @a become @b? {command}"])), listing.Format.table)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())
    assert command in plain
    assert all(cell_len(line) <= width or line == command for line in plain.splitlines())
