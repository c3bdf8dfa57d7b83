"""The Celery app: its settings, its three tasks, and what each worker does as it starts.

Delivery is at least once: a task is acknowledged when what it sends is in the broker, or what it writes is in
the database. A task of a worker that dies before that is done again.
"""

from __future__ import annotations

import json
import logging
import ssl
import sys
import time
import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

from kagsync import installation, log, settings
from kagsync.errors import ConfigurationError, KagsyncError

try:
    from celery import Celery, signals
    from celery.exceptions import CPendingDeprecationWarning
    from celery.schedules import crontab
    from kombu import Exchange, Queue
    from redis import RedisError
except ImportError as missing:
    raise ConfigurationError(
        "workers need Celery and redis, which are not installed", installation.this().add_extra("celery")
    ) from missing

from kagsync.kaggle import credentials, sdk
from kagsync.log import logger
from kagsync.sync import cleanup
from kagsync.workers import broker, fetching, writing
from kagsync.workers.broker import Broker
from kagsync.workers.messages import LOOK_AT_LOGS, BadMessage, Delivery, GivenUp, Order

if TYPE_CHECKING:
    from collections.abc import Sequence

FETCH, WRITE = "fetch", "write"  # the queues
# Longer than any task may run, else a second worker would start it while the first one is at it. After this
# time the task of a worker that was killed is given to another one.
VISIBILITY = 1200
# A download has 120 seconds, facts have 15, and the pages of a private board 600.
_SOFT_LIMIT, _HARD_LIMIT = 800, 860
HOLD = 20  # seconds for which a worker whose key rests keeps an order, so that others get most of them
_AGAIN, _MOST_TIMES = 60, 30  # seconds between two tries to write, and how many: half an hour


def _make() -> Celery:
    url = broker.url()
    app = Celery("kagsync", broker=url)
    patience = {"max_retries": broker.TRIES, "interval_step": 0.5, "interval_max": broker.LONGEST_PAUSE}
    app.conf.update(
        # JSON only: whoever can write to the broker could run code with pickle.
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        # A task that runs while the connection breaks is better finished than stopped: it sends its result
        # when the broker is back.
        worker_cancel_long_running_tasks_on_connection_loss=False,
        task_soft_time_limit=_SOFT_LIMIT,
        task_time_limit=_HARD_LIMIT,
        task_publish_retry_policy=patience,
        task_queues=[Queue(name, Exchange(name), routing_key=name) for name in (FETCH, WRITE)],
        task_default_queue=FETCH,
        task_routes={"kagsync.fetch": {"queue": FETCH}, "kagsync.*": {"queue": WRITE}},
        broker_transport_options={"visibility_timeout": VISIBILITY, "global_keyprefix": broker.PREFIX},
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_use_ssl={"ssl_cert_reqs": ssl.CERT_REQUIRED} if url.startswith("rediss:") else None,
        worker_redirect_stdouts=False,  # kagsync's own log lines go to stderr as they are
        worker_send_task_events=False,
        timezone="UTC",
        beat_schedule={
            # A tick that waited behind others for five minutes is not needed any more.
            "enqueue": {
                "task": "kagsync.enqueue",
                "schedule": crontab(minute="*/5"),
                "options": {"expires": 290},
            }
        },
    )
    return app


@cache
def _marks() -> Broker:
    return Broker(broker.url())


def _fetch(task: Any, data: Any) -> None:
    """Fetches one competition, on any machine."""
    try:
        order = Order.of(data)
    except BadMessage as error:
        logger.error("%s", error)
        return
    worker = task.request.hostname
    try:
        if _marks().starts(FETCH, order.id) - task.request.retries > broker.MOST_STARTS:
            delivery = fetching.give_up(_marks(), order, worker)
        else:
            delivery = fetching.deliver(settings.load(), _marks(), order, worker)
    except fetching.Replaced:
        logger.info("%s was ordered again, so the older order is dropped", order.slug)
        return
    except fetching.Resting:
        time.sleep(HOLD)
        raise task.retry(countdown=0, max_retries=None) from None
    _marks().keep(order.id, json.dumps(delivery.data))
    write.apply_async((order.id,))


def _write(task: Any, order: Any) -> None:
    """Applies what a worker brought for an order, on the machine with the database."""
    text = _marks().kept(str(order))
    if text is None:  # announced twice
        return
    try:
        delivery = Delivery.read(text)
    except BadMessage as error:
        logger.error("%s", error)
        _marks().drop(str(order))
        return
    starts = _marks().starts(WRITE, delivery.order) - task.request.retries
    if starts > broker.MOST_STARTS:
        fatal = GivenUp("each worker that applies its board dies", LOOK_AT_LOGS)
        logger.error("%s was given up: %s", delivery.slug, fatal)
        delivery = Delivery.failed(delivery, delivery.worker, fatal)
    if starts <= broker.MOST_STARTS + 1:  # a worker may die of recording that, too
        _apply(task, delivery)
    # Of what is given up, the mark stays, so that it is not ordered again at once.
    if not isinstance(delivery.public.error, GivenUp):
        _marks().unmark(delivery.slug, delivery.order)
    _marks().drop(str(order))  # last: of a writer that is killed here, only what is applied comes again


def _apply(task: Any, delivery: Delivery) -> None:
    """Applies a delivery, or puts it off if that fails for a reason that passes."""
    try:
        result = writing.write(settings.load(), delivery)
        wait = writing.is_worth_another_try(result, delivery)
    except KagsyncError as error:
        logger.error("%s: %s", delivery.slug, error)
        wait = True
    if wait and task.request.retries < _MOST_TIMES:
        raise task.retry(countdown=_AGAIN, max_retries=None)


def _enqueue() -> None:
    """Orders what is due, and does what follows a run, on the machine with the database."""
    for order in _marks().stranded():
        write.apply_async((order,))
    writing.tick(settings.load(), _marks(), lambda order: fetch.apply_async((order.data,)))


app = _make()
_options = {"bind": True, "autoretry_for": (RedisError,)}
fetch = app.task(_fetch, name="kagsync.fetch", **_options)
write = app.task(_write, name="kagsync.write", **_options)
enqueue = app.task(_enqueue, name="kagsync.enqueue")


def _configure_log(loglevel: int = logging.WARNING, **_: Any) -> None:
    """kagsync's log is as detailed as Celery's."""
    verbose, quiet = loglevel <= logging.DEBUG, loglevel > logging.INFO
    log.configure(verbose=verbose, quiet=quiet, log_file=settings.load().log_file)


def _check(options: dict[str, Any] | None = None, **_: Any) -> None:
    """Refuses to start where nothing could work: a fetch worker without Kaggle's credentials."""
    queues: Sequence[str] = (options or {}).get("queues") or [FETCH]
    try:
        settings.load()
        if FETCH in queues:
            credentials.check_environment()
            credentials.find()
            sdk.part()  # imported once, and shared by the processes that are forked from this one
    except KagsyncError as error:
        sys.stderr.write(f"ERROR kagsync: {error}\n")
        raise SystemExit(error.exit_code) from None


def _sweep(**_: Any) -> None:
    """Removes what a process that died left behind; this one takes its place."""
    try:
        cleanup.sweep(settings.load().temp_data)
    except KagsyncError as error:
        logger.warning("%s", error)


# Celery announces that a setting will have another default; it is set here.
warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)
signals.after_setup_logger.connect(_configure_log)
signals.celeryd_init.connect(_check)
signals.worker_process_init.connect(_sweep)
