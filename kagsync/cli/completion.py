"""Completion of words in the shell: with typer's scripts, and names from the database."""

from __future__ import annotations

import contextlib
import logging
import os
import re
from typing import TYPE_CHECKING, Any

import typer
import typer.completion
import typer.core

from kagsync import errors, settings
from kagsync.cli.main import COMPLETING
from kagsync.errors import NoDatabase, UsageError
from kagsync.log import logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from kagsync.store import Store

_typer: Any = typer.completion  # most of what is used has no public name
_Item: Any = typer.core.CompletionItem  # type: ignore[attr-defined]
_PROGRAM = "kagsync"
# zsh runs the answer as code, so no other names are offered.
_HARMLESS = re.compile(r"[\w.-]+")


def install() -> None:
    """Lets the shell that called this complete words from its next start on.

    Raises:
        UsageError: it is none of bash, zsh, fish and PowerShell.
    """
    shell, path = _typer.install(_shell(), _PROGRAM, COMPLETING)
    typer.echo(f"Installed completion for {shell} in {path}. Open a new terminal to use it")


def show() -> None:
    """Prints the script that `install` installs; raises UsageError as `install` does."""
    typer.echo(_typer.get_completion_script(prog_name=_PROGRAM, complete_var=COMPLETING, shell=_shell()))


def _shell() -> str:
    shell = _typer._get_shell_name()
    if shell not in set(_typer.Shells):
        raise UsageError(
            "kagsync cannot tell which shell you use",
            "Run it in a terminal, in bash, zsh, fish or PowerShell",
        )
    return str(shell)


def complete(command: Callable[[list[str]], Any]) -> int:
    """Answers a shell that asks how the word at the cursor can go on.

    Args:
        command: gives the command that words call.

    Returns:
        the exit code, which says to fish whether there is anything to offer.
    """
    try:
        return _answer(command)
    except SystemExit as end:
        return int(end.code or 0)
    except Exception:  # noqa: BLE001  (nothing may appear in the line that is being typed)
        return errors.SOME_FAILED


def _answer(command: Callable[[list[str]], Any]) -> int:
    logger.setLevel(logging.CRITICAL + 1)  # a warning would appear in that line, too
    words = (os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")).split()[1:]
    called = command([] if words[:1] == ["help"] else words)
    _complete_names(called)
    _typer.completion_init()
    code: int = _typer.shell_complete(called, {}, _PROGRAM, COMPLETING, os.environ[COMPLETING])
    return code


def _complete_names(command: Any) -> None:
    """Makes the arguments and options that take names of competitions or people complete them."""
    for parameter in command.params:
        if (names := _NAMES.get(parameter.metavar)) is not None:
            parameter.shell_complete = _completer(names)
    for each in getattr(command, "commands", {}).values():
        _complete_names(each)


def _completer(names: Callable[[Any], list[str]]) -> Callable[[Any, str], list[Any]]:
    def found(context: Any, incomplete: str) -> list[Any]:
        typed = incomplete.lower()
        with contextlib.suppress(Exception):  # what is wrong with the database, the command will say
            return [
                _Item(name)
                for name in names(context)
                if name.lower().startswith(typed) and _HARMLESS.fullmatch(name)
            ]
        return []

    return found


def _slugs(context: Any) -> list[str]:
    with _store(context) as store:
        return [each.slug for each in store.competitions.all()]


def _people(context: Any) -> list[str]:
    with _store(context) as store:
        return [user.handle for user in store.users.all()]


def _groups(context: Any) -> list[str]:
    with _store(context) as store:
        return sorted({user.group for user in store.users.all() if user.group})


def _series(context: Any) -> list[str]:
    with _store(context) as store:
        return [each.name for each in store.series.all()]


def _rules(_: Any) -> list[str]:
    from kagsync.scoring.rules import RULES

    return list(RULES)


def _commands(context: Any) -> list[str]:
    """The commands that `kagsync help` can be asked for after the words that are already there."""
    command = context.find_root().command
    for word in context.params["words"] or []:
        command = command.commands[word]
    return list(getattr(command, "commands", {}))


def _store(context: Any) -> Store:
    """The database that the command would read. One of an earlier version is left as it is."""
    from kagsync.store import Store, opening

    found = None
    while context is not None and found is None:
        found, context = context.params.get("db"), context.parent
    loaded = settings.load(db=found)
    if not opening.is_current(loaded.db):
        raise NoDatabase(f"there is no current database {loaded.db}")
    return Store.open_to_read(loaded.db, loaded.locks)


# By what the help calls the parameter.
_NAMES = {
    "SLUG": _slugs,
    "SLUG[=WEIGHT]": _slugs,
    "PERSON": _people,
    "GROUP": _groups,
    "SERIES": _series,
    "RULE": _rules,
    "COMMAND": _commands,
}
