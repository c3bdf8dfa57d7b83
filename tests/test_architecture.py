"""The house rules that a machine can check."""

from __future__ import annotations

import ast
from pathlib import Path

import kagsync

PACKAGE = Path(kagsync.__file__).parent

# From the outside in: a file imports from later layers only. In one layer nobody imports anybody.
LAYERS = (
    ("__main__", "__init__"),
    ("cli", "frames"),
    ("demo", "run"),
    ("listings", "sync", "progress", "report"),
    ("views", "process", "cleanup", "competitions", "doctor"),
    ("guard", "restore"),
    ("notify", "pings"),
    ("message",),
    ("show", "news", "timeline", "users", "fetch", "chart", "status", "backup"),
    ("typos", "looks", "schedule", "checks"),
    ("kaggle_api",),
    (
        "answers",
        "oauth",
        "env_file",
        "store",
        "channel",
        "matching",
        "run_folder",
        "archive",
        "render",
        "sentences",
        "gaps",
    ),
    ("records", "credentials", "schema", "leaderboard", "locks", "names", "settings", "board_name"),
    ("movements", "log", "figures", "network"),
    ("board",),
    ("log_file",),
    ("output_file", "own_folder"),
    ("errors", "medals", "changes", "rights"),
    ("times", "text", "sdk", "installation", "scratch", "bounds", "secrecy", "memory"),
)
LAYER = {name: number for number, names in enumerate(LAYERS) for name in names}
# The only doors: who may import what leads outside.
DOORS = {
    "kagglesdk": {"kaggle_api", "sdk"},
    "requests": {"answers", "bounds", "kaggle_api", "network", "pings"},
    "urllib3": {"bounds", "kaggle_api", "network"},
    "sqlite_utils": {"store", "schema"},
    "pandas": {"leaderboard", "frames", "__init__"},
    "numpy": {"leaderboard", "figures", "board"},
    "kaggle": set(),
    "apprise": {"channel"},
}
# `sync` names sqlite3's exceptions, to tell them in the store's words.
SQLITE = {"store", "sync"}


def _imports(path: Path) -> set[str]:
    """Absolute names of all modules a file imports, `from kagsync import x` as `kagsync.x`."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return found


def _room(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else path.stem


def test_imports_go_one_way() -> None:
    for path in PACKAGE.rglob("*.py"):
        room = _room(path)
        for name in _imports(path):
            parts = name.split(".")
            if parts[0] == "kagsync" and len(parts) > 1 and parts[1] in LAYER and parts[1] != room:
                assert LAYER[parts[1]] > LAYER[room], f"{path.name} imports {parts[1]}"


def test_every_file_has_its_layer() -> None:
    assert {_room(path) for path in PACKAGE.rglob("*.py")} == set(LAYER)


def test_only_the_doors_lead_outside() -> None:
    for path in PACKAGE.rglob("*.py"):
        for name in _imports(path):
            module = name.split(".")[0]
            assert _room(path) in DOORS.get(module, {_room(path)}), f"{path.name} imports {module}"
            assert module != "sqlite3" or _room(path) in SQLITE, f"{path.name} imports sqlite3"
