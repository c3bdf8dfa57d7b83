"""The latest boards: entries, benchmarks, medal lines, names, ranks.

Tables: leaderboard_entries, benchmarks, medal_lines, those of the private board, board_names, board_ranks,
unclear_teams, possible_renames.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from kagsync import clock
from kagsync.standings.marks import Benchmark, MedalLine
from kagsync.standings.standing import Standing, UnclearTeam
from kagsync.standings.which import PRIVATE, PUBLIC
from kagsync.store.competitions import set_columns
from kagsync.store.connection import BoardPart
from kagsync.store.records import BoardNames, Entry, PossibleRename

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from kagsync.standings.marks import Marks
    from kagsync.store.records import Snapshot

# The columns of leaderboard_entries that hold a standing, in the order of its fields.
_STANDING = (
    "rank",
    "score",
    "score_text",
    "team_id",
    "kaggle_team_name",
    "members",
    "submission_count",
    "submission_date",
)
_COLUMNS = ("user_id", *_STANDING, "matched_by", "first_seen_at", "last_seen_at", "left_at")
_ENTRY = ", ".join(_COLUMNS)
_TEAMS = "\n\0\n"  # between the usernames and the names of the teams in board_names
_TRACKED = "user_id NOT IN (SELECT id FROM users WHERE archived_at IS NOT NULL)"
# Not sqlite-utils' upsert: importing it takes longer than writing a changed board.
_UPSERT = (
    f"INSERT INTO {{entries}} (competition_id, {_ENTRY}) "
    f"VALUES ({', '.join('?' * (1 + len(_COLUMNS)))}) ON CONFLICT DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name != "user_id")
)


class Boards(BoardPart):
    """What is kept of the latest board of each competition (the one that is applied)."""

    def entries(self, competition_id: int, *, archived: bool = False) -> Iterator[Entry]:
        """The entries of a competition, by user id. Read them all before an entry is written.

        Args:
            archived: include archived people.
        """
        whose = "" if archived else f"AND {_TRACKED}"
        rows = self._db.rows(
            f"SELECT {_ENTRY} FROM {self._t.entries} WHERE competition_id = ? {whose} ORDER BY user_id",
            (competition_id,),
        )
        return map(_entry, rows)

    def ranks(self) -> Iterator[tuple[int, int, int | None, bool]]:
        """All entries of tracked people in short: competition id, user id, rank, and whether on the board."""
        rows = self._db.rows(
            f"SELECT competition_id, user_id, rank, left_at IS NULL FROM {self._t.entries} WHERE {_TRACKED}"
        )
        return ((competition, user, rank, bool(on_board)) for competition, user, rank, on_board in rows)

    def entry_count(self, *, competition_id: int | None = None, user_id: int | None = None) -> int:
        """How many entries on these boards a competition or a user has."""
        count: int = self._db.value(
            f"SELECT count(*) FROM {self._t.entries} WHERE competition_id = ? OR user_id = ?",
            (competition_id, user_id),
        )
        return count

    def teams_by_username(self, competition_id: int) -> dict[int, tuple[int | None, str]]:
        """The team's id and members in the entry of each user who was found by username, by user id."""
        rows = self._db.rows(
            f"SELECT user_id, team_id, members FROM {self._t.entries} "
            "WHERE competition_id = ? AND matched_by = 'username'",
            (competition_id,),
        )
        return {user_id: (team_id, members) for user_id, team_id, members in rows}

    def unclear_teams(self, competition_id: int) -> list[UnclearTeam]:
        """The teams on the board that may be somebody's by `team`, by user and in the board's order."""
        rows = self._db.rows(
            "SELECT user_id, team_id, team_name FROM unclear_teams JOIN users ON users.id = user_id "
            "WHERE competition_id = ? AND board = ? AND archived_at IS NULL "
            "ORDER BY user_id, unclear_teams.rowid",
            (competition_id, self._t.board),
        )
        return [UnclearTeam(*row) for row in rows]

    def possible_renames(self, competition_id: int | None = None) -> list[PossibleRename]:
        """Who may have a new username, on the public board of a competition, or of any if it is None.

        Left out are those whose new username is tracked by now.
        """
        rows = self._db.rows(
            "SELECT c.slug, u.id, u.username, r.username FROM possible_renames r "
            "JOIN users u ON u.id = r.user_id JOIN competitions c ON c.id = r.competition_id "
            "WHERE (r.competition_id = ?1 OR ?1 IS NULL) AND u.archived_at IS NULL "
            "AND NOT EXISTS (SELECT 1 FROM users t WHERE t.username = r.username) "
            "ORDER BY c.slug, u.username",
            (competition_id,),
        )
        return [PossibleRename(*row) for row in rows]

    def undecided(self, competition_id: int) -> set[int]:
        """The ids of users who may be on the board under another username or team name."""
        rows = self._db.rows(
            "SELECT user_id FROM unclear_teams WHERE competition_id = ?1 AND board = ?2 "
            "UNION SELECT user_id FROM possible_renames WHERE competition_id = ?1 AND ?2 = 'public'",
            (competition_id, self._t.board),
        )
        return {row[0] for row in rows}

    def benchmarks(self, competition_id: int) -> list[tuple[Benchmark, int | None]]:
        """The host's benchmarks, each with the rank that a team with its score would have."""
        rows = self._db.rows(
            f"SELECT name, score, score_text, place FROM {self._t.benchmarks} WHERE competition_id = ?",
            (competition_id,),
        )
        return [(Benchmark(name, score, text), place) for name, score, text, place in rows]

    def medal_lines(self, competition_id: int) -> list[MedalLine]:
        """The medal lines, gold first."""
        rows = self._db.rows(
            f"SELECT medal, rank, score FROM {self._t.medal_lines} WHERE competition_id = ? ORDER BY rank",
            (competition_id,),
        )
        return [MedalLine(*row) for row in rows]

    def packed_ranks(self, competition_id: int) -> bytes | None:
        """The ranks of all teams on the board (see `standings/ranks.py`); None: not known."""
        packed: bytes | None = self._db.value(
            "SELECT packed FROM board_ranks WHERE competition_id = ? AND board = ?",
            (competition_id, self._t.board),
        )
        return packed

    def names(self) -> list[BoardNames]:
        """The names on the latest boards, the newest board first."""
        rows = self._db.rows(
            "SELECT c.slug, n.packed, (SELECT last_user_id FROM snapshots s WHERE s.competition_id = c.id "
            "ORDER BY moment DESC LIMIT 1) FROM board_names n JOIN competitions c ON c.id = n.competition_id "
            "ORDER BY c.snapshot_at DESC"
        )
        return [BoardNames(slug, *_unpacked(packed), last) for slug, packed, last in rows]


class BoardChanges(BoardPart):
    """Changes to boards within a transaction."""

    def save_entries(self, competition_id: int, entries: Iterable[Entry]) -> None:
        """Creates or overwrites entries."""
        self._db.execute_many(
            _UPSERT.format(entries=self._t.entries),
            ((competition_id, user_id, *standing, *rest) for user_id, standing, *rest in entries),
        )

    def apply(
        self,
        competition_id: int,
        *,
        snapshot_at: datetime,
        rows: int,
        teams: int | None,
        marks: Marks,
        names: str | None,
        team_names: str = "",
        fingerprint: str,
    ) -> None:
        """Makes a board the applied one.

        Args:
            teams: None: not known, because the board was not read to its end.
            names: all names on it, a team's in a line; None: they are too many to keep.
            team_names: the names of its teams in lines; empty: nobody is known by a team.
        """
        self._set(
            competition_id,
            {
                "snapshot_at": clock.iso(snapshot_at),
                "row_count": rows,
                "team_count": teams,
                "fingerprint": fingerprint,
            },
        )
        self._forget_board(competition_id)
        self._db.execute_many(
            f"INSERT INTO {self._t.benchmarks} (competition_id, name, score, score_text, place) "
            "VALUES (?, ?, ?, ?, ?)",
            [
                (competition_id, each.name, each.score, each.score_text, place)
                for each, place in marks.benchmarks
            ],
        )
        self._db.execute_many(
            f"INSERT INTO {self._t.medal_lines} VALUES (?, ?, ?, ?)",
            [(competition_id, line.medal, line.rank, line.score) for line in marks.medal_lines],
        )
        if names is not None and self._t.board == PUBLIC:
            self._db.execute(
                "INSERT INTO board_names VALUES (?, ?)", (competition_id, _packed(names, team_names))
            )

    def save_ranks(self, competition_id: int, packed: bytes) -> None:
        """Saves the ranks of all teams on the applied board (see `standings/ranks.py`)."""
        self._db.execute(
            "REPLACE INTO board_ranks (competition_id, board, packed) VALUES (?, ?, ?)",
            (competition_id, self._t.board, packed),
        )

    def save_unclear_teams(self, competition_id: int, teams: Iterable[tuple[int, int | None, str]]) -> None:
        """Saves (user id, team id, team name) of teams on the applied board that may be somebody's."""
        self._db.execute_many(
            "INSERT INTO unclear_teams (competition_id, board, user_id, team_id, team_name) "
            "VALUES (?, ?, ?, ?, ?)",
            ((competition_id, self._t.board, *team) for team in teams),
        )

    def save_possible_renames(self, competition_id: int, renames: dict[int, str]) -> None:
        """Saves who may have a new username, as the applied public board suggests (user id → username)."""
        self._db.execute_many(
            "INSERT INTO possible_renames (competition_id, user_id, username) VALUES (?, ?, ?)",
            ((competition_id, *rename) for rename in renames.items()),
        )

    def _forget_board(self, competition_id: int) -> None:
        """Forgets what is kept of the applied board as a whole."""
        tables = [self._t.benchmarks, self._t.medal_lines]
        if self._t.board == PUBLIC:
            tables += ["board_names", "possible_renames"]
        for table in tables:
            self._db.execute(f"DELETE FROM {table} WHERE competition_id = ?", (competition_id,))
        for table in ("board_ranks", "unclear_teams"):
            self._db.execute(
                f"DELETE FROM {table} WHERE competition_id = ? AND board = ?", (competition_id, self._t.board)
            )

    def go_back(self, competition_id: int, snapshot: Snapshot | None) -> None:
        """Makes an earlier board the applied one; None: no board is applied.

        Its benchmarks, medal lines and names are no longer known, so the next sync processes its board.
        """
        self._forget_board(competition_id)
        self._set(
            competition_id,
            {
                "snapshot_at": clock.from_unix(snapshot.moment) if snapshot else None,
                "row_count": snapshot.rows if snapshot else None,
                "team_count": snapshot.teams if snapshot else None,
                "fingerprint": None,
            },
        )
        if snapshot is None and self._t.board == PRIVATE:
            set_columns(self._db, competition_id, {"result_since": None})

    def _set(self, competition_id: int, values: dict[str, str | int | None]) -> None:
        """Sets columns that describe the applied board."""
        if self._t.board == PRIVATE:
            self._db.execute(
                "INSERT OR IGNORE INTO private_boards (competition_id) VALUES (?)", (competition_id,)
            )
        set_columns(self._db, competition_id, values, self._t)

    def save_direction(self, competition_id: int, *, higher_is_better: bool, applied: bool) -> None:
        """Saves the score's direction as it follows from a board.

        Args:
            applied: whether that is the applied board, which overrides what followed from an earlier one.
        """
        self._db.execute(
            "UPDATE competitions SET inferred_higher_is_better = ? "
            "WHERE id = ? AND (? OR inferred_higher_is_better IS NULL)",
            (int(higher_is_better), competition_id, int(applied)),
        )

    def set_snapshot_time(self, competition_id: int, snapshot_at: datetime) -> None:
        """Notes that the applied board was still the same at a later time."""
        self._set(competition_id, {"snapshot_at": clock.iso(snapshot_at)})

    def follow_history(self, competition_id: int) -> None:
        """Makes entries agree with the history after a board was corrected or dropped.

        An entry without a history is deleted, since no remaining board shows its user. The others begin where
        their history begins.
        """
        entries = self._t.entries
        began = (
            f"(SELECT strftime('%Y-%m-%dT%H:%M:%SZ', min(moment), 'unixepoch') FROM {self._t.history} h "
            f"WHERE h.user_id = {entries}.user_id AND h.competition_id = {entries}.competition_id)"
        )
        self._db.execute(
            f"DELETE FROM {entries} WHERE competition_id = ? AND {began} IS NULL",
            (competition_id,),
        )
        self._db.execute(
            f"UPDATE {entries} SET first_seen_at = {began} "
            f"WHERE competition_id = ? AND first_seen_at <> {began}",
            (competition_id,),
        )


def _entry(row: tuple[Any, ...]) -> Entry:
    user_id, *standing, matched_by, first_seen_at, last_seen_at, left_at = row
    return Entry(
        user_id=user_id,
        standing=Standing(*standing),
        matched_by=matched_by,
        first_seen_at=first_seen_at,
        last_seen_at=last_seen_at,
        left_at=left_at,
    )


def packed_without(packed: bytes, names: set[str], lines: set[str]) -> bytes:
    """The names on a board without some names and whole lines, all given in lower case."""

    def kept(line: str) -> str:
        if line.strip().lower() in lines:
            return ""
        return ",".join(name for name in line.split(",") if name.strip().lower() not in names)

    return _packed(*("\n".join(filter(None, map(kept, part.split("\n")))) for part in _parts(packed)))


def _packed(names: str, team_names: str = "") -> bytes:
    text = f"{names}{_TEAMS}{team_names}" if team_names else names
    return zlib.compress(text.encode(), 1)  # a higher level takes longer and hardly saves space


def _parts(packed: bytes) -> tuple[str, str]:
    """The usernames and the names of the teams, as they were packed."""
    names, _, team_names = zlib.decompress(packed).decode().partition(_TEAMS)
    return names, team_names


def _unpacked(packed: bytes) -> tuple[set[str], set[str]]:
    names, team_names = _parts(packed)
    return _lines(names.lower().replace(",", "\n")), _lines(team_names)


def _lines(text: str) -> set[str]:
    return {name for line in text.splitlines() if (name := line.strip())}
