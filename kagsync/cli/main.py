"""The command line: find the command, run it, and end with its exit code."""

from __future__ import annotations

import copy
import functools
import importlib
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from kagsync import errors, log
from kagsync.cli import stdout
from kagsync.cli.command import app, click_error
from kagsync.cli.fast_start import read_plainly
from kagsync.errors import KagsyncError
from kagsync.safe_text import clip
from kagsync.version import __version__

# In which file a command is, in the order of `kagsync --help`.
_FILES = {
    "show": "show",
    "news": "show",
    "history": "show",
    "report": "show",
    "missing": "show",
    "sync": "sync",
    "fetch": "sync",
    "process": "sync",
    "cleanup": "sync",
    "demo": "demo",
    "status": "health",
    "doctor": "health",
    "backup": "health",
    "compact": "health",
    "competitions": "competitions",
    "users": "users",
    "schedule": "schedule",
    "notify": "notify",
}
_ClickException = click_error("ClickException")


def main(arguments: list[str] | None = None) -> int:
    """Runs one command.

    Args:
        arguments: the words after `kagsync`; the process's own by default.

    Returns:
        the exit code (README, "Exit codes").
    """
    _prepare_streams()
    log.configure()
    with stdout.tolerant():
        code = _run(sys.argv[1:] if arguments is None else arguments)
        if (failure := stdout.failure()) is not None:
            log.failure(failure)
            return code or failure.exit_code
        return code


def _run(words: list[str]) -> int:
    try:
        asked_for = command(words)
        with asked_for.make_context("kagsync", words) as context:
            asked_for.invoke(context)
    except typer.Exit as exit_:
        return exit_.exit_code
    except KagsyncError as error:
        log.failure(error)
        return error.exit_code
    except _ClickException as error:
        return _usage_error(error)
    except typer.Abort:
        log.logger.error("Aborted: nothing was done")
        return errors.SOME_FAILED
    except KeyboardInterrupt:
        again = "; the next run goes on where this one ended" if words[:1] == ["sync"] else ""
        log.logger.error("Stopped%s", again)
        return errors.INTERRUPTED
    except OSError as error:
        expected = errors.from_os_error(error, f"use {error.filename}" if error.filename else "go on")
        log.failure(expected)
        return expected.exit_code
    except Exception as error:  # noqa: BLE001  (a bug is reported in one line, too)
        expected = errors.unforeseen(error)
        log.failure(expected)
        return expected.exit_code
    return errors.OK


def command(words: list[str]) -> Any:
    """The command that these words call: one command, if the first word names one; otherwise all of them."""
    return _command(words[0] if words and words[0] in _FILES else None)


@functools.cache
def _command(name: str | None) -> Any:
    """Loads only what is needed, because typer evaluates the signature of every command it is given."""
    for file in dict.fromkeys(_FILES.values()) if name is None else [_FILES[name]]:
        importlib.import_module(f"kagsync.cli.{file}")
    asked_for = app
    if name is not None:
        asked_for = copy.copy(app)
        asked_for.registered_groups = [group for group in app.registered_groups if group.name == name]
        asked_for.registered_commands = [
            info for info in app.registered_commands if info.callback and info.callback.__name__ == name
        ]
    found = typer.main.get_command(asked_for)
    read_plainly(found)
    _hide_types(found)
    return found


def _hide_types(command: Any) -> None:
    """Leaves typer's `<str>` or `<list[str]>` behind an argument's name out of the help."""
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            parameter.display_type_rich = lambda **_: ""
    for each in getattr(command, "commands", {}).values():
        _hide_types(each)


def _prepare_streams() -> None:
    """Makes sure that printing cannot end the program."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us (`>&-`)
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):  # a terminal may lack a character
            stream.reconfigure(errors="backslashreplace")


def _usage_error(error: Exception) -> int:
    message = clip(str(error.format_message()).strip(), 300)  # type: ignore[attr-defined]
    context = getattr(error, "ctx", None)
    if not message or error.__class__.__name__ == "NoArgsIsHelpError":
        typer.echo(context.get_help() if context else "", err=True)
        return errors.USAGE
    path = context.command_path if context else "kagsync"
    full_stop = "" if message.endswith((".", "?", "!", ")")) else "."
    log.logger.error("%s%s See: %s --help", message, full_stop, path)
    return errors.USAGE


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kagsync {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    pass
