"""A real Redis, and workers whose work is done in this process, step by step."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from world.broker import Redis

from kagsync.store import Store
from kagsync.workers import fetching, writing
from kagsync.workers.broker import Broker
from kagsync.workers.messages import Delivery, Order

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kagsync.settings import Settings
    from kagsync.sync.result import Outcome, Result


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redis]:
    """A Redis that is in the environment."""
    with Redis(tmp_path / "redis") as server:
        monkeypatch.setenv("KAGSYNC_BROKER", server.url)
        yield server


class Steps:
    """What workers do, one step at a time, with their messages as JSON in between."""

    def __init__(self, settings: Settings, url: str) -> None:
        self.settings = settings
        self.marks = Broker(url)
        self.sent: list[dict[str, Any]] = []

    def order(self) -> list[dict[str, Any]]:
        """Orders what is due; gives the messages."""
        self.sent = []
        with Store.open(self.settings.db, self.settings.locks) as store:
            writing.order(self.settings, store, self.marks, self._send)
        return self.sent

    def tick(self) -> Outcome:
        self.sent = []
        return writing.tick(self.settings, self.marks, self._send)

    def fetch(self, message: dict[str, Any]) -> dict[str, Any]:
        found = fetching.deliver(self.settings, self.marks, Order.of(message), "fetcher@there")
        return _sent(found.data)

    def write(self, message: dict[str, Any]) -> Result | None:
        delivery = Delivery.of(message)
        result = writing.write(self.settings, delivery)
        self.marks.unmark(delivery.slug, delivery.order)
        return result

    def all(self) -> list[Result | None]:
        """A whole round."""
        return [self.write(self.fetch(message)) for message in self.order()]

    def _send(self, order: Order) -> None:
        self.sent.append(_sent(order.data))


def _sent(data: dict[str, Any]) -> dict[str, Any]:
    """What arrives of a message."""
    found: dict[str, Any] = json.loads(json.dumps(data))
    return found


@pytest.fixture
def steps(settings: Settings, broker: Redis) -> Steps:
    return Steps(settings, broker.url)
