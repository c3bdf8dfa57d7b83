"""The app of kagsync.workers for tests: a message of a killed worker comes back after three seconds."""

from __future__ import annotations

from kagsync.workers import app

app.conf.broker_transport_options = {**app.conf.broker_transport_options, "visibility_timeout": 3}
