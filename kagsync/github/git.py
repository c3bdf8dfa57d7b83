"""Runs git: with a time limit, without questions, and without secrets in its errors."""

from __future__ import annotations

import base64
import os
import re
import subprocess
from typing import NamedTuple, NoReturn

from kagsync.errors import ConfigurationError, KagsyncError
from kagsync.secrecy import GITHUB_TOKEN, redacted

_SERVER = "GITHUB_SERVER_URL"
_LOCAL, _REMOTE = 60.0, 300.0  # seconds
_ON_THE_NETWORK = {"ls-remote", "fetch", "push"}
# What the lines on stderr that tell why something failed begin with, the most telling first.
_TELLING = ("! [", "remote: error:", "fatal:", "error:")
_LOGIN = re.compile(r"(?<=://)[^/@\s]+@")
_RETRY = "Check the network, and that you may read the repository; then run it again"
_ELSEWHERE = "Run it in the folder of the repository"
_MAY_WRITE = "Check that you may write to the repository (a workflow's job: permissions: contents: write)"
# Who makes the commit: the account that GitHub itself uses for workflows.
_AUTHOR = "github-actions[bot]"
_MAIL = "41898282+github-actions[bot]@users.noreply.github.com"


class GitFailed(KagsyncError):
    """A git command failed."""

    code = "git"


class Done(NamedTuple):
    """How a git command ended.

    Attributes:
        code: its exit code.
        out: what it wrote to stdout.
        err: the line of its output on stderr that tells most, without secrets.
    """

    code: int
    out: bytes
    err: str

    @property
    def word(self) -> str:
        """What it wrote to stdout, if that is one word, such as the id of an object."""
        return self.out.decode().strip()


def git(*words: str, content: bytes | None = None) -> Done:
    """Runs a git command in the current folder.

    Args:
        content: what it reads from stdin.

    Raises:
        GitFailed: it failed, or took too long.
        ConfigurationError: git is not installed.
    """
    done = attempt(*words, content=content)
    if done.code != 0:
        fail(words[0], done)
    return done


def attempt(*words: str, content: bytes | None = None, anonymous: bool = False) -> Done:
    """Runs a git command that may fail with any exit code.

    Args:
        anonymous: outside the repository, and without any login or setting of the user's.

    Raises:
        GitFailed: it took too long.
        ConfigurationError: git is not installed.
    """
    patience = _REMOTE if words[0] in _ON_THE_NETWORK else _LOCAL
    try:
        done = subprocess.run(
            ["git", *words],
            cwd=os.sep if anonymous else None,
            input=content or b"",
            capture_output=True,
            env={**os.environ, **_environment(words[0], anonymous=anonymous)},
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise GitFailed(f"git {words[0]} took more than {patience:.0f} s", _RETRY) from error
    except OSError as error:
        raise ConfigurationError(f"git cannot be started: {error.strerror}", "Install git") from error
    return Done(done.returncode, done.stdout, _said(done.stderr))


def fail(name: str, done: Done) -> NoReturn:
    """Raises the error of a git command that failed."""
    remedy = {"push": _MAY_WRITE, "ls-remote": _RETRY, "fetch": _RETRY}.get(name, _ELSEWHERE)
    raise GitFailed(f"git {name} failed: {done.err or f'exit code {done.code}'}", remedy)


def _said(stderr: bytes) -> str:
    """The error in git's output, which may quote a URL with a login."""
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    found = next((line for sign in _TELLING for line in lines if line.startswith(sign)), "".join(lines[:1]))
    return redacted(_LOGIN.sub("***@", found))


def server() -> str:
    """GitHub's address."""
    return os.environ.get(_SERVER, "https://github.com").rstrip("/")


def _environment(name: str, *, anonymous: bool) -> dict[str, str]:
    """The variables of git's process: nothing asks, and the token is sent to GitHub alone.

    The token is in no argument, which `ps` shows, and in no file.

    Args:
        name: of the command.
    """
    variables = {
        "GIT_TERMINAL_PROMPT": "0",
        "GCM_INTERACTIVE": "never",
        "LC_ALL": "C",
        **{f"GIT_{who}_NAME": _AUTHOR for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": _MAIL for who in ("AUTHOR", "COMMITTER")},
    }
    if anonymous:
        nowhere = dict.fromkeys(("GIT_CONFIG_GLOBAL", "HOME", "XDG_CONFIG_HOME"), os.devnull)
        empty = dict.fromkeys(("GIT_ASKPASS", "GIT_CONFIG_PARAMETERS"), "")
        return {**variables, **nowhere, **empty, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_COUNT": "0"}
    options = []
    if token := os.environ.get(GITHUB_TOKEN, "").strip():
        header = f"http.{server()}/.extraheader"
        login = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        # The empty value removes a login that actions/checkout has left in the configuration. GitHub refuses
        # two of them.
        options = [(header, ""), (header, f"AUTHORIZATION: basic {login}")]
    if name in _ON_THE_NETWORK and not {"GIT_SSH", "GIT_SSH_COMMAND"} & os.environ.keys():
        options.append(("core.sshCommand", _ssh()))
    first = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    variables["GIT_CONFIG_COUNT"] = str(first + len(options))
    for number, (key, value) in enumerate(options, first):
        variables[f"GIT_CONFIG_KEY_{number}"], variables[f"GIT_CONFIG_VALUE_{number}"] = key, value
    return variables


def _ssh() -> str:
    """The user's own command for SSH; otherwise one that does not ask for a password."""
    asked = subprocess.run(
        ["git", "config", "--get", "core.sshCommand"], capture_output=True, timeout=_LOCAL, check=False
    )
    return asked.stdout.decode("utf-8", "replace").strip() or "ssh -o BatchMode=yes"
