"""What holds for every source of boards: Kaggle, and a file from disk."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from world.boards import board_csv, board_name, many_teams
from world.kaggle_server import html

from kagsync import clock
from kagsync.errors import KagsyncError
from kagsync.store import Store
from kagsync.sync.run import Options, sync
from kagsync.sync.sources import FromDisk, Kaggle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from world.kaggle_server import KaggleServer
    from world.running import Kagsync

    from kagsync.settings import Settings
    from kagsync.sync.sources import Source

SLUG = "titanic"
BOARD = board_csv(many_teams(40))
WHEN = "2025-10-31T16:26:26"


class World:
    """A competition whose board is on Kaggle and, under the same name, on disk."""

    def __init__(self, kaggle: KaggleServer, store: Store, folder: Path) -> None:
        self.kaggle, self.store, self.folder = kaggle, store, folder
        self.file = folder / board_name(SLUG, WHEN)
        self.competition = store.competitions.add(SLUG, SLUG, clock.utc_now())
        kaggle.competition(SLUG)
        self.put(BOARD)

    def put(self, board: bytes) -> None:
        self.kaggle.board(SLUG, board, when=WHEN)
        self.file.write_bytes(board)

    def spoil(self) -> None:
        self.kaggle.answer(SLUG, html())
        self.file.write_bytes(b"<html>")

    def source(self, name: str) -> Source:
        if name == Kaggle.name:
            return Kaggle(self.store, [self.competition])
        return FromDisk(self.file, accept_name=False, board=None)

    def options(self, name: str) -> Options:
        return Options((SLUG,), source=self.file if name == FromDisk.name else None)


@pytest.fixture
def world(kaggle: KaggleServer, settings: Settings, tmp_path: Path) -> Iterator[World]:
    with Store.open(settings.db, settings.locks, create=True) as store:
        yield World(kaggle, store, tmp_path)


every_source = pytest.mark.parametrize("name", [Kaggle.name, FromDisk.name])


@every_source
def test_a_board_is_put_into_the_folder(world: World, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    fetched = world.source(name).fetch(world.competition, folder)
    assert fetched.csv.parent == folder
    assert fetched.csv.read_bytes() == BOARD
    assert (fetched.sha256, fetched.rows) == (hashlib.sha256(BOARD).hexdigest(), 40)
    assert clock.iso(fetched.snapshot_at) == f"{WHEN}Z"


@every_source
def test_what_is_no_board_is_refused(world: World, tmp_path: Path, name: str) -> None:
    world.spoil()
    with pytest.raises(KagsyncError):
        world.source(name).fetch(world.competition, tmp_path)


@every_source
def test_the_same_run_goes_through_all_phases(
    world: World, settings: Settings, kagsync: Kagsync, name: str
) -> None:
    kagsync.ok("users", "add", "user1", "user2")
    (result,) = sync(settings, world.options(name)).results
    assert (result.status, result.counts and result.counts.created) == ("ok", 2)
    (again,) = sync(settings, world.options(name)).results
    assert again.status == "unchanged"
    world.spoil()
    (failed,) = sync(settings, world.options(name)).results
    assert failed.status == "error"
    assert world.store.boards.entry_count(competition_id=world.competition.id) == 2
    assert not list(settings.temp_data.iterdir())


@every_source
def test_the_facts_of_a_competition_can_always_be_asked_for(world: World, name: str) -> None:
    world.source(name).refresh_facts(world.store, world.competition)
    title = world.store.competitions.get(SLUG).title
    assert (title is None) == (name == FromDisk.name)


@pytest.mark.parametrize("several", [False, True])
def test_a_run_opens_the_database_before_for_and_after_its_competitions(
    world: World, kagsync: Kagsync, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, several: bool
) -> None:
    if several:
        kagsync.ok("competitions", "add", "b", "c")
        world.kaggle.board("b", BOARD)
        world.kaggle.board("c", BOARD)
    opened: list[Path] = []
    real = Store.open.__func__  # type: ignore[attr-defined]

    def seen(cls: type[Store], path: Path, locks: Path) -> Store:
        opened.append(path)
        store: Store = real(cls, path, locks)
        return store

    monkeypatch.setattr(Store, "open", classmethod(seen))
    kagsync("sync", "--all", "--report", str(tmp_path / "site"))
    assert len(opened) == (5 if several else 3)
