"""cron: a block between two marker lines in the user's crontab. Everything else there stays byte for byte."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from kagsync import clock, settings
from kagsync.errors import ConfigurationError
from kagsync.files import output_file, scratch
from kagsync.schedule.scheduler import Installed, NoScheduler, carried_over, installed

if TYPE_CHECKING:
    from kagsync.schedule.plan import Plan

BEGIN, END = "# >>> kagsync >>>", "# <<< kagsync <<<"
# What goes into the crontab.
_TEXT = f"""\
{BEGIN}
# Syncs every active competition. Installed by `kagsync schedule install`.
# `kagsync schedule remove` removes it; `kagsync schedule status` shows when it last ran.
# cron knows neither your PATH nor your variables, so the line below has a full path and what kagsync needs.
# Put no secrets here (KAGSYNC_PING_URL, a proxy with a password): `install` keeps them in a private file.
# cron mails all output. With -q there is none unless something is wrong; the log file has the details.
{{job}}
{END}
"""
_LONGEST_COMMAND = 998  # bytes: Debian's crontab refuses more (MAX_COMMAND in vixie cron)
_PATIENCE = 30.0  # seconds
_FIRST = rb"^" + re.escape(BEGIN.encode()) + rb"[ \t]*\r?$"
_LAST = rb"^" + re.escape(END.encode()) + rb"[ \t]*\r?(?:\n|\Z)"
_BEGIN = re.compile(_FIRST, re.MULTILINE)
# From the line that begins the block to the end of the line that ends it, with any line endings. There is no
# second beginning in between: if a block has lost its end, what follows it is not ours.
_BLOCK = re.compile(_FIRST + rb"(?:(?!" + _FIRST + rb").)*?" + _LAST, re.MULTILINE | re.DOTALL)
# What `crontab -l` says if there is no crontab: Vixie's, Debian's, cronie, dcron, FreeBSD and macOS; busybox.
# Anything else is a failure: there may be a crontab, so it must not be replaced.
_NONE_YET = re.compile(
    rb"(?:\S*crontab: )?no crontab for(?: \S+)?|crontab: can't open '[^'/]+': No such file or directory",
    re.IGNORECASE,
)
_JOB = re.compile(r"^(?!#)((?:\S+\s+){5})(\S.*?)\s*$", re.MULTILINE)


class Cron:
    """A block in the user's crontab."""

    name = "cron"
    title = "cron"

    def available(self) -> bool:
        return shutil.which("crontab") is not None

    def printed(self, plan: Plan) -> str:
        """The block as it goes into a crontab.

        Raises:
            ConfigurationError: the command would be too long for cron.
        """
        command = _command(plan)
        if len(command.encode()) > _LONGEST_COMMAND:
            raise ConfigurationError(
                f"cron takes commands of at most {_LONGEST_COMMAND} bytes, "
                f"but this one has {len(command.encode())}",
                "Use shorter paths, or set fewer variables",
            )
        return _TEXT.format(job=f"{_times(plan.minutes)} {command}")

    def install(self, plan: Plan) -> None:
        """Puts the block into the crontab, replacing the one that is there.

        Raises:
            ConfigurationError: the crontab cannot be read or written.
        """
        block = self.printed(plan).encode()
        old = _read()
        rest = _without_block(old)
        found = _BLOCK.search(old)
        before, after = (rest, b"") if found is None else (old[: found.start()], rest[found.start() :])
        _replace(old, _ended(before) + block + after)

    def remove(self) -> bool:
        """Takes the block out of the crontab.

        Returns:
            whether there was one.

        Raises:
            ConfigurationError: the crontab cannot be read or written.
        """
        old = _read()
        rest = _without_block(old)
        if rest == old:
            return False
        _replace(old, rest)
        return True

    def find(self) -> Installed | None:
        """Reads what the crontab runs.

        Raises:
            NoScheduler: there is no `crontab` command.
            ConfigurationError: the crontab cannot be read.
        """
        block = _BLOCK.search(_read())
        if block is None:
            return None
        job = _JOB.search(block[0].decode("utf-8", "replace"))
        if job is None:
            return installed(_times, "", "")
        try:
            words = shlex.split(job[2].replace(r"\%", "%"))
        except ValueError:
            words = []
        assignments = []
        if words[:1] == ["env"]:
            assignments = [word for word in words if re.match(r"\w+=", word)]
            words = [word for word in words[1:] if word not in assignments]
        when = " ".join(job[1].split())
        return installed(_times, when, words[0] if words else "", assignments, " ".join(words))

    def notes(self, plan: Plan) -> list[str]:
        """What to tell people after `install`."""
        return carried_over(plan)


def _times(minutes: int) -> str:
    if minutes < 60:
        return f"*/{minutes} * * * *" if minutes > 1 else "* * * * *"
    hours = minutes // 60
    return "0 0 * * *" if hours == 24 else f"0 */{hours} * * *" if hours > 1 else "0 * * * *"


def _command(plan: Plan) -> str:
    # Variables go on the job's own line: on a line of their own they would apply to all jobs below.
    assignments = [f"{name}={value}" for name, value in plan.environment.items()]
    words = (*(("env", *assignments) if assignments else ()), *plan.words(Cron.name))
    # In cron, % ends the line and \% is %, but \\% ends it again. So '' separates a word's own backslash from
    # the % (shlex puts a word with a backslash in single quotes, so these end and reopen them).
    return shlex.join(words).replace("\\%", "\\''%").replace("%", r"\%")


def _without_block(content: bytes) -> bytes:
    rest = _BLOCK.sub(b"", content)
    if _BEGIN.search(rest):
        raise ConfigurationError(
            f"the crontab has a line {BEGIN!r} without the line {END!r} that ends the block",
            "Remove that part by hand: crontab -e",
        )
    return rest


def _run(*words: str, content: bytes | None = None, **environment: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["crontab", *words],
            input=content if content is not None else b"",
            capture_output=True,
            env={**os.environ, "LC_ALL": "C", **environment},
            timeout=_PATIENCE,
            check=False,
        )
    except FileNotFoundError as error:
        raise NoScheduler(
            "there is no crontab command on this system",
            "Install cron, or choose another scheduler: kagsync schedule install --help",
        ) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigurationError(f"crontab failed: {error}", "Try it by hand: crontab -l") from error


def _read() -> bytes:
    listed = _run("-l")
    if listed.returncode != 0:
        last = listed.stderr.strip().rpartition(b"\n")[2]  # the loader may print other warnings first
        if _NONE_YET.fullmatch(last) and not listed.stdout.strip():
            return b""
        raise ConfigurationError(
            f"cannot read the crontab: {_said(listed)}",
            "Try it by hand: crontab -l. If you have no crontab yet, create one: crontab -e",
        )
    # Debian's `crontab -l` prints a carriage return as the two characters \\r, so this may not be the text.
    return _read_as_editor() if rb"\r" in listed.stdout else listed.stdout


def _read_as_editor() -> bytes:
    """Reads the exact bytes, by giving `crontab -e` an editor that only copies the file."""
    with scratch.folder() as folder:
        copy = folder / "crontab"
        script = "import shutil, sys; shutil.copyfile(sys.argv[2], sys.argv[1])"
        editor = shlex.join([sys.executable, "-c", script, str(copy)])
        edited = _run("-e", VISUAL=editor, EDITOR=editor)
        if edited.returncode != 0 or not copy.exists():
            raise ConfigurationError(
                f"cannot read the crontab: {_said(edited)}", "Add the lines by hand: crontab -e"
            )
        return copy.read_bytes()


def _ended(content: bytes) -> bytes:
    """cron refuses a crontab whose last line does not end with a newline."""
    return content if content.endswith(b"\n") or not content else content + b"\n"


def _replace(old: bytes, new: bytes) -> None:
    """Writes the crontab and reads it back. If it differs from what was written, restores the old one.

    Raises:
        ConfigurationError: the new crontab is not in place. The message says which one is.
    """
    problem = _problem_of_writing(new)
    if problem is None:
        return
    by_hand = "Add the lines by hand: kagsync schedule print --cron"
    if _is_now(old, comments_after=False):  # they may be a part of the new one
        raise ConfigurationError(f"crontab refused the new crontab, so the old one stays: {problem}", by_hand)
    if _problem_of_writing(old) is None:
        raise ConfigurationError(f"{problem}; the old crontab has been restored", by_hand)
    saved = settings.config_folder() / f"crontab-{clock.utc_now():%Y%m%dT%H%M%S}"
    output_file.write_private(saved, old.decode("utf-8", "surrogateescape"))
    raise ConfigurationError(
        f"{problem}, and the old crontab could not be restored: it is saved in {saved}",
        f"Restore it by hand: crontab {shlex.quote(str(saved))}",
    )


def _problem_of_writing(content: bytes) -> str | None:
    written = _run("-", content=_ended(content))
    if written.returncode != 0:
        return _said(written)
    return None if _is_now(content) else "the crontab differs from what was written"


def _is_now(content: bytes, *, comments_after: bool = True) -> bool:
    """Whether the crontab is this one, apart from comments that some crons add at its beginning or end."""
    content = _ended(content)
    try:
        before, here, after = _read().partition(content) if content else (_read(), b"", b"")
    except ConfigurationError:
        return False
    added = (*before.splitlines(), *after.splitlines())
    whole = here == content and (comments_after or not after)
    return whole and all(line.startswith(b"#") for line in added)


def _said(process: subprocess.CompletedProcess[bytes]) -> str:
    text = (process.stderr or process.stdout).decode("utf-8", "replace")
    return " ".join(text.split()).rstrip(".") or f"exit status {process.returncode}"
