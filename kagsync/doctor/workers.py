"""A check of what workers on several machines share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kagsync import secrecy
from kagsync.doctor.checks import Check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kagsync.doctor.checks import Found


def redis(known: Found) -> Iterator[Check]:
    """Asks Redis whether it answers, if workers use it; otherwise nothing."""
    if not os.environ.get(secrecy.BROKER) and not known.fetched_elsewhere:
        return
    from kagsync.workers import app, broker  # noqa: F401  (`app` says what to install if Celery is missing)

    url = broker.url()
    broker.check(url)
    yield Check("Redis", True, f"answers at {broker.place(url)}")
