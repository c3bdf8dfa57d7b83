"""Finds Kaggle's credentials: all five kinds, in the order of the official client.

The order and the file names are those of `kaggle.api.kaggle_api_extended.KaggleApi.authenticate` and
`kagglesdk.kaggle_env.get_access_token_from_env` (kaggle 2.2.4). Reading them here, instead of importing
`kaggle`, keeps its import-time login, its network call and its prints out of the program.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kagsync import installation
from kagsync.errors import ConfigurationError, CredentialsError, NoCredentials, RefusedCredentials
from kagsync.files import rights
from kagsync.safe_text import clip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TOKENS = "https://www.kaggle.com/settings (API, Create New Token)"
_KAGGLE_JSON = "kaggle.json"
_OAUTH_JSON = "credentials.json"


def how_to() -> str:
    """How to make credentials."""
    login = installation.kaggle_login()
    return f"Make a token at {_TOKENS} and save it as ~/.kaggle/access_token, or run: {login}"


@dataclass(frozen=True)
class Credentials:
    """One way to log in. `source` says where it was found. The repr contains no secrets.

    Exactly one of `token`, (`username`, `key`) and `oauth_file` is set. A token that comes from a login is
    renewed twice a day; `refresh_token` stays.
    """

    source: str
    token: str | None = field(default=None, repr=False)
    username: str | None = None
    key: str | None = field(default=None, repr=False)
    oauth_file: Path | None = None
    refresh_token: str | None = field(default=None, repr=False)
    file: Path | None = None  # where the secret is kept, if in a file
    passed_over: tuple[str, ...] = ()  # unusable credentials that came before: where they are, and why

    @property
    def secrets(self) -> list[str]:
        """What must stay secret."""
        return [secret for secret in (self.token, self.key, self.refresh_token) if secret is not None]


class _Unusable(Exception):
    """Credentials that exist but cannot be used. The text says where they are, and why."""


def exposed_file(credentials: Credentials) -> Path | None:
    """The file with the secret, if others on this machine may read it (POSIX only)."""
    path = credentials.file
    if path is None or os.name != "posix":
        return None
    try:
        return path if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH) else None
    except OSError:
        return None


def warnings(credentials: Credentials) -> dict[str, str]:
    """Warnings about credentials that can be used: texts by keys that identify them."""
    found = {
        f"passed over {reason}": f"Credentials passed over: {reason}. Used instead: {credentials.source}"
        for reason in credentials.passed_over
    }
    if path := exposed_file(credentials):
        advice = f"Make it private: {rights.change('600', path)}"
        found[f"exposed {path}"] = f"Others on this machine can read {path}. {advice}"
    return found


def find() -> Credentials:
    """Finds the credentials that the official client would use, without sending a request.

    Like the official client, it skips what cannot be used and tries the next kind.

    Raises:
        NoCredentials: there are none at all.
        CredentialsError: there are some, and none can be used.
    """
    passed_over: list[str] = []
    for each in _all():
        if isinstance(each, Credentials):
            return replace(each, passed_over=tuple(passed_over))
        passed_over.append(each)
    if passed_over:
        raise CredentialsError(f"no usable Kaggle credentials: {'; '.join(passed_over)}", how_to())
    raise NoCredentials(
        "no Kaggle credentials: looked at KAGGLE_API_TOKEN, ~/.kaggle/access_token, "
        f"KAGGLE_USERNAME and KAGGLE_KEY, {_KAGGLE_JSON} "
        f"(in {', '.join(str(folder) for folder in _config_folders())}), ~/.kaggle/credentials.json",
        how_to(),
    )


def refused(credentials: Credentials, said: str = "") -> RefusedCredentials:
    """The error for credentials that Kaggle does not accept.

    The remedy names a place for a new token that comes before or replaces the refused credentials, because a
    later place would not be read. If there is another login, the remedy also says how to switch to it.

    Args:
        said: Kaggle's own words, to follow ours.
    """
    source, file = credentials.source, credentials.file
    message = f"Kaggle refused the credentials from {source}{said}"
    if file is not None and file.name == _OAUTH_JSON:  # the last place in the order
        return RefusedCredentials(message, how_to())
    place = "~/.kaggle/access_token" if credentials.token is None else file or "KAGGLE_API_TOKEN"
    new = f"new token at {_TOKENS} and put it in {place}"
    others = (each for each in _all() if isinstance(each, Credentials) and each.source != source)
    other = next(others, None)
    if other is None:
        return RefusedCredentials(message, f"Make a {new}")
    drop = f"Unset {source.partition(' (')[0]}" if source.startswith("KAGGLE_") else f"Delete {source}"
    return RefusedCredentials(message, f"{drop} to log in with {other.source} instead, or make a {new}")


def is_sendable(secret: object) -> bool:
    """Whether a secret can be sent: a header cannot hold a line break or a typographic quote."""
    return isinstance(secret, str) and bool(secret.strip()) and secret.isascii() and secret.isprintable()


def _all() -> Iterator[Credentials | str]:
    """All credentials in the order of the official client. Unusable ones are given as text that says why."""
    token_files = [_home() / ".kaggle" / name for name in ("access_token", "access_token.txt")]
    key_files = [folder / _KAGGLE_JSON for folder in _config_folders()]
    looks: list[Callable[[], Credentials | None]] = [
        _token_variable,
        # Windows' Notepad adds .txt.
        *(partial(_token_in, path, str(path)) for path in token_files),
        _key_variables,
        *(partial(_key_in, path) for path in key_files),
        _oauth,
    ]
    for look in looks:
        try:
            found = look()
        except _Unusable as reason:
            yield str(reason)
            continue
        if found is None:
            continue
        secrets = [each for each in (found.token, found.username, found.key) if each is not None]
        if all(is_sendable(secret) for secret in secrets):
            yield found
        else:
            yield f"{found.source} contains a character that no key can have"


def variable(name: str) -> str:
    """A variable's value; a blank one counts as not set."""
    return os.environ.get(name, "").strip()


def _home() -> Path:
    # Not Path.home(): it raises where there is no home, and expanduser is what the official client calls.
    return Path(os.path.expanduser("~"))  # noqa: PTH111


def token_file() -> Path | None:
    """The file that `KAGGLE_API_TOKEN` names, if it holds a path and not a token."""
    value = variable("KAGGLE_API_TOKEN")
    try:
        return Path(value) if value and Path(value).is_file() else None
    except (OSError, ValueError):  # a token may be longer than a file's name can be
        return None


def _token_variable() -> Credentials | None:
    value = variable("KAGGLE_API_TOKEN")
    if path := token_file():
        return _token_in(path, f"KAGGLE_API_TOKEN ({path})")
    if value.startswith(("/", "~", ".", "\\")) or value[1:3] in (":\\", ":/"):
        raise _Unusable(f"KAGGLE_API_TOKEN names {clip(value, 200)}, which is not a file")
    return Credentials("KAGGLE_API_TOKEN", token=value) if value else None


def _token_in(path: Path, source: str) -> Credentials | None:
    if not path.is_file():
        return None
    token = _read(path).strip()
    if not token:
        raise _Unusable(f"{path} is empty")
    return Credentials(source, token=token, file=path)


def _config_folders() -> list[Path]:
    named = variable("KAGGLE_CONFIG_DIR")
    config_home = variable("XDG_CONFIG_HOME")
    return [
        *([Path(named)] if named else []),
        _home() / ".kaggle",
        (Path(config_home) if config_home else _home() / ".config") / "kaggle",
    ]


def _key_variables() -> Credentials | None:
    username, key = variable("KAGGLE_USERNAME"), variable("KAGGLE_KEY")
    if username and key:
        return Credentials("KAGGLE_USERNAME and KAGGLE_KEY", username=username, key=key)
    files = [folder / _KAGGLE_JSON for folder in _config_folders()]
    if (username or key) and not any(path.is_file() for path in files):
        here, missing = ("KAGGLE_USERNAME", "KAGGLE_KEY") if username else ("KAGGLE_KEY", "KAGGLE_USERNAME")
        raise _Unusable(f"{here} is set, but {missing} is not")
    return None


def _key_in(path: Path) -> Credentials | None:
    if not path.is_file():
        return None
    content = _read_json(path)
    # As in the official client, the variables complete or override the file, each for itself.
    found = {name: variable(f"KAGGLE_{name.upper()}") or _text(content, name) for name in ("username", "key")}
    if missing := [name for name, value in found.items() if not value]:
        raise _Unusable(f"{path} has no {' and no '.join(missing)}")
    return Credentials(str(path), username=found["username"], key=found["key"], file=path)


def _oauth() -> Credentials | None:
    path = _home() / ".kaggle" / _OAUTH_JSON
    if not path.is_file():
        return None
    if not _text(_read_json(path), "refresh_token"):
        raise _Unusable(f"{path} has no refresh_token")
    return Credentials(str(path), oauth_file=path, file=path)


def _text(content: dict[str, Any], name: str) -> str:
    value = content.get(name)
    return value.strip() if isinstance(value, str) else ""


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise _Unusable(f"{path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise _Unusable(f"{path} is not text") from error


def _read_json(path: Path) -> dict[str, Any]:
    text = _read(path)
    if not text.strip():
        raise _Unusable(f"{path} is empty")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _Unusable(f"{path} is not JSON") from error
    if not isinstance(content, dict):
        raise _Unusable(f"{path} is not a JSON object")
    return content


def check_environment() -> None:
    """Checks `KAGGLE_API_ENVIRONMENT`, because the SDK raises a bare Exception for a wrong value.

    Raises:
        ConfigurationError: it names no environment of the SDK.
    """
    value = os.environ.get("KAGGLE_API_ENVIRONMENT", "PROD")
    if value not in ("PROD", "TEST", "LOCALHOST", "STAGING", "ADMIN", "QA"):
        raise ConfigurationError(f"KAGGLE_API_ENVIRONMENT is {value!r}", "Unset it")
