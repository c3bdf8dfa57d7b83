"""The app of kagsync.workers for tests: a message of a killed worker comes back after some seconds.

Celery looks for such messages every hundred seconds, and here every ten.
"""

from __future__ import annotations

from kombu.transport.redis import QoS

from kagsync.workers.app import app

app.conf.broker_transport_options = {**app.conf.broker_transport_options, "visibility_timeout": 3}
QoS.restore_visible.__defaults__ = (0, 10, 1)  # start, number, interval
