"""Series of competitions in the database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from world import invariants

from kagsync.errors import DatabaseError, UsageError
from kagsync.scoring.series import POINTS, Part, Scale, Series

if TYPE_CHECKING:
    from kagsync.store import Store

NOW = datetime(2025, 10, 31, 16, tzinfo=UTC)


@pytest.fixture
def parts(store: Store) -> dict[str, Part]:
    """Three competitions, added in no order."""
    return {
        slug: Part(store.competitions.add(slug, None, NOW).id, slug) for slug in ("titanic", "mlsp", "zoo")
    }


def test_a_series_comes_back_as_it_was_saved(store: Store, parts: dict[str, Part]) -> None:
    series = Series(
        0,
        "Season 2026",
        rule="score",
        points=(3.5, 1.0),
        best=2,
        group="north",
        ties="average",
        board="private",
        absent="skip",
        teams="share",
        parts=(parts["mlsp"]._replace(scale=Scale(0.9, 0.1, 50.0)), parts["titanic"]._replace(weight=2.5)),
    )
    saved = store.series.save(series)
    assert saved.id > 0
    assert saved == series._replace(id=saved.id)
    assert store.series.get("SEASON 2026") == store.series.find("season 2026") == saved
    assert store.series.all() == [saved]


def test_what_is_not_said_is_by_default(store: Store, parts: dict[str, Part]) -> None:
    saved = store.series.save(Series(0, "s", parts=(parts["zoo"],)))
    assert saved.points == POINTS
    options = (saved.rule, saved.best, saved.group, saved.ties, saved.board, saved.absent, saved.teams)
    assert options == ("places", None, None, "min", "final", "zero", "each")


def test_competitions_come_by_slug_whatever_order_they_were_given_in(
    store: Store, parts: dict[str, Part]
) -> None:
    saved = store.series.save(Series(0, "s", parts=tuple(parts.values())))
    assert [part.slug for part in saved.parts] == ["mlsp", "titanic", "zoo"]


def test_saving_again_changes_the_series_and_its_competitions(store: Store, parts: dict[str, Part]) -> None:
    first = store.series.save(Series(0, "s", parts=(parts["zoo"], parts["mlsp"])))
    other = store.series.save(Series(0, "other", parts=(parts["zoo"],)))
    changed = first._replace(name="t", best=1, parts=(parts["zoo"]._replace(weight=3.0), parts["titanic"]))
    assert store.series.save(changed) == changed._replace(parts=changed.parts[::-1])
    assert store.series.all() == [other, changed._replace(parts=changed.parts[::-1])]
    assert store.series.find("s") is None
    invariants.check(store.path)


def test_two_series_cannot_have_the_same_name(store: Store, parts: dict[str, Part]) -> None:
    saved = store.series.save(Series(0, "s", parts=(parts["zoo"],)))
    with pytest.raises(DatabaseError):
        store.series.save(Series(0, "S", parts=(parts["mlsp"],)))
    assert store.series.all() == [saved]


def test_an_unknown_name_is_told_with_a_remedy(store: Store) -> None:
    assert store.series.find("season") is None
    with pytest.raises(UsageError, match="season") as raised:
        store.series.get("season")
    assert "series create" in str(raised.value.remedy)
    store.series.save(Series(0, "season-1"))
    with pytest.raises(UsageError) as raised:
        store.series.get("season-2")
    assert "season-1" in str(raised.value.remedy)


def test_a_series_goes_and_its_competitions_stay(store: Store, parts: dict[str, Part]) -> None:
    saved = store.series.save(Series(0, "s", parts=tuple(parts.values())))
    store.series.delete(saved)
    assert store.series.all() == []
    assert len(store.competitions.all()) == 3
    invariants.check(store.path)


def test_a_competition_that_is_removed_leaves_its_series(store: Store, parts: dict[str, Part]) -> None:
    store.series.save(Series(0, "s", parts=tuple(parts.values())))
    store.competitions.remove(parts["mlsp"].competition_id)
    assert [part.slug for part in store.series.get("s").parts] == ["titanic", "zoo"]
    invariants.check(store.path)


def test_the_series_of_a_competition(store: Store, parts: dict[str, Part]) -> None:
    for name, slugs in (("b", ("zoo", "mlsp")), ("a", ("zoo",)), ("c", ("titanic",))):
        store.series.save(Series(0, name, parts=tuple(parts[slug] for slug in slugs)))
    found = store.series.with_competition(parts["zoo"].competition_id)
    assert [series.name for series in found] == ["a", "b"]
    assert store.series.with_competition(99) == []


@pytest.mark.parametrize("name", ["'; DROP TABLE series; --", "🏆 Saison ü", "a\nb", '"quoted"'])
def test_a_name_is_only_text(store: Store, name: str) -> None:
    assert store.series.save(Series(0, name)).name == name
    assert store.series.get(name).name == name


@pytest.mark.parametrize("typed", ["ämter 2026", " ÄMTER  2026 "])
def test_case_and_spaces_are_ignored_in_a_name(store: Store, typed: str) -> None:
    assert store.series.save(Series(0, "Ämter 2026")) == store.series.get(typed)


def test_a_name_that_is_not_text_is_unknown(store: Store) -> None:
    with pytest.raises(UsageError, match="there is no series"):
        store.series.get("\udcff")
