"""The house rules that a machine can check."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import kagsync

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(kagsync.__file__).parent

# From the outside in: a folder, or a file beside the folders, imports from lower lines only, and nothing on a
# line imports its neighbours.
LINES = (
    "__main__",
    "cli",
    "demo doctor",
    "workers",
    "github",
    "config sync",
    "report",
    "output __init__",
    "notify notebook",
    "grading",
    "queries schedule tracking",
    "board store kaggle",
    "log settings inputs net",
    "files",
    "errors scoring",
    "standings safe_text clock version secrecy memory installation",
)
LINE = {name: number for number, names in enumerate(LINES) for name in names.split()}
# The only doors: who may import what leads outside.
DOORS = {
    "kagglesdk": {"kaggle"},
    "requests": {"kaggle", "net", "notify"},
    "urllib3": {"kaggle", "net"},
    "sqlite_utils": {"store"},
    "pandas": {"notebook", "__init__"},
    "numpy": set(),
    "kaggle": set(),
    "apprise": {"notify"},
    "celery": {"workers"},
    "kombu": {"workers"},
    "redis": {"workers"},
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


# How large things may be. What is larger has two subjects.

MOST_FILES = 14  # directly in kagsync/
MOST_LINES = 400  # in a file
MOST_PARAMETERS = 8  # of a function; a command's options are its parameters, so not in cli/


def _functions(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """The functions and methods in a file, each with the number of its parameters."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = node.args
            variadic = [each for each in (arguments.vararg, arguments.kwarg) if each]
            named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *variadic]
            yield node.name, len([each for each in named if each.arg not in ("self", "cls")])


def test_the_package_opens_with_few_files() -> None:
    assert len([path for path in PACKAGE.iterdir() if path.is_file()]) <= MOST_FILES


def test_no_file_is_long_and_no_function_takes_many_parameters() -> None:
    found = {}
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE).as_posix()
        text = path.read_text(encoding="utf-8")
        if (lines := len(text.splitlines())) > MOST_LINES:
            found[name] = lines
        if _room(path) != "cli":
            for function, parameters in _functions(ast.parse(text)):
                if parameters > MOST_PARAMETERS:
                    found[f"{name}: {function}"] = parameters
    assert found == {}
