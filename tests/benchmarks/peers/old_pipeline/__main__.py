"""`python -m old_pipeline DATABASE setup|tick|process|process-at-once …`, with Django's environment."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from pathlib import Path

import django
from django.conf import settings
from django.db import transaction

database, command, *rest = sys.argv[1:]
settings.configure(
    INSTALLED_APPS=["old_pipeline"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
django.setup()

if command == "setup":
    from django.core.management import call_command
    from old_pipeline.models import Competition, User

    slug, users = rest
    call_command("migrate", run_syncdb=True, verbosity=0)
    Competition.objects.create(slug=slug, kaggle_competition_id=slug)
    names = Path(users).read_text(encoding="utf-8").split()
    User.objects.bulk_create([User(kaggle_username=name) for name in names], batch_size=500)
elif command == "tick":
    from old_pipeline.tasks import sync_all

    sync_all(Path(rest[0]))
else:
    from old_pipeline.models import Competition
    from old_pipeline.tasks import process_leaderboard

    at_once = transaction.atomic() if command == "process-at-once" else nullcontext()
    with at_once:
        synced, seconds = process_leaderboard(Competition.objects.get(slug=rest[0]), Path(rest[1]))
    print(json.dumps({"synced": synced, "seconds": seconds}))
