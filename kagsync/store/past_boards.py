"""Boards as they were at any moment, and how people stood on them. Moments are seconds since 1970.

A board is in force from its moment until the next board's.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kagsync.standings.standing import PastStanding
from kagsync.store.connection import BoardPart

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


class PastBoards(BoardPart):
    """Boards as they were at any moment."""

    def standings(
        self, competition_id: int, users: Collection[int], moments: Sequence[int]
    ) -> list[dict[int, PastStanding]]:
        """How some users stood at each of some moments, by user id.

        Who is left out was not on the board, or not tracked then.
        """
        found: list[dict[int, PastStanding]] = [{} for _ in moments]
        # Looks up the last change before each moment. To read all changes takes longer on a busy board.
        rows = self._db.rows(
            "SELECT m.key, u.value, h.rank, h.score, h.team, h.submission_count "
            f"FROM json_each(:moments) m CROSS JOIN json_each(:users) u CROSS JOIN {self._t.history} h "
            "WHERE h.user_id = u.value AND h.competition_id = :competition AND h.team IS NOT NULL "
            f"AND h.moment = (SELECT max(moment) FROM {self._t.history} WHERE user_id = u.value "
            "AND competition_id = :competition AND moment <= m.value)",
            {
                "competition": competition_id,
                "users": json.dumps(list(users)),
                "moments": json.dumps(list(moments)),
            },
        )
        known = list(rows)
        teams = self._teams({team for _, _, _, _, team, _ in known})
        for number, user, rank, score, team, submission_count in known:
            found[number][user] = PastStanding(
                rank, None if score is None else float(score), score, *teams[team], submission_count
            )
        return found

    def _teams(self, keys: Collection[int]) -> dict[int, tuple[int, int | None]]:
        """A number that each team keeps when it is renamed, and how many members it has."""
        rows = self._db.rows(
            "SELECT id, team_id, members FROM teams WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(keys)),),
        )
        return {
            key: (-key if team_id is None else team_id, members.count(",") + 1 if members else None)
            for key, team_id, members in rows
        }
