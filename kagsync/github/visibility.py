"""Whether the repository is public."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from kagsync.errors import KagsyncError
from kagsync.github.git import attempt, server

_EVENT, _NAME = "GITHUB_EVENT_PATH", "GITHUB_REPOSITORY"
# The forms of an address that git knows. Only that of the web tells a port that the web server has.
_WEB = re.compile(r"(?P<scheme>https?)://(?:[^/@]*@)?(?P<host>[^/@]+)/(?P<path>.+)")
_SSH = re.compile(r"(?:git\+)?ssh://(?:[^/@]*@)?(?P<host>[^/@:]+)(?::\d+)?/(?P<path>.+)")
_SCP = re.compile(r"(?:[^/@:]*@)?(?P<host>[^/@:]+):/?(?P<path>[^/].*)")
_REFUSED = "could not read Username"  # what git says, without a login, of a repository that is not public


def is_public() -> bool | None:
    """Whether everybody can read the repository; None: it is not known.

    The event that started the workflow says so. GitHub does not document that a scheduled one always does; if
    it does not, and outside of a workflow, the server is asked for the repository without a login.
    """
    repository = _of_event()
    if "private" in repository:
        return repository["private"] is not True or repository.get("visibility") == "public"
    found = [_is_shown(address) for address in _addresses()]
    if True in found:
        return True
    return False if found and None not in found else None


def _of_event() -> dict[str, Any]:
    """What the event says of the repository; empty: nothing."""
    try:
        event = json.loads(Path(os.environ.get(_EVENT, "")).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    repository = event.get("repository") if isinstance(event, dict) else None
    return repository if isinstance(repository, dict) else {}


def _addresses() -> list[str | None]:
    """The web addresses of the places that `origin` pushes to; None: it has none.

    If the repository is named, that is its address, unless `origin` is another one: for a name with a
    mistake in it the server would also want a login.
    """
    try:
        asked = attempt("remote", "get-url", "--push", "--all", "origin")
    except KagsyncError:
        return []
    urls = asked.out.decode("utf-8", "replace").splitlines()
    name = os.environ.get(_NAME)
    if name and urls and all(_is_of(url, name) for url in urls):
        return [f"{server()}/{name}"]
    return [web_address(url) for url in urls]


def _is_of(url: str, name: str) -> bool:
    """Whether an address ends in the name of a repository, `OWNER/NAME`."""
    name = name.removesuffix(".git").lower()
    return url.lower().rstrip("/").removesuffix(".git").endswith((f"/{name}", f":{name}"))


def web_address(url: str) -> str | None:
    """Where a repository is for those who have no login; None: nowhere, such as that of a folder."""
    found = _WEB.fullmatch(url) or _SSH.fullmatch(url) or _SCP.fullmatch(url)
    if found is None:
        return None
    return f"{found.groupdict().get('scheme', 'https')}://{found['host']}/{found['path']}"


def _is_shown(address: str | None) -> bool | None:
    """Whether the server shows a repository without a login; None: it cannot be asked."""
    if address is None:
        return None
    try:
        done = attempt("ls-remote", address, anonymous=True)
    except KagsyncError:
        return None
    if done.code == 0:
        return True
    return False if _REFUSED in done.err else None
