"""The command line: every command of the contract, what it prints where, and its exit code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from world import database
from world.boards import Team, board_csv, many_teams
from world.kaggle_server import Answer, html
from world.running import run, start

from kagsync import __version__

if TYPE_CHECKING:
    from world.kaggle_server import KaggleServer
    from world.running import Kagsync, Ran

    from kagsync.settings import Settings

SLUG = "spaceship-titanic"
URL = f"https://www.kaggle.com/competitions/{SLUG}"
TEAMS = [
    Team(11, "The A-Team", ("alice", "bob"), "0.80000", submissions=7),
    Team(12, "carol", (), "0.70000"),
    Team(13, "[red]x[/red]", ("dave",), ""),
]
COMMANDS = [
    ["competitions", "add"],
    ["competitions", "list"],
    ["competitions", "pause"],
    ["competitions", "resume"],
    ["competitions", "remove"],
    ["users", "add"],
    ["users", "import"],
    ["users", "list"],
    ["users", "remove"],
    ["fetch"],
    ["process"],
    ["cleanup"],
    ["sync"],
    ["show"],
    ["demo"],
]


@pytest.fixture
def synced(kaggle: KaggleServer, kagsync: Kagsync, settings: Settings) -> KaggleServer:
    """A synced competition with three people on its board and one who is not."""
    kaggle.competition(
        SLUG, title="Spaceship Titanic", deadline="2030-01-01T00:00:00Z", evaluation_metric="Accuracy"
    )
    kaggle.board(SLUG, board_csv(TEAMS))

    def sync() -> None:
        kagsync.ok("competitions", "add", SLUG)
        kagsync.ok("users", "add", "alice", "--name", "Alice Ace", "--group", "red")
        kagsync.ok("users", "add", "carol", "dave", "erin")
        kagsync.ok("sync", SLUG)

    database.prepared(settings.db, "commands", sync)
    return kaggle


def one_line(ran: Ran, code: int = 2) -> str:
    """The message of a command that failed as expected: one or two lines, nothing on stdout."""
    assert (ran.code, ran.out) == (code, ""), ran
    assert 1 <= len(ran.err.splitlines()) <= 2, ran.err
    assert ran.err.startswith("ERROR kagsync: ")
    assert "Traceback" not in ran.err
    return ran.err


# What stands alone


def test_version(kagsync: Kagsync) -> None:
    assert kagsync.ok("--version") == f"kagsync {__version__}\n"
    assert kagsync("--version").err == ""


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_of_everything(kagsync: Kagsync, flag: str) -> None:
    assert "kagsync demo" in kagsync.ok(flag)
    for command in COMMANDS:
        out = kagsync.ok(*command, flag)
        assert out.startswith("Usage: kagsync ")
        for option in ("--db", "-v, --verbose", "-q, --quiet"):
            assert option in out, command


def test_no_arguments_show_the_help_on_stderr(kagsync: Kagsync) -> None:
    for words in ([], ["competitions"], ["users"]):
        ran = kagsync(*words)
        assert (ran.code, ran.out) == (2, "")
        assert "Usage: kagsync" in ran.err


def test_python_m_kagsync_is_kagsync() -> None:
    assert run("--version").out == f"kagsync {__version__}\n"
    script = Path(sys.executable).with_name("kagsync")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"kagsync {__version__}\n"


# Wrong usage


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["synk"], "Did you mean 'sync'"),
        (["competitions", "ad", "x"], "Did you mean 'add'"),
        (["frobnicate"], "No such command 'frobnicate'"),
        (["sync", "--al"], "No such option: --al. Did you mean --all?"),
        (["show", "--formt", "json"], "No such option: --formt. Did you mean --format?"),
        (["show", "--nonsense"], "No such option: --nonsense"),
        (["show", "--format", "xml"], "Invalid value for '--format': 'xml' is not one of"),
        (["sync", "--all", "--jobs", "0"], "Invalid value for '--jobs'"),
        (["sync", "--all", "--jobs", "many"], "Invalid value for '--jobs'"),
        (["fetch"], "Missing argument 'SLUG'"),
        (["process", "titanic"], "Missing argument 'CSV'"),
        (["competitions", "add"], "no competition is given"),
        (["show", "a", "b"], "Got unexpected extra argument"),
        (["sync"], "name competitions or pass --all"),
        (["sync", "titanic", "--all"], "not both"),
        (["sync", "not a slug"], "'not a slug' is not a competition slug"),
        (["sync", "--all", "--lower-is-better"], "a direction needs named competitions"),
        (["fetch", "https://example.com/competitions/titanic"], "not a URL of kaggle.com"),
        (["competitions", "add", "https://www.kaggle.com/datasets/a/b"], "not the URL of a competition"),
        (["sync", "titanic", "--accept-name"], "--accept-name needs --from"),
        (["sync", "titanic", "--from", "x.zip", "--jobs", "2"], "--jobs is for several competitions"),
        (["sync", "a", "b", "--from", "x.zip"], "--from needs exactly one competition"),
        (["sync", "--all", "--from", "x.zip"], "--from needs exactly one competition"),
        (["sync", "--all", "--board", "private"], "--board needs --from"),
        (["sync", "--all", "--names", "real"], "--names needs --report"),
        (["show", "titanic", "--by-group", "--user", "x"], "--by-group and --user contradict each other"),
        (["show", "--by-group"], "--by-group needs a competition"),
        (["show", "--board", "public"], "--board needs a competition"),
        (["schedule", "print", "--cron", "--systemd"], "--cron and --systemd contradict each other"),
        (["schedule", "print", "--cron", "--names", "real"], "--names needs --report"),
        (["competitions", "add", "a", "b", "--title", "x"], "are for one competition"),
        (["competitions", "add", "a", "--kaggle-id", "b", "--no-kaggle"], "contradict each other"),
        (["users", "add", "two words"], "not a Kaggle username"),
        (["users", "add", ""], "not a Kaggle username"),
        (["users", "add", "a", "b", "--name", "x"], "--name is for one user"),
        (["users", "import", "none.csv"], "cannot read none.csv: No such file or directory"),
        (["show", "titanic"], "there is no database"),
        (["fetch", "titanic"], "there is no database"),
        (["sync", "titanic"], "there is no database"),
        (["cleanup", "none.csv"], "there is no file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_told_in_a_line(kagsync: Kagsync, words: list[str], expected: str) -> None:
    assert expected in one_line(kagsync(*words))


def test_a_wrong_setting_is_a_configuration_error(kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGSYNC_JOBS", "many")

    assert "KAGSYNC_JOBS is 'many'" in one_line(kagsync("show"), 3)


def test_an_unknown_competition_or_user_is_told_with_a_suggestion(
    synced: KaggleServer, kagsync: Kagsync
) -> None:
    for words in (
        ["show", "spaceship-titanik"],
        ["sync", "spaceship-titanik"],
        ["fetch", "spaceship-titanik"],
        ["process", "spaceship-titanik", "x.csv"],
        ["competitions", "pause", "spaceship-titanik"],
        ["competitions", "remove", "spaceship-titanik", "--yes"],
    ):
        assert "Did you mean spaceship-titanic?" in one_line(kagsync(*words))
    for words in (
        ["show", "--user", "alise"],
        ["show", SLUG, "--user", "alise"],
        ["users", "remove", "alise"],
    ):
        assert "Did you mean alice?" in one_line(kagsync(*words))
    assert "See: kagsync competitions list" in one_line(kagsync("show", "zzzzzz"))


WORDS = st.one_of(
    st.sampled_from([word for command in COMMANDS for word in command]),
    st.sampled_from(
        ["--all", "--db", "--format", "json", "-q", "-v", "--jobs", "--from", "--user", "--", "-", ""]
    ),
    st.text(max_size=8).filter(lambda text: "\0" not in text),
)


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(words=st.lists(WORDS, max_size=5).filter(lambda words: "demo" not in words))
def test_no_words_whatever_give_a_traceback(
    kagsync: Kagsync, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "none"))

    ran = kagsync(*words)

    assert ran.code in (0, 1, 2, 3, 4, 5)
    assert "Traceback" not in ran.err or "-v" in words


# Competitions


@pytest.mark.parametrize(
    "text",
    [
        SLUG,
        URL,
        f"{URL}/leaderboard",
        f"{URL}/leaderboard?search=alice#top",
        f"{URL}/discussion/123",
        f"https://www.kaggle.com/c/{SLUG}/data",
        f"kaggle.com/competitions/{SLUG}",
        f" {SLUG} ",
    ],
)
def test_a_competition_is_added_by_slug_or_by_any_tab_of_its_url(kagsync: Kagsync, text: str) -> None:
    assert kagsync.ok("competitions", "add", text) == f"Added {SLUG}\n"
    assert kagsync.ok("competitions", "add", text) == f"Already tracked: {SLUG}\n"


def test_adding_asks_kaggle_for_the_facts(synced: KaggleServer, kagsync: Kagsync) -> None:
    told = "(Spaceship Titanic, deadline 2030-01-01, metric Accuracy)"
    assert kagsync.ok("competitions", "add", SLUG) == f"Already tracked: {SLUG} {told}\n"
    updated = f"Updated {SLUG} (My title, deadline 2030-01-01, metric Accuracy)\n"
    assert kagsync.ok("competitions", "add", SLUG, "--title", "My title") == updated
    assert kagsync.ok("competitions", "add", SLUG).startswith(f"Already tracked: {SLUG} (My title")
    for changed in ("--lower-is-better", "--no-medals", "--kaggle-id=other", "--no-kaggle"):
        assert kagsync.ok("competitions", "add", SLUG, changed).startswith(f"Updated {SLUG} ")
        assert kagsync.ok("competitions", "add", SLUG, changed).startswith(f"Already tracked: {SLUG} ")
    synced.competition(SLUG, title="Spaceship Titanic", deadline="2031-01-01T00:00:00Z")
    assert kagsync.ok("competitions", "add", SLUG, f"--kaggle-id={SLUG}").startswith(f"Updated {SLUG} ")


def test_adding_works_whatever_kaggle_says(kaggle: KaggleServer, kagsync: Kagsync) -> None:
    for number, answer in enumerate(
        [html(), Answer(status=500), Answer(misbehave="reset"), Answer(), Answer(body={"title": 7})]
    ):
        slug = f"c{number}"
        kaggle.answer(slug, answer, call="GetCompetition")
        ran = kagsync("competitions", "add", slug)
        assert ran.code == 0, ran
        assert "Traceback" not in ran.err
        assert ran.out.startswith(f"Added {slug}")


def test_adding_what_kaggle_does_not_know_warns(kaggle: KaggleServer, kagsync: Kagsync) -> None:
    ran = kagsync("competitions", "add", "titanik")

    assert (ran.code, ran.out) == (0, "Added titanik\n")
    assert ran.err.startswith("WARNING kagsync: Kaggle does not show a competition titanik")


def test_competitions_are_listed_paused_resumed_and_removed(synced: KaggleServer, kagsync: Kagsync) -> None:
    kagsync.ok("competitions", "add", "offline", "--no-kaggle", "--title", "Off Line")
    listed = kagsync.ok("competitions", "list")
    assert SLUG in listed and "Off Line" in listed and "not linked" in listed

    assert kagsync.ok("competitions", "pause", URL) == f"Paused {SLUG}\n"
    assert "paused" in kagsync.ok("competitions", "list")
    assert kagsync.ok("competitions", "resume", SLUG) == f"Resumed {SLUG}\n"
    assert "paused" not in kagsync.ok("competitions", "list")

    assert kagsync.ok("competitions", "remove", SLUG, "--yes") == (
        f"Removed {SLUG} with 3 entries and their history\n"
    )
    assert SLUG not in kagsync.ok("competitions", "list")


def test_removing_asks_and_without_anybody_there_refuses(
    synced: KaggleServer, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path(os.devnull).open(encoding="utf-8") as nobody:
        monkeypatch.setattr("sys.stdin", nobody)
        for words in (["competitions", "remove", SLUG], ["users", "remove", "alice"]):
            assert "not a terminal. Pass --yes" in one_line(kagsync(*words))
    assert SLUG in kagsync.ok("competitions", "list")
    assert "alice" in kagsync.ok("users", "list")


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
@pytest.mark.parametrize(("answer", "code", "gone"), [("y\n", 0, True), ("n\n", 1, False)])
def test_somebody_at_a_terminal_is_asked(
    synced: KaggleServer, kagsync: Kagsync, answer: str, code: int, gone: bool
) -> None:
    import pty

    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "kagsync", "users", "remove", "alice"],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        os.write(ours, answer.encode())
        out, err = process.communicate(timeout=20)
    os.close(ours)
    os.close(theirs)

    assert process.returncode == code
    assert "  alice with 1 entry, 1 change and 1 team, in 1 competition\n" in err
    assert err.index("kagsync backup FILE") < err.index("Remove for good?")
    assert bool(out.strip()) is gone
    assert ("alice" not in kagsync.ok("users", "list")) is gone


# Users


def test_users_are_added_by_name_at_name_and_url(kagsync: Kagsync) -> None:
    out = kagsync.ok("users", "add", "alice", "@bob", "https://www.kaggle.com/carol", "kaggle.com/dave/code")

    assert out == "Users added: 4, changed: 0, unchanged: 0\n"
    listed = json.loads(kagsync.ok("users", "list", "--format", "json"))
    assert [user["username"] for user in listed] == ["alice", "bob", "carol", "dave"]
    assert kagsync.ok("users", "add", "ALICE", "--name", "Alice") == (
        "alice: name – → Alice\nUsers added: 0, changed: 1, unchanged: 0\n"
    )
    assert kagsync.ok("users", "add", "alice") == "Users added: 0, changed: 0, unchanged: 1\n"
    assert kagsync.ok("users", "remove", "@alice", "--yes").startswith("Removed alice with 0 entries")


def test_a_roster_is_imported(kagsync: Kagsync, tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("username,name,group\nalice,Alice Ace,red\n@bob,,\n\ncarol\n", encoding="utf-8-sig")

    assert kagsync.ok("users", "import", str(roster)).splitlines() == [
        "Added: 3",
        "  Alice Ace (alice)",
        "  bob",
        "  carol",
        "Users added: 3, changed: 0, unchanged: 0",
    ]
    alice = json.loads(kagsync.ok("users", "list", "--format", "json"))[0]
    assert alice.pop("pseudonym").startswith("Person ")
    assert alice == {
        "username": "alice",
        "name": "Alice Ace",
        "group": "red",
        "handle": "alice",
        "student_id": None,
        "team": None,
        "archived_at": None,
    }


def test_a_bad_line_of_a_roster_is_named_and_nothing_imported(kagsync: Kagsync, tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("username,name\nalice\ntwo words,x\nbob\n")

    err = one_line(kagsync("users", "import", str(roster)))

    assert f"{roster}, line 3: 'two words' is not a Kaggle username" in err
    assert "alice" not in kagsync.ok("users", "list")


# Looking


def test_show_without_a_slug_is_a_line_a_competition(synced: KaggleServer, kagsync: Kagsync) -> None:
    kagsync.ok("competitions", "add", "offline", "--no-kaggle")

    lines = kagsync.ok("show").splitlines()

    assert len(lines) == 3
    assert "3 of 4" in next(line for line in lines if SLUG in line)


def test_show_a_board(synced: KaggleServer, kagsync: Kagsync) -> None:
    out = kagsync.ok("show", URL)

    assert "Alice Ace" in out and "The A-Team" in out
    assert "carol*" in out and "* matched by the team's name only" in out
    assert "[red]x[/red]" in out
    assert "Never seen on any board: erin" in out


JSON_TYPES: dict[str, type | tuple[type, ...]] = {
    "competition": str,
    "username": str,
    "name": (str, type(None)),
    "group": (str, type(None)),
    "rank": int,
    "score": (float, type(None)),
    "kaggle_team_name": str,
    "team_id": int,
    "submission_date": str,
    "submission_count": int,
    "matched_by": str,
    "last_seen_at": str,
}


def test_show_json_has_the_keys_and_types_of_the_contract(synced: KaggleServer, kagsync: Kagsync) -> None:
    entries: list[dict[str, Any]] = json.loads(kagsync.ok("show", SLUG, "--format", "json"))

    assert [entry["username"] for entry in entries] == ["alice", "carol", "dave"]
    for entry in entries:
        for key, kind in JSON_TYPES.items():
            assert isinstance(entry[key], kind), key
        for key in ("submission_date", "last_seen_at"):
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", entry[key])
    assert (entries[0]["rank"], entries[0]["score"], entries[0]["submission_count"]) == (1, 0.8, 7)
    assert [entry["matched_by"] for entry in entries] == ["username", "team_name", "username"]
    assert entries[2]["score"] is None


def test_show_one_person(synced: KaggleServer, kagsync: Kagsync) -> None:
    since = ("--since", "2025-10-30", "--format", "json")  # not a time ago, which moves between the two
    alone = json.loads(kagsync.ok("show", SLUG, "--user", "@ALICE", *since))
    everywhere = json.loads(kagsync.ok("show", "--user", "alice", *since))

    assert [entry["username"] for entry in alone] == ["alice"]
    assert alone == everywhere
    assert SLUG in kagsync.ok("show", "--user", "alice")


def test_show_has_the_formats_of_the_contract(synced: KaggleServer, kagsync: Kagsync) -> None:
    for format_ in ("csv", "markdown", "table", "json"):
        for words in (["show"], ["show", SLUG], ["show", "--user", "alice"]):
            ran = kagsync(*words, "--format", format_)
            assert (ran.code, ran.err) == (0, "")
            assert SLUG in ran.out


def test_show_before_anything_was_added_says_how_to_begin(kagsync: Kagsync) -> None:
    assert "kagsync competitions add SLUG" in kagsync.ok("show")
    assert "kagsync users add USERNAME" in kagsync.ok("users", "list")
    assert json.loads(kagsync.ok("show", "--format", "json")) == []


# The phases, in a line each (test_sync.py has them in full)


def test_fetch_process_and_cleanup(synced: KaggleServer, kagsync: Kagsync) -> None:
    csv = kagsync.ok("fetch", SLUG).strip()

    assert (
        kagsync.ok("process", SLUG, csv) == "Created: 0, Updated: 0, Skipped: 3, Changed: 0 (nothing new)\n"
    )
    assert kagsync.ok("process", SLUG, csv, "--force") == "Created: 0, Updated: 3, Skipped: 0, Changed: 0\n"
    assert kagsync.ok("cleanup", csv) == ""
    assert kagsync.ok("cleanup") == "Removed 0 abandoned folders\n"


def test_the_database_is_where_db_says(kagsync: Kagsync, tmp_path: Path, settings: Settings) -> None:
    elsewhere = str(tmp_path / "else where" / "my.db")

    for words in (
        ["competitions", "add", "titanic", "--no-kaggle"],
        ["users", "add", "alice"],
        ["competitions", "list"],
        ["users", "list"],
        ["show", "titanic"],
        ["sync", "--all"],
        ["cleanup"],
        ["competitions", "pause", "titanic"],
        ["competitions", "resume", "titanic"],
        ["users", "remove", "alice", "--yes"],
        ["competitions", "remove", "titanic", "--yes"],
    ):
        kagsync.ok(*words, "--db", elsewhere)

    assert Path(elsewhere).is_file()
    assert not settings.db.exists()


# Streams


@pytest.mark.fixed_port
def test_a_reader_who_leaves_early_is_no_error(synced: KaggleServer) -> None:
    for words in (["show", SLUG], ["show", SLUG, "--format", "json"], ["--help"], ["users", "list"]):
        with start(*words) as process:
            assert process.stdout is not None
            process.stdout.close()  # `| true`, long before the first line
            assert process.stderr is not None
            err = process.stderr.read()

        assert (process.returncode, err) == (0, "")


def test_head_of_a_long_list_is_no_error(kagsync: Kagsync, tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("username,name\n" + "".join(f"user{number},{'n' * 60}\n" for number in range(3000)))
    kagsync.ok("users", "import", str(roster))

    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} -m kagsync users list | head -n 2"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 2


@pytest.mark.fixed_port
def test_a_failure_is_a_failure_also_when_nobody_reads_the_result(
    synced: KaggleServer, kagsync: Kagsync
) -> None:
    synced.answer(SLUG, html())

    with start("sync", SLUG) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()

    assert "web page" in err
    assert process.returncode == 1


@pytest.mark.fixed_port
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("words", [["show", SLUG], ["sync", SLUG]], ids=lambda words: words[0])
def test_a_full_disk_under_stdout_is_told_without_a_traceback(synced: KaggleServer, words: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "kagsync", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert "Traceback" not in done.stderr
    assert done.returncode == 5


@pytest.mark.fixed_port
def test_an_ascii_terminal_gets_every_name_in_some_form(kaggle: KaggleServer, kagsync: Kagsync) -> None:
    kaggle.competition("titanic")
    kaggle.board("titanic", board_csv([Team(1, "梯度🚀", ("alice",))]))
    kagsync.ok("competitions", "add", "titanic")
    kagsync.ok("users", "add", "alice")
    kagsync.ok("sync", "titanic")

    ran = run("show", "titanic", PYTHONIOENCODING="ascii", PYTHONUTF8="0")

    assert ran.code == 0
    assert r"\u68af" in ran.out
    assert ran.err == ""


@pytest.mark.fixed_port
def test_there_are_no_colours_where_there_is_no_terminal(synced: KaggleServer) -> None:
    for words in (["show", SLUG], ["sync", SLUG], ["synk"]):
        ran = run(*words)
        assert "\x1b" not in ran.out + ran.err


@pytest.mark.fixed_port
def test_results_go_to_stdout_and_logs_to_stderr(synced: KaggleServer) -> None:
    synced.board(SLUG, board_csv(many_teams(5)), when="2025-10-31T20:00:00")

    ran = run("sync", SLUG)

    assert ran.out == "Synced 0 entries across 1 competition\n"
    assert all(re.match(r"(INFO|WARNING) kagsync: ", line) for line in ran.err.splitlines())
