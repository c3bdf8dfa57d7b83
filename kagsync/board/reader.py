"""Reads a leaderboard's CSV, modern or old (see `board/header.py`), as one tidy stream of teams.

Cells are written by strangers: a team may be called NaN or null, so no type is guessed from them.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kagsync import memory
from kagsync.board import cells, rows
from kagsync.board.cells import Legible
from kagsync.board.header import MODERN_OPTIONAL, Header, read_header, refuse_cut_off, short
from kagsync.board.summary import BoardSummary
from kagsync.errors import BadBoard
from kagsync.log import logger
from kagsync.standings.marks import Benchmark

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    import pandas as pd

    from kagsync.board.rows import Chunk

_WHOLE_NUMBERS = ("Rank", "TeamId", "SubmissionCount")
_ROWS_AT_ONCE = 20_000  # bounds the memory of a million rows, and costs no time


@dataclass
class Board:
    """An opened leaderboard: its columns, its chunks, which can be read once, and after them its summary."""

    columns: list[str]
    chunks: Iterator[Chunk]
    summary: BoardSummary


def open_board(path: Path, *, higher_is_better: bool | None = None) -> Board:
    """Opens a leaderboard with pandas.

    Args:
        path: the CSV.
        higher_is_better: the direction, if it is known; only old boards, which have no rank, need it.

    Raises:
        BadBoard: it is not a leaderboard, or cut off. While its chunks are read: it is not CSV throughout, a
            needed column cannot be read at all, or a team or a rank appears twice.
    """
    header = read_header(path)
    refuse_cut_off(path, header)
    if header.modern and len(header.optional) < len(MODERN_OPTIONAL):
        absent = ", ".join(name for name in MODERN_OPTIONAL if name not in header.optional)
        logger.warning("The CSV has no column %s: left empty", absent)
    summary = BoardSummary()
    chunks = (
        _modern_chunks(path, header, summary)
        if header.modern
        else _old_chunks(path, header, summary, higher_is_better)
    )
    return Board(header.columns, _whole(chunks, header, summary), summary)


def _whole(chunks: Iterator[Chunk], header: Header, summary: BoardSummary) -> Iterator[Chunk]:
    """Passes the chunks on, and at their end refuses what cannot be a leaderboard."""
    yield from chunks
    for name in header.needed:
        found = summary.legible.get(name, Legible(0, 0))
        if name in ("Rank", "TeamId") and header.modern:
            useless = summary.rows > 0 and found.good == 0
        else:
            useless = found.bad > 0 and found.good == 0
        if useless:
            such = f', such as "{short(found.example)}"' if found.example else ""
            raise BadBoard(
                f"no cell of the column {name} can be read{such}",
                "Use the file as Kaggle gave it: another program may have changed its numbers or dates",
            )
    if header.modern and (again := summary.repeated()) is not None:
        raise BadBoard(
            f"{again[0]} {again[1]} is on the board more than once, so the file is not one leaderboard",
            "If it holds several snapshots, make a file of each",
        )


def _frames(path: Path, header: Header) -> Iterator[pd.DataFrame]:
    """The needed columns in pieces: whole numbers as such while all are legible, everything else as text."""
    integers = [name for name in header.raw if name in _WHOLE_NUMBERS]
    for number, frame in enumerate(_read(path, header, integers)):
        if any(frame[name].dtype != "int64" for name in integers):
            # Only the text tells which cells are not numbers.
            yield from itertools.islice(_read(path, header), number, None)
            return
        yield frame


def _read(path: Path, header: Header, integers: Collection[str] = ()) -> Iterator[pd.DataFrame]:
    """The columns in pieces, all as text but `integers`, which pandas reads as numbers where it can."""
    memory.before_pandas()
    import pandas as pd  # 0.4 s and 60 MB, so only for a changed board

    try:
        with pd.read_csv(
            path,
            usecols=list(header.raw.values()),
            dtype={raw: object for name, raw in header.raw.items() if name not in integers},
            na_filter=False,  # a team may be called NaN
            encoding="utf-8",  # pandas drops a byte order mark
            encoding_errors="replace",
            index_col=False,
            chunksize=_ROWS_AT_ONCE,
            low_memory=False,  # otherwise parts of a piece could get different types
        ) as reader:
            for frame in reader:
                yield frame.rename(columns=str.strip)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        if memory.ran_out(error):
            raise MemoryError("pandas has not enough") from error
        reason = str(error).strip().splitlines()[-1]
        raise BadBoard(f"the CSV cannot be read: {reason}", "Fetch the board again") from error


def _modern_chunks(path: Path, header: Header, summary: BoardSummary) -> Iterator[Chunk]:
    for frame in _frames(path, header):
        ranks = rows.integers(frame["Rank"], summary)
        chunk = rows.chunk(frame, ranks, frame["TeamMemberUserNames"].tolist(), "LastSubmissionDate", summary)
        summary.rows += len(frame)
        benchmark_rows = [i for i, rank in enumerate(ranks) if rank == 0] if 0 in ranks else []
        summary.teams += len(frame) - len(benchmark_rows)
        for i in benchmark_rows:
            row = chunk.standing(i)
            summary.add_benchmark(Benchmark(row.team_name, row.score, row.score_text))
        yield chunk


def _old_chunks(
    path: Path, header: Header, summary: BoardSummary, higher_is_better: bool | None
) -> Iterator[Chunk]:
    """An old board as one chunk: a team's rows collapse to its latest, ranks computed where possible."""
    import pandas as pd

    board = pd.concat(list(_read(path, header)), ignore_index=True)
    summary.rows = len(board)
    scores = pd.Series(rows.floats(board["Score"], summary), index=board.index, dtype=float)
    texts = board["SubmissionDate"].tolist()
    summary.note("SubmissionDate", cells.legible_dates(texts, cells.old_date))
    rows.integers(board["TeamId"], summary)
    dates = pd.Series([cells.old_date(text.strip()) for text in texts], index=board.index, dtype=object)
    key = board["TeamId"].where(board["TeamId"] != "", "name:" + board["TeamName"])
    # Keep the latest row of a team, since each was an improvement. Illegible dates count as the earliest.
    in_time = dates.fillna("").sort_values(kind="stable").index
    moved = _direction_of_moves(key.loc[in_time], scores.loc[in_time])
    in_order = _direction_of_order(scores.dropna())
    latest = key.loc[in_time].drop_duplicates(keep="last").index.sort_values()
    teams, scores, dates = board.loc[latest], scores.loc[latest], dates.loc[latest]
    summary.teams = len(teams)
    direction = next((told for told in (higher_is_better, moved, in_order) if told is not None), None)
    ranks: list[int | None] = [None] * len(teams)
    if direction is not None:
        order = pd.DataFrame(
            {"score": scores, "date": dates.fillna(""), "team": teams["TeamId"]}
        ).reset_index()
        # A board in score order keeps Kaggle's order of ties. Otherwise the earlier submission comes first.
        tie_break = ["index"] if in_order == direction else ["date", "team", "index"]
        order = order.dropna(subset="score").sort_values(
            ["score", *tie_break], ascending=[not direction, *(True for _ in tie_break)]
        )
        for rank, position in enumerate(order.index.tolist(), start=1):
            ranks[position] = rank
    elif len(teams):
        logger.warning(
            "An old board without ranks, and not in score order: ranks stay empty "
            "(pass --higher-is-better or --lower-is-better)"
        )
    legible = dict(summary.legible)
    yield rows.chunk(teams.reset_index(drop=True), ranks, [""] * len(teams), "SubmissionDate", summary)
    summary.legible = legible  # do not count these rows twice


def _direction_of_moves(teams: pd.Series[str], scores: pd.Series[float]) -> bool | None:
    """Whether higher is better: in order of time, each row of a team is an improvement.

    None if no team has two scores, or if teams contradict each other (they do on none of 74 real boards).
    """
    steps = scores.groupby(teams, sort=False).diff().dropna()
    up, down = bool((steps > 0).any()), bool((steps < 0).any())
    return up if up != down else None


def _direction_of_order(scores: pd.Series[float]) -> bool | None:
    """Whether higher is better, by the order of the scores in the file; None if they are not sorted."""
    if scores.nunique() < 2:
        return None
    if scores.is_monotonic_decreasing:
        return True
    return False if scores.is_monotonic_increasing else None
