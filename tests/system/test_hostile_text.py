"""Text by strangers and words by users: nothing steers the terminal, breaks a line, or gives a traceback."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import sqlite3
from typing import TYPE_CHECKING

import pytest
from world import database, invariants
from world.boards import WHEN, Team, board_csv, board_name, board_zip
from world.hostile import HOSTILE
from world.people import track
from world.running import BOUND, harmless, on_terminal, one_line

from kagsync import clock
from kagsync.safe_text import printable

if TYPE_CHECKING:
    from pathlib import Path

    from world.running import Kagsync

    from kagsync.settings import Settings
    from kagsync.store import Store

SLUG = "titanic"
LONG = "x" * 10_000

NAMES = list(HOSTILE.values())
USERS = [f"user{i}" for i in range(len(NAMES))]


@pytest.fixture
def board(tmp_path: Path) -> Path:
    path = tmp_path / f"{SLUG}.zip"
    teams = [Team(i, name, (user,)) for i, (name, user) in enumerate(zip(NAMES, USERS, strict=True), 1)]
    content = board_csv(teams).decode("utf-8-sig")
    quoted = io.StringIO()  # every cell quoted: Kaggle's own way knows fewer special characters
    csv.writer(quoted, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        [content.splitlines()[0].split(",")]
        + [
            [str(i), str(i), name, "2025-10-30 12:00:00", "0.5", "1", user]
            for i, (name, user) in enumerate(zip(NAMES, USERS, strict=True), 1)
        ]
    )
    path.write_bytes(board_zip(SLUG, quoted.getvalue().encode()))
    return path


@pytest.fixture
def synced(kagsync: Kagsync, board: Path, settings: Settings) -> None:
    """A board on which every tracked person's team has a hostile name."""

    def sync() -> None:
        kagsync.ok("competitions", "add", SLUG, "--no-kaggle")
        kagsync.ok("users", "add", *USERS)
        kagsync.ok("sync", SLUG, "--from", str(board))

    database.prepared(settings.db, "hostile text", sync)


# Names on boards


def test_the_database_holds_the_names_as_they_are(synced: None, tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "kagsync.db")) as connection:
        for view in ("leaderboard", "history"):
            found = dict(connection.execute(f"SELECT username, kaggle_team_name FROM {view}").fetchall())
            assert found == dict(zip(USERS, NAMES, strict=True))
    invariants.check(tmp_path / "kagsync.db")


def test_a_name_with_a_real_nul_is_stored_in_some_form_and_shown(kagsync: Kagsync, tmp_path: Path) -> None:
    path = tmp_path / board_name(SLUG, WHEN)
    path.write_bytes(board_csv([Team(1, "a\0b", ("alice",)), Team(2, "c", ("bob",))]))
    kagsync.ok("competitions", "add", SLUG, "--no-kaggle")
    kagsync.ok("users", "add", "alice", "bob")
    ran = kagsync("sync", SLUG, "--from", str(path))
    harmless(ran.err)
    assert "Traceback" not in ran.err
    if ran.code == 0:
        shown = json.loads(kagsync.ok("show", SLUG, "--format", "json"))
        assert shown[0]["kaggle_team_name"] == "a\0b"
        harmless(kagsync.ok("show", SLUG))
    invariants.check(tmp_path / "kagsync.db")


@pytest.mark.parametrize("user", [(), ("--user", USERS[4])], ids=["all", "one"])
def test_a_table_in_a_pipe_has_a_harmless_line_a_team(
    user: tuple[str, ...], synced: None, kagsync: Kagsync
) -> None:
    out = kagsync.ok("show", SLUG, *user)
    harmless(out)
    rows = [line for line in out.splitlines() if re.match(r"\s*\d+  ", line)]
    wanted = USERS if not user else [USERS[4]]
    assert len(rows) == len(wanted)
    for name, username, row in zip(NAMES if not user else [NAMES[4]], wanted, rows, strict=True):
        assert username in row
        assert printable(name).strip() in row


def test_a_table_on_a_terminal_has_colours_and_nothing_else(synced: None) -> None:
    from rich.cells import cell_len

    written = on_terminal("show", SLUG)
    assert "\x1b[" in written
    plain = re.sub(r"\x1b\[[0-9;]*m", "", written)
    harmless(plain)
    lines = plain.splitlines()
    assert all(cell_len(line) <= 80 for line in lines)
    rows = [line for line in lines if re.match(r"\s*\d+  ", line)]
    assert len(rows) == len(USERS)
    for user, row in zip(USERS, rows, strict=True):
        assert user in row


def test_a_sync_on_a_terminal_adds_nothing_of_the_boards(synced: None, board: Path) -> None:
    written = on_terminal("sync", SLUG, "--force", "--from", str(board))
    # The progress bar moves the cursor; what it may not do is say anything of the strangers'.
    for sign in ("evil", "owned", "\x9b", "\x1b]", "\x1bP", "\x1b[2J\x1b[1;1H", "\u202e"):
        assert sign not in written


def test_csv_is_safe_for_a_spreadsheet(synced: None, kagsync: Kagsync) -> None:
    out = kagsync.ok("show", SLUG, "--format", "csv")
    harmless(out)
    assert len(out.splitlines()) == 1 + len(USERS)
    for name, row in zip(NAMES, csv.DictReader(io.StringIO(out)), strict=True):
        cell = row["kaggle_team_name"]
        assert cell.removeprefix("'") == printable(name)
        assert cell.lstrip(" ")[0] not in "=+-@＝＋－＠|%\t\r\n"


def test_markdown_is_text_and_nothing_else(synced: None, kagsync: Kagsync) -> None:
    out = kagsync.ok("show", SLUG, "--format", "markdown")
    harmless(out)
    rows = [line for line in out.splitlines() if re.match(r"\| \d+ \|", line)]
    assert len(rows) == len(USERS)
    columns = len(re.split(r"(?<!\\)\|", rows[0]))
    for row in rows:
        assert len(re.split(r"(?<!\\)\|", row)) == columns, row
        assert "<" not in row
        assert "://" not in row
        assert "www." not in row
        assert "@" not in row
        for mark in ("[", "]", "`", "*"):
            assert not re.search(rf"(?<!\\){re.escape(mark)}", row.replace("\\\\", "")), row


def test_json_gives_the_names_back_in_plain_ascii(synced: None, kagsync: Kagsync) -> None:
    out = kagsync.ok("show", SLUG, "--format", "json")
    assert out.isascii()
    harmless(out)
    assert [entry["kaggle_team_name"] for entry in json.loads(out)] == NAMES


def test_names_in_logs_are_harmless(
    synced: None, kagsync: Kagsync, board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "k.log"
    monkeypatch.setenv("KAGSYNC_LOG_FILE", str(log))
    ran = kagsync("sync", SLUG, "--force", "-v", "--from", str(board))
    assert ran.code == 0
    for text in (ran.out, ran.err, log.read_text(encoding="utf-8")):
        harmless(text)
    assert all(re.match("(DEBUG|INFO|WARNING) kagsync: ", line) for line in ran.err.splitlines())


def test_people_and_titles_of_hostile_names_are_listed_harmlessly(kagsync: Kagsync, tmp_path: Path) -> None:
    path = tmp_path / f"{SLUG}.zip"
    titles = [HOSTILE[key][:1000] for key in ("ansi", "link", "newline", "bidi", "markdown", "long")]
    for i, name in enumerate(titles):
        kagsync.ok("competitions", "add", f"c{i}", "--no-kaggle", "--title", name)
    roster = tmp_path / "roster.csv"
    with roster.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["username", "name", "group"])
        names = [name[:1000] for name in NAMES]
        writer.writerows(zip(USERS, names, reversed(names), strict=True))
    kagsync.ok("users", "import", str(roster))
    path.write_bytes(board_zip("c0", board_csv([Team(1, "t", (USERS[0],)), Team(2, "u", (USERS[1],))])))
    kagsync.ok("sync", "c0", "--from", str(path))
    path.write_bytes(
        board_zip("c0", board_csv([Team(2, "u", (USERS[1],)), Team(3, "v", ())]), "2025-11-01T00:00:00")
    )
    kagsync.ok("sync", "c0", "--from", str(path))
    for words in (["show"], ["show", "c0"], ["show", "c0", "--user", USERS[0]], ["show", "--user", USERS[1]]):
        for kind in ("table", "csv", "markdown", "json"):
            harmless(kagsync.ok(*words, "--format", kind))
    for words, count in ((["users", "list"], len(NAMES)), (["competitions", "list"], len(titles))):
        out = kagsync.ok(*words)
        harmless(out)
        assert len(out.splitlines()) == 1 + count
        for kind in ("csv", "markdown", "json"):
            harmless(kagsync.ok(*words, "--format", kind))
    out = kagsync.ok("competitions", "add", "c1", "--no-kaggle", "--title", HOSTILE["ansi"])
    harmless(out)
    assert len(out.splitlines()) == 1


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE.keys())
def test_columns_of_hostile_names_are_refused_in_a_line(name: str, kagsync: Kagsync, tmp_path: Path) -> None:
    path = tmp_path / "board.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([[name, "TeamId"], ["1", "2"]])
    kagsync.ok("competitions", "add", SLUG, "--no-kaggle")
    one_line(kagsync("process", SLUG, str(path)), code=1)
    shown = kagsync.ok("show", SLUG)  # tells that the last sync failed, and why
    harmless(shown)
    assert max(map(len, shown.splitlines())) <= BOUND


# Words on the command line

SLUGS = {
    "path": "../../x",
    "absolute path": "/etc/passwd",
    "option": "-rf",
    "long option": "--rf",
    "huge option": f"--{LONG}",
    "huge options": f"-{LONG}",
    "elsewhere": "https://evil.example/competitions/titanic",
    "elsewhere in disguise": "https://www.kaggle.com@evil.example/c/titanic",
    "elsewhere alike": "https://kaggle.com.evil.example/c/titanic",
    "javascript": "javascript:alert(1)",
    "javascript with slashes": "javascript://www.kaggle.com/c/titanic",
    "file": "file:///c/titanic",
    "long": LONG,
    "long url": f"https://www.kaggle.com/c/{LONG}",
    "long host": f"https://{LONG}/c/x",
    "nul": "tit\0anic",
    "only nul": "\0",
    "nul in url": "https://www.kaggle.com/c/tit\0anic",
    "newline": "tit\nanic",
    "newline at the end": "titanic\nERROR kagsync: x",
    "escape": "\x1b[31mtitanic",
    "link": HOSTILE["link"],
    "c1": HOSTILE["c1"],
    "bidi": "\u202ecinatit",
    "markup": "[red]titanic[/red]",
    "formula": "=cmd()",
    "html": "<b>titanic</b>",
    "percent": "%s%d",
    "format": "{0.__class__}",
    "surrogate": "tit\udce9anic",
    "empty": "",
    "blank": "   ",
    "dot": ".",
    "dots": "..",
    "wildcard": "*",
    "brackets": "https://[::1",
    "umlaut": "tïtanic",
    "wide": "ｔｉｔａｎｉｃ",
    "injection": "titanic'; DROP TABLE users; --",
}


@pytest.mark.parametrize("slug", SLUGS.values(), ids=SLUGS.keys())
def test_a_slug_that_is_none_is_refused_in_a_line(slug: str, kagsync: Kagsync, tmp_path: Path) -> None:
    kagsync.ok("competitions", "add", SLUG, "--no-kaggle")
    before = (tmp_path / "kagsync.db").read_bytes()
    for words in (
        ["sync"],
        ["show"],
        ["fetch"],
        ["competitions", "add"],
        ["competitions", "remove", "--yes"],
        ["competitions", "pause"],
        ["competitions", "add", "x", "--kaggle-id"],
    ):
        one_line(kagsync(*words, slug))
    for words in (["process", slug, "x.csv"], ["sync", slug, "--from", "x.csv"]):
        one_line(kagsync(*words))
    assert (tmp_path / "kagsync.db").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir() if "titanic" in path.name) == []


USERNAMES = {
    **{key: slug for key, slug in SLUGS.items() if key not in ("umlaut", "wide", "wildcard", "javascript")},
    "several": "a,b",
    "words": "a b",
    "only at": "@",
    "two at": "@@a",
}


@pytest.mark.parametrize("username", USERNAMES.values(), ids=USERNAMES.keys())
def test_a_username_that_is_none_is_refused_in_a_line(
    username: str, kagsync: Kagsync, tmp_path: Path
) -> None:
    kagsync.ok("users", "add", "alice")
    before = (tmp_path / "kagsync.db").read_bytes()
    for words in (
        ["users", "add"],
        ["users", "add", "bob"],
        ["users", "remove", "--yes"],
        ["show", "--user"],
    ):
        one_line(kagsync(*words, username))
    assert (tmp_path / "kagsync.db").read_bytes() == before


def test_what_is_not_tracked_is_refused_in_a_line(kagsync: Kagsync, store: Store) -> None:
    kagsync.ok("competitions", "add", "Titanic", "--no-kaggle")
    # As people could be added once.
    track(store, [(name, None, None) for name in ("[bold]x", "%s", "{0}")], clock.utc_now())
    harmless(kagsync.ok("users", "list"))
    for words in (
        ["show", "c" * 100],
        ["sync", "titanico"],
        ["show", "Titanic", "--user", "[bold]y"],
        ["show", "--user", "%d"],
        ["users", "remove", "u" * 100],
    ):
        one_line(kagsync(*words))


@pytest.mark.parametrize(
    "words",
    [
        [LONG],
        ["competitions", LONG],
        ["show", "--format", LONG],
        ["show", f"--{LONG}"],
        ["show", "a", LONG],
        ["sync", "--jobs", LONG],
        ["sync", "--jobs", "9" * 5000, "--all"],
        ["sync", "--jobs", "\x1b[31m"],
        ["\x1b[31m"],
        ["fro\nbnicate"],
        ["show", "--format", "\u202enosj"],
        ["show", "--\x1b[31m"],
        ["users", "add", "a", "b", "--name", LONG],
        ["cleanup", LONG],
        ["cleanup", f"/tmp/{LONG}/x.csv"],
        ["users", "import", LONG],
        ["\0"],
    ],
    ids=lambda words: printable(" ".join(words))[:30],
)
def test_wrong_usage_is_told_in_a_bounded_line(words: list[str], kagsync: Kagsync) -> None:
    one_line(kagsync(*words))


PATHS = {
    "newline": "no\nsuch.csv",
    "escape": "\x1b[31mno.csv",
    "link": HOSTILE["link"].replace("/", ":"),
    "bidi": "\u202evsc.on",
    "c1": HOSTILE["c1"],
    "surrogate": "no\udce9.csv",
    "long": f"{LONG}.csv",
    "deep": "a/" * 3000 + "b.csv",
    "nul": "no\0such.csv",
    "markup": "[red]no.csv",
    "percent": "%s.csv",
    "option": "-rf",
    "empty": "",
    "folder": ".",
}


@pytest.mark.parametrize("name", PATHS.values(), ids=PATHS.keys())
def test_a_file_that_is_none_is_refused_in_a_line(
    name: str, kagsync: Kagsync, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kagsync.ok("competitions", "add", SLUG, "--no-kaggle")
    for words in (["process", SLUG], ["users", "import"], ["cleanup"]):
        one_line(kagsync(*words, name))
    if name:
        ran = kagsync("sync", SLUG, "--from", name)
        ran = type(ran)(ran.code, "", ran.err)  # its result is on stdout all the same
        one_line(ran)
        assert "\x1b" not in kagsync.ok("show", SLUG)


@pytest.mark.parametrize("name", PATHS.values(), ids=PATHS.keys())
def test_a_database_or_log_file_of_a_hostile_name_is_made_or_refused(
    name: str, kagsync: Kagsync, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    monkeypatch.chdir(place)
    for words in (
        ["show", "x", "--db", name],
        ["users", "add", "a", "--db", name],
        ["sync", "x", "--log-file", name],
        ["demo", "-q", "--db", name],
    ):
        ran = kagsync(*words)
        harmless(ran.out)
        harmless(ran.err)
        if ran.code:
            assert ran.code in (2, 3, 5), ran
            one_line(ran, ran.code)


@pytest.mark.parametrize(
    "name",
    [PATHS[key] for key in PATHS if key not in ("long", "deep", "nul", "empty", "folder")],
    ids=printable,
)
def test_a_file_of_a_hostile_name_is_told_harmlessly(
    name: str, kagsync: Kagsync, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kagsync.ok("competitions", "add", SLUG, "--no-kaggle")
    kagsync.ok("users", "add", "alice")
    path = tmp_path / name
    path.write_bytes(board_csv([Team(1, "a", ("alice",))]))
    ran = kagsync("sync", SLUG, "--from", f"./{name}")
    assert ran.code == 0, ran
    harmless(ran.out)
    harmless(ran.err)
    path.write_text("nonsense\n")
    harmless(one_line(kagsync("process", SLUG, f"./{name}"), code=1))
    harmless(one_line(kagsync("cleanup", f"./{name}")))
    assert path.exists()
    path.write_text("no user,x,y,z\n")
    one_line(kagsync("users", "import", f"./{name}"))


@pytest.mark.parametrize(
    "line",
    [
        *(
            f'"{name}"\n'.replace('"""', '"')
            for key, name in HOSTILE.items()
            if key in ("ansi", "link", "c1")
        ),
        "bad\x1b[31m\n",
        f"{LONG}\n",
        f"name,{LONG}\nx,y\n",
        "name,\x1b]0;x\x07\nx,y\n",
        '"a\nb",name\n',
        "a,b,c,d\n",
        "a,b\na,c\n",
        "../../x\n",
        "-rf\n",
        "javascript://x\n",
        "=cmd(),x\n",
        "a\0b,x\n",
        '"never closed\n',
        "username,username\na,b\n",
        "\u202ea\n",
        "https://evil.example/alice\n",
        "username\n",
        "",
    ],
    ids=lambda line: printable(line)[:24],
)
def test_a_bad_line_of_a_roster_is_refused_in_a_line(line: str, kagsync: Kagsync, tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text(line, encoding="utf-8", newline="")
    one_line(kagsync("users", "import", str(roster)))
    assert not (tmp_path / "kagsync.db").exists()
