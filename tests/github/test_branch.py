"""The database in its branch: one commit, never lost, never overwritten by another run."""

from __future__ import annotations

import base64
import os
import shlex
import shutil
import stat
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar

import pytest
from world.database import ask, execute
from world.repository import DATA, Repository, git
from world.running import one_line

from kagsync.github import git as command

if TYPE_CHECKING:
    from pathlib import Path

    from world.running import Kagsync, Ran

pytestmark = pytest.mark.long


def usernames(db: Path) -> list[str]:
    return [name for (name,) in ask(db, "SELECT username FROM users ORDER BY username")]


def database(repository: Repository) -> Path:
    """The database of the first run."""
    return repository.folder / "run" / ".kagsync" / "kagsync.db"


@pytest.fixture
def saved(repository: Repository, kagsync: Kagsync) -> Repository:
    """The repository after a first run that tracks alice."""
    kagsync.ok("github", "restore")
    kagsync.ok("competitions", "add", "titanic", "--no-kaggle")
    kagsync.ok("users", "add", "alice")
    kagsync.ok("github", "save")
    return repository


def again(repository: Repository, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch, name: str) -> Path:
    """A checkout for another run, which has restored the database. It becomes the current folder."""
    checkout = repository.checkout(name)
    go_to(checkout, monkeypatch)
    kagsync.ok("github", "restore")
    return checkout


def go_to(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(checkout)
    monkeypatch.setenv("KAGSYNC_DB", str(checkout / ".kagsync" / "kagsync.db"))


def test_the_first_run_finds_no_branch_and_makes_one(
    repository: Repository, kagsync: Kagsync, tmp_path: Path
) -> None:
    assert (
        kagsync.ok("github", "restore") == "There is no branch kagsync-data yet, so this is the first run\n"
    )
    kagsync.ok("competitions", "add", "titanic", "--no-kaggle")
    kagsync.ok("users", "add", "alice")
    assert kagsync.ok("github", "save").startswith("Saved the database in the branch kagsync-data: ")

    assert len(repository.commits()) == 1
    assert git(repository.bare, "ls-tree", "--name-only", DATA) == "kagsync.db"
    assert usernames(repository.database(tmp_path / "copy.db")) == ["alice"]


def test_each_run_goes_on_from_the_last_and_leaves_one_commit(
    saved: Repository, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for number, name in enumerate(("bob", "carol")):
        before = saved.commits()
        checkout = again(saved, kagsync, monkeypatch, name)
        assert stat.S_IMODE((checkout / ".kagsync" / "kagsync.db").stat().st_mode) == 0o600
        kagsync.ok("users", "add", name)
        kagsync.ok("github", "save")
        after = saved.commits()
        assert len(after) == 1 and after != before, number
    assert usernames(saved.database(tmp_path / "copy.db")) == ["alice", "bob", "carol"]
    assert git(saved.bare, "log", "--format=%s", "main").count("\n") == 0  # its history does not grow


def test_the_checkout_and_its_index_stay_as_they_are(
    saved: Repository, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = again(saved, kagsync, monkeypatch, "other")
    (checkout / "staged.txt").write_text("staged")
    git(checkout, "add", "staged.txt")
    head, index = git(checkout, "rev-parse", "HEAD"), (checkout / ".git" / "index").read_bytes()
    kagsync.ok("github", "save")
    assert git(checkout, "rev-parse", "HEAD") == head
    assert git(checkout, "branch", "--show-current") == "main"
    assert (checkout / ".git" / "index").read_bytes() == index
    assert git(checkout, "status", "--short") == "A  staged.txt\n?? .kagsync/"


def test_of_two_runs_at_once_the_second_is_refused_and_the_next_run_goes_on(
    saved: Repository, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = again(saved, kagsync, monkeypatch, "first")
    kagsync.ok("users", "add", "bob")
    again(saved, kagsync, monkeypatch, "second")
    kagsync.ok("users", "add", "carol")
    go_to(first, monkeypatch)
    kagsync.ok("github", "save")
    kept = saved.commits()

    go_to(first.with_name("second"), monkeypatch)
    message = one_line(kagsync("github", "save"), code=1)
    assert "another run has changed the branch kagsync-data" in message
    assert saved.commits() == kept
    assert usernames(saved.database(tmp_path / "copy.db")) == ["alice", "bob"]

    again(saved, kagsync, monkeypatch, "third")
    kagsync.ok("users", "add", "carol")
    kagsync.ok("github", "save")
    assert usernames(saved.database(tmp_path / "copy.db")) == ["alice", "bob", "carol"]


def test_of_two_first_runs_the_second_is_refused(
    repository: Repository, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first", "second"):
        again(repository, kagsync, monkeypatch, name)
        kagsync.ok("users", "add", name)
    kagsync.ok("github", "save")
    kept = repository.commits()
    go_to(repository.folder / "first", monkeypatch)
    assert "another run" in one_line(kagsync("github", "save"), code=1)
    assert repository.commits() == kept


def test_a_run_that_cannot_restore_stops(
    saved: Repository, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    go_to(saved.checkout("other"), monkeypatch)
    saved.bare.rename(tmp_path / "gone.git")
    assert "git ls-remote failed: " in one_line(kagsync("github", "restore"), code=1)
    assert not (saved.folder / "other" / ".kagsync").exists()


def test_a_damaged_database_is_not_restored(
    saved: Repository, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = saved.folder / "broken.db"
    content = bytearray(saved.database(broken).read_bytes())
    content[4096:12288] = b"\xff" * 8192
    put(saved, bytes(content))
    go_to(saved.checkout("other"), monkeypatch)
    assert "is damaged" in one_line(kagsync("github", "restore"), code=5)
    assert not (saved.folder / "other" / ".kagsync" / "kagsync.db").exists()


def put(repository: Repository, content: bytes, *more: str) -> None:
    """Puts a file into the branch, as somebody could by hand."""
    file = repository.folder / "content"
    file.write_bytes(content)
    blob = git(repository.bare, "hash-object", "-w", str(file))
    entries = "".join(f"100644 blob {blob}\t{name}\n" for name in ("kagsync.db", *more))
    tree = git(repository.bare, "mktree", stdin=entries)
    commit = git(repository.bare, "commit-tree", tree, "-m", "by hand")
    git(repository.bare, "update-ref", f"refs/heads/{DATA}", commit)


@pytest.mark.parametrize("branch", ["main", DATA])
def test_a_branch_that_is_not_kagsyncs_is_left_alone(
    saved: Repository, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch, branch: str
) -> None:
    put(saved, b"SQLite format 3\0", "notes.txt")
    go_to(saved.checkout("other"), monkeypatch)
    assert "was not made by kagsync" in one_line(kagsync("github", "restore", "--branch", branch))
    assert "was not restored from a branch" in one_line(save_with_new_database(kagsync))


def test_the_checkouts_history_stays_whole_when_a_foreign_branch_is_named(
    repository: Repository, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit({"notes.txt": "Later\n"})
    checkout = repository.checkout("other")
    go_to(checkout, monkeypatch)
    one_line(kagsync("github", "restore", "--branch", "main"))
    assert git(checkout, "log", "--format=%H") == git(repository.bare, "log", "--format=%H", "main")


def test_a_shallow_checkout_is_enough(
    saved: Repository, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved.commit({"notes.txt": "Later\n"})
    git(saved.folder, "clone", "--quiet", "--depth=1", f"file://{saved.bare}", "shallow")
    go_to(saved.folder / "shallow", monkeypatch)
    kagsync.ok("github", "restore")
    kagsync.ok("users", "add", "bob")
    kagsync.ok("github", "save")
    assert git(saved.folder / "shallow", "rev-list", "--count", "HEAD") == "1"


def test_a_branch_whose_name_only_ends_so_is_another_one(repository: Repository, kagsync: Kagsync) -> None:
    git(repository.bare, "branch", f"old/refs/heads/{DATA}", "main")
    assert "this is the first run" in kagsync.ok("github", "restore")


def test_a_push_whose_answer_is_lost_has_saved(
    saved: Repository, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    real = shutil.which("git")
    script = f'#!/bin/sh\n"{real}" "$@" || exit\n[ "$1" != push ]\n'
    (programs / "git").write_text(script)
    (programs / "git").chmod(0o755)
    kagsync.ok("users", "add", "bob")
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(programs), prepend=os.pathsep)
        assert "Saved" in kagsync.ok("github", "save")
    assert usernames(saved.database(tmp_path / "copy.db")) == ["alice", "bob"]


def save_with_new_database(kagsync: Kagsync) -> Ran:
    kagsync.ok("users", "add", "alice")
    return kagsync("github", "save")


def test_another_branch_can_hold_the_database(repository: Repository, kagsync: Kagsync) -> None:
    kagsync.ok("github", "restore", "--branch", "standings/2026")
    kagsync.ok("users", "add", "alice")
    assert "the branch standings/2026" in kagsync.ok("github", "save")
    assert len(repository.commits("standings/2026")) == 1
    assert repository.commits() == []


@pytest.mark.parametrize("name", ["", "a b", "-x", "a..b", "x\n", "+main:main"])
def test_a_name_that_no_branch_can_have_is_refused(
    repository: Repository, kagsync: Kagsync, name: str
) -> None:
    assert "is not the name of a branch" in one_line(kagsync("github", "restore", f"--branch={name}"))


def test_an_existing_database_is_not_overwritten(saved: Repository, kagsync: Kagsync) -> None:
    assert "exists already" in one_line(kagsync("github", "restore"))


def test_names_and_ids_stay_out_of_a_public_repository(
    saved: Repository, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = saved.commits()
    kagsync.ok("users", "add", "bob", "--name", "Bob Builder", "--student-id", "s1234567")
    kagsync.ok("users", "archive", "bob")
    message = one_line(kagsync("github", "save"), code=1)
    assert "the repository is public, and the database holds a name, a student id" in message
    assert "Make the repository private. Otherwise delete 1 person" in message
    assert "Builder" not in message and "s1234567" not in message
    assert saved.commits() == kept

    monkeypatch.setenv("GITHUB_EVENT_PATH", str(saved.event(private=True)))
    assert "Saved" in kagsync.ok("github", "save")
    assert saved.commits() != kept


def refused(kagsync: Kagsync, roster: Path, text: str, *words: str) -> str:
    """Imports a roster; gives the message with which the database is not saved."""
    roster.write_text(text)
    kagsync.ok("users", "import", str(roster), *words)
    return one_line(kagsync("github", "save"), code=1)


def test_the_remedies_against_names_and_ids_work(
    saved: Repository, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    roster = tmp_path / "roster.csv"
    people = "username,name,student_id\nalice,Alice Ace,s1\nbob,Bob Builder,\n"
    message = refused(kagsync, roster, people)
    assert "2 names, a student id" in message and "empty the cells of names" in message
    assert "users remove" not in message

    message = refused(kagsync, roster, "username,name,student_id\nalice,,\n", "--prune", "--yes")
    assert "holds a name" in message and "delete 1 person" in message and "users remove" in message
    assert "cells" not in message

    kagsync.ok("users", "remove", "bob", "--yes")
    kagsync.ok("github", "save")
    content = saved.database(tmp_path / "copy.db").read_bytes()
    assert b"Ace" not in content and b"bob" not in content.lower()


def test_a_handle_made_from_a_name_is_told_at_once(
    saved: Repository, kagsync: Kagsync, tmp_path: Path
) -> None:
    message = refused(kagsync, tmp_path / "roster.csv", "username,name,team\n,Han Solo,Falcon\n")
    assert "empty the cells of names" in message and "delete 1 person" in message


def test_a_dry_run_checks_and_saves_nothing(saved: Repository, kagsync: Kagsync) -> None:
    kept = saved.commits()
    kagsync.ok("users", "add", "bob")
    out = kagsync.ok("github", "save", "--dry-run")
    assert out == "The database may be saved in the branch kagsync-data\n"
    kagsync.ok("users", "add", "bob", "--name", "Bob Builder")
    assert "holds a name" in one_line(kagsync("github", "save", "--dry-run"), code=1)
    assert saved.commits() == kept


def test_a_branch_that_was_deleted_meanwhile_stays_deleted_unless_it_is_pushed(
    saved: Repository, kagsync: Kagsync, tmp_path: Path
) -> None:
    kagsync.ok("users", "add", "bob")
    git(saved.folder / "run", "push", "--quiet", "origin", "--delete", DATA)
    message = one_line(kagsync("github", "save"), code=1)
    assert "was deleted after this database was restored" in message
    assert "starts with a new database" in message and "another run" not in message
    assert saved.commits() == []
    git(saved.folder / "run", *message.partition("keep this one: git ")[2].split())
    assert usernames(saved.database(tmp_path / "copy.db")) == ["alice", "bob"]


def test_pseudonyms_are_of_no_use_in_a_public_repository(saved: Repository, kagsync: Kagsync) -> None:
    message = one_line(kagsync("github", "save", "--names", "pseudonym"), code=1)
    assert "the database tells whose the pseudonyms are" in message
    execute(database(saved), "INSERT INTO report_options (id, names) VALUES (1, 'pseudonym')")
    assert one_line(kagsync("github", "save"), code=1) == message


def test_a_channels_url_stays_out_of_a_public_repository(saved: Repository, kagsync: Kagsync) -> None:
    kagsync.ok("notify", "add", "json://hooks.example.org/T0K3N-very-secret")
    message = one_line(kagsync("github", "save"), code=1)
    assert "the URL of notification channel 1" in message
    assert "T0K3N" not in message


def test_a_secret_in_the_database_stays_out_of_a_public_repository(
    saved: Repository, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_KEY", "0123456789abcdef")
    kagsync.ok("competitions", "add", "titanic", "--no-kaggle", "--title", "key 0123456789abcdef")
    message = one_line(kagsync("github", "save"), code=1)
    assert "holds a secret" in message and "0123456789abcdef" not in message


def test_what_was_removed_is_in_no_page_of_the_file(
    saved: Repository, kagsync: Kagsync, tmp_path: Path
) -> None:
    execute(database(saved), "UPDATE users SET name = 'Quirina Quartz'")
    execute(database(saved), "UPDATE users SET name = NULL")
    kagsync.ok("github", "save")
    assert b"Quartz" not in saved.database(tmp_path / "copy.db").read_bytes()


def test_a_file_that_is_too_large_for_github_is_not_pushed(
    saved: Repository, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kagsync.github.branch._LARGEST", 100_000)
    assert "GitHub takes files of at most 100 MB" in one_line(kagsync("github", "save"), code=1)


def test_a_run_that_may_not_push_says_so(saved: Repository, kagsync: Kagsync) -> None:
    git(saved.bare, "config", "receive.denyNonFastForwards", "true")
    kagsync.ok("users", "add", "bob")
    message = one_line(kagsync("github", "save"), code=1)
    assert "git push failed" in message and "contents: write" in message


def test_outside_a_repository_it_says_so(
    repository: Repository, kagsync: Kagsync, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert "git ls-remote failed" in one_line(kagsync("github", "restore"), code=1)


def test_without_git_it_says_so(
    repository: Repository, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert "Install git" in one_line(kagsync("github", "restore"), code=3)


def test_quiet_says_nothing(repository: Repository, kagsync: Kagsync) -> None:
    assert kagsync.ok("github", "restore", "-q") == ""
    kagsync.ok("users", "add", "alice")
    assert kagsync.ok("github", "save", "-q") == ""


TOKEN = "ghs_s3cretT0ken"


def test_the_token_reaches_git_in_a_variable_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.example.org")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "a.b")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "c")
    key = "http.https://github.example.org/.extraheader"
    assert command.git("config", "--get", key).word.startswith("AUTHORIZATION: basic ")
    assert command.git("config", "--get", "a.b").word == "c"
    with pytest.raises(command.GitFailed) as error:
        command.git("ls-remote", f"https://x:{TOKEN}-more@localhost:1/{TOKEN}")
    assert TOKEN not in str(error.value)
    assert "-more" not in str(error.value)


class _Refusing(BaseHTTPRequestHandler):
    """Notes the logins that are sent."""

    logins: ClassVar[list[list[str] | None]] = []

    def do_GET(self) -> None:
        self.logins.append(self.headers.get_all("Authorization"))
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        return


def test_the_token_takes_the_place_of_a_login_in_the_configuration(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Refusing) as server:
        threading.Thread(target=server.serve_forever).start()
        address = f"http://127.0.0.1:{server.server_port}"
        # As actions/checkout leaves it.
        checkout = repository.folder / "run"
        git(checkout, "config", f"http.{address}/.extraheader", "AUTHORIZATION: basic b2xk")
        monkeypatch.setenv("GITHUB_SERVER_URL", address)
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        command.attempt("ls-remote", f"{address}/club/boards")
        server.shutdown()
    login = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
    assert _Refusing.logins[0] == [f"basic {login}"]


def test_the_reason_of_a_refused_push_is_told(saved: Repository, kagsync: Kagsync) -> None:
    hook = saved.bare / "hooks" / "update"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    kagsync.ok("users", "add", "bob")
    assert "(hook declined)" in one_line(kagsync("github", "save"), code=1)


@pytest.mark.parametrize("variable", ["", "GIT_SSH", "GIT_SSH_COMMAND"])
def test_the_users_own_ssh_is_used(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    own = tmp_path / "own-ssh"
    own.write_text(f'#!/bin/sh\necho "$@" > {shlex.quote(str(tmp_path / "asked"))}\nexit 1\n')
    own.chmod(0o755)
    if variable:
        monkeypatch.setenv(variable, str(own))
    else:
        git(repository.folder / "run", "config", "core.sshCommand", str(own))
    assert command.attempt("ls-remote", "git@example.org:club/boards").code != 0
    assert "club/boards" in (tmp_path / "asked").read_text()
