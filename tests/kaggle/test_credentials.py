"""Credentials: the five kinds, their order, and what is said when there are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from world.boards import board_csv, many_teams

from kagsync import installation
from kagsync.errors import ConfigurationError, CredentialsError, NoCredentials
from kagsync.kaggle.credentials import Credentials, check_environment, find, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from world.kaggle_server import KaggleServer
    from world.running import Kagsync

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
        ("kaggle.json", "", "is empty"),
        ("kaggle.json", "[" * 100_000, "not JSON"),
        ("kaggle.json", "[]", "not a JSON object"),
        ("kaggle.json", "null", "not a JSON object"),
        ("kaggle.json", "{}", "no username and no key"),
        ("kaggle.json", '{"username": "a"}', "has no key"),
        ("kaggle.json", '{"username": 1, "key": 2}', "no username and no key"),
        ("kaggle.json", '{"username": "a", "key": " "}', "has no key"),
        ("kaggle.json", '{"username": "a", "key": "“b”"}', "contains a character that no key can have"),
        ("access_token", " \n", "is empty"),
        ("access_token", "two\nlines", "contains a character that no key can have"),
        ("kaggle.json", b"\xff\xfe\x00", "not text"),
        ("access_token", b"\xff\xfe\x00", "not text"),
        ("credentials.json", "{", "not JSON"),
        ("credentials.json", "{}", "no refresh_token"),
        ("credentials.json", '{"refresh_token": 7}', "no refresh_token"),
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
    assert not isinstance(error.value, NoCredentials)


# What a file may be instead of credentials; nothing of it may hide those of a later kind.
BROKEN: dict[str, list[str | bytes]] = {
    "access_token": ["", " \n", b"\xff\xfe\x00", "two\nlines"],
    "access_token.txt": ["\r\n"],
    "kaggle.json": ["", "{", "[]", "null", "{}", '{"username": "alice"}', '{"key": "k"}', b"\xff\xfe"],
}


@pytest.mark.parametrize(
    ("name", "content"), [(name, content) for name, contents in BROKEN.items() for content in contents]
)
def test_what_cannot_be_used_does_not_hide_a_good_login(
    name: str, content: str | bytes, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(home / ".kaggle" / name, content)
    in_oauth(home, monkeypatch)

    credentials = find()

    assert told(credentials) == "credentials.json"
    (reason,) = credentials.passed_over
    assert reason.startswith(f"{path} ")


def test_all_that_is_broken_is_told_when_nothing_else_is_there(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", "/run/secrets/none")
    files = [
        write(home / ".kaggle" / name, "") for name in ("access_token", "kaggle.json", "credentials.json")
    ]

    with pytest.raises(CredentialsError) as error:
        find()

    assert "KAGGLE_API_TOKEN names /run/secrets/none, which is not a file" in str(error.value)
    for file in files:
        assert f"{file} is empty" in str(error.value)
    assert "kaggle auth login" in error.value.remedy


def test_a_broken_kaggle_json_does_not_hide_one_in_another_folder(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home / ".kaggle" / "kaggle.json", "{}")
    in_dot_config(home, monkeypatch)

    assert told(find()) == "dot-config/key-of-dot-config"


@pytest.mark.parametrize("name", ["KAGGLE_USERNAME", "KAGGLE_KEY"])
def test_half_a_login_alone_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "x")

    with pytest.raises(CredentialsError, match=f"{name} is set, but KAGGLE_[A-Z]+ is not"):
        find()


@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
def test_blank_variables_count_as_not_set(blank: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_CONFIG_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, blank)
    with pytest.raises(NoCredentials):
        find()
    in_dot_config(home, monkeypatch)

    credentials = find()

    assert (told(credentials), credentials.passed_over) == ("dot-config/key-of-dot-config", ())


def test_what_surrounds_a_key_in_a_variable_is_no_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_USERNAME", " alice")
    monkeypatch.setenv("KAGGLE_KEY", "secret\n")

    assert told(find()) == "alice/secret"


@pytest.mark.parametrize("value", ["/nowhere/token", "~/token", "./token", "C:\\token", "C:/token", "/"])
def test_a_path_in_the_token_variable_that_is_no_file_is_no_token(
    value: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", value)
    in_oauth(home, monkeypatch)

    credentials = find()

    assert told(credentials) == "credentials.json"
    assert credentials.passed_over == (f"KAGGLE_API_TOKEN names {value}, which is not a file",)


@pytest.mark.parametrize(
    ("place", "drop"),
    [
        (in_api_token, "Unset KAGGLE_API_TOKEN to"),
        (in_token_file, "Delete {home}/.kaggle/access_token to"),
        (in_token_txt, "Delete {home}/.kaggle/access_token.txt to"),
        (in_variables, "Unset KAGGLE_USERNAME and KAGGLE_KEY to"),
        (in_dot_kaggle, "Delete {home}/.kaggle/kaggle.json to"),
    ],
)
def test_refused_credentials_before_others_say_how_to_get_to_them(
    place: Place, drop: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(home, monkeypatch)
    in_oauth(home, monkeypatch)

    error = refused(find())

    assert drop.format(home=home) in error.remedy
    assert f"log in with {home / '.kaggle' / 'credentials.json'} instead" in error.remedy


@pytest.mark.parametrize(
    ("place", "where"),
    [
        (in_api_token, "put it in KAGGLE_API_TOKEN"),
        (in_token_file, "put it in {home}/.kaggle/access_token"),
        (in_token_txt, "put it in {home}/.kaggle/access_token.txt"),
        (in_variables, "put it in ~/.kaggle/access_token"),
        (in_dot_kaggle, "put it in ~/.kaggle/access_token"),
        (in_oauth, f"save it as ~/.kaggle/access_token, or run: {installation.kaggle_login()}"),
    ],
)
def test_what_is_made_in_place_of_refused_credentials_is_used(
    place: Place, where: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(home, monkeypatch)

    assert refused(find()).remedy.endswith(where.format(home=home))


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs /proc")
def test_an_unreadable_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", "/proc/self/mem")  # a file that nobody can read, not even root

    with pytest.raises(CredentialsError, match=r"/proc/self/mem cannot be read \(.+\)"):
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


def test_what_is_passed_over_is_warned_about_exactly_once(
    kaggle: KaggleServer, kagsync: Kagsync, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kaggle.board("titanic", board_csv(many_teams(5)))
    kagsync.ok("competitions", "add", "titanic")
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    path = write(home / ".kaggle" / "kaggle.json", '{"username": "alice"}')
    good = write(home / ".kaggle" / "access_token.txt", "test-token")
    empty = write(home / ".kaggle" / "access_token", "")
    for file in (path, good, empty):
        file.chmod(0o600)

    first = kagsync("sync", "--all", "-q")
    second = kagsync("sync", "--all", "-q")

    # kaggle.json comes after the token that is used, so nobody needs to know of it.
    assert first.err == (
        f"WARNING kagsync: Credentials passed over: {empty} is empty. Used instead: {good}\n"
    )
    assert (first.code, second.code, second.out, second.err) == (0, 0, "", "")
    assert f"DEBUG kagsync: Passed over: {empty} is empty" in kagsync("sync", "titanic", "-v").err


def test_doctor_tells_what_is_passed_over_and_what_is_used(kagsync: Kagsync, home: Path) -> None:
    broken = write(home / ".kaggle" / "access_token", "")
    good = write(home / ".kaggle" / "kaggle.json", login("alice"))
    good.chmod(0o600)

    assert f"Kaggle's key: from {good}; passed over: {broken} is empty" in kagsync("doctor").out


def test_adding_a_competition_warns_of_credentials_that_cannot_be_used(kagsync: Kagsync, home: Path) -> None:
    assert kagsync("competitions", "add", "a").err == ""  # without any, Kaggle is simply not asked

    path = write(home / ".kaggle" / "kaggle.json", "{")

    ran = kagsync("competitions", "add", "b")
    assert ran.code == 0
    assert "WARNING kagsync: Kaggle could not be asked about b: no usable Kaggle credentials" in ran.err
    assert f"{path} is not JSON" in ran.err


def test_adding_a_competition_warns_of_credentials_that_kaggle_refuses(
    kaggle: KaggleServer, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", "expired")

    ran = kagsync("competitions", "add", "titanic")

    assert ran.code == 0
    assert (
        "WARNING kagsync: Kaggle could not be asked about titanic: Kaggle refused the credentials" in ran.err
    )


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
