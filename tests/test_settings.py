"""Options over variables over defaults."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from kagsync import settings
from kagsync.errors import ConfigurationError


@pytest.fixture(autouse=True)
def nothing_set(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in settings.VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_without_options_and_variables_everything_is_below_the_home(home: Path) -> None:
    loaded = settings.load()
    assert loaded.db.name == "kagsync.db"
    assert loaded.db.is_relative_to(home)
    assert loaded.temp_dir.is_relative_to(home)
    assert loaded.temp_data == loaded.temp_dir / "temp_kaggle_data"
    assert (loaded.jobs, loaded.log_file, loaded.team_name) == (4, None, True)


def test_loading_makes_no_file(home: Path) -> None:
    settings.load()
    assert list(home.rglob("*")) == []


def test_a_variable_beats_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "KAGSYNC_DB": str(tmp_path / "a.db"),
        "KAGSYNC_TEMP_DIR": str(tmp_path / "t"),
        "KAGSYNC_JOBS": "7",
        "KAGSYNC_LOG_FILE": str(tmp_path / "log"),
        "KAGSYNC_TEAM_NAME": "0",
    }.items():
        monkeypatch.setenv(name, value)
    assert settings.load() == settings.Settings(
        db=tmp_path / "a.db", temp_dir=tmp_path / "t", jobs=7, log_file=tmp_path / "log", team_name=False
    )


def test_an_option_beats_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGSYNC_DB", str(tmp_path / "variable.db"))
    monkeypatch.setenv("KAGSYNC_JOBS", "7")
    monkeypatch.setenv("KAGSYNC_LOG_FILE", str(tmp_path / "variable.log"))
    monkeypatch.setenv("KAGSYNC_TEAM_NAME", "0")
    loaded = settings.load(
        db=tmp_path / "option.db", jobs=2, log_file=tmp_path / "option.log", team_name=True
    )
    assert (loaded.db, loaded.log_file) == (tmp_path / "option.db", tmp_path / "option.log")
    assert (loaded.jobs, loaded.team_name) == (2, True)


def test_an_option_that_says_no_beats_a_variable_that_says_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGSYNC_TEAM_NAME", "1")
    assert settings.load(team_name=False).team_name is False


def test_an_option_spares_its_variable_from_being_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGSYNC_JOBS", "many")
    monkeypatch.setenv("KAGSYNC_TEAM_NAME", "perhaps")
    assert settings.load(jobs=1, team_name=False).jobs == 1


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = settings.load()
    for name in settings.VARIABLES:
        monkeypatch.setenv(name, "")
    assert settings.load() == defaults


@pytest.mark.parametrize("value", ["0", "65", "-1", "four", "2.5", "²", " 4", "1" * 5000])
def test_jobs_that_make_no_sense_are_a_configuration_error(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("KAGSYNC_JOBS", value)
    with pytest.raises(ConfigurationError) as caught:
        settings.load()
    assert "KAGSYNC_JOBS" in caught.value.message
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("value", "means"),
    [("1", True), ("true", True), (" YES ", True), ("0", False), ("No", False), ("off", False)],
)
def test_a_flag_is_read_in_the_usual_words(monkeypatch: pytest.MonkeyPatch, value: str, means: bool) -> None:
    monkeypatch.setenv("KAGSYNC_TEAM_NAME", value)
    assert settings.load().team_name is means


def test_a_flag_in_another_word_is_a_configuration_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGSYNC_TEAM_NAME", "perhaps")
    with pytest.raises(ConfigurationError, match="KAGSYNC_TEAM_NAME"):
        settings.load()


def test_a_tilde_is_the_home_and_a_relative_path_becomes_absolute(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KAGSYNC_DB", "~/mine.db")
    monkeypatch.setenv("KAGSYNC_TEMP_DIR", "here")
    loaded = settings.load()
    assert (loaded.db, loaded.temp_dir) == (home / "mine.db", tmp_path / "here")
    assert settings.load(db=Path("other.db")).db == tmp_path / "other.db"


def test_the_locks_lie_beside_the_database(tmp_path: Path) -> None:
    assert settings.load(db=tmp_path / "x.db").locks == tmp_path / "x.db-locks"


def test_settings_do_not_change_once_they_are_loaded() -> None:
    with pytest.raises(FrozenInstanceError):
        settings.load().jobs = 2  # type: ignore[misc]
