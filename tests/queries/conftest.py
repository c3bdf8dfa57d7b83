"""What the tests of news and history share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from world import two_days

if TYPE_CHECKING:
    from world.club import Club


@pytest.fixture
def five(club: Club) -> Club:
    """Five people and a competition, which has no board yet."""
    two_days.five_people(club)
    return club


@pytest.fixture
def moved(club: Club) -> Club:
    """The same people with two boards, a day after the other, long ago."""
    two_days.two_boards(club)
    return club
