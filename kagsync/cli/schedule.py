"""`kagsync schedule`: run it automatically."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kagsync import clock, errors, inputs, log
from kagsync.cli.command import Common, command, open_to_read, schedule_app
from kagsync.cli.options import JsonOrText, ReportNames
from kagsync.errors import UsageError
from kagsync.output import listing
from kagsync.output.listing import Result, TextOrJson

if TYPE_CHECKING:
    from kagsync.github.workflow import Workflow
    from kagsync.schedule.plan import Plan
    from kagsync.settings import Settings
    from kagsync.store.records import Trigger

_EVERY = "5m"  # schedule.plan.DEFAULT_EVERY, whose import would slow down `--help`
Every = Annotated[
    str | None,
    typer.Option("--every", metavar="TIME", help="How often: 5m, 15m, 1h … Default: 5m, with --github 1h."),
]
Report = Annotated[
    Path | None, typer.Option("--report", metavar="DIR", help="Update the report in this folder at each run.")
]
Names = Annotated[
    ReportNames | None,
    typer.Option(
        "--names",
        help="How the report names people. Default: as its folder's pages do, otherwise as set up, otherwise "
        "real; with --github as kagsync.toml says, otherwise username.",
        show_default=False,
    ),
]
Cron = Annotated[bool, typer.Option("--cron", help="Choose cron.")]
Systemd = Annotated[bool, typer.Option("--systemd", help="Choose a systemd user timer.")]
Launchd = Annotated[bool, typer.Option("--launchd", help="Choose launchd (macOS).")]
Windows = Annotated[bool, typer.Option("--windows", help="Choose Windows Task Scheduler.")]
GitHub = Annotated[bool, typer.Option("--github", help="Choose a workflow on GitHub.")]
Folder = Annotated[
    Path | None,
    typer.Argument(
        metavar="FOLDER", help="With --github: the repository's folder. Default: the current one."
    ),
]


def _chosen(**options: bool) -> str | None:
    """The scheduler that was chosen; None: none was."""
    inputs.at_most_one({f"--{name}": chosen for name, chosen in options.items()})
    return next((name for name, chosen in options.items() if chosen), None)


def _repository(folder: Path | None, report: Path | None, *, github: bool, **schedulers: bool) -> Path | None:
    """The repository's folder if a workflow on GitHub was chosen; None: it was not."""
    inputs.at_most_one({"--github": github, **{f"--{name}": chosen for name, chosen in schedulers.items()}})
    if not github:
        if folder is not None:
            raise UsageError("FOLDER is for a workflow on GitHub", "Add --github")
        return None
    inputs.at_most_one({"--github": True, "--report": report is not None})
    return Path() if folder is None else folder


def _workflow(common: Common, folder: Path, every: str | None, names: ReportNames | None) -> Workflow:
    """The workflow for a repository."""
    from kagsync.github import workflow

    common.settings()
    return workflow.make(folder, every, names and names.value)


def _planned(
    common: Common, every: str | None, report: Path | None, names: ReportNames | None, **options: bool
) -> tuple[Plan, str]:
    """What is to run, and the scheduler for it: the one that was chosen, or the default one."""
    from kagsync.schedule import install
    from kagsync.schedule.plan import make_plan

    loaded = common.settings()
    name = _chosen(**options) or install.default_name()
    plan = make_plan(
        loaded,
        every=_EVERY if every is None else every,
        db=common.db,
        report=report,
        names=names and names.value,
        channels=_channels(loaded),
    )
    return plan, name


def _channels(loaded: Settings) -> list[str]:
    """The variables that hold the URLs of notification targets."""
    from kagsync.notify import address

    try:
        with open_to_read(loaded) as store:
            found = [address.variable(target.url) for target in store.targets.all()]
    except errors.NoDatabase:
        return []
    except errors.KagsyncError as error:
        log.logger.warning("%s. So variables with the URLs of channels are not carried over", error.message)
        return []
    return list(dict.fromkeys(filter(None, found)))


@command(schedule_app, "print")
def schedule_print(
    common: Common,
    every: Every = None,
    report: Report = None,
    names: Names = None,
    cron: Cron = False,
    systemd: Systemd = False,
    launchd: Launchd = False,
    windows: Windows = False,
    github: GitHub = False,
) -> None:
    """Print what `install` would install; change nothing."""
    from kagsync.schedule import install

    chosen = {"cron": cron, "systemd": systemd, "launchd": launchd, "windows": windows}
    if (folder := _repository(None, report, github=github, **chosen)) is not None:
        from kagsync.github import workflow

        made = _workflow(common, folder, every, names)
        listing.write_exactly(workflow.printed(made).removesuffix("\n"))
        return
    plan, name = _planned(common, every, report, names, **chosen)
    listing.write_exactly(install.printed(plan, name).removesuffix("\n"))


@command(schedule_app, "install")
def schedule_install(
    common: Common,
    folder: Folder = None,
    every: Every = None,
    report: Report = None,
    names: Names = None,
    cron: Cron = False,
    systemd: Systemd = False,
    launchd: Launchd = False,
    windows: Windows = False,
    github: GitHub = False,
) -> None:
    """Run `sync --all` automatically, every 5 minutes by default.

    Run it again to update the schedule.
    """
    from kagsync.schedule import install

    chosen = {"cron": cron, "systemd": systemd, "launchd": launchd, "windows": windows}
    if (place := _repository(folder, report, github=github, **chosen)) is not None:
        from kagsync.github import workflow

        common.say(workflow.install(place, _workflow(common, place, every, names)))
        return
    plan, name = _planned(common, every, report, names, **chosen)
    common.say(install.install(plan, name))


@command(schedule_app, "remove")
def schedule_remove(
    common: Common,
    folder: Folder = None,
    cron: Cron = False,
    systemd: Systemd = False,
    launchd: Launchd = False,
    windows: Windows = False,
    github: GitHub = False,
) -> None:
    """Remove the schedule, wherever it is installed on this machine."""
    from kagsync.schedule import install

    common.settings()
    chosen = {"cron": cron, "systemd": systemd, "launchd": launchd, "windows": windows}
    if (place := _repository(folder, None, github=github, **chosen)) is not None:
        from kagsync.github import workflow

        common.say(workflow.remove(place))
        return
    name = _chosen(**chosen)
    common.say(install.remove([name] if name else install.in_place()))


@command(schedule_app, "status")
def schedule_status(common: Common, format_: JsonOrText = TextOrJson.text) -> Result:
    """Show what is scheduled and when it last ran.

    The exit code is 1 if nothing is scheduled, or if the schedule does not run.
    """
    from kagsync.schedule import install

    found = install.status(_triggers(common.settings_to_read()), clock.utc_now())
    silent = common.quiet and found.runs_by_itself
    return Result(
        "" if silent else "\n".join(install.lines(found)),
        install.as_json(found),
        0 if found.runs_by_itself else errors.SOME_FAILED,
    )


def _triggers(loaded: Settings) -> list[Trigger]:
    try:
        with open_to_read(loaded) as store:
            return store.runs.triggers()
    except errors.NoDatabase:
        return []
