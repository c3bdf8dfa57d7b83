"""The workflow's file: what `schedule print|install|remove --github` writes, and what linters say of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from world.repository import git
from world.running import one_line

from kagsync import installation
from kagsync.github import workflow
from kagsync.github.workflow import cron
from kagsync.schedule.plan import INTERVALS

if TYPE_CHECKING:
    from world.repository import Repository
    from world.running import Kagsync

VERSION = "1.2.3"
PLACE = ".github/workflows/kagsync.yml"
PROGRAMS = Path(sys.executable).parent
SETUP = """
[[notify]]
url = "env:CLUB_DISCORD"
[[notify]]
url = "env:CLUB_MAIL"
[[notify]]
url = "env:CLUB_DISCORD"
"""


def printed(kagsync: Kagsync, *words: str) -> dict[str, Any]:
    """The workflow, parsed. (YAML takes the key `on` for a truth.)"""
    found: dict[str, Any] = yaml.safe_load(kagsync.ok("schedule", "print", "--github", *words))
    return found


def steps(text: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in text["jobs"].values() for step in job["steps"]]


@pytest.fixture(autouse=True)
def released(monkeypatch: pytest.MonkeyPatch) -> None:
    """This kagsync is a release."""
    monkeypatch.setattr(workflow, "__version__", VERSION)


@pytest.fixture
def file(repository: Repository, kagsync: Kagsync) -> Path:
    """The workflow in a checkout whose set-up names variables."""
    Path("kagsync.toml").write_text(SETUP)
    kagsync.ok("schedule", "install", "--github")
    return Path(PLACE)


def linted(*words: str) -> str:
    done = subprocess.run([str(PROGRAMS / words[0]), *words[1:]], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_zizmor_finds_nothing_to_attack(file: Path) -> None:
    assert "No findings" in linted("zizmor", "--offline", "--no-progress", str(file))


def test_it_follows_githubs_schema(file: Path) -> None:
    linted("check-jsonschema", "--builtin-schema", "vendor.github-workflows", str(file))


def test_shellcheck_finds_nothing(file: Path, tmp_path: Path) -> None:
    for number, step in enumerate(steps(yaml.safe_load(file.read_text()))):
        if "run" in step:
            script = tmp_path / f"step-{number}.sh"
            script.write_text(step["run"])
            linted("shellcheck", "--shell=bash", str(script))


def test_actions_are_named_by_their_commit_and_tag(kagsync: Kagsync) -> None:
    uses = re.findall(r"uses: (.*)", kagsync.ok("schedule", "print", "--github"))
    assert len(uses) == 4
    for each in uses:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)


def test_each_job_may_do_no_more_than_it_needs(kagsync: Kagsync) -> None:
    text = printed(kagsync)
    assert text["permissions"] == {}
    assert {name: job["permissions"] for name, job in text["jobs"].items()} == {
        "sync": {"contents": "write"},
        "publish": {"pages": "write", "id-token": "write"},
    }
    assert all(job["timeout-minutes"] <= 30 for job in text["jobs"].values())
    assert text["concurrency"] == {"group": "kagsync", "cancel-in-progress": False}


def test_secrets_are_given_only_to_the_steps_that_need_them(file: Path) -> None:
    assert file.read_text().count("CLUB_DISCORD: ") == 5  # once in each step
    text = yaml.safe_load(file.read_text())
    given = {step["name"]: set(step.get("env", {})) for step in steps(text) if step.get("env")}
    channels = {"CLUB_DISCORD", "CLUB_MAIL"}
    everything = {"KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGSYNC_PING_URL", *channels}
    assert given == {
        "Restore the database": {"GITHUB_TOKEN"},
        "Apply kagsync.toml": channels,
        "Check that the database may be saved": everything,
        "Sync": everything,
        "Save the database": everything | {"GITHUB_TOKEN"},
        "Check the report for secrets and names": everything,
    }
    assert all("secrets" not in json.dumps(job.get("env", {})) for job in text["jobs"].values())


def test_it_installs_this_version_with_what_channels_need(kagsync: Kagsync, file: Path) -> None:
    def install(text: dict[str, Any]) -> str:
        return next(step["run"].strip() for step in steps(text) if step["name"] == "Install kagsync")

    assert install(yaml.safe_load(file.read_text())).endswith(f" 'kagsync[notify]=={VERSION}'")
    Path("kagsync.toml").unlink()
    assert install(printed(kagsync)).endswith(f" kagsync=={VERSION}")


COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("url", "vcs", "expected"),
    [
        ("https://git.example.org/kagsync", "git", f"git+https://git.example.org/kagsync@{COMMIT}"),
        ("https://me:s3cret@git.example.org/k", "git", f"git+https://git.example.org/k@{COMMIT}"),
        ("ssh://git@git.example.org/k", "git", None),
        ("file:///home/ann/kagsync", "git", None),
        ("https://hg.example.org/k", "hg", None),
    ],
)
def test_a_commit_that_it_was_installed_from_is_installed_again(
    url: str, vcs: str, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = {"url": url, "vcs_info": {"vcs": vcs, "commit_id": COMMIT}}
    monkeypatch.setattr(installation, "_origin", lambda: origin)
    assert installation.commit() == expected


def test_a_version_that_github_cannot_install_is_refused(
    repository: Repository, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow, "__version__", "1.2.3.dev0")
    message = one_line(kagsync("schedule", "install", "--github"), code=3)
    assert "is not a release" in message
    printed = kagsync("schedule", "print", "--github")
    assert printed.code == 0 and "kagsync==1.2.3.dev0" in printed.out
    assert "WARNING kagsync: this kagsync (1.2.3.dev0) is not a release" in printed.err
    assert not Path(PLACE).exists()
    monkeypatch.setattr(installation, "commit", lambda: f"git+https://git.example.org/k@{COMMIT}")
    kagsync.ok("schedule", "install", "--github")
    assert f"'kagsync @ git+https://git.example.org/k@{COMMIT}'" in Path(PLACE).read_text()


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        ("1h", "23 * * * *"),
        ("5m", "3-59/5 * * * *"),
        ("15m", "8-59/15 * * * *"),
        ("30m", "23-59/30 * * * *"),
        ("6h", "23 */6 * * *"),
        ("24h", "23 5 * * *"),
    ],
)
def test_it_runs_at_an_odd_minute(kagsync: Kagsync, every: str, expected: str) -> None:
    assert f'- cron: "{expected}"' in kagsync.ok("schedule", "print", "--github", "--every", every)


def test_every_interval_has_a_notation_or_is_too_short_for_github(kagsync: Kagsync) -> None:
    for minutes in INTERVALS:
        if minutes >= 5:
            assert re.fullmatch(r"\d+(-59/\d+)? (\*|\d+|\*/\d+) \* \* \*", cron(f"{minutes}m"))
        else:
            words = ("schedule", "print", "--github", "--every", f"{minutes}m")
            assert "Choose 5m or more" in one_line(kagsync(*words))


def test_only_intervals_that_github_can_run_are_offered(kagsync: Kagsync) -> None:
    message = one_line(kagsync("schedule", "print", "--github", "--every", "7m"))
    offered = message.rstrip().partition("Choose one of ")[2].split(", ")
    assert offered == ["5m", "6m", *offered[2:-1], "24h"]
    for each in offered:
        kagsync.ok("schedule", "print", "--github", "--every", each)


def test_it_runs_every_hour_unless_another_interval_is_given(kagsync: Kagsync) -> None:
    assert '- cron: "23 * * * *"' in kagsync.ok("schedule", "print", "--github")


def test_the_report_names_people_by_username_unless_another_way_is_chosen(kagsync: Kagsync) -> None:
    assert set(re.findall(r"--names (\w+)", kagsync.ok("schedule", "print", "--github"))) == {"username"}
    words = ("schedule", "print", "--github", "--names", "pseudonym")
    assert set(re.findall(r"--names (\w+)", kagsync.ok(*words))) == {"pseudonym"}


@pytest.mark.parametrize(
    ("setup", "names"),
    [("[report]\nnames = 'real'", "real"), ("[report]\n", "username"), ("", "username")],
)
def test_the_report_names_people_as_the_set_up_says(
    setup: str, names: str, repository: Repository, kagsync: Kagsync
) -> None:
    Path("kagsync.toml").write_text(setup)
    assert set(re.findall(r"--names (\w+)", kagsync.ok("schedule", "print", "--github"))) == {names}


def test_to_install_writes_what_print_prints_and_says_what_is_left_to_do(
    repository: Repository, kagsync: Kagsync
) -> None:
    Path("kagsync.toml").write_text(SETUP)
    out = kagsync.ok("schedule", "install", "--github", str(repository.folder / "run"))
    file = repository.folder / "run" / PLACE
    assert out.startswith(f"Written: {file}\n")
    assert "add these secrets: KAGGLE_API_TOKEN CLUB_DISCORD CLUB_MAIL" in out
    assert "choose GitHub Actions as the source" in out
    assert file.read_text() == kagsync.ok("schedule", "print", "--github")
    assert git(repository.folder / "run", "status", "--short") == "?? .github/\n?? kagsync.toml"

    assert kagsync.ok("schedule", "install", "--github", "--every", "6h").startswith(f"Updated: {PLACE}\n")
    assert "*/6" in file.read_text()


def test_without_a_set_up_it_says_how_to_write_one(repository: Repository, kagsync: Kagsync) -> None:
    out = kagsync.ok("schedule", "install", "--github")
    assert "To write it: kagsync export-config kagsync.toml" in out


def test_a_workflow_of_somebody_else_is_left_alone(repository: Repository, kagsync: Kagsync) -> None:
    file = Path(PLACE)
    file.parent.mkdir(parents=True)
    file.write_text("name: mine\n")
    for action in ("install", "remove"):
        assert "was not written by kagsync" in one_line(kagsync("schedule", action, "--github"))
    assert file.read_text() == "name: mine\n"


def test_to_remove_deletes_the_file_and_says_what_is_left_to_do(file: Path, kagsync: Kagsync) -> None:
    out = kagsync.ok("schedule", "remove", "--github")
    assert not file.exists()
    assert "GitHub runs it until you commit and push that" in out
    assert "git push origin --delete kagsync-data" in out
    assert kagsync.ok("schedule", "remove", "--github") == f"There is no {PLACE}\n"


@pytest.mark.parametrize("action", ["install", "remove"])
def test_a_folder_that_is_no_repositorys_is_refused(action: str, tmp_path: Path, kagsync: Kagsync) -> None:
    message = one_line(kagsync("schedule", action, "--github", str(tmp_path / "none")))
    assert "is not the folder of a git repository" in message
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "words",
    [("--github", "--cron"), ("--github", "--report", "site"), (".",), (".", "--cron")],
    ids=" ".join,
)
def test_options_that_contradict_each_other_are_refused(
    words: tuple[str, ...], repository: Repository, kagsync: Kagsync
) -> None:
    one_line(kagsync("schedule", "install", *words))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[[targets]\n", "kagsync.toml:1, column 10: not TOML"),
        ("\xff", "is not UTF-8"),
        ("[report]\nnames = 1", "kagsync.toml:2: report: names must be"),
        ("[[notify]]\nurl = 'env:GITHUB_SECRET'", "kagsync.toml:2: no secret on GitHub can have the name"),
        ("[[notify]]\nurl = 'env:two words'", "no secret on GitHub can have the name"),
        ("notify = [{url = 'env:'}]", "no secret on GitHub can have the name"),
        ("[[notify]]\nurl = 'env:PATH'", "kagsync.toml:2: PATH may mean something else in the workflow"),
        *(
            (f"[[notify]]\nurl = 'env:{name}'", f"{name} may mean something else")
            for name in ("HOME", "Path", "KAGSYNC_DB", "KAGSYNC_PING_URL", "KAGGLE_KEY", "https_proxy")
        ),
        *(
            (f"[[notify]]\nurl = 'env:{name}'", f"{name} may mean something else")
            for name in ("RUNNER_TEMP", "PYTHONPATH", "GIT_DIR", "LD_PRELOAD", "BASH_ENV", "SSL_CERT_FILE")
        ),
    ],
)
def test_a_set_up_that_cannot_be_used_is_refused(
    content: str, words: str, repository: Repository, kagsync: Kagsync
) -> None:
    Path("kagsync.toml").write_text(content, encoding="latin-1")
    assert words in one_line(kagsync("schedule", "install", "--github"))
    assert not Path(PLACE).exists()


@pytest.mark.parametrize(
    "name",
    ["KAGSYNC_TARGET_0F", "KAGSYNC_CLUB", "PYTHON_CLUB", "PYTHONISTAS_URL", "BASHERS_URL", "PATHFINDERS"],
)
def test_a_variable_with_a_similar_name_may_hold_a_channel(
    name: str, repository: Repository, kagsync: Kagsync
) -> None:
    Path("kagsync.toml").write_text(f"[[notify]]\nurl = 'env:{name}'\n")
    assert f"{name}: ${{{{ secrets.{name} }}}}" in kagsync.ok("schedule", "print", "--github")


def test_a_link_to_nothing_stays(repository: Repository, kagsync: Kagsync) -> None:
    file = Path(PLACE)
    file.parent.mkdir(parents=True)
    file.symlink_to("gone.yml")
    for action in ("install", "remove"):
        assert "which is not there" in one_line(kagsync("schedule", action, "--github"))
    assert file.is_symlink()


def test_the_status_of_this_machine_does_not_mention_it(file: Path, kagsync: Kagsync) -> None:
    ran = kagsync("schedule", "status", "--format", "json")
    assert json.loads(ran.out)["installed"] == []
