"""No input gives a traceback: boards, archives and command lines nobody would write.

The long run, 20,000 examples: `pytest -m soak tests/system/test_fuzz.py`.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import re
import shutil
import struct
import sys
import tempfile
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from world import database, invariants
from world.boards import MODERN, OLD, board_csv, board_zip, many_teams
from world.people import track

from kagsync import log
from kagsync.board import archive, file_name
from kagsync.cli import main
from kagsync.errors import KagsyncError
from kagsync.store import Store
from kagsync.store.records import Run
from kagsync.sync import fetch, run_folder
from kagsync.sync.process import process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hypothesis.strategies import SearchStrategy

NORMAL = {"boards": 250, "archives": 250, "commands": 200}
LONG = {"boards": 9000, "archives": 7000, "commands": 5000}
BATCH = 100  # examples after which the database is checked and begun anew

BOARD = board_csv(many_teams(12))
OLD_BOARD = board_csv(many_teams(12), old=True)
NOW = datetime(2025, 11, 1, tzinfo=UTC)


def fuzz(
    check: Callable[[Any], None], examples: SearchStrategy[Any], count: int, seeds: tuple[Any, ...]
) -> None:
    """Tries the seeds and `count` examples."""

    def one(thing: Any) -> None:
        check(thing)

    trial = given(thing=examples)(one)
    for seed in seeds:
        trial = example(thing=seed)(trial)
    hypothesis_settings(
        max_examples=count, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
    )(trial)()


# Boards

PIECES = (
    *MODERN.split(","),
    *OLD.split(","),
    *',,,,""\n\n\r\t ;',
    *("\r\n", "\0", "\ufeff", "\x1a", "\x0b", "\x85", "\u2028", '","', '\n"', '"\n', "\\", "'", "#"),
    *("0", "1", "-1", "1e400", "nan", "inf", "-0", "1.0", "٣", "²", str(2**63), str(2**64), "9" * 400),
    *(
        "0.5",
        "1_0",
        "0x1",
        "True",
        "None",
        "NULL",
        "2025-10-30 12:00:00",
        "2025-02-30 12:00:00",
        "0001-01-01",
    ),
    *("user0", "user1,user2", "USER3", "user0,user0", "@user1", "x" * 5000, f"{MODERN}\n", f"{OLD}\n"),
)
TEXTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252")


@st.composite
def rows(draw: st.DrawFn) -> str:
    """A header that is one, and rows of any cells, quoted or not."""
    columns = draw(st.permutations((MODERN if draw(st.booleans()) else OLD).split(",")))
    columns = columns + draw(st.lists(st.sampled_from((*PIECES[:12], "x", "")), max_size=2))
    cell = st.one_of(st.sampled_from(PIECES), st.text(max_size=5), st.integers(-5, 99).map(str))
    lines = [",".join(columns)]
    for width in draw(st.lists(st.integers(0, 10), max_size=8)):
        cells = draw(st.lists(cell, min_size=width, max_size=width))
        quoted = draw(st.booleans())
        lines.append(",".join('"' + each.replace('"', '""') + '"' if quoted else each for each in cells))
    return draw(st.sampled_from(("\n", "\r\n", "\r"))).join(lines)


@st.composite
def mutated(draw: st.DrawFn, originals: tuple[bytes, ...]) -> bytes:
    """A good file with some of its bytes replaced, cut out, put in or repeated."""
    content = bytearray(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.sampled_from((0, 1, 1, 2, 7, 40, 10_000))))
        piece = draw(
            st.one_of(
                st.sampled_from(PIECES).map(str.encode),
                st.binary(max_size=8),
                st.just(bytes(content[start:end]) * 2),
                st.just(b""),
            )
        )
        content[start:end] = piece
    return bytes(content)


BOARDS: SearchStrategy[tuple[bytes, dict[str, bool], int]] = st.tuples(
    st.one_of(
        mutated((BOARD, OLD_BOARD)),
        st.tuples(st.one_of(TEXTS, rows()), st.sampled_from(ENCODINGS)).map(
            lambda made: made[0].encode(made[1], "replace")
        ),
        st.binary(max_size=300),
        st.binary(max_size=300).map(lambda tail: f"{MODERN}\n".encode() + tail),
    ),
    st.fixed_dictionaries(
        {"force": st.booleans(), "accept_shrink": st.booleans(), "team_name": st.booleans()}
    ),
    st.integers(-50, 50),  # minutes from the board before: an older one only adds to the history
)
ALL = {"force": True, "accept_shrink": True, "team_name": True}
BOARD_SEEDS = (
    (b"", ALL, 1),
    (OLD_BOARD, ALL, 1),
    (BOARD.decode("utf-8-sig").encode("utf-16"), ALL, 1),
    (f'{MODERN}\n1,2,"'.encode(), ALL, 1),
    (f"{MODERN}\n{',' * 20}\n1\n".encode(), ALL, 1),
    (f"{MODERN}\n1,2,a,,1e400,1,user0\n{2**64},2,a,,nan,1,user1\n".encode(), ALL, -9),
    (f"{MODERN}\r1,2,a\0b,,0.5,1,user0\0\r".encode(), ALL, 1),
    (f"{OLD}\n,\r,,\n1,a,2025-10-30 12:00:00,{'9' * 400}\n".encode(), ALL, 1),
)


class Bench:
    """A real store with a competition and people, begun anew every `BATCH` boards."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tries = itertools.count()
        self._open: Store | None = None
        self.csv = folder / "board.csv"
        self.moment = NOW

    def store(self) -> Store:
        number = next(self._tries)
        if self._open is not None and number % BATCH:
            return self._open
        self.close()
        self.db = self._folder / f"{number}.db"
        database.empty(self.db)
        self._open = Store.open(self.db, self._folder / "locks")
        self._open.competitions.add("titanic", None, NOW)
        track(self._open, [(f"user{i}", None, None) for i in range(6)], NOW)
        self.moment = NOW
        return self._open

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None
            invariants.check(self.db)
            self.db.unlink()

    def check(self, made: tuple[bytes, dict[str, bool], int]) -> None:
        content, options, minutes = made
        store = self.store()
        self.csv.write_bytes(content)
        moment = self.moment + timedelta(minutes=minutes)
        os.utime(self.csv, (moment.timestamp(),) * 2)
        competition = store.competitions.get("titanic")
        run = Run("now", "titanic", "file", "error", NOW)
        try:
            counts = process(store, competition, fetch.in_place(self.csv, competition), run, **options).counts
        except KagsyncError as error:
            assert error.message
            assert len(str(error)) < 2000
        else:
            assert counts.created + counts.updated + counts.skipped == counts.rows
            self.moment = max(self.moment, moment)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    log.logger.disabled = True
    bench = Bench(tmp_path)
    try:
        yield bench
        bench.close()
    finally:
        log.logger.disabled = False


def test_no_board_gives_a_traceback(bench: Bench) -> None:
    fuzz(bench.check, BOARDS, NORMAL["boards"], BOARD_SEEDS)


SAME_MOMENT = (  # found by the long run: the second board says that the first was wrong about somebody
    ((BOARD, ALL, 0), (board_csv([]), ALL, 0)),
    ((BOARD, ALL, 0), (OLD_BOARD, ALL, 0)),
    ((BOARD, ALL, 9), (BOARD, ALL, -5), (board_csv([]), ALL, -5)),
    ((board_csv([]), ALL, 9), (BOARD, ALL, -5), (board_csv([]), ALL, -5)),
    ((BOARD, ALL, 0), (board_csv([]), ALL, 5), (BOARD, ALL, 5), (board_csv([]), ALL, 0)),
)


@pytest.mark.parametrize("made", SAME_MOMENT, ids=lambda made: f"{len(made)} boards")
def test_two_boards_of_one_moment_leave_history_and_entries_the_same(bench: Bench, made: Any) -> None:
    for one in made:
        bench.check(one)
        invariants.check(bench.db)


# Archives

NAMES = st.one_of(
    st.sampled_from(
        [
            *("board.csv", "titanic-publicleaderboard-2025-10-31T16:26:26.csv", "b.CSV", "README.txt", ""),
            *("../evil.csv", "/evil.csv", "a/b.csv", "C:\\evil.csv", "..csv", ".csv", "CON.csv", ".kagsync"),
            *(".lock", ".lock.csv", "a\u2028b.csv", "a\x85b.csv", "a\x0cb.csv", "ä🚀.csv", "\u202evsc.csv"),
            *("x" * 300 + ".csv", "file: a.csv", "handed over.csv", "a b .csv", "board.csv/", "dir/"),
        ]
    ),
    st.text(max_size=6).map(lambda text: f"{text}.csv"),
)
MEMBERS = st.lists(
    st.tuples(
        NAMES,
        st.one_of(st.just(BOARD), st.just(b""), st.binary(max_size=200), st.just(bytes(50_000))),
        st.sampled_from((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)),
        st.sampled_from((0, 0, 0, 0o120777 << 16, 0o40755 << 16, 0xFFFFFFFF)),
        st.sampled_from(
            (b"", b"", struct.pack("<HHQ", 1, 8, 2**63), b"\x75\x70\x05\x00\x01abcd", b"\1\0\xff\xff")
        ),
    ),
    max_size=4,
)
# (signature, its nth appearance, offset of a field, its form): where an archive speaks about itself
FIELDS = st.tuples(
    st.sampled_from(
        [
            *((b"PK\x03\x04", at, form) for at, form in ((6, "<H"), (8, "<H"), (14, "<I"), (18, "<I"))),
            *((b"PK\x03\x04", at, form) for at, form in ((22, "<I"), (26, "<H"), (28, "<H"), (30, "<H"))),
            *((b"PK\x01\x02", at, form) for at, form in ((6, "<H"), (8, "<H"), (10, "<H"), (16, "<I"))),
            *((b"PK\x01\x02", at, form) for at, form in ((20, "<I"), (24, "<I"), (28, "<H"), (30, "<H"))),
            *((b"PK\x01\x02", at, form) for at, form in ((32, "<H"), (38, "<I"), (42, "<I"), (46, "<H"))),
            *((b"PK\x05\x06", at, form) for at, form in ((4, "<H"), (8, "<H"), (10, "<H"), (12, "<I"))),
            *((b"PK\x05\x06", at, form) for at, form in ((16, "<I"), (20, "<H"))),
        ]
    ),
    st.integers(0, 3),
    st.one_of(
        st.sampled_from((0, 1, 2, 8, 12, 14, 99, 0x800, 0x801, 0xFFFF, 2**31, 2**32 - 1)), st.integers(0, 99)
    ),
)
ARCHIVES = st.tuples(
    MEMBERS,
    st.lists(FIELDS, max_size=3),
    st.sampled_from(("", "", "", "prefix", "comment", "tail", "cut", "twice")),
)
ONE = (BOARD, zipfile.ZIP_DEFLATED, 0, b"")
ARCHIVE_SEEDS = (
    ([("board.csv", *ONE)], [], ""),
    ([("a\u2028b.csv", *ONE)], [], ""),
    ([("a\x85b.csv", *ONE)], [], ""),
    ([("board.csv", *ONE), ("README.txt", *ONE)], [((b"PK\x01\x02", 42, "<I"), 0, 2**32 - 1)], ""),
    ([("board.csv", *ONE)], [((b"PK\x01\x02", 8, "<H"), 0, 1)], "cut"),
)


def packed(
    members: list[tuple[str, bytes, int, int, bytes]],
    fields: list[tuple[tuple[bytes, int, str], int, int]],
    how: str,
) -> bytes:
    file = io.BytesIO(b"#!/bin/sh\n" if how == "prefix" else b"")
    file.seek(0, io.SEEK_END)
    with zipfile.ZipFile(file, "a") as opened:
        for name, content, method, attributes, extra in members:
            member = zipfile.ZipInfo("x")
            member.filename, member.compress_type = name, method
            member.external_attr, member.extra = attributes, extra
            with contextlib.suppress(UserWarning):  # the same name twice
                opened.writestr(member, content)
        if how == "comment":
            opened.comment = b"PK\x05\x06" * 9
    changed = bytearray(file.getvalue())
    for (signature, offset, form), nth, value in fields:
        places = [match.start() + offset for match in re.finditer(re.escape(signature), changed)]
        if places and (place := places[nth % len(places)]) + struct.calcsize(form) <= len(changed):
            struct.pack_into(form, changed, place, value % 256 ** struct.calcsize(form))
    content = bytes(changed)
    return {"tail": content + bytes(70_000), "cut": content[: -len(content) // 3], "twice": content * 2}.get(
        how, content
    )


def check_archive(made: tuple[Any, Any, str]) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        temp_data = Path(temporary) / run_folder.FOLDER
        zipped = Path(temporary) / "board.zip"
        zipped.write_bytes(packed(*made))
        with run_folder.new(temp_data, "titanic", NOW) as folder:
            announced: list[Path] = []

            def announce(path: Path) -> None:
                announced.append(path)
                run_folder.claim(path)

            own = {path.name for path in folder.iterdir()}
            extracted = None
            with contextlib.suppress(KagsyncError):
                extracted = archive.extract_csv(zipped, folder, announce)
            written = {path.name for path in folder.iterdir()} - own
            assert written <= {path.name for path in announced}
            assert len(announced) <= 1
            if extracted is not None:
                assert extracted.path.parent == folder
                assert written == {extracted.path.name}
                file_name.snapshot_time(extracted.original_name)
                assert run_folder.is_our_file(extracted.path)
            assert {path.name for path in Path(temporary).iterdir()} <= {
                "board.zip",
                run_folder.FOLDER,
                f"{run_folder.FOLDER}.lock",
            }
            assert run_folder.remove(folder), "kagsync does not know its own file again"


@pytest.mark.long
def test_no_archive_gives_a_traceback_or_leaves_anything() -> None:
    fuzz(check_archive, ARCHIVES, NORMAL["archives"], ARCHIVE_SEEDS)


# Command lines

COMMANDS = (
    *(["sync"], ["sync", "--all"], ["fetch"], ["process"], ["cleanup"], ["show"], []),
    *(["competitions", verb] for verb in ("add", "list", "pause", "resume", "remove", "")),
    *(["users", verb] for verb in ("add", "import", "list", "remove", "")),
)
OPTIONS = (
    *("--all", "--from", "--jobs", "--force", "--accept-shrink", "--format", "--higher-is-better", "--db"),
    *("--lower-is-better", "--team-name", "--no-team-name", "--log-file", "-v", "-q", "--verbose", "--quiet"),
    *(
        "--user",
        "--since",
        "--title",
        "--kaggle-id",
        "--no-kaggle",
        "--name",
        "--group",
        "--yes",
        "-y",
        "-qv",
    ),
    *("--help", "-h", "--version", "--", "-", "---", "-rf", "--db=", "--format=", "--jobs=0", "--no-such"),
)
VALUES = (
    *(
        "titanic",
        "TITANIC",
        "titanik",
        "user0",
        "@user1",
        "user9",
        "json",
        "csv",
        "table",
        "markdown",
        "text",
    ),
    *(
        "board.csv",
        "board.zip",
        "old.csv",
        "junk.bin",
        "roster.csv",
        "folder",
        "none/such.csv",
        ".",
        "new.db",
    ),
    *(
        "0",
        "1",
        "65",
        "-1",
        "1e9",
        "24h",
        "",
        " ",
        "\t",
        "../../x",
        "\0",
        "a\0b",
        "\udcff",
        "\ud800x",
        "\x1b[31m",
    ),
    *(
        "https://www.kaggle.com/competitions/titanic",
        "https://evil.example/titanic",
        "https://[",
        "kaggle.com/c",
    ),
    *(
        "kaggle.com/user1",
        "x" * 300,
        "x" * 10_000,
        "folder/" * 900,
        "[red]x[/red]",
        "=cmd()",
        "\u202e",
        "🚀",
        "é",
    ),
)
LINES = st.tuples(
    st.sampled_from(COMMANDS),
    st.lists(
        st.one_of(
            st.sampled_from(VALUES),
            st.sampled_from(OPTIONS),
            st.tuples(st.sampled_from([o for o in OPTIONS if o[:2] == "--"]), st.sampled_from(VALUES)).map(
                "=".join
            ),
            st.text(st.characters(), max_size=10),
        ),
        max_size=6,
    ),
).map(lambda line: [*line[0], *line[1]])
LINE_SEEDS = (
    ["competitions", "add", "x", "--no-kaggle", "--title", "\udcff"],
    ["users", "add", "user1", "--name", "\udcff"],
    ["users", "add", "user1", "--group", "\ud800"],
    ["users", "import", "\0"],
    ["show", "--db", "x" * 300],
    ["sync", "titanic", "--from", "x" * 300],
    ["process", "titanic", "x" * 300],
    ["cleanup", "x" * 300],
    ["cleanup", "a\0b"],
    ["show", "--db", "a\0b"],
    ["users", "add", "user1", "--db", "a\0b"],
    ["sync", "--all", "--log-file", "a\0b"],
    ["sync", "--all", "--log-file", "x" * 300],
    ["sync", "titanic", "--from", "folder"],
    ["show", "--db", "folder"],
    ["show", "--db", "junk.bin"],
    ["sync", "--all", "--log-file", "folder"],
)


def stays_here(line: list[str]) -> bool:
    """No absolute path, no home, no demo, and not more steps up than there are folders of ours."""
    values = [part for word in line for part in (word, word.partition("=")[2])]
    return not any(v.startswith(("/", "~")) or v.count("..") > 2 or v == "demo" for v in values)


class Desk:
    """A folder with files and a database, laid out anew every `BATCH` commands."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._tries = itertools.count()
        self._monkeypatch = monkeypatch
        self._folder = folder
        self.here = folder / "a" / "b" / "c"
        self._template = folder / "template"
        self._template.mkdir()
        monkeypatch.setenv("KAGSYNC_DB", str(folder / "club.db"))
        monkeypatch.setenv("KAGSYNC_TEMP_DIR", str(folder / "cache"))
        self.db = folder / "club.db"
        made = {
            "board.csv": BOARD,
            "old.csv": OLD_BOARD,
            "board.zip": board_zip("titanic", BOARD),
            "junk.bin": bytes(range(256)) * 9,
            "roster.csv": b"username,name\nuser3,Carla\n",
        }
        for name, content in made.items():
            (self._template / name).write_bytes(content)
        (self._template / "folder").mkdir()
        with Store.open(self._template / "club.db", folder / "locks", create=True) as store:
            store.competitions.add("titanic", None, NOW)
            store.competitions.add("linked", "linked", NOW)
            track(store, [(f"user{i}", None, None) for i in range(3)], NOW)

    def lay_out(self) -> None:
        if self.db.exists():
            invariants.check(self.db)
        for suffix in ("", "-wal", "-shm"):
            self.db.with_name(self.db.name + suffix).unlink(missing_ok=True)
        shutil.copy(self._template / "club.db", self.db)
        self._monkeypatch.chdir(self._folder)
        shutil.rmtree(self._folder / "a", ignore_errors=True)
        shutil.copytree(self._template, self.here, ignore=shutil.ignore_patterns("club.db*"))
        self._monkeypatch.chdir(self.here)

    def check(self, line: list[str]) -> None:
        if next(self._tries) % BATCH == 0:
            self.lay_out()
        with (
            (self._folder / "out").open("w", encoding="utf-8") as out,
            (self._folder / "err").open("w", encoding="utf-8") as err,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = main.main(list(line))
        told = (self._folder / "err").read_text(encoding="utf-8")
        assert code in (0, 1, 2, 3, 4, 5)
        verbose = any(re.match(r"--verbose|-[a-z]*v", word) for word in line)
        assert verbose or "Traceback" not in told
        assert "unforeseen" not in told
        assert "cannot write the output" not in told, "an error that main does not know is told as another"
        if code not in (0, 1) and not verbose:
            assert told


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with Path(os.devnull).open() as nobody:
        monkeypatch.setattr(sys, "stdin", nobody)
        desk = Desk(tmp_path, monkeypatch)
        yield desk
        if desk.db.exists():
            invariants.check(desk.db)
    log.configure()


def test_no_command_line_gives_a_traceback(desk: Desk) -> None:
    fuzz(desk.check, LINES.filter(stays_here), NORMAL["commands"], ())


@pytest.mark.parametrize("line", LINE_SEEDS, ids=lambda line: ascii(" ".join(line))[:60])
def test_command_lines_that_once_gave_one(desk: Desk, line: list[str]) -> None:
    desk.check(line)


@pytest.mark.soak
@pytest.mark.parametrize("what", LONG)
def test_twenty_thousand_of_them(what: str, bench: Bench, desk: Desk) -> None:
    log.logger.disabled = what != "commands"
    check, examples = {
        "boards": (bench.check, BOARDS),
        "archives": (check_archive, ARCHIVES),
        "commands": (desk.check, LINES.filter(stays_here)),
    }[what]
    fuzz(check, examples, LONG[what], ())
