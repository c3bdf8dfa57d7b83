"""The secrets of a run, and the forms in which a file may hold them."""

from __future__ import annotations

import base64
import html
import json
import os
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, quote_plus

from kagsync import secrecy
from kagsync.errors import CredentialsError
from kagsync.kaggle import credentials
from kagsync.notify import address

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kagsync.store import Store

SHORTEST = 8  # characters; a shorter value may stand in any text
# How many characters of base64 depend on the bytes before a value, by the number of these bytes modulo 3.
_DEPENDENT = (0, 2, 3)


class Secret(NamedTuple):
    """A secret value, and what it is: the name of its variable, or a description."""

    what: str
    value: str


def of_run(store: Store) -> list[Secret]:
    """All secrets that this run knows: the environment's, Kaggle's, GitHub's and those of the targets."""
    names = [name for name in secrecy.NAMES if secrecy.is_secret(name, _variable(name))]
    found = [Secret(name, _variable(name)) for name in (*names, secrecy.GITHUB_TOKEN, "KAGGLE_KEY")]
    found += _kaggles()
    for target in store.targets.all():
        what = address.variable(target.url) or f"the URL of notification channel {target.id}"
        found.append(Secret(what, _text(address.value(target.url))))
    return list({secret.value: secret for secret in found if secret.value}.values())


def _variable(name: str) -> str:
    return _text(os.environ.get(name, ""))


def _text(value: str) -> str:
    """A value that can be searched for: a variable may hold bytes that are not UTF-8."""
    return value.encode("utf-8", "replace").decode().strip()


def _kaggles() -> Iterator[Secret]:
    """The secrets of the login to Kaggle that this run uses."""
    try:
        login = credentials.find()
    except CredentialsError:
        return
    for value in login.secrets:
        yield Secret(f"Kaggle's key ({login.source})", _text(value))
    if login.username and login.key:
        yield Secret("Kaggle's login", _text(f"{login.username}:{login.key}"))


def forms(value: str) -> set[str]:
    """A text as files may hold it: raw, and escaped for a URL, for HTML, for JSON and as base64.

    Base64 depends on what stands before the text, so there are three forms, without the characters at both
    ends that depend on something else.
    """
    quoted = {quote(value), quote(value, safe=""), quote_plus(value)}
    found = {value, html.escape(value), html.escape(value, quote=False), json.dumps(value)[1:-1]}
    found |= {json.dumps(value, ensure_ascii=False)[1:-1], value.replace("/", "\\/")}
    found |= quoted | {_lower_escapes(each) for each in quoted}
    for before, dependent in enumerate(_DEPENDENT):
        content = b"\0" * before + value.encode()
        whole = len(content) // 3 * 4  # characters that depend on no padding
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            found.add(encode(content).decode()[dependent:whole])
    return {form for form in found if len(form) >= min(SHORTEST, len(value))}


def _lower_escapes(text: str) -> str:
    """A URL's text with its escapes in lower case: %2f."""
    parts = text.split("%")
    return "%".join([parts[0], *(part[:2].lower() + part[2:] for part in parts[1:])])


def searchable(secrets: Iterable[Secret]) -> tuple[list[Secret], list[str]]:
    """Those that are long enough to be searched for, and what the others are."""
    every = list(secrets)
    long = [secret for secret in every if len(secret.value) >= SHORTEST]
    return long, [secret.what for secret in every if secret not in long]
