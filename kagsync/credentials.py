"""Kaggle's credentials: all five kinds, looked for in the order of the official client.

The order and the file names are those of `kaggle.api.kaggle_api_extended.KaggleApi.authenticate` and
`kagglesdk.kaggle_env.get_access_token_from_env` (kaggle 2.2.4). Reading them here, instead of importing
`kaggle`, keeps its import-time login, its network call and its prints out of the program.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kagsync import installation
from kagsync.errors import ConfigurationError, CredentialsError

HOW_TO = (
    "Make a token at https://www.kaggle.com/settings (API, Create New Token) and save it as "
    f"~/.kaggle/access_token, or run: {installation.kaggle_login()}"
)


@dataclass(frozen=True)
class Credentials:
    """One way to log in; `source` says where it was found, secrets stay out of its repr.

    Exactly one of `token`, (`username`, `key`) and `oauth_file` is set.
    """

    source: str
    token: str | None = field(default=None, repr=False)
    username: str | None = None
    key: str | None = field(default=None, repr=False)
    oauth_file: Path | None = None
    file: Path | None = None  # where the secret is kept, if in a file


def exposed_file(credentials: Credentials) -> Path | None:
    """The file with the secret, if others on this machine may read it (POSIX only)."""
    path = credentials.file
    if path is None or os.name != "posix":
        return None
    try:
        return path if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH) else None
    except OSError:
        return None


def find() -> Credentials:
    """Finds the credentials that the official client would use, without asking the network.

    Raises:
        CredentialsError: there are none, or a file that should hold them cannot be read.
    """
    found = _token() or _username_and_key() or _oauth()
    if found is None:
        raise CredentialsError(
            "no Kaggle credentials: looked at KAGGLE_API_TOKEN, ~/.kaggle/access_token, "
            "KAGGLE_USERNAME and KAGGLE_KEY, kaggle.json "
            f"(in {', '.join(str(folder) for folder in _config_folders())}), ~/.kaggle/credentials.json",
            HOW_TO,
        )
    for secret in (found.token, found.username, found.key):
        if secret is not None and not (secret.isascii() and secret.isprintable()):
            # No HTTP header could carry it: most likely a line break, or a typographic quote.
            raise CredentialsError(
                f"the credentials from {found.source} hold a character that no key has", HOW_TO
            )
    return found


def _home() -> Path:
    # Not Path.home(): it raises where there is no home, and expanduser is what the official client calls.
    return Path(os.path.expanduser("~"))  # noqa: PTH111


def token_file() -> Path | None:
    """The file that `KAGGLE_API_TOKEN` names, if it holds a path and not a token."""
    value = os.environ.get("KAGGLE_API_TOKEN", "").strip()
    return Path(value) if value and _names_a_file(value) else None


def _token() -> Credentials | None:
    value = os.environ.get("KAGGLE_API_TOKEN", "").strip()
    if path := token_file():
        if token := _read(path).strip():
            return Credentials(f"KAGGLE_API_TOKEN ({path})", token=token, file=path)
    elif value:
        return Credentials("KAGGLE_API_TOKEN", token=value)
    for name in ("access_token", "access_token.txt"):  # .txt: what Windows' Notepad makes of it
        path = _home() / ".kaggle" / name
        if path.is_file() and (token := _read(path).strip()):
            return Credentials(str(path), token=token, file=path)
    return None


def _names_a_file(value: str) -> bool:
    try:
        return Path(value).is_file()
    except (OSError, ValueError):  # a token may be longer than a file's name can be
        return False


def _config_folders() -> list[Path]:
    folders = [Path(value)] if (value := os.environ.get("KAGGLE_CONFIG_DIR")) else []
    config_home = os.environ.get("XDG_CONFIG_HOME")
    return [
        *folders,
        _home() / ".kaggle",
        (Path(config_home) if config_home else _home() / ".config") / "kaggle",
    ]


def _username_and_key() -> Credentials | None:
    # As in the official client, the variables complete or override the file, each for itself.
    username, key = os.environ.get("KAGGLE_USERNAME"), os.environ.get("KAGGLE_KEY")
    source, file = "KAGGLE_USERNAME and KAGGLE_KEY", None
    if not (username and key):
        path = next((p for folder in _config_folders() if (p := folder / "kaggle.json").is_file()), None)
        if path is None:
            return None
        content = _read_json(path)
        username, key = username or content.get("username"), key or content.get("key")
        source, file = str(path), path
        if not (isinstance(username, str) and isinstance(key, str) and username and key):
            raise CredentialsError(f"{path} has no username and key", HOW_TO)
    return Credentials(source, username=username, key=key, file=file)


def _oauth() -> Credentials | None:
    path = _home() / ".kaggle" / "credentials.json"
    if not path.is_file():
        return None
    if not _read_json(path).get("refresh_token"):
        raise CredentialsError(f"{path} has no refresh_token", f"Log in again: {installation.kaggle_login()}")
    return Credentials(str(path), oauth_file=path, file=path)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise CredentialsError(f"cannot read {path}: {reason}", "Mend or remove that file") from error


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(_read(path))
    except json.JSONDecodeError as error:
        raise CredentialsError(f"{path} is not JSON (line {error.lineno})", HOW_TO) from error
    if not isinstance(content, dict):
        raise CredentialsError(f"{path} is not a JSON object", HOW_TO)
    return content


def check_environment() -> None:
    """Checks `KAGGLE_API_ENVIRONMENT`, for which the SDK raises a bare Exception.

    Raises:
        ConfigurationError: it names no environment of the SDK.
    """
    value = os.environ.get("KAGGLE_API_ENVIRONMENT", "PROD")
    if value not in ("PROD", "TEST", "LOCALHOST", "STAGING", "ADMIN", "QA"):
        raise ConfigurationError(f"KAGGLE_API_ENVIRONMENT is {value!r}", "Unset it")
