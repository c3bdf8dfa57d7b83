"""Phase 2: turns a board on disk into entries and history in the database, in one transaction."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from itertools import starmap
from typing import TYPE_CHECKING

from kagsync import clock
from kagsync.board import matching, reader
from kagsync.board.matching import Person
from kagsync.errors import BadBoard, UnknownCompetition
from kagsync.log import logger
from kagsync.standings import lifecycle
from kagsync.standings.standing import STORED_VERSION
from kagsync.standings.which import PRIVATE, PUBLIC
from kagsync.store.records import OK, OLDER, UNCHANGED, Competition, Counts, Run, Snapshot
from kagsync.sync import changes, guard, restore
from kagsync.sync.result import Processed

if TYPE_CHECKING:
    from datetime import datetime

    from kagsync.board.matching import Claim, Matches, Roster
    from kagsync.board.reader import Board
    from kagsync.board.renames import Before
    from kagsync.board.summary import BoardSummary
    from kagsync.store import Ledger, LedgerChanges, Store, Writing
    from kagsync.sync.changes import Update
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
    in_words: bool = False,
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
        in_words: count what changed by its reason, to be told on a terminal.

    Raises:
        BadBoard: the CSV is not a leaderboard, or there is another board of its moment or of the future.
        SuspiciousBoard: it has lost most of its rows.
        UnknownCompetition: the competition was removed in the meantime.
        DatabaseError, DiskFull: the database failed.
    """
    competition = store.competitions.on(competition, fetched.board)
    run = replace(run, board=fetched.board)
    ledger = store.ledger(fetched.board)
    drops = force or guard.dated_by_us(ledger, competition, fetched)
    if not drops:
        guard.refuse_frozen(competition, fetched)
    roster_version = store.users.roster_version()
    fingerprint = f"{fetched.sha256}:{rules(roster_version, competition, team_name=team_name)}"
    older = competition.snapshot_at is not None and fetched.snapshot_at < competition.snapshot_at
    if competition.fingerprint == fingerprint and not older and not force:
        fetched.log_rows()
        return _nothing_new(store, competition, fetched, run)

    roster = matching.Roster.of(starmap(Person, store.users.roster()))
    before = None
    if fetched.board == PUBLIC and not older:
        from kagsync.board.renames import Before  # in most runs nothing is new

        asked = {each.user_id: each.new for each in ledger.boards.possible_renames(competition.id)}
        before = Before(ledger.boards.teams_by_username(competition.id), asked)
    matches, board = _read(fetched, competition, roster, before, team_name=team_name)
    summary = board.summary
    guard.refuse(ledger, competition, fetched, summary.rows, force=force, accept_shrink=accept_shrink)
    logger.info("CSV has %d entries with columns: %s", summary.rows, board.columns)
    if summary.bad_cells:
        cells = ", ".join(f"{name} {count}" for name, count in summary.bad_cells.items())
        logger.warning("Cells that could not be read are left empty: %s", cells)

    with store.writing() as write:
        if drops and guard.is_frozen(competition):
            restore.drop_boards_after(ledger, write.ledger(fetched.board), competition, clock.horizon())
        now = _again(store, competition)
        if store.users.roster_version() != roster_version:  # a user who was removed must not come back
            matches = matches.only({user for user, *_ in store.users.roster()})
        snapshot = Snapshot(
            moment=int(fetched.snapshot_at.timestamp()),
            rows=summary.rows,
            # Of a board that was not read to its end, nothing is known as a whole.
            teams=None if fetched.partial else summary.places,
            last_user_id=roster.last_id,
            sha256=fetched.sha256,
            file=fetched.file,
            best=None if fetched.partial else summary.marks().best,
            benchmarks=None if fetched.partial else tuple(summary.benchmarks),
        )
        older = now.snapshot_at is not None and fetched.snapshot_at < now.snapshot_at
        writing = write.ledger(fetched.board)
        claims, usernames = matches.claims, roster.by_member
        update = _save(ledger, writing, now, fetched, snapshot, claims, usernames, summary)
        counts = changes.count(summary, claims, update)
        if not older:
            is_private = fetched.board == PRIVATE
            last_run = store.runs.last_before(competition.id, run.run) if is_private else None
            _apply(write, now, fetched, snapshot, matches, summary, fingerprint, last_run)
        status = OLDER if older else OK
        _finish(write, now, fetched, replace(run, status=status, counts=counts))
    if older:
        logger.info("An older snapshot (%s): it only adds to the history", clock.iso(fetched.snapshot_at))
    logger.info(
        "Database update complete - Created: %d, Updated: %d, Skipped: %d",
        counts.created,
        counts.updated,
        counts.skipped,
    )
    if not in_words or older:
        return Processed(status, counts)
    from kagsync.sync import moves  # a run without a terminal does not need it

    moved = moves.count(
        update,
        now,
        snapshot.moment,
        ledger.history.deleted_accounts(now.id),
        len(claims),
        higher_is_better=summary.marks().higher_is_better,
    )
    return Processed(status, counts, moved)


def _read(
    fetched: Fetched, competition: Competition, roster: Roster, before: Before | None, *, team_name: bool
) -> tuple[Matches, Board]:
    """Reads a board: whose rows are on it, and the board with its summary."""
    board = reader.open_board(fetched.csv, higher_is_better=competition.higher_is_better)
    board.summary.keeps_team_names = roster.teams is not None  # to suggest corrections of teams
    try:
        matches = matching.match(board.pieces, roster, team_name=team_name, before=before)
    except BadBoard:
        with contextlib.suppress(BadBoard):
            fetched.log_rows()
        raise
    fetched.log_rows(board.summary.rows)
    return matches, board


def _save(
    ledger: Ledger,
    write: LedgerChanges,
    competition: Competition,
    fetched: Fetched,
    snapshot: Snapshot,
    claims: dict[int, Claim],
    usernames: dict[str, int],
    summary: BoardSummary,
) -> Update:
    """Saves the entries and the history of a board, whether it is the newest or an older one."""
    key, at, applied = competition.id, fetched.snapshot_at, competition.snapshot_at
    older, again = applied is not None and at < applied, at == applied
    kept = changes.renamed_since(ledger, key, snapshot, usernames, claims) if older or again else set()
    update = (changes.by_older if older else changes.by_newest)(ledger, competition, at, claims, kept)
    write.boards.save_entries(key, update.entries)
    write.history.save(key, update.history)
    if older or again:
        write.boards.follow_history(key)
    write.snapshots.save(key, snapshot)
    write.history.save_deleted_accounts(key, snapshot.moment, summary.deleted)
    higher_is_better = summary.marks().higher_is_better
    if higher_is_better is not None:
        newest = not older and competition.board == PUBLIC
        write.boards.save_direction(key, higher_is_better=higher_is_better, applied=newest)
    if older or again:
        write.boards.save_entries(key, restore.redated(ledger, key))
    return update


def _apply(
    write: Writing,
    competition: Competition,
    fetched: Fetched,
    snapshot: Snapshot,
    matches: Matches,
    summary: BoardSummary,
    fingerprint: str,
    last_run: datetime | None,
) -> None:
    """Makes a board the applied one."""
    boards = write.ledger(fetched.board).boards
    boards.apply(
        competition.id,
        snapshot_at=fetched.snapshot_at,
        rows=snapshot.rows,
        teams=snapshot.teams,
        marks=summary.marks().of_a_part() if fetched.partial else summary.marks(),
        names=summary.names(),
        team_names=summary.team_names(),
        fingerprint=fingerprint,
    )
    boards.save_unclear_teams(competition.id, matches.unclear)
    if fetched.board == PUBLIC:
        boards.save_possible_renames(competition.id, matches.renames)
    packed = None if fetched.partial else summary.packed_ranks()
    if packed is not None:
        boards.save_ranks(competition.id, packed)
    if fetched.board == PRIVATE:
        now = clock.utc_now()
        if lifecycle.is_old_news(competition.times(now), now, last_run):
            write.ledger(PRIVATE).history.mark_as_told(competition.id, snapshot.moment)


def rules(roster_version: int, competition: Competition, *, team_name: bool) -> str:
    """What else than the board decides what is stored. With the board's hash it is the fingerprint."""
    return ":".join(map(str, (roster_version, team_name, competition.higher_is_better, STORED_VERSION)))


def _nothing_new(store: Store, competition: Competition, fetched: Fetched, run: Run) -> Processed:
    counts = Counts(rows=fetched.rows, created=0, updated=0, skipped=fetched.rows, changed=0)
    with store.writing() as write:
        now = _again(store, competition)
        if now.snapshot_at is None or fetched.snapshot_at > now.snapshot_at:
            writing = write.ledger(fetched.board)
            writing.snapshots.save_unchanged(competition.id, int(fetched.snapshot_at.timestamp()))
            writing.boards.set_snapshot_time(competition.id, fetched.snapshot_at)
        _finish(write, now, fetched, replace(run, status=UNCHANGED, counts=counts))
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
    if fetched.board == PRIVATE:
        write.competitions.set_result_since(competition, clock.utc_now())
