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
from kagsync.cli.command import Given, app, click_error
from kagsync.cli.fast_start import read_plainly
from kagsync.cli.options import Db, Quiet, Verbose
from kagsync.errors import KagsyncError
from kagsync.safe_text import clip
from kagsync.version import __version__

# In which file a command is, in the order of `kagsync --help`.
_FILES = {
    "show": "show",
    "news": "news",
    "history": "history",
    "standings": "standings",
    "report": "report",
    "missing": "missing",
    "grade": "grade",
    "sync": "sync",
    "fetch": "sync",
    "process": "sync",
    "cleanup": "sync",
    "demo": "demo",
    "status": "health",
    "doctor": "health",
    "backup": "health",
    "compact": "health",
    "apply": "config",
    "export-config": "config",
    "competitions": "competitions",
    "users": "users",
    "series": "series",
    "schedule": "schedule",
    "github": "github",
    "notify": "notify",
    "help": "help",
}
_GROUPS = {"competitions", "users", "series", "schedule", "github", "notify"}
COMPLETING = "_KAGSYNC_COMPLETE"  # the variable with which a shell asks for completions
_BEFORE = {"-v", "--verbose", "-q", "--quiet"}  # and --db: the options that may stand before a command
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
    if os.environ.get(COMPLETING):
        from kagsync.cli import completion

        return completion.complete(command)
    with stdout.tolerant():
        code = run(sys.argv[1:] if arguments is None else arguments)
        if (failure := stdout.failure()) is not None:
            log.failure(failure)
            return code or failure.exit_code
        return code


def run(words: list[str]) -> int:
    """Runs the command that these words call, logs why it failed, and returns its exit code."""
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
        again = "; the next run goes on where this one ended" if _called(words) == "sync" else ""
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
    """The command that these words call: that one alone, if they name one; otherwise all of them."""
    name = _called(words)
    files = _FILES.values() if name is None else [_FILES[name]]
    if words in (["--help"], ["-h"]):  # it only names the groups, whose own commands are not needed
        files = [file for file in files if file not in _GROUPS]
    return _command(name, tuple(dict.fromkeys(files)), comes_first=words[:1] == [name])


def _called(words: list[str]) -> str | None:
    """The name of the command that these words call; None: it is not known without reading all of them."""
    left = iter(words)
    for word in left:
        if word == "--db":
            next(left, None)
        elif word not in _BEFORE and not word.startswith("--db="):
            return word if word in _FILES else None
    return None


@functools.cache
def _command(name: str | None, files: tuple[str, ...], *, comes_first: bool) -> Any:
    """Loads only what is needed, because typer evaluates the signature of every command it is given.

    Args:
        comes_first: no options stand before the command, so those of `kagsync` itself are not needed.
    """
    for file in files:
        importlib.import_module(f"kagsync.cli.{file}")
    asked_for = app
    order = list(_FILES)  # files may have been loaded before, in another order
    app.registered_commands.sort(key=lambda info: order.index(_name(info)))
    if name is not None:
        asked_for = copy.copy(app)
        asked_for.registered_groups = [group for group in app.registered_groups if group.name == name]
        asked_for.registered_commands = [info for info in app.registered_commands if _name(info) == name]
    if comes_first:
        asked_for.callback()(lambda: None)
    found = typer.main.get_command(asked_for)
    read_plainly(found)
    _hide_types(found)
    return found


def _name(command: Any) -> str:
    """What a registered command is called."""
    name: str = command.name or command.callback.__name__
    return name


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
    similar: list[str] = []
    if (name := getattr(error, "option_name", "")) and (possible := getattr(error, "possibilities", None)):
        similar = errors.near(name, possible)
        error.possibilities = None  # type: ignore[attr-defined]
    message = clip(str(error.format_message()).strip(), 300)  # type: ignore[attr-defined]
    message = message.replace("Value error, ", "")  # pydantic's words
    if similar:
        message = f"{message.rstrip('.')}. Did you mean {' or '.join(similar)}?"
    context = getattr(error, "ctx", None)
    if not message or error.__class__.__name__ == "NoArgsIsHelpError":
        typer.echo(context.get_help() if context else "", err=True)
        return errors.USAGE
    path = context.command_path if context else "kagsync"
    full_stop = "" if message.endswith((".", "?", "!", ")")) else "."
    log.logger.error("%s%s See: %s --help", message, full_stop, path)
    return errors.USAGE


def _print_version(context: typer.Context, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        typer.echo(f"kagsync {__version__}")
        raise typer.Exit


def _completion(context: typer.Context, parameter: typer.CallbackParam, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from kagsync.cli import completion  # rarely used

        (completion.install if parameter.name == "install_completion" else completion.show)()
        raise typer.Exit


def _rare(name: str, callback: Any, help_: str) -> Any:
    """An option of `kagsync` itself that does something else than to run a command."""
    return typer.Option(name, callback=callback, is_eager=True, expose_value=False, help=help_)


@app.callback()
def _root(
    context: typer.Context,
    version: Annotated[bool, _rare("--version", _print_version, "Print the version and exit.")] = False,
    install_completion: Annotated[
        bool, _rare("--install-completion", _completion, "Let the Tab key complete words in this shell.")
    ] = False,
    show_completion: Annotated[
        bool, _rare("--show-completion", _completion, "Print what --install-completion installs.")
    ] = False,
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    context.obj = Given(db, verbose, quiet).after(None)
