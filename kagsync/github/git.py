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
        err: its last line on stderr, without secrets.
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


def attempt(*words: str, content: bytes | None = None) -> Done:
    """Runs a git command that may fail with any exit code.

    Raises:
        GitFailed: it took too long.
        ConfigurationError: git is not installed.
    """
    patience = _REMOTE if words[0] in _ON_THE_NETWORK else _LOCAL
    try:
        done = subprocess.run(
            ["git", *words],
            input=content or b"",
            capture_output=True,
            env={**os.environ, **_environment()},
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
    lines = [line for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines
    return redacted(_LOGIN.sub("***@", telling[0].strip())) if telling else ""


def _environment() -> dict[str, str]:
    """The variables of git's process: nothing asks, and the token is sent to GitHub alone.

    The token is in no argument, which `ps` shows, and in no file.
    """
    variables = {
        "GIT_TERMINAL_PROMPT": "0",
        "GCM_INTERACTIVE": "never",
        "GIT_SSH_COMMAND": os.environ.get("GIT_SSH_COMMAND", "ssh -o BatchMode=yes"),
        "LC_ALL": "C",
        **{f"GIT_{who}_NAME": _AUTHOR for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": _MAIL for who in ("AUTHOR", "COMMITTER")},
    }
    if token := os.environ.get(GITHUB_TOKEN, "").strip():
        count = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
        server = os.environ.get(_SERVER, "https://github.com").rstrip("/")
        login = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        # The empty value removes a login that actions/checkout has left in the configuration. GitHub refuses
        # two of them.
        variables["GIT_CONFIG_COUNT"] = str(count + 2)
        for number, value in enumerate(("", f"AUTHORIZATION: basic {login}"), count):
            variables[f"GIT_CONFIG_KEY_{number}"] = f"http.{server}/.extraheader"
            variables[f"GIT_CONFIG_VALUE_{number}"] = value
    return variables
