"""Replaces one username by another among the stored members of teams. Tables: teams, entries, histories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kagsync.standings.standing import REMOVED
from kagsync.store.tables import TABLES

if TYPE_CHECKING:
    from kagsync.store.connection import Connection


def replace(db: Connection, old: str, new: str) -> None:
    """Replaces a member in all entries and histories. Call it within a transaction.

    Args:
        old, new: usernames, case ignored. `new` may be REMOVED, which a team can have more than once.
    """
    old, new = old.lower(), new.lower()
    if old == new:
        return
    for tables in TABLES.values():
        rows = db.rows(
            f"SELECT competition_id, user_id, members FROM {tables.entries} WHERE instr(members, ?)", (old,)
        )
        changed = [
            (_replaced(members, old, new), competition, user)
            for competition, user, members in rows
            if old in members.split(",")
        ]
        db.execute_many(
            f"UPDATE {tables.entries} SET members = ? WHERE competition_id = ? AND user_id = ?", changed
        )
    teams = db.rows("SELECT id, team_id, name, members FROM teams WHERE instr(members, ?)", (old,))
    for team, team_id, name, members in list(teams):
        if old not in members.split(","):
            continue
        content = (name, _replaced(members, old, new), -1 if team_id is None else team_id)
        same = db.value(
            "SELECT id FROM teams WHERE name = ? AND members = ? AND coalesce(team_id, -1) = ?", content
        )
        if same is None:
            db.execute("UPDATE teams SET members = ? WHERE id = ?", (content[1], team))
        else:
            _merge_teams(db, team, same)


def _replaced(members: str, old: str, new: str) -> str:
    others = [each for each in members.split(",") if each != old and (each != new or new == REMOVED)]
    return ",".join(sorted([*others, new]))


def _merge_teams(db: Connection, team: int, same: int) -> None:
    """Lets histories refer to another row of the same content, and drops changes without an effect."""
    for tables in TABLES.values():
        history = tables.history
        db.execute(f"UPDATE {history} SET team = ? WHERE team = ?", (same, team))
        theirs = f"user_id = {history}.user_id AND competition_id = {history}.competition_id"
        db.execute(
            f"DELETE FROM {history} WHERE team = ? AND EXISTS (SELECT 1 FROM {history} before "
            f"WHERE {theirs} AND moment = (SELECT max(moment) FROM {history} earlier "
            f"WHERE {theirs} AND earlier.moment < {history}.moment) AND before.team = {history}.team "
            f"AND before.rank IS {history}.rank AND before.score IS {history}.score "
            f"AND before.submission_count IS {history}.submission_count)",
            (same,),
        )
    db.execute("DELETE FROM teams WHERE id = ?", (team,))
