"""`kagsync notify`: who is notified when something moves."""

from __future__ import annotations

from typing import Annotated

import typer

from kagsync import errors, log
from kagsync.cli.command import Common, command, notify_app, open_store, open_to_read
from kagsync.cli.options import Against, Group, JsonOrText
from kagsync.output.listing import Result, TextOrJson


@command(notify_app, "add")
def notify_add(
    common: Common,
    url: Annotated[
        str, typer.Argument(metavar="URL", help="An Apprise URL: mailto://…, json://…; or env:NAME.")
    ],
    slug: Annotated[
        str | None, typer.Option("--competition", metavar="SLUG", help="Only this competition.")
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(
            "--only", metavar="REASONS", help="Only these reasons: improved,passed,… (none: only reminders)."
        ),
    ] = None,
    group: Group = None,
    against: Against = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what only others did.")] = False,
    quiet_for: Annotated[
        str | None,
        typer.Option("--quiet-for", metavar="TIME", help="At most one message in this time [default: 1h]."),
    ] = None,
    digest: Annotated[
        str | None,
        typer.Option(
            "--digest", metavar="WHEN", help="One message at this time: daily@18:00, weekly@mon-09:00."
        ),
    ] = None,
    zone: Annotated[
        str | None,
        typer.Option("--zone", metavar="ZONE", help="The time zone of --digest [default: this machine's]."),
    ] = None,
    even_if_nothing: Annotated[
        bool, typer.Option("--even-if-nothing", help="Send the digest even if nobody moved.")
    ] = False,
    remind: Annotated[
        str | None,
        typer.Option(
            "--remind", metavar="TIMES", help="Also send a reminder this long before each deadline: 7d,1d."
        ),
    ] = None,
) -> None:
    """Notify a channel of what people did.

    If the channel is there already, this changes its settings.
    """
    from kagsync.notify import targets

    wanted = targets.Wanted(
        slug, only, group, against, everything, quiet_for, digest, zone, even_if_nothing, remind
    )
    with open_store(common.settings()) as store:
        added = targets.add(store, url, wanted)
    number = added.target.id
    done = {targets.ADDED: "Added", targets.UPDATED: "Updated", targets.THERE: "Already there as"}[added.done]
    common.say(
        f"{done} {number}: {added.shown} (label {added.target.label}). "
        f"To try it: kagsync notify test {number}"
    )


@command(notify_app, "list")
def notify_list(common: Common, format_: JsonOrText = TextOrJson.text) -> Result:
    """List the channels, without the secrets in their URLs."""
    from kagsync.notify import targets
    from kagsync.output import target_table

    with open_to_read(common.settings_to_read()) as store:
        found = targets.listed(store)
    return Result(target_table.targets(found), [targets.as_json(each) for each in found])


@command(notify_app, "test")
def notify_test(
    common: Common,
    number: Annotated[
        int | None, typer.Argument(metavar="NUMBER", help="Only this channel (default: all).")
    ] = None,
) -> Result | None:
    """Send a test message to one channel, or to all."""
    from kagsync.notify import address, channel

    loaded = common.settings()
    with open_store(loaded) as store:
        targets = store.targets.all() if number is None else [store.targets.get(number)]
    if not targets:
        common.say("No channel is notified yet: kagsync notify add URL")
    failed = False
    for target in targets:
        try:
            channel.send_test(target)
        except (channel.NotSent, address.NotSet, errors.UsageError) as error:
            failed = True
            log.failure(error, f"{target.id} ({channel.shown(target)}): ")
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
