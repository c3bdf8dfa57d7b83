"""The CSV of a leaderboard, modern or old (see `board/header.py`), as one tidy stream of teams.

Cells are text by strangers: a team may be called NaN or null, so nothing is guessed from them.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kagsync import memory
from kagsync.board import cells
from kagsync.board.cells import Legible
from kagsync.board.header import MODERN_OPTIONAL, Header, read_header, refuse_cut_off, short
from kagsync.board.summary import Figures
from kagsync.errors import BadBoard
from kagsync.log import logger
from kagsync.standings.marks import Benchmark
from kagsync.standings.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    import pandas as pd

    from kagsync.board.cells import FloatArray

_INTEGERS = ("Rank", "TeamId", "SubmissionCount")
_ROWS_AT_ONCE = 20_000  # keeps the memory of a million rows flat, at no cost in time


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a board as parallel lists, and a function that gives the full standing of row i."""

    ranks: list[int | None]
    team_names: list[str]
    members: list[str]
    standing: Callable[[int], Standing]


@dataclass
class Board:
    """An opened leaderboard: its columns, a stream of chunks to be read once, and then its figures."""

    columns: list[str]
    chunks: Iterator[Chunk]
    figures: Figures


def open_board(path: Path, *, higher_is_better: bool | None = None) -> Board:
    """Opens a leaderboard with pandas.

    Args:
        path: the CSV.
        higher_is_better: the direction, if it is known; only old boards, which have no rank, need it.

    Raises:
        BadBoard: it is no leaderboard, or cut off. While its chunks are read: it is not CSV throughout, a
            needed column cannot be read at all, or a team or a rank is there twice.
    """
    header = read_header(path)
    refuse_cut_off(path, header)
    if header.modern and len(header.optional) < len(MODERN_OPTIONAL):
        absent = ", ".join(name for name in MODERN_OPTIONAL if name not in header.optional)
        logger.warning("The CSV has no column %s: left empty", absent)
    figures = Figures()
    chunks = (
        _modern_chunks(path, header, figures)
        if header.modern
        else _old_chunks(path, header, figures, higher_is_better)
    )
    return Board(header.columns, _whole(chunks, header, figures), figures)


def _whole(chunks: Iterator[Chunk], header: Header, figures: Figures) -> Iterator[Chunk]:
    """The chunks, and at their end a refusal of a board that cannot be one."""
    yield from chunks
    for name in header.needed:
        found = figures.legible.get(name, Legible(0, 0))
        if name in ("Rank", "TeamId") and header.modern:
            useless = figures.rows > 0 and found.good == 0
        else:
            useless = found.bad > 0 and found.good == 0
        if useless:
            such = f', such as "{short(found.example)}"' if found.example else ""
            raise BadBoard(
                f"no cell of the column {name} can be read{such}",
                "Use the file as Kaggle gave it: another program may have changed its numbers or dates",
            )
    if header.modern and (again := figures.repeated()) is not None:
        raise BadBoard(
            f"{again[0]} {again[1]} is on the board more than once, so the file is not one leaderboard",
            "If it holds several snapshots, make a file of each",
        )


def _frames(path: Path, header: Header) -> Iterator[pd.DataFrame]:
    """The needed columns in pieces: whole numbers as such while all are legible, everything else as text."""
    integers = [name for name in header.raw if name in _INTEGERS]
    for number, frame in enumerate(_read(path, header, integers)):
        if any(frame[name].dtype != "int64" for name in integers):
            # Only the text tells which cells are no numbers; pandas has made of them what it could.
            yield from itertools.islice(_read(path, header), number, None)
            return
        yield frame


def _read(path: Path, header: Header, integers: Collection[str] = ()) -> Iterator[pd.DataFrame]:
    """The columns in pieces, as text but for those of which pandas shall make numbers, if it can."""
    memory.before_pandas()
    import pandas as pd  # 0.4 s and 60 MB: only a changed board is worth it

    try:
        with pd.read_csv(
            path,
            usecols=list(header.raw.values()),
            dtype={raw: object for name, raw in header.raw.items() if name not in integers},
            na_filter=False,  # a team may be called NaN
            encoding="utf-8",  # a byte order mark is no part of it for pandas
            encoding_errors="replace",
            index_col=False,
            chunksize=_ROWS_AT_ONCE,
            low_memory=False,  # or a piece could come in several, each with other types
        ) as reader:
            for frame in reader:
                yield frame.rename(columns=str.strip)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        if memory.ran_out(error):
            raise MemoryError("pandas has not enough") from error
        reason = str(error).strip().splitlines()[-1]
        raise BadBoard(f"the CSV cannot be read: {reason}", "Fetch the board again") from error


def _modern_chunks(path: Path, header: Header, figures: Figures) -> Iterator[Chunk]:
    for frame in _frames(path, header):
        ranks = _integers(frame["Rank"], figures)
        chunk = _chunk(frame, ranks, frame["TeamMemberUserNames"].tolist(), "LastSubmissionDate", figures)
        figures.rows += len(frame)
        marks = [i for i, rank in enumerate(ranks) if rank == 0] if 0 in ranks else []
        figures.teams += len(frame) - len(marks)
        for i in marks:
            mark = chunk.standing(i)
            figures.add_benchmark(Benchmark(mark.team_name, mark.score, mark.score_text))
        yield chunk


def _chunk(
    frame: pd.DataFrame, ranks: list[int | None], members: list[str], date_column: str, figures: Figures
) -> Chunk:
    """Reads the numbers and dates of a piece; a cell that is neither empty nor legible becomes None."""
    score_texts = frame["Score"].tolist()
    numbers = _floats(frame["Score"], figures)
    scores = numbers.tolist()
    team_ids = _integers(frame["TeamId"], figures)
    team_names = frame["TeamName"].tolist()
    dates = frame[date_column].tolist() if date_column in frame else None
    read_date = cells.date if date_column == "LastSubmissionDate" else cells.old_date
    if dates is not None:
        figures.note(date_column, cells.legible_dates(dates, read_date))
    counts = _integers(frame["SubmissionCount"], figures) if "SubmissionCount" in frame else None
    figures.add(ranks, numbers, members if "TeamMemberUserNames" in frame else team_names, team_ids)
    if "del=" in ",".join(members):
        for team_id, cell in zip(team_ids, members, strict=True):
            for name in split_members(cell):
                if name.startswith("del="):
                    figures.add_deleted(name, team_id)

    def standing(i: int) -> Standing:
        score = scores[i]
        legible = score == score  # NaN is not itself
        return Standing(
            rank=ranks[i],
            score=score if legible else None,
            score_text=score_texts[i].strip() if legible else None,
            team_id=team_ids[i],
            team_name=team_names[i],
            members=_in_order(members[i]),
            submission_count=None if counts is None else counts[i],
            submission_date=None if dates is None else read_date(dates[i].strip()),
        )

    return Chunk(ranks, team_names, members, standing)


def split_members(cell: str) -> list[str]:
    """The usernames in a TeamMemberUserNames cell: trimmed, lower case, none empty."""
    if "," not in cell:
        name = cell.strip().lower()
        return [name] if name else []
    return [name for part in cell.split(",") if (name := part.strip().lower())]


def _in_order(cell: str) -> str:
    """The usernames of a TeamMemberUserNames cell as they are stored, whatever their order on the board."""
    return ",".join(sorted(split_members(cell))) if "," in cell else cell.strip().lower()


def _floats(column: pd.Series[Any], figures: Figures) -> FloatArray:
    texts = column.to_numpy(dtype=object)
    numbers = cells.numbers(texts)
    bad = bool((numbers != numbers).any())  # NaN is not itself
    found = cells.legible(texts.tolist(), numbers.tolist()) if bad else Legible(len(texts), 0)
    figures.note(str(column.name), found)
    return numbers


def _integers(column: pd.Series[Any], figures: Figures) -> list[int | None]:
    found = column.tolist()
    if column.dtype == "int64" and min(found, default=0) >= 0:
        figures.note(str(column.name), Legible(len(found), 0))
        return found
    values = [cells.integer(cell) for cell in found]
    figures.note(str(column.name), cells.legible(found, values))
    return values


def _old_chunks(
    path: Path, header: Header, figures: Figures, higher_is_better: bool | None
) -> Iterator[Chunk]:
    """An old board as one chunk: a team's rows collapse to its latest, ranks computed where possible."""
    import pandas as pd

    board = pd.concat(list(_read(path, header)), ignore_index=True)
    figures.rows = len(board)
    scores = pd.Series(_floats(board["Score"], figures), index=board.index, dtype=float)
    texts = board["SubmissionDate"].tolist()
    figures.note("SubmissionDate", cells.legible_dates(texts, cells.old_date))
    _integers(board["TeamId"], figures)
    dates = pd.Series([cells.old_date(text.strip()) for text in texts], index=board.index, dtype=object)
    key = board["TeamId"].where(board["TeamId"] != "", "name:" + board["TeamName"])
    # The latest row of a team: each was an improvement. Illegible dates count as the earliest.
    in_time = dates.fillna("").sort_values(kind="stable").index
    moved = _direction_of_moves(key.loc[in_time], scores.loc[in_time])
    in_order = _direction_of_order(scores.dropna())
    latest = key.loc[in_time].drop_duplicates(keep="last").index.sort_values()
    teams, scores, dates = board.loc[latest], scores.loc[latest], dates.loc[latest]
    figures.teams = len(teams)
    direction = next((told for told in (higher_is_better, moved, in_order) if told is not None), None)
    ranks: list[int | None] = [None] * len(teams)
    if direction is not None:
        order = pd.DataFrame(
            {"score": scores, "date": dates.fillna(""), "team": teams["TeamId"]}
        ).reset_index()
        # A board in score order is in Kaggle's own order, ties included; else the earlier submission wins.
        tie_break = ["index"] if in_order == direction else ["date", "team", "index"]
        order = order.dropna(subset="score").sort_values(
            ["score", *tie_break], ascending=[not direction, *(True for _ in tie_break)]
        )
        for rank, position in enumerate(order.index.tolist(), start=1):
            ranks[position] = rank
    elif len(teams):
        logger.warning(
            "An old board without ranks, and not in score order: ranks stay empty "
            "(say --higher-is-better or --lower-is-better)"
        )
    legible = dict(figures.legible)
    yield _chunk(teams.reset_index(drop=True), ranks, [""] * len(teams), "SubmissionDate", figures)
    figures.legible = legible  # of all rows, not of these once more


def _direction_of_moves(teams: pd.Series[str], scores: pd.Series[float]) -> bool | None:
    """Whether higher is better, told from the rows of each team in order of time: each is an improvement.

    None where no team has two scores, or where they contradict one another. In 74 real boards none does.
    """
    steps = scores.groupby(teams, sort=False).diff().dropna()
    up, down = bool((steps > 0).any()), bool((steps < 0).any())
    return up if up != down else None


def _direction_of_order(scores: pd.Series[float]) -> bool | None:
    """Whether higher is better, told from scores in the order of the file; None if they are in none."""
    if scores.nunique() < 2:
        return None
    if scores.is_monotonic_decreasing:
        return True
    return False if scores.is_monotonic_increasing else None
