"""Whatever writes or deletes a file does so through the guards, or is in the list below with its reason."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

import kagsync

PACKAGE = Path(kagsync.__file__).parent

# The guards themselves.
GUARDS = {"files/output_file", "files/scratch", "files/own_folder", "files/log_file"}

# File and function: why it may write without a guard. A person named the path only where the reason says so.
EXCEPTIONS = {
    ("board/archive", "extract_csv"): "reads only: a member of the ZIP",
    ("board/archive", "write_csv"): "into a run folder",
    ("demo/run", "_load_earlier"): "into a scratch folder",
    ("kaggle/client", "_save"): "into a run folder",
    ("sync/fetch", "from_kaggle"): "deletes the ZIP in a run folder",
    ("sync/fetch_private", "from_kaggle"): "into a run folder",
    ("sync/run_folder", "new"): "marks a run folder",
    ("sync/run_folder", "_note"): "marks a run folder",
    ("sync/run_folder", "remove"): "an empty run folder, whose files went through own_folder",
    (
        "store/backup",
        "backup",
    ): "into a scratch folder; replaces what output_file examined and alone() locks",
    ("github/workflow", "remove"): "a file with kagsync's mark",
    ("store/publishing", "copy"): "a backup that is in a scratch folder",
    ("store/publishing", "is_sound"): "a copy in a scratch folder",
    ("github/branch", "restore"): "into a scratch folder; takes a name that output_file examined",
    ("report/folder", "remove"): "a page with kagsync's mark",
    ("store/replacing", "_connect"): "opens only what is_kagsyncs has recognized",
    (
        "store/opening",
        "_connect",
    ): "a person's: only a database of kagsync's, or a new one that was examined",
    ("store/opening", "_connect_to_read"): "reads only",
    ("store/opening", "in_memory"): "there is no file",
    ("store/backup", "_copy"): "into a scratch folder",
    ("store/snapshot", "in_memory"): "into memory",
    ("store/snapshot", "_replay"): "into a scratch folder",
    ("schedule/env_file", "_content"): "reads only",
    ("schedule/env_file", "delete"): "the file of a scheduler's variables, in this user's settings folder",
    ("files/locks", "hold"): "the mark beside a lock file",
    ("files/locks", "_open"): "a lock file",
    ("files/locks", "_first_seen_busy"): "the mark beside a lock file",
    ("store/beside", "clear"): "empty parts of this user's database that another user made",
    ("queries/last_seen", "remember"): "a name that a hash makes, in this user's state folder",
    ("doctor/machine", "locks"): "locks of its own in the folder of locks",
    ("schedule/launchd", "install"): "launchd's fixed name in the user's folder",
    ("schedule/launchd", "remove"): "launchd's fixed name in the user's folder",
    ("schedule/systemd", "remove"): "systemd's fixed names in the user's folder",
    ("schedule/windows", "install"): "into a scratch folder",
    ("cli/main", "_prepare_streams"): "/dev/null",
    ("cli/stdout", "_forget"): "/dev/null",
}

_WRITING_METHODS = {
    "write_text",
    "write_bytes",
    "touch",
    "unlink",
    "rmdir",
    "hardlink_to",
    "symlink_to",
    "link_to",
    "extract",
    "extractall",
    "to_csv",
}
_WRITING_FUNCTIONS = {
    "os": {"replace", "rename", "renames", "link", "symlink", "remove", "unlink", "rmdir", "truncate"},
    "shutil": {"copy", "copy2", "copyfile", "copytree", "move", "rmtree", "make_archive", "unpack_archive"},
    "sqlite3": {"connect"},
    "tempfile": {
        "mkstemp",
        "mkdtemp",
        "NamedTemporaryFile",
        "TemporaryFile",
        "TemporaryDirectory",
        "SpooledTemporaryFile",
    },
}  # fmt: skip
_WRITING_CLASSES = {"FileHandler", "RotatingFileHandler", "TimedRotatingFileHandler", "WatchedFileHandler"}


def writes(tree: ast.AST) -> list[tuple[str, int]]:
    """The calls that write or delete files: the function that each stands in, and its line."""
    found: list[tuple[str, int]] = []

    def visit(node: ast.AST, function: str) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            function = node.name
        if (isinstance(node, ast.Call) and _is_write(node)) or _hides_a_write(node):
            found.append((function, node.lineno))  # type: ignore[attr-defined]
        for child in ast.iter_child_nodes(node):
            visit(child, function)

    visit(tree, "")
    return found


def _hides_a_write(node: ast.AST) -> bool:
    """Whether a writing function is imported by its bare name, by which it is not found."""
    return isinstance(node, ast.ImportFrom) and any(
        alias.name in _WRITING_FUNCTIONS.get(node.module or "", set()) for alias in node.names
    )


def _is_write(call: ast.Call) -> bool:
    function = call.func
    if isinstance(function, ast.Name):
        return function.id in _WRITING_CLASSES or (function.id == "open" and _mode_writes(call, 1))
    if not isinstance(function, ast.Attribute):
        return False
    name = function.attr
    module = function.value.id if isinstance(function.value, ast.Name) else ""
    if module == "os" and name == "open":
        flags = ast.unparse(call)
        writing = any(flag in flags for flag in ("O_WRONLY", "O_RDWR", "O_CREAT", "O_APPEND", "O_TRUNC"))
        return writing or "O_RDONLY" not in flags  # a variable: who knows
    if name in _WRITING_CLASSES or name in _WRITING_FUNCTIONS.get(module, set()):
        return True
    if name == "open" and module not in ("Store", "cls"):
        return _mode_writes(call, 1 if module in ("io", "codecs") else 0)
    if name in ("replace", "rename", "backup"):  # a text's, a table's and the command's have other arguments
        return len(call.args) == 1 and not call.keywords
    return name in _WRITING_METHODS


def _mode_writes(call: ast.Call, position: int) -> bool:
    mode: ast.expr | None = call.args[position] if len(call.args) > position else None
    mode = next((keyword.value for keyword in call.keywords if keyword.arg == "mode"), mode)
    if mode is None:
        return False
    if isinstance(mode, ast.Constant) and isinstance(mode.value, str):
        return bool(set(mode.value) & set("wax+"))
    return True  # who knows


@cache
def everything() -> frozenset[tuple[str, str]]:
    return frozenset(
        (_name(path), function)
        for path in PACKAGE.rglob("*.py")
        for function, _ in writes(ast.parse(path.read_text(encoding="utf-8")))
    )


def _name(path: Path) -> str:
    name = path.relative_to(PACKAGE).with_suffix("").as_posix()
    return name if name == "cli/__init__" else name.removesuffix("/__init__")


def test_whatever_writes_goes_through_the_guards_or_has_a_reason() -> None:
    unguarded = {(name, function) for name, function in everything() if name not in GUARDS}
    assert unguarded - EXCEPTIONS.keys() == set()


def test_every_exception_is_needed() -> None:
    assert EXCEPTIONS.keys() - everything() == set()


@pytest.mark.parametrize(
    "code",
    [
        "open(path, 'w')",
        "open(path, mode='ab')",
        "open(path, mode)",
        "path.open('x')",
        "path.open(mode='r+')",
        "path.write_text(text)",
        "(folder / name).write_bytes(content)",
        "new.replace(path)",
        "os.replace(new, path)",
        "os.rename(new, path)",
        "os.open(path, os.O_CREAT | os.O_EXCL)",
        "os.open(path, flags | os.O_WRONLY)",
        "path.rename(other)",
        "path.touch()",
        "path.unlink()",
        "os.remove(path)",
        "shutil.rmtree(path)",
        "shutil.copyfile(a, b)",
        "from shutil import copyfile",
        "from os import replace",
        "connection.backup(copy)",
        "sqlite3.connect(path)",
        "RotatingFileHandler(path, maxBytes=1)",
        "logging.FileHandler(path)",
        "tempfile.mkstemp(dir=folder)",
        "with tempfile.TemporaryDirectory() as folder: pass",
        "archive.extractall(folder)",
        "frame.to_csv(path)",
    ],
)
def test_the_search_finds_what_writes(code: str) -> None:
    assert writes(ast.parse(f"def work():\n    {code}")) == [("work", 2)]


@pytest.mark.parametrize(
    "code",
    [
        "open(path)",
        "open(path, 'rb')",
        "path.open(encoding='utf-8')",
        "os.open(path, os.O_RDONLY)",
        "text.replace('a', 'b')",
        "moment.replace(microsecond=0)",
        "path.read_text()",
        "Store.open(path, locks)",
        "dataclasses.replace(each, a=1)",
    ],
)
def test_the_search_leaves_what_reads(code: str) -> None:
    assert writes(ast.parse(code)) == []
