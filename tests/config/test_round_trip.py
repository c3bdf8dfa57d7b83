"""Export, apply to an empty database, export: the same, whatever people set by commands."""

from __future__ import annotations

import contextlib
import tomllib
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from kagsync import clock
from kagsync.config import export
from kagsync.config.apply import apply
from kagsync.config.keys import SECTIONS
from kagsync.config.read import read
from kagsync.errors import UsageError
from kagsync.notify import targets, when
from kagsync.report import NAMES
from kagsync.scoring import series as kinds
from kagsync.scoring.places import TIES
from kagsync.scoring.rules import RULES
from kagsync.standings.movements import REASONS
from kagsync.standings.which import FINAL, PRIVATE, PUBLIC
from kagsync.store import Store
from kagsync.store.records import Subscription
from kagsync.store.report_options import ReportOptions
from kagsync.tracking import roster, roster_file, series

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = clock.utc_now()
EMPTY: list[Path] = []  # the file of an empty database, made once


@pytest.fixture(scope="module", autouse=True)
def empty() -> Iterator[None]:
    with TemporaryDirectory() as folder:
        EMPTY[:] = [Path(folder) / "kagsync.db"]
        Store.open(EMPTY[0], Path(folder) / "locks", create=True).close()
        yield


# Letters of all kinds, and all that means something in TOML, CSV, spreadsheets and terminals.
odd = st.text(
    st.one_of(
        st.sampled_from("\"'\\=#[]{},.;\t\n\r |@+-%_\x00\x07\x1b\x7f\u202e\u200b\u2028\ufeff💃ßİ"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=12,
)
names = odd.map(lambda text: text.replace("\x00", "").strip())
groups = st.sampled_from(["7A", "7B", 'Grüppe "="#'])
slugs = st.sampled_from(["titanic", "spaceship-titanic", "Digit_Recognizer", "a", "b2"])
maybe: Callable[[Any], Any] = lambda of: st.none() | of  # noqa: E731
numbers = st.floats(0.001, 1_000_000) | st.integers(1, 1_000_000).map(float)
spans = st.integers(0, 10_000_000).map(lambda seconds: timedelta(seconds=seconds))

competitions = st.fixed_dictionaries(
    {
        "kaggle": maybe(slugs),
        "title": maybe(odd.map(str.strip).filter(bool)),
        "direction": maybe(st.booleans()),
        "medals": maybe(st.booleans()),
        "active": st.booleans(),
    }
)
people = st.builds(
    roster_file.Line,
    st.just(0),
    username=st.sampled_from(["", "alice", "Bob", "c-d", "x.y_1"]),
    name=names,
    group=st.just("") | groups,
    student_id=st.just("") | st.from_regex(r"[A-Za-z0-9/=#]{1,6}", fullmatch=True),
    team=st.just("") | names,
    pseudonym=st.just("") | names.map(lambda name: f"P{name}"),
)
options = st.builds(
    series.Wanted,
    rule=maybe(st.sampled_from(sorted(RULES.keys() - {kinds.SCORE}))),
    best=maybe(st.integers(1, 9999).map(str)),
    ties=maybe(st.sampled_from(TIES)),
    board=maybe(st.sampled_from([FINAL, PUBLIC, PRIVATE])),
    absent=maybe(st.sampled_from([kinds.ZERO, kinds.SKIP])),
    teams=maybe(st.sampled_from([kinds.EACH, kinds.SHARE])),
)
scales = st.tuples(st.floats(-1e6, 1e6), st.floats(1e7, 1e8), numbers)
reports = st.builds(
    ReportOptions,
    maybe(odd),
    maybe(groups),
    maybe(st.sampled_from([FINAL, PUBLIC, PRIVATE])),
    maybe(st.sampled_from(NAMES)),
    maybe(st.booleans()),
)


@st.composite
def subscriptions(draw: st.DrawFn, ids: list[int]) -> Subscription:
    digest = draw(maybe(st.sampled_from(["daily@18:00", "weekly@mon-09:00"])))
    remind = tuple(sorted(draw(st.sets(spans.filter(bool), max_size=3)), reverse=True))
    only = draw(maybe(st.frozensets(st.sampled_from(sorted(REASONS)))))
    if only == frozenset() and (digest or not remind):
        only = None
    group, against = draw(maybe(groups)), None
    if group and only is None and draw(st.booleans()):
        against = "rivals"
    return Subscription(
        draw(maybe(st.sampled_from(ids))) if ids else None,
        only,
        group,
        against,
        tells_drift=only is None and against is None and draw(st.booleans()),
        quiet_for=timedelta(0) if digest else draw(spans),
        digest=digest and str(when.schedule(digest)),
        zone=draw(maybe(st.just("Europe/Berlin"))) if digest else None,
        sends_empty=bool(digest) and draw(st.booleans()),
        remind=remind,
    )


@st.composite
def stores(draw: st.DrawFn) -> Store:
    """A database as commands can make it."""
    store = Store.open_copy(EMPTY[0])
    for slug, wanted in draw(st.dictionaries(slugs, competitions, max_size=4)).items():
        found = store.competitions.add(slug, wanted["kaggle"], NOW)
        with store.writing() as write:
            if wanted["title"] is not None:
                write.competitions.set_title(found.id, wanted["title"])
            write.competitions.set_direction(found.id, higher_is_better=wanted["direction"])
            write.competitions.set_medals(found.id, medals=wanted["medals"])
            write.competitions.set_active(found.id, active=wanted["active"])
    tracked = store.competitions.all()
    for line in draw(st.lists(people, max_size=4)):
        lines, _ = roster_file.checked([line])
        with store.writing() as write:
            planned = roster.plan(lines, store.users.with_archived())
            if not planned.problems:
                roster.save(write, planned, NOW)
    for name in draw(st.sets(names.filter(bool), max_size=3)):
        with contextlib.suppress(UsageError):  # taken, or a name that is refused
            parts = draw(st.dictionaries(st.sampled_from([each.slug for each in tracked] or ["?"]), numbers))
            if not tracked:
                parts = {}
            wanted = draw(options)
            if wanted.rule is None and draw(st.booleans()):
                wanted = wanted._replace(
                    points=",".join(map(repr, draw(st.lists(numbers, min_size=1, max_size=3))))
                )
            elif draw(st.booleans()):
                scores = [f"{slug}={':'.join(map(repr, draw(scales)))}" for slug in parts]
                wanted = wanted._replace(rule=kinds.SCORE, scores=scores)
            made = series.create(
                store, name, [f"{slug}={weight!r}" for slug, weight in parts.items()], wanted
            )
            store.series.save(made._replace(group=draw(maybe(groups))))
    ids = [each.id for each in tracked]
    urls = st.sampled_from(["env:HOOK", "env:_X1", "json://user:s3cret@host/", "mailto://s3cret"])
    for url in draw(st.lists(urls, max_size=4)):
        targets.put(store, url, draw(subscriptions(ids)), NOW)
    if (report := draw(maybe(reports))) is not None:
        store.report_options.save(report)
    return store


def applied(text: str, folder: Path, store: Store) -> list[Any]:
    """Applies a text, and gives the changes."""
    file = folder / "kagsync.toml"
    file.write_text(text, encoding="utf-8", newline="")
    return apply(store, read(file), NOW, prune=True).changes


def check_both_ways(store: Store) -> None:
    with store, TemporaryDirectory() as name, Store.open_copy(EMPTY[0]) as other:
        folder = Path(name)
        text = export.text(store)
        assert "s3cret" not in text
        tomllib.loads(text)
        changes = applied(text, folder, other)
        assert export.text(other) == text
        assert bool(changes) == bool(text)
        assert applied(text, folder, other) == []
        assert applied(text, folder, store) == []
        assert export.text(store) == text
        # With the people in a file beside it.
        files = export.write(store, folder / "set-up.toml", EMPTY[0], force=False)
        with Store.open_copy(EMPTY[0]) as third:
            apply(third, read(folder / "set-up.toml"), NOW)
            again = export.write(third, folder / "set-up.toml", EMPTY[0], force=True)
            assert export.text(third) == text
        assert again == files
        assert not any("s3cret" in path.read_text(encoding="utf-8") for path in files)


@given(stores())
@settings(max_examples=5)
def test_what_is_exported_and_applied_is_exported_again(store: Store) -> None:
    check_both_ways(store)


@pytest.mark.long
@given(stores())
@settings(max_examples=120)
def test_many_more(store: Store) -> None:
    check_both_ways(store)


@given(odd)
def test_every_text_comes_back_from_toml(text: str) -> None:
    from kagsync.config import notation

    written = notation.table("[[users]]", {"name": text, "list": [text, {"a": text}]})
    assert tomllib.loads(written) == {"users": [{"name": text, "list": [text, {"a": text}]}]}
    assert len(written.splitlines()) == len(written.rstrip("\n").split("\n"))


@pytest.mark.long
def test_the_generated_databases_use_every_key() -> None:
    """Otherwise the property would hold for a key that nobody exports."""
    missing = {(section, key) for section, keys in SECTIONS.items() for key in keys}

    def completes(store: Store) -> bool:
        with store:
            for section, entries in tomllib.loads(export.text(store)).items():
                for each in entries if isinstance(entries, list) else [entries]:
                    missing.difference_update((section, key) for key in each)
        return not missing

    # Ends with the first database after which no key is missing.
    with contextlib.suppress(NoSuchExample):
        find(stores(), completes, settings=settings(max_examples=5_000, phases=[Phase.generate]))
    assert not missing
