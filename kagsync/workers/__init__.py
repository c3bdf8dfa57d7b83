"""More than one machine: Celery workers that fetch, and one that writes.

`celery -A kagsync.workers` loads this, and nothing else in kagsync does. Celery and Redis are an extra.
"""

from kagsync.errors import KagsyncError

try:
    from kagsync.workers.app import app
except KagsyncError as error:
    # Celery would print a traceback.
    raise SystemExit(f"ERROR kagsync: {error}") from None

__all__ = ["app"]
