"""The house rules that a machine can check."""

from __future__ import annotations

import ast
from pathlib import Path

import kagsync

PACKAGE = Path(kagsync.__file__).parent

# From the outside in: a folder, or a file beside the folders, imports from lower lines only, and nothing on a
# line imports its neighbours.
LINES = (
    "__main__",
    "cli",
    "demo doctor",
    "sync",
    "report",
    "output __init__",
    "notify notebook",
    "queries schedule tracking",
    "board store kaggle",
    "log settings inputs net",
    "files",
    "errors",
    "standings safe_text clock version secrecy memory installation",
)
LINE = {name: number for number, names in enumerate(LINES) for name in names.split()}
# The only doors: who may import what leads outside.
DOORS = {
    "kagglesdk": {"kaggle"},
    "requests": {"kaggle", "net", "notify"},
    "urllib3": {"kaggle", "net"},
    "sqlite_utils": {"store"},
    "pandas": {"board", "notebook", "__init__"},
    "numpy": {"board"},
    "kaggle": set(),
    "apprise": {"notify"},
}
SQLITE = {"store"}


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
            if parts[0] != "kagsync" or len(parts) == 1 or parts[1] == room:
                continue
            if parts[1] in LINE:
                assert LINE[parts[1]] > LINE[room], f"{path.name} imports {parts[1]}"


def test_every_folder_has_its_line() -> None:
    assert {_room(path) for path in PACKAGE.rglob("*.py")} == set(LINE)


def test_only_the_doors_lead_outside() -> None:
    for path in PACKAGE.rglob("*.py"):
        for name in _imports(path):
            module = name.split(".")[0]
            assert _room(path) in DOORS.get(module, {_room(path)}), f"{path.name} imports {module}"
            assert module != "sqlite3" or _room(path) in SQLITE, f"{path.name} imports sqlite3"
