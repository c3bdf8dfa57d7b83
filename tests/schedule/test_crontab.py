"""A scheduler that fails, lies or forgets: nothing of the user's is lost, and nothing false is said."""

from __future__ import annotations

import json
import shlex
import sys
from typing import TYPE_CHECKING

import pytest
from test_schedule import BEGIN, SCHTASKS, Crontab, command, real_crontab, schtasks, systemctl

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from world.running import Kagsync

__all__ = ["command", "real_crontab", "schtasks", "systemctl"]

if sys.platform == "win32":
    pytest.skip("the stand-ins are shell scripts", allow_module_level=True)

PRECIOUS = b"# mine\n0 5 * * 1 tar -zcf /backup/home.tgz /home\n"
# A crontab command whose `-l` and `-` are given by the test.
SCRIPT = """\
#!/bin/sh
tab={tab}
case $1 in
-l) {list} ;;
-) {write} ;;
esac
"""
LIST, WRITE = '[ -f "$tab" ] || { echo "no crontab for me" >&2; exit 1; }; cat "$tab"', 'cat > "$tab"'


@pytest.fixture
def cron_with(tmp_path: Path, command: Callable[[str, str], Path]) -> Callable[..., Crontab]:
    """Makes a `crontab` command, by default one that works, with the user's lines in it."""

    def make(content: bytes | None = PRECIOUS, *, list: str = LIST, write: str = WRITE) -> Crontab:
        tab = tmp_path / "tab"
        command("crontab", SCRIPT.format(tab=shlex.quote(str(tab)), list=list, write=write))
        crontab = Crontab(tab, header=False)
        if content is not None:
            crontab.content = content
        return crontab

    return make


def says(text: str) -> str:
    """A part of a script that fails with a message."""
    return f"echo {shlex.quote(text)} >&2; exit 1"


@pytest.mark.parametrize(
    "text",
    [
        "no crontab for alice",  # Vixie's, Debian's, cronie, dcron
        "crontab: no crontab for alice",  # FreeBSD's, macOS'
        "/usr/bin/crontab: no crontab for alice",
        "No crontab for alice",
        "crontab: can't open 'alice': No such file or directory",  # busybox
        "ERROR: ld.so: object 'x.so' from LD_PRELOAD cannot be preloaded: ignored.\nno crontab for alice",
    ],
)
def test_what_crons_say_where_there_is_no_crontab(
    text: str, cron_with: Callable[..., Crontab], kagsync: Kagsync
) -> None:
    crontab = cron_with(None, list=f'[ -f "$tab" ] || {{ {says(text)}; }}; cat "$tab"')

    kagsync.ok("schedule", "install", "--cron")

    assert (crontab.content or b"").startswith(BEGIN)


@pytest.mark.parametrize(
    "text",
    [
        "crontab: /usr/lib/crontab-helper: No such file or directory",
        "/var/spool/cron: mkstemp: No such file or directory",
        "crontab: can't open '/var/spool/cron/crontabs/alice': No such file or directory",
        "crontab: can't open your crontab file",  # Solaris, also where it may not be read
        "sh: crontab-real: No such file or directory",
        "cannot chdir(/var/cron), bailing out. No such file or directory",
        "there is no crontab for alice yet? the spool is not mounted",
        "no crontab for alice\nwarning: the spool is read-only",
        "you (alice) are not allowed to use this program (crontab)",
        "",
    ],
)
@pytest.mark.parametrize("verb", ["install", "remove"])
def test_any_other_failure_changes_nothing(
    text: str, verb: str, cron_with: Callable[..., Crontab], kagsync: Kagsync
) -> None:
    crontab = cron_with(list=says(text))

    ran = kagsync("schedule", verb, "--cron")

    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith("ERROR kagsync: cannot read the crontab: ")
    assert " ".join(text.split()).rstrip(".") in ran.err
    assert "crontab -l" in ran.err
    assert len(ran.err.splitlines()) == 1
    assert crontab.content == PRECIOUS


def test_lines_that_come_with_a_failure_are_not_dropped(
    cron_with: Callable[..., Crontab], kagsync: Kagsync
) -> None:
    crontab = cron_with(list='cat "$tab"; echo "no crontab for alice" >&2; exit 1')
    assert kagsync("schedule", "install", "--cron").code == 3
    assert crontab.content == PRECIOUS


def test_a_write_that_is_cut_short_is_told_and_undone(
    cron_with: Callable[..., Crontab], kagsync: Kagsync
) -> None:
    crontab = cron_with(write=f'head -c {len(PRECIOUS) + 40} > "$tab"')  # the old one fits

    ran = kagsync("schedule", "install", "--cron")

    assert (ran.code, ran.out) == (3, "")
    assert "differs from what was written; the old crontab has been restored. Add the lines" in ran.err
    assert crontab.content == PRECIOUS
    assert len(ran.err.splitlines()) == 1


def test_a_cron_may_add_a_comment_at_the_end(cron_with: Callable[..., Crontab], kagsync: Kagsync) -> None:
    crontab = cron_with(list='cat "$tab"; echo "# managed host"')
    kagsync.ok("schedule", "install", "--cron")
    assert BEGIN in (crontab.content or b"")


def test_a_write_that_is_lost_without_a_word_is_told(
    cron_with: Callable[..., Crontab], kagsync: Kagsync
) -> None:
    crontab = cron_with(write="cat > /dev/null")
    ran = kagsync("schedule", "install", "--cron")
    assert ran.code == 3
    assert "the old one stays: the crontab differs from what was written" in ran.err
    assert crontab.content == PRECIOUS


def test_lines_that_cannot_be_put_back_are_saved_and_the_file_is_named(
    cron_with: Callable[..., Crontab], kagsync: Kagsync, home: Path
) -> None:
    content = PRECIOUS + b"# Zo\xeb\n"
    cron_with(content, write='head -c 10 > "$tab"')

    ran = kagsync("schedule", "install", "--cron")

    (saved,) = (home / ".config/kagsync").iterdir()
    assert saved.read_bytes() == content
    assert saved.stat().st_mode & 0o777 == 0o600
    assert f"it is saved in {saved}. Restore it by hand: crontab {saved}" in ran.err
    assert (ran.code, len(ran.err.splitlines())) == (3, 1)


def test_a_cron_that_adds_its_header_is_believed(cron_with: Callable[..., Crontab], kagsync: Kagsync) -> None:
    crontab = cron_with(write='{ echo "# DO NOT EDIT"; cat; } > "$tab"')
    kagsync.ok("schedule", "install", "--cron")
    assert (crontab.content or b"").startswith(b"# DO NOT EDIT\n" + PRECIOUS + BEGIN)


def test_the_real_crontab_is_read_back(real_crontab: Crontab, kagsync: Kagsync) -> None:
    real_crontab.content = PRECIOUS
    kagsync.ok("schedule", "install", "--cron")
    assert (real_crontab.content or b"").startswith(PRECIOUS + BEGIN)
    kagsync.ok("schedule", "remove", "--cron")
    assert real_crontab.content == PRECIOUS


# What cannot be looked at is not "nothing"


def test_status_tells_a_crontab_that_cannot_be_read(
    cron_with: Callable[..., Crontab], kagsync: Kagsync
) -> None:
    cron_with(list=says("cannot open the spool"))

    ran = kagsync("schedule", "status")

    assert ran.code == 1
    assert "cron: cannot read the crontab: cannot open the spool" in ran.out
    assert "Nothing is scheduled" not in ran.out
    (told,) = json.loads(kagsync("schedule", "status", "--format", "json").out)["unreadable"]
    assert told["scheduler"] == "cron"
    assert "cannot open the spool" in told["message"]


def test_remove_goes_on_with_the_others_and_tells(
    cron_with: Callable[..., Crontab], systemctl: Path, kagsync: Kagsync
) -> None:
    cron_with()
    kagsync.ok("schedule", "install", "--systemd")
    cron_with(list=says("cannot open the spool"))

    ran = kagsync("schedule", "remove")

    assert (ran.code, ran.out) == (3, "")
    assert "cannot open the spool; it is removed from systemd" in ran.err


def test_a_task_that_may_not_be_read_is_not_taken_for_none(
    schtasks: Path, command: Callable[[str, str], Path], kagsync: Kagsync
) -> None:
    kagsync.ok("schedule", "install", "--windows")
    works = SCHTASKS.format(task=shlex.quote(str(schtasks)))
    denied = '[ "$2" != /TN ] || { echo "FEHLER: Zugriff verweigert" >&2; exit 1; }'
    command("schtasks", works.replace("case $1 in", f"{denied}\ncase $1 in"))

    for words in (("schedule", "status"), ("schedule", "remove", "--windows")):
        ran = kagsync(*words)
        assert "cannot read the task kagsync: FEHLER: Zugriff verweigert" in ran.out + ran.err
        assert "Nothing" not in ran.out
    assert schtasks.exists()


def test_a_task_that_is_not_what_was_given_is_told(
    command: Callable[[str, str], Path], kagsync: Kagsync
) -> None:
    command("schtasks", "#!/bin/sh\n[ $1 = /Create ] || echo '<Task/>'\n")
    ran = kagsync("schedule", "install", "--windows")
    assert (ran.code, ran.out) == (3, "")
    assert "Task Scheduler did not store the task as it was given" in ran.err
