"""A release: the wheel and the sdist that the README's command builds, and a version that says what it is."""

from __future__ import annotations

import email
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from packaging.version import Version
from trove_classifiers import classifiers
from world import ROOT
from world.downloads import downloading

import kagsync

IGNORED = shutil.ignore_patterns(
    ".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "dist", "build", "*.egg-info"
)
PROGRAM = """\
import kagsync

version: str = kagsync.__version__
kagsync.history(None, "titanic", ["alice"], since="7d").attrs
kagsync.read_board("titanic.zip", higher_is_better=True)
kagsync.history(None, 7)
"""


def test_the_version_and_the_changelog_agree() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)$", changelog, re.MULTILINE)
    version = Version(kagsync.__version__)
    assert str(version) == kagsync.__version__
    if version.is_devrelease:
        assert headings.pop(0) == "[Unreleased]"
    else:
        assert headings[0].startswith(f"[{version}] - ")
    released = [re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d", heading) for heading in headings]
    assert all(released), headings
    versions = [Version(found[1]) for found in released if found]
    assert versions == sorted(versions, reverse=True)
    assert not version.is_devrelease or all(version > each for each in versions)
    subjects = re.findall(r"^### (.*)$", changelog, re.MULTILINE)
    assert set(subjects) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def run(*words: str | Path, cwd: Path, downloads: bool = False) -> str:
    """Runs a program that knows nothing of this process's Python, and gives what it prints."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}

    def once() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words, cwd=cwd, env=variables, capture_output=True, text=True, encoding="utf-8", check=False
        )

    ran = downloading(once) if downloads else once()
    assert ran.returncode == 0, ran
    return ran.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder `dist` of a copy of the repository, in which the README's command built a release."""
    folder = tmp_path_factory.mktemp("release")
    index = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--retries=0", "--dest", folder]
    found = subprocess.run([*index, "hatchling"], capture_output=True, text=True, check=False)
    if found.returncode != 0:
        pytest.skip(f"needs PyPI, or another index that pip finds: {found.stderr.splitlines()[-1:]}")
    copy = folder / "kagsync"
    shutil.copytree(ROOT, copy, ignore=IGNORED)
    (copy / ".venv").symlink_to(sys.prefix)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"<!-- run: release -->\n *```\n *(.+)\n *```", readme)
    printed = run("bash", "-c", command, cwd=copy, downloads=True)
    assert len(re.findall(r"^Checking .*PASSED", printed, re.MULTILINE)) == 2, printed
    return copy / "dist"


def contents(folder: Path, *names: str) -> dict[str, bytes]:
    """The files in these folders of the repository, by their path."""
    files = [path for name in names for path in sorted((folder / name).rglob("*")) if path.is_file()]
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in files
        if path.parent.name != "__pycache__"
    }


@pytest.mark.long
def test_a_release_has_all_that_belongs_into_it_and_nothing_else(built: Path, tmp_path: Path) -> None:
    # `build` makes the wheel from the unpacked sdist.
    (wheel,), (sdist,) = built.glob("*.whl"), built.glob("*.tar.gz")
    name = f"kagsync-{kagsync.__version__}"
    assert (wheel.name, sdist.name) == (f"{name}-py3-none-any.whl", f"{name}.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        files = {each: archive.read(each) for each in archive.namelist()}
    about = {each: files.pop(each) for each in list(files) if each.startswith(f"{name}.dist-info/")}
    assert files == contents(ROOT, "kagsync")
    inside = {each.removeprefix(f"{name}.dist-info/") for each in about}
    assert inside == {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    unpacked = tmp_path / name
    assert contents(unpacked, "kagsync", "tests") == contents(ROOT, "kagsync", "tests")
    assert run(
        sys.executable, "-m", "pytest", "--collect-only", "-qq", "-n", "0", "tests/board", cwd=unpacked
    )

    metadata = email.message_from_bytes(about[f"{name}.dist-info/METADATA"])
    assert metadata["Version"] == kagsync.__version__
    assert set(metadata.get_all("Classifier", [])) <= classifiers
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])
    assert all("https://pypi.org/project/kagsync/" in url for url in metadata.get_all("Project-URL", []))
    description = metadata.get_payload()
    assert "## Try it" in description and "crontab.example" in description
    # PyPI has only this text, so that links to other files would lead nowhere.
    assert re.findall(r"\]\((?!https://|#).*?\)", description) == []


@pytest.fixture(scope="module")
def environment(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel, and with nothing that the wheel does not ask for."""
    folder = tmp_path_factory.mktemp("installed") / "environment"
    run(sys.executable, "-m", "venv", folder, cwd=built)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    install = (python, "-m", "pip", "install", "--quiet", *built.glob("*.whl"))
    run(*install, cwd=built, downloads=True)
    return python


@pytest.mark.long
def test_the_wheel_runs_in_an_empty_environment(
    environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("KAGSYNC_DB", "KAGSYNC_TEMP_DIR"):
        monkeypatch.delenv(name)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def installed(*words: str) -> str:
        return run(*words, cwd=elsewhere)

    program = [str(environment.with_name("kagsync"))]
    module = [str(environment), "-m", "kagsync"]
    there = installed(str(environment), "-c", "import kagsync; print(kagsync.__file__)")
    assert Path(there).is_relative_to(environment.parent.parent)
    for words in (program, module):
        assert installed(*words, "--version") == f"kagsync {kagsync.__version__}\n"
    installed(*program, "demo", "--db", "demo.db", "--report", "site")
    assert (elsewhere / "site" / "index.html").is_file()
    checks = [sys.executable, "-m", "mypy", "--strict", "--python-executable", environment]
    (elsewhere / "program.py").write_text(PROGRAM)
    checked = subprocess.run(
        [*checks, "--cache-dir", tmp_path / "cache", "program.py"],
        cwd=elsewhere,
        capture_output=True,
        text=True,
        check=False,
    )
    assert re.findall(r"^program.py:(\d+): error: .*\[(.*)\]$", checked.stdout, re.MULTILINE) == [
        ("6", "arg-type")
    ]
