"""Credentials: the five kinds, their order, and what is said when there are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kagsync.credentials import Credentials, check_environment, find
from kagsync.errors import ConfigurationError, CredentialsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Kagsync

    Place = Callable[[Path, pytest.MonkeyPatch], None]


def write(path: Path, content: str | bytes | dict[str, object]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, dict):
        content = json.dumps(content)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def login(who: str) -> dict[str, object]:
    return {"username": who, "key": f"key-of-{who}"}


def in_api_token(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", "from-variable")


def in_token_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home / ".kaggle" / "access_token", "from-file\n")


def in_token_txt(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home / ".kaggle" / "access_token.txt", "from-txt\r\n")


def in_variables(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_USERNAME", "variable")
    monkeypatch.setenv("KAGGLE_KEY", "key-of-variable")


def in_config_dir(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home / "elsewhere"
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(folder))
    write(folder / "kaggle.json", login("elsewhere"))


def in_dot_kaggle(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home / ".kaggle" / "kaggle.json", login("dot-kaggle"))


def in_dot_config(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home / ".config" / "kaggle" / "kaggle.json", login("dot-config"))


def in_oauth(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home / ".kaggle" / "credentials.json", {"refresh_token": "refresh"})


# In the order of the official client: the place, and what of the credentials tells that they are from there.
PLACES: list[tuple[Place, str]] = [
    (in_api_token, "from-variable"),
    (in_token_file, "from-file"),
    (in_token_txt, "from-txt"),
    (in_variables, "variable/key-of-variable"),
    (in_config_dir, "elsewhere/key-of-elsewhere"),
    (in_dot_kaggle, "dot-kaggle/key-of-dot-kaggle"),
    (in_dot_config, "dot-config/key-of-dot-config"),
    (in_oauth, "credentials.json"),
]


def told(credentials: Credentials) -> str:
    """Which one it is; exactly one kind is set."""
    given = [
        credentials.token,
        f"{credentials.username}/{credentials.key}" if credentials.key else None,
        credentials.oauth_file.name if credentials.oauth_file else None,
    ]
    (only,) = [kind for kind in given if kind is not None]
    return only


@pytest.mark.parametrize(("place", "expected"), PLACES)
def test_each_kind_is_found_alone(
    place: Place, expected: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(home, monkeypatch)

    assert told(find()) == expected


@pytest.mark.parametrize("first", range(len(PLACES)))
def test_an_earlier_kind_beats_all_later_ones(
    first: int, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, _ in PLACES[first:]:
        place(home, monkeypatch)

    assert told(find()) == PLACES[first][1]


@pytest.mark.parametrize(("place", "expected"), PLACES)
def test_the_repr_shows_no_secret_and_the_source_is_told(
    place: Place, expected: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(home, monkeypatch)
    credentials = find()

    for secret in (credentials.token, credentials.key, "refresh_token"):
        assert secret is None or secret not in repr(credentials)
    assert credentials.source
    assert "from-" not in credentials.source


def test_the_token_variable_may_be_a_path(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(home / "secrets" / "token", "from-path\n")
    monkeypatch.setenv("KAGGLE_API_TOKEN", str(path))

    credentials = find()

    assert credentials.token == "from-path"
    assert str(path) in credentials.source


def test_a_token_file_of_windows_notepad_is_read_without_its_mark(home: Path) -> None:
    write(home / ".kaggle" / "access_token.txt", b"\xef\xbb\xbffrom-notepad\r\n")

    assert find().token == "from-notepad"


def test_an_empty_token_file_is_passed_over(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home / ".kaggle" / "access_token", " \n")
    in_oauth(home, monkeypatch)

    assert told(find()) == "credentials.json"


def test_a_token_variable_that_names_an_empty_file_is_passed_over(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in the official client, whose get_access_token_from_env gives None then, so that it goes on.
    monkeypatch.setenv("KAGGLE_API_TOKEN", str(write(home / "token", "\n")))
    in_variables(home, monkeypatch)

    assert told(find()) == "variable/key-of-variable"


def test_a_blank_token_variable_is_no_token(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", "  ")
    in_dot_kaggle(home, monkeypatch)

    assert told(find()) == "dot-kaggle/key-of-dot-kaggle"


def test_a_token_variable_with_anything_in_it_is_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", "x" * 10_000)

    assert find().token == "x" * 10_000


def test_a_variable_completes_the_file_and_beats_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_dot_kaggle(home, monkeypatch)
    monkeypatch.setenv("KAGGLE_USERNAME", "somebody")

    assert told(find()) == "somebody/key-of-dot-kaggle"


def test_half_a_login_in_the_variables_alone_is_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_USERNAME", "somebody")
    in_oauth(home, monkeypatch)

    assert told(find()) == "credentials.json"


def test_xdg_config_home_is_honoured(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "xdg"))
    write(home / "xdg" / "kaggle" / "kaggle.json", login("xdg"))

    assert told(find()) == "xdg/key-of-xdg"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("kaggle.json", "{", "not JSON"),
        ("kaggle.json", "", "not JSON"),
        ("kaggle.json", "[]", "not a JSON object"),
        ("kaggle.json", "null", "not a JSON object"),
        ("kaggle.json", "{}", "no username and key"),
        ("kaggle.json", '{"username": "a"}', "no username and key"),
        ("kaggle.json", '{"username": 1, "key": 2}', "no username and key"),
        ("kaggle.json", b"\xff\xfe\x00", "not text"),
        ("access_token", b"\xff\xfe\x00", "not text"),
        ("credentials.json", "{", "not JSON"),
        ("credentials.json", "{}", "no refresh_token"),
        ("credentials.json", "7", "not a JSON object"),
    ],
)
def test_a_malformed_file_is_named_with_what_is_wrong(
    name: str, content: str | bytes, reason: str, home: Path
) -> None:
    path = write(home / ".kaggle" / name, content)

    with pytest.raises(CredentialsError, match=reason) as error:
        find()

    assert str(path) in str(error.value)
    assert error.value.remedy


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs /proc")
def test_an_unreadable_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", "/proc/self/mem")  # a file that nobody can read, not even root

    with pytest.raises(CredentialsError, match=r"cannot read /proc/self/mem: .+"):
        find()


def test_without_any_the_places_and_the_remedy_are_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(home / "elsewhere"))

    with pytest.raises(CredentialsError) as error:
        find()

    told = str(error.value)
    for place in (
        "KAGGLE_API_TOKEN",
        "~/.kaggle/access_token",
        "KAGGLE_USERNAME and KAGGLE_KEY",
        "kaggle.json",
        str(home / "elsewhere"),
        str(home / ".kaggle"),
        str(home / ".config" / "kaggle"),
        "~/.kaggle/credentials.json",
        "https://www.kaggle.com/settings",
        "kaggle auth login",
    ):
        assert place in told
    assert error.value.exit_code == 3


def test_without_credentials_a_sync_ends_with_3_before_anything_is_tried(
    kagsync: Kagsync, tmp_path: Path
) -> None:
    kagsync.ok("competitions", "add", "titanic")

    for command in (["sync", "titanic"], ["sync", "--all"], ["fetch", "titanic"]):
        ran = kagsync(*command)
        assert (ran.code, ran.out) == (3, "")
        assert ran.err.startswith("ERROR kagsync: no Kaggle credentials: looked at KAGGLE_API_TOKEN, ")
        assert "https://www.kaggle.com/settings" in ran.err
        assert len(ran.err.splitlines()) == 1
    temp_data = tmp_path / "cache" / "temp_kaggle_data"
    assert not temp_data.exists() or not list(temp_data.iterdir())


@pytest.mark.parametrize("value", ["PROD", "TEST", "STAGING", None])
def test_an_environment_the_sdk_knows_is_fine(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAGGLE_API_ENVIRONMENT")
    if value:
        monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", value)

    check_environment()


def test_an_environment_the_sdk_does_not_know_is_a_configuration_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "NONSENSE")

    with pytest.raises(ConfigurationError, match="NONSENSE"):
        check_environment()


def test_the_environments_are_those_of_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    from kagglesdk import kaggle_env

    for value in ("PROD", "TEST", "LOCALHOST", "STAGING", "ADMIN", "QA"):
        monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", value)
        kaggle_env.get_env()
        check_environment()
