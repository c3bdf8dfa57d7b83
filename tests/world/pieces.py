"""Boards as the rows that the reader gives, for tests of what comes after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kagsync.board.rows import Rows

if TYPE_CHECKING:
    from world.boards import Team


def piece(teams: list[Team]) -> Rows:
    """These teams as the piece of a board; a team without a rank has a cell that could not be read."""
    return Rows(
        ranks=[team.rank for team in teams],
        team_ids=[team.team_id for team in teams],
        team_names=[team.name for team in teams],
        members=[",".join(team.members) for team in teams],
        scores=[float(team.score) for team in teams],
        score_texts=[team.score for team in teams],
        submission_counts=[team.submissions for team in teams],
        dates=["" for _ in teams],
    )
