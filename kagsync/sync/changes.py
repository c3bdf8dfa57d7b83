"""What a board changes: entries and histories. It reads the database, and writes nothing."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from kagsync import clock
from kagsync.standings.standing import Splice, Standing, splice
from kagsync.store.records import Competition, Counts, Entry, Snapshot

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from kagsync.board.matching import Claim
    from kagsync.board.summary import BoardSummary
    from kagsync.store import Ledger


class Update(NamedTuple):
    """What a board changes.

    Attributes:
        entries: to be written.
        history: changes of histories, each with the user's id; can be read once.
        known: the users who had an entry before.
        changed: how many standings moved.
        moved: of `entries`, those that moved, came or left; with the newest board only.
        before: the earlier entries of those who had one, by user.
    """

    entries: list[Entry]
    history: Iterable[tuple[int, Splice]]
    known: set[int]
    changed: int
    moved: Sequence[Entry] = ()
    before: Mapping[int, Entry] = MappingProxyType({})


def by_newest(
    ledger: Ledger,
    competition: Competition,
    snapshot_at: datetime,
    claims: dict[int, Claim],
    kept: Collection[int] = (),
) -> Update:
    """What the newest board changes: only entries that differ are written.

    Args:
        kept: users without a claim who are on the board all the same; see `renamed_since`.
    """
    at = clock.iso(snapshot_at)
    before = clock.iso(competition.snapshot_at or snapshot_at)
    written: list[Entry] = []
    moved: list[Entry] = []
    earlier: dict[int, Entry] = {}
    changed = 0
    known: set[int] = set()
    for old in ledger.boards.entries(competition.id):
        known.add(old.user_id)
        claim = claims.get(old.user_id)
        if claim is not None:
            entry = _entry(old.user_id, claim, first_seen_at=old.first_seen_at)
            if entry == old:
                continue
            written.append(entry)
            if old.left_at is not None or not entry.standing.same(old.standing):
                moved.append(entry)
                earlier[old.user_id] = old
                changed += 1
        elif old.left_at is None and old.user_id not in kept:
            left = old._replace(last_seen_at=old.last_seen_at or before, left_at=at)
            written.append(left)
            moved.append(left)
            earlier[old.user_id] = old
    new = [_entry(user, claims[user], first_seen_at=at) for user in sorted(claims.keys() - known)]
    written += new
    moved += new
    standings = ((entry.user_id, entry.standing if entry.left_at is None else None) for entry in moved)
    moment = int(snapshot_at.timestamp())
    if competition.snapshot_at is not None and snapshot_at == competition.snapshot_at:
        # The same snapshot again (roster or rules changed): correct what it said before.
        changes = _spliced(ledger, competition.id, moment, dict(standings))
    else:
        changes = ((user, Splice(moment, standing)) for user, standing in standings)
    return Update(written, changes, known, changed, moved, earlier)


def by_older(
    ledger: Ledger,
    competition: Competition,
    snapshot_at: datetime,
    claims: dict[int, Claim],
    kept: Collection[int] = (),
) -> Update:
    """What an older board changes: the history, and entries of people who are no longer on the board.

    Args:
        kept: users without a claim who are on the board all the same; see `renamed_since`.
    """
    at = clock.iso(snapshot_at)
    entries = {entry.user_id: entry for entry in ledger.boards.entries(competition.id)}
    written = []
    for user, claim in claims.items():
        old = entries.get(user)
        first = min(at, old.first_seen_at) if old else at
        if old is not None and (old.last_seen_at is None or at <= old.last_seen_at):
            entry = old._replace(first_seen_at=first)
        else:  # this user is not on any later board that was searched
            entry = _entry(user, claim, first_seen_at=first)._replace(last_seen_at=at)
        if entry != old:
            written.append(entry)
    seen: dict[int, Standing | None] = dict.fromkeys(ledger.history.users(competition.id).difference(kept))
    seen |= {user: claim.standing for user, claim in claims.items()}
    changes = _spliced(ledger, competition.id, int(snapshot_at.timestamp()), seen)
    return Update(written, list(changes), set(entries), changed=0)


def renamed_since(
    ledger: Ledger,
    competition_id: int,
    snapshot: Snapshot,
    usernames: Mapping[str, int],
    claims: Collection[int],
) -> set[int]:
    """The users whom a board has under an earlier username, because it is processed again after a rename.

    A rename also replaces the username among the members of stored teams. So whoever was on this very board
    with the present username, and is not found there now, is there with another one.

    Args:
        usernames: lower case → user id.
        claims: the users who are found.
    """
    stored = ledger.snapshots.until(competition_id, snapshot.moment)
    if stored is None or (stored.moment, stored.sha256) != (snapshot.moment, snapshot.sha256):
        return set()
    found = set()
    for username, user in usernames.items():
        if user not in claims and user <= stored.last_user_id:
            standing = ledger.history.standing_at(competition_id, user, snapshot.moment)
            if standing is not None and username in standing.members.split(","):
                found.add(user)
    return found


def _spliced(
    ledger: Ledger, competition_id: int, moment: int, seen: dict[int, Standing | None]
) -> Iterator[tuple[int, Splice]]:
    """How a snapshot between others changes the histories of users."""
    for user, standing in seen.items():
        next_at = ledger.snapshots.next_search(competition_id, user, moment)
        before = ledger.history.standing_at(competition_id, user, moment - 1)
        after = None if next_at is None else ledger.history.standing_at(competition_id, user, next_at)
        for change in splice(before, standing, moment, after, next_at):
            yield user, change


def _entry(user: int, claim: Claim, *, first_seen_at: str) -> Entry:
    return Entry(
        user_id=user,
        standing=claim.standing,
        matched_by=claim.matched_by,
        first_seen_at=first_seen_at,
        last_seen_at=None,
        left_at=None,
    )


def count(summary: BoardSummary, claims: dict[int, Claim], update: Update) -> Counts:
    """Counts the rows of a board by what became of them."""
    rows = {claim.row for claim in claims.values()}
    created = {claim.row for user, claim in claims.items() if user not in update.known}
    return Counts(
        rows=summary.rows,
        created=len(created),
        updated=len(rows - created),
        skipped=summary.rows - len(rows),
        changed=update.changed,
    )
