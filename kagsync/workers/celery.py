"""What `celery -A kagsync.workers` loads: Celery looks for a module of this name."""

import sys

from kagsync.errors import KagsyncError

try:
    from kagsync.workers.app import app
except KagsyncError as error:
    # Celery would print a traceback.
    sys.stderr.write(f"ERROR kagsync: {error}\n")
    raise SystemExit(error.exit_code) from None

__all__ = ["app"]
