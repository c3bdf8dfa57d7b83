"""How standings changed. Tables: entry_history, teams, deleted_accounts.

Private boards have tables of their own, except for teams.

A history has its own columns, not all of a standing's (see `NOT_IN_HISTORY` in `standings/standing.py`).

This file decides what the rules of `standings/movements.py` see: `past`, the history of one person in one
competition, and `deleted_accounts`, those of the competition. Moments are seconds since 1970, as they are
stored.
"""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING

from kagsync.standings import drift
from kagsync.standings.movements import Change, Past
from kagsync.standings.passing import Ranks
from kagsync.standings.standing import PastStanding, Splice, Standing
from kagsync.store.connection import BoardPart

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

_AT_ONCE = 10_000  # changes; bounds the memory of a million
_SAVE_CHANGE = (
    "INSERT INTO {history} (competition_id, user_id, moment, rank, score, submission_count, team) "
    "VALUES (?, ?, ?, ?, ?, ?, "
    "(SELECT id FROM teams WHERE name = ? AND members = ? AND coalesce(team_id, -1) = ?)) "
    "ON CONFLICT DO UPDATE SET rank = excluded.rank, score = excluded.score, team = excluded.team, "
    "submission_count = excluded.submission_count"
)

# Looks up the last change before the end of each bucket, which is faster than reading and grouping them all.
_THEIRS = "{history} WHERE user_id = :user AND competition_id = :competition"
_LAST_OF_EACH_BUCKET = (
    "WITH RECURSIVE ends(at) AS (SELECT :since UNION ALL "
    f"SELECT :since + ((SELECT min(moment) FROM {_THEIRS} AND moment > at) - :since) / :bucket * :bucket "
    f"+ :bucket - 1 FROM ends WHERE at < (SELECT max(moment) FROM {_THEIRS})) "
    f"SELECT max(moment, :since), rank FROM {_THEIRS} "
    f"AND moment IN (SELECT (SELECT max(moment) FROM {_THEIRS} AND moment <= at) FROM ends) ORDER BY moment"
)


class History(BoardPart):
    """How standings changed."""

    def deleted_accounts(self, competition_id: int) -> set[tuple[int | None, int]]:
        """(team id, moment) for each deleted account: its team, and when it was first seen there."""
        rows = self._db.rows(
            f"SELECT team_id, moment FROM {self._t.deleted_accounts} WHERE competition_id = ?",
            (competition_id,),
        )
        return {(team_id, moment) for team_id, moment in rows}

    def standing_at(self, competition_id: int, user_id: int, moment: int) -> Standing | None:
        """How a user stood at a moment; None: not on the board, or not tracked then."""
        row = self._db.row(
            "SELECT h.rank, h.score, t.team_id, t.name, t.members, h.submission_count "
            f"FROM {self._t.history} h LEFT JOIN teams t ON t.id = h.team "
            "WHERE h.user_id = ? AND h.competition_id = ? AND h.moment <= ? ORDER BY h.moment DESC LIMIT 1",
            (user_id, competition_id, moment),
        )
        return None if row is None else _standing(*row)

    def past(self, competition_id: int, user_id: int, since: int) -> Past:
        """How a user stood at a moment, and the changes after it, without the middle steps of long drifts."""
        rows = drift.outline(
            self._db.rows(
                f"SELECT moment, rank, score, submission_count, team FROM {self._t.history} "
                "WHERE user_id = :user AND competition_id = :competition AND moment >= coalesce("
                f"(SELECT max(moment) FROM {self._t.history} "
                "WHERE user_id = :user AND competition_id = :competition AND moment <= :since), :since) "
                "ORDER BY moment",
                {"user": user_id, "competition": competition_id, "since": since},
            )
        )
        standing = self._standings()
        changes = [Change(moment, standing(*stored)) for moment, *stored in rows]
        # A history never begins with "left".
        known = bool(changes) and changes[0].moment <= since
        return Past(changes.pop(0).standing if known else None, known, changes)

    def was_seen(self, competition_id: int, user_id: int, moment: int) -> bool:
        """Whether a user was on the board at a moment or before it."""
        return bool(
            self._db.value(
                f"SELECT EXISTS (SELECT 1 FROM {self._t.history} WHERE user_id = ? AND competition_id = ? "
                "AND moment <= ?)",
                (user_id, competition_id, moment),
            )
        )

    def changes(
        self, competition_id: int, users: Iterable[int], since: int
    ) -> Iterator[tuple[int, int, Change]]:
        """(moment, user id, change) for each change of some users after a moment, the earliest first."""
        rows = self._db.rows(
            f"SELECT moment, user_id, rank, score, submission_count, team FROM {self._t.history} "
            "WHERE user_id IN (SELECT value FROM json_each(?)) AND competition_id = ? AND moment > ? "
            "ORDER BY moment",
            (json.dumps(list(users)), competition_id, since),
        )
        standing = self._standings()
        return ((moment, user, Change(moment, standing(*stored))) for moment, user, *stored in rows)

    def _standings(self) -> Callable[..., Standing | None]:
        """Makes standings of rows of the history that refer to a team; each team is looked up once."""
        teams: dict[int, tuple[int | None, str, str]] = {}

        def standing(
            rank: int | None, score: str | None, submission_count: int | None, team: int | None
        ) -> Standing | None:
            if team is None:
                return None
            found = teams.get(team)
            if found is None:
                (found,) = self._db.rows("SELECT team_id, name, members FROM teams WHERE id = ?", (team,))
                teams[team] = found
            return Standing(rank, _number(score), score, *found, submission_count)

        return standing

    def last_change(self, competition_id: int, user_id: int) -> int | None:
        """The moment of a user's latest change."""
        moment: int | None = self._db.value(
            f"SELECT max(moment) FROM {self._t.history} WHERE user_id = ? AND competition_id = ?",
            (user_id, competition_id),
        )
        return moment

    def users(self, competition_id: int) -> set[int]:
        """The ids of the tracked users who have a history."""
        rows = self._db.rows(
            "SELECT id FROM users u WHERE archived_at IS NULL AND EXISTS "
            f"(SELECT 1 FROM {self._t.history} WHERE user_id = u.id AND competition_id = ?)",
            (competition_id,),
        )
        return {row[0] for row in rows}

    def ranks_at(
        self, competition_id: int, users: Collection[int], moments: Sequence[int]
    ) -> dict[int, list[int | None]]:
        """The ranks of some users at some moments, by user id.

        None: off the board, without a rank, or not tracked then.
        """
        # Looks up the last change before each moment. To read all changes takes longer on a busy board.
        rows = self._db.rows(
            f"SELECT u.value, m.key, (SELECT rank FROM {self._t.history} "
            "WHERE user_id = u.value AND competition_id = ? AND moment <= m.value "
            "ORDER BY moment DESC LIMIT 1) FROM json_each(?) u CROSS JOIN json_each(?) m",
            (competition_id, json.dumps(list(users)), json.dumps(list(moments))),
        )
        found: dict[int, list[int | None]] = {user: [None] * len(moments) for user in users}
        for user, number, rank in rows:
            found[user][number] = rank
        return found

    def standings_at(
        self, competition_id: int, users: Collection[int], moments: Sequence[int]
    ) -> list[dict[int, PastStanding]]:
        """How some users stood at each of some moments, by user id.

        Who is left out was not on the board, or not tracked then.
        """
        found: list[dict[int, PastStanding]] = [{} for _ in moments]
        # See `ranks_at`.
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
        teams = self._past_teams({team for _, _, _, _, team, _ in known})
        for number, user, rank, score, team, submission_count in known:
            found[number][user] = PastStanding(rank, _number(score), score, *teams[team], submission_count)
        return found

    def _past_teams(self, keys: Collection[int]) -> dict[int, tuple[int, int | None]]:
        """A number that each team keeps when it is renamed, and how many members it has."""
        rows = self._db.rows(
            "SELECT id, team_id, members FROM teams WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(keys)),),
        )
        return {
            key: (-key if team_id is None else team_id, members.count(",") + 1 if members else None)
            for key, team_id, members in rows
        }

    def ranks_around(self, competition_id: int, moment: int) -> dict[int, Ranks]:
        """The ranks of all tracked users just before a moment and at it, by user id."""
        latest = (
            f"(SELECT rank FROM {self._t.history} WHERE user_id = u.id AND competition_id = :competition "
            "AND moment {0} :moment ORDER BY moment DESC LIMIT 1)"
        )
        before, now = latest.format("<"), latest.format("<=")
        rows = self._db.rows(
            f"SELECT u.id, {before}, {now} FROM users u WHERE archived_at IS NULL",
            {"competition": competition_id, "moment": moment},
        )
        return {key: Ranks(before, after) for key, before, after in rows}

    def rank_points(
        self, competition_id: int, user_id: int, since: int, bucket: int
    ) -> list[tuple[int, int | None]]:
        """A user's ranks over time, only the last one in each `bucket` of seconds; None: off the board.

        The first point is at `since`, if the user was on the board by that time.
        """
        rows = self._db.rows(
            _LAST_OF_EACH_BUCKET.format(history=self._t.history),
            {"since": since, "user": user_id, "competition": competition_id, "bucket": bucket},
        )
        return [(moment, rank) for moment, rank in rows]


class HistoryChanges(BoardPart):
    """Changes to the history within a transaction."""

    def forget_after(self, competition_id: int, moment: int) -> bool:
        """Removes the boards after a moment from the history.

        Notification targets that know of them are notified of what happens after the latest board that stays.

        Returns:
            whether there were any.
        """
        found: int = 0
        history, snapshots, cursors = self._t.history, self._t.snapshots, self._t.cursors
        for statement in (
            f"DELETE FROM {history} WHERE competition_id = ? AND moment > ?",
            f"DELETE FROM {self._t.deleted_accounts} WHERE competition_id = ? AND moment > ?",
            f"DELETE FROM {snapshots} WHERE competition_id = ? AND moment > ?",
            # If no board stays, the next one is the first, and nobody is notified of that one.
            f"DELETE FROM {cursors} WHERE competition_id = ? AND moment > ? AND NOT EXISTS "
            f"(SELECT 1 FROM {snapshots} s WHERE s.competition_id = {cursors}.competition_id)",
            f"UPDATE {cursors} SET moment = (SELECT max(moment) FROM {snapshots} s "
            f"WHERE s.competition_id = {cursors}.competition_id) WHERE competition_id = ? AND moment > ?",
        ):
            found += self._db.execute(statement, (competition_id, moment)).rowcount
        return found > 0

    def mark_as_told(self, competition_id: int, moment: int) -> None:
        """Lets all notification targets count as knowing what happened up to a moment."""
        self._db.execute(
            f"INSERT INTO {self._t.cursors} SELECT id, ?, ? FROM notify_targets WHERE true "
            "ON CONFLICT DO UPDATE SET moment = max(moment, excluded.moment)",
            (competition_id, moment),
        )

    def save_deleted_accounts(
        self, competition_id: int, moment: int, accounts: dict[str, int | None]
    ) -> None:
        """Remembers when each deleted account was first seen."""
        self._db.execute_many(
            f"INSERT INTO {self._t.deleted_accounts} VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET moment = excluded.moment, team_id = excluded.team_id "
            "WHERE excluded.moment < moment",
            [(competition_id, member, team_id, moment) for member, team_id in accounts.items()],
        )

    def save(self, competition_id: int, changes: Iterable[tuple[int, Splice]]) -> None:
        """Applies (user id, change) pairs."""
        pairs = iter(changes)
        while batch := list(itertools.islice(pairs, _AT_ONCE)):
            self._db.execute_many(
                f"DELETE FROM {self._t.history} WHERE user_id = ? AND competition_id = ? AND moment = ?",
                [(user, competition_id, change.moment) for user, change in batch if change.remove],
            )
            kept = [(user, change.moment, change.standing) for user, change in batch if not change.remove]
            self._db.execute_many(
                "INSERT OR IGNORE INTO teams (team_id, name, members) VALUES (?, ?, ?)",
                [
                    (standing.team_id, standing.team_name, standing.members)
                    for _, _, standing in kept
                    if standing
                ],
            )
            self._db.execute_many(
                _SAVE_CHANGE.format(history=self._t.history),
                [(competition_id, user, moment, *_stored(standing)) for user, moment, standing in kept],
            )


def _stored(standing: Standing | None) -> tuple[object, ...]:
    """A standing as `_SAVE_CHANGE` takes it."""
    if standing is None:
        return (None,) * 6
    team = (standing.team_name, standing.members, -1 if standing.team_id is None else standing.team_id)
    return (standing.rank, standing.score_text, standing.submission_count, *team)


def _standing(
    rank: int | None,
    score: str | None,
    team_id: int | None,
    team_name: str | None,
    members: str,
    submission_count: int | None,
) -> Standing | None:
    """A row of the history; None: not on the board."""
    if team_name is None:
        return None
    return Standing(rank, _number(score), score, team_id, team_name, members, submission_count)


def _number(text: str | None) -> float | None:
    # Python's float, not SQLite's CAST: the two differ in the last place for some decimals (0.720887).
    return None if text is None else float(text)
