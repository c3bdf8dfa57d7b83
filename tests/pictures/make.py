"""Makes the README's pictures: `python tests/pictures/make.py`."""

from __future__ import annotations

import contextlib
import io
import shutil
import tempfile
from datetime import timedelta
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.terminal_theme import MONOKAI

from kagsync import log
from kagsync.demo import run
from kagsync.output import tables
from kagsync.queries.history import timeline
from kagsync.settings import Settings
from kagsync.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.text import Text

HERE = Path(__file__).parent
WIDTH = 132


@contextlib.contextmanager
def _filled() -> Iterator[Settings]:
    """The demo's database, before the private board."""
    log.configure(quiet=True)
    with tempfile.TemporaryDirectory() as temporary:
        settings = Settings(db=Path(temporary) / "demo.db", temp_dir=Path(temporary))
        run.load_public(settings, say=_nothing)
        yield settings


def show() -> str:
    """The demo's race as SVG, as a terminal of `WIDTH` columns shows it."""
    with _filled() as settings:
        return _svg(f"kagsync show {run.SLUG} --since 4h", run.race(settings).lines(WIDTH))


def final() -> str:
    """The demo's final standings."""
    with _filled() as settings:
        run.load_private(settings, say=_nothing)
        return _svg(f"kagsync show {run.SLUG}", run.final(settings).lines(WIDTH))


def history() -> str:
    """The chart of `kagsync history` for some of the demo's people."""
    people = ("linaverrow", "aylintarkoc", "rafaquintelo", "anarutewhata", "pkolanthar")
    with _filled() as settings, Store.open(settings.db, settings.locks) as store:
        users = [user for user in store.users.all() if user.username in people]
        lines = list(tables.History(timeline(store, run.SLUG, users)).lines(WIDTH))
    chart = takewhile(lambda line: line.plain, lines)
    return _svg(f"kagsync history {run.SLUG} {' '.join(people)}", chart)


def _nothing(_: str) -> None:
    """Prints nothing."""


def _svg(title: str, lines: Iterable[Text]) -> str:
    console = Console(
        record=True, width=WIDTH, force_terminal=True, color_system="truecolor", file=io.StringIO()
    )
    for line in lines:
        console.print(line, no_wrap=True)
    return console.export_svg(title=title, theme=MONOKAI, unique_id="kagsync")


def report() -> bytes:
    """The demo's page as a browser shows it (PNG); needs chromium and playwright."""
    from playwright.sync_api import sync_playwright

    with _filled() as settings, sync_playwright() as playwright:
        site = settings.temp_dir / "site"
        run.load_private(settings, say=_nothing)
        run.write_report(settings, site)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 820}, color_scheme="light")
        page.clock.set_fixed_time(run.PRIVATE + timedelta(minutes=5))
        page.goto((site / f"competition-{run.SLUG}.html").as_uri())
        return page.screenshot()


PICTURES = {"show.svg": show, "final.svg": final, "history.svg": history}

if __name__ == "__main__":
    for file, picture in PICTURES.items():
        (HERE / file).write_text(picture(), encoding="utf-8")
    (HERE / "report.png").write_bytes(report())
