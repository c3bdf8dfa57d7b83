"""What people type about a series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kagsync import clock
from kagsync.errors import UsageError
from kagsync.scoring.series import Scale
from kagsync.tracking import series
from kagsync.tracking.series import Wanted

if TYPE_CHECKING:
    from kagsync.store import Store


@pytest.fixture
def store(store: Store) -> Store:
    for slug in ("alpha", "beta", "gamma"):
        store.competitions.add(slug, None, clock.utc_now())
    return store


def _weights(found: series.Series) -> dict[str, float]:
    return {part.slug: part.weight for part in found.parts}


def test_weights_are_1_unless_given(store: Store) -> None:
    found = series.create(store, "Cup", ["beta=0.5", "alpha", "GAMMA=20"], Wanted())
    assert _weights(found) == {"alpha": 1, "beta": 0.5, "gamma": 20}


def test_adding_a_competition_again_changes_its_weight(store: Store) -> None:
    found = series.create(store, "Cup", ["alpha=3", "beta=2"], Wanted())
    found = series.add(store, found, ["beta=4", "gamma"], [])
    assert _weights(found) == {"alpha": 3, "beta": 4, "gamma": 1}
    assert _weights(series.add(store, found, ["beta=1"], []))["beta"] == 1
    assert _weights(series.remove(store, found, ["Alpha"])) == {"beta": 4, "gamma": 1}


def test_a_competition_that_is_named_without_a_weight_keeps_its_own(store: Store) -> None:
    scored = Wanted(rule="score", scores=["alpha=0:1:10"])
    found = series.create(store, "Cup", ["alpha=2"], scored)
    found = series.add(store, found, ["alpha"], ["alpha=0:1:50"])
    assert (found.parts[0].weight, found.parts[0].scale) == (2, Scale(0, 1, 50))


@pytest.mark.parametrize(
    "url",
    [
        "https://www.kaggle.com/competitions/alpha/leaderboard?tab=2",
        "https://www.kaggle.com/c/alpha?x=y=z",
        "kaggle.com/competitions/alpha",
    ],
)
def test_what_follows_a_question_mark_in_a_url_is_no_weight(store: Store, url: str) -> None:
    assert _weights(series.create(store, "Cup", [url], Wanted())) == {"alpha": 1}


@pytest.mark.parametrize("weight", ["0", "-1", "nan", "inf", "1e9", "1_0", "٣", "x", "", " "])
def test_a_weight_is_a_positive_number_of_a_sensible_size(store: Store, weight: str) -> None:
    with pytest.raises(UsageError, match="weight of alpha"):
        series.create(store, "Cup", [f"alpha={weight}"], Wanted())
    assert store.series.all() == []


def test_a_competition_named_twice_with_different_weights_is_refused(store: Store) -> None:
    with pytest.raises(UsageError, match="alpha is named twice"):
        series.create(store, "Cup", ["alpha", "alpha=2"], Wanted())
    assert _weights(series.create(store, "Cup", ["alpha=2", "alpha=2"], Wanted())) == {"alpha": 2}


@pytest.mark.parametrize(
    ("option", "text", "said"),
    [
        ("rule", "percentil", "Did you mean percentile?"),
        ("rule", "golf", "Choose from places, percentile, local-percentile, score, kaggle, ctf"),
        ("ties", "avrage", "Did you mean average?"),
        ("board", "privat", "Did you mean private?"),
        ("absent", "skipp", "Did you mean skip?"),
        ("teams", "shares", "Did you mean share?"),
    ],
)
def test_a_mistyped_word_gets_a_suggestion(store: Store, option: str, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=f"--{option} cannot be '{text}'") as caught:
        series.create(store, "Cup", ["alpha"], Wanted(**{option: text}))  # type: ignore[arg-type]
    assert caught.value.remedy == said


def test_options_are_kept_unless_they_are_given(store: Store) -> None:
    found = series.create(
        store, "Cup", ["alpha"], Wanted(rule="local-percentile", best="3", ties="MAX", teams="share")
    )
    found = series.update(store, found, Wanted(absent="skip", board="public"))
    assert (found.rule, found.best, found.ties, found.teams) == ("local-percentile", 3, "max", "share")
    assert (found.absent, found.board) == ("skip", "public")
    assert series.update(store, found, Wanted(best="all")).best is None


@pytest.mark.parametrize("best", ["0", "-1", "1.5", "", "10000", "٣", "some"])
def test_best_is_a_number_or_all(store: Store, best: str) -> None:
    with pytest.raises(UsageError, match="--best"):
        series.create(store, "Cup", ["alpha"], Wanted(best=best))


def test_a_group_must_have_people(store: Store) -> None:
    with pytest.raises(UsageError, match="nobody is in a group 'red'"):
        series.create(store, "Cup", ["alpha"], Wanted(group="red"))


def test_points_are_for_the_rule_places(store: Store) -> None:
    found = series.create(store, "Cup", ["alpha"], Wanted(points="10, 5,2.5,0"))
    assert found.points == (10, 5, 2.5, 0)
    with pytest.raises(UsageError, match="--points is for the rule places"):
        series.update(store, found, Wanted(points="1", rule="kaggle"))
    for wrong in ("", "10,,5", "10,-1", "nan", ",".join(["1"] * 1001)):
        with pytest.raises(UsageError, match="--points"):
            series.update(store, found, Wanted(points=wrong))


def test_the_rule_score_needs_the_scores_of_each_competition(store: Store) -> None:
    with pytest.raises(UsageError, match="needs to know the scores of beta, gamma"):
        series.create(store, "Cup", ["alpha", "beta", "gamma"], Wanted(rule="score", scores=["alpha=0:1:10"]))
    found = series.create(
        store, "Cup", ["alpha", "beta"], Wanted(rule="score", scores=["alpha=-0.5:1e3:10", "BETA=9:2:50"])
    )
    assert [part.scale for part in found.parts] == [Scale(-0.5, 1000, 10), Scale(9, 2, 50)]
    with pytest.raises(UsageError, match="scores of gamma"):
        series.add(store, found, ["gamma"], [])
    found = series.add(store, found, ["gamma"], ["gamma=1:2:3"])
    assert found.parts[2].scale == Scale(1, 2, 3)


def test_scores_are_for_the_rule_score(store: Store) -> None:
    with pytest.raises(UsageError, match="--score is for the rule score"):
        series.create(store, "Cup", ["alpha"], Wanted(scores=["alpha=0:1:10"]))


@pytest.mark.parametrize(
    "text",
    [
        *("alpha", "alpha=1:2", "alpha=1:2:3:4", "=1:2:3", "alpha=1:1:5", "alpha=1:2:0", "alpha=a:2:3"),
        *("alpha=nan:1:2", "alpha=-inf:1:2", "alpha=0:1e200:2", "beta=0:1:2"),
    ],
)
def test_a_wrong_score_is_refused(store: Store, text: str) -> None:
    with pytest.raises(UsageError, match=r"--score|not in the series"):
        series.create(store, "Cup", ["alpha"], Wanted(rule="score", scores=[text]))


@pytest.mark.parametrize("name", ["", "  ", "!!", "\x1b[31mred", "a\u202eb", "x" * 101, "\ud800a"])
def test_a_name_is_short_and_printable(store: Store, name: str) -> None:
    with pytest.raises(UsageError):
        series.create(store, name, ["alpha"], Wanted())


def test_a_name_is_unique_whatever_its_case(store: Store) -> None:
    found = series.create(store, "  Été   2026 ", ["alpha"], Wanted())
    assert found.name == "Été 2026"
    with pytest.raises(UsageError, match="already a series 'Été 2026'"):
        series.create(store, "éTÉ 2026", ["alpha"], Wanted())
    other = series.create(store, "Other", ["alpha"], Wanted())
    with pytest.raises(UsageError, match="already a series"):
        series.update(store, other, Wanted(name="été 2026"))
    assert series.update(store, found, Wanted(name="ÉTÉ 2026")).name == "ÉTÉ 2026"
    assert series.update(store, other, Wanted(name="Summer")).name == "Summer"
