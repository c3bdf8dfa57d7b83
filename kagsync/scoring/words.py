"""Series in words: what a series is, how points come about, and what changed. Pure functions."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING

from kagsync.scoring import series as kinds
from kagsync.scoring.places import AVERAGE, MAX, MIN
from kagsync.scoring.rules import number
from kagsync.standings.sentences import in_words
from kagsync.standings.which import FINAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kagsync.scoring.rules import Field
    from kagsync.scoring.series import Scale, Series
    from kagsync.scoring.totals import Scored

_RULES = {
    kinds.PERCENTILE: "percentile among all teams (0 to 100)",
    kinds.LOCAL_PERCENTILE: "percentile among these people (0 to 100)",
    kinds.SCORE: "points in proportion to the score",
    kinds.KAGGLE: "Kaggle's own points",
    kinds.CTF: "score / best score + 1 / rank",
}
_TIES = {MIN: "", AVERAGE: "ties get the average place", MAX: "ties get the last place"}
_MEAN_OF_PLACES = "ties get the mean of their places' points"  # by the rule `places`, with AVERAGE
_BY_PLACE = (kinds.PLACES, kinds.LOCAL_PERCENTILE)
_PLACES_SHOWN = 10
_CENT, _IN_FULL = Decimal("0.01"), Context(prec=400)  # digits of the largest float, and more


def points(value: float) -> str:
    """Points for people: at most two decimals, none that are zero; halves are rounded away from zero."""
    # Not `decimals.rounded`, since a table has thousands of them, and fractions take five times as long.
    rounded = Decimal(repr(value)).quantize(_CENT, ROUND_HALF_UP, _IN_FULL)
    text = f"{rounded:,f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def gap(value: float) -> str:
    """How far apart two totals are: like `points`, but with more decimals if only zeros were left."""
    text = points(value)
    return text if text != "0" or not value else f"{Decimal(f'{value:.1g}'):f}"


def only_best(best: int | None) -> str:
    """Which results of a series count: `only the best 2 results of each person do`."""
    if best == 1:
        return "only the best result of each person does"
    return f"only the best {best} results of each person do"


def not_best(best: int | None) -> str:
    """Why a result of a series does not count: `not among the best 2`."""
    return "not the best result" if best == 1 else f"not among the best {best}"


def definition(series: Series) -> list[str]:
    """What a series is, in short facts, without its competitions: the rule comes first."""
    facts = [_rule(series)]
    if series.rule in _BY_PLACE and _TIES[series.ties]:
        is_mean = series.rule == kinds.PLACES and series.ties == AVERAGE
        facts.append(_MEAN_OF_PLACES if is_mean else _TIES[series.ties])
    if series.best is not None:
        of = f" of {len(series.parts)}" if series.best < len(series.parts) else ""
        one = series.best == 1
        facts.append(f"the best result{of} counts" if one else f"the best {series.best}{of} count")
    if series.absent == kinds.SKIP:
        facts.append("missing competitions are skipped, totals are means")
    if series.teams == kinds.SHARE:
        facts.append("teammates share points")
    if series.group is not None:
        facts.append(f"group {series.group}")
    if series.board != FINAL:
        facts.append(f"{series.board} boards only")
    return facts


def _rule(series: Series) -> str:
    if series.rule != kinds.PLACES:
        return _RULES[series.rule]
    shown = ", ".join(points(each) for each in series.points[:_PLACES_SHOWN])
    more = ", …" if len(series.points) > _PLACES_SHOWN else ""
    return f"points by place among these people: {shown}{more}"


def derivation(series: Series, result: Scored, field: Field) -> str:
    """How the points of somebody who has a rank came about: `100 × (101 − 26) / (101 − 1) × 2 = 150`.

    Args:
        field: of the board.
    """
    text = _formula(series, result, field)
    if result.part.weight != 1:
        text += f" × {number(result.part.weight)}"
    if result.sharing > 1:
        text += f" / {result.sharing} teammates"
    shown = points(result.points)
    return text if text.endswith(f": {shown}") else f"{text} = {shown}"


def _formula(series: Series, result: Scored, field: Field) -> str:
    """The rule with its numbers; a rule without a formula in words, with its points behind a colon."""
    standing = result.standing
    assert standing is not None
    score, rank, teams = standing.score, standing.rank or 0, field.teams or 1
    if series.rule == kinds.LOCAL_PERCENTILE and field.ours > 1:
        return f"100 × ({field.ours} − {number(result.place or 0)}) / ({field.ours} − 1)"
    if series.rule == kinds.PERCENTILE and teams > 1 and rank <= teams:
        return f"100 × ({teams:,} − {rank:,}) / ({teams:,} − 1)"
    if series.rule == kinds.KAGGLE:
        return (
            f"100,000 / √{standing.members or 1} × {rank:,}^−0.75 × log10(1 + log10 {teams:,}) "
            f"× e^(−{number(field.days)} / 500)"
        )
    if series.rule == kinds.SCORE and score is not None and result.part.scale is not None:
        return _scaled(score, result.part.scale, field.higher_is_better)
    if series.rule == kinds.CTF and score is not None and field.best is not None:
        over, under = (score, field.best) if field.higher_is_better else (field.best, score)
        if over > 0 and under > 0:
            sum_ = f"{number(over)} / {number(under)} + 1 / {rank:,}"
            return f"({sum_})" if result.part.weight != 1 or result.sharing > 1 else sum_
    return f"{result.words}: {_with_commas(result.raw)}"


def _scaled(score: float, scale: Scale, higher_is_better: bool | None) -> str:
    """The rule `score` with its numbers."""
    worse, better = scale.ends(higher_is_better)
    value, most = number(score), _with_commas(scale.points)
    if not min(worse, better) < score < max(worse, better):
        if (score <= better) if better < worse else (score >= better):
            return f"score {value} reaches {number(better)}: {most}"
        return f"score {value} is not better than {number(worse)}: 0"
    return f"{most} × ({value} − {number(worse)}) / ({number(better)} − {number(worse)})"


def _with_commas(value: float) -> str:
    """The points of a formula: exact, with thousands as `points` writes them."""
    return f"{value:,.10g}"


def change(series: Series, before: Scored, after: Scored, ours: int) -> str:
    """What changed in one competition, in what it gives to a total: `titanic 15 → 25 (place 3 → 1 of 12)`.

    Args:
        ours: how many people of the series are on the board now.
    """
    slug, now = after.part.slug, points(after.points)
    if after.place is None:
        nothing = "–" if series.absent == kinds.SKIP else "0"
        return f"{slug} {points(before.points)} → {nothing} ({after.words})"
    old = "–" if before.place is None else points(before.points)
    if old != now:
        now = f"{old} → {now}"
    if not after.counts:
        return f"{slug} {now} (no longer counts)"
    if before.place is not None and not before.counts:
        return f"{slug} {now} (counts now)"
    return f"{slug} {now} ({_moved(series, before, after, ours)})"


def _moved(series: Series, before: Scored, after: Scored, ours: int) -> str:
    """What a rule looks at, before and after."""
    assert after.standing is not None
    was = before.standing
    if series.rule in _BY_PLACE:
        return f"place {_from_to(before.place, after.place)} of {ours:,}"
    if series.rule == kinds.SCORE:
        return f"score {_from_to(was and was.score, after.standing.score)}"
    return f"rank {_from_to(was and was.rank, after.standing.rank)}"


def _from_to(before: float | None, after: float | None) -> str:
    now = "–" if after is None else f"{after:,}" if isinstance(after, int) else number(after)
    if before is None or before == after:
        return now
    return f"{f'{before:,}' if isinstance(before, int) else number(before)} → {now}"


def lead(leaders: Sequence[str], total: float, *, when: str, ahead: float | None, of: str) -> str:
    """Who leads: `alice leads with 143 since 2026-10-03, 12 ahead of bob`.

    Args:
        leaders: their names.
        when: since when.
        ahead, of: by how much, and of whom; None: there is nobody else.
    """
    verb = "leads" if len(leaders) == 1 else "lead"
    behind = "" if ahead is None else f", {gap(ahead)} ahead of {of}"
    return f"{in_words(leaders)} {verb} with {points(total)} {when}{behind}"


def sum_of(values: Iterable[float], total: float) -> tuple[str, str]:
    """A sum as it is shown, `15 + 50`, and what rounding each number to two decimals takes from the total.

    The second is empty if the shown numbers add up to the shown total.
    """
    shown = [points(value) for value in values]
    lacking = _decimal(points(total)) - sum(map(_decimal, shown), Decimal())
    return " + ".join(shown), f"{'−' if lacking < 0 else '+'} {abs(lacking)}" if lacking else ""


def _decimal(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))
