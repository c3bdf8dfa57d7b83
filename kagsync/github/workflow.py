"""The workflow with which GitHub Actions runs kagsync in a repository, and the file that holds it.

It is no `Scheduler`: nothing on this machine knows whether GitHub runs it. Its steps are commands of kagsync.
"""

from __future__ import annotations

import re
import shlex
import string
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kagsync import inputs, installation, settings
from kagsync.config.keys import NOTIFY, REPORT
from kagsync.config.read import read
from kagsync.errors import ConfigurationError, UsageError, from_os_error
from kagsync.files import output_file, rights, scratch
from kagsync.github.branch import BRANCH
from kagsync.log import logger
from kagsync.net.route import CA_BUNDLES
from kagsync.notify import address
from kagsync.report import USERNAME
from kagsync.schedule.plan import interval
from kagsync.secrecy import PING_URL, PROXIES
from kagsync.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kagsync.config.read import Entry, Setup

DEFAULT_EVERY = "1h"
PLACE = ".github/workflows/kagsync.yml"
SETUP = "kagsync.toml"
_MARK = "# Written by: kagsync schedule install --github\n"
_SHORTEST = timedelta(minutes=5)  # GitHub's own limit
_MINUTE = 23  # of the hour. GitHub is busiest, and latest, at the full hour.
_HOUR = 5  # of the day (UTC), if it runs once a day
# Variables that mean something else to kagsync, GitHub, the system or a program of a step.
_TAKEN = {
    *settings.VARIABLES,
    *(name.upper() for name in (*PROXIES, *CA_BUNDLES)),
    *("NO_PROXY", "PATH", "HOME", "SHELL", "USER", "LOGNAME", "PWD", "TMPDIR", "TEMP", "TMP", "TZ"),
    *("LANG", "LANGUAGE", "TERM", "ENV", "IFS", "CI"),
}
_TAKEN_BEGINNING = re.compile(
    r"(KAGGLE|RUNNER|ACTIONS|GIT|PIP|SSL|SSH|LD|LC|XDG|BASH)_|(PYTHON|BASH)[A-Z0-9]*\Z"
)
_KAGGLE = ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY")


class _Template(string.Template):
    """Text with placeholders such as %{names}, since GitHub's own expressions begin with a dollar sign."""

    delimiter = "%"


class Workflow(NamedTuple):
    """What a workflow does.

    Attributes:
        every: how often it runs, such as `1h`.
        names: how its report names people, a word of `report.NAMES`.
        variables: the variables that the notification targets name, which become secrets.
    """

    every: str
    names: str
    variables: tuple[str, ...]

    def text(self) -> str:
        """The file.

        Raises:
            UsageError: GitHub cannot run it so often.
        """
        secrets = (*_KAGGLE, PING_URL, *self.variables)
        # The set-up is applied with the variables of its channels only, so that it warns if one is not set.
        channels = f"env:\n          {_given(self.variables)}\n        " if self.variables else ""
        template = Path(__file__).with_name("workflow.yml").read_text(encoding="utf-8")
        return _Template(template).substitute(
            cron=cron(self.every),
            names=self.names,
            secrets=_given(secrets),
            channels=channels,
            requirement=shlex.quote(_requirement("notify" if self.variables else "")),
        )


def _given(names: Iterable[str]) -> str:
    """The lines of a step that give it secrets."""
    return "\n          ".join(f"{name}: ${{{{ secrets.{name} }}}}" for name in names)


def make(folder: Path, every: str | None, names: str | None) -> Workflow:
    """Makes the workflow for a repository.

    Args:
        folder: the repository's, with `kagsync.toml`.
        every: how often it runs; None: every hour.
        names: how the report names people; None: as `kagsync.toml` says, otherwise by username, because the
            report is public.

    Raises:
        UsageError: `kagsync.toml` cannot be read, has an error, or names a variable that cannot be a secret.
    """
    path = folder / SETUP
    setup = read(path) if path.exists() else None
    return Workflow(
        DEFAULT_EVERY if every is None else every,
        names or next((each.values.get("names") for each in _entries(setup, REPORT)), None) or USERNAME,
        tuple(dict.fromkeys(_variables(path, _entries(setup, NOTIFY)))),
    )


def cron(every: str) -> str:
    """An interval in cron's notation, not at the full hour.

    Raises:
        UsageError: it is shorter than GitHub's shortest, or does not fit evenly into an hour or a day.
    """
    length = interval(every, _SHORTEST)
    if length < _SHORTEST:
        raise UsageError(f"GitHub cannot run a workflow every {every}", "Choose 5m or more")
    minutes = int(length.total_seconds()) // 60
    if minutes < 60:
        return f"{_MINUTE % minutes}-59/{minutes} * * * *"
    hours = minutes // 60
    return f"{_MINUTE} {'*' if hours == 1 else _HOUR if hours == 24 else f'*/{hours}'} * * *"


def printed(workflow: Workflow) -> str:
    """The file that `install` would write. Warns if GitHub could not install what it names."""
    try:
        check_installable()
    except ConfigurationError as error:
        logger.warning("%s", error)
    return workflow.text()


def install(folder: Path, workflow: Workflow) -> str:
    """Writes the workflow into a repository, or updates it.

    Returns:
        what was done, and what is left to do.

    Raises:
        UsageError: the folder is no repository's, or a workflow of somebody else has the name.
        ConfigurationError: the file cannot be written, or GitHub could not install this kagsync.
    """
    path = _file(folder)
    is_there = _is_own(path)
    check_installable()
    text = workflow.text()
    try:
        rights.make_folder(path.parent)
        output_file.examine(path)
        with scratch.folder(path.parent) as place:
            output_file.write_over(path, text, place)
    except OSError as error:
        raise from_os_error(error, f"write {path}") from error
    secrets = " ".join(("KAGGLE_API_TOKEN", *workflow.variables))
    lines = [
        f"{'Updated' if is_there else 'Written'}: {path}",
        "Left to do: commit and push it, and in the repository's settings on GitHub",
        "  - under Secrets and variables → Actions, add these secrets: " + secrets,
        "  - under Pages, choose GitHub Actions as the source",
        f"To undo: kagsync schedule remove --github {shlex.quote(str(folder))}",
    ]
    if not (folder / SETUP).exists():
        lines.insert(1, f"There is no {SETUP} yet. To write it: kagsync export-config {folder / SETUP}")
    return "\n".join(lines)


def remove(folder: Path) -> str:
    """Deletes the workflow from a repository's folder.

    Returns:
        what was done, and what is left to do: GitHub goes on until it is pushed.

    Raises:
        UsageError: the folder is no repository's, or the workflow is somebody else's.
        ConfigurationError: the file cannot be deleted.
    """
    path = _file(folder)
    if not _is_own(path):
        return f"There is no {path}"
    try:
        path.unlink()
    except OSError as error:
        raise from_os_error(error, f"delete {path}") from error
    return (
        f"Deleted {path}. GitHub runs it until you commit and push that\n"
        f"To delete the database there, too: git push origin --delete {BRANCH}"
    )


def _file(folder: Path) -> Path:
    """Where the workflow of a repository is."""
    if not (folder / ".git").exists():
        raise UsageError(
            f"{folder} is not the folder of a git repository", "Name the folder that contains .git"
        )
    return folder / PLACE


def _is_own(path: Path) -> bool:
    """Whether kagsync wrote the file; False: there is none. Refuses a file of somebody else."""
    if output_file.is_lost_link(path):
        raise UsageError(
            f"{path} is a link to {path.resolve()}, which is not there", "Delete the link, or correct it"
        )
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return False
    except OSError as error:
        raise from_os_error(error, f"read {path}") from error
    if not text.startswith(_MARK):
        raise UsageError(f"{path} was not written by kagsync", "Rename it, or delete it")
    return True


def _entries(setup: Setup | None, section: str) -> list[Entry]:
    return [] if setup is None else setup.sections.get(section, [])


def _variables(path: Path, channels: list[Entry]) -> Iterator[str]:
    """The variables that the channels of a set-up name (`env:NAME`)."""
    for channel in channels:
        name = address.variable(channel.values["url"])
        if name is None:
            continue
        if not inputs.is_variable_name(name) or name.upper().startswith("GITHUB_"):
            raise UsageError(
                f"{path}:{channel.line_of('url')}: no secret on GitHub can have the name {name!r}",
                "Use letters, digits and underscores, and another beginning than GITHUB_",
            )
        if name.upper() in _TAKEN or _TAKEN_BEGINNING.match(name.upper()):
            raise UsageError(
                f"{path}:{channel.line_of('url')}: {name} may mean something else in the workflow, so it "
                "cannot name a channel",
                "Use another name, such as DISCORD_URL",
            )
        yield name


def _requirement(extra: str) -> str:
    """What the workflow installs: the commit that this installation was made from, or this version."""
    commit = installation.commit()
    what = f"kagsync[{extra}]" if extra else "kagsync"
    return f"{what}=={__version__}" if commit is None else f"{what} @ {commit}"


def check_installable() -> None:
    """Checks that GitHub can install what the workflow names.

    Raises:
        ConfigurationError: this is no release, and was not installed from a commit that others can get.
    """
    if "dev" in __version__ and installation.commit() is None:
        raise ConfigurationError(
            f"this kagsync ({__version__}) is not a release, so GitHub cannot install it by its version",
            "Install kagsync from its repository's URL (uv tool install git+https://…), and run this again",
        )
