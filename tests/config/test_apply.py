"""`apply` and `export-config` as people use them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from world.database import tables

from kagsync.config.keys import PART, SECTIONS

if TYPE_CHECKING:
    from pathlib import Path

    from world.club import Club
    from world.kaggle_server import KaggleServer
    from world.running import Ran

SETUP = """\
[[competitions]]
slug = "titanic"

[[competitions]]
slug = "digits"
kaggle_id = "digit-recognizer"
title = "Digits"
higher_is_better = true
medals = false

[[competitions]]
slug = "mine"
linked = false
paused = true

[[series]]
name = "Autumn 2026"
competitions = ["titanic", { slug = "digits", weight = 2, score = [0.5, 1, 50] }]

[[notify]]
url = "env:HOOK"
competition = "titanic"
only = ["left"]

[report]
title = "Class 7A"

[[users]]
username = "alice"
group = "7A"

[[users]]
username = "bob"
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A set-up file in the current folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOOK", "json://localhost/s3cret")
    path = folder / "kagsync.toml"
    path.write_text(SETUP.replace(", score = [0.5, 1, 50]", ""))
    return path


def last(ran: Ran) -> str:
    assert ran.code == 0, ran
    return ran.out.splitlines()[-1]


def test_a_dry_run_says_the_same_and_changes_nothing(club: Club, file: Path, kaggle: KaggleServer) -> None:
    dry = club.run("apply", "--dry-run")
    assert not club.db.exists()
    assert last(dry) == "To add: 7, to change: 1. Nothing was changed"
    done = club.run("apply")
    assert last(done) == "Added: 7, changed: 1"
    assert dry.out.replace("Would add", "Added").splitlines()[:8] == done.out.splitlines()[:8]
    before = tables(club.db)
    assert last(club.run("apply")) == last(club.run("apply", "--dry-run")) == "Nothing to change"
    file.write_text(
        SETUP.replace('title = "Digits"', 'title = "Numbers"').replace(", score = [0.5, 1, 50]", "")
    )
    assert "competition digits: title Digits → Numbers" in club.ok("apply", "--dry-run")
    assert tables(club.db) == before
    assert kaggle.requests == []


def test_with_quiet_nothing_is_said_if_all_is_well(club: Club, file: Path) -> None:
    ran = club.run("apply", "-q")
    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_what_the_file_no_longer_says_is_undone(club: Club, file: Path) -> None:
    club.ok("apply")
    file.write_text('[[competitions]]\nslug = "digits"\n\n[[competitions]]\nslug = "mine"\n')
    said = club.ok("apply")
    assert "competition digits: kaggle_id digit-recognizer → –, higher_is_better true → –, medals" in said
    assert "competition mine: linked false → –, paused true → –" in said
    # A title stays, since it may be Kaggle's. Sections that the file lacks stay, too.
    assert club.ask("SELECT title FROM competitions WHERE slug = 'digits'") == [("Digits",)]
    assert club.ask("SELECT count(*) FROM users") == [(2,)]
    assert (
        "In the database, but not in the file (--prune pauses, archives or removes them): 1\n"
        "  competition titanic" in said
    )


def test_prune_archives_and_removes(club: Club, file: Path) -> None:
    club.ok("apply")
    file.write_text('competitions = []\nseries = []\nnotify = []\n[[users]]\nusername = "bob"\n')
    said = club.ok("apply")
    assert club.ask("SELECT count(*) FROM users WHERE archived_at IS NULL") == [(2,)]
    for each in ("user alice", "competition titanic", "series Autumn 2026", "target env:HOOK, titanic"):
        assert f"  {each}" in said
    would = club.ok("apply", "--prune", "--dry-run")
    done = club.ok("apply", "--prune")
    assert would.splitlines()[-1] == "To archive: 3, to remove: 2. Nothing was changed"
    assert done.splitlines()[-1] == "Archived: 3, removed: 2"
    assert "competition titanic (paused)" in done
    assert club.ask("SELECT username FROM users WHERE archived_at IS NULL") == [("bob",)]
    assert club.ask("SELECT count(*) FROM competitions WHERE active") == [(0,)]
    assert (
        club.ask("SELECT count(*) FROM series") == club.ask("SELECT count(*) FROM notify_targets") == [(0,)]
    )
    assert last(club.run("apply", "--prune")) == "Nothing to change"


def test_if_anything_is_wrong_nothing_is_changed(club: Club, file: Path) -> None:
    club.ok("apply")
    before = tables(club.db)
    file.write_text(
        """\
[[competitions]]
slug = "new"
[[series]]
name = "Spring"
competitions = ["titanik"]
[[series]]
name = "Summer"
competitions = ["titanic"]
best = 0
[[notify]]
url = "discord://id/s3cret"
[[notify]]
url = "env:HOOK"
digest = "daily@18:00"
quiet_for = "1h"
[[notify]]
url = "env:OTHER"
[[notify]]
url = "env:OTHER"
[[users]]
username = "a b"
[[users]]
name = "nobody"
"""
    )
    ran = club.run("apply")
    assert (ran.code, ran.out) == (2, "")
    lines = [line.removeprefix("ERROR kagsync: ") for line in ran.err.splitlines()]
    assert lines[0] == "kagsync.toml has 7 problems. Nothing was changed. Fix the file and try again"
    assert [line.split(": ")[:2] for line in lines[1:]] == [
        ["kagsync.toml:3", "series.Spring"],
        ["kagsync.toml:9", "series.Summer"],
        ["kagsync.toml:11", "notify.1"],
        ["kagsync.toml:15", "notify.2"],
        ["kagsync.toml:19", "notify.4"],
        ["kagsync.toml:20", "users.a b"],
        ["kagsync.toml:22", "users.nobody"],
    ]
    assert "Did you mean titanic?" in lines[1]
    assert "s3cret" not in ran.err
    assert tables(club.db) == before


def test_what_is_wrong_is_told_without_options_of_commands(club: Club, file: Path) -> None:
    file.write_text(
        """\
[[competitions]]
slug = "titanic"
[[series]]
name = "Spring"
rule = "score"
competitions = ["titanic"]
[[notify]]
url = "env:HOOK"
zone = "Europe/Berlin"
"""
    )
    ran = club.run("apply")
    assert "series.Spring: the rule score needs to know the scores of titanic\n" in ran.err
    assert "kagsync.toml:9: notify.1: zone needs digest\n" in ran.err


def test_the_command_for_a_person_who_is_there_twice_works(club: Club, file: Path) -> None:
    file.write_text('[[users]]\nusername = "alice"\nname = "Alice Ace"\n')
    club.ok("apply")
    file.write_text('[[users]]\nusername = "alice2"\nname = "Alice Ace"\n')
    said = "Alice Ace is listed as alice2, and tracked as alice. If that is one person: "
    assert f"{said}kagsync users rename alice alice2\n" in club.ok("apply", "--dry-run")
    assert f"{said}kagsync users rename alice alice2 --merge\n" in club.ok("apply")
    club.ok("users", "rename", "alice", "alice2", "--merge", "--yes")
    assert last(club.run("apply")) == "Nothing to change"


def test_people_in_an_array_are_named_by_their_own_lines(club: Club, file: Path) -> None:
    file.write_text(
        'users = [\n  { username = "alice" },\n  { username = "b b" },\n  { username = "carol" }]\n'
    )
    assert "kagsync.toml:3: users.b b: " in club.run("apply").err
    file.write_text('users = [{ username = "alice" }, { username = "bob" }]\n')
    assert "kagsync.toml:1: users.bob: write it on a line of its own" in club.run("apply").err
    file.write_text('users = [\n{ username = "alice" },\n{ username = "bob" }]\n')
    assert last(club.run("apply")) == "Added: 2"


def test_a_roster_beside_the_file(club: Club, file: Path) -> None:
    file.write_text('roster = "class.csv"\n')
    (file.parent / "class.csv").write_text("username,name\nalice,Alice\nbob,\n")
    assert last(club.run("apply")) == "Added: 2"
    (file.parent / "class.csv").write_text("username,name\nalice,Alys\nb b,\n")
    ran = club.run("apply")
    assert ran.code == 2
    assert "class.csv, line 3" in ran.err


def test_a_url_in_the_database_is_not_exported_and_stays_one_target(
    club: Club, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    club.ok("apply")
    club.ok("notify", "add", "json://localhost/s3cret", "--only", "left")
    ran = club.run("export-config")
    label = club.ask("SELECT label FROM notify_targets WHERE id = 2")[0][0]
    assert f'url = "env:KAGSYNC_TARGET_{label}"' in ran.out
    assert "s3cret" not in ran.out + ran.err
    assert f"set KAGSYNC_TARGET_{label} to that URL" in ran.err
    file.write_text(ran.out)
    assert last(club.run("apply")) == "Nothing to change"
    # It also stays if the variable is set here, since whatever runs `kagsync sync` may lack it.
    monkeypatch.setenv(f"KAGSYNC_TARGET_{label}", "json://localhost/s3cret")
    for words in (["apply", "--dry-run"], ["apply"]):
        assert last(club.run(*words)) == "Nothing to change"
    assert club.ask("SELECT url FROM notify_targets WHERE id = 2") == [("json://localhost/s3cret",)]
    monkeypatch.setenv(f"KAGSYNC_TARGET_{label}", "json://localhost/new")
    warned = club.run("apply")
    assert f"KAGSYNC_TARGET_{label} holds another URL than the channel has" in warned.err
    assert "localhost" not in warned.out + warned.err
    # A variable of any other name that holds the URL means the same target, and takes the URL's place.
    file.write_text(ran.out.replace(f"KAGSYNC_TARGET_{label}", "HOOK"))
    assert f"url env:KAGSYNC_TARGET_{label} → env:HOOK" in club.ok("apply")
    assert club.ask("SELECT url FROM notify_targets") == [("env:HOOK",), ("env:HOOK",)]
    monkeypatch.delenv("HOOK")
    ran = club.run("apply", "-q")
    assert ran.code == 0
    assert "The variable HOOK" in ran.err


def test_export_replaces_no_file_unless_forced(club: Club, file: Path) -> None:
    club.ok("apply")
    ran = club.run("export-config", "kagsync.toml")
    assert (ran.code, ran.out) == (2, "")
    assert "already exists" in ran.err
    assert file.read_text() == SETUP.replace(", score = [0.5, 1, 50]", "")
    assert not (file.parent / "roster.csv").exists()
    assert (
        club.ok("export-config", "kagsync.toml", "--force") == "Written: roster.csv\nWritten: kagsync.toml\n"
    )
    assert last(club.run("apply", "--prune")) == "Nothing to change"
    for name in (str(club.db), f"{club.db}-wal", "roster.csv", "."):
        assert club.run("export-config", name, "--force").code == 2
    assert last(club.run("apply")) == "Nothing to change"


def test_a_file_that_is_wrong_leaves_no_new_database(club: Club, file: Path) -> None:
    file.write_text('[[series]]\nname = "a"\ncompetitions = ["unknown"]\n')
    assert club.run("apply").code == 2
    assert not club.db.exists()


def test_groups_that_nobody_is_in_are_named(club: Club, file: Path) -> None:
    file.write_text('[report]\ngroup = "7B"\n')
    assert "Nobody is in the group 7B, which the report uses" in club.ok("apply")


def test_json(club: Club, file: Path) -> None:
    found = json.loads(club.ok("apply", "--dry-run", "--format", "json"))
    assert found["dry_run"]
    assert {(each["action"], each["kind"]) for each in found["changes"]} == {
        ("add", "competition"),
        ("add", "series"),
        ("add", "target"),
        ("add", "user"),
        ("change", "report"),
    }
    assert found["not_set"] == []


# The README


def readme() -> str:
    from world import ROOT

    return (ROOT / "README.md").read_text(encoding="utf-8").partition("\n### A set-up as a file\n")[2]


def test_the_example_in_the_readme_can_be_applied(club: Club, file: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", readme(), re.DOTALL)
    roster = re.search(r"```csv\n(.*?)```", readme(), re.DOTALL)
    assert example
    assert roster
    file.write_text(example[1])
    (file.parent / "roster.csv").write_text(roster[1])
    assert last(club.run("apply")).startswith("Added: ")
    assert last(club.run("apply", "--prune")) == "Nothing to change"


def test_every_key_is_in_the_table_of_the_readme() -> None:
    section = readme().partition("\n### ")[0]
    rows = re.findall(r"^\| `(.*?)` \| `(.*?)` \|", section, re.MULTILINE)
    known = {
        (f"[{name}]" if name == "report" else f"[[{name}]]", key)
        for name in SECTIONS
        for key in SECTIONS[name]
    }
    known |= {("competitions of [[series]]", key) for key in PART}
    assert set(rows) == known
