"""What the tests of the report share: where its database and its pages are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "a.db"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return tmp_path / "site"
