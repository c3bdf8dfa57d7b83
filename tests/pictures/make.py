"""Makes the README's pictures: `python tests/pictures/make.py`."""

from __future__ import annotations

import io
import random
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from kagsync import log
from kagsync.demo import run
from kagsync.output import board_table
from kagsync.output.chart import Series, chart
from kagsync.settings import Settings

HERE = Path(__file__).parent
WIDTH = 120


def show() -> str:
    """The demo's board as SVG, as a terminal of `WIDTH` columns shows it."""
    log.configure(quiet=True)
    with tempfile.TemporaryDirectory() as temporary:
        settings = Settings(db=Path(temporary) / "demo.db", temp_dir=Path(temporary))
        run.fill(settings, say=lambda _: None)
        view = run.view(settings)
    console = _console()
    for line in board_table.board(view, run.SECOND).lines(WIDTH):
        console.print(line)
    return console.export_svg(title=f"kagsync show {run.SLUG} --since 4h", theme=MONOKAI, unique_id="kagsync")


def history() -> str:
    """Some of the demo's people over two invented weeks, as `kagsync history` draws them."""
    chance = random.Random(4)
    end = int(run.SECOND.timestamp())
    lines = []
    for name, start, best in (
        ("Lina Verrow", 41, 4),
        ("Tunde Okafemi", 380, 60),
        ("Priya Kolanthar", 1180, 151),
        ("Mateusz Wilkonrad", 620, 420),
        ("Sara Elmanshi", 300, 573),
    ):
        rank, points = start, []
        for hour in range(14 * 24, 0, -3):
            points.append((end - hour * 3600, rank))
            if rank > best and chance.random() < 0.03:
                rank -= chance.randint(1, rank - best)
            else:
                rank += chance.randint(0, 2) * (rank < 1200)
        lines.append(Series(name, points))
    console = _console()
    for line in chart(lines, end, WIDTH):
        console.print(line, no_wrap=True)
    return console.export_svg(title=f"kagsync history {run.SLUG}", theme=MONOKAI, unique_id="kagsync")


def _console() -> Console:
    return Console(
        record=True, width=WIDTH, force_terminal=True, color_system="truecolor", file=io.StringIO()
    )


def report() -> bytes:
    """The demo's page as a browser shows it (PNG); needs chromium and playwright."""
    from playwright.sync_api import sync_playwright

    log.configure(quiet=True)
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        settings = Settings(db=Path(temporary) / "demo.db", temp_dir=Path(temporary))
        run.fill(settings, say=lambda _: None)
        run.write_report(settings, Path(temporary) / "site")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 820}, color_scheme="light")
        page.clock.set_fixed_time(run.SECOND + timedelta(minutes=5))
        page.goto((Path(temporary) / "site" / f"competition-{run.SLUG}.html").as_uri())
        return page.screenshot()


PICTURES = {"show.svg": show, "history.svg": history}

if __name__ == "__main__":
    for file, picture in PICTURES.items():
        (HERE / file).write_text(picture(), encoding="utf-8")
    (HERE / "report.png").write_bytes(report())
