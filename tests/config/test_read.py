"""A set-up file is checked as a whole: every problem is named with its line."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from kagsync.config import notation
from kagsync.config.read import read
from kagsync.errors import BadLines, UsageError

if TYPE_CHECKING:
    from pathlib import Path


def problems(folder: Path, text: str) -> list[str]:
    file = folder / "kagsync.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read(file)
    found = caught.value.lines if isinstance(caught.value, BadLines) else [caught.value.message]
    return [line.removeprefix(f"{file}:") for line in found]


def test_all_problems_are_named_at_once_each_with_its_line(tmp_path: Path) -> None:
    text = """\
rooster = "x"

[[competitions]]
slug = "titanic"
titel = "x"  # a typo
[[competitions]]
title = 3
[[series]]
name = "Autumn"
competitions = [
  "titanic",
  { slug = "other", wight = 2 },
]
rule = "plases"
[report]
names = true
"""
    assert problems(tmp_path, text) == [
        '1: unknown key "rooster" (did you mean "roster"?)',
        '5: competitions.titanic: unknown key "titel" (did you mean "title"?)',
        "6: competitions.2: slug is missing",
        "7: competitions.2: title must be text",
        '12: series.Autumn.competitions.other: unknown key "wight" (did you mean "weight"?)',
        "14: series.Autumn: rule cannot be 'plases' (choose from places, percentile, local-percentile, "
        "score, kaggle, ctf)",
        "16: report: names must be text",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = [1,\nb = 2\n", "2, column 1: not TOML"),
        ("[report]\n[report]\n", "2, column 8: not TOML"),
        ('x = "', "1: not TOML"),
        ("competitions = 3", "1: competitions must be an array of tables: [[competitions]]"),
        ("[competitions]\n", "1: competitions must be an array of tables: [[competitions]]"),
        (f"[[series]]\nname = 'a'\ncompetitions = []\nbest = {'9' * 5000}", "4: not TOML: "),
        (
            f"[[series]]\nname = 'a'\ncompetitions = []\nbest = 0x{'f' * 5000}",
            "4: series.a: best is too large",
        ),
        ("[[report]]\n", "1: report must be a table: [report]"),
        ("roster = 3", "1: roster must be the name of a file"),
        ('roster = "nobody.csv"', "1: roster: cannot read "),
        ('roster = "r.csv"\n[[users]]\nusername = "a"', "1: roster and [[users]] are both there"),
        ('[[users]]\nusername = "a"\nuser.name = "b"', '3: users.a: unknown key "user"'),
        ("[[notify]]\nurl = 'env:X'\nonly = 'left'", "3: notify.1: only must be an array of texts"),
        (
            "[[series]]\nname = 'a'\ncompetitions = []\nbest = true",
            "4: series.a: best must be a whole number",
        ),
        (f"[[competitions]]\nslug = 'a'\ntitle = '{'x' * 1001}'", "3: competitions.a: title has 1,001"),
        ('[[competitions]]\nslug = "\\u001b[31m"\nx = 1', "3: competitions.\\x1b[31m: unknown key"),
    ],
)
def test_what_is_wrong(text: str, said: str, tmp_path: Path) -> None:
    (found,) = problems(tmp_path, text)
    from kagsync.safe_text import printable

    assert printable(found).startswith(said)


def test_of_many_problems_the_first_are_named(tmp_path: Path) -> None:
    found = problems(tmp_path, "[report]\n" + "".join(f"x{number} = 1\n" for number in range(100)))
    assert len(found) == 21
    assert found[-1] == "and 80 more"


@pytest.mark.parametrize(
    "content", [b"\xff\xfea", b"x = 1" + b"\n" * 6_000_000, b"x = " + b"[" * 5000, b"a." * 1100 + b"a = 1"]
)
def test_what_cannot_be_read(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "kagsync.toml"
    file.write_bytes(content)
    for path in (file, tmp_path / "none.toml", tmp_path):
        with pytest.raises(UsageError):
            read(path)


def test_a_byte_order_mark_and_windows_line_ends_are_no_problem(tmp_path: Path) -> None:
    file = tmp_path / "kagsync.toml"
    file.write_bytes(b'\xef\xbb\xbf[[competitions]]\r\nslug = "a"\r\n')
    assert read(file).sections["competitions"][0].line_of("slug") == 2


TOKENS = ["'''", '"""', '"', "'", "#", "[", "]", "{", "}", ",", "=", r"\\", "x", " ", "\n", r"\n"]


@given(st.lists(st.sampled_from(TOKENS), max_size=12).map("".join), st.integers(0, 3))
def test_lines_are_found_whatever_strings_and_comments_hold(text: str, kind: int) -> None:
    value = (json.dumps(text), f"'{text}'", f'"""{text}"""', f"'''{text}'''")[kind]
    comment = text.replace("\n", "")
    document = f"a = {value}\nb = [\n{value}, # {comment}\n1]\n[c]\nd = 1\n"
    try:
        assume(tomllib.loads(document)["b"][1:] == [1])
    except tomllib.TOMLDecodeError:
        reject()
    found = notation.lines(document)
    more = value.count("\n")
    lines = [found[place] for place in (("a",), ("b",), ("b", 0), ("b", 1), ("c",), ("c", "d"))]
    assert lines == [1, 2 + more, 3 + more, 4 + 2 * more, 5 + 2 * more, 6 + 2 * more]


def test_the_work_for_the_lines_grows_in_proportion_to_the_text() -> None:
    text = "# a comment\n\n" * 50_000  # quadratic work would take minutes
    assert notation.lines(f"{text}a = 1")[("a",)] == 100_001


def test_the_lines_of_nested_tables_and_values_over_several_lines() -> None:
    text = '''
[[a]]
x = """
y = 1
"""
y = [
  1, # ]
]
[[a.b]]
z = 1
[[a]]
[[a.b]]
[[a.b]]
z.w = 2
[c."d.e"]
f = 1
'''
    found = notation.lines(text)
    assert found["a", 0] == 2
    assert (found["a", 0, "x"], found["a", 0, "y"]) == (3, 6)
    assert (found["a", 0, "b", 0], found["a", 0, "b", 0, "z"]) == (9, 10)
    assert (found["a", 1], found["a", 1, "b", 0], found["a", 1, "b", 1]) == (11, 12, 13)
    assert found["a", 1, "b", 1, "z", "w"] == 14
    assert found["c", "d.e", "f"] == 16
