"""The set-up that a database holds, in the words of a set-up file: each section, entry by entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kagsync.config.keys import COMPETITIONS, NOTIFY, REPORT, SERIES
from kagsync.notify import address, targets
from kagsync.scoring import series as kinds
from kagsync.scoring.series import Series
from kagsync.tracking.roster_file import FIELDS

if TYPE_CHECKING:
    from datetime import timedelta

    from kagsync.scoring.series import Part
    from kagsync.store import Store
    from kagsync.store.records import Competition, Target, User
    from kagsync.store.report_options import ReportOptions

Values = dict[str, Any]
State = dict[str, dict[Any, Values]]  # the entries of each section, by what identifies them
_UNITS = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))


def state(store: Store) -> State:
    """All but the people. What has its usual value is left out."""
    competitions = store.competitions.all()
    slugs = {each.id: each.slug for each in competitions}
    return {
        COMPETITIONS: {each.id: _competition(each) for each in competitions},
        SERIES: {each.id: _series(each) for each in store.series.all()},
        NOTIFY: {each.id: _target(each, slugs) for each in store.targets.all()},
        REPORT: {REPORT: _report(store.report_options.get())},
    }


def _filled(values: Values) -> Values:
    return {key: value for key, value in values.items() if value is not None}


def _unless(value: Any, usual: Any) -> Any:
    """A value; None if it is the usual one."""
    return None if value == usual else value


def _competition(competition: Competition) -> Values:
    return _filled(
        {
            "slug": competition.slug,
            "kaggle_id": _unless(competition.kaggle_id, competition.slug),
            "linked": _unless(competition.is_linked, True),
            "title": (competition.title or "").strip() or None,
            "higher_is_better": competition.higher_is_better,
            "medals": competition.medals,
            "paused": _unless(not competition.active, False),
        }
    )


def _series(series: Series) -> Values:
    usual = Series(0, "")
    has_places, has_scores = series.rule == kinds.PLACES, series.rule == kinds.SCORE
    return _filled(
        {
            "name": series.name,
            "rule": _unless(series.rule, usual.rule),
            "points": _unless(list(series.points), list(usual.points)) if has_places else None,
            "best": series.best,
            "group": series.group,
            "ties": _unless(series.ties, usual.ties),
            "board": _unless(series.board, usual.board),
            "absent": _unless(series.absent, usual.absent),
            "teams": _unless(series.teams, usual.teams),
            "competitions": [_part(part, has_scores=has_scores) for part in series.parts],
        }
    )


def _part(part: Part, *, has_scores: bool) -> str | Values:
    values = {"slug": part.slug}
    more = {
        "weight": _unless(part.weight, 1.0),
        "score": list(part.scale) if has_scores and part.scale is not None else None,
    }
    return values | _filled(more) if any(each is not None for each in more.values()) else part.slug


def variable(target: Target) -> str:
    """The variable that a set-up file names for a target whose URL is in the database."""
    return f"KAGSYNC_TARGET_{target.label}"


def url(target: Target) -> str:
    """What a set-up file says instead of a target's URL."""
    return target.url if address.variable(target.url) else f"{address.PREFIX}{variable(target)}"


def _target(target: Target, slugs: dict[int, str]) -> Values:
    wanted = target.subscription
    return _filled(
        {
            "url": url(target),
            "competition": None if wanted.competition_id is None else slugs[wanted.competition_id],
            "only": None if wanted.only is None else sorted(wanted.only),
            "group": wanted.group,
            "against": wanted.against,
            "all": _unless(wanted.tells_drift, False),
            "quiet_for": None if wanted.digest else _unless(_duration(wanted.quiet_for), targets.QUIET_FOR),
            "digest": wanted.digest,
            "zone": wanted.zone,
            "even_if_nothing": _unless(wanted.sends_empty, False),
            "remind": [_duration(each) for each in wanted.remind] or None,
        }
    )


def _duration(length: timedelta) -> str:
    """A length of time, as people type it."""
    left, parts = int(length.total_seconds()), []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


def _report(options: ReportOptions) -> Values:
    return _filled(options._asdict())


def person(user: User) -> Values:
    """A person, without what is not known."""
    return _filled({field: getattr(user, field) or None for field in FIELDS})
