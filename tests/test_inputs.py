"""What people type: slugs, usernames, URLs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kagsync.errors import UsageError
from kagsync.inputs import competition_slug, username


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
        "kaggle.com/alice",
    ],
)
def test_a_username_is_taken_from_a_name_an_at_name_or_a_profile(text: str) -> None:
    assert username(text) == "alice"


@pytest.mark.parametrize("name", ["Alice", "a", "user.name", "user-name_2", "007", "del=0123456789abcdef"])
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
    ],
)
def test_what_is_no_username_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        username(text)
    assert caught.value.remedy


@pytest.mark.parametrize(
    "text",
    ["https://www.kaggle.com/competitions/titanic", "https://www.kaggle.com/c/titanic"],
)
def test_the_url_of_a_competition_is_no_user(text: str) -> None:
    with pytest.raises(UsageError):
        username(text)


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
