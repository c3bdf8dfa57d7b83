"""The work of a fetch worker, which has no database: asks Kaggle, and brings what it answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis import RedisError

from kagsync import clock, log
from kagsync.errors import Interrupted, RateLimited
from kagsync.kaggle import client
from kagsync.log import logger
from kagsync.sync import fetch, fetch_private
from kagsync.sync.work import as_expected, in_run_folder
from kagsync.tracking.competitions import ask_facts
from kagsync.workers import broker
from kagsync.workers.messages import (
    BOARD,
    FAILED,
    LOOK_AT_LOGS,
    NOT_OUT,
    UNCHANGED,
    Brought,
    Delivery,
    GivenUp,
)

if TYPE_CHECKING:
    from kagsync.settings import Settings
    from kagsync.workers.broker import Broker
    from kagsync.workers.messages import Order


_WORDS = {BOARD: "a changed board", UNCHANGED: "nothing new"}


class Resting(Exception):
    """Kaggle asked this worker's key to wait, and a worker with another key may take the order."""


class Replaced(Exception):
    """The competition was ordered again, so this order is not needed any more."""


def give_up(marks: Broker, order: Order, worker: str) -> Delivery:
    """Brings the failure of an order that no worker survives.

    Raises:
        Replaced: as `deliver`.
        RedisError: the broker does not answer.
    """
    if marks.is_replaced(order.slug, order.id):
        raise Replaced
    error = GivenUp("each worker that fetches it dies", LOOK_AT_LOGS)
    logger.error("%s was given up: %s", order.slug, error)
    return Delivery.failed(order, worker, error)


def deliver(settings: Settings, marks: Broker, order: Order, worker: str) -> Delivery:
    """Asks Kaggle for what an order says. A failure becomes part of the delivery.

    Args:
        worker: the name of this worker.

    Raises:
        Resting: the order belongs back into the queue.
        Replaced: the order has waited for so long that there is a later one.
        Interrupted: the worker was told to stop.
        RedisError: the broker does not answer.
    """
    if marks.is_replaced(order.slug, order.id):
        raise Replaced
    delivery = Delivery.failed(order, worker)
    key = ""
    with log.about(order.slug):
        try:
            clients = client.connect()
            key = broker.key_of(clients.credentials)
            marks.in_use(key)
            if until := marks.rests_until(key):
                raise RateLimited(
                    f"{order.slug} rests until {clock.iso(until)}: Kaggle asked to wait (429)", until=until
                )
            delivery = _ask(settings, order, clients(), delivery)
            error = delivery.private.error if delivery.private else None
        except (Interrupted, RedisError):
            raise
        except Exception as cause:  # noqa: BLE001  (the writer logs and records it)
            error = as_expected(cause, settings)
            delivery = delivery._replace(public=Brought(FAILED, error=error))
        if isinstance(error, RateLimited) and error.until is not None and key:
            marks.rest(key, error.until)
            if delivery.public.status == FAILED and marks.another_is_free(key):
                raise Resting
        if delivery.public.status == FAILED:
            logger.info("Did not fetch %s: %s", order.slug, error)
        else:
            logger.info("Fetched %s: %s", order.slug, error or _WORDS[delivery.public.status])
        return delivery


def _ask(settings: Settings, order: Order, api: client.KaggleApi, delivery: Delivery) -> Delivery:
    """The delivery with what Kaggle answers; raises whatever keeps the public board away."""
    competition = order.competition
    with in_run_folder(
        settings, competition, lambda folder: fetch.from_kaggle(api, competition, folder)
    ) as board:
        delivery = delivery._replace(public=Brought.board(board, order.last))
    if order.asks_facts:
        delivery = delivery._replace(facts=ask_facts(competition, api), asked_facts=True)
    if order.known is None:
        return delivery
    return delivery._replace(private=_private(settings, order, api))


def _private(settings: Settings, order: Order, api: client.KaggleApi) -> Brought:
    competition, known = order.competition, order.known
    assert known is not None
    try:
        with in_run_folder(
            settings, competition, lambda folder: fetch_private.from_kaggle(api, competition, folder, known)
        ) as board:
            return Brought(NOT_OUT) if board is None else Brought.board(board)
    except Interrupted:
        raise
    except Exception as cause:  # noqa: BLE001  (the public board is there, and must not be lost)
        return Brought(FAILED, error=as_expected(cause, settings))
