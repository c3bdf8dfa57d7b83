"""`kagsync notify`: who is notified when something moves."""

from __future__ import annotations

from typing import Annotated

import typer

from kagsync import errors, inputs, log
from kagsync.cli.command import Common, command, notify_app, open_store, open_to_read
from kagsync.cli.options import Group, JsonOrText
from kagsync.output.listing import Result, TextOrJson


@command(notify_app, "add")
def notify_add(
    common: Common,
    url: Annotated[
        str, typer.Argument(metavar="URL", help="An Apprise URL: mailto://…, discord://…, json://…")
    ],
    slug: Annotated[
        str | None, typer.Option("--competition", metavar="SLUG", help="Only movements in this competition.")
    ] = None,
    only: Annotated[
        str | None, typer.Option("--only", metavar="REASONS", help="Only these: improved,overtaken,…")
    ] = None,
    group: Group = None,
    quiet_for: Annotated[
        str, typer.Option("--quiet-for", metavar="TIME", help="At most one message in this time.")
    ] = "1h",
) -> None:
    """Notify a channel of what moved, after each sync."""
    from kagsync.notify import targets

    loaded = common.settings()
    pause = inputs.duration(quiet_for, "--quiet-for")
    named = None if slug is None else inputs.competition_slug(slug)
    with open_store(loaded) as store:
        added = targets.add(store, url, slug=named, only=only, group=group, quiet_for=pause)
    number = added.target.id
    known = "Added" if added.new else "Updated" if added.updated else "Already there as"
    common.say(
        f"{known} {number}: {added.shown} (label {added.target.label}). "
        f"To try it: kagsync notify test {number}"
    )


@command(notify_app, "list")
def notify_list(common: Common, format_: JsonOrText = TextOrJson.text) -> Result:
    """List the channels, without the secrets in their URLs."""
    from kagsync.notify import targets
    from kagsync.output import tables

    with open_to_read(common.settings_to_read()) as store:
        found = targets.listed(store)
    return Result(tables.targets(found), [targets.as_json(each) for each in found])


@command(notify_app, "test")
def notify_test(
    common: Common,
    number: Annotated[
        int | None, typer.Argument(metavar="NUMBER", help="Only this channel (default: all).")
    ] = None,
) -> Result | None:
    """Send a test message to one channel, or to all."""
    from kagsync.notify import channel

    loaded = common.settings()
    with open_store(loaded) as store:
        targets = store.targets.all() if number is None else [store.targets.get(number)]
    if not targets:
        common.say("No channel is notified yet: kagsync notify add URL")
    failed = False
    for target in targets:
        try:
            channel.send_test(target)
        except (channel.NotSent, errors.UsageError) as error:
            failed = True
            log.failure(error, f"{target.id}: ")
        else:
            with open_store(loaded) as store:
                store.targets.reached(target)
            common.say(f"Sent to {target.id}: {channel.shown(target)}")
    return Result(exit_code=errors.SOME_FAILED) if failed else None


@command(notify_app, "remove")
def notify_remove(
    common: Common,
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="The number in `kagsync notify list`.")],
) -> None:
    """Stop notifying a channel."""
    from kagsync.notify import channel

    with open_store(common.settings()) as store:
        target = store.targets.get(number)
        store.targets.remove(number)
    common.say(f"Removed {number}: {channel.shown(target)}")
