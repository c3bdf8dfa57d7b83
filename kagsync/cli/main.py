"""The command line: parse, call one verb, print its result, exit with its code."""

from __future__ import annotations

import copy
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from kagsync import errors, log
from kagsync.cli import stdout
from kagsync.cli.command import app
from kagsync.cli.fast_start import read_plainly
from kagsync.errors import KagsyncError
from kagsync.safe_text import clip
from kagsync.version import __version__

# They register their commands, in the order of `kagsync --help`.
from kagsync.cli import show, sync, demo, health, notify, competitions, users, schedule  # isort: skip  # noqa: F401

# typer carries its own copy of click, so click's exceptions have no public name.
_ClickException: type[Exception] = next(
    base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException"
)


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
        command = typer.main.get_command(_asked_for(words))
        read_plainly(command)
        with command.make_context("kagsync", words) as context:
            command.invoke(context)
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
        told = errors.from_os_error(error, f"use {error.filename}" if error.filename else "go on")
        log.failure(told)
        return told.exit_code
    except Exception as error:  # noqa: BLE001  (a mistake of this program's is told in a line, too)
        told = errors.unforeseen(error)
        log.failure(told)
        return told.exit_code
    return errors.OK


def _asked_for(words: list[str]) -> typer.Typer:
    """The app with only the command that the first word names, if it names one.

    typer evaluates the signatures of all commands it is given, which takes it longer than a whole import.
    """
    name = words[0] if words else None
    commands = [info for info in app.registered_commands if info.callback and info.callback.__name__ == name]
    groups = [info for info in app.registered_groups if info.name == name]
    if not commands and not groups:
        return app
    only = copy.copy(app)
    only.registered_commands, only.registered_groups = commands, groups
    return only


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
