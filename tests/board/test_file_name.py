"""The file name of a leaderboard: its snapshot time, and a form that every system can store."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world.boards import board_name

from kagsync.board.file_name import safe, snapshot_time

WHEN = datetime(2025, 10, 31, 16, 26, 26, tzinfo=UTC)


@pytest.mark.parametrize(
    "time",
    [
        "2025-10-31T16:26:26",
        "2025-10-31_T_16_26_26",
        "2025-10-31T16_26_26",
        "2025-10-31T16-26-26",
        "2025-10-31T162626",
        "2025-10-31T162626Z",
        "2025-10-31_16-26-26",
        "2025-10-31_162626",
        "2025-10-31-16-26-26",
        "2025-10-31 16:26:26.123456",
        "2025-10-31 16.26.26",
    ],
)
def test_the_snapshot_time_is_read_however_a_system_wrote_it(time: str) -> None:
    assert snapshot_time(f"spaceship-titanic-publicleaderboard-{time}.csv") == WHEN
    assert snapshot_time(f"{time}.csv") == WHEN


def test_a_browser_that_numbers_its_downloads_does_not_hide_the_time() -> None:
    assert snapshot_time("titanic-publicleaderboard-2025-10-31T16_26_26 (1).csv") == WHEN


def test_a_private_board_and_a_slug_with_capitals_and_digits_have_a_time_too() -> None:
    assert snapshot_time("MLSP2023-volunteers-01-privateleaderboard-2025-10-31T16:26:26.csv") == WHEN


@pytest.mark.parametrize(
    "name",
    [
        "titanic-2020-10-publicleaderboard.csv",
        board_name("titanic", ""),
        "titanic-2025-10-31.csv",
        "titanic-2025-10-31 (1).csv",
        "titanic-2025-10-31-1626.csv",
        "titanic-2025-13-31T16:26:26.csv",
        "titanic-0999-10-31T16:26:26.csv",  # strftime writes that year with three digits
        "titanic-2025-02-30T16:26:26.csv",
        "titanic-2025-10-31T25:00:00.csv",
        "titanic-2025-10-31T16:26:60.csv",
        "titanic-2025-10-31T16:26:261.csv",
        "titanic-2025-10-31T16:26_26.csv",
        "",
    ],
)
def test_a_name_without_a_time_that_makes_sense_has_none(name: str) -> None:
    assert snapshot_time(name) is None


def test_the_last_time_in_a_name_counts() -> None:
    assert snapshot_time("copy-of-2020-01-01T00:00:00-board-2025-10-31T16:26:26.csv") == WHEN
    assert snapshot_time("board-2025-10-31T16:26:26-2025-99-99T00:00:00.csv") == WHEN


def test_the_stored_name_has_the_time_as_the_contract_writes_it() -> None:
    assert safe(board_name("spaceship-titanic", "2025-10-31T16:26:26")) == (
        "spaceship-titanic-publicleaderboard-2025-10-31_T_16_26_26.csv"
    )


@pytest.mark.parametrize(
    "name",
    [
        "titanic-publicleaderboard.csv",
        "titanic-publicleaderboard-2025-10-31T16_26_26.csv",
        "a b.csv",
        "ä.csv",
    ],
)
def test_a_name_that_is_safe_already_stays(name: str) -> None:
    assert safe(name) == name


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("BOARD.CSV", "BOARD.csv"),
        ("board.txt", "board.txt.csv"),
        ("", "board.csv"),
        (".csv", "board.csv"),
        ("...csv", "board.csv"),
        ("con.csv", "board_con.csv"),
        ("NUL.board.csv", "board_NUL.board.csv"),
        ("a/b\\c:d.csv", "a_b_c_d.csv"),
        ("../../etc/passwd", "_.._etc_passwd.csv"),
        ("a\0\x1f\x7f.csv", "a___.csv"),
        ("trailing. .csv", "trailing.csv"),
    ],
)
def test_a_name_no_system_could_store_is_made_safe(name: str, stored: str) -> None:
    assert safe(name) == stored


_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt") for i in range(10))}
_NAMES = st.one_of(
    st.text(max_size=40),
    st.text(st.characters(exclude_categories=()), max_size=300),  # lone surrogates too
    st.text('abc:/\\.*?"<>| \n\0csv2025-10-31T16', max_size=60),
    st.sampled_from(sorted(_RESERVED)).flatmap(
        lambda word: st.sampled_from([word, word.upper(), f"{word}.x"])
    ),
)


@settings(max_examples=300)
@given(_NAMES)
def test_whatever_comes_in_one_component_that_windows_takes_comes_out(name: str) -> None:
    stored = safe(name)
    stem = stored.removesuffix(".csv")
    assert stored.endswith(".csv")
    assert stem
    assert not set(stored) & set('<>:"/\\|?*\0')
    assert not any(ord(char) < 32 for char in stored)
    assert stem[0] != "."
    assert stem[-1] not in " ."
    assert stored.split(".")[0].lower() not in _RESERVED
    assert safe(stored) == stored


@settings(max_examples=100)
@given(st.text(st.sampled_from("aä漢😀"), min_size=60, max_size=200))
def test_a_long_name_fits_into_the_255_bytes_that_file_systems_allow(name: str) -> None:
    assert len(safe(name).encode()) <= 255


@settings(max_examples=100)
@given(
    st.integers(1_262_304_000, 4_070_908_800),  # 2010 to 2098
    st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True),
)
def test_the_time_survives_the_safe_name(seconds: int, slug: str) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    name = board_name(slug, f"{moment:%Y-%m-%dT%H:%M:%S}")
    assert snapshot_time(name) == snapshot_time(safe(name)) == moment
