"""The machine it runs on: full disks, closed doors, other clocks and places, databases that are none."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from world import database, invariants
from world.boards import Team, board_csv, board_zip
from world.machine import PEOPLE, SLUG, TIMELESS, board_file
from world.running import Ran, process, told

from kagsync import clock, store
from kagsync.board import archive, header, reader
from kagsync.sync import run_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from world.running import Kagsync

if sys.platform == "win32":
    pytest.skip("needs POSIX rights, mounts and shells", allow_module_level=True)

FIRST, SECOND = "2025-10-31T12:00:00", "2025-10-31T13:00:00"
ROOT = os.geteuid() == 0
SETPRIV = shutil.which("setpriv")


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "kagsync.db"


@pytest.fixture
def tracked(kagsync: Kagsync, db: Path) -> None:
    """A competition and its people, without a board."""
    database.prepared(db, "machine, tracked", lambda: track(kagsync))


def track(kagsync: Kagsync) -> None:
    kagsync.ok("competitions", "add", SLUG, "--no-kaggle", "--title", "Titánic")
    kagsync.ok("users", "add", *PEOPLE)
    kagsync.ok("users", "add", PEOPLE[0], "--name", "Zoë 梯度")


@pytest.fixture
def synced(kagsync: Kagsync, db: Path, tmp_path: Path) -> None:
    """The same with the board of 12 o'clock."""
    board = str(board_file(tmp_path, FIRST))

    def sync() -> None:
        track(kagsync)
        kagsync.ok("sync", SLUG, "--from", board)

    database.prepared(db, "machine, synced", sync)


def content(db: Path) -> dict[str, list[tuple[object, ...]]]:
    """All a database says of boards and people; that a run failed may be added, in `sync_runs`."""
    with contextlib.closing(sqlite3.connect(db, timeout=30)) as connection:
        found = {
            name: connection.execute(f'SELECT * FROM "{name}" ORDER BY 1, 2').fetchall()
            for name in ("users", "leaderboard_entries", "entry_history", "snapshots", "teams")
        }
        found["competitions"] = connection.execute("SELECT slug, snapshot_at, fingerprint FROM competitions")
        found["competitions"] = list(found["competitions"])
        found["good runs"] = connection.execute("SELECT * FROM sync_runs WHERE status <> 'error'").fetchall()
        return found


def failed_sync(ran: Ran, code: int, *words: str) -> str:
    """The error of a sync that failed as expected (a sync's result on stdout says so too)."""
    errors = "".join(f"{line}\n" for line in ran.err.splitlines() if line.startswith(("ERROR", "Trace", " ")))
    return told(Ran(ran.code, "", errors), code, *words)


# Disks


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a disk of a size, or gives the one there is another size."""
    if not ROOT or sys.platform != "linux":
        pytest.skip("only root on Linux can mount a small disk")
    shared = tmp_path / "disk"

    def disk(size: str) -> Path:
        options = f"remount,size={size}" if shared.exists() else f"size={size}"
        shared.mkdir(exist_ok=True)
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(shared)], capture_output=True, check=False
        )
        if mounted.returncode != 0:
            pytest.skip(f"cannot mount a tmpfs: {mounted.stderr.decode()}")
        return shared

    yield disk
    if shared.is_mount():
        subprocess.run(["umount", "-l", str(shared)], check=True)


def test_a_disk_that_is_full_while_unpacking(
    synced: None,
    kagsync: Kagsync,
    small_disk: Callable[[str], Path],
    tmp_path: Path,
    db: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KAGSYNC_TEMP_DIR", str(small_disk("64k")))
    before, board = content(db), str(board_file(tmp_path, SECOND, strangers=5000))
    failed_sync(kagsync("sync", SLUG, "--from", board), 5, "disk is full", "Free some space")
    told(kagsync("process", SLUG, board), 5, "disk is full", "Free some space")
    assert content(db) == before
    invariants.check(db)
    small_disk("16m")
    kagsync.ok("sync", SLUG, "--from", board)
    assert content(db) != before
    invariants.check(db)


@pytest.fixture
def filled_disk(
    small_disk: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kagsync: Kagsync
) -> Path:
    """A synced database on a disk of its own, with a file `filler` that leaves no byte free."""
    shared = small_disk("2m")
    monkeypatch.setenv("KAGSYNC_DB", str(shared / "kagsync.db"))
    kagsync.ok("competitions", "add", SLUG, "--no-kaggle")
    kagsync.ok("users", "add", *PEOPLE)
    kagsync.ok("sync", SLUG, "--from", str(board_file(tmp_path, FIRST)))
    fill(shared, leave=0)
    return shared


def fill(shared: Path, *, leave: int) -> None:
    filler = shared / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    os.truncate(filler, max(filler.stat().st_size - leave, 0))


# 36 kB hold the WAL index and the locks, but not the commit; 0 not even these.
@pytest.mark.parametrize("leave", [0, 36_864, 45_056, 61_440])
def test_a_disk_that_is_full_at_the_commit(
    leave: int, filled_disk: Path, kagsync: Kagsync, tmp_path: Path
) -> None:
    db, board = filled_disk / "kagsync.db", str(board_file(tmp_path, SECOND))
    before = _copied(filled_disk, tmp_path)
    fill(filled_disk, leave=leave)
    failed_sync(kagsync("sync", SLUG, "--from", board), 5, "disk", "space", "nothing was lost")
    (filled_disk / "filler").unlink()
    assert content(db) == before
    invariants.check(db)
    kagsync.ok("sync", SLUG, "--from", board)
    assert content(db) != before
    invariants.check(db)


def _copied(disk: Path, tmp_path: Path) -> dict[str, list[tuple[object, ...]]]:
    """The content of a database on a disk too full for opening it."""
    copy = tmp_path / "copy.db"
    shutil.copy(disk / "kagsync.db", copy)
    return content(copy)


def test_every_command_on_a_full_disk_works_or_says_why(filled_disk: Path, kagsync: Kagsync) -> None:
    before = (filled_disk / "kagsync.db").read_bytes()
    for words in (["show", SLUG], ["show"], ["users", "list"], ["competitions", "list"]):
        ran = kagsync(*words)
        if ran.code:
            told(ran, 5, "disk", "space")
    for words in (
        ["users", "add", "somebody"],
        ["competitions", "pause", SLUG],
        ["competitions", "add", "other", "--no-kaggle"],
        ["users", "remove", PEOPLE[0], "--yes"],
        ["users", "add", "somebody", "--db", str(filled_disk / "new.db")],
        ["users", "add", "somebody", "--db", str(filled_disk / "new" / "folder" / "k.db")],
    ):
        told(kagsync(*words), 5, "disk", "space")
    assert (filled_disk / "kagsync.db").read_bytes() == before
    (filled_disk / "filler").unlink()
    invariants.check(filled_disk / "kagsync.db")
    kagsync.ok("users", "add", "somebody")
    kagsync.ok("users", "add", "somebody", "--db", str(filled_disk / "new.db"))


# Each is more than the WAL index (32 kB) and less than what is to be written then.
@pytest.mark.parametrize("limit", [60_000, 100_000], ids=["while unpacking", "at the commit"])
def test_a_limit_on_the_size_of_files_is_a_full_disk(
    limit: int, synced: None, kagsync: Kagsync, tmp_path: Path, db: Path
) -> None:
    import resource

    before = content(db)
    strangers = 0 if limit == 100_000 else 2000  # the second CSV passes, and the database has no room
    more = [f"new{i}" for i in range(600)]
    teams = [Team(i, f"Team of {name}", (name,)) for i, name in enumerate([*PEOPLE, *more], 1)]
    board = board_file(tmp_path, SECOND, strangers=strangers)
    if not strangers:
        kagsync.ok("users", "add", *more)
        board.write_bytes(board_zip(SLUG, board_csv(teams), SECOND))
        before = content(db)
    ran = process(
        *("sync", SLUG, "--accept-shrink", "--from", str(board)),
        preexec=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    failed_sync(ran, 5, "cannot store the leaderboard" if strangers else str(db), "nothing was lost")
    assert content(db) == before
    invariants.check(db)
    kagsync.ok("sync", SLUG, "--accept-shrink", "--from", str(board))
    assert content(db) != before


# Rights


def without_power() -> list[str]:
    """The command in front of another that takes root's power to write everywhere (others have none)."""
    if not ROOT:
        return []
    if SETPRIV is None:
        pytest.skip("root needs setpriv to be bound by rights")
    return [SETPRIV, "--bounding-set=-dac_override,-dac_read_search"]


@pytest.fixture
def rights() -> Iterator[Callable[[Path, int], None]]:
    """Sets rights, which are undone afterwards."""
    changed: dict[Path, int] = {}

    def set_rights(path: Path, mode: int) -> None:
        changed.setdefault(path, path.stat().st_mode)
        path.chmod(mode)

    yield set_rights
    for path, mode in changed.items():
        path.chmod(mode)


def test_a_database_that_may_not_be_written(
    synced: None,
    kagsync: Kagsync,
    db: Path,
    tmp_path: Path,
    rights: Callable[[Path, int], None],
) -> None:
    before, board = db.read_bytes(), str(board_file(tmp_path, SECOND))
    shown = kagsync.ok(*TIMELESS)
    rights(db, 0o444)
    ran = process("sync", SLUG, "--from", board, before=without_power())
    failed_sync(ran, 5, "may not be written", "rights")
    told(process("users", "add", "x", before=without_power()), 5, "may not be written", "rights")
    assert process(*TIMELESS, before=without_power()) == Ran(0, shown, "")
    assert db.read_bytes() == before
    rights(db, 0o644)
    invariants.check(db)
    kagsync.ok("sync", SLUG, "--from", board)


@pytest.mark.parametrize("mode", [0o000, 0o200], ids=["closed", "write only"])
def test_a_database_that_may_not_be_read(
    mode: int, synced: None, kagsync: Kagsync, db: Path, rights: Callable[[Path, int], None]
) -> None:
    rights(db, mode)
    told(process("show", SLUG, before=without_power()), 5, str(db), "rights")
    rights(db, 0o644)
    invariants.check(db)
    kagsync.ok("show", SLUG)


@pytest.mark.long
def test_a_folder_that_may_not_be_written(
    tmp_path: Path,
    kagsync: Kagsync,
    rights: Callable[[Path, int], None],
    monkeypatch: pytest.MonkeyPatch,
    tracked: None,
    db: Path,
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    shutil.copy(db, folder / "kagsync.db")
    monkeypatch.setenv("KAGSYNC_DB", str(folder / "kagsync.db"))
    kagsync.ok("sync", SLUG, "--from", str(board_file(tmp_path, FIRST)))
    before = (folder / "kagsync.db").read_bytes()
    shown = kagsync.ok(*TIMELESS)
    rights(folder, 0o555)
    ran = process(*TIMELESS, before=without_power())
    if ran.code:
        told(ran, 5, "rights")
    else:
        assert ran.out == shown
    board = str(board_file(tmp_path, SECOND))
    for words in (["users", "add", "x"], ["sync", SLUG, "--from", board]):
        failed_sync(process(*words, before=without_power()), 5, "rights")
    assert (folder / "kagsync.db").read_bytes() == before
    for new in ("new.db", "deeper/new.db"):
        ran = process("users", "add", "x", "--db", str(folder / new), before=without_power())
        assert ran.code in (3, 5), ran
        told(ran, ran.code, str(folder))
    rights(folder, 0o755)
    invariants.check(folder / "kagsync.db")
    kagsync.ok("sync", SLUG, "--from", board)


def test_a_temp_folder_that_may_not_be_written(
    synced: None,
    tmp_path: Path,
    kagsync: Kagsync,
    db: Path,
    rights: Callable[[Path, int], None],
) -> None:
    before, board = content(db), str(board_file(tmp_path, SECOND))
    (tmp_path / "cache" / "temp_kaggle_data").mkdir(parents=True, exist_ok=True)
    for folder in (tmp_path / "cache" / "temp_kaggle_data", tmp_path / "cache"):
        rights(folder, 0o555)
    failed_sync(process("sync", SLUG, "--from", board, before=without_power()), 3, "cannot ", "Check ")
    assert content(db) == before
    for folder in (tmp_path / "cache" / "temp_kaggle_data", tmp_path / "cache"):
        rights(folder, 0o755)
    kagsync.ok("sync", SLUG, "--from", board)


# Homes

AT_HOME = ("HOME", "KAGSYNC_DB", "KAGSYNC_TEMP_DIR")


def test_a_home_that_may_not_be_written(home: Path, rights: Callable[[Path, int], None]) -> None:
    rights(home, 0o555)
    run = {"before": without_power(), "without": AT_HOME[1:]}
    told(process("users", "add", "x", **run), 3, "Permission denied", "Check")  # type: ignore[arg-type]
    told(process("show", "x", **run), 2, "there is no database")  # type: ignore[arg-type]
    assert process("show", **run).code == 0  # type: ignore[arg-type]
    assert list(home.iterdir()) == []


def test_no_home_but_a_passwd_entry_is_the_home_in_it() -> None:
    try:
        expected = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        pytest.skip("this user has no passwd entry")
    found = subprocess.run(
        [sys.executable, "-c", "from kagsync import settings; print(settings.load().db)"],
        capture_output=True,
        text=True,
        env={name: value for name, value in os.environ.items() if name not in AT_HOME},
        check=True,
    )
    assert found.stdout.startswith(f"{expected}/")


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        (["users", "add", "x"], {}),
        (["show"], {}),
        (["sync", "--all"], {}),
        (["cleanup"], {}),
        (["show"], {"KAGSYNC_DB": "~/kagsync.db"}),
        (["show"], {"KAGSYNC_TEMP_DIR": "~/cache"}),
        (["show"], {"KAGSYNC_LOG_FILE": "~/log"}),
    ],
    ids=lambda value: " ".join(value),
)
def test_no_home_at_all_is_a_configuration_error(
    words: list[str], environment: dict[str, str], nobody: list[str], shared: Path
) -> None:
    if environment and "KAGSYNC_DB" not in environment:
        environment = {"KAGSYNC_DB": str(shared / "k.db"), "KAGSYNC_TEMP_DIR": str(shared)} | environment
    ran = process(*words, without=AT_HOME, before=nobody, cwd=shared, environment=environment)
    line = told(ran, 3, "HOME")
    assert any(name in line for name in ("KAGSYNC_DB", "KAGSYNC_TEMP_DIR", "KAGSYNC_LOG_FILE")), line
    assert list(shared.iterdir()) == []


@pytest.mark.long
def test_no_home_at_all_is_no_matter_when_the_variables_say_where(nobody: list[str], shared: Path) -> None:
    run = {
        "without": AT_HOME,
        "before": nobody,
        "cwd": shared,
        "environment": {"KAGSYNC_DB": str(shared / "k.db"), "KAGSYNC_TEMP_DIR": str(shared / "cache")},
    }
    board = str(board_file(shared, FIRST))
    for words in (
        ["competitions", "add", SLUG],  # asks Kaggle, if there are credentials in the home
        ["users", "add", *PEOPLE],
        ["sync", SLUG, "--from", board],
        ["show", SLUG],
    ):
        ran = process(*words, **run)  # type: ignore[arg-type]
        assert ran.code == 0, ran
    told(process("sync", "--all", **run), 3, "no Kaggle credentials")  # type: ignore[arg-type]
    assert not (shared / "~").exists()
    invariants.check(shared / "k.db")


# The temp folder


@pytest.mark.parametrize(
    ("room", "step"),
    [
        (run_folder, "claim"),
        (archive, "write_csv"),
        (header, "count_rows"),
        (reader, "open_board"),
        (store.BoardChanges, "save_entries"),
    ],
    ids=["before the CSV", "as it is written", "before it is counted", "before it is read", "at the commit"],
)
def test_a_temp_folder_that_goes_in_mid_run(
    room: object,
    step: str,
    synced: None,
    kagsync: Kagsync,
    tmp_path: Path,
    db: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = getattr(room, step)

    def cleaner(*arguments: object, **options: object) -> object:
        shutil.rmtree(tmp_path / "cache")
        return whole(*arguments, **options)

    before, board = content(db), str(board_file(tmp_path, SECOND))
    monkeypatch.setattr(room, step, cleaner)
    ran = kagsync("sync", SLUG, "--from", board)
    monkeypatch.setattr(room, step, whole)
    if ran.code:
        failed_sync(ran, ran.code, "cannot ", "Check ")
        assert ran.code == 3
        assert content(db) == before
    invariants.check(db)
    kagsync.ok("sync", SLUG, "--from", board)
    assert content(db) != before
    assert list((tmp_path / "cache" / "temp_kaggle_data").iterdir()) == []


def test_what_is_no_file_is_refused_before_it_can_hold_up_a_run(
    synced: None, tmp_path: Path, db: Path, kagsync: Kagsync
) -> None:
    before = content(db)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for source in (tmp_path, "/dev/zero", fifo):
        for verb in (["sync", SLUG, "--from", str(source)], ["process", SLUG, str(source)]):
            try:
                with _impatient(20):
                    ran = kagsync(*verb)
            except _Hangs:
                pytest.fail(f"{verb} hangs")
            failed_sync(ran, 2, str(source), "Pass a ZIP or CSV file")
    assert content(db) == before


class _Hangs(BaseException):
    """Nothing that the program may catch."""


@contextlib.contextmanager
def _impatient(seconds: int) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise _Hangs

    old = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old)


# Clocks


def test_a_clock_that_is_set_back_an_hour(
    tracked: None, kagsync: Kagsync, tmp_path: Path, db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2025, 10, 31, 14, tzinfo=UTC)
    monkeypatch.setattr(clock, "utc_now", lambda: now)
    kagsync.ok("sync", SLUG, "--from", str(board_file(tmp_path, FIRST)))
    now -= timedelta(hours=1)
    assert "in the future" in kagsync.ok("show")
    assert "in the future" in kagsync.ok("show", SLUG)
    kagsync.ok("sync", SLUG, "--from", str(board_file(tmp_path, SECOND)))  # Kaggle's clock goes on
    entries = content(db)["leaderboard_entries"]
    assert {row[4] for row in entries} == {"0.13"}
    unnamed = tmp_path / "board.csv"  # no time in its name: the file's own, half an hour back
    unnamed.write_bytes(
        board_csv([Team(i, name, (name,), "0.9", date="") for i, name in enumerate(PEOPLE * 14, 1)])
    )
    os.utime(unnamed, (now.timestamp() - 1800,) * 2)
    ran = kagsync("sync", SLUG, "--from", str(unnamed))
    assert (ran.code, "history" in ran.err) == (0, True), ran
    assert content(db)["leaderboard_entries"] == entries
    invariants.check(db)
    with contextlib.closing(sqlite3.connect(db)) as connection:
        assert connection.execute("SELECT count(*) FROM sync_runs").fetchone() == (3,)
    now += timedelta(hours=2)
    kagsync.ok("sync", SLUG, "--from", str(board_file(tmp_path, SECOND)))
    invariants.check(db)


@pytest.fixture
def timezone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Puts the machine elsewhere."""

    def go_to(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield go_to
    monkeypatch.delenv("TZ", raising=False)
    time.tzset()


def test_time_zones_change_nothing(
    kagsync: Kagsync,
    tmp_path: Path,
    timezone: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moment = datetime(2025, 11, 2, 9, 30, tzinfo=UTC)  # America sets its clocks back at this night
    monkeypatch.setattr(clock, "utc_now", lambda: moment)
    named = board_file(tmp_path, FIRST)
    unnamed = tmp_path / "board.csv"
    unnamed.write_bytes(board_csv([Team(i, name, (name,), date="") for i, name in enumerate(PEOPLE * 14, 1)]))
    os.utime(unnamed, (moment.timestamp() - 3600,) * 2)
    found = []
    for number, zone in enumerate(("UTC", "Pacific/Kiritimati", "America/St_Johns", "Asia/Kathmandu")):
        timezone(zone)
        shared = tmp_path / f"{number}.db"
        monkeypatch.setenv("KAGSYNC_DB", str(shared))
        kagsync.ok("competitions", "add", SLUG, "--no-kaggle")
        kagsync.ok("users", "add", *PEOPLE)
        for board in (named, unnamed):
            kagsync.ok("sync", SLUG, "--from", str(board))
        invariants.check(shared)
        shown = [kagsync.ok("show", SLUG, "--format", kind) for kind in ("table", "json", "csv", "markdown")]
        stored = content(shared)
        stored["users"] = [user[:7] for user in stored["users"]]  # pseudonyms are random
        found.append((stored, shown, kagsync.ok("show")))
    assert all(other == found[0] for other in found)
    assert found[0][0]["competitions"][0][1] == "2025-11-02T08:30:00Z"


# Streams and places without words for every name


@pytest.mark.long
@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "TERM": "dumb", "COLUMNS": "nonsense"},
    ],
    ids=lambda value: " ".join(f"{key}={word}" for key, word in value.items()),
)
def test_locales(
    environment: dict[str, str], synced: None, tmp_path: Path, db: Path, kagsync: Kagsync
) -> None:
    odd = tmp_path / f"brétt {SECOND}.csv"
    odd.write_bytes(board_csv([Team(i, f"Ünïon {n}", (n,)) for i, n in enumerate(PEOPLE * 7, 1)]))
    ran = process("sync", SLUG, "--from", str(odd), environment=environment)
    assert (ran.code, ran.err.count("ERROR"), "Traceback" in ran.err) == (0, 0, False), ran
    ran = process("show", SLUG, environment=environment)
    assert (ran.code, ran.err) == (0, ""), ran
    assert "Zoë 梯度" in ran.out or "Zo\\xeb \\u68af\\u5ea6" in ran.out
    with contextlib.closing(sqlite3.connect(db)) as connection:
        assert connection.execute("SELECT kaggle_team_name FROM leaderboard").fetchone() == ("Ünïon user0",)
    invariants.check(db)
    roster = tmp_path / "leute ü.csv"
    roster.write_text("username,name\nnew,Ærøskøbing\n", encoding="utf-8")
    ran = process("users", "import", str(roster), environment=environment)
    assert (ran.code, ran.err) == (0, ""), ran
    assert "Ærøskøbing" in kagsync.ok("users", "list")


def shell(line: str, *arguments: str) -> Ran:
    """A line of bash in which `"${kagsync[@]}"` is the command."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("needs bash")
    begin = 'set -o pipefail; kagsync=("$1" -m kagsync); shift; '
    done = subprocess.run(
        [bash, "-c", begin + line, "bash", sys.executable, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("words", "closed", "code"),
    [
        ('sync titanic --from "$1"', ">&-", 0),
        ('sync titanic --from "$1"', "2>&-", 0),
        ('sync titanic --from "$1"', "<&- >&- 2>&-", 0),
        ('sync titanic --format json --from "$1"', ">&-", 0),
        ("show titanic", "<&- >&-", 0),
        ("show --format json", ">&- 2>&-", 0),
        ("show no-such", "<&- >&- 2>&-", 2),
        ("users remove user1", "<&-", 2),
        ("frobnicate", ">&- 2>&-", 2),
        ("--version", ">&-", 0),
    ],
)
def test_closed_streams(
    words: str, closed: str, code: int, synced: None, tmp_path: Path, db: Path, kagsync: Kagsync
) -> None:
    ran = shell(f'"${{kagsync[@]}}" {words} {closed}', str(board_file(tmp_path, SECOND)))
    assert ran.code == code, ran
    for sign in ("Traceback", "Exception ignored", "lost sys.stderr"):
        assert sign not in ran.err
    assert "2>&-" not in closed or ran.err == ""
    if words.startswith("sync"):
        assert content(db)["competitions"][0][1] == f"{SECOND}Z"
    invariants.check(db)  # nothing was printed into the file that took a closed stream's number


def test_a_reader_who_leaves_early(synced: None) -> None:
    for words in ("show titanic", "users list"):
        ran = shell(f'"${{kagsync[@]}}" {words} | head -1')
        assert (ran.code, len(ran.out.splitlines()), ran.err) == (0, 1, ""), ran


# Databases that are none


def _text(db: Path) -> None:
    db.write_text("dear diary\n" * 1000)


def _other_format(db: Path) -> None:
    db.write_bytes(b"PK\x03\x04" + bytes(9000))


def _only_the_first_bytes(db: Path) -> None:
    db.write_bytes(db.read_bytes()[:100])


def _first_page_only(db: Path) -> None:
    db.write_bytes(db.read_bytes()[:4096])


def _half(db: Path) -> None:
    db.write_bytes(db.read_bytes()[: db.stat().st_size // 2])


def _pages_overwritten(db: Path) -> None:
    content = bytearray(db.read_bytes())
    content[4096:-4096] = b"\xa5" * (len(content) - 8192)
    db.write_bytes(content)


def _folder(db: Path) -> None:
    db.unlink()
    db.mkdir()


def _newer(db: Path) -> None:
    with contextlib.closing(sqlite3.connect(db)) as connection:
        connection.execute("PRAGMA user_version = 999")


def _somebody_elses(db: Path) -> None:
    db.unlink()
    with contextlib.closing(sqlite3.connect(db)) as connection:
        connection.execute("CREATE TABLE bookmarks (url)")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (_text, ["not a SQLite database", "--db"]),
        (_other_format, ["not a SQLite database", "--db"]),
        (_only_the_first_bytes, []),
        (_first_page_only, ["damaged", "backup"]),
        (_half, ["damaged", "backup"]),
        (_pages_overwritten, ["damaged", "backup"]),
        (_folder, ["cannot be opened", "Check the path"]),
        (_newer, ["newer kagsync", "Update kagsync"]),
        (_somebody_elses, ["another program", "--db"]),
    ],
    ids=lambda value: value.__name__.strip("_").replace("_", " ") if callable(value) else "",
)
def test_a_database_that_is_none(
    harm: Callable[[Path], None],
    words: list[str],
    synced: None,
    kagsync: Kagsync,
    db: Path,
    tmp_path: Path,
) -> None:
    whole = db.read_bytes()
    harm(db)
    before = None if db.is_dir() else db.read_bytes()
    board = str(board_file(tmp_path, SECOND))
    for command in (
        ["show", SLUG],
        ["show"],
        ["sync", SLUG, "--from", board],
        ["sync", "--all"],
        ["process", SLUG, board],
        ["competitions", "add", SLUG, "--no-kaggle", "--title", "Other"],
        ["users", "list"],
        ["users", "add", "x"],
        ["users", "remove", PEOPLE[1], "--yes"],
    ):
        ran = kagsync(*command)
        if harm is _half and ran.code == 0:
            continue  # what it needs was in the other half
        failed_sync(ran, 5, *words)
        assert ran.out == "" or command[0] == "sync"
    if harm is not _half:
        assert before is None or db.read_bytes() == before
    if db.is_dir():
        db.rmdir()
    for rest in tmp_path.glob("kagsync.db-[sw]*"):
        rest.unlink()
    db.write_bytes(whole)  # the backup
    invariants.check(db)
    kagsync.ok("sync", SLUG, "--from", board)


@pytest.mark.long
def test_one_damaged_page_is_told_or_does_not_matter(
    synced: None, kagsync: Kagsync, db: Path, tmp_path: Path
) -> None:
    whole, board = db.read_bytes(), str(board_file(tmp_path, SECOND))
    for page in range(1, len(whole) // 4096):
        for junk in (b"\xa5", b"\0")[page % 2 :][:1]:
            db.write_bytes(whole[: page * 4096] + junk * 4096 + whole[(page + 1) * 4096 :])
            for command in (["show", SLUG], ["sync", SLUG, "--from", board]):
                ran = kagsync(*command)
                if ran.code != 0:
                    failed_sync(ran, 5, "damaged", "backup")
            for rest in tmp_path.glob("kagsync.db-[sw]*"):
                rest.unlink()


@pytest.mark.parametrize(
    ("column", "value"),
    [("snapshot_at", "2O25-1O-31T"), ("synced_at", "x"), ("active", "x"), ("row_count", "many")],
)
def test_a_damaged_value_is_told(
    column: str, value: str, synced: None, kagsync: Kagsync, db: Path, tmp_path: Path
) -> None:
    with contextlib.closing(sqlite3.connect(db)) as connection:
        connection.execute(f"UPDATE competitions SET {column} = ?", (value,))
        connection.commit()
    for command in (["show", SLUG], ["show"], ["sync", SLUG, "--from", str(board_file(tmp_path, SECOND))]):
        ran = kagsync(*command)
        if ran.code:
            failed_sync(ran, ran.code)


def test_an_empty_file_is_a_new_database(kagsync: Kagsync, db: Path) -> None:
    db.touch()
    assert kagsync("show").code == 0
    assert kagsync("show", SLUG).code == 2
    assert kagsync("sync", "--all").code == 0
    kagsync.ok("users", "add", "x")
    invariants.check(db)


@pytest.fixture
def holder(db: Path, synced: None) -> Iterator[Callable[[str], None]]:
    """Another process that does something to the database and keeps it open until the test ends."""
    held: list[subprocess.Popen[str]] = []

    def hold(script: str) -> None:
        held.append(
            subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    "import sqlite3, sys\n"
                    "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
                    "connection.executescript(sys.argv[2])\n"
                    "print(flush=True)\n"
                    "sys.stdin.read()",
                    str(db),
                    script,
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        assert held[0].stdout is not None
        assert held[0].stdout.readline() == "\n"

    yield hold
    for each in held:
        each.communicate()


def test_a_database_that_another_process_writes_for_too_long(
    holder: Callable[[str], None],
    kagsync: Kagsync,
    db: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store.opening, "BUSY_TIMEOUT", 0.2)
    before, board = content(db), str(board_file(tmp_path, SECOND))
    shown = kagsync.ok(*TIMELESS)
    holder("BEGIN IMMEDIATE; DELETE FROM users;")
    failed_sync(kagsync("sync", SLUG, "--from", board), 5, "was locked", "next run")
    told(kagsync("users", "add", "x"), 5, "was locked")
    assert kagsync.ok(*TIMELESS) == shown  # readers need not wait
    assert content(db) == before


def test_a_database_that_another_process_has_for_itself(
    holder: Callable[[str], None],
    kagsync: Kagsync,
    db: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store.opening, "BUSY_TIMEOUT", 0.2)
    before = db.read_bytes()
    holder("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; UPDATE roster SET version = version;")
    for command in (["show", SLUG], ["sync", "--all"], ["users", "add", "x"]):
        told(kagsync(*command), 5, "was locked", "next run")
    assert db.read_bytes() == before


def test_after_a_lock_the_next_run_works(
    holder: Callable[[str], None], kagsync: Kagsync, db: Path, tmp_path: Path
) -> None:
    holder("SELECT 1;")  # somebody who only looks is in nobody's way
    kagsync.ok("sync", SLUG, "--from", str(board_file(tmp_path, SECOND)))
    invariants.check(db)
