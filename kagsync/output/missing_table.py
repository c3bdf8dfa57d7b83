"""The tables of `kagsync missing`: who was never seen on any board, and who is missing where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kagsync.output import hints
from kagsync.output.tables import PEOPLE
from kagsync.output.terminal import Blocks, Column, Table
from kagsync.output.wording import person_name
from kagsync.queries.unseen import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from kagsync.queries.missing import Absent, Missing
    from kagsync.queries.unseen import Unseen
    from kagsync.store.records import Competition, User


def missing(found: Missing) -> Blocks:
    """Who was never seen, once; then who else is missing in each competition, and what was not decided."""
    if not found.competitions:
        return Blocks([Table([], [], below=["No competition is active: kagsync competitions add SLUG"])])
    blocks = []
    if not found.several:
        part = found.competitions[0]
        blocks.append(Table([], [], title=f"{part.competition.slug}: {_count(part.users)}"))
    if found.never_seen:
        blocks.append(_never_seen(found.never_seen))
    never_seen = {each.user.id for each in found.never_seen}
    said: set[str] = set()
    for part in found.competitions:
        others = [user for user in part.users if user.id not in never_seen]
        questions = [line for line in hints.undecided(part.undecided) if line not in said]
        said.update(questions)
        title = _title(part, others, found)
        if others and found.several and not _has_board(part.competition):
            others = []  # everybody is missing there
        if title or others or questions:
            blocks.append(Table(PEOPLE, others, title=title, below=questions))
    return Blocks(blocks)


def _title(part: Absent, others: list[User], found: Missing) -> str:
    if not found.several:
        return f"Seen on other boards: {len(others):,}" if others and found.never_seen else ""
    slug = part.competition.slug
    if not _has_board(part.competition):
        return f"{slug}: no board yet"
    return f"{slug}: {_count(others, 'else ' if found.never_seen else '')}"


def _count(absent: list[User], else_: str = "") -> str:
    if not absent:
        return f"everybody {else_}has an entry"
    return f"{len(absent):,} {'more' if else_ else 'of ours'} without an entry"


def _has_board(competition: Competition) -> bool:
    return competition.snapshot_at is not None or competition.has_result


def _never_seen(people: list[Unseen]) -> Table:
    # Names of teams can be long. Below the table they are whole.
    below = [
        f"{person_name(each.user)}: did you mean {each.suggestion} (on {each.competition})?"
        for each in people
        if each.suggestion and each.nearest_team
    ]
    by_id = {each.user.id: each for each in people if not (each.suggestion and each.nearest_team)}

    def cell(attribute: str) -> Callable[[User], str]:
        return lambda user: getattr(by_id.get(user.id), attribute, None) or ""

    columns = [
        *PEOPLE,
        Column("Team", lambda user: user.team or "", keep=40, shrink=12),
        Column("Did you mean", cell("suggestion"), shrink=28),
        Column("On", cell("competition"), keep=55, shrink=12),
        Column("Note", cell("note"), keep=80),
    ]
    title = f"{NEVER.capitalize()}: {len(people):,}"
    return Table(columns, [each.user for each in people], title=title, below=below)
