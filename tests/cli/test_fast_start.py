"""What kagsync reads itself must be what typer would have read."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer

from kagsync.cli.fast_start import read_plainly


class Color(StrEnum):
    red = "red"
    blue = "blue"


def loud(text: str | None) -> str | None:
    return None if text is None else text.upper()


def command() -> tuple[Any, list[dict[str, object]]]:
    seen: list[dict[str, object]] = []
    app = typer.Typer(add_completion=False, rich_markup_mode=None)

    @app.command()
    def paint(
        what: str,
        words: Annotated[list[str] | None, typer.Argument()] = None,
        color: Color = Color.red,
        to: Path | None = None,
        by: Path = Path("x"),
        title: Annotated[str | None, typer.Option(callback=loud)] = None,
        text: Annotated[str, typer.Option()] = "some",
        times: Annotated[int | None, typer.Option(min=1, max=9)] = None,
        numbers: Annotated[list[int] | None, typer.Option()] = None,
        dry: bool = False,
        wet: Annotated[bool | None, typer.Option("--wet/--no-wet")] = None,
    ) -> None:
        seen.append(dict(locals()))
        del seen[-1]["seen"]

    return typer.main.get_command(app), seen


def outcome(words: list[str], *, plainly: bool) -> tuple[object, ...]:
    made, seen = command()
    if plainly:
        read_plainly(made)
    try:
        with made.make_context("paint", list(words)) as context:
            made.invoke(context)
    except Exception as error:  # noqa: BLE001
        return type(error).__name__, str(error), getattr(error, "message", None)
    return tuple((name, type(value), value) for name, value in seen[0].items())


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["it"],
        [""],
        ["it", "a", "b"],
        ["it", "é", "b"],
        ["\udcff"],
        ["it", "\udcff"],
        ["it", "--color", "blue"],
        ["it", "--color", "BLUE"],
        ["it", "--color", "green"],
        ["it", "--color", ""],
        ["it", "--to", "a/b", "--by", "é"],
        ["it", "--to", "", "--by", "\udcff"],
        ["it", "--to", "a\0b"],
        ["it\0", "a\0b", "b"],
        ["it", "--title", "x", "--text", "y"],
        ["it", "--title", "ß", "--text", ""],
        ["it", "--times", "3"],
        ["it", "--times", "0"],
        ["it", "--times", "9"],
        ["it", "--times", "10"],
        ["it", "--times", "003"],
        ["it", "--times", "+3"],
        ["it", "--times", " 3"],
        ["it", "--times", "٣"],
        ["it", "--times", "3.0"],
        ["it", "--times=-1"],
        ["it", "--times", "many"],
        ["it", "--numbers", "1", "--numbers", "2"],
        ["it", "--numbers", "x"],
        ["it", "--dry", "--no-wet"],
        ["it", "--nothing"],
        ["--help"],
    ],
    ids=repr,
)
def test_a_value_is_what_typer_makes_of_it(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    theirs = outcome(words, plainly=False), capsys.readouterr()
    ours = outcome(words, plainly=True), capsys.readouterr()

    assert ours == theirs
