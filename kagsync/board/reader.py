"""Reads a leaderboard's CSV, modern or old (see `board/header.py`), as one tidy stream of teams.

Cells are written by strangers: a team may be called NaN or null, so no type is guessed from them.

It uses the csv module because importing pandas takes longer than pandas saves. CPU of a whole `sync --from`,
compared with pandas: 0.34 at 1,744 rows (27 MB instead of 75), 0.5 at 42,000 (34 instead of 94), 0.8 at
200,000, 0.9 at 400,000, 1.08 at a million (195 instead of 238). The largest real board had 43,000.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice, pairwise
from operator import itemgetter
from typing import TYPE_CHECKING

from kagsync.board import cells, rows, sizes
from kagsync.board.cells import Legible
from kagsync.board.header import (
    MODERN_OPTIONAL,
    Header,
    count_rows,
    is_row,
    read_header,
    refuse_cut_off,
    shown,
)
from kagsync.board.summary import BoardSummary
from kagsync.errors import BadBoard
from kagsync.log import logger

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from kagsync.board.rows import Rows

_ROWS_AT_ONCE = 500  # as fast as 250 to 2,000; a fifth slower from 20,000 on


@dataclass
class Board:
    """An opened leaderboard: its columns, its rows in pieces, to be read once, and after them its summary."""

    columns: list[str]
    pieces: Iterator[Rows]
    summary: BoardSummary


def open_board(path: Path, *, higher_is_better: bool | None = None) -> Board:
    """Opens a leaderboard.

    Args:
        path: the CSV.
        higher_is_better: the direction, if it is known; only old boards, which have no rank, need it.

    Raises:
        BadBoard: it is not a leaderboard, or cut off. While its pieces are read: it is not CSV throughout, a
            needed column cannot be read at all, or a team or a rank appears twice.
    """
    header = read_header(path)
    refuse_cut_off(path, header)
    if header.modern and len(header.optional) < len(MODERN_OPTIONAL):
        absent = ", ".join(name for name in MODERN_OPTIONAL if name not in header.optional)
        logger.warning("The CSV has no column %s: left empty", absent)
    summary = BoardSummary()
    texts = _texts(path, header)
    pieces = _modern(texts, summary) if header.modern else _old(texts, summary, higher_is_better)
    return Board(header.columns, _whole(pieces, header, summary), summary)


def _whole(pieces: Iterator[Rows], header: Header, summary: BoardSummary) -> Iterator[Rows]:
    """Passes the pieces on, and at their end refuses what cannot be a leaderboard."""
    yield from pieces
    for name in header.needed:
        found = summary.legible.get(name, Legible(0, 0))
        if name in ("Rank", "TeamId") and header.modern:
            useless = summary.rows > 0 and found.good == 0
        else:
            useless = found.bad > 0 and found.good == 0
        if useless:
            such = f', such as "{shown(found.example)}"' if found.example else ""
            raise BadBoard(
                f"no cell of the column {name} can be read{such}",
                "Use the file as Kaggle gave it: another program may have changed its numbers or dates",
            )
    if header.modern and (again := summary.repeated()) is not None:
        raise BadBoard(
            f"{again[0]} {again[1]} is on the board more than once, so the file is not one leaderboard",
            "If it holds several snapshots, make a file of each",
        )


def _texts(path: Path, header: Header) -> Iterator[dict[str, Sequence[str]]]:
    """The needed columns as text, by their names, in pieces."""
    with sizes.reading(path, to_the_end=True) as lines:
        found = _needed_cells(lines, list(header.positions.values()))
        next(found)  # the header
        read = 0
        while piece := list(islice(found, _ROWS_AT_ONCE)):
            read += len(piece)
            if read > header.most_rows:
                count_rows(path)  # refuses the board, with the number of its rows
            yield dict(zip(header.positions, zip(*piece, strict=True), strict=True))


def _needed_cells(lines: Iterator[list[str]], positions: list[int]) -> Iterator[tuple[str, ...]]:
    """The needed cells of each row. Those that a short row lacks are empty."""
    pick, last = itemgetter(*positions), max(positions)
    for row in lines:
        if len(row) > last:
            yield pick(row)
        elif is_row(row):
            yield pick(row + [""] * (last + 1))


def _modern(texts: Iterable[dict[str, Sequence[str]]], summary: BoardSummary) -> Iterator[Rows]:
    for piece in texts:
        found = rows.read(piece, summary)
        summary.add(found, found.members)
        yield found


def _old(
    texts: Iterable[dict[str, Sequence[str]]], summary: BoardSummary, higher_is_better: bool | None
) -> Iterator[Rows]:
    """An old board as one piece: a team's rows collapse to its latest, ranks computed where possible."""
    pieces = list(texts)
    if not pieces:
        return
    whole = {name: [text for piece in pieces for text in piece[name]] for name in pieces[0]}
    board = rows.read(whole, summary)
    dates = [cells.date(text) or "" for text in board.dates]  # illegible ones count as the earliest
    keys = [key or f"name:{name}" for key, name in zip(whole["TeamId"], board.team_names, strict=True)]
    in_time = sorted(range(len(keys)), key=dates.__getitem__)
    moved = _direction_of_moves((keys[i], board.scores[i]) for i in in_time)
    in_order = _direction_of_order([score for score in board.scores if score == score])
    direction = next((told for told in (higher_is_better, moved, in_order) if told is not None), None)
    # Keep the latest row of a team, since each was an improvement.
    latest = sorted({keys[i]: i for i in in_time}.values())
    ranks: dict[int, int] = {}
    if direction is not None:
        # A board in score order keeps Kaggle's order of ties. Otherwise the earlier submission comes first.
        ranked = [i for i in latest if not math.isnan(board.scores[i])]
        if in_order != direction:
            ranked.sort(key=lambda i: (dates[i], whole["TeamId"][i]))
        ranked.sort(key=board.scores.__getitem__, reverse=direction)  # keeps the order of ties
        ranks = {i: rank for rank, i in enumerate(ranked, start=1)}
    else:
        logger.warning(
            "An old board without ranks, and not in score order: ranks stay empty "
            "(pass --higher-is-better or --lower-is-better)"
        )
    teams = board._replace(ranks=[ranks.get(i) for i in range(len(keys))]).pick(latest)
    summary.add(teams, teams.team_names)
    yield teams


def _direction_of_moves(rows_in_time: Iterable[tuple[str, float]]) -> bool | None:
    """Whether higher is better: in order of time, each row of a team is an improvement.

    None if no team has two scores, or if teams contradict each other (they do on none of 74 real boards).
    """
    before: dict[str, float] = {}
    up = down = False
    for team, score in rows_in_time:
        last = before.get(team, math.nan)
        up, down = up or score > last, down or score < last  # no comparison with NaN is true
        before[team] = score
    return up if up != down else None


def _direction_of_order(scores: list[float]) -> bool | None:
    """Whether higher is better, by the order of the scores in the file; None if they are not sorted."""
    rises = any(later > score for score, later in pairwise(scores))
    falls = any(later < score for score, later in pairwise(scores))
    return falls if rises != falls else None
