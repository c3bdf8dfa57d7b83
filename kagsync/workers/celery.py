"""What `celery -A kagsync.workers` loads: Celery looks for a module of this name."""

from kagsync.errors import KagsyncError

try:
    from kagsync.workers.app import app
except KagsyncError as error:
    # Celery would print a traceback.
    raise SystemExit(f"ERROR kagsync: {error}") from None

__all__ = ["app"]
