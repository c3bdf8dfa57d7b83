"""More than one machine: Celery workers that fetch, and one that writes. Celery and Redis are an extra."""
