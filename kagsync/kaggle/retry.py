"""The retry policy for Kaggle and its defaults: how long to wait for an answer, and when to try again."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from kagsync.errors import Interrupted, OutOfTime
from kagsync.kaggle import watchdog
from kagsync.kaggle.exchange import Exchange
from kagsync.log import logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from kagsync.net.route import Failure

T = TypeVar("T")


@dataclass(frozen=True)
class RetryPolicy:
    """Limits for calls to Kaggle.

    Attributes:
        tries: how often a call is tried.
        deadline: seconds for a call, with all its tries.
        connect_timeout: seconds for one connection.
        read_timeout: seconds without any data.
        refusal_timeout: seconds for the body of a refusal.
        pause: seconds between two tries, at least and at most. A random pause keeps many clients that failed
            together from coming back together.
        largest_download: bytes. The largest board ever seen is 2.2 MB unpacked.
    """

    tries: int = 4
    deadline: float = 120.0
    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    refusal_timeout: float = 5.0
    pause: tuple[float, float] = (1.0, 4.0)
    largest_download: int = 64 * 1024 * 1024


DEFAULT = RetryPolicy()


def persist(
    call: Callable[[], T],
    about: str,
    policy: RetryPolicy,
    until: float,
    explain: Callable[[Exception, Exchange], Failure],
) -> T:
    """Tries until the call works, its error is final, the tries are used up or the time is over.

    Args:
        about: the competition, for messages.
        until: the time on the monotonic clock at which the run gives up.
        explain: says what an exception of the call means, and raises any that does not concern Kaggle.

    Raises:
        KagsyncError: the error of the last try.
        OutOfTime: the run ended before the policy's deadline.
        Interrupted: the program stops.
    """
    whole = time.monotonic() + policy.deadline
    deadline = min(whole, until)
    number = 0
    while True:
        number += 1
        exchange = Exchange(deadline - time.monotonic())
        try:
            return exchange.run(call)
        except Exception as cause:
            if watchdog.stop.event.is_set():
                raise Interrupted("stopped") from cause
            failure = explain(cause, exchange)
        if not failure.heals:
            raise failure.error
        last = number == policy.tries
        wait = random.uniform(*policy.pause) if failure.wait is None else failure.wait
        over = time.monotonic() + (0 if last else wait) >= deadline
        if over and deadline < whole:
            remedy = "The next run starts with it"
            raise OutOfTime(f"no time was left for {about}", remedy) from failure.error.__cause__
        if over or last:
            raise failure.error
        logger.debug(
            "Try %d of %d failed (%s); next in %.1f s", number, policy.tries, failure.error.message, wait
        )
        if watchdog.stop.event.wait(wait):
            raise Interrupted("stopped")
