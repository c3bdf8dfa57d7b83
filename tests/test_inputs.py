"""What people type: slugs, usernames, URLs, durations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kagsync.errors import UsageError
from kagsync.inputs import at, competition_slug, duration, person, username


@pytest.mark.parametrize(
    "text",
    [
        "spaceship-titanic",
        "  spaceship-titanic\n",
        "https://www.kaggle.com/competitions/spaceship-titanic",
        "https://www.kaggle.com/competitions/spaceship-titanic/",
        "https://www.kaggle.com/competitions/spaceship-titanic/leaderboard",
        "https://www.kaggle.com/competitions/spaceship-titanic/leaderboard?tab=public#top",
        "https://www.kaggle.com/competitions/spaceship-titanic/discussion/12345",
        "https://www.kaggle.com/c/spaceship-titanic",
        "https://www.kaggle.com/c/spaceship-titanic/data",
        "http://kaggle.com/c/spaceship-titanic",
        "HTTPS://WWW.Kaggle.com/competitions/spaceship-titanic",
        "kaggle.com/competitions/spaceship-titanic",
        "www.kaggle.com/competitions/spaceship-titanic/overview",
        "https://inclass.kaggle.com/c/spaceship-titanic",
    ],
)
def test_a_slug_or_any_tab_of_the_competition_gives_the_slug(text: str) -> None:
    assert competition_slug(text) == "spaceship-titanic"


@pytest.mark.parametrize(
    "slug", ["titanic", "MLSP2023-volunteers-01", "playground-series-s6e8", "a", "2048_x"]
)
def test_slugs_keep_their_capitals_digits_and_underscores(slug: str) -> None:
    assert competition_slug(slug) == slug


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-titanic",
        "spaceship titanic",
        "titanic!",
        "..",
        "../etc",
        "a" * 101,
        "tïtanic",
        "titanic\x00",
        "https://www.kaggle.com/",
        "https://www.kaggle.com/competitions",
        "https://www.kaggle.com/alice/titanic",
        "https://www.kaggle.com/competitions/..",
        "https://example.com/competitions/titanic",
        "https://kaggle.com.example.com/competitions/titanic",
        "https://[broken/competitions/titanic",
        "competitions/titanic",
    ],
)
def test_what_is_no_competition_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        competition_slug(text)
    assert caught.value.remedy


@pytest.mark.parametrize(
    "text",
    [
        "alice",
        " alice ",
        "@alice",
        "https://www.kaggle.com/alice",
        "https://www.kaggle.com/alice/",
        "https://www.kaggle.com/alice/competitions?sort=x",
        "https://www.kaggle.com/alice/code#top",
        "kaggle.com/alice",
        "www.kaggle.com/alice?ref=x",
    ],
)
def test_a_username_is_taken_from_a_name_an_at_name_or_a_profile(text: str) -> None:
    assert username(text) == "alice"


@pytest.mark.parametrize("name", ["Alice", "a", "user.name", "user-name_2", "007", "李雷", "Ünïcödé"])
def test_usernames_are_kept_as_they_are_typed(name: str) -> None:
    assert username(name) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "a b",
        "a,b",
        "a\tb",
        "a\x1b[31m",
        "a\u202eb",
        "'alice'",
        '"alice"',
        "<alice>",
        "=cmd()",
        "-rf",
        "+1",
        "a" * 101,
        "https://www.kaggle.com/",
        "https://github.com/alice",
        "alice/bob",
        "username;name;group",
        "alice|bob",
        "alice@example.org",
        "alice.",
        ".alice",
        "-",
        "?",
        "_",
        "[x]",
        "%x",
        "＝x",
        "del=0123456789abcdef",
        "10.00",
        "2026-09-01",
    ],
)
def test_what_is_no_username_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        username(text)
    assert caught.value.remedy


@pytest.mark.parametrize(
    "text",
    [
        "https://www.kaggle.com/competitions/titanic",
        "https://www.kaggle.com/c/titanic",
        "kaggle.com/u/x",
        "https://www.kaggle.com/Users/alice",
        "https://www.kaggle.com/settings",
        "https://www.kaggle.com/account/login",
        "https://www.kaggle.com/alice/my-notebook",
        "https://www.kaggle.com/?u=alice",
    ],
)
def test_the_url_of_another_page_is_no_user(text: str) -> None:
    with pytest.raises(UsageError, match="not the URL of a Kaggle profile"):
        username(text)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("alice@example.org", "mail address"),
        ("alice;Alice;7A", "';'"),
        ("alice,bob", "','"),
        ("alice\tbob", "'\\t'"),
        ("Alice Liddell", "space"),
        ("17.5", "number"),
        ("01.09.2026", "date"),
    ],
)
def test_the_message_says_what_it_is_instead(text: str, what: str) -> None:
    with pytest.raises(UsageError, match="is not a Kaggle username: ") as caught:
        username(text)
    assert what in caught.value.message.partition("username")[2]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (" @alice ", "alice"),
        ("https://www.kaggle.com/alice/code", "alice"),
        ("Alice Liddell ", "Alice Liddell"),
        ("del=0123456789abcdef", "del=0123456789abcdef"),
        ("Team [7] a/b", "Team [7] a/b"),
        ("kaggle.com/u/x", "kaggle.com/u/x"),
        ("", ""),
    ],
)
def test_whoever_is_tracked_can_be_asked_for(text: str, name: str) -> None:
    assert person(text) == name


@settings(max_examples=200)
@given(st.one_of(st.text(max_size=30), st.text("htps:/.kagle[]@#?%com ", max_size=30)))
def test_no_text_does_anything_but_give_a_name_or_a_usage_error(text: str) -> None:
    for read in (competition_slug, username):
        try:
            name = read(text)
        except UsageError as error:
            assert len(error.message) < 200
        else:
            assert name == read(name)
            assert not any(char.isspace() or char in ",/\\" for char in name)


UNITS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}


@settings(max_examples=200)
@given(
    st.dictionaries(st.sampled_from(list(UNITS)), st.integers(0, 999_999), min_size=1),
    st.sampled_from(["", " "]),
    st.booleans(),
)
def test_a_duration_has_one_or_several_units_the_largest_first(
    counts: dict[str, int], space: str, upper: bool
) -> None:
    text = space.join(f"{counts[unit]}{unit}" for unit in UNITS if unit in counts)
    assert duration(text.upper() if upper else text) == timedelta(
        seconds=sum(UNITS[unit] * count for unit, count in counts.items())
    )


@pytest.mark.parametrize(
    "text",
    ["", " ", "5", "m", "-5m", "1.5h", "5 minutes", "5m1h", "5m5m", "1234567s", "٣m", "1h  30m", "1h,30m"],
)
def test_what_is_no_duration_is_refused_with_examples(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--every .* is not a duration") as caught:
        duration(text, "--every")
    assert caught.value.remedy == "Try 90s, 15m, 1h30m, 24h, 7d or 2w"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31", "2026-01-31T23:59:59"),
        ("20260131", "2026-01-31T23:59:59"),
        ("2026-W05-6", "2026-01-31T23:59:59"),
        ("2026-01-31T12", "2026-01-31T12:00:00"),
        ("2026W05T12", "2026-01-26T12:00:00"),  # a time, as short as a date
        ("2026-01-31T12:00+02:00", "2026-01-31T10:00:00"),
    ],
)
def test_a_date_without_a_time_of_day_means_its_end(text: str, moment: str) -> None:
    found = at(text, datetime(2026, 6, 1, tzinfo=UTC))
    assert found.replace(tzinfo=None).isoformat() == moment
