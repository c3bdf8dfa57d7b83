"""Which variables hold secrets that requests need, and how these are removed from text.

Libraries quote a proxy's URL with its password in their errors, and `-v` shows these.
"""

from __future__ import annotations

import os
import re

PING_URL = "KAGSYNC_PING_URL"  # as good as a password for the monitor
BROKER = "KAGSYNC_BROKER"  # a URL that may hold a password
PROXIES = tuple(
    name for word in ("HTTP", "HTTPS", "ALL") for name in (f"{word}_PROXY", f"{word.lower()}_proxy")
)
_MAY_HAVE_LOGIN = (BROKER, *PROXIES)
NAMES = (PING_URL, *_MAY_HAVE_LOGIN)
GITHUB_TOKEN = "GITHUB_TOKEN"  # a workflow's, which git sends; no other request needs it
HIDDEN = "***"
_SHORTEST = 4  # characters; hiding anything shorter would make other text illegible
_SHORTEST_WORD = 8  # characters of a login or password on its own: a shorter one may be an ordinary word
# A URL without a login. Anything that does not look exactly like this may contain a password.
_PLAIN_URL = re.compile(r"(?:\w+://)?(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:/[\w%/.-]*)?")


def is_secret(name: str, value: str) -> bool:
    """Whether the value of a variable must not be seen by others."""
    return name == PING_URL or (name in _MAY_HAVE_LOGIN and _PLAIN_URL.fullmatch(value.strip()) is None)


def redacted(text: str) -> str:
    """The text without the secrets that the environment holds."""
    for secret in sorted(_secrets(), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def _secrets() -> set[str]:
    found = {os.environ.get(GITHUB_TOKEN, "").strip()}
    for name in NAMES:
        value = os.environ.get(name, "").strip()
        if value and is_secret(name, value):
            found |= _parts(value) if name in _MAY_HAVE_LOGIN else {value}
    return {secret for secret in found if len(secret) >= _SHORTEST}


def _parts(url: str) -> set[str]:
    """The secret parts of a URL: its login and its password, even if the URL is malformed."""
    from urllib.parse import unquote  # a few milliseconds, so only if there is such a URL

    rest = url.partition("://")[2] if "://" in url else url
    if not rest:  # "http://": hiding that would hide the beginning of every URL
        return set()
    login = rest.rpartition("@")[0] or rest
    password = login.partition(":")[2]
    words = {login, password, unquote(login), unquote(password)}
    alone = {word for word in words if len(word) >= _SHORTEST_WORD}
    return {url, rest, f"{login}@", f":{password}@", *alone}
