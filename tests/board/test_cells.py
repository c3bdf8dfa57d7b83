"""Cells as numbers."""

from __future__ import annotations

import pytest

from kagsync.board import cells


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        (" +7 ", 7),
        ("7.0", 7),
        ("-0", 0),
        ("-0.0", 0),
        ("007", 7),
        ("0" * 30 + "7", 7),
        (str(2**63 - 1), 2**63 - 1),
        (str(2**63), None),
        ("-7", None),
        ("7.5", None),
        ("٧", None),
        ("", None),
    ],
)
def test_a_whole_number_is_one_from_0_up_that_sqlite_can_hold(text: str, value: int | None) -> None:
    assert cells.integer(text) == value
    column, _ = cells.integers([text, "1"])
    assert list(column) == [value, 1]
