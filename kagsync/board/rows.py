"""The rows of a board: a piece of the file as parallel lists, and each row as a standing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kagsync.board import cells
from kagsync.board.cells import Legible
from kagsync.standings.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from kagsync.board.cells import FloatArray
    from kagsync.board.summary import BoardSummary


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a board as parallel lists, and a function that makes the standing of row i."""

    ranks: list[int | None]
    team_names: list[str]
    members: list[str]
    standing: Callable[[int], Standing]


def chunk(
    frame: pd.DataFrame, ranks: list[int | None], members: list[str], date_column: str, summary: BoardSummary
) -> Chunk:
    """Reads the numbers and dates of a piece. A cell that is not legible becomes None, and is counted."""
    score_texts = frame["Score"].tolist()
    numbers = floats(frame["Score"], summary)
    scores = numbers.tolist()
    team_ids = integers(frame["TeamId"], summary)
    team_names = frame["TeamName"].tolist()
    dates = frame[date_column].tolist() if date_column in frame else None
    read_date = cells.date if date_column == "LastSubmissionDate" else cells.old_date
    if dates is not None:
        summary.note(date_column, cells.legible_dates(dates, read_date))
    counts = integers(frame["SubmissionCount"], summary) if "SubmissionCount" in frame else None
    summary.add(ranks, numbers, members if "TeamMemberUserNames" in frame else team_names, team_ids)
    if "del=" in ",".join(members):
        for team_id, cell in zip(team_ids, members, strict=True):
            for name in split_members(cell):
                if name.startswith("del="):
                    summary.add_deleted(name, team_id)

    def standing(i: int) -> Standing:
        score = scores[i]
        legible = score == score  # NaN does not equal itself
        return Standing(
            rank=ranks[i],
            score=score if legible else None,
            score_text=score_texts[i].strip() if legible else None,
            team_id=team_ids[i],
            team_name=team_names[i],
            members=_in_order(members[i]),
            submission_count=None if counts is None else counts[i],
            submission_date=None if dates is None else read_date(dates[i].strip()),
        )

    return Chunk(ranks, team_names, members, standing)


def split_members(cell: str) -> list[str]:
    """The usernames in a TeamMemberUserNames cell: trimmed, lower case, none empty."""
    if "," not in cell:
        name = cell.strip().lower()
        return [name] if name else []
    return [name for part in cell.split(",") if (name := part.strip().lower())]


def _in_order(cell: str) -> str:
    """The usernames of a TeamMemberUserNames cell as they are stored: sorted."""
    return ",".join(sorted(split_members(cell))) if "," in cell else cell.strip().lower()


def floats(column: pd.Series[Any], summary: BoardSummary) -> FloatArray:
    texts = column.to_numpy(dtype=object)
    numbers = cells.numbers(texts)
    bad = bool((numbers != numbers).any())  # NaN does not equal itself
    found = cells.legible(texts.tolist(), numbers.tolist()) if bad else Legible(len(texts), 0)
    summary.note(str(column.name), found)
    return numbers


def integers(column: pd.Series[Any], summary: BoardSummary) -> list[int | None]:
    found = column.tolist()
    if column.dtype == "int64" and min(found, default=0) >= 0:
        summary.note(str(column.name), Legible(len(found), 0))
        return found
    values = [cells.integer(cell) for cell in found]
    summary.note(str(column.name), cells.legible(found, values))
    return values
