"""Tables of text, for a terminal or for a Markdown page."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.benchmarks.measuring import Costs


@dataclass
class Table:
    """A title, what must be known to read the figures, and the figures."""

    title: str
    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        widths = [max(map(_width, cells)) for cells in zip(self.columns, *self.rows, strict=True)]
        lines = [self.title, "=" * len(self.title)]
        for cells in (self.columns, ["-" * width for width in widths], *self.rows):
            padded = (cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True))
            lines.append("  ".join(padded).rstrip())
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)]) + "\n"

    def markdown(self) -> str:
        """The same for pasting into a README."""
        lines = [f"**{self.title}**", ""]
        for cells in (self.columns, ["---"] * len(self.columns), *self.rows):
            lines.append("| " + " | ".join(cells) + " |")
        return "\n".join([*lines, "", *self.notes]) + "\n"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


COST_COLUMNS = ["CPU", "wall", "peak memory", "kagsync's CPU : its", "wall : wall", "memory : memory"]


def cost_cells(costs: Costs, name: str, ours: str = "kagsync") -> list[str]:
    """What a contender cost, and kagsync's cost as a part of it."""
    absolute = [
        seconds(costs.of(name, "cpu")),
        seconds(costs.of(name, "wall")),
        megabytes(costs.of(name, "peak")),
    ]
    if name == ours:
        return [*absolute, "", "", ""]
    return [*absolute, *(str(costs.ratio(ours, name, measure)) for measure in ("cpu", "wall", "peak"))]


def seconds(value: float) -> str:
    """A duration in the unit that suits it."""
    if value < 0.001:
        return f"{value * 1e6:.0f} µs"
    if value < 0.1:
        return f"{value * 1000:.1f} ms"
    return f"{value * 1000:,.0f} ms" if value < 10 else f"{value:,.1f} s"


def megabytes(value: float) -> str:
    """A size; MB are 1024 × 1024 bytes, as the kernel counts."""
    return f"{value / 2**20:.{1 if value < 10 * 2**20 else 0}f} MB"


def rounds(count: int) -> str:
    """How often it was measured."""
    return "one round" if count == 1 else f"{count} rounds in turns"
