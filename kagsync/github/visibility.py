"""Whether a workflow's repository is public."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from kagsync.errors import KagsyncError
from kagsync.github.git import attempt, server

_EVENT, _NAME = "GITHUB_EVENT_PATH", "GITHUB_REPOSITORY"
_REFUSED = "could not read Username"  # what git says, without a login, of a repository that is not public


def is_public() -> bool:
    """Whether everybody can read the repository.

    The event that started the workflow says so. GitHub does not document that a scheduled one always does; if
    it does not, GitHub is asked for the repository without a login. It counts as public unless one of them
    says that it is private.
    """
    repository = _of_event()
    if "private" in repository:
        return repository["private"] is not True or repository.get("visibility") == "public"
    return not _is_hidden()


def _of_event() -> dict[str, Any]:
    """What the event says of the repository; empty: nothing."""
    try:
        event = json.loads(Path(os.environ.get(_EVENT, "")).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    repository = event.get("repository") if isinstance(event, dict) else None
    return repository if isinstance(repository, dict) else {}


def _is_hidden() -> bool:
    """Whether GitHub refuses to show the repository without a login."""
    name = os.environ.get(_NAME)
    if not name:
        return False
    try:
        done = attempt("ls-remote", f"{server()}/{name}", anonymous=True)
    except KagsyncError:
        return False
    return done.code != 0 and _REFUSED in done.err
