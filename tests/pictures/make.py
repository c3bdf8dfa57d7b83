"""Makes the README's picture of `kagsync show` from the demo: `python tests/pictures/make.py`."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from kagsync import demo, log, render, show, views
from kagsync.settings import Settings
from kagsync.store import Store

PICTURE = Path(__file__).parent / "show.svg"
WIDTH = 108


def picture() -> str:
    """The demo's board as SVG, as a terminal of `WIDTH` columns shows it."""
    log.configure(quiet=True)
    with tempfile.TemporaryDirectory() as temporary:
        settings = Settings(db=Path(temporary) / "demo.db", temp_dir=Path(temporary))
        demo.fill(settings, say=lambda _: None)
        with Store.open(settings.db, settings.locks) as store:
            view = show.board(store, demo.SLUG)
    console = Console(
        record=True, width=WIDTH, force_terminal=True, color_system="truecolor", file=io.StringIO()
    )
    render.print_table(views.board(view, demo.SECOND), io.StringIO(), console)
    return console.export_svg(title=f"kagsync show {demo.SLUG}", theme=MONOKAI, unique_id="kagsync")


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
