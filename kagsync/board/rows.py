"""The rows of a board: a piece of the file as parallel columns, and each row as a standing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kagsync.board import cells
from kagsync.standings.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kagsync.board.summary import BoardSummary

# How the columns are read, in the order in which a warning names them. All others stay text.
_COLUMNS = {
    "Rank": cells.integers,
    "Score": cells.numbers,
    "SubmissionDate": cells.old_dates,  # of old boards
    "TeamId": cells.integers,
    "LastSubmissionDate": cells.dates,
    "SubmissionCount": cells.integers,
}


class Rows(NamedTuple):
    """Some rows of a board as parallel columns.

    Attributes:
        members: cells with usernames, as they are.
        scores: NaN where there is none.
        dates: texts in Kaggle's form, or anything else; read when a row is needed.
    """

    ranks: Sequence[int | None]
    team_ids: Sequence[int | None]
    team_names: Sequence[str]
    members: Sequence[str]
    scores: Sequence[float]
    score_texts: Sequence[str]
    submission_counts: Sequence[int | None]
    dates: Sequence[str]

    def standing(self, i: int) -> Standing:
        """Row i as a standing."""
        score = self.scores[i]
        legible = score == score  # NaN does not equal itself
        return Standing(
            rank=self.ranks[i],
            score=score if legible else None,
            score_text=self.score_texts[i].strip() if legible else None,
            team_id=self.team_ids[i],
            team_name=self.team_names[i],
            members=_in_order(self.members[i]),
            submission_count=self.submission_counts[i],
            submission_date=cells.date(self.dates[i].strip()),
        )

    def pick(self, kept: Sequence[int]) -> Rows:
        """Some of the rows, in this order."""
        columns: list[Sequence[Any]] = [[column[i] for i in kept] for column in self]
        return Rows(*columns)


def read(texts: Mapping[str, Sequence[str]], summary: BoardSummary) -> Rows:
    """Reads the columns of a piece, and notes how many of its cells are legible.

    Args:
        texts: the piece, by the names of its columns.
    """
    columns: dict[str, Sequence[Any]] = dict(texts)
    for name, column in _COLUMNS.items():
        if name in texts:
            columns[name], found = column(texts[name])
            summary.note(name, found)
    rows = len(texts["TeamId"])
    summary.rows += rows
    unknown, empty = [None] * rows, [""] * rows
    return Rows(
        ranks=columns.get("Rank", unknown),
        team_ids=columns["TeamId"],
        team_names=columns["TeamName"],
        members=columns.get("TeamMemberUserNames", empty),
        scores=columns["Score"],
        score_texts=texts["Score"],
        submission_counts=columns.get("SubmissionCount", unknown),
        dates=columns.get("LastSubmissionDate") or columns.get("SubmissionDate") or empty,
    )


def split_members(cell: str) -> list[str]:
    """The usernames in a TeamMemberUserNames cell: trimmed, lower case, none empty."""
    if "," not in cell:
        name = cell.strip().lower()
        return [name] if name else []
    return [name for part in cell.split(",") if (name := part.strip().lower())]


def _in_order(cell: str) -> str:
    """The usernames of a TeamMemberUserNames cell as they are stored: sorted."""
    return ",".join(sorted(split_members(cell))) if "," in cell else cell.strip().lower()
