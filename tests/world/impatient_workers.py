"""The app of kagsync.workers for tests: a message of a killed worker comes back after some seconds."""

from __future__ import annotations

from kagsync.workers.app import app

app.conf.broker_transport_options = {
    **app.conf.broker_transport_options,
    "visibility_timeout": 3,
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
}
