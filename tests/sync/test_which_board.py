"""Which boards are accepted: public boards of this competition, each of one moment, and not in the future."""

from __future__ import annotations

import io
import json
import os
import zipfile
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from world import invariants
from world.boards import MODERN, WHEN, Team, board_csv, board_zip
from world.club import Club
from world.database import dump
from world.kaggle_server import Answer

from kagsync import clock

if TYPE_CHECKING:
    from pathlib import Path

    from world.kaggle_server import KaggleServer
    from world.running import Kagsync, Ran

    from kagsync.settings import Settings

SLUG = "orbit-wars"
ANN, BOB = Team(11, "Aa", ("ann",), "0.90"), Team(12, "Bb", ("bob",), "0.80")
STRANGERS = tuple(Team(20 + i, f"s{i}", (f"s{i}",), f"0.{70 - i}") for i in range(8))
FUTURE = "2099-01-01T00:00:00"
BOTH = pytest.mark.parametrize("command", ["sync", "process"])


class Loading(Club):
    """A club that loads boards from files with all sorts of names."""

    slug = SLUG

    def csv(self, name: str, *teams: Team) -> Path:
        path = self.folder / name
        path.write_bytes(board_csv(teams or (ANN, BOB, *STRANGERS)))
        return path

    def zip(self, name: str, member: str, *teams: Team) -> Path:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(member, board_csv(teams or (ANN, BOB, *STRANGERS)))
        path = self.folder / name
        path.write_bytes(file.getvalue())
        return path

    def load(self, path: Path, *options: str, command: str = "sync") -> Ran:
        if command == "process":
            return self.run("process", SLUG, str(path), *options)
        return super().load(path, *options)

    def loaded(self, path: Path, *options: str) -> None:
        """Loads a board, which must succeed."""
        ran = self.load(path, *options)
        assert ran.code == 0, ran

    def moments(self) -> list[str]:
        return [clock.from_unix(at) for (at,) in self.ask("SELECT moment FROM snapshots ORDER BY moment")]

    def history(self, username: str) -> list[tuple[str, int | None]]:
        return self.ask(f"SELECT at, rank FROM history WHERE username = '{username}'")


@pytest.fixture
def club(kagsync: Kagsync, settings: Settings, tmp_path: Path) -> Loading:
    """A competition that is not linked to Kaggle, two people, and no board yet."""
    club = Loading(kagsync, settings, tmp_path)
    club.track("ann", "bob")
    return club


def refused(ran: Ran, *words: str, code: int = 1) -> None:
    assert ran.code == code, ran
    (error,) = [line for line in ran.err.splitlines() if line.startswith("ERROR")]
    assert all(word in error for word in words), error


# Public and private


@BOTH
@pytest.mark.parametrize(
    ("name", "member"),
    [
        (f"{SLUG}-privateleaderboard-2026-01-02T00:00:00.csv", ""),
        (f"{SLUG}_private_leaderboard.csv", ""),
        ("Private Leaderboard (1).csv", ""),
        ("board.zip", f"{SLUG}-privateleaderboard-2026-01-02T00:00:00.csv"),
        (f"{SLUG}-privateleaderboard-2026-01-02T00:00:00.zip", "board.csv"),
    ],
)
def test_a_private_board_is_known_by_its_name_and_kept_apart(
    club: Loading, name: str, member: str, command: str
) -> None:
    club.loaded(club.csv(f"{SLUG}-publicleaderboard-2026-01-01T00:00:00.csv"))
    path = club.zip(name, member, BOB, ANN) if member else club.csv(name, BOB, ANN)
    assert club.load(path, command=command).code == 0
    assert club.ranks() == {"ann": 1, "bob": 2}
    assert club.private_ranks() == {"ann": 2, "bob": 1}


@BOTH
@pytest.mark.parametrize("board", ["public", "private"])
def test_the_option_overrules_the_name(club: Loading, board: str, command: str) -> None:
    other = "private" if board == "public" else "public"
    path = club.csv(f"{SLUG}-{other}leaderboard-2026-01-02T00:00:00.csv")
    assert club.load(path, "--board", board, command=command).code == 0
    assert bool(club.ranks()) == (board == "public")
    assert bool(club.private_ranks()) == (board == "private")


def test_board_needs_a_file(club: Loading) -> None:
    refused(club.kagsync("sync", SLUG, "--board", "private"), "--board needs --from", code=2)


def test_a_private_board_from_kaggle_is_refused_by_name(club: Loading, kaggle: KaggleServer) -> None:
    club.kagsync.ok("competitions", "add", SLUG, "--kaggle-id", SLUG)
    member = f"{SLUG}-privateleaderboard-{WHEN}.csv"
    kaggle.answer(SLUG, Answer(body=club.zip("sent.zip", member).read_bytes()))
    refused(club.kagsync("sync", SLUG), "a private leaderboard")
    assert club.moments() == []


def test_a_competition_may_be_called_private(club: Loading) -> None:
    club.kagsync.ok("competitions", "add", "private-leaderboard-test", "--no-kaggle")
    path = club.csv("private-leaderboard-test-publicleaderboard.csv")
    club.kagsync.ok("sync", "private-leaderboard-test", "--from", str(path))


# Of this competition


def test_a_board_that_was_fetched_for_another_competition_is_refused_unless_that_is_accepted(
    club: Loading, kaggle: KaggleServer
) -> None:
    club.kagsync.ok("competitions", "add", "galileo-4d")
    kaggle.board("galileo-4d", board_csv([ANN, BOB]))
    csv = club.kagsync.ok("fetch", "galileo-4d").strip()
    refused(
        club.kagsync("process", SLUG, csv), "was fetched for galileo-4d", f"not for {SLUG}", "--accept-name"
    )
    club.kagsync.ok("process", "GALILEO-4D", csv)
    club.kagsync.ok("process", SLUG, csv, "--accept-name")


@BOTH
@pytest.mark.parametrize(
    ("name", "member"),
    [
        (f"galileo-4d-publicleaderboard-{WHEN}.csv", ""),
        ("galileo-4d_public_leaderboard.csv", ""),
        ("x.zip", f"galileo-4d-publicleaderboard-{WHEN}.csv"),
        (f"{SLUG}.zip", f"{SLUG}-2-publicleaderboard-{WHEN}.csv"),
        (f"{SLUG}-publicleaderboard.zip", f"galileo-4d-publicleaderboard-{WHEN}.csv"),  # the member counts
        (f"galileo-4d-publicleaderboard-{WHEN}.zip", "board.csv"),
    ],
)
def test_a_file_named_for_another_competition_is_refused_unless_the_name_is_accepted(
    club: Loading, name: str, member: str, command: str
) -> None:
    path = club.zip(name, member) if member else club.csv(name)
    refused(club.load(path, command=command), f"not of {SLUG}", "--accept-name")
    assert club.moments() == []
    assert club.load(path, "--accept-name", command=command).code == 0
    assert club.ranks() == {"ann": 1, "bob": 2}


@pytest.mark.parametrize(
    ("name", "member"),
    [
        (f"ORBIT-Wars-publicleaderboard-{WHEN}.csv", ""),
        (f"{SLUG}_public_leaderboard.csv", ""),
        ("board.csv", ""),
        ("galileo-4d.csv", ""),
        ("galileo-4d.zip", f"{SLUG}-publicleaderboard-{WHEN}.csv"),
        (f"galileo-4d-publicleaderboard-{WHEN}.zip", f"{SLUG}-publicleaderboard-{WHEN}.csv"),
    ],
)
def test_a_file_with_the_right_name_or_one_that_is_not_kaggles_is_taken(
    club: Loading, name: str, member: str
) -> None:
    club.loaded(club.zip(name, member) if member else club.csv(name))


def test_the_name_on_kaggle_counts_too(club: Loading) -> None:
    club.kagsync.ok("competitions", "add", SLUG, "--kaggle-id", "Galileo-4D")
    club.loaded(club.csv(f"galileo-4d-publicleaderboard-{WHEN}.csv"))


@pytest.mark.parametrize("by_hand", [False, True])
def test_what_kaggle_sends_may_have_the_name_of_a_competition_that_was_renamed(
    club: Loading, kaggle: KaggleServer, by_hand: bool
) -> None:
    club.kagsync.ok("competitions", "add", SLUG, "--kaggle-id", SLUG)
    kaggle.answer(SLUG, Answer(body=board_zip("its-old-name", board_csv([ANN, BOB, *STRANGERS]))))
    if by_hand:
        csv = club.kagsync.ok("fetch", SLUG).strip()
        club.kagsync.ok("process", SLUG, csv)
    else:
        club.kagsync.ok("sync", SLUG)
    assert club.ranks() == {"ann": 1, "bob": 2}


# One moment


def _dated(*dates: str) -> tuple[Team, ...]:
    return tuple(Team(i, f"t{i}", (f"u{i}",), f"0.{9 - i}", date=date) for i, date in enumerate(dates, 1))


@BOTH
@pytest.mark.parametrize(
    ("name", "member", "dates", "expected"),
    [
        ("lb-2026-01-02T03:04:05.csv", "", ["2026-01-01 10:00:00"], "2026-01-02T03:04:05Z"),
        ("a-2026-01-05.zip", "b-2026-01-02T030405.csv", ["2026-01-01 10:00:00"], "2026-01-02T03:04:05Z"),
        ("a-2026-01-02T03_04_05.zip", "b.csv", ["2026-01-01 10:00:00"], "2026-01-02T03:04:05Z"),
        ("lb-2026-01-02.csv", "", ["2026-01-01 23:00:00", "2026-01-02 09:30:00"], "2026-01-02T09:30:00Z"),
        ("lb-2026-01-02.csv", "", ["2026-01-01 23:00:00", "2026-01-03 01:00:00"], "2026-01-02T00:00:00Z"),
        ("2026_01_02 lb.csv", "", [""], "2026-01-02T00:00:00Z"),
        ("lb.csv", "", ["2026-01-01 23:00:00", "nonsense", "2026-01-03 01:00:00"], "2026-01-03T01:00:00Z"),
        ("lb-2026-13-02.csv", "", ["2026-01-01 23:00:00"], "2026-01-01T23:00:00Z"),
        ("lb.csv", "", ["", ""], "2026-02-01T00:00:00Z"),  # the file's own time
        ("lb.csv", "", ["0001-01-01 00:00:00"], "2026-02-01T00:00:00Z"),  # .NET's "no time"
    ],
)
def test_a_board_from_disk_has_the_time_that_is_known_best(
    club: Loading, name: str, member: str, dates: list[str], expected: str, command: str
) -> None:
    path = club.zip(name, member, *_dated(*dates)) if member else club.csv(name, *_dated(*dates))
    modified = clock.parse_iso("2026-02-01T00:00:00Z").timestamp()
    os.utime(path, (modified, modified))
    assert club.load(path, command=command).code == 0
    assert club.moments() == [expected]


@BOTH
@pytest.mark.parametrize("date", ["10/31/2025 16:26", "2025-10-31 16:26", "2025-10-31T16:26:26Z"])
def test_dates_in_another_form_do_not_make_a_board_as_new_as_its_file(
    club: Loading, date: str, command: str
) -> None:
    refused(club.load(club.csv("lb.csv", *_dated(date, date)), command=command), "time", date, "its name")
    assert club.moments() == []
    assert club.load(club.csv("lb-2025-10-31T16-30-00.csv", *_dated(date)), command=command).code == 0
    assert club.moments() == ["2025-10-31T16:30:00Z"]


def test_old_boards_are_dated_by_their_newest_submission_too(club: Loading) -> None:
    path = club.folder / f"{SLUG}_public_leaderboard.csv"
    path.write_bytes(
        b"TeamId, TeamName, SubmissionDate, Score\r\n"
        b"1,ann,9/5/2012 6:06:10 PM,0.5\r\n"
        b"2,x,9/5/2012 6:06:09 AM,0.6\r\n"
    )
    club.loaded(path)
    assert club.moments() == ["2012-09-05T18:06:10Z"]


def test_two_days_of_a_checkout_with_one_modification_time_are_two_boards(club: Loading) -> None:
    later = club.csv("lb-2026-01-02.csv", Team(12, "Bb", ("bob",), "0.95", date="2026-01-02 09:00:00"), ANN)
    first = club.csv("lb-2026-01-01.csv", ANN, BOB)
    for path in (later, first):
        os.utime(path, (1_770_000_000,) * 2)
        club.loaded(path)
    assert club.moments() == ["2026-01-01T00:00:00Z", "2026-01-02T09:00:00Z"]
    assert club.ranks() == {"bob": 1, "ann": 2}
    assert club.history("ann") == [("2026-01-01T00:00:00Z", 1), ("2026-01-02T09:00:00Z", 2)]


@BOTH
def test_another_board_at_a_moment_that_is_taken_is_refused_unless_forced(
    club: Loading, command: str
) -> None:
    club.loaded(club.csv(f"a-{WHEN}.csv"))
    other = club.csv(f"b-{WHEN}.csv", BOB, ANN, *STRANGERS)
    refused(
        club.load(other, command=command), f"b-{WHEN}.csv", f"{WHEN}Z", "10 rows", f"a-{WHEN}.csv", "--force"
    )
    assert club.ranks() == {"ann": 1, "bob": 2}
    assert club.load(club.csv(f"c-{WHEN}.csv"), command=command).code == 0  # the same board again
    assert club.load(other, "--force", command=command).code == 0
    assert club.ranks() == {"ann": 2, "bob": 1}
    assert club.history("ann") == [(f"{WHEN}Z", 2)]


def test_a_board_that_replaces_an_unchanged_one_is_compared_with_like_any_other(club: Loading) -> None:
    club.loaded(club.csv("a-2026-01-01T00:00:00.csv"))
    same = club.csv("a-2026-01-02T00:00:00.csv")
    club.loaded(same)
    club.loaded(club.csv("b-2026-01-02T00:00:00.csv", BOB, ANN, *STRANGERS), "--force")
    refused(club.load(same), "has another one", "from b-2026-01-02T00:00:00.csv")
    assert club.ranks() == {"ann": 2, "bob": 1}
    assert club.ask("SELECT unchanged FROM snapshots") == [(0,), (0,)]


def test_a_replaced_board_does_not_leave_its_direction_behind(club: Loading) -> None:
    wrong = (Team(11, "Aa", ("ann",), "0.1"), Team(12, "Bb", ("bob",), "0.2"))  # here lower is better
    club.loaded(club.csv("a-2026-01-01T00:00:00.csv", *wrong))
    club.loaded(club.csv("b-2026-01-01T00:00:00.csv", ANN, BOB), "--force")
    club.loaded(club.csv("b-2026-01-02T00:00:00.csv", Team(11, "Aa", ("ann",), "0.95", submissions=2), BOB))
    told = json.loads(club.kagsync.ok("news", SLUG, "--since", "2026-01-01T12:00", "--format", "json"))
    assert [each["reason"] for each in told] == ["improved"]


def test_each_remedy_keeps_the_options_that_the_one_before_asked_for(club: Loading) -> None:
    club.loaded(club.csv(f"a-{WHEN}.csv"))
    excerpt = club.csv(f"b-{WHEN}.csv", BOB)
    refused(club.load(excerpt), "--force")
    refused(club.load(excerpt, "--force"), "--force --accept-shrink")
    club.loaded(excerpt, "--force", "--accept-shrink")
    assert club.ranks() == {"bob": 1}


@BOTH
@pytest.mark.parametrize(("cut", "code"), [(1, 0), (5, 1), (34, 1)])
def test_a_file_that_ends_in_the_middle_of_a_row_is_refused(
    club: Loading, cut: int, code: int, command: str
) -> None:
    path = club.csv(f"a-{WHEN}.csv", *STRANGERS, Team(11, "Aa", ("ann",)))
    path.write_bytes(path.read_bytes()[:-cut])  # 1: the last line break alone
    ran = club.load(path, command=command)
    assert ran.code == code
    if code:
        refused(ran, "cut off", "it ends in the middle of a row")
        assert club.moments() == []


def test_an_archive_from_disk_that_cannot_be_used_is_not_said_to_heal_by_itself(club: Loading) -> None:
    ran = club.load(club.zip("x.zip", "folder/board.csv"))
    refused(ran, "a path in its name", "Unpack it")
    assert "Try again later" not in ran.err


def test_an_older_moment_can_be_taken_too(club: Loading) -> None:
    club.loaded(club.csv("a-2026-01-01T00:00:00.csv"))
    club.loaded(club.csv("a-2026-01-02T00:00:00.csv"))
    refused(club.load(club.csv("b-2026-01-01T00:00:00.csv", BOB, ANN, *STRANGERS)), "has another one")
    assert club.history("ann") == [("2026-01-01T00:00:00Z", 1)]


def test_a_moment_at_which_kaggles_board_was_the_same_is_taken(club: Loading, kaggle: KaggleServer) -> None:
    club.kagsync.ok("competitions", "add", SLUG, "--kaggle-id", SLUG)
    for when in ("2026-01-01T00:00:00", "2026-01-01T01:00:00"):
        kaggle.board(SLUG, board_csv([ANN, BOB]), when=when)
        club.kagsync.ok("sync", SLUG)
    assert len(club.moments()) == 2
    refused(club.load(club.csv("b-2026-01-01T01:00:00.csv", BOB, ANN)), "2 rows, from Kaggle")
    club.loaded(club.csv("c-2026-01-01T01:00:00.csv", ANN, BOB))


def test_of_kaggle_a_later_download_of_the_same_second_corrects_the_earlier_one(
    club: Loading, kaggle: KaggleServer
) -> None:
    club.kagsync.ok("competitions", "add", SLUG, "--kaggle-id", SLUG)
    for teams in ((ANN, BOB), (BOB, ANN)):
        kaggle.board(SLUG, board_csv(teams))
        club.kagsync.ok("sync", SLUG)
    assert club.history("ann") == [(f"{WHEN}Z", 2)]


@pytest.mark.parametrize(("rows", "code"), [((ANN, BOB), 0), ((BOB, ANN, *STRANGERS), 1)])
def test_of_a_board_from_before_its_hash_was_kept_the_rows_must_do(
    club: Loading, rows: tuple[Team, ...], code: int
) -> None:
    club.loaded(club.csv(f"a-{WHEN}.csv", ANN, BOB))
    club.execute("UPDATE snapshots SET sha256 = NULL, file = NULL")
    club.execute("UPDATE competitions SET fingerprint = NULL")
    assert club.load(club.csv(f"b-{WHEN}.csv", *rows)).code == code


# Not in the future


@BOTH
@pytest.mark.parametrize("name", [f"{SLUG}-publicleaderboard-{FUTURE}.csv", "lb-2099-01-01.csv", "lb.csv"])
def test_a_board_of_the_future_is_refused_and_the_clock_is_named(
    club: Loading, name: str, command: str
) -> None:
    path = club.csv(name, *_dated(""))
    os.utime(path, (clock.parse_iso(f"{FUTURE}Z").timestamp(),) * 2)
    refused(club.load(path, "--force", command=command), f"{FUTURE}Z", "clock")
    assert club.moments() == []


def test_a_board_from_tomorrow_morning_is_taken_since_clocks_differ(club: Loading) -> None:
    soon = clock.utc_now() + timedelta(hours=23)
    club.loaded(club.csv(f"lb-{soon:%Y-%m-%dT%H:%M:%S}.csv"))
    late = clock.utc_now() + timedelta(hours=25)
    refused(club.load(club.csv(f"lb-{late:%Y-%m-%dT%H:%M:%S}.csv", BOB)), "clock")


def test_kaggles_board_is_refused_where_this_clock_is_far_behind(
    club: Loading, kaggle: KaggleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    club.kagsync.ok("competitions", "add", SLUG, "--kaggle-id", SLUG)
    kaggle.board(SLUG, board_csv([ANN, BOB]))
    then = clock.parse_iso("2020-01-01T00:00:00Z")
    monkeypatch.setattr(clock, "utc_now", lambda: then)
    refused(club.kagsync("sync", SLUG), f"{WHEN}Z", "this machine's clock says 2020-01-01T00:00:00Z")


class Frozen:
    """A database in which an earlier version applied a board of 2099. Going back loses nothing."""

    def __init__(self, club: Loading, monkeypatch: pytest.MonkeyPatch) -> None:
        self.club = club
        club.loaded(club.csv("a-2026-01-01T00:00:00.csv", ANN, BOB, *STRANGERS))
        club.loaded(club.csv("a-2026-01-02T00:00:00.csv", BOB, ANN, *STRANGERS))
        self.before = self.dump()
        zed = Team(13, "Zz", ("zed",), "0.99", date="2098-12-31 00:00:00")
        club.kagsync.ok("users", "add", "zed", "gone")
        with monkeypatch.context() as patch:
            patch.setattr(clock, "utc_now", lambda: clock.parse_iso("2099-01-01T01:00:00Z"))
            club.loaded(club.csv(f"a-{FUTURE}.csv", zed, ANN, Team(14, "Gg", (), "0.1", rank=0), *STRANGERS))

    def dump(self) -> list[Any]:
        columns = "username, rank, score, kaggle_team_name, first_seen_at, last_seen_at, left_at"
        return [
            self.club.ask(f"SELECT {columns} FROM leaderboard"),
            self.club.ask("SELECT * FROM history"),
            self.club.ask("SELECT moment, row_count, team_count FROM snapshots"),
        ]


@pytest.fixture
def frozen(club: Loading, monkeypatch: pytest.MonkeyPatch) -> Frozen:
    return Frozen(club, monkeypatch)


def test_a_database_with_a_board_of_the_future_says_so_at_every_sync(frozen: Frozen) -> None:
    club = frozen.club
    assert club.ranks() == {"zed": 1, "ann": 2}
    now = frozen.dump()
    for name in ("a-2026-01-03T00:00:00.csv", f"a-{WHEN}.csv"):
        ran = club.load(club.csv(name, ANN, BOB, *STRANGERS))
        refused(ran, f"{FUTURE}Z, in the future", "clock", f"kagsync sync {SLUG} --from FILE --force")
    assert frozen.dump() == now


@pytest.mark.long
@pytest.mark.parametrize("when", ["2026-01-03T00:00:00", "2026-01-01T12:00:00"], ids=["newer", "older"])
def test_force_drops_boards_of_the_future_and_nothing_else(frozen: Frozen, when: str) -> None:
    club = frozen.club
    path = club.csv(f"a-{when}.csv", ANN, BOB, *STRANGERS)
    ran = club.load(path, "--force")
    assert ran.code == 0, ran
    assert "Dropped the boards dated after" in ran.err
    assert "2026-01-02T00:00:00Z" in ran.err
    invariants.check(club.db)
    # The same as if the board of the future had never been loaded.
    expected = Frozen.__new__(Frozen)
    expected.club = _without_the_future(club, path)
    assert frozen.dump() == expected.dump()
    # Runs are kept, and random pseudonyms may have any number.
    kept = [line for line in dump(club.db) if "sync_runs" not in line and '"users"' not in line]
    assert all("2099" not in line for line in kept)
    club.loaded(club.csv("a-2026-01-04T00:00:00.csv", BOB, ANN, *STRANGERS))
    assert club.ranks() == {"bob": 1, "ann": 2}


def _without_the_future(club: Loading, last: Path) -> Loading:
    other = club.beside(club.folder / "other.db")
    other.track("ann", "bob")
    for name in ("a-2026-01-01T00:00:00.csv", "a-2026-01-02T00:00:00.csv"):
        other.loaded(club.folder / name)
    other.people("zed", "gone")
    other.loaded(last)
    return other


def test_force_finds_the_way_back_where_the_board_of_the_future_was_the_only_one(
    club: Loading, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(clock, "utc_now", lambda: clock.parse_iso("2099-01-01T01:00:00Z"))
        club.loaded(club.csv(f"a-{FUTURE}.csv", ANN, BOB, *STRANGERS))
    club.loaded(club.csv("a-2026-01-01T00:00:00.csv", BOB, *STRANGERS), "--force")
    assert club.moments() == ["2026-01-01T00:00:00Z"]
    assert club.ranks() == {"bob": 1}
    assert club.history("ann") == []
    invariants.check(club.db)


def test_after_the_way_back_channels_are_told_again(frozen: Frozen) -> None:
    club = frozen.club
    future = int(clock.parse_iso(f"{FUTURE}Z").timestamp())
    club.execute(
        "INSERT INTO notify_targets (id, url, quiet_for, added_at) VALUES (1, 'json://x', 0, '2026')"
    )
    club.execute("INSERT INTO notify_cursors VALUES (1, 1, ?)", future)
    better = Team(12, "Bb", ("bob",), "0.99", submissions=2)
    club.load(club.csv("a-2026-01-03T00:00:00.csv", better, ANN, *STRANGERS), "--force")
    ((moment,),) = club.ask("SELECT moment FROM notify_cursors")
    assert clock.from_unix(moment) == "2026-01-02T00:00:00Z"


def test_force_on_a_sound_database_drops_nothing(club: Loading) -> None:
    club.loaded(club.csv("a-2026-01-01T00:00:00.csv"))
    ran = club.load(club.csv("a-2026-01-02T00:00:00.csv"), "--force")
    assert "Dropped" not in ran.err
    assert len(club.moments()) == 2


# One snapshot


def test_several_snapshots_in_one_file_are_refused(club: Loading) -> None:
    path = club.folder / "dump.csv"
    path.write_text(
        f"{MODERN},At\n"
        "1,11,Aa,2026-01-01 09:00:00,0.90,3,ann,10:00\n"
        "1,12,Bb,2026-01-01 10:30:00,0.95,3,bob,11:00\n"
        "2,11,Aa,2026-01-01 09:00:00,0.90,3,ann,11:00\n"
    )
    refused(club.load(path), "TeamId 11 is on the board more than once", "several snapshots")
    assert club.ranks() == {}


# Of how many


def test_a_rank_beyond_the_number_of_teams_is_one_of_the_highest_rank(club: Loading) -> None:
    club.loaded(
        club.csv(
            "a-2026-01-01T00:00:00.csv", Team(11, "Aa", ("ann",), "0.9"), Team(12, "Bb", ("bob",), "0.8")
        )
    )
    gap = (Team(11, "Aa", ("ann",), "0.9"), Team(12, "Bb", ("bob",), "0.8", rank=3))
    club.loaded(club.csv("a-2026-01-02T00:00:00.csv", *gap))
    told = club.kagsync.ok("news", SLUG, "--since", "2026-01-01T12:00", "--all")
    assert "bob: 2 → 3 of 3, overtaken by 1" in told
    assert "100.0%" in club.kagsync.ok("show", SLUG)
    found = json.loads(club.kagsync.ok("show", SLUG, "--format", "json"))
    assert {entry["teams"] for entry in found} == {3}
