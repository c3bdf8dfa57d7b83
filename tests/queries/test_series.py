"""The standings of a series at any moment: which boards count, who is in it, what changed, who leads."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from world import database
from world.bench import Bench
from world.boards import Team, many_teams
from world.people import untrack
from world.work import Work

from kagsync.errors import UsageError
from kagsync.queries import series as queries
from kagsync.queries import series_words
from kagsync.queries.series_rows import as_json
from kagsync.scoring.series import Part, Scale, Series
from kagsync.standings.which import PRIVATE, PUBLIC
from kagsync.store import Store, thinning

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kagsync.queries.series import SeriesView
    from kagsync.store.records import User

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
PEOPLE = ("ann", "bob", "cem")
DAY = timedelta(days=1)
OLD = datetime(2020, 1, 1, tzinfo=UTC)


def day(number: float) -> datetime:
    """A time on the days that the boards of these tests are of."""
    return BEGIN + number * DAY


def end(number: int) -> datetime:
    """The last second of a day."""
    return day(number + 1) - timedelta(seconds=1)


class Season:
    """Competitions and people; boards by the days since BEGIN."""

    def __init__(self, store: Store, folder: Path, people: Sequence[str] = PEOPLE) -> None:
        self.store, self.folder = store, folder
        self.benches: dict[str, Bench] = {}
        for slug in ("one", "two"):
            (folder / slug).mkdir(parents=True)
            self.benches[slug] = Bench(store, folder / slug, slug)
        self.track(*people)

    def track(self, *people: str) -> None:
        self.benches["one"].track(*people)

    def load(
        self, slug: str, number: float, *order: str, board: str = PUBLIC, teams: Sequence[Team] = ()
    ) -> None:
        """Processes a board with these people in this order, those of one word in one team."""
        rows = [
            *(
                Team(sum(map(ord, names)), names, tuple(names.split("+")), f"{0.9 - place / 100:.2f}")
                for place, names in enumerate(order)
            ),
            *teams,
        ]
        bench = self.benches[slug]
        fetched = bench.fetched(rows, day(number).strftime("%Y-%m-%dT%H:%M:%S"))
        bench.process(replace(fetched, board=board), accept_shrink=True)

    def saved(self, **options: Any) -> Series:
        parts = [
            Part(bench.competition.id, slug, 1.0, Scale(0.0, 1.0, 50.0))
            for slug, bench in self.benches.items()
        ]
        return self.store.series.save(Series(0, "season", parts=tuple(parts))._replace(**options))

    def view(
        self, at: datetime, since: datetime = OLD, series: Series | None = None, **options: Any
    ) -> SeriesView:
        found = series or self.store.series.find("season") or self.saved(**options)
        return queries.standings(self.store, found, at, since)

    def totals(self, at: datetime, **options: Any) -> dict[str, float]:
        return {row.user.handle: row.total.value for row in self.view(at, **options).rows}

    def alter(self, sql: str) -> None:
        database.execute(self.store.path, sql)

    def forget_best_scores(self, before: float) -> None:
        """Makes the boards before a day those of an earlier version."""
        self.alter(
            "UPDATE snapshots SET best_score = NULL, benchmark_set = NULL "
            f"WHERE moment < {int(day(before).timestamp())}"
        )

    def change(self, *users: User) -> None:
        with self.store.writing() as write:
            write.users.change(users)


@pytest.fixture
def season(store: Store, tmp_path: Path) -> Season:
    return Season(store, tmp_path / "season")


# Which board counts


def test_the_board_in_force_is_the_last_one_whose_moment_is_not_later(season: Season) -> None:
    season.load("one", 1, "ann", "bob")
    season.load("one", 2, "bob", "ann", "cem")
    second = timedelta(seconds=1)
    assert season.totals(day(1) - second) == {"ann": 0, "bob": 0, "cem": 0}
    for at in (day(1), day(2) - second):
        assert season.totals(at) == {"ann": 25, "bob": 18, "cem": 0}
    for at in (day(2), day(400)):
        assert season.totals(at) == {"bob": 25, "ann": 18, "cem": 15}


def test_the_private_board_counts_from_its_own_moment_on(season: Season) -> None:
    season.load("one", 1, "ann", "bob")
    season.load("one", 5, "cem", "bob", "ann", board=PRIVATE)
    season.load("one", 6, "bob", "ann", "cem")
    public = {4: ("ann", "bob"), 5: ("ann", "bob"), 6: ("bob", "ann", "cem")}
    each = [season.saved(name=board, board=board) for board in ("final", "public", "private")]
    for number in (4, 5, 6):
        final, only_public, only_private = (season.view(day(number), series=series) for series in each)
        names = [row.user.handle for row in only_public.rows if row.total.counted]
        assert names == list(public[number])
        kinds = [board.field.board for board in final.boards.values()]
        if number == 4:
            assert kinds == ["public"]
            assert only_private.boards == {}
            assert [row.total.results[0].words for row in only_private.rows] == ["no board yet"] * 3
        else:
            assert kinds == ["private"]
            assert [row.user.handle for row in final.rows] == ["cem", "bob", "ann"]
            assert [row.total.value for row in only_private.rows] == [25, 18, 15]


def test_a_board_that_is_seen_unchanged_stays_that_of_its_day(season: Season) -> None:
    for number in (1, 2, 3):
        season.load("one", number, "ann", "bob")
    view = season.view(day(4))
    assert [board.field.day for board in view.boards.values()] == ["2026-03-02"]


def test_a_competition_without_a_board_gives_nothing_yet(season: Season) -> None:
    season.load("one", 1, "ann", "bob")
    view = season.view(day(2))
    assert list(view.boards) == [1]
    assert [result.words for result in view.rows[0].total.results] == ["place 1 of 2", "no board yet"]
    two = as_json(view)["boards"][1]
    assert two == {"competition": "two", "board": None, "day": None, "teams": None}


def test_days_after_the_deadline_count_at_that_time(season: Season) -> None:
    season.load("one", 1, "ann", teams=many_teams(9))
    season.alter("UPDATE competitions SET deadline = '2026-03-03T00:00:00Z' WHERE slug = 'one'")
    fresh, older = (season.totals(at, rule="kaggle")["ann"] for at in (day(2), day(502)))
    assert fresh == pytest.approx(100_000 * 0.30102999566)  # log10(1 + log10(10))
    assert older == pytest.approx(fresh * 0.36787944117)  # e⁻¹
    assert season.totals(day(1.5))["ann"] == fresh


# Who is in it


def test_who_left_the_board_gets_nothing_from_then_on(season: Season) -> None:
    season.load("one", 1, "ann", "bob", "cem")
    season.load("one", 2, "bob", "cem")
    assert season.totals(day(1)) == {"ann": 25, "bob": 18, "cem": 15}
    assert season.totals(day(2)) == {"bob": 25, "cem": 18, "ann": 0}


def test_who_is_tracked_later_has_no_results_before(season: Season) -> None:
    season.load("one", 1, "dora", "ann", "bob")
    season.track("dora")
    season.load("one", 2, "dora", "bob", "ann")
    assert season.totals(day(1)) == {"ann": 25, "bob": 18, "cem": 0, "dora": 0}
    assert season.totals(day(2)) == {"dora": 25, "bob": 18, "ann": 15, "cem": 0}
    dora = next(row for row in season.view(day(2), day(1)).rows if row.user.handle == "dora")
    assert (dora.before, dora.gained, dora.places) == (None, None, None)


def test_archived_and_removed_people_have_no_row_and_no_place(season: Season) -> None:
    season.load("one", 1, "ann", "bob", "cem")
    with season.store.writing() as write:
        write.users.archive([season.store.users.get("ann")], BEGIN)
    assert season.totals(day(2)) == {"bob": 25, "cem": 18}
    untrack(season.store, "bob")
    assert season.totals(day(2)) == {"cem": 25}
    with season.store.writing() as write:
        write.users.restore([season.store.users.get_any("ann")])
    assert season.totals(day(2)) == {"ann": 25, "cem": 18}


def test_people_who_were_archived_count_at_the_times_before_that(season: Season) -> None:
    season.load("one", 1, "ann", "bob", "cem")
    season.load("one", 3, "bob", "ann", "cem")
    was = season.totals(day(2))
    with season.store.writing() as write:
        write.users.archive([season.store.users.get("ann")], day(4))
    assert season.totals(day(2)) == was == {"ann": 25, "bob": 18, "cem": 15}
    assert season.totals(day(4)) == {"bob": 25, "cem": 18}
    assert led_since(season, day(3.5)) == (["bob"], day(3), 7)
    assert led_since(season, day(5)) == (["bob"], day(1), 7)


def test_a_series_of_a_group_is_among_its_people(season: Season) -> None:
    users = season.store.users
    season.change(*(users.get(name)._replace(group="north") for name in ("bob", "cem")))
    season.load("one", 1, "ann", "bob", "cem")
    assert season.totals(day(2), group="north") == {"bob": 25, "cem": 18}
    only = season.view(day(2), series=season.saved(name="all")).only([users.get("cem")])
    assert [(row.user.handle, row.total.place, row.total.value) for row in only.rows] == [("cem", 3, 15)]


def test_nobody_is_tracked(store: Store, tmp_path: Path) -> None:
    season = Season(store, tmp_path / "empty", people=())
    season.load("one", 1, "ann")
    view = season.view(day(2))
    assert view.rows == []
    assert queries.lead(store, view) is None
    assert as_json(view)["standings"] == []


# What changed


def test_changes_are_since_the_earlier_time(season: Season) -> None:
    season.load("one", 1, "ann", "bob", "cem")
    season.load("two", 2, "cem", "bob")
    season.load("one", 4, "cem", "bob", "ann")
    view = season.view(day(5), day(3))
    found = {row.user.handle: (row.total.place, row.gained, row.places) for row in view.rows}
    # Before: ann 25, bob 18 + 18, cem 15 + 25. Now: 15, 36, 50.
    assert found == {"cem": (1, 10, 0), "bob": (2, 0, 0), "ann": (3, -10, 0)}
    changed = {row.user.handle: series_words.changed(view, row) for row in view.rows}
    ((before, after),) = changed["ann"]
    assert (before.points, after.points, after.part.slug) == (25, 15, "one")
    assert changed["bob"] == []
    earlier = season.view(day(3), day(1))
    found = {row.user.handle: (row.total.place, row.gained, row.places) for row in earlier.rows}
    assert found == {"cem": (1, 25, 2), "bob": (2, 18, 0), "ann": (3, 0, -2)}


def test_before_the_first_board_there_is_nothing_to_compare_with(season: Season) -> None:
    season.load("one", 3, "ann", "bob")
    view = season.view(day(4), day(2))
    assert view.not_compared is None
    assert [(row.before, row.gained, row.places) for row in view.rows] == [(None, None, None)] * 3
    assert [series_words.changed(view, row) for row in view.rows] == [[]] * 3


def test_a_result_that_no_longer_counts_is_a_change(season: Season) -> None:
    season.load("one", 1, "bob", "ann")
    season.load("two", 3, "ann", "bob")
    view = season.view(day(4), day(2), best=1)
    ann = view.rows[0]
    assert [each.counts for each in ann.total.results] == [False, True]
    changed = series_words.changed(view, ann)
    assert [(after.part.slug, before.counts, after.counts) for before, after in changed] == [
        ("one", True, False),
        ("two", False, True),
    ]


def test_a_new_result_without_points_is_a_change_where_missing_competitions_are_skipped(
    season: Season,
) -> None:
    season.load("one", 1, "ann", "bob")
    season.load("two", 1, "bob")
    season.load("two", 3, "bob", "x", "cem", "ann")
    view = season.view(day(4), day(2), absent="skip", points=(10.0, 5.0))
    # ann: 10, then (10 + 0) / 2; bob: (5 + 10) / 2.
    found = {row.user.handle: (row.total.place, row.total.value) for row in view.rows}
    assert found == {"bob": (1, 7.5), "ann": (2, 5), "cem": (2, 5)}
    ann = next(row for row in view.rows if row.user.handle == "ann")
    assert series_words.change(view, ann) == "1 → 2, two – → 0 (place 3 of 3)"


def test_whoever_rose_because_others_fell_was_not_overtaken_though_somebody_passed(season: Season) -> None:
    season.track("dora")
    season.load("one", 1, "ann", "bob", "dora")
    season.load("two", 1, "cem")
    season.load("one", 3, "dora")
    one, two = season.saved(name="even").parts
    # Before: ann 37.5, bob 27, cem 25, dora 22.5. Now: dora 37.5, cem 25.
    view = season.view(day(4), day(2), parts=(one._replace(weight=1.5), two))
    cem = next(row for row in view.rows if row.user.handle == "cem")
    assert [user.handle for user in series_words.overtaken_by(view, cem)] == ["dora"]
    assert series_words.change(view, cem) == "3 → 2, others fell"


# What is not known


def test_the_rule_refuses_by_name_what_it_lacks(season: Season) -> None:
    season.load("one", 1, "ann")
    season.load("one", 3, "bob", "ann")
    season.forget_best_scores(before=2)
    season.saved(rule="ctf")
    with pytest.raises(UsageError) as raised:
        season.view(day(2))
    for word in ("season", "one", "ctf", "best score", "2026-03-02"):
        assert word in str(raised.value)
    assert "--at" in str(raised.value.remedy)
    later = season.view(day(4), day(2))
    assert [row.user.handle for row in later.rows] == ["bob", "ann", "cem"]
    assert later.not_compared is not None
    assert "2026-03-02" in later.not_compared
    assert all(row.before is None for row in later.rows)
    for rule in ("places", "percentile", "local-percentile", "score", "kaggle"):
        assert season.view(day(2), series=season.saved(name=rule, rule=rule)).rows


def test_the_rule_score_waits_until_the_competition_shows_which_scores_are_better(season: Season) -> None:
    season.load("one", 1, "ann")
    season.saved(rule="score")
    with pytest.raises(UsageError, match="one: which scores are better on the board of 2026-03-02") as raised:
        season.view(day(2))
    assert "kagsync competitions add one --lower-is-better" in raised.value.remedy
    falling = Part(season.benches["one"].competition.id, "one", 1.0, Scale(1.0, 0.0, 50.0))
    assert season.view(day(2), series=season.saved(name="falling", rule="score", parts=(falling,))).rows
    season.load("one", 3, "ann", "bob")
    assert season.totals(day(2)) == {"ann": 45, "bob": 0, "cem": 0}


def test_within_a_thinned_day_nobody_gets_less_than_nothing(season: Season) -> None:
    season.saved(rule="percentile")
    for number in range(9):  # cem is the last of fewer and fewer teams
        season.load("one", 1 + number / 12, "ann", *(f"x{each}" for each in range(9 - number)), "cem")
    season.load("one", 2.5, "ann", "cem")
    assert thinning.thin(season.store, day(9)) > 0
    found = [season.totals(day(1 + number / 12))["cem"] for number in range(9)]
    assert found == [0] * 9


def test_a_private_board_that_was_not_read_to_its_end_has_no_number_of_teams(season: Season) -> None:
    season.load("one", 1, "ann", "bob")
    bench = season.benches["one"]
    ann = Team(1, "ann", ("ann",))
    partly = replace(bench.fetched([ann], "2026-03-05T00:00:00"), board=PRIVATE, partial=True)
    bench.process(partly)
    series = season.saved(rule="percentile")
    assert season.view(day(3), series=series).rows[0].total.value == 100
    with pytest.raises(UsageError, match="the number of teams of the private board of 2026-03-05") as raised:
        season.view(day(9), series=series)
    assert "--board public" in str(raised.value.remedy)
    assert season.view(day(9), series=season.saved(name="public", rule="percentile", board="public")).rows
    places = season.view(day(9), series=season.saved(name="places")).rows
    assert [row.total.value for row in places] == [25, 0, 0]


def test_a_time_line_leaves_out_what_is_not_known(season: Season) -> None:
    season.load("one", 1, "ann")
    season.load("one", 3, "bob", "ann")
    season.forget_best_scores(before=2)
    series = season.saved(rule="ctf")
    ann, bob, cem = (season.store.users.get(name).id for name in PEOPLE)
    past = queries.PastTotals(season.store, series, day(4))
    found = past.at([day(0), day(2), day(4)])
    values = [each and {user: point.value for user, point in each.items()} for each in found]
    assert values == [{ann: 0, bob: 0, cem: 0}, None, {bob: 2, ann: 0.89 / 0.9 + 1 / 2, cem: 0}]


# Who leads


def led_since(season: Season, at: datetime) -> tuple[list[str], datetime | None, float | None] | None:
    found = queries.lead(season.store, season.view(at))
    return found and ([user.handle for user in found.leaders], found.since, found.ahead)


def test_who_leads_since_which_day(season: Season) -> None:
    season.load("one", 1.2, "ann", "bob", "cem")
    season.load("one", 3.5, "bob", "ann", "cem")
    season.load("one", 3.7, "ann", "bob", "cem")  # at the end of the day as before
    season.load("one", 5.6, "bob", "ann")
    assert led_since(season, end(0)) is None
    assert led_since(season, end(1)) == (["ann"], day(1), 7)
    assert led_since(season, end(4)) == (["ann"], day(1), 7)
    assert led_since(season, day(3.6)) == (["bob"], day(3), 7)
    assert led_since(season, end(5)) == (["bob"], day(5), 7)
    assert led_since(season, day(9.5)) == (["bob"], day(5), 7)


def test_several_lead_together_until_one_is_alone(season: Season) -> None:
    season.load("one", 1, "ann+bob", "cem")
    season.load("two", 3, "cem+bob")
    assert led_since(season, end(2)) == (["ann", "bob"], day(1), 10)
    assert led_since(season, end(3)) == (["bob"], day(3), 10)
    assert led_since(season, end(9)) == (["bob"], day(3), 10)


def test_the_only_person_is_ahead_of_nobody(store: Store, tmp_path: Path) -> None:
    season = Season(store, tmp_path / "alone", people=("ann",))
    season.load("one", 1, "ann")
    assert led_since(season, end(2)) == (["ann"], day(1), None)


@pytest.mark.parametrize(("days", "since"), [(58, 1), (59, 1), (60, 1), (61, None), (400, None)])
def test_a_lead_is_followed_back_for_a_number_of_results(
    season: Season, days: int, since: int | None
) -> None:
    season.load("one", 1.5, "ann", "bob")
    view = season.view(end(days))
    found = queries.lead(season.store, view, most=60 * len(view.rows) * len(view.series.parts))
    assert found is not None
    assert found.since == (None if since is None else day(since))
    assert found.when == ("for more than 60 days" if since is None else f"since {day(1):%Y-%m-%d}")


def test_where_a_day_is_not_known_the_lead_begins_after_it(season: Season) -> None:
    season.load("one", 1, "ann", "bob")
    season.load("one", 3, "ann", "bob", "cem")
    season.forget_best_scores(before=2)
    season.saved(rule="ctf")
    assert led_since(season, end(6)) == (["ann"], day(3), 2 - (0.89 / 0.9 + 1 / 2))


# For programs


def test_the_json_has_all_keys_and_exact_numbers(season: Season) -> None:
    users = season.store.users
    season.change(users.get("ann")._replace(name="Ann A", group="north", student_id="s1"))
    season.load("one", 1, "ann", "bob", teams=many_teams(2))
    found = json.loads(json.dumps(as_json(season.view(day(2), day(1.5), rule="percentile"))))
    assert found.keys() == {
        *("series", "rule", "points", "best", "group", "ties", "board", "absent", "teams", "competitions"),
        *("at", "since", "boards", "standings"),
    }
    assert (found["at"], found["since"]) == ("2026-03-03T00:00:00Z", "2026-03-02T12:00:00Z")
    assert found["competitions"][0] == {"competition": "one", "weight": 1.0, "scale": [0.0, 1.0, 50.0]}
    assert found["boards"][0] == {"competition": "one", "board": "public", "day": "2026-03-02", "teams": 4}
    ann, bob, cem = found["standings"]
    results = ann.pop("competitions")
    assert ann == {
        "place": 1,
        "username": "ann",
        "name": "Ann A",
        "group": "north",
        "handle": "ann",
        "student_id": "s1",
        "total": 100.0,
        "previous_place": 1,
        "previous_total": 100.0,
        "places": 0,
        "gained": 0.0,
        "counted": 1,
    }
    assert results[0] == {
        "competition": "one",
        "rank": 1,
        "score": 0.9,
        "place": 1,
        "rule_points": 100.0,
        "weight": 1.0,
        "points": 100.0,
        "counts": True,
        "words": "rank 1 of 4 teams",
    }
    assert bob["total"] == 100 * 2 / 3
    assert (cem["place"], cem["total"], cem["previous_place"], cem["gained"]) == (3, 0, None, None)
    assert [each["rank"] for each in cem["competitions"]] == [None, None]


# The same for any past day, however its boards came


_ORDERS = st.permutations(("ann", "bob+cem", "dora", "x")).flatmap(
    lambda names: st.integers(0, 4).map(lambda count: tuple(names[:count]))
)
_BOARDS = st.dictionaries(
    st.tuples(st.sampled_from(("one", "two")), st.integers(2, 30).map(lambda eighth: eighth / 8)),
    st.tuples(_ORDERS, st.sampled_from((PUBLIC, PUBLIC, PRIVATE))),
    max_size=6,
)
_RULES = ("places", "percentile", "local-percentile", "score", "kaggle", "ctf")


def told(season: Season, moments: Sequence[datetime]) -> list[Any]:
    """The standings by each rule at some moments, as programs get them.

    Without the day of each board: of two boards that are the same, the later one counts as a board of its own
    only if it came first.
    """
    found = []
    for rule in _RULES:
        views = [season.view(at, at - DAY, season.store.series.get(rule)) for at in moments]
        found.append([as_json(view) for view in views])
        for board in (board for view in found[-1] for board in view["boards"]):
            del board["day"]
    return found


def four(folder: Path, store: Store) -> Season:
    season = Season(store, folder / "season", people=("ann", "bob", "cem", "dora"))
    for rule in _RULES:
        season.saved(name=rule, rule=rule)
    return season


@pytest.mark.long
@examples(max_examples=15)
@given(boards=_BOARDS, data=st.data())
def test_every_days_end_is_the_same_whatever_order_boards_came_in(
    boards: dict[tuple[str, float], tuple[tuple[str, ...], str]],
    data: st.DataObject,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    shuffled = data.draw(st.permutations(list(boards)))
    outcomes = []
    for keys in (sorted(boards), shuffled):
        folder = tmp_path_factory.mktemp("order")
        with Store.open(folder / "k.db", folder / "locks", create=True) as store:
            season = four(folder, store)
            for slug, number in keys:
                order, board = boards[slug, number]
                season.load(slug, number, *order, board=board, teams=many_teams(2))
            outcomes.append(told(season, [end(number) for number in range(5)]))
    assert outcomes[0] == outcomes[1]


def test_thinning_changes_no_days_end(tmp_path: Path) -> None:
    with Store.open(tmp_path / "k.db", tmp_path / "locks", create=True) as store:
        season = four(tmp_path, store)
        for number in range(24):  # ann drifts down within each day
            others = [f"x{each}" for each in range(number % 6)]
            season.load("one", 0.1 + number / 6, *others, "ann", "bob+cem", teams=many_teams(3))
        season.load("two", 1.5, "dora", "ann")
        moments = [end(number) for number in range(6)]
        before = told(season, moments)
        rows = database.ask_one(store.path, "SELECT count(*) FROM entry_history")
        assert thinning.thin(store, day(30)) > 20
        assert database.ask_one(store.path, "SELECT count(*) FROM entry_history") < rows
        assert told(season, moments) == before


# How much work it is


def test_statements_depend_on_competitions_not_on_teams_days_or_changes(season: Season) -> None:
    season.load("one", 1, "ann", "bob+cem")
    season.load("two", 1, "bob", "ann", "cem")
    series = season.saved()

    def work() -> Work:
        found = Work()
        found.count(season.store.connection.raw)
        queries.standings(season.store, series, day(9), day(2))
        season.store.connection.raw.set_trace_callback(None)
        season.store.connection.raw.set_progress_handler(None, 0)
        return found

    few = work()
    assert few.statements == 1 + 2 * 4  # people; each competition, its boards, standings and teams
    for table, columns in (
        ("entry_history", "user_id, rank, score, submission_count, team"),
        ("snapshots", "row_count, team_count, last_user_id, sha256"),
    ):
        season.alter(
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 3000) "
            f"INSERT INTO {table} (competition_id, moment, {columns}) "
            f"SELECT competition_id, moment - n * 300, {columns} FROM {table}, n"
        )
    many = work()
    assert many.statements == few.statements
    assert many.sqlite <= 1.5 * few.sqlite + 500
