"""`kagsync notify`: who is told when something moves."""

from __future__ import annotations

from typing import Annotated

import typer

from kagsync import errors, inputs, log
from kagsync.cli.command import load, load_to_read, notify_app, open_store, open_to_read, print_json, say
from kagsync.cli.options import Db, Group, JsonOrText, Quiet, Verbose
from kagsync.output.listing import TextOrJson
from kagsync.safe_text import printable


@notify_app.command("add")
def notify_add(
    url: Annotated[str, typer.Argument(metavar="URL", help="Apprise's: mailto://…, discord://…, json://…")],
    slug: Annotated[
        str | None, typer.Option("--competition", metavar="SLUG", help="Only of this competition.")
    ] = None,
    only: Annotated[
        str | None, typer.Option("--only", metavar="REASONS", help="Only these: improved,overtaken,…")
    ] = None,
    group: Group = None,
    quiet_for: Annotated[
        str, typer.Option("--quiet-for", metavar="TIME", help="At most one message in this time.")
    ] = "1h",
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """From now on, tell a channel what moved, after each sync."""
    from kagsync.notify import tell as verb

    loaded = load(db, verbose, quiet)
    pause = inputs.duration(quiet_for)
    named = None if slug is None else inputs.competition_slug(slug)
    with open_store(loaded) as store:
        added = verb.add(store, url, slug=named, only=only, group=group, quiet_for=pause)
    number = added.target.id
    known = "Added" if added.new else "Already there as"
    told = f"{known} {number}: {added.shown} (label {added.target.label})"
    say(printable(f"{told}. To try it: kagsync notify test {number}"), quiet=quiet)


@notify_app.command("list")
def notify_list(
    format_: JsonOrText = TextOrJson.text, db: Db = None, verbose: Verbose = False, quiet: Quiet = False
) -> None:
    """List who is told of what; URLs are shown without their secrets."""
    from kagsync.notify import tell as verb
    from kagsync.output import tables
    from kagsync.output.listing import Result, write

    loaded = load_to_read(db, verbose, quiet)
    with open_to_read(loaded) as store:
        found = verb.listed(store)
    if format_ is TextOrJson.json:
        print_json([verb.as_json(each) for each in found])
    else:
        write(Result(tables.targets(found)))


@notify_app.command("test")
def notify_test(
    number: Annotated[
        int | None, typer.Argument(metavar="NUMBER", help="Only this one; all, if left out.")
    ] = None,
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Send a message to try a channel, or all of them."""
    from kagsync.notify import channel
    from kagsync.notify import tell as verb

    loaded = load(db, verbose, quiet)
    with open_store(loaded) as store:
        targets = store.targets.all() if number is None else [store.targets.get(number)]
    if not targets:
        say("Nobody is told yet: kagsync notify add URL", quiet=quiet)
    failed = False
    for target in targets:
        try:
            verb.test(target)
        except (verb.NotSent, errors.UsageError) as error:
            failed = True
            log.failure(error, f"{target.id}: ")
        else:
            with open_store(loaded) as store:
                store.targets.reached(target)
            say(printable(f"Sent to {target.id}: {channel.shown(target)}"), quiet=quiet)
    if failed:
        raise typer.Exit(errors.SOME_FAILED)


@notify_app.command("remove")
def notify_remove(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="As `kagsync notify list` has it.")],
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Stop notifying a channel."""
    from kagsync.notify import channel

    loaded = load(db, verbose, quiet)
    with open_store(loaded) as store:
        target = store.targets.get(number)
        store.targets.remove(number)
    say(printable(f"Removed {number}: {channel.shown(target)}"), quiet=quiet)
