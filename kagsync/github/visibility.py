"""Whether a workflow's repository is public."""

from __future__ import annotations

import json
import os
from pathlib import Path

_EVENT = "GITHUB_EVENT_PATH"


def is_public() -> bool:
    """Whether everybody can read the repository, as the event that started the workflow says.

    A repository counts as public unless the event says that it is private.
    """
    try:
        event = json.loads(Path(os.environ.get(_EVENT, "")).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return True
    repository = event.get("repository") if isinstance(event, dict) else None
    if not isinstance(repository, dict):
        return True
    return repository.get("private") is not True or repository.get("visibility") == "public"
