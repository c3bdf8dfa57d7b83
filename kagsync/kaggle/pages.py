"""A page of a leaderboard, taken from the SDK's answer. Kaggle gives private boards page by page only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kagsync.kaggle.answers import in_utc

if TYPE_CHECKING:
    from datetime import datetime

PAGE_SIZE = 200  # rows; Kaggle gives no larger pages


class Row(NamedTuple):
    """A team on a page. Its rank is its position on the board, since Kaggle does not say it.

    Attributes:
        submission_date: UTC.
        score: as Kaggle writes it; empty if there is none.
    """

    team_id: int
    team_name: str
    submission_date: datetime | None
    score: str


class Page(NamedTuple):
    """Some rows of a leaderboard, best first.

    Attributes:
        next_token: asks for the page after this one; empty on the last.
    """

    rows: list[Row]
    next_token: str


def page(answer: Any) -> Page:
    """Takes a page from the SDK's answer, which the SDK does not check.

    To the SDK, JSON without any rows is a page without rows, whatever else it says.

    Raises:
        ValueError, TypeError, AttributeError, OverflowError: the answer makes no sense.
    """
    token: str = answer.next_page_token or ""
    token.encode()
    return Page([_row(submission) for submission in answer.submissions], token)


def _row(submission: Any) -> Row:
    team_id, name, score = submission.team_id, submission.team_name, submission.score
    if type(team_id) is not int:  # bool is an int, too
        raise TypeError("not the type that the SDK declares")
    if not 0 < team_id < 2**63:  # the SDK says 0 where there is none
        raise ValueError("not a team's id")
    for text in (name, score):
        text.encode()
    date = submission.submission_date
    return Row(team_id, name, date and in_utc(date), score)
