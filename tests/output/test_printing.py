"""Tables on a terminal, in a pipe and as data, with names that would like to do more than be read."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len
from rich.console import Console

from kagsync.output import listing
from kagsync.output.listing import Format, Result
from kagsync.output.terminal import DOWN, UP, Column, Table, signed, sparkline, trend

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTILE = [
    "[red]x[/red]",
    "\x1b[31mred\x1b[0m",
    "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "a\nb\rc\td",
    "\u202eright to left\u2066",
    "zero\u200bwidth\ufeff",
    "=cmd()",
    "<script>alert(1)</script>",
    "\x9b31m",
    "|pipe`tick*star_under",
    "NaN",
    "[x](http://evil.example)",
    "e\u0301 and 👩‍🚀",
    "\ud800",
]


def _table(*names: str) -> Table:
    columns: list[Column[tuple[int, str]]] = [
        Column("Rank", lambda item: str(item[0]), right=True),
        Column("Person", lambda item: item[1], shrink=8),
        Column("Team", lambda item: item[1], keep=10, shrink=6),
        Column("Score", lambda _: "0.5", right=True, keep=90),
    ]
    items = list(enumerate(names, start=1))
    return Table(columns, items, title="A title", facts=["one fact", "another fact"], below=["a note"])


def _terminal(table: Table, width: int) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=True, color_system=None, highlight=False)
    for line in table.lines(width):
        console.print(line)
    return out.getvalue()


def _printed(result: Result, format_: Format = Format.table) -> str:
    """What a result is in a pipe."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        listing.write(result, format_)
    return out.getvalue()


def _pipe(table: Table) -> str:
    return _printed(Result(table))


@pytest.mark.parametrize("width", [20, 40, 60, 80, 160])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    shown = _terminal(_table("Alice", "a very long name that does not fit anywhere", "梯度下降" * 10), width)
    grid = [line for line in shown.splitlines() if "note" not in line and "fact" not in line]
    assert max(cell_len(line) for line in grid) <= width


def test_the_least_important_column_goes_first_and_the_rank_stays() -> None:
    shown = _terminal(_table("a long enough name"), 20)
    assert "Rank" in shown
    assert "Person" in shown
    assert "Team" not in shown


def test_in_a_pipe_nothing_is_cut_coloured_or_boxed() -> None:
    name = "a very long name " * 20
    shown = _pipe(_table(name))
    assert shown.count(name.strip()) == 2
    assert "…" not in shown
    assert "─" not in shown
    assert "\x1b" not in shown
    assert not any(line.endswith(" ") for line in shown.splitlines())


def test_wide_characters_stay_aligned() -> None:
    lines = _pipe(_table("ab", "梯度")).splitlines()
    rows = [line for line in lines if line.endswith("0.5")]
    assert len({cell_len(row) for row in rows}) == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_cannot_style_move_or_hide_anything(name: str) -> None:
    for shown in (_pipe(_table(name)), _terminal(_table(name), 120)):
        assert not any(char in shown for char in "\x1b\x9b\r\t\u202e\u2066\u200b\ufeff\ud800")
        assert len([line for line in shown.splitlines() if line.strip().startswith("1 ")]) == 1
        if name.isascii() and name.isprintable():
            assert name in shown  # markup is text


@pytest.mark.parametrize("name", HOSTILE)
def test_json_gives_the_name_back_and_is_plain_ascii(name: str) -> None:
    out = _printed(Result(data=[{"name": name}]), Format.json)
    assert out.isascii()
    assert not any(char < " " and char != "\n" for char in out)
    assert json.loads(out) == [{"name": name}]


@pytest.mark.parametrize("cell", ["=1+1", "+1 participant", "-2+3", "@SUM(A1)", "\t=1", " =1", "＝1", "\r=1"])
def test_a_spreadsheet_takes_no_cell_for_a_formula(cell: str) -> None:
    out = _printed(Result(data=[{"team": cell}]), Format.csv)
    (_, row) = csv.reader(io.StringIO(out))
    assert row[0].startswith("'") or row[0].startswith("\\"), row


def test_numbers_stay_numbers_in_csv() -> None:
    out = _printed(Result(data=[{"score": -589.7, "rank": 3, "name": None}]), Format.csv)
    assert out == "score,rank,name\n-589.7,3,\n"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_markdown_cell_is_text(name: str) -> None:
    out = _printed(Result(_table(name)), Format.markdown)
    row = next(line for line in out.splitlines() if line.startswith("| 1 |"))
    assert len(row.replace("\\|", "").split("|")) == 6
    assert "<" not in row
    assert "](" not in row.replace("\\](", "")
    assert "://" not in row
    assert "\x1b" not in row


def test_the_best_rank_is_the_highest_bar() -> None:
    assert sparkline([300, 200, 100]) == "▁▅█"  # half of seven steps rounds to the even one
    assert sparkline([5, 5]) == "▄▄"
    assert sparkline([10, None, 5]) == "▁ █"
    assert sparkline([None, None, 7]) == "  ▄"
    assert sparkline([None, 5, 5, None]) == " ▄▄ "
    assert sparkline([10]) == ""
    assert sparkline([None, None]) == ""
    assert sparkline([]) == ""


def test_a_change_is_coloured_by_its_direction() -> None:
    assert [signed(cell) for cell in (f"{UP}3", f"{DOWN}1,047", "new", "=", "")] == [
        "green",
        "red",
        "dim",
        "dim",
        "dim",
    ]
    for ranks, style in {
        (300, 200, 100): "green",
        (1, 900, 300): "red",
        (1, 900, 2): "dim",  # the bars end as high as they began
        (None, 5, 4, None): "green",
        (5, 9, 5): "dim",
        (5, 5): "dim",
        (None, 5): "dim",
    }.items():
        assert trend(sparkline([*ranks])) == style, ranks
    assert trend("") == "dim"


class _Many:
    """Items that are there anew in each iteration; notes how much was printed when the last one was read."""

    def __init__(self, out: io.StringIO) -> None:
        self._out = out
        self.printed = 0

    def __iter__(self) -> Iterator[tuple[int, str]]:
        for number in range(50):
            self.printed = len(self._out.getvalue())
            yield number, f"person {number}"


@pytest.mark.parametrize("format_", Format)
def test_what_is_not_a_list_is_printed_while_it_is_read(
    monkeypatch: pytest.MonkeyPatch, format_: Format
) -> None:
    out = io.StringIO()
    monkeypatch.setattr("sys.stdout", out)
    many = _Many(out)
    data = ({"number": number, "name": name} for number, name in many)
    columns: list[Column[tuple[int, str]]] = [Column("Person", lambda item: item[1])]
    listing.write(Result(Table(columns, many), data), format_)
    assert many.printed > len(out.getvalue()) / 2
    streamed = out.getvalue()
    out.seek(0)
    out.truncate()
    listed = [{"number": number, "name": f"person {number}"} for number in range(50)]
    listing.write(Result(Table(columns, list(many)), listed), format_)
    assert out.getvalue() == streamed


@pytest.mark.parametrize("format_", [Format.json, Format.csv])
def test_nothing_looks_the_same_streamed(capsys: pytest.CaptureFixture[str], format_: Format) -> None:
    listing.write(Result(data=[]), format_)
    listed = capsys.readouterr().out
    listing.write(Result(data=iter([])), format_)
    assert capsys.readouterr().out == listed
