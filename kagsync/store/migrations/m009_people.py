"""People without a username, with an id, a team, a pseudonym; archived people; what sync could not decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database

_VIEWS = ("leaderboard", "history", "latest_movements", "private_leaderboard", "private_history")


def people(db: Database) -> None:
    import random  # only here: every command imports the migrations

    # SQLite cannot drop NOT NULL from a column, so the table is made again, in the way that its documentation
    # recommends (https://sqlite.org/lang_altertable.html#otheralter). Foreign keys are off meanwhile.
    for view in _VIEWS:
        db.execute(f"DROP VIEW {view}")
    db.execute(
        """
        CREATE TABLE new_users (
            -- AUTOINCREMENT: an id is never used again (see m001_initial.py)
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            username TEXT UNIQUE COLLATE NOCASE,  -- NULL: known by the team only
            name TEXT,
            "group" TEXT,
            handle TEXT NOT NULL UNIQUE COLLATE NOCASE,  -- the username; of people without one, another text
            student_id TEXT UNIQUE,
            team TEXT,                       -- the name of the team on Kaggle, or a /pattern/ of it
            pseudonym TEXT NOT NULL UNIQUE COLLATE NOCASE,
            added_at TEXT NOT NULL,
            archived_at TEXT                 -- NULL: tracked
        )
        """
    )
    rows = db.execute('SELECT id, username, name, "group", added_at FROM users ORDER BY id').fetchall()
    # Random, so that a pseudonym does not tell in which order people were added.
    numbers = random.SystemRandom().sample(range(1000, max(10_000, 1_000 + 10 * len(rows))), len(rows))
    db.conn.executemany(
        'INSERT INTO new_users (id, username, name, "group", added_at, handle, pseudonym) '
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(*row, row[1], f"Person {number}") for row, number in zip(rows, numbers, strict=True)],
    )
    highest = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'users'").fetchone()
    db.execute("DROP TABLE users")
    db.execute("ALTER TABLE new_users RENAME TO users")
    db.execute("DELETE FROM sqlite_sequence WHERE name = 'users'")
    if highest is not None:
        db.execute("INSERT INTO sqlite_sequence VALUES ('users', ?)", highest)
    changed = " OR ".join(
        f"old.{column} IS NOT new.{column} COLLATE BINARY"
        for column in ("username", "student_id", "team", "archived_at")
    )
    for event, condition in (("INSERT", ""), ("DELETE", ""), ("UPDATE", f"WHEN {changed} ")):
        db.execute(
            f"CREATE TRIGGER roster_{event} AFTER {event} ON users {condition}"  # noqa: S608
            "BEGIN UPDATE roster SET version = version + 1; END"
        )
    for statement in (
        # Teams that the roster's `team` matches, but not one to one.
        """
        CREATE TABLE unclear_teams (
            competition_id INTEGER NOT NULL REFERENCES competitions(id) ON DELETE CASCADE,
            board TEXT NOT NULL,             -- public or private
            user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
            team_id INTEGER,
            team_name TEXT NOT NULL
        )
        """,
        "CREATE INDEX unclear_teams_competition ON unclear_teams (competition_id, board)",
        "CREATE INDEX unclear_teams_user ON unclear_teams (user_id)",
        # Strangers who stand in the place of somebody who vanished from a team.
        """
        CREATE TABLE possible_renames (
            competition_id INTEGER NOT NULL REFERENCES competitions(id) ON DELETE CASCADE,
            user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
            username TEXT NOT NULL,          -- of the stranger
            PRIMARY KEY (competition_id, user_id)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX possible_renames_user ON possible_renames (user_id)",
        """
        CREATE VIEW leaderboard AS
        SELECT c.slug AS competition, u.username, u.name, u."group", e.rank, c.team_count AS teams,
            e.score, e.score_text, e.kaggle_team_name, e.team_id, e.members, e.submission_date,
            e.submission_count, e.matched_by, e.first_seen_at,
            coalesce(e.last_seen_at, c.snapshot_at) AS last_seen_at, e.left_at, u.handle, u.student_id
        FROM leaderboard_entries e
        JOIN competitions c ON c.id = e.competition_id
        JOIN users u ON u.id = e.user_id
        WHERE u.archived_at IS NULL
        ORDER BY c.slug, e.left_at IS NOT NULL, e.rank IS NULL, e.rank, u.handle
        """,
        """
        CREATE VIEW history AS
        SELECT c.slug AS competition, u.username, strftime('%Y-%m-%dT%H:%M:%SZ', h.moment, 'unixepoch') AS at,
            h.team IS NOT NULL AS on_board, h.rank, CAST(h.score AS REAL) AS score, h.score AS score_text,
            t.name AS kaggle_team_name, t.team_id, t.members, h.submission_count, u.handle, u.student_id
        FROM entry_history h
        JOIN competitions c ON c.id = h.competition_id
        JOIN users u ON u.id = h.user_id
        LEFT JOIN teams t ON t.id = h.team
        WHERE u.archived_at IS NULL
        ORDER BY c.slug, u.handle, h.moment
        """,
        # See m007_lighter.py for why it is written like this.
        """
        CREATE VIEW latest_movements AS
        SELECT strftime('%Y-%m-%dT%H:%M:%SZ', latest.moment, 'unixepoch') AS at, c.slug AS competition,
            u.username, u.name, before.rank AS previous_rank, h.rank, before.rank - h.rank AS places,
            before.score AS previous_score, h.score, t.name AS kaggle_team_name,
            h.team IS NOT NULL AS on_board, u.handle, u.student_id
        FROM entry_history latest
        CROSS JOIN entry_history h ON h.user_id = latest.user_id
            AND h.competition_id = latest.competition_id
            AND h.moment BETWEEN latest.moment AND latest.moment
        JOIN competitions c ON c.id = latest.competition_id
        JOIN users u ON u.id = latest.user_id
        LEFT JOIN entry_history before ON before.user_id = h.user_id
            AND before.competition_id = h.competition_id AND before.moment < h.moment
            AND before.moment >= (
                SELECT max(moment) FROM entry_history
                WHERE user_id = h.user_id AND competition_id = h.competition_id AND moment < h.moment
            )
        LEFT JOIN teams t ON t.id = h.team
        WHERE u.archived_at IS NULL
        ORDER BY latest.moment DESC, c.slug, h.rank IS NULL, h.rank, u.handle
        """,
        """
        CREATE VIEW private_leaderboard AS
        SELECT c.slug AS competition, u.username, u.name, u."group", e.rank, b.team_count AS teams,
            p.rank AS public_rank, p.rank - e.rank AS shake_up, e.score, e.score_text,
            p.score AS public_score, e.kaggle_team_name,
            e.team_id, e.members, e.submission_date, e.submission_count, e.matched_by, e.first_seen_at,
            coalesce(e.last_seen_at, b.snapshot_at) AS last_seen_at, e.left_at, u.handle, u.student_id
        FROM private_entries e
        JOIN competitions c ON c.id = e.competition_id
        JOIN private_boards b ON b.competition_id = e.competition_id
        JOIN users u ON u.id = e.user_id
        LEFT JOIN leaderboard_entries p
            ON p.competition_id = e.competition_id AND p.user_id = e.user_id AND p.left_at IS NULL
        WHERE u.archived_at IS NULL
        ORDER BY c.slug, e.left_at IS NOT NULL, e.rank IS NULL, e.rank, u.handle
        """,
        """
        CREATE VIEW private_history AS
        SELECT c.slug AS competition, u.username, strftime('%Y-%m-%dT%H:%M:%SZ', h.moment, 'unixepoch') AS at,
            h.team IS NOT NULL AS on_board, h.rank, CAST(h.score AS REAL) AS score, h.score AS score_text,
            t.name AS kaggle_team_name, t.team_id, t.members, h.submission_count, u.handle, u.student_id
        FROM private_entry_history h
        JOIN competitions c ON c.id = h.competition_id
        JOIN users u ON u.id = h.user_id
        LEFT JOIN teams t ON t.id = h.team
        WHERE u.archived_at IS NULL
        ORDER BY c.slug, u.handle, h.moment
        """,
    ):
        db.execute(statement)
