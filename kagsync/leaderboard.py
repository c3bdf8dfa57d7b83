"""The CSV of a leaderboard, modern or old, as one tidy stream of teams.

Modern (2023 to now): Rank,TeamId,TeamName,LastSubmissionDate,Score,SubmissionCount,TeamMemberUserNames.
Old (to 2022): TeamId,TeamName,SubmissionDate,Score, until 2020 with several rows a team.
Cells are text by strangers: a team may be called NaN or null, so nothing is guessed from them.
"""

from __future__ import annotations

import contextlib
import csv
import itertools
import math
import os
import sys
from collections import Counter, deque
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from kagsync.errors import BadBoard
from kagsync.figures import Benchmark, Figures
from kagsync.log import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    import numpy as np
    import pandas as pd

    FloatArray = np.ndarray[tuple[int], np.dtype[np.float64]]

_ENCODING = "utf-8-sig"  # Kaggle writes a byte order mark; archives drop it
_MODERN = ("Rank", "TeamId", "TeamName", "Score", "TeamMemberUserNames")
_MODERN_OPTIONAL = ("LastSubmissionDate", "SubmissionCount")
_OLD = ("TeamId", "TeamName", "SubmissionDate", "Score")
_INTEGERS = ("Rank", "TeamId", "SubmissionCount")
_ROWS_AT_ONCE = 20_000  # keeps the memory of a million rows flat, at no cost in time
_MAX_INTEGER = 2**63 - 1  # SQLite's


class Standing(NamedTuple):
    """How a team stands on a board. None: the board does not say, or not legibly.

    Attributes:
        rank: 1 is the best; None when an old board's direction is unknown.
        score: the number; `score_text`: as Kaggle prints it, with its fixed decimals.
        members: usernames, lower case, comma-separated, sorted.
        submission_date: ISO 8601 UTC of the last submission.
    """

    rank: int | None
    score: float | None
    score_text: str | None
    team_name: str
    team_id: int | None
    members: str
    submission_date: str | None
    submission_count: int | None


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


def count_rows(path: Path) -> int:
    """The number of data rows, counted without pandas: an unchanged board never needs more.

    Raises:
        BadBoard: it is not text in CSV form.
    """
    with _reading(path) as rows:
        return max(sum(1 for row in rows if _is_row(row)) - 1, 0)


def open_board(path: Path, *, higher_is_better: bool | None = None) -> Board:
    """Opens a leaderboard with pandas.

    Args:
        path: the CSV.
        higher_is_better: the direction, if it is known; only old boards, which have no rank, need it.

    Raises:
        BadBoard: a needed column is missing or stands twice, or it is not CSV (also while chunks are read).
    """
    columns = _columns(path)
    if any("\0" in name for name in columns):
        raise BadBoard(
            "the CSV has NUL characters in its header, as UTF-16 has",
            "Save it as UTF-8, or fetch the board again",
        )
    modern = "TeamMemberUserNames" in columns or "Rank" in columns
    needed = _MODERN if modern else _OLD
    if missing := [name for name in needed if name not in columns]:
        raise BadBoard(
            f"the CSV lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
            f"it has: {', '.join(_short(name) for name in columns[:12]) or 'none'}",
            "Fetch the board with kagsync, or download it in full from the competition's Leaderboard tab",
        )
    optional = [name for name in _MODERN_OPTIONAL if modern and name in columns]
    if twice := [name for name in (*needed, *optional) if columns.count(name) > 1]:
        raise BadBoard(f"the CSV has the column {twice[0]} more than once", "Fetch the board again")
    if modern and len(optional) < len(_MODERN_OPTIONAL):
        absent = ", ".join(name for name in _MODERN_OPTIONAL if name not in optional)
        logger.warning("The CSV has no column %s: left empty", absent)
    figures = Figures()
    chunks: Iterator[Chunk]
    if modern:
        chunks = (_modern_chunk(frame, figures) for frame in _frames(path, [*needed, *optional]))
    else:
        chunks = _old_chunks(_read(path, list(needed)), figures, higher_is_better)
    return Board(columns, chunks, figures)


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:23]}…"


class _reading:
    """The rows of a CSV by the csv module, its errors told as ours."""

    def __init__(self, path: Path) -> None:
        self._file = path.open(encoding=_ENCODING, errors="replace", newline="")
        csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # a huge cell is odd, not an error

    def __enter__(self) -> Iterator[list[str]]:
        return csv.reader(self._file)

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        self._file.close()
        if isinstance(error, csv.Error):
            raise BadBoard(f"the CSV cannot be read: {error}", "Fetch the board again") from error


def _is_row(row: list[str]) -> bool:
    """Blank lines are no rows, for pandas and so for us; a lone `""` is one."""
    return len(row) > 1 or (len(row) == 1 and (row[0] == "" or row[0].strip(" \t") != ""))


def _columns(path: Path) -> list[str]:
    with _reading(path) as rows:
        for row in rows:
            if _is_row(row):
                return row
    raise BadBoard("the CSV is empty", "Fetch the board again")


def _frames(path: Path, columns: list[str]) -> Iterator[pd.DataFrame]:
    """The needed columns in pieces: whole numbers as such while all are legible, everything else as text."""
    integers = [name for name in columns if name in _INTEGERS]
    for number, frame in enumerate(_read(path, columns, integers)):
        if any(frame[name].dtype != "int64" for name in integers):
            # Only the text tells which cells are no numbers; pandas has made of them what it could.
            yield from itertools.islice(_read(path, columns), number, None)
            return
        yield frame


def _read(path: Path, columns: list[str], integers: Collection[str] = ()) -> Iterator[pd.DataFrame]:
    """The columns in pieces, as text but for those of which pandas shall make numbers, if it can."""
    # numpy would start a thread for each core, which costs 100 ms of CPU; nothing here multiplies matrices.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    import pandas as pd  # 0.4 s and 60 MB: only a changed board is worth it

    try:
        with pd.read_csv(
            path,
            usecols=columns,
            dtype={name: object for name in columns if name not in integers},
            na_filter=False,  # a team may be called NaN
            encoding="utf-8",  # a byte order mark is no part of it for pandas
            encoding_errors="replace",
            index_col=False,
            chunksize=_ROWS_AT_ONCE,
            low_memory=False,  # or a piece could come in several, each with other types
        ) as reader:
            yield from reader
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        reason = str(error).strip().splitlines()[-1]
        raise BadBoard(f"the CSV cannot be read: {reason}", "Fetch the board again") from error


def _modern_chunk(frame: pd.DataFrame, figures: Figures) -> Chunk:
    ranks = _integers(frame["Rank"], "Rank", figures)
    chunk = _chunk(frame, ranks, frame["TeamMemberUserNames"].tolist(), "LastSubmissionDate", figures)
    figures.rows += len(frame)
    marks = [i for i, rank in enumerate(ranks) if rank == 0] if 0 in ranks else []
    figures.teams += len(frame) - len(marks)
    for i in marks:
        mark = chunk.standing(i)
        figures.benchmarks.append(Benchmark(mark.team_name, mark.score, mark.score_text))
    return chunk


def _chunk(
    frame: pd.DataFrame, ranks: list[int | None], members: list[str], date_column: str, figures: Figures
) -> Chunk:
    """Reads the numbers and dates of a piece; a cell that is neither empty nor legible becomes None."""
    score_texts = frame["Score"].tolist()
    numbers = _floats(frame["Score"], "Score", figures)
    scores = numbers.tolist()
    team_ids = frame["TeamId"].tolist()
    team_names = frame["TeamName"].tolist()
    dates = frame[date_column].tolist() if date_column in frame else None
    if dates is not None:
        figures.bad_cells[date_column] += _bad_dates(dates)
    counts = frame["SubmissionCount"].tolist() if "SubmissionCount" in frame else None
    figures.add(ranks, numbers, members if "TeamMemberUserNames" in frame else team_names)
    if "del=" in ",".join(members):
        for team_id, cell in zip(team_ids, members, strict=True):
            for name in split_members(cell):
                if name.startswith("del="):
                    figures.deleted[name] = _integer(team_id)

    def standing(i: int) -> Standing:
        score = scores[i]
        legible = not math.isnan(score)
        return Standing(
            ranks[i],
            score if legible else None,
            score_texts[i].strip() if legible else None,
            team_names[i],
            _integer(team_ids[i]),
            _in_order(members[i]),
            None if dates is None else _date(dates[i].strip()),
            None if counts is None else _integer(counts[i]),
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


def _floats(column: pd.Series[Any], name: str, figures: Figures) -> FloatArray:
    """Numbers of a text column, NaN for what is none (infinities too).

    By Python's float, as everywhere else: two parsers that differ in the last place would make an unchanged
    score look changed.
    """
    import numpy as np

    texts = column.to_numpy(dtype=object)
    joined = "".join(texts)
    if joined.isascii() and "_" not in joined:  # else some may be numbers for Python only
        with contextlib.suppress(ValueError):  # one is none
            numbers: FloatArray = texts.astype(float)
            if np.isfinite(numbers).all():
                return numbers
    cells = [_float(text) for text in texts]
    figures.bad_cells[name] += sum(
        math.isnan(cell) and text.strip() != "" for text, cell in zip(texts, cells, strict=True)
    )
    return np.array(cells, dtype=float)


def _float(text: str) -> float:
    if not text.isascii() or "_" in text:
        return math.nan
    try:
        number = float(text)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def _integers(column: pd.Series[Any], name: str, figures: Figures) -> list[int | None]:
    cells = column.tolist()
    if column.dtype == "int64" and min(cells, default=0) >= 0:
        return cells
    values = [_integer(cell) for cell in cells]
    if None in values:
        figures.bad_cells[name] += sum(
            value is None and str(cell).strip() != "" for cell, value in zip(cells, values, strict=True)
        )
    return values


def _integer(cell: str | int) -> int | None:
    """A number that is not negative, whether pandas has read it already or not."""
    if isinstance(cell, int):
        return cell if cell >= 0 else None
    text = cell.strip().removeprefix("+")  # so does pandas
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        return None
    value = int(text)
    return value if value <= _MAX_INTEGER else None


def _bad_dates(texts: list[str]) -> int:
    """How many are neither empty nor legible."""
    filled = [text for text in texts if text]
    with contextlib.suppress(ValueError):  # one is no date at all
        deque(map(datetime.fromisoformat, filled), maxlen=0)
        text = "".join(filled)
        # Of the forms it reads, the right one has these marks, and no hour 24 (which Python 3.14 takes).
        marks = zip(range(4, 17, 3), "-- ::", strict=True)
        right = set(map(len, filled)) <= {19} and all(set(text[i::19]) <= {mark} for i, mark in marks)
        if right and " 24:" not in text:
            return 0
    return sum(_date(text.strip()) is None and text.strip() != "" for text in filled)


def _date(text: str) -> str | None:
    """`2025-10-31 16:26:26` (UTC) as `2025-10-31T16:26:26Z`."""
    try:
        same = len(text) == 19 and str(datetime.fromisoformat(text)) == text  # it reads other forms, too
    except ValueError:
        return None
    return f"{text[:10]}T{text[11:]}Z" if same else None


def _old_chunks(
    frames: Iterator[pd.DataFrame], figures: Figures, higher_is_better: bool | None
) -> Iterator[Chunk]:
    """An old board as one chunk: a team's rows collapse to its latest, ranks computed where possible."""
    import pandas as pd

    board = pd.concat(list(frames), ignore_index=True)
    figures.rows = len(board)
    scores = pd.Series(_floats(board["Score"], "Score", figures), index=board.index, dtype=float)
    texts = board["SubmissionDate"].tolist()
    figures.bad_cells["SubmissionDate"] += _bad_dates(texts)
    dates = pd.Series([_date(text.strip()) for text in texts], index=board.index, dtype=object)
    in_order = _direction_of_order(scores.dropna())
    # The latest row of a team: each was an improvement. Illegible dates count as the earliest.
    by_date = dates.fillna("").sort_values(kind="stable").index
    key = board["TeamId"].where(board["TeamId"] != "", "name:" + board["TeamName"])
    latest = key.loc[by_date].drop_duplicates(keep="last").index.sort_values()
    teams, scores, dates = board.loc[latest], scores.loc[latest], dates.loc[latest]
    figures.teams = len(teams)
    direction = in_order if higher_is_better is None else higher_is_better
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
    illegible = Counter(figures.bad_cells)
    yield _chunk(teams.reset_index(drop=True), ranks, [""] * len(teams), "SubmissionDate", figures)
    figures.bad_cells = illegible  # counted on all rows already


def _direction_of_order(scores: pd.Series[float]) -> bool | None:
    """Whether higher is better, told from scores in the order of the file; None if they are in none."""
    if scores.nunique() < 2:
        return None
    if scores.is_monotonic_decreasing:
        return True
    return False if scores.is_monotonic_increasing else None
