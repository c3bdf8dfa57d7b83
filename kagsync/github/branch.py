"""The database in a branch of its own, as the branch's only commit, so that the history does not grow.

`restore` notes which commit it took. `save` replaces that commit and no other, so no run overwrites what
another one has saved. Neither touches the files or the index of the repository's checkout.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, NamedTuple

from kagsync import clock
from kagsync.errors import ConfigurationError, DatabaseError, KagsyncError, UsageError, from_os_error
from kagsync.files import output_file, rights, scratch
from kagsync.github import personal
from kagsync.github.git import attempt, fail, git
from kagsync.github.personal import NotPublished
from kagsync.report import PSEUDONYM, strictest_names
from kagsync.store import publishing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from kagsync.store import Store

BRANCH = "kagsync-data"
FILE = "kagsync.db"  # in the branch
_REMOTE = "origin"
_FETCHED = "refs/kagsync/data"  # the local name of what was fetched
_LARGEST = 100_000_000  # bytes; GitHub refuses files of more than 100 MiB


class Overtaken(KagsyncError):
    """The branch was changed or deleted since this run restored its database."""

    code = "overtaken"


class Restored(NamedTuple):
    """Which commit a database was restored from; None: there was no branch yet."""

    branch: str
    commit: str | None


def restore(database: Path, branch: str) -> str:
    """Gets the database from its branch.

    Args:
        database: where to; there must be none yet.

    Returns:
        what was done.

    Raises:
        UsageError: there is a database already, or the branch holds something else.
        DatabaseError: the database in the branch is damaged.
        GitFailed: the branch could not be read. Do not go on with a new database.
    """
    _check_name(branch)
    _examine(database)
    if _remote_commit(branch) is None:
        _note(database, Restored(branch, None))
        return f"There is no branch {branch} yet, so this is the first run"
    # Not --depth=1, which would cut off the checkout's own history if the branch is one of its own.
    git("fetch", "--no-tags", "--no-write-fetch-head", _REMOTE, f"+{_ref(branch)}:{_FETCHED}")
    commit = git("rev-parse", _FETCHED).word
    _refuse_foreign(branch, commit)
    content = git("cat-file", "blob", f"{commit}:{FILE}").out
    try:
        rights.make_folder(database.parent)
        with scratch.folder(database.parent) as place:
            new = place / FILE
            new.touch(mode=0o600)
            new.write_bytes(content)
            if not publishing.is_sound(new):
                raise DatabaseError(
                    f"the database in the branch {branch} is damaged",
                    f"To start over: git push {_REMOTE} --delete {branch}",
                )
            new.replace(database)
    except OSError as error:
        raise from_os_error(error, f"write the database {database}") from error
    _note(database, Restored(branch, commit))
    return f"Restored the database from the branch {branch}: {len(content):,} bytes, commit {commit[:7]}"


def save(
    store: Store, *, public: bool | None, secrets: Iterable[str], names: str, dry_run: bool = False
) -> str:
    """Stores the database as the only commit of the branch that it was restored from.

    Args:
        public: whether everybody can read the repository. If it is not known (None), it counts as public.
        secrets: what must not stand in a copy that everybody can read, in all its forms.
        dry_run: only check whether the database may be stored.
        names: how pages name people, a word of `report.NAMES`. The database would resolve pseudonyms.

    Returns:
        what was done.

    Raises:
        UsageError: it was not restored.
        NotPublished: the repository may be public, and the database holds what strangers must not read.
        Overtaken: the branch was changed or deleted meanwhile. Nothing is overwritten.
        GitFailed: it could not be pushed.
    """
    restored = _noted(store.path)
    readable = public is not False
    if readable:
        _refuse_personal(store, public, names)
    try:
        with scratch.folder(store.path.parent) as place:
            copy = place / FILE
            size = publishing.copy(store, copy, public=readable)
            if readable:
                content = copy.read_bytes()
                if any(secret.encode() in content for secret in secrets):
                    raise NotPublished(
                        f"{_readers(public)}, and the database holds a secret",
                        "Find it in the tables of the database, and take it out",
                    )
            if size > _LARGEST:
                raise NotPublished(
                    f"the database has {size / 1e6:,.0f} MB, and GitHub takes files of at most 100 MB",
                    "Keep drift for a shorter time (KAGSYNC_KEEP_DRIFT), or track fewer competitions",
                )
            if dry_run:
                return f"The database may be saved in the branch {restored.branch}"
            blob = git("hash-object", "-w", "--no-filters", "--", str(copy)).word
    except OSError as error:
        raise from_os_error(error, f"copy the database {store.path}") from error
    tree = git("mktree", content=f"100644 blob {blob}\t{FILE}\n".encode()).word
    commit = git("commit-tree", tree, "-m", _message()).word
    _push(restored, commit)
    _note(store.path, Restored(restored.branch, commit))
    return f"Saved the database in the branch {restored.branch}: {size:,} bytes, commit {commit[:7]}"


def _examine(database: Path) -> None:
    """Refuses a place for the database that is taken, or that is a part of another database."""
    try:
        if output_file.examine(database) is not None or output_file.is_lost_link(database):
            raise UsageError(
                f"{database} exists already",
                f"Name another file with --db, or delete this one and {database.name}-locks",
            )
        output_file.refuse_working_database(database)
    except OSError as error:
        raise from_os_error(error, f"examine {database}") from error


def _refuse_personal(store: Store, public: bool | None, names: str) -> None:
    private = "Make the repository private"
    if public is None:
        private = "If it is private, check the network, and set GITHUB_REPOSITORY to its OWNER/NAME"
    found = personal.found(store)
    if words := found.words():
        raise NotPublished(
            f"{_readers(public)}, and the database holds {', '.join(words)}",
            f"{private}. Otherwise {'; '.join(found.remedies())}",
        )
    if strictest_names(names, store.report_options.get().names) == PSEUDONYM:
        raise NotPublished(
            f"{_readers(public)}, and the database tells whose the pseudonyms are",
            f"{private}. Otherwise name people by username (--names username)",
        )


def _readers(public: bool | None) -> str:
    """Who can read the repository, in words; not of a private one."""
    return "the repository is public" if public else "it is not known whether the repository is private"


def _push(restored: Restored, commit: str) -> None:
    """Replaces the commit that was restored; no branch, if there was none."""
    ref = _ref(restored.branch)
    lease = f"--force-with-lease={ref}:{restored.commit or ''}"
    done = attempt("push", "--quiet", "--no-verify", lease, _REMOTE, f"{commit}:{ref}")
    if done.code == 0:
        return
    now = _remote_commit(restored.branch)
    if now == commit:  # it was pushed, and the answer was lost
        return
    if now is None and restored.commit is not None:
        raise Overtaken(
            f"the branch {restored.branch} was deleted after this database was restored from it, so nothing "
            "was saved",
            "The next run starts with a new database. On your own machine you can keep this one: "
            f"git push {_REMOTE} {commit}:{ref}",
        )
    if now != restored.commit:
        raise Overtaken(
            f"another run has changed the branch {restored.branch}, so nothing was saved",
            "Nothing is lost: the next run goes on from there",
        )
    fail("push", done)


def _remote_commit(branch: str) -> str | None:
    """The commit of the branch on GitHub; None: there is no such branch."""
    # ls-remote also gives branches whose names only end so.
    lines = git("ls-remote", _REMOTE, _ref(branch)).out.decode("utf-8", "replace").splitlines()
    commits = {ref: commit for commit, _, ref in (line.partition("\t") for line in lines)}
    return commits.get(_ref(branch))


def _refuse_foreign(branch: str, commit: str) -> None:
    """Refuses a branch that holds anything else than a database: `save` would replace it."""
    header = git("cat-file", "commit", commit).out.partition(b"\n\n")[0]
    names = git("ls-tree", "--name-only", commit).out.decode("utf-8", "replace").splitlines()
    if b"\nparent " in header or names != [FILE]:
        raise UsageError(f"the branch {branch} was not made by kagsync", "Name another branch with --branch")


def _check_name(branch: str) -> None:
    if branch.startswith("-") or attempt("check-ref-format", _ref(branch)).code != 0:
        raise UsageError(f"{branch!r} is not the name of a branch", f"Use a name such as {BRANCH}")


def _ref(branch: str) -> str:
    return f"refs/heads/{branch}"


def _message() -> str:
    """The message of the commit, with the run's page if it is known."""
    lines = [f"Database of kagsync, {clock.iso(clock.utc_now())}"]
    server, repository, run = (
        os.environ.get(f"GITHUB_{name}") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID")
    )
    if server and repository and run:
        lines.append(f"{server}/{repository}/actions/runs/{run}")
    return "\n\n".join(lines)


def _note_file(database: Path) -> Path:
    return database.with_name(f"{database.name}.branch")


def _note(database: Path, restored: Restored) -> None:
    """Notes beside the database which commit it came from."""
    output_file.write_private(_note_file(database), json.dumps(restored._asdict()))


def _noted(database: Path) -> Restored:
    """Which commit the database came from.

    Raises:
        UsageError: it was not restored.
    """
    file = _note_file(database)
    try:
        noted = Restored(**json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise UsageError(
            f"{database} was not restored from a branch", "Run this first: kagsync github restore"
        ) from error
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"{file} cannot be read", "Run this again: kagsync github restore"
        ) from error
    return noted
