"""Makes a database as a set-up file says, in one transaction, and says what that changes.

What a file lacks as a whole, such as all series, stays as it is. A key that an entry lacks gets its usual
value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kagsync import inputs
from kagsync.config.changes import KINDS, entry_name, of_people, of_sections
from kagsync.config.keys import COMPETITIONS, NOTIFY, REPORT, SERIES, USERS
from kagsync.config.read import Problems
from kagsync.config.state import state, url
from kagsync.errors import UsageError
from kagsync.notify import address, targets
from kagsync.scoring.series import POINTS, Series
from kagsync.store.report_options import ReportOptions
from kagsync.tracking import roster, roster_file
from kagsync.tracking import series as series_options

if TYPE_CHECKING:
    from datetime import datetime

    from kagsync.config.changes import Change
    from kagsync.config.read import Entry, Setup
    from kagsync.config.state import State
    from kagsync.store import Store, Writing
    from kagsync.store.records import Competition, Subscription

_OPTION = re.compile(r"--([a-z][a-z-]*)")


@dataclass(frozen=True)
class Applied:
    """What a set-up file changes.

    Attributes:
        changes: what was done, or would be.
        not_in_file: (kind, name) of what the database has and the file does not, and what stays so.
        people: what becomes of the roster; None: the file has none.
        empty_groups: sentences about groups that are named, though nobody is in them.
        not_set: the variables of targets that are not set here.
        not_used: the variables that hold another URL than the target that `export-config` named them after.
    """

    changes: list[Change]
    not_in_file: list[tuple[str, str]]
    people: roster.Plan | None
    empty_groups: list[str]
    not_set: list[str]
    not_used: list[str]


def apply(store: Store, setup: Setup, now: datetime, *, prune: bool = False) -> Applied:
    """Makes the database as the file says. If anything is wrong, nothing is changed.

    Args:
        prune: pause competitions, archive people, and remove series and targets that are not in the file.

    Raises:
        UsageError: the file contradicts itself or the database.
        DatabaseError: the database cannot be written.
    """
    with store.writing() as write:
        before = state(store)
        steps = _Steps(store, write, now, Problems(setup.path))
        people = steps.people(setup)
        steps.competitions(setup)
        steps.series(setup)
        steps.notify(setup)
        steps.report(setup)
        steps.problems.refuse()
        absent = steps.absent(setup, before)
        if prune:
            steps.prune(absent)
        if people is not None:
            roster.save(write, people, now, prune=prune)
        after = state(store)
        empty_groups = _empty_groups(store, after)
    found = [*of_people(people, prune=prune), *of_sections(before, after, absent)]
    names = [(KINDS[section], entry_name(before[section][key])) for section, key in absent]
    if people is not None:
        names += [(KINDS[USERS], user.handle) for user in people.absent]
    return Applied(
        found,
        [] if prune else names,
        people,
        empty_groups,
        _not_set(store, setup),
        _not_used(store, setup),
    )


class _Steps:
    """The parts of one change of a database, in order: a later one refers to what an earlier one added."""

    def __init__(self, store: Store, write: Writing, now: datetime, problems: Problems) -> None:
        self._store, self._write, self._now = store, write, now
        self.problems = problems
        self._named: set[tuple[str, Any]] = set()  # section and id of what is in the file

    def people(self, setup: Setup) -> roster.Plan | None:
        """Plans the roster; None: the file has none."""
        everybody = self._store.users.with_archived()
        if setup.roster is not None:
            lines = roster_file.read_roster(
                setup.roster, lambda lines: roster.plan(lines, everybody).problems
            ).lines
            return roster.plan(lines, everybody)
        if USERS not in setup.sections:
            return None
        entries = {entry.line: entry for entry in setup.sections[USERS]}
        lines, wrong = roster_file.checked(map(_line, setup.sections[USERS]))
        planned = roster.plan(lines, everybody)
        without = [(line.number, "it needs a username or a team") for line in planned.without_username]
        for number, what in (*wrong, *planned.problems, *without):
            self.problems.add(number, f"{entries[number].name}: {what}" if number in entries else what)
        return planned

    def competitions(self, setup: Setup) -> None:
        for entry in setup.sections.get(COMPETITIONS, []):
            try:
                competition = self._competition(entry)
            except UsageError as error:
                self._wrong(entry, error)
            else:
                self._once(entry, competition.id, "slug")

    def _competition(self, entry: Entry) -> Competition:
        values, change = entry.values, self._write.competitions
        slug = inputs.competition_slug(values["slug"])
        found = self._store.competitions.find(slug)
        is_linked = values.get("linked", True)
        if not is_linked and "kaggle_id" in values:
            raise UsageError("kaggle_id and linked = false contradict each other")
        kaggle_id = inputs.competition_slug(values.get("kaggle_id", found.slug if found else slug))
        linked = kaggle_id if is_linked else None
        if found is None:
            found = self._store.competitions.add(slug, linked, self._now)
        if found.kaggle_competition_id != linked:
            change.link(found.id, linked)
        if "title" in values and (title := inputs.title(values["title"])) != found.title:
            change.set_title(found.id, title)
        direction, medals = values.get("higher_is_better"), values.get("medals")
        if direction != found.higher_is_better:
            change.set_direction(found.id, higher_is_better=direction)
        if medals != found.medals:
            change.set_medals(found.id, medals=medals)
        active = not values.get("paused", False)
        if active != found.active:
            change.set_active(found.id, active=active)
            if active:
                change.ask_for_result(found.id)
        return found

    def series(self, setup: Setup) -> None:
        for entry in setup.sections.get(SERIES, []):
            try:
                series = self._series(entry)
                if series != self._store.series.find(series.name):
                    series = self._store.series.save(series)
            except UsageError as error:
                self._wrong(entry, error)
            else:
                self._once(entry, series.id, "name")

    def _series(self, entry: Entry) -> Series:
        values = entry.values
        name = series_options.checked_name(values["name"])
        found = self._store.series.find(name)
        parts = [{"slug": each} if isinstance(each, str) else each for each in values["competitions"]]
        parts = [part | {"slug": inputs.competition_slug(part["slug"])} for part in parts]
        named = [f"{part['slug']}={part.get('weight', 1)!r}" for part in parts]
        scores = [f"{part['slug']}={':'.join(map(repr, part['score']))}" for part in parts if "score" in part]
        best = values.get("best")
        series = series_options.with_options(
            Series(
                found.id if found else 0,
                name,
                points=POINTS,
                parts=series_options.weighted(self._store, (), named),
            ),
            series_options.Wanted(
                rule=values.get("rule"),
                best=None if best is None else str(best),
                ties=values.get("ties"),
                board=values.get("board"),
                points=",".join(map(repr, values["points"])) if "points" in values else None,
                absent=values.get("absent"),
                teams=values.get("teams"),
                scores=scores,
            ),
        )
        return series._replace(group=values.get("group") or None)

    def notify(self, setup: Setup) -> None:
        for entry in setup.sections.get(NOTIFY, []):
            try:
                key = self._target(entry)
            except UsageError as error:
                self._wrong(entry, error)
            else:
                self._once(entry, key, "url")

    def _target(self, entry: Entry) -> int:
        """Adds or changes a target. Returns its number."""
        values = entry.values
        if address.variable(values["url"]) is None:
            raise UsageError('url must be "env:" and the name of a variable that holds the URL')
        address.check_name(values["url"])
        only = values.get("only")
        wanted = targets.Wanted(
            values.get("competition"),
            None if only is None else ",".join(only) or targets.NONE,
            values.get("group"),
            values.get("against"),
            values.get("all", False),
            values.get("quiet_for"),
            values.get("digest"),
            values.get("zone"),
            values.get("even_if_nothing", False),
            ",".join(values["remind"]) if values.get("remind") else None,
        )
        subscription = targets.subscribed(self._store, wanted)
        stored = self._same_url(values["url"], subscription)
        return targets.put(self._store, stored, subscription, self._now).target.id

    def _same_url(self, wanted: str, subscription: Subscription) -> str:
        """The URL that a target has in the database. It may hold the URL itself, from `notify add URL`.

        That target is meant if `export-config` named the variable after it, and it stays as it is. If another
        variable holds the same URL, the target takes the variable, and the URL is no longer in the database.
        """
        known = self._store.targets.all()
        if targets.find(known, wanted, subscription) is not None:
            return wanted
        if (kept := next((each.url for each in known if url(each) == wanted != each.url), None)) is not None:
            return kept
        value = address.value(wanted)
        if value and (same := targets.find(known, value, subscription)) is not None:
            self._store.targets.set_url(same, wanted)
        return wanted

    def report(self, setup: Setup) -> None:
        for entry in setup.sections.get(REPORT, []):
            wanted = ReportOptions(**entry.values)
            if wanted != self._store.report_options.get():
                self._store.report_options.save(wanted)

    def absent(self, setup: Setup, before: State) -> list[tuple[str, Any]]:
        """Section and id of what the database had and the file does not, but for paused competitions."""
        return [
            (section, key)
            for section in (COMPETITIONS, SERIES, NOTIFY)
            if section in setup.sections
            for key, values in before[section].items()
            if (section, key) not in self._named and not values.get("paused", False)
        ]

    def prune(self, absent: list[tuple[str, Any]]) -> None:
        series = {each.id: each for each in self._store.series.all()}
        for section, key in absent:
            if section == COMPETITIONS:
                self._write.competitions.set_active(key, active=False)
            elif section == SERIES:
                self._store.series.delete(series[key])
            else:
                self._store.targets.remove(key)

    def _once(self, entry: Entry, key: Any, named_by: str) -> None:
        """Notes what an entry means, which no other may mean."""
        if (entry.section, key) in self._named:
            self.problems.of(entry, named_by, "is already used by an earlier entry")
        self._named.add((entry.section, key))

    def _wrong(self, entry: Entry, error: UsageError) -> None:
        """Notes what is wrong with an entry, in the words of the file, at the key that the error names."""
        words = _OPTION.sub(lambda found: found[1].replace("-", "_"), error.message)
        named = [found.replace("-", "_") for found in _OPTION.findall(error.message)]
        key = next((each for each in [*named, *re.findall(r"\w+", words)] if each in entry.lines), "")
        # A remedy may be a command. If it names options without one, it is of no use in a file.
        useful = "kagsync " in error.remedy or not _OPTION.search(error.remedy)
        remedy = f". {error.remedy}" if error.remedy and useful else ""
        self.problems.add(entry.line_of(key), f"{entry.name}: {words}{remedy}")


def _line(entry: Entry) -> roster_file.Line:
    """A person as a line of a roster. What is left out is cleared."""
    cells = {field: str(entry.values.get(field, "")).strip() for field in roster_file.FIELDS}
    return roster_file.Line(entry.line, **cells)


def _empty_groups(store: Store, after: State) -> list[str]:
    """Which groups are named, though nobody is in them."""
    groups = {user.group for user in store.users.all()}
    named = dict.fromkeys(
        (values[key], f"{KINDS[section]} {entry_name(values)}".removeprefix(f"{REPORT} "))
        for section, entries in after.items()
        for values in entries.values()
        for key in ("group", "against")
        if key in values
    )
    return [
        f"Nobody is in the group {group}, which the {of} uses" for group, of in named if group not in groups
    ]


def _urls(setup: Setup) -> list[str]:
    """The URLs of the targets in the file, each once."""
    return list(dict.fromkeys(entry.values["url"] for entry in setup.sections.get(NOTIFY, [])))


def _not_set(store: Store, setup: Setup) -> list[str]:
    """The variables that targets need and that are not set here."""
    stored = {target.url for target in store.targets.all()}
    return [str(address.variable(url)) for url in _urls(setup) if url in stored and not address.value(url)]


def _not_used(store: Store, setup: Setup) -> list[str]:
    """The variables named after a target in the database that hold another URL than it has."""
    kept = {url(target): target.url for target in store.targets.all() if url(target) != target.url}
    return [
        str(address.variable(wanted))
        for wanted in _urls(setup)
        if wanted in kept and address.value(wanted) not in ("", kept[wanted])
    ]
