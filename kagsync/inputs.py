"""What people type: slugs, usernames, URLs, times. It is checked here, so that other code can trust it."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

from kagsync import clock
from kagsync.errors import UsageError

_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
# Kaggle's usernames are lower-case letters and digits (all 17,216 on the boards we know).
_USERNAME = re.compile(r"[^\W_](?:[\w.-]{0,98}[^\W_])?")
_MAIL_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
LONGEST_TEXT = 1000  # characters of a name, a group or a title
LONGEST_TEAM = 200  # characters of a team's name, or of a pattern for it
BY_HAND = "hand"  # the trigger of a run that names none
BY_WORKERS = "workers"  # the trigger of what workers on several machines do


def set_of(words: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(words.split())


# What kaggle.com/NAME is of, besides people; and what kaggle.com/PERSON/NAME shows of a person.
_NOT_PEOPLE = set_of(
    "about account api benchmarks blog c code community competitions contact cookies datasets discussion "
    "discussions docs forums general getting-started hackathons host jobs kernels learn me models notebooks "
    "organizations privacy product-feedback progression questions-and-answers rankings rules search settings "
    "static team terms u user users whats-new work writeups"
)
_TABS_OF_PEOPLE = set_of(
    "account activity badges benchmarks bookmarks code comments competitions datasets discussion discussions "
    "followers following groups kernels models notebooks progression settings writeups"
)
_KAGGLE_HOSTS = {"kaggle.com", "www.kaggle.com", "inclass.kaggle.com"}


def competition_slug(text: str) -> str:
    """The slug in a slug or in any URL of a competition (`…/competitions/SLUG/leaderboard?x`, `…/c/SLUG`).

    Raises:
        UsageError: it is neither.
    """
    parts = _path_of_url(text)
    if parts is None:
        slug = text.strip()
    elif len(parts) >= 2 and parts[0] in ("competitions", "c"):
        slug = parts[1]
    else:
        raise UsageError(
            f"{short(text)} is not the URL of a competition", "Give a slug such as spaceship-titanic"
        )
    if not _SLUG.fullmatch(slug):
        raise UsageError(
            f"{short(text)} is not a competition slug",
            "A slug is the last part of the competition's URL",
        )
    return slug


def username(text: str) -> str:
    """The username in `name`, `@name` or a profile's URL.

    Raises:
        UsageError: it is none of these. The message says what it is instead.
    """
    parts = _path_of_url(text)
    if parts is None:
        name = text.strip().removeprefix("@")
    elif _is_profile(parts):
        name = parts[0]
    else:
        raise UsageError(f"{short(text)} is not the URL of a Kaggle profile", "A profile is kaggle.com/NAME")
    if not is_username(name):
        raise UsageError(
            f"{short(text)} is not a Kaggle username{_what_it_is(name)}",
            "A username is the last part of a profile's URL (kaggle.com/NAME)",
        )
    return name


def is_username(text: str) -> bool:
    """Whether a text can be somebody's username on Kaggle."""
    return _USERNAME.fullmatch(text) is not None and not _is_number(text)


def _is_profile(parts: list[str]) -> bool:
    if not parts or parts[0].lower() in _NOT_PEOPLE:
        return False
    return len(parts) == 1 or parts[1].lower() in _TABS_OF_PEOPLE


def _is_number(text: str) -> bool:
    """Whether it is a decimal number or a date, such as 10.00 or 2026-09-01. (007 can be a username.)"""
    return not text.isalnum() and not any(char.isalpha() for char in text)


def _what_it_is(text: str) -> str:
    """What a text that is not a username is instead, for the end of a sentence; empty: not known."""
    if _MAIL_ADDRESS.fullmatch(text):
        return ": it is a mail address"
    if separators := [char for char in ",;\t|" if char in text]:
        return f": it has a {separators[0]!r} in it"
    if len(text.split()) > 1:
        return ": it has a space in it"
    return ": it is a number or a date" if _USERNAME.fullmatch(text) else ""


def person(text: str) -> str:
    """The text that names a person: the username in a profile's URL, otherwise the text without `@`.

    Raises:
        UsageError: it is not UTF-8 text (a terminal in another encoding gives lone surrogates).
    """
    with contextlib.suppress(UsageError):
        return username(text)
    return utf8(text).strip().removeprefix("@")


def team(text: str) -> str:
    """The team by which a person is known, without spaces around it.

    It is the exact name of a team, or a pattern between slashes, in which `{id}` is the person's student id.

    Raises:
        UsageError: it is empty, too long or not UTF-8 text, or the pattern is wrong or could be slow.
    """
    name = utf8(text).strip()
    if not name:
        raise UsageError("the name of a team is empty", "Give the team's name on Kaggle, or /a pattern/")
    if len(name) > LONGEST_TEAM:
        raise UsageError(
            f"the team {short(name)} has {len(name)} characters, and at most {LONGEST_TEAM} are allowed",
            "Shorten the pattern" if name[0] == "/" else "Copy the team's name from the leaderboard",
        )
    from kagsync.standings import team_pattern  # most people are known by a username

    pattern = team_pattern.between_slashes(name)
    if pattern is None:
        if team_pattern.ID in name:
            raise UsageError(
                f"the team {short(name)} has {{id}} in it, and is not a pattern",
                f"Write a pattern between slashes: /{name.strip('/')}/",
            )
        return name
    try:
        team_pattern.check(pattern)
    except ValueError as error:
        raise UsageError(
            f"the team pattern {short(name)} {error}",
            r"Try /group 0*7\b/ or /{id}/, where {id} is the student id; case is ignored",
        ) from error
    return name


def title(text: str) -> str:
    """The title of a competition, without spaces around it.

    Raises:
        UsageError: it is empty.
    """
    if not (stripped := text.strip()):
        raise UsageError("the title of a competition is empty", "Leave it out: Kaggle has one")
    return stripped


def trigger(text: str) -> str:
    """The name of something that starts runs, such as `cron`.

    Raises:
        UsageError: it is not such a name.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,29}", text):
        raise UsageError(f"{short(text)} is not the name of a trigger", "Use a word such as cron or airflow")
    return text


def duration(text: str, option: str = "") -> timedelta:
    """The duration in a text such as `90s`, `15m`, `24h`, `7d`, `2w` or `1h30m`.

    Args:
        option: whose value it is, to be named in the error.

    Raises:
        UsageError: it is not a duration.
    """
    try:
        return clock.parse_duration(text)
    except ValueError as error:
        raise UsageError(f"{option} {short(text)} is not a duration".lstrip(), clock.DURATIONS) from error


def seconds(text: str, option: str, most: timedelta) -> float:
    """The seconds in a duration. A number without a unit is one of seconds.

    Raises:
        UsageError: it is not a duration, or not from 1 second to `most`.
    """
    length = duration(f"{text}s" if text.strip().isdecimal() else text, option)
    if not timedelta(seconds=1) <= length <= most:
        raise UsageError(f"{option} {short(text)} is not from 1s to {most.days}d", clock.DURATIONS)
    return length.total_seconds()


def is_variable_name(text: str) -> bool:
    """Whether a text can name an environment variable, for shells too. It has at most 100 characters."""
    return re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,99}", text) is not None


def at_most_one(given: dict[str, bool]) -> None:
    """Refuses options that contradict each other: each by its name, and whether it was given.

    Raises:
        UsageError: more than one was.
    """
    if len(names := [name for name, is_given in given.items() if is_given]) > 1:
        raise UsageError(f"{names[0]} and {names[1]} contradict each other", "Pass one of them")


def needs(option: str, given: bool, other: str, has_other: bool, example: str) -> None:
    """Refuses an option that does nothing without another one.

    Args:
        option: its name.
        given: whether it was given.
        other: the option that it needs.
        has_other: whether that was given.
        example: both of them.

    Raises:
        UsageError: only the first one was given.
    """
    if given and not has_other:
        raise UsageError(f"{option} needs {other}", f"For example: {example}")


def since(text: str, now: datetime, at: datetime | None = None) -> datetime:
    """The time a `duration` ago, or that of a date with or without a time of day (UTC).

    Args:
        at: from when a duration counts back, if not from now. `last` is not possible then.

    Raises:
        UsageError: it is none of these, or in the future.
    """
    text = text.strip()
    try:
        with contextlib.suppress(UsageError):
            return (at or now) - duration(text)
        moment = _utc(text)
    except (ValueError, OverflowError) as error:
        last = " or a date such as 2026-08-09" if at else " a date such as 2026-08-09, or last"
        raise UsageError(f"{short(text)} is not a time", f"Try 24h, 7d, 90m,{last}") from error
    if moment > now:
        raise UsageError(f"{short(text)} is in the future", "Give a time in the past, such as 24h")
    return moment


def at(text: str, now: datetime) -> datetime:
    """The time of a date with a time of day (UTC), or the end of the day of a date without one.

    Raises:
        UsageError: it is neither, or a day in the future, or before Kaggle's first leaderboards.
    """
    text = text.strip()
    try:
        start = moment = _utc(text)
        if _is_day(text):
            moment += timedelta(days=1, seconds=-1)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"--at {short(text)} is not a time", "Try a date such as 2026-01-31, or 2026-01-31T18:00"
        ) from error
    if start > now:
        raise UsageError(f"--at {short(text)} is in the future", "Give a time in the past")
    if moment.year < clock.FIRST_YEAR:
        raise UsageError(
            f"--at {short(text)} is before Kaggle's first leaderboards",
            f"Give a time since {clock.FIRST_YEAR}",
        )
    return moment


def _is_day(text: str) -> bool:
    """Whether a time is a date without a time of day."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _utc(text: str) -> datetime:
    """The time of a date, with or without a time of day.

    Raises:
        ValueError: it is none, or a week such as 2026-W47, which Python would take for its Monday.
    """
    if re.fullmatch(r"\d{4}-?W\d{2}", text):
        raise ValueError(text)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _path_of_url(text: str) -> list[str] | None:
    """The parts of a Kaggle URL's path; None if it is not a URL. URLs of other sites are refused."""
    text = text.strip()
    if "/" not in text:
        return None
    try:
        url = urlsplit(text if "://" in text else f"https://{text}")
        host = (url.hostname or "").lower() if url.scheme in ("https", "http") else ""
    except ValueError:
        host = ""
    if host not in _KAGGLE_HOSTS:
        raise UsageError(
            f"{short(text)} is not a URL of kaggle.com", "Copy it from the browser, or give the name"
        )
    return [part for part in url.path.split("/") if part]


def utf8(text: str) -> str:
    """The text as it is.

    Raises:
        UsageError: it is not UTF-8 text (a terminal in another encoding gives lone surrogates).
    """
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise UsageError(f"{short(text)} is not UTF-8 text", "Check the terminal's encoding")
    return text


def short(text: str) -> str:
    """What somebody typed, quoted and short enough for a message."""
    return repr(text if len(text) <= 60 else f"{text[:57]}…")


def folded(name: str) -> str:
    """A name without differences in case, spaces and order (`Ace, Alice`), to compare it with others."""
    last, _, first = name.partition(",")
    return " ".join(f"{first} {last}".split()).casefold()
