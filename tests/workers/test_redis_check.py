"""`doctor` where workers share a Redis."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from world.broker import Redis, needs_redis
from world.database import execute

from kagsync import clock, inputs

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from world.running import Kagsync

    from kagsync.settings import Settings
    from kagsync.store import Store

pytestmark = needs_redis


def check(kagsync: Kagsync) -> dict[str, Any] | None:
    """What `doctor` says of Redis; None: nothing."""
    checks = json.loads(kagsync("doctor", "--format", "json").out)["checks"]
    return next((each for each in checks if each["about"] == "Redis"), None)


def test_it_is_asked_where_workers_use_it(
    kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert check(kagsync) is None
    with Redis(tmp_path / "redis", password="pass-word") as redis:
        monkeypatch.setenv("KAGSYNC_BROKER", redis.url)
        found = check(kagsync)
        assert found == {
            "about": "Redis",
            "ok": True,
            "said": f"answers at 127.0.0.1:{redis.port}",
            "remedy": None,
        }
        monkeypatch.setenv("KAGSYNC_BROKER", redis.url.replace("pass-word", "wrong-one"))
        found = check(kagsync)
        assert found is not None and not found["ok"]
        assert "invalid username-password" in found["said"] and "wrong-one" not in str(found)
    found = check(kagsync)
    assert found is not None and not found["ok"]
    assert f"Redis at 127.0.0.1:{redis.port} cannot be used: " in found["said"]
    assert found["remedy"] == "Start it, or set KAGSYNC_BROKER to its URL"


def test_it_is_asked_on_the_writers_machine_also_without_the_variable(
    store: Store, settings: Settings, kagsync: Kagsync
) -> None:
    now = clock.iso(clock.utc_now())
    execute(settings.db, "INSERT INTO triggers VALUES (?, 'kagsync', ?, ?, 0)", inputs.BY_WORKERS, now, now)
    found = check(kagsync)
    assert found is not None and "localhost:6379" in found["said"]


def test_what_is_missing_for_workers_is_named(kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGSYNC_BROKER", "redis://localhost")
    monkeypatch.setitem(sys.modules, "celery", None)
    monkeypatch.delitem(sys.modules, "kagsync.workers.app", raising=False)
    monkeypatch.delattr("kagsync.workers.app", raising=False)
    found = check(kagsync)
    assert found is not None and not found["ok"]
    assert "are not installed" in found["said"] and "celery" in found["remedy"]
