"""`competitions search`, and `competitions add` with --entered and --hosted."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from world.kaggle_server import kaggle_error, too_many_requests
from world.running import harmless, told

from kagsync.cli import command
from kagsync.store import Store

if TYPE_CHECKING:
    from world.kaggle_server import Answer, KaggleServer
    from world.running import Kagsync

    from kagsync.settings import Settings
    from kagsync.store.records import Competition

HOSTILE = "Cup \u202e[red]x[/red]\x1b[31m =cmd()"


@pytest.fixture(autouse=True)
def mine(kaggle: KaggleServer) -> KaggleServer:
    """A Kaggle with competitions of mine, one of which has ended."""
    kaggle.competition("endless", title="Endless")
    kaggle.competition("later", title="Later", deadline="2099-06-01T00:00:00Z", team_count=1234)
    kaggle.competition(
        "soon",
        title="Soon",
        deadline="2098-06-01T00:00:00Z",
        evaluation_metric="Accuracy",
        awards_points=True,
        category="Playground",
    )
    kaggle.competition("over", title="Over", deadline="2020-06-01T00:00:00Z")
    kaggle.competition("cup", title=HOSTILE)
    kaggle.group("ENTERED", "endless", "later", "soon", "over")
    kaggle.group("HOSTED", "cup")
    return kaggle


def tracked(settings: Settings) -> dict[str, Competition]:
    if not settings.db.exists():
        return {}
    with Store.open_to_read(settings.db, settings.locks) as store:
        return {each.slug: each for each in store.competitions.all()}


def rows(out: str) -> list[str]:
    """The first words of the lines of a table, without the titles."""
    table = out.partition("\n\n")[0]
    return [line.split()[0] for line in table.splitlines()[1:]]


# --- add --entered, add --hosted --------------------------------------------------------------------------


def test_those_that_run_are_added_with_what_the_list_says(
    mine: KaggleServer, kagsync: Kagsync, settings: Settings
) -> None:
    out = kagsync.ok("competitions", "add", "--entered", "--yes")

    assert rows(out) == ["soon", "later", "endless"]
    assert "1 has ended: --ended shows them, too" in out
    assert out.splitlines()[-3:] == [
        "Added soon (Soon, deadline 2098-06-01, metric Accuracy)",
        "Added later (Later, deadline 2099-06-01)",
        "Added endless (Endless)",
    ]
    found = tracked(settings)
    assert found.keys() == {"soon", "later", "endless"}
    assert (found["soon"].title, found["soon"].metric, found["soon"].awards_points) == (
        "Soon",
        "Accuracy",
        True,
    )
    assert found["soon"].facts_at is not None
    assert found["later"].team_count in (None, 1234)
    assert all(each.is_linked for each in found.values())
    assert mine.asked("GetCompetition") == []  # the list has the facts


def test_ended_ones_are_added_on_request(kagsync: Kagsync, settings: Settings) -> None:
    out = kagsync.ok("competitions", "add", "--entered", "--ended", "--yes")
    assert rows(out) == ["soon", "later", "endless", "over"]
    assert "ended" not in out
    assert "over" in tracked(settings)


def test_a_deadline_in_the_year_1_is_none(mine: KaggleServer, kagsync: Kagsync, settings: Settings) -> None:
    mine.competition("endless", title="Endless", deadline="0001-01-01T00:00:00Z")
    out = kagsync.ok("competitions", "add", "--entered", "--yes")
    assert rows(out) == ["soon", "later", "endless"]
    assert "1-01-01" not in out
    assert "endless" in tracked(settings)
    (found,) = json.loads(kagsync.ok("competitions", "search", "endless", "--format", "json"))
    assert found["deadline"] is None


def test_tracked_ones_are_shown_and_left_alone(kagsync: Kagsync, settings: Settings) -> None:
    kagsync.ok("competitions", "add", "soon", "--title", "My own")
    kagsync.ok("competitions", "pause", "soon")
    kagsync.ok("competitions", "add", "our-name", "--kaggle-id", "later")
    before = tracked(settings)

    out = kagsync.ok("competitions", "add", "--entered", "--yes")

    lines = {line.split()[0]: line for line in out.splitlines() if line}
    assert lines["soon"].endswith("paused")
    assert lines["later"].endswith("yes")
    after = tracked(settings)
    assert after.keys() == {"soon", "our-name", "endless"}
    assert all(after[slug] == before[slug] for slug in before)

    out = kagsync.ok("competitions", "add", "--entered")  # nothing to ask about
    assert out.splitlines()[-1] == "Nothing to add"


def test_hosted_ones_and_their_texts_are_harmless(kagsync: Kagsync, settings: Settings) -> None:
    out = kagsync.ok("competitions", "add", "--hosted", "--yes")
    harmless(out)
    assert rows(out) == ["cup"]
    assert tracked(settings)["cup"].title == HOSTILE


def test_without_a_terminal_the_list_is_shown_and_nothing_is_added(
    kagsync: Kagsync, settings: Settings
) -> None:
    ran = kagsync("competitions", "add", "--entered")
    assert ran.code == 2
    assert rows(ran.out) == ["soon", "later", "endless"]
    assert "Pass --yes to confirm" in ran.err
    assert not settings.db.exists()


@pytest.mark.parametrize("answer", ["y", "n"])
def test_on_a_terminal_people_are_asked(
    answer: str, kagsync: Kagsync, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = []

    def ask(question: str, *, err: bool) -> bool:
        questions.append(question)
        return answer == "y"

    monkeypatch.setattr(command.typer, "confirm", ask)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)

    kagsync("competitions", "add", "--entered")

    assert questions == ["Add 3 competitions?"]
    assert bool(tracked(settings)) == (answer == "y")


def test_quiet_prints_nothing_when_it_need_not_ask(kagsync: Kagsync, settings: Settings) -> None:
    ran = kagsync("competitions", "add", "--entered", "--yes", "--quiet")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert len(tracked(settings)) == 3
    assert rows(kagsync("competitions", "add", "--entered", "--ended", "--quiet").out)  # it must ask


def test_who_entered_none_is_told(mine: KaggleServer, kagsync: Kagsync) -> None:
    mine.group("ENTERED")
    mine.group("HOSTED")
    assert kagsync.ok("competitions", "add", "--entered") == "Kaggle lists no competition that you entered\n"
    assert kagsync.ok("competitions", "add", "--hosted") == "Kaggle lists no competition that you host\n"


@pytest.mark.parametrize(
    ("words", "told_words"),
    [
        ((), ("no competition is given", "SLUG")),
        (("--ended",), ("--ended needs --entered or --hosted",)),
        (("titanic", "--entered"), ("SLUG and --entered",)),
        (("--entered", "--hosted"), ("--entered and --hosted",)),
        (("--entered", "--title", "x"), ("--entered and --title",)),
        (("--hosted", "--no-kaggle"), ("--hosted and --no-kaggle",)),
        (("--entered", "--medals"), ("--entered and --medals",)),
        (("--entered", "--lower-is-better"), ("--lower-is-better",)),
    ],
)
def test_what_does_not_go_together_is_refused(
    words: tuple[str, ...], told_words: tuple[str, ...], kagsync: Kagsync, mine: KaggleServer
) -> None:
    told(kagsync("competitions", "add", *words), 2, *told_words)
    assert mine.requests == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (kaggle_error(401, "Unauthenticated"), 3),
        (kaggle_error(403, "Denied"), 1),
        (too_many_requests("3600"), 4),
    ],
    ids=["401", "403", "429"],
)
@pytest.mark.parametrize("words", [("add", "--entered", "--yes"), ("search", "cup")], ids=["add", "search"])
def test_a_refusal_adds_nothing(
    words: tuple[str, ...],
    answer: Answer,
    code: int,
    kagsync: Kagsync,
    settings: Settings,
    mine: KaggleServer,
) -> None:
    mine.answer("", answer, call="ListCompetitions")
    told(kagsync("competitions", *words), code)
    assert not settings.db.exists()


@pytest.mark.parametrize("words", [("add", "--entered", "--yes"), ("search", "cup")], ids=["add", "search"])
def test_without_credentials_it_is_a_matter_of_configuration(
    words: tuple[str, ...], kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    told(kagsync("competitions", *words), 3)


# --- search -----------------------------------------------------------------------------------------------


def test_a_search_shows_what_matches_without_a_database(kagsync: Kagsync, settings: Settings) -> None:
    out = kagsync.ok("competitions", "search", "SOON")
    assert rows(out) == ["soon"]
    assert "2098-06-01" in out
    assert "Playground" in out
    assert not settings.db.exists()
    assert kagsync.ok("competitions", "search", "no", "such") == "No competition matches 'no such'\n"
    assert json.loads(kagsync.ok("competitions", "search", "no such", "--format", "json")) == []


def test_the_words_of_a_search_go_to_kaggle_as_one(mine: KaggleServer, kagsync: Kagsync) -> None:
    kagsync.ok("competitions", "search", "tree", "cover")
    assert mine.asked("ListCompetitions")[0].body["search"] == "tree cover"


def test_a_search_as_json(kagsync: Kagsync) -> None:
    kagsync.ok("competitions", "add", "soon")
    (found,) = json.loads(kagsync.ok("competitions", "search", "soon", "--format", "json"))
    assert found == {
        "competition": "soon",
        "title": "Soon",
        "deadline": "2098-06-01T00:00:00Z",
        "teams": None,
        "category": "Playground",
        "metric": "Accuracy",
        "tracked": True,
    }


@pytest.mark.parametrize("format_", ["table", "csv", "markdown"])
def test_a_strangers_title_is_harmless_in_every_format(format_: str, kagsync: Kagsync) -> None:
    out = kagsync.ok("competitions", "search", "cup", "--format", format_)
    harmless(out)
    assert "cup" in out


def test_a_limit_says_how_many_more_there_are(mine: KaggleServer, kagsync: Kagsync) -> None:
    out = kagsync.ok("competitions", "search", "e", "--limit", "2")  # all five, since every URL has an e
    assert len(rows(out)) == 2
    assert out.splitlines()[-1] == "and 3 more: pass --limit 5, or more words"

    mine.largest_page = 2
    out = kagsync.ok("competitions", "search", "e", "--limit", "2")
    assert out.splitlines()[-1] == "and more: pass --limit N, or more words"
    assert len(rows(kagsync.ok("competitions", "search", "e", "--limit", "5"))) == 5


def test_a_competition_that_ends_today_runs_until_its_deadline(
    mine: KaggleServer, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kagsync import clock

    monkeypatch.setattr(clock, "utc_now", lambda: datetime(2098, 5, 31, 23, 59, 59, tzinfo=UTC))
    assert rows(kagsync("competitions", "add", "--entered").out)[0] == "soon"
    monkeypatch.setattr(clock, "utc_now", lambda: datetime(2098, 6, 1, tzinfo=UTC))
    assert rows(kagsync("competitions", "add", "--entered").out)[0] == "later"
