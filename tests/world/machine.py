"""A competition with forty people, for tests of the machine that kagsync runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from world.boards import Team, board_csv, board_zip

if TYPE_CHECKING:
    from pathlib import Path

SLUG = "titanic"


PEOPLE = [f"user{i}" for i in range(40)]


# The same at any second: the table says how long ago things were, and without --since it is a time ago.
TIMELESS = ("show", SLUG, "--format", "csv", "--since", "2025-10-30")


def board_file(folder: Path, when: str, *, strangers: int = 500) -> Path:
    """A board as Kaggle sends it, on which everybody's score tells its hour."""
    names = [*PEOPLE, *(f"stranger{i}" for i in range(strangers))]
    teams = [Team(i, f"Team of {name}", (name,), score=f"0.{when[11:13]}") for i, name in enumerate(names, 1)]
    path = folder / f"{SLUG}-{when[11:13]}.zip"
    path.write_bytes(board_zip(SLUG, board_csv(teams), when))
    return path
