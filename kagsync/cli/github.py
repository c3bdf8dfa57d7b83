"""`kagsync github`: the steps of the workflow that `schedule install --github` writes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kagsync.cli.command import Common, command, github_app, open_to_read
from kagsync.cli.options import ReportNames

Branch = Annotated[str, typer.Option("--branch", metavar="NAME", help="The branch that holds the database.")]
Names = Annotated[ReportNames, typer.Option("--names", help="How the published pages name people.")]
_BRANCH = "kagsync-data"  # github.branch.BRANCH, whose import would slow down `--help`


@command(github_app, "restore")
def github_restore(common: Common, branch: Branch = _BRANCH) -> None:
    """Get the database from its branch.

    Without the branch, this is the first run. If the branch cannot be read, the command fails.
    """
    from kagsync.github import branch as data

    common.say(data.restore(common.settings().db, branch))


@command(github_app, "save")
def github_save(
    common: Common,
    names: Names = ReportNames.username,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only check whether the database may be saved.")
    ] = False,
) -> None:
    """Store the database in its branch, as the only commit.

    That is the branch that it was restored from. What another run has saved there is not overwritten. Unless
    the repository is known to be private, a database with names, student ids or secrets is refused.
    """
    from kagsync.github import branch as data
    from kagsync.github import secrets, visibility

    with open_to_read(common.settings_to_read()) as store:
        known, _ = secrets.searchable(secrets.of_run(store))
        forms = {form for secret in known for form in secrets.forms(secret.value)}
        public = visibility.is_public()
        common.say(data.save(store, public=public, secrets=forms, names=names.value, dry_run=dry_run))


@command(github_app, "check")
def github_check(
    common: Common,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="What is to be published.")],
    names: Names = ReportNames.username,
) -> None:
    """Check what is to be published.

    The exit code is 1 if a secret or an unpublished name stands in it.
    """
    from kagsync.github import guard

    with open_to_read(common.settings_to_read()) as store:
        common.say("\n".join(guard.check(store, folder, names.value).lines()))
