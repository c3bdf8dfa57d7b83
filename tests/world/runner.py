"""GitHub Actions on this machine: runs the steps of a workflow with bash, as GitHub's runners do.

`uses:` steps are replaced by what they do: a checkout is a clone, an upload and a deployment are copies.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from world.kaggle_server import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from world.repository import Repository

SUCCESS, FAILURE, SKIPPED = "success", "failure", "skipped"
_EXPRESSION = re.compile(r"\$\{\{ *(.*?) *\}\}")
_CONDITION = re.compile(r"!cancelled\(\) && (\S+) == '(\w+)'")


@dataclass
class Run:
    """How a run ended: the outcome of each step by its name, what the steps wrote, and the jobs' result."""

    steps: dict[str, str] = field(default_factory=dict)
    text: str = ""
    result: str = SUCCESS

    def __str__(self) -> str:
        return "\n".join(f"{outcome:8} {name}" for name, outcome in self.steps.items())


class Runner:
    """Runs a workflow in a repository.

    Args:
        workflow: the file's text.
        secrets: the repository's secrets.
        about: what the event tells about the repository.
        instead: commands of the workflow that are replaced, and by what.
    """

    def __init__(
        self,
        repository: Repository,
        workflow: str,
        secrets: dict[str, str],
        about: dict[str, Any],
        instead: dict[str, str],
    ) -> None:
        self.repository = repository
        self.jobs = yaml.safe_load(workflow)["jobs"]
        self.secrets, self.about, self.instead = secrets, about, instead
        self.site = repository.folder / "pages"  # what Pages shows

    def run(self, name: str, before: dict[str, Callable[[], object]] | None = None) -> Run:
        """Runs both jobs on a new machine.

        Args:
            name: of the run; its checkout has this name.
            before: what happens just before a step.
        """
        run, self.killed = Run(), False
        machine = self.repository.folder / f"machine-{name}"
        machine.mkdir()
        outputs = self._job("sync", run, name, machine, {}, before or {})
        self._job("publish", run, name, machine, {"needs.sync.outputs.report": outputs}, before or {})
        return run

    def _job(
        self,
        job: str,
        run: Run,
        name: str,
        machine: Path,
        known: dict[str, str],
        before: dict[str, Callable[[], object]],
    ) -> str:
        """Runs one job; returns the outcome of the upload, which is the only output of a job."""
        about = self.jobs[job]
        known = dict(known)
        result = SUCCESS if self._applies(about.get("if"), known, SUCCESS) else SKIPPED
        for step in about["steps"]:
            outcome = SKIPPED
            if result != SKIPPED and not self.killed and self._applies(step.get("if"), known, result):
                before.get(step["name"], lambda: None)()
                environment = {**about.get("env", {}), **step.get("env", {})}
                outcome = self._step(step, run, name, machine, environment)
            run.steps[step["name"]] = outcome
            known[f"steps.{step.get('id')}.outcome"] = outcome
            if outcome == FAILURE:
                result = FAILURE
        run.result = FAILURE if FAILURE in (run.result, result) else SUCCESS
        return known.get("steps.upload.outcome", "")

    def _applies(self, condition: str | None, known: dict[str, str], result: str) -> bool:
        """Whether a job or a step is run. Without a condition, it is run if nothing has failed."""
        if condition is None:
            return result == SUCCESS
        found = _EXPRESSION.fullmatch(condition)
        assert found, condition
        compared = _CONDITION.fullmatch(found[1])
        assert compared, condition
        return known.get(compared[1]) == compared[2]

    def _step(self, step: dict[str, Any], run: Run, name: str, machine: Path, environment: Any) -> str:
        workspace = self.repository.folder / name
        action = step.get("uses", "").partition("@")[0]
        artifact = machine / "artifact"
        if action == "actions/checkout":
            assert step["with"] == {"persist-credentials": False}
            self.repository.checkout(name)
        elif action == "actions/setup-python":
            assert step["with"]["python-version"] == "3.13"
        elif action == "actions/upload-pages-artifact":
            shutil.copytree(workspace / step["with"]["path"], artifact)
        elif action == "actions/deploy-pages":
            shutil.rmtree(self.site, ignore_errors=True)
            shutil.copytree(artifact, self.site)
        else:
            assert not action, action
            return self._shell(step["run"], run, workspace, machine, environment)
        return SUCCESS

    def _shell(self, script: str, run: Run, workspace: Path, machine: Path, environment: Any) -> str:
        """Runs a script as GitHub does: with bash, which stops at the first error."""
        command = self.instead.get(script.strip(), script)
        variables = {name: self._value(str(value)) for name, value in environment.items()}
        with subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command],
            cwd=workspace,
            env={**self._machine(machine), **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            self.process = process
            out, _ = process.communicate(timeout=120)
        run.text += f"$ {script.strip()}\n{out}"
        return SUCCESS if process.returncode == 0 else FAILURE

    def kill(self) -> None:
        """Kills the step that is running, and with it the run, as when the machine is lost."""
        self.killed = True
        os.killpg(self.process.pid, signal.SIGKILL)

    def _value(self, text: str) -> str:
        """A variable's value, with the repository's secrets. A missing secret is empty."""

        def value(found: re.Match[str]) -> str:
            kind, _, name = found[1].partition(".")
            if found[1] == "github.token":
                return "ghs_0123456789abcdef"
            assert kind == "secrets", found[1]
            return self.secrets.get(name, "")

        return _EXPRESSION.sub(value, text)

    def _machine(self, machine: Path) -> dict[str, str]:
        """The variables of a new machine at GitHub."""
        programs = Path(sys.executable).parent
        return {
            **ENVIRONMENT,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(machine),
            "CI": "true",
            "GITHUB_EVENT_PATH": str(self.repository.event(**self.about)),
            "GITHUB_SERVER_URL": "https://github.example.org",
            "GITHUB_REPOSITORY": "club/standings",
            "GITHUB_RUN_ID": "17",
        }
