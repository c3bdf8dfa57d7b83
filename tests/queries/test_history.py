"""`kagsync history`: changes over time, as a table, for programs, as a chart, and in a notebook."""

from __future__ import annotations

import csv
import io
import json
import re
import tracemalloc
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from world.boards import Team
from world.club import SLUG, Club
from world.hostile import HOSTILE
from world.running import harmless, on_terminal, one_line, plain
from world.two_days import BETTER_BOB, LEFT, SEE_TEAM

import kagsync as package
from kagsync import clock
from kagsync.errors import KagsyncError
from kagsync.output.chart import Series, chart
from kagsync.queries.history import timeline
from kagsync.safe_text import printable
from kagsync.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from rich.text import Text
    from world.running import Kagsync

KEYS = [
    "competition",
    "username",
    "name",
    "group",
    "at",
    "on_board",
    "rank",
    "score",
    "score_text",
    "kaggle_team_name",
    "team_id",
    "members",
    "submission_count",
    "places",
    "reason",
    "words",
    "board",
    "handle",
    "student_id",
    "lead_places",
    "lead_score",
]
NOT_IN_CSV = {"score_text", "members"}
ROWS = [
    "2025-10-29 12:00  Alice Ace  1  new  0.80  3  first seen, score 0.80  alpha",
    "2025-10-29 12:00  bob  2  new  0.70  1  first seen, score 0.70  bob",
    "2025-10-29 12:00  carol  3  new  0.60  1  first seen, score 0.60  C-Team",
    "2025-10-29 12:00  dave  4  new  0.50  1  first seen, score 0.50  dave",
    "2025-10-30 12:00  bob  1  ▲1  0.85  2  improved 0.70 → 0.85  bob",
    "2025-10-30 12:00  Alice Ace  2  ▼1  0.80  3  overtaken by 1  alpha",
    "2025-10-30 12:00  carol  3  0.60  1  the team “C-Team” is now called “See-Team”  See-Team",
    "2025-10-30 12:00  erin  3  new  0.60  1  first seen, score 0.60  See-Team",
    f"2025-10-30 12:00  dave  –  {LEFT}",
]
START = 1_760_000_000
DAY = 86400
DOTS = re.compile("[\u2801-\u28ff]")  # braille characters that are not empty


def rows(text: str) -> list[str]:
    """The rows of a table, each with two spaces between its cells."""
    return [re.sub(r" {2,}", "  ", line) for line in text.splitlines()[1:]]


def content(kagsync: Kagsync, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(kagsync.ok("history", SLUG, *words, "--format", "json"))
    return found


# In a pipe


def test_every_change_is_a_row_the_earliest_first(moved: Club, kagsync: Kagsync) -> None:
    out = kagsync.ok("history", SLUG)
    assert out.splitlines()[0].split() == ["At", "Person", "Rank", "Moved", "Score", "Subs", "What", "Team"]
    assert rows(out) == ROWS


def test_the_keys_of_the_json_never_change(moved: Club, kagsync: Kagsync) -> None:
    told = content(kagsync)
    assert all(list(item) == KEYS for item in told)
    assert told[5] == {
        "competition": SLUG,
        "username": "alice",
        "name": "Alice Ace",
        "group": "red",
        "at": "2025-10-30T12:00:00Z",
        "on_board": True,
        "rank": 2,
        "score": 0.8,
        "score_text": "0.80",
        "kaggle_team_name": "alpha",
        "team_id": 11,
        "members": ["alice"],
        "submission_count": 3,
        "places": -1,
        "reason": "overtaken",
        "words": "overtaken by 1",
        "board": "public",
        "handle": "alice",
        "student_id": None,
        "lead_places": None,
        "lead_score": None,
    }
    assert told[7]["members"] == ["carol", "erin"]
    gone = told[8]
    assert (gone["username"], gone["on_board"], gone["reason"], gone["words"]) == (
        "dave",
        False,
        "left",
        LEFT,
    )
    unknown = ("rank", "score", "score_text", "kaggle_team_name", "team_id", "members", "submission_count")
    assert [gone[key] for key in unknown] == [None] * len(unknown)


def test_the_csv_has_what_the_json_has_but_for_lists_and_texts(moved: Club, kagsync: Kagsync) -> None:
    out = kagsync.ok("history", SLUG, "--format", "csv")
    found = list(csv.DictReader(io.StringIO(out)))
    titles = [key for key in KEYS if key not in NOT_IN_CSV]
    assert list(found[0]) == titles
    assert found == [
        {title: "" if item[title] is None else str(item[title]) for title in titles}
        for item in content(kagsync)
    ]


def test_the_markdown_has_the_columns_of_the_table(moved: Club, kagsync: Kagsync) -> None:
    head, _, first, *_ = kagsync.ok("history", SLUG, "--format", "markdown").splitlines()
    assert head == "| At | Person | Rank | Moved | Score | Subs | What | Team |"
    assert first == "| 2025-10-29 12:00 | Alice Ace | 1 | new | 0.80 | 3 | first seen, score 0.80 | alpha |"


def test_since_a_time_tells_also_how_it_was_then(moved: Club, kagsync: Kagsync) -> None:
    assert rows(kagsync.ok("history", SLUG, "--since", "2025-10-30")) == [
        "2025-10-30 00:00  Alice Ace  1  0.80  3  alpha",
        "2025-10-30 00:00  bob  2  0.70  1  bob",
        "2025-10-30 00:00  carol  3  0.60  1  C-Team",
        "2025-10-30 00:00  dave  4  0.50  1  dave",
        *ROWS[4:],
    ]
    told = content(kagsync, "--since", "2025-10-30")
    assert told[0]["at"] == "2025-10-30T00:00:00Z"
    assert (told[0]["rank"], told[0]["places"], told[0]["reason"], told[0]["words"]) == (1, None, None, None)
    # At the moment of a board it is as on that board; who had left by then is not told.
    told = content(kagsync, "--since", "2025-10-30T12:00:00")
    assert [(item["username"], item["rank"], item["reason"]) for item in told] == [
        ("bob", 1, None),
        ("alice", 2, None),
        ("carol", 3, None),
        ("erin", 3, None),
    ]
    assert content(kagsync, "--since", "2025-01-01") == content(kagsync)


def test_two_people_are_compared(moved: Club, kagsync: Kagsync) -> None:
    told = content(kagsync, "alice", "bob")
    assert [(item["username"], item["lead_places"], item["lead_score"]) for item in told] == [
        ("alice", 1, 0.1),
        ("bob", -1, -0.1),
        ("bob", 1, 0.05),
        ("alice", -1, -0.05),
    ]
    out = kagsync.ok("history", SLUG, "alice", "bob")
    assert "1 place ahead, 0.10" in out
    assert "1 place behind, 0.05" in out
    moved.board("2025-10-31T12:00:00", SEE_TEAM, Team(11, "alpha", ("alice",), "0.59"))
    assert content(kagsync, "alice", "bob")[-1]["lead_places"] is None
    assert "Gap" not in kagsync.ok("history", SLUG, "alice", "bob", "carol")


def test_since_last_is_from_the_board_that_was_seen_last(moved: Club, kagsync: Kagsync) -> None:
    kagsync.ok("show", SLUG, "--since", "last")
    moved.board("2025-10-31T12:00:00", BETTER_BOB, SEE_TEAM, Team(11, "alpha", ("alice",), "0.59"))
    told = content(kagsync, "alice", "--since", "last")
    assert [(item["at"], item["rank"]) for item in told] == [
        ("2025-10-30T12:00:00Z", 2),
        ("2025-10-31T12:00:00Z", 3),
    ]


def test_only_some_people_or_a_group_are_told(moved: Club, kagsync: Kagsync) -> None:
    pair = [
        re.sub(r"  \d places? (ahead|behind), [\d.]+", "", row)
        for row in rows(kagsync.ok("history", SLUG, "bob", "@DAVE"))
    ]
    assert pair == [ROWS[i] for i in (1, 3, 4, 8)]
    told = content(kagsync, "--group", "red")
    assert [item["username"] for item in told] == ["alice", "carol", "alice", "carol"]


def test_a_person_who_is_named_twice_is_told_once(moved: Club, kagsync: Kagsync) -> None:
    assert content(kagsync, "bob", "BOB", "@bob") == content(kagsync, "bob")


def test_no_changes_are_said(moved: Club, kagsync: Kagsync) -> None:
    kagsync.ok("users", "add", "frank")
    assert kagsync.ok("history", SLUG, "frank") == "No changes\n"
    assert kagsync.ok("history", SLUG, "frank", "--format", "markdown") == "No changes\n"
    assert kagsync.ok("history", SLUG, "frank", "--format", "json") == "[]\n"
    assert list(csv.DictReader(io.StringIO(kagsync.ok("history", SLUG, "frank", "--format", "csv")))) == []


@pytest.mark.parametrize(
    ("words", "message", "remedy"),
    [
        (["nobody"], "no user 'nobody' is tracked", "kagsync users list"),
        (["bob", "nobody"], "no user 'nobody' is tracked", "kagsync users list"),
        (["not a name"], "no user 'not a name' is tracked", "kagsync users list"),
        (["--group", "blue"], "nobody is in a group 'blue'", "kagsync users list"),
        (["bob", "--group", "red"], "PERSON and --group contradict each other", "Pass one of them"),
        (["--since", "yesterday"], "'yesterday' is not a time", "Try 24h"),
        (["--since", "2999-01-01"], "'2999-01-01' is in the future", "such as 24h"),
        (["--format", "xml"], "'xml' is not one of", "kagsync history --help"),
    ],
)
def test_what_cannot_be_told_is_refused_with_a_remedy(
    words: list[str], message: str, remedy: str, moved: Club, kagsync: Kagsync
) -> None:
    err = one_line(kagsync("history", SLUG, *words))
    assert message in err
    assert remedy in err.partition(message)[2]


def test_an_unknown_competition_is_refused_with_the_nearest(moved: Club, kagsync: Kagsync) -> None:
    assert "Did you mean titanic?" in one_line(kagsync("history", "titanik"))
    assert "kagsync history --help" in one_line(kagsync("history"))


# On a terminal


@pytest.fixture
def lively(moved: Club) -> Club:
    """Fifteen more boards, on each of which everybody moves: more changes than a terminal is shown."""
    for day in range(1, 16):
        team = [Team(11, "alpha", ("alice",)), Team(12, "bob", ("bob",)), Team(13, "See-Team", ("carol",))]
        turned = team[day % 3 :] + team[: day % 3]
        scored = [
            Team(each.team_id, each.name, each.members, f"0.{9 - place}{day:02}")
            for place, each in enumerate(turned)
        ]
        moved.board(f"2025-11-{day:02}T12:00:00", *scored)
    return moved


def shown_on_terminal(width: int, *words: str) -> list[str]:
    """What stands on a terminal, line by line; nothing may be wider than it."""
    from rich.cells import cell_len

    told = plain(on_terminal("history", SLUG, *words, width=width))
    harmless(told)
    lines = told.splitlines()
    assert max(cell_len(line) for line in lines) <= width
    return lines


@pytest.mark.long
@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_has_a_chart_with_names_above_the_latest_changes(width: int, lively: Club) -> None:
    lines = shown_on_terminal(width)
    axis = next(i for i, line in enumerate(lines) if "└" in line)
    drawn = lines[:axis]
    assert all("│" in line or "┤" in line for line in drawn)
    assert DOTS.search("".join(drawn))
    for name in ("Alice Ace", "bob", "carol", "dave", "erin"):
        assert sum(line.endswith(f" {name}") for line in drawn) == 1, name
    assert lines[axis + 1].split()[0] == "2025-10-29"
    assert lines[axis + 2] == ""
    changes = [line for line in lines[axis + 3 :] if re.match(r"20\d\d-", line)]
    assert len(changes) == 40
    assert changes[-1].startswith("2025-11-15 12:00")
    (below,) = [line for line in lines if "earlier changes are not shown" in line]
    assert below.endswith("--format csv")


def test_in_a_pipe_all_changes_are_told(lively: Club, kagsync: Kagsync) -> None:
    out = kagsync.ok("history", SLUG)
    assert len(rows(out)) == len(content(kagsync)) > 40
    assert "earlier changes" not in out
    assert not DOTS.search(out)


def test_a_narrow_terminal_has_the_table_only(lively: Club) -> None:
    lines = shown_on_terminal(40, "bob")
    assert lines[0].startswith("At ")
    assert not DOTS.search("".join(lines))
    assert not [line for line in lines if "└" in line]


def test_where_nothing_changed_a_terminal_has_no_chart(moved: Club, kagsync: Kagsync) -> None:
    kagsync.ok("users", "add", "frank")
    assert shown_on_terminal(80, "frank") == ["No changes"]


def test_two_people_of_one_name_have_a_line_each(moved: Club, kagsync: Kagsync) -> None:
    kagsync.ok("users", "add", "bob", "--name", "Robin")
    kagsync.ok("users", "add", "dave", "--name", "Robin")
    drawn = [line for line in shown_on_terminal(80, "bob", "dave") if "│" in line or "┤" in line]
    assert sum(line.endswith(" Robin") for line in drawn) == 2


# The chart


def drawing(series: list[Series], *, until: int = START + 5 * DAY, width: int = 80) -> list[str]:
    """The lines of ranks, without the axis of time."""
    from rich.cells import cell_len

    lines: list[Text] = chart(series, until, width)
    assert all(cell_len(line.plain) <= width for line in lines)
    return [line.plain for line in lines[:-2]]


def line_of(name: str, lines: list[str]) -> int:
    """Where a name stands; it stands once."""
    (line,) = [i for i, line in enumerate(lines) if line.endswith(f" {name}")]
    return line


def dots(line: str) -> list[int]:
    """The columns in which something is drawn."""
    return [match.start() for match in DOTS.finditer(line)]


def test_the_best_rank_is_at_the_top() -> None:
    lines = drawing(
        [Series("worst", [(START, 90)]), Series("best", [(START, 3)]), Series("mid", [(START, 40)])]
    )
    assert line_of("best", lines) < line_of("mid", lines) < line_of("worst", lines)
    assert lines[0].startswith(" 3 ┤")
    assert lines[-1].startswith("90 ┤")
    assert [i for i, line in enumerate(lines) if dots(line)] == [
        line_of(name, lines) for name in ("best", "mid", "worst")
    ]


def test_who_climbs_is_drawn_from_below_to_the_top() -> None:
    lines = drawing([Series("alice", [(START, 10), (START + DAY, 1)])])
    assert line_of("alice", lines) == 0
    (before, after) = dots(lines[-1]), dots(lines[0])
    assert max(before) <= min(after)
    assert all(len(dots(line)) == 1 for line in lines[1:-1])  # the way up is one column


def test_the_line_of_who_left_ends() -> None:
    there = [(START, 1)]
    lines = drawing(
        [Series("here", there), Series("gone", [(START, 9), (START + DAY, None)])], until=START + 5 * DAY
    )
    here, gone = dots(lines[line_of("here", lines)]), dots(lines[line_of("gone", lines)])
    assert here[0] == gone[0]
    assert len(gone) < len(here) / 3


def test_who_came_back_has_a_gap() -> None:
    points = [(START, 5), (START + DAY, None), (START + 4 * DAY, 5)]
    lines = drawing([Series("back", points)])
    columns = dots(lines[line_of("back", lines)])
    assert sum(after - before > 5 for before, after in pairwise(columns)) == 1


def test_a_single_point_is_a_line() -> None:
    lines = drawing([Series("alice", [(START, 412)])], until=START)
    assert line_of("alice", lines) == 0
    assert dots(lines[0])
    assert lines[0].startswith("412 ┤")


def test_ranks_that_are_all_equal_are_one_line_with_all_names() -> None:
    lines = drawing([Series(name, [(START, 7)]) for name in ("alice", "bob", "carol")])
    assert [i for i, line in enumerate(lines) if dots(line)] == [0]
    assert sorted(line_of(name, lines) for name in ("alice", "bob", "carol")) == [0, 1, 2]


@pytest.mark.parametrize("ranks", [range(1, 11), [1, *range(91, 100)], [5] * 10, [1, *[50] * 8, 99]])
def test_ten_names_stand_on_lines_of_their_own_in_the_order_of_their_ranks(ranks: list[int]) -> None:
    lines = drawing([Series(f"name{i}", [(START, rank)]) for i, rank in enumerate(ranks)])
    places = [line_of(f"name{i}", lines) for i in range(10)]
    assert places == sorted(set(places))


@pytest.mark.parametrize("worst", [1, 2, 3, 5, 14, 100])
def test_a_rank_stands_once_on_the_axis(worst: int) -> None:
    lines = drawing([Series("alice", [(START, 1), (START + DAY, worst)])])
    ticks = [int(line.partition("┤")[0]) for line in lines if "┤" in line]
    assert ticks == sorted(set(ticks))
    assert ticks[0] == 1
    assert ticks[-1] == max(worst, 2)


def test_two_dates_that_have_no_room_side_by_side_do_not_run_together() -> None:
    long = Series("n" * 30, [(START, 100), (START + DAY, 123_456)])
    for end in (START + 2 * DAY, START + 30 * DAY):
        dates = chart([long], end, 48)[-1].plain
        assert all(len(date) <= len("2025-10-09") for date in dates.split())


def test_more_names_than_lines_are_no_error() -> None:
    lines = drawing([Series(f"name{i}", [(START, i + 1)]) for i in range(30)])
    assert sum("name" in line for line in lines) == len(lines)


def test_who_never_had_a_rank_is_not_in_it() -> None:
    never = Series("never", [(START, None)])
    assert drawing([never]) == []
    assert drawing([]) == []
    assert not [line for line in drawing([never, Series("alice", [(START, 1)])]) if "never" in line]


def test_where_there_is_no_room_there_is_no_chart() -> None:
    alice = [Series("alice", [(START, 1)])]
    assert drawing(alice, width=40) == []
    assert drawing(alice, width=48) != []


@pytest.mark.parametrize("width", [48, 80, 200])
@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_names_are_harmless_and_make_no_line_wider(name: str, width: int) -> None:
    for end in (START + DAY, START + 400 * DAY):
        ways = [Series(name, [(START, 1), (START + DAY, 123_456)]), Series("bob", [(START, 2)])]
        lines = drawing(ways, until=end, width=width)
        for line in lines:
            harmless(line)
        assert len(lines) == len(drawing([Series("bob", [(START, 2)])]))
        assert printable(name).split()[0][:10] in "".join(lines) or len(printable(name).split()[0]) > 10


# In a notebook


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "kagsync.db"


def as_json(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A frame's rows as `--format json` has them."""
    import pandas as pd

    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return value
        if isinstance(value, pd.Timestamp):
            return clock.iso(value.to_pydatetime())
        return None if pd.isna(value) else value

    return [{key: plain(row[key]) for key in frame.columns} for row in frame.to_dict("records")]


def test_a_frame_is_the_json(moved: Club, kagsync: Kagsync, db: Path) -> None:
    frame = package.history(db, SLUG)
    assert list(frame.columns) == KEYS
    assert as_json(frame) == content(kagsync)
    assert as_json(package.history(str(db), SLUG.upper())) == content(kagsync)
    assert as_json(package.history(None, SLUG)) == content(kagsync)  # where kagsync itself keeps it
    assert as_json(package.history(db, SLUG, ["bob", "@DAVE"])) == content(kagsync, "bob", "dave")
    assert as_json(package.history(db, SLUG, iter(["bob"]))) == content(kagsync, "bob")


def test_a_frame_has_the_types_it_says(moved: Club, db: Path) -> None:
    types = {key: str(kind) for key, kind in package.history(db, SLUG).dtypes.items()}
    assert {types[key] for key in ("rank", "team_id", "submission_count", "places")} == {"Int64"}
    assert (types["score"], types["on_board"]) == ("float64", "bool")
    assert re.fullmatch(r"datetime64\[\w+, UTC\]", types["at"])


def test_an_empty_frame_keeps_its_columns_and_types(moved: Club, kagsync: Kagsync, db: Path) -> None:
    kagsync.ok("users", "add", "frank")
    full = package.history(db, SLUG)
    for nobody in ([], ["frank"]):
        empty = package.history(db, SLUG, nobody)
        assert len(empty) == 0
        assert list(empty.columns) == KEYS
        assert {key: str(kind) for key, kind in empty.dtypes.items()} == {
            key: str(kind) for key, kind in full.dtypes.items()
        }


def test_a_frame_since_a_time_begins_with_how_it_was_then(moved: Club, kagsync: Kagsync, db: Path) -> None:
    moment = datetime(2025, 10, 30, tzinfo=UTC)
    expected = content(kagsync, "--since", "2025-10-30")
    assert as_json(package.history(db, SLUG, since="2025-10-30")) == expected
    assert as_json(package.history(db, SLUG, since=moment)) == expected
    recent = package.history(db, SLUG, since="7d")
    assert list(recent["rank"]) == [1, 2, 3, 3]
    assert recent["reason"].isna().all()
    week = timedelta(days=7)
    assert all(abs(clock.utc_now() - week - at) < timedelta(minutes=5) for at in recent["at"])


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_a_time_without_a_zone_is_utc_wherever_the_notebook_runs(
    zone: str, moved: Club, kagsync: Kagsync, db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    if not hasattr(time, "tzset"):
        pytest.skip("this system's zone cannot be set")
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        naive = datetime(2025, 10, 30, 12)  # noqa: DTZ001  (what people write)
        found = as_json(package.history(db, SLUG, since=naive))
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    assert found == content(kagsync, "--since", "2025-10-30T12:00:00")


def test_what_is_not_tracked_is_an_error_of_its_own(moved: Club, db: Path, tmp_path: Path) -> None:
    with pytest.raises(KagsyncError, match="no competition 'titanik' is tracked"):
        package.history(db, "titanik")
    with pytest.raises(KagsyncError, match="no user 'nobody' is tracked"):
        package.history(db, SLUG, ["nobody"])
    with pytest.raises(KagsyncError, match="is not a time"):
        package.history(db, SLUG, since="yesterday")
    missing = tmp_path / "none.db"
    with pytest.raises(KagsyncError):
        package.history(missing, SLUG)
    assert not missing.exists()


@pytest.mark.long
def test_reading_a_longer_history_takes_no_more_memory(moved: Club) -> None:
    moved.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
        "INSERT INTO entry_history (user_id, competition_id, moment, rank, score, team) "
        "SELECT u.id, c.id, i, i, '0.5', (SELECT min(id) FROM teams) FROM n, users u, competitions c"
    )

    def peak(until: datetime) -> tuple[int, int]:
        with Store.open_to_read(moved.db, moved.settings.locks) as store:
            users = store.users.all()
            tracemalloc.start()
            try:
                found = timeline(store, SLUG, users, until)
                return sum(1 for _ in found.rows), tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

    few, small = peak(datetime.fromtimestamp(4_500, UTC))
    many, large = peak(datetime.fromtimestamp(0, UTC))
    assert many > 8 * few
    assert large < 2 * small
