"""Phase 2: turns a board on disk into entries and history in the database, in one transaction."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from kagsync import clock
from kagsync.board import matching, reader
from kagsync.errors import BadBoard, UnknownCompetition
from kagsync.log import logger
from kagsync.standings import lifecycle
from kagsync.standings.lifecycle import PRIVATE, PUBLIC
from kagsync.standings.standing import STORED_VERSION, Splice, Standing, splice
from kagsync.store.records import OK, OLDER, UNCHANGED, Competition, Counts, Entry, Run, Snapshot
from kagsync.sync import guard, restore
from kagsync.sync.result import Processed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from kagsync.board.matching import Claim
    from kagsync.board.summary import BoardSummary
    from kagsync.store import Ledger, Store, Writing
    from kagsync.sync.fetch import Fetched


def process(
    store: Store,
    competition: Competition,
    fetched: Fetched,
    run: Run,
    *,
    team_name: bool = True,
    force: bool = False,
    accept_shrink: bool = False,
) -> Processed:
    """Applies a public or private board to the database and records the run: all of it, or nothing.

    A board older than the applied one only adds to the history, and people who are on it but not on the newer
    one are kept as "left". A board that changes nothing is not even read.

    Args:
        competition: as it was before.
        fetched: the board.
        run: what is known of this run; its status and counts are filled in here.
        team_name: whether a team's name may stand for a user.
        force: process the board even if nothing changed or there is another one of its moment, and drop the
            boards in the database that are dated in the future.
        accept_shrink: take the board even if it has lost most of its rows.

    Raises:
        BadBoard: the CSV is not a leaderboard, or there is another board of its moment or of the future.
        SuspiciousBoard: it has lost most of its rows.
        UnknownCompetition: the competition was removed in the meantime.
        DatabaseError, DiskFull: the database failed.
    """
    competition = store.competitions.on(competition, fetched.board)
    run = replace(run, board=fetched.board)
    ledger = store.ledger(fetched.board)
    if not force:
        guard.refuse_frozen(competition, fetched)
    roster_version = store.users.roster_version()
    fingerprint = f"{fetched.sha256}:{rules(roster_version, competition, team_name=team_name)}"
    older = competition.snapshot_at is not None and fetched.snapshot_at < competition.snapshot_at
    if competition.fingerprint == fingerprint and not older and not force:
        fetched.log_rows()
        return _nothing_new(store, competition, fetched, run)

    roster = matching.Roster.of(store.users.roster())
    board = reader.open_board(fetched.csv, higher_is_better=competition.higher_is_better)
    try:
        claims = matching.match(board.pieces, roster, team_name=team_name)
    except BadBoard:
        with contextlib.suppress(BadBoard):
            fetched.log_rows()
        raise
    summary = board.summary
    fetched.log_rows(summary.rows)
    moment = int(fetched.snapshot_at.timestamp())
    known = ledger.history.snapshot_until(competition.id, moment)
    if known is not None and not force and ledger.history.has_snapshot(competition.id, moment):
        guard.refuse_taken(competition, fetched, summary.rows, known)
    if known is not None and not accept_shrink and not fetched.partial:
        guard.refuse_shrunken(competition, fetched, summary.rows, known, force=force)
    logger.info("CSV has %d entries with columns: %s", summary.rows, board.columns)
    if summary.bad_cells:
        cells = ", ".join(f"{name} {count}" for name, count in summary.bad_cells.items())
        logger.warning("Cells that could not be read are left empty: %s", cells)

    # Of a board that was not read to its end, nothing is known as a whole.
    teams = None if fetched.partial else summary.places
    marks = summary.marks().of_a_part() if fetched.partial else summary.marks()
    packed = None if fetched.partial else summary.packed_ranks()
    last_user_id = max(roster.by_team_name.values(), default=0)
    with store.writing() as write:
        changes = write.ledger(fetched.board)
        if force and guard.is_frozen(competition):
            restore.drop_boards_after(ledger, changes, competition, clock.horizon())
        now = _again(store, competition)
        older = now.snapshot_at is not None and fetched.snapshot_at < now.snapshot_at
        if store.users.roster_version() != roster_version:  # a user who was removed must not come back
            present = {user for user, _ in store.users.roster()}
            claims = {user: claim for user, claim in claims.items() if user in present}
        update = (_update_older if older else _update)(ledger, now, fetched.snapshot_at, claims)
        counts = _count(summary, claims, update)
        changes.boards.save_entries(competition.id, update.entries)
        changes.history.save(competition.id, update.history)
        again = now.snapshot_at is not None and fetched.snapshot_at == now.snapshot_at
        if older or again:
            changes.boards.follow_history(competition.id)
        snapshot = Snapshot(moment, summary.rows, teams, last_user_id, fetched.sha256, fetched.file)
        changes.history.save_snapshot(competition.id, snapshot)
        changes.history.save_deleted_accounts(competition.id, moment, summary.deleted)
        if marks.higher_is_better is not None:
            newest = not older and fetched.board == PUBLIC
            changes.boards.save_direction(
                competition.id, higher_is_better=marks.higher_is_better, applied=newest
            )
        if older or again:
            changes.boards.save_entries(competition.id, restore.redated(ledger, competition.id))
        if not older:
            changes.boards.apply(
                competition.id,
                snapshot_at=fetched.snapshot_at,
                rows=summary.rows,
                teams=teams,
                marks=marks,
                names=summary.names(),
                fingerprint=fingerprint,
            )
            if packed is not None:
                changes.boards.save_ranks(competition.id, packed)
            if fetched.board == PRIVATE:
                if lifecycle.is_old_news(now.times(clock.utc_now()), clock.utc_now()):
                    changes.history.mark_as_told(competition.id, moment)
                write.competitions.set_result_since(now, clock.utc_now())
        status = OLDER if older else OK
        _finish(write, competition, fetched, replace(run, status=status, counts=counts))
    if older:
        logger.info("An older snapshot (%s): it only adds to the history", clock.iso(fetched.snapshot_at))
    logger.info(
        "Database update complete - Created: %d, Updated: %d, Skipped: %d",
        counts.created,
        counts.updated,
        counts.skipped,
    )
    return Processed(status, counts)


def rules(roster_version: int, competition: Competition, *, team_name: bool) -> str:
    """What else than the board decides what is stored. With the board's hash it is the fingerprint."""
    return ":".join(map(str, (roster_version, team_name, competition.higher_is_better, STORED_VERSION)))


def _nothing_new(store: Store, competition: Competition, fetched: Fetched, run: Run) -> Processed:
    counts = Counts(rows=fetched.rows, created=0, updated=0, skipped=fetched.rows, changed=0)
    with store.writing() as write:
        now = _again(store, competition)
        if now.snapshot_at is None or fetched.snapshot_at > now.snapshot_at:
            changes = write.ledger(fetched.board)
            changes.history.save_unchanged_snapshot(competition.id, int(fetched.snapshot_at.timestamp()))
            changes.boards.set_snapshot_time(competition.id, fetched.snapshot_at)
        _finish(write, competition, fetched, replace(run, status=UNCHANGED, counts=counts))
    logger.info("Nothing new: board, roster and settings are those of the last sync")
    return Processed(UNCHANGED, counts)


def _again(store: Store, competition: Competition) -> Competition:
    """The competition, read again now that nobody else can write."""
    now = store.competitions.by_id(competition.id)
    if now is not None:
        return store.competitions.on(now, competition.board)
    raise UnknownCompetition(
        f"{competition.slug} was removed in the meantime", "Add it again if it should stay"
    )


def _finish(write: Writing, competition: Competition, fetched: Fetched, run: Run) -> None:
    run = replace(run, snapshot_at=fetched.snapshot_at, sha256=fetched.sha256)
    write.runs.finish(competition.id, run, clock.utc_now())


class _Update(NamedTuple):
    """What a board changes.

    Attributes:
        entries: to be written.
        history: changes of histories, each with the user's id; can be read once.
        known: the users who had an entry before.
        changed: how many standings moved.
    """

    entries: list[Entry]
    history: Iterable[tuple[int, Splice]]
    known: set[int]
    changed: int


def _update(
    ledger: Ledger,
    competition: Competition,
    snapshot_at: datetime,
    claims: dict[int, Claim],
) -> _Update:
    """What the newest board changes: only entries that differ are written."""
    at = clock.iso(snapshot_at)
    before = clock.iso(competition.snapshot_at or snapshot_at)
    written: list[Entry] = []
    moved: list[Entry] = []
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
                changed += 1
        elif old.left_at is None:
            left = old._replace(last_seen_at=old.last_seen_at or before, left_at=at)
            written.append(left)
            moved.append(left)
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
    return _Update(written, changes, known, changed)


def _update_older(
    ledger: Ledger,
    competition: Competition,
    snapshot_at: datetime,
    claims: dict[int, Claim],
) -> _Update:
    """What an older board changes: the history, and entries of people who are no longer on the board."""
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
    seen: dict[int, Standing | None] = dict.fromkeys(ledger.history.users(competition.id))
    seen |= {user: claim.standing for user, claim in claims.items()}
    changes = _spliced(ledger, competition.id, int(snapshot_at.timestamp()), seen)
    return _Update(written, list(changes), set(entries), changed=0)


def _spliced(
    ledger: Ledger, competition_id: int, moment: int, seen: dict[int, Standing | None]
) -> Iterator[tuple[int, Splice]]:
    """How a snapshot between others changes the histories of users."""
    for user, standing in seen.items():
        next_at = ledger.history.next_search(competition_id, user, moment)
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


def _count(summary: BoardSummary, claims: dict[int, Claim], update: _Update) -> Counts:
    rows = {claim.row for claim in claims.values()}
    created = {claim.row for user, claim in claims.items() if user not in update.known}
    return Counts(
        rows=summary.rows,
        created=len(created),
        updated=len(rows - created),
        skipped=summary.rows - len(rows),
        changed=update.changed,
    )
