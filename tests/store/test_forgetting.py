"""`users remove`: nothing in the database and its files names the person afterwards; all else stays."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from world import database, invariants, traces
from world.boards import Team, board_csv, board_name
from world.club import Club

from kagsync import clock
from kagsync.cli import users as command
from kagsync.store import Store, compact, connection, forgetting, opening, thinning

if TYPE_CHECKING:
    from pathlib import Path

    from world.running import Kagsync

    from kagsync.settings import Settings

NAMES = ["wondergirl", "Allegra Wünderlich", "S4711AW", "Crimson Falcon"]
SHARED = ["Falling Upwards", "Falling Downwards"]  # names of the team with ben
ALONE = ["Rabbit Holes", "Rabbit Burrow", "White Rabbits"]  # names of teams that are hers alone
MATE = "queenofhearts"  # a stranger in such a team
WHENS = [f"2025-10-{day:02}T12:00:00" for day in range(1, 9)]
NEWEST = WHENS[-1]
OTHERS = ("ben", "cleo")


def boards(slug: str) -> list[list[Team]]:
    """The boards of a competition: she moves, her team is renamed, members come and go."""
    rest = [Team(5, "Cleo's", ("cleo",), "0.4"), Team(6, "Strangers", ("zed", "yan"), "0.3")]
    found: list[list[Team]] = []
    for day in range(8):
        score = f"0.{60 + day // 2}"
        if slug == "shared":
            mates = ("wondergirl", "ben") if day < 6 else ("wondergirl", "ben", "zoe")
            found.append([Team(1, SHARED[day > 3], mates, score, submissions=day), *rest])
        elif slug == "alone":
            mates = ("wondergirl", MATE) if day > 4 else ("wondergirl",)
            found.append([*rest, Team(2, ALONE[day > 2], mates, score, submissions=day)])
        else:  # she joins cleo, who then leaves
            mates = ("cleo", "wondergirl") if day < 4 else ("wondergirl",)
            found.append([Team(3, "Tea Party", mates, score, submissions=day), rest[1]])
    return found


class Forgetful(Club):
    """A club with somebody who asks to be forgotten: in teams of one, with others, on all kinds of boards."""

    def remove(self, *people: str) -> str:
        return self.ok("users", "remove", *people, "--yes")

    def found(self, *words: str) -> set[str]:
        """Which words are in any file of the club's but the boards that tests loaded."""
        places = [self.db, *(self.db.parent / f"{self.db.name}-{part}" for part in ("wal", "shm", "locks"))]
        return traces.of(words, *(place for place in places if place.exists()), self.folder / "home")

    def reasons(self) -> Counter[str]:
        found = [*self.json("news", "--since", "2025-01-01")]
        return Counter(each["reason"] for each in found if each["username"] in OTHERS)


@pytest.fixture
def club(kagsync: Kagsync, settings: Settings, tmp_path: Path) -> Forgetful:
    club = Forgetful(kagsync, settings, tmp_path)

    def make() -> None:
        club.competitions("shared", "alone", "tea")
        club.people(*OTHERS)
        club.ok("users", "add", "wondergirl", "--name", NAMES[1], "--student-id", NAMES[2])
        club.ok("users", "add", "wondergirl", "--pseudonym", NAMES[3], "--group", "7A")
        for slug in ("shared", "alone", "tea"):
            for when, teams in zip(WHENS, boards(slug), strict=True):
                club.board(when, *teams, slug=slug)
        private = board_name("alone", NEWEST, "private")
        (club.folder / private).write_bytes(
            board_csv([Team(2, ALONE[1], ("wondergirl",)), *boards("alone")[0]][:2])
        )
        club.ok("sync", "alone", "--from", str(club.folder / private))

    database.prepared(settings.db, "forgetful", make)
    return club


@pytest.mark.long
def test_nothing_names_the_person_afterwards(club: Forgetful, settings: Settings) -> None:
    everything = [*NAMES, *ALONE[:2], *SHARED, MATE]
    assert club.found(*everything) == set(everything)
    said = club.remove("Allegra Wünderlich")
    assert club.found(*NAMES, *ALONE) == set()
    assert "Removed wondergirl with 4 entries, 25 changes and 5 teams, in 3 competitions\n" in said
    assert "The team name Falling Upwards stays, because ben is or was in that team\n" in said
    assert "The team name Tea Party stays, because cleo is or was in that team\n" in said
    assert "Rabbit" not in said
    assert club.found(MATE) == set()  # known only from her team
    assert club.found("zed", "Strangers") == {"zed"}  # the others on the board stay
    with Store.open(club.db, settings.locks) as store:
        names = {board.slug: board.names for board in store.boards.names()}
    assert names == {
        "shared": {"ben", "cleo", "zoe", "zed", "yan"},  # zoe is in a team that stays
        "alone": {"cleo", "zed", "yan"},
        "tea": {"zed", "yan"},
    }
    invariants.check(club.db)


def test_what_earlier_changes_left_in_the_free_space_is_overwritten(club: Forgetful) -> None:
    club.execute(
        "PRAGMA secure_delete = OFF;"
        "INSERT INTO teams (id, name, members) VALUES (999, 'Formername', '');"
        "DELETE FROM teams WHERE id = 999; PRAGMA wal_checkpoint(TRUNCATE);"
    )
    assert club.found("Formername") == {"Formername"}
    club.remove("wondergirl")
    assert club.found("Formername") == set()


def test_others_keep_everything_but_the_name_among_the_members(club: Forgetful) -> None:
    gaps = ("next_person", "next_person_places", "next_person_score")  # she was the next one
    gaps += ("local_rank", "local_count")  # she was one of ours

    def said() -> list[dict[str, Any]]:
        asked = [["show", slug, "--since", WHENS[0]] for slug in ("shared", "tea")]
        asked += [["history", "shared", "ben"], ["history", "tea", "cleo"]]
        found = [row for words in asked for row in club.json(*words) if row["username"] != "wondergirl"]
        return [{key: value for key, value in row.items() if key not in gaps} for row in found]

    def hidden(row: dict[str, Any]) -> dict[str, Any]:
        members = row["members"] and sorted({"wondergirl": "?"}.get(each, each) for each in row["members"])
        return row | {"members": members}

    before = said()
    club.remove("wondergirl")
    assert said() == [hidden(row) for row in before]


@pytest.mark.parametrize("archived", [False, True])
def test_a_public_name_that_comes_back_is_no_news(club: Forgetful, archived: bool) -> None:
    if archived:  # an archived teammate counts as one
        club.ok("users", "archive", "ben", "wondergirl")
    club.remove("wondergirl")
    if archived:
        club.ok("users", "restore", "ben")
    before = club.reasons()
    for slug in ("shared", "alone", "tea"):
        club.board(NEWEST, *boards(slug)[-1], slug=slug)  # the roster has changed, so it is processed again
    assert club.reasons() == before
    invariants.check(club.db)
    for slug in ("shared", "alone", "tea"):
        club.board("2025-10-09T12:00:00", *boards(slug)[-1], Team(99, "New"), slug=slug)
    assert club.reasons() == before
    assert club.entries(slug="shared")["ben"]["members"] == ["ben", "wondergirl", "zoe"]
    invariants.check(club.db)
    club.board("2025-09-01T12:00:00", *boards("shared")[0], slug="shared")  # an older one
    assert club.reasons() == before
    assert "wondergirl" not in {each["username"] for each in club.json("users", "list")}
    invariants.check(club.db)


def test_two_of_a_team_are_forgotten_together_or_one_after_the_other(club: Forgetful) -> None:
    together = club.beside(club.db.with_name("together.db"))
    shutil.copy(club.db, together.db)
    club.remove("wondergirl")
    club.remove("ben")
    together.remove("wondergirl", "ben")
    ignored = {"notices", "sqlite_sequence", "board_names"}
    one, other = (
        {name: rows for name, rows in database.tables(each.db).items() if name not in ignored}
        for each in (club, together)
    )
    assert one == other
    assert club.found(*SHARED) == together.found(*SHARED) == set()
    invariants.check(together.db)


def test_both_are_hidden_in_the_team_of_a_third(kagsync: Kagsync, settings: Settings, tmp_path: Path) -> None:
    club = Forgetful(kagsync, settings, tmp_path)
    club.track("ann", "ben", "cleo")
    trio, duo = Team(1, "Trio", ("ann", "ben", "cleo")), Team(1, "Trio", ("ben", "cleo"))
    club.board(WHENS[0], Team(1, "Trio", ("ann", "cleo")))
    club.board(WHENS[1], duo)
    club.board(WHENS[2], trio)
    club.remove("ann", "ben")
    assert club.entries()["cleo"]["members"] == ["?", "?", "cleo"]
    # The first two boards say the same now, so there is no change between them.
    assert club.ask("SELECT at, members FROM history") == [
        (f"{WHENS[0]}Z", "?,cleo"),
        (f"{WHENS[2]}Z", "?,?,cleo"),
    ]
    invariants.check(club.db)
    club.board(WHENS[3], trio)
    club.board(WHENS[4], Team(1, "Trio", ("ben", "cleo", "zoe")))
    news = club.json("news", "--since", "2025-01-01")
    # By then, the boards had brought ann back, as a stranger.
    assert {(each["reason"], each["member"]) for each in news if each["member"]} == {
        ("member-left", "ann"),
        ("member-joined", "zoe"),
    }
    invariants.check(club.db)


def test_people_known_by_their_team_are_forgotten_with_its_members(
    kagsync: Kagsync, settings: Settings, tmp_path: Path
) -> None:
    club = Forgetful(kagsync, settings, tmp_path)
    club.track("ben")
    club.ok("users", "add", "--name", "Dora Dawdle", "--student-id", "d-99", "--team", "/dawdlers {id}/")
    teams = [
        Team(1, "The dawdlers d-99", ("slowpoke", "snail")),
        Team(2, "Ben", ("ben",)),
        Team(3, "x", ("yan",)),
    ]
    club.board(WHENS[0], *teams)
    words = ["Dora Dawdle", "d-99", "dawdlers", "slowpoke", "snail"]
    assert club.found(*words) == set(words)
    club.remove("d-99")
    assert club.found(*words) == set()
    assert club.found("yan") == {"yan"}
    invariants.check(club.db)


def test_people_on_old_boards_are_forgotten_with_the_name_of_the_team(
    kagsync: Kagsync, settings: Settings, tmp_path: Path
) -> None:
    club = Forgetful(kagsync, settings, tmp_path)
    club.track("ben", "oldtimer")
    club.ok("users", "add", "--name", "Dora Dawdle", "--team", "Dawdle, Dora & Co")
    club.board(
        WHENS[0], Team(1, "oldtimer"), Team(2, "Dawdle, Dora & Co"), Team(3, "Late, but here"), old=True
    )
    words = ["oldtimer", "Dawdle, Dora & Co", "Dora Dawdle"]
    assert club.found(*words, "Late, but here") == {*words, "Late, but here"}
    club.remove("oldtimer", "Dora Dawdle")
    assert club.found(*words, "Late, but here") == {"Late, but here"}


def test_what_syncs_and_earlier_versions_noted_is_forgotten(club: Forgetful) -> None:
    ben, she = (
        club.ask("SELECT id FROM users WHERE username = ?", name)[0][0] for name in ("ben", "wondergirl")
    )
    club.execute("DELETE FROM unclear_teams")
    for user, team in ((she, ALONE[2]), (ben, ALONE[2]), (ben, "Another")):
        club.execute("INSERT INTO unclear_teams VALUES (1, 'public', ?, 7, ?)", user, team)
    club.execute("INSERT INTO possible_renames VALUES (1, ?, 'WonderGirl'), (2, ?, 'somebody')", ben, ben)
    messages = {
        "bad-board": 'the CSV is cut off: it ends with "9,11,White Rab…"',
        "unforeseen": "unforeseen KeyError: 'wonderg'",
        "failed": f"something about {NAMES[3]}. Try again",
        "unreachable": "Kaggle did not answer. Try again later",
    }
    for code, message in messages.items():
        club.execute(
            "INSERT INTO sync_runs (run, competition_id, slug, source, status, started_at, finished_at, "
            "error_code, error_message) VALUES ('', 1, 'shared', 'kaggle', 'error', '', '', ?, ?)",
            code,
            message,
        )
    club.execute(
        "UPDATE snapshots SET file = 'wondergirl.csv' WHERE moment = (SELECT min(moment) FROM snapshots)"
    )
    club.remove("wondergirl")
    assert club.found(*NAMES, *ALONE, "White Rab", "wonderg") == set()
    assert club.ask("SELECT team_name FROM unclear_teams") == [("Another",)]
    assert club.ask("SELECT username FROM possible_renames") == [("somebody",)]
    kept = dict(club.ask("SELECT error_code, error_message FROM sync_runs WHERE status = 'error'"))
    assert kept.keys() == messages.keys()
    assert kept["unreachable"] == messages["unreachable"]


def test_a_channel_whose_url_names_the_person_is_told(club: Forgetful) -> None:
    for url in ("json://example.com/all", "mailto://WonderGirl@example.com"):
        club.execute(
            "INSERT INTO notify_targets (url, label, quiet_for, added_at) VALUES (?, 'x', 3600, '')", url
        )
    said = club.remove("wondergirl")
    assert "Notification channel 2 stays, though its URL names somebody you removed\n" in said
    assert "Notification channel 1" not in said


def test_teams_that_earlier_versions_left_go_too(club: Forgetful) -> None:
    club.execute("INSERT INTO teams (team_id, name, members) VALUES (4, 'Long Gone', 'longgone')")
    club.remove("cleo")
    assert club.found("Long Gone", "longgone") == set()


def test_a_thinned_history_is_forgotten(club: Forgetful, settings: Settings) -> None:
    club.execute("UPDATE competitions SET kaggle_competition_id = slug; UPDATE snapshots SET file = NULL;")
    with Store.open(club.db, settings.locks) as store:
        thinning.thin(store, clock.utc_now())
    club.remove("wondergirl")
    assert club.found(*NAMES, *ALONE) == set()
    invariants.check(club.db)


def test_every_table_that_refers_to_people_is_cleared(club: Forgetful) -> None:
    she = club.ask("SELECT id FROM users WHERE username = 'wondergirl'")[0][0]
    club.remove("wondergirl")
    for table, rows in database.tables(club.db).items():
        columns = [name for _, name, *_ in club.ask(f"PRAGMA table_info({table})")]
        if "user_id" in columns:
            assert she not in {row[columns.index("user_id")] for row in rows}, table


# When it does not go as planned


class Usage(NamedTuple):
    free: int = 10


def unerased(club: Forgetful) -> None:
    """Asserts that a removal is known to be unfinished, and that `compact` finishes it."""
    assert "wondergirl" not in {each["username"] for each in club.json("users", "list")}
    doctor = {
        each["about"]: each for each in json.loads(club.run("doctor", "--format", "json").out)["checks"]
    }
    assert doctor["Removed people"]["ok"] is False
    assert doctor["Removed people"]["remedy"] == "kagsync compact"
    club.ok("compact")
    assert club.found(*NAMES, *ALONE) == set()
    assert "Removed people" not in club.run("doctor").out
    invariants.check(club.db)


@pytest.mark.long
def test_a_full_disk_is_an_error_that_says_what_is_left(
    club: Forgetful, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: Usage())
        ran = club.run("users", "remove", "wondergirl", "--yes")
    assert ran.code == 5
    assert "traces of them: compacting" in ran.err
    assert "run: kagsync compact" in ran.err
    assert "wondergirl" not in ran.err
    assert "cannot delete what is elsewhere" not in ran.out
    unerased(club)


@pytest.mark.long
@pytest.mark.parametrize("begin", ["BEGIN IMMEDIATE", "BEGIN"])
def test_another_program_is_in_the_way(begin: str, club: Forgetful, monkeypatch: pytest.MonkeyPatch) -> None:
    before = database.dump(club.db)
    monkeypatch.setattr(opening, "BUSY_TIMEOUT", 0.1)
    monkeypatch.setattr(connection, "BUSY_TIMEOUT", 0.1)
    with contextlib.closing(sqlite3.connect(club.db, isolation_level=None)) as other:
        other.execute(begin)
        other.execute("SELECT * FROM users").fetchall()
        ran = club.run("users", "remove", "wondergirl", "--yes")
    assert ran.code == 5
    if begin == "BEGIN":  # it reads, so the log cannot be emptied
        assert "another program is reading" in ran.err
        unerased(club)
    else:
        assert ran.out == ""
        assert database.dump(club.db) == before


def test_a_removal_that_was_stopped_is_finished_by_the_next_one(club: Forgetful, settings: Settings) -> None:
    with Store.open(club.db, settings.locks) as store:
        forgetting.forget(store, [store.users.get("wondergirl").id])
    ran = club.run("users", "remove", "wondergirl", "--yes")
    assert ran.code == 2
    assert club.found(*NAMES, *ALONE) == set()
    with Store.open(club.db, settings.locks) as store:
        assert not compact.is_due(store)


def test_a_sync_at_the_same_time_brings_nobody_back(club: Forgetful, monkeypatch: pytest.MonkeyPatch) -> None:
    from kagsync.sync import process

    whole, said = process.matching.match, []

    def removed_meanwhile(*arguments: Any, **options: Any) -> Any:
        found = whole(*arguments, **options)
        said.append(club.run("users", "remove", "wondergirl", "--yes"))
        return found

    with monkeypatch.context() as patch:
        patch.setattr(process.matching, "match", removed_meanwhile)
        club.board("2025-10-10T12:00:00", *boards("shared")[-1], Team(9, "New"), slug="shared")
    assert [each.code for each in said] == [0]
    # The board has the public name.
    assert club.found(*NAMES, *ALONE) == {"wondergirl"}
    assert {each["username"] for each in club.json("show", "shared")} == {"ben", "cleo"}
    invariants.check(club.db)


def test_a_failure_halfway_removes_nobody(club: Forgetful, monkeypatch: pytest.MonkeyPatch) -> None:
    before = database.dump(club.db)

    def fails(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(forgetting, "_forget_messages", fails)
    assert club.run("users", "remove", "wondergirl", "ben", "--yes").code != 0
    assert database.dump(club.db) == before


def test_all_people_are_removed_with_one_rewrite(club: Forgetful, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    real = compact.compact
    monkeypatch.setattr(compact, "compact", lambda store: calls.append(store) or real(store))
    said = club.remove("wondergirl", "ben", "@WonderGirl")
    assert len(calls) == 1
    assert [line.split()[1] for line in said.splitlines() if line.startswith("Removed")] == [
        "wondergirl",
        "ben",
    ]


def test_the_result_says_what_is_out_of_reach(club: Forgetful) -> None:
    said = club.remove("ben")
    assert said.endswith(command._OUT_OF_REACH + "\n")
    assert club.run("users", "remove", "cleo", "--yes", "-q").out == ""


def test_work_does_not_grow_with_the_number_of_teams(
    club: Forgetful, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite would read the whole history for each deleted team if it looked after references."""
    club.execute(
        "INSERT INTO teams (team_id, name, members) SELECT value, 'gone ' || value, '' FROM "
        "(WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n LIMIT 2000) SELECT * FROM n)"
    )
    club.execute(
        "INSERT INTO entry_history SELECT user_id, competition_id, 1000 + value, 1, '0.5', team, 1 FROM "
        "(SELECT * FROM entry_history LIMIT 1), "
        "(WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n LIMIT 2000) SELECT * FROM n)"
    )
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    with Store.open(club.db, settings.locks) as store:
        store.connection.raw.set_progress_handler(count, 1_000)
        forgetting.forget(store, [store.users.get("cleo").id])
    assert steps < 2_000  # thousands of instructions; 2,000 × 2,000 rows would take 12,000
