"""The benchmarks start, and say which peers they leave out; what they measure is nobody's test."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from world import ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.long
def test_the_quick_form_runs_without_any_peer(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.benchmarks", "--quick", "--only", "startup", "--peers", tmp_path]
    ran = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert ran.returncode == 0, ran
    assert "kagsync --help" in ran.stdout
    assert "LEFT OUT (django" in ran.stdout
