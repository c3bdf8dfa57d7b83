"""What to say of a name that is not known."""

from __future__ import annotations

import difflib


def did_you_mean(word: str, known: list[str], listing: str = "kagsync competitions list") -> str:
    """The remedy for a name that is not known."""
    lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), lower, n=1, cutoff=0.5)
    if close:
        return f"Did you mean {lower[close[0]]}?"
    if known:
        return f"See: {listing}"
    noun = "competitions add SLUG" if "competitions" in listing else "users add USERNAME"
    return f"None is yet: kagsync {noun}"
