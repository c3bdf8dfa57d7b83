"""kagsync's phase 2 in a process that has started: kagsync_inside.py DATABASE FOLDER SLUG CSV…

Brings in the boards one after the other and prints a JSON list: what each but the first took. The first one
pays for what is imported when it is needed. Run with kagsync's own Python.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from pathlib import Path

from kagsync.settings import Settings
from kagsync.sync.by_hand import process_file

gc.disable()  # as the command does
database, folder, slug, *boards = sys.argv[1:]
settings = Settings(db=Path(database), temp_dir=Path(folder))
took = []
for csv in boards:
    wall, cpu = time.perf_counter(), time.process_time()
    process_file(settings, slug, Path(csv))
    took.append({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu})
print(json.dumps(took[1:]))
