"""A table whose cells are the darker the larger they are: where two attributes meet.

Presentation only: ``components/heat.html`` writes it. The number stands in every cell, so that nothing rests on colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from . import figures
from .charts import HIDE_BELOW, MIN_GROUP, read

STEPS = 6
MOST_DOWN, MOST_ACROSS = 20, 8


@dataclass(frozen=True)
class Cell:
    """``shade`` is the class of the cell; ``state``: "" where it has a figure, else few, hidden, empty, unmeasured."""

    value: str
    interval: str
    n: str
    shade: str
    state: str


@dataclass(frozen=True)
class Heat:
    """Rows of (label, cells), the labels across, and how many rows and columns were left out."""

    across: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    left_out: int


def heat(
    cells: Mapping[tuple[str, str], object],
    down: Sequence[str],
    across: Sequence[str],
    *,
    min_group: int = MIN_GROUP,
    hide_below: int = HIDE_BELOW,
) -> Heat:
    """Lay out cells with ``n``, ``value``, ``low``, ``high`` by their (down, across) labels."""
    shown_down, shown_across = tuple(down)[:MOST_DOWN], tuple(across)[:MOST_ACROSS]
    top = highest(cells.values(), hide_below)
    rows = tuple(
        (row, tuple(cell(cells.get((row, column)), top, min_group, hide_below) for column in shown_across))
        for row in shown_down
    )
    return Heat(shown_across, rows, len(down) - len(shown_down) + len(across) - len(shown_across))


def highest(cells: Iterable[object], hide_below: int) -> float:
    """The figure at which the darkest step ends: the highest that is shown."""
    values = [
        float(value)
        for one in cells
        if (n := figures.measured(read(one, "n"))) is not None and n >= hide_below
        if (value := figures.measured(read(one, "value"))) is not None
    ]
    return max(values, default=0.0)


def cell(one: object, top: float, min_group: int, hide_below: int) -> Cell:
    if one is None:
        return Cell("", "", "", "", "empty")
    n, value = figures.measured(read(one, "n")), figures.measured(read(one, "value"))
    if n is None or n < hide_below:
        return Cell("", "", f"n{figures.NO_BREAK}<{figures.NO_BREAK}{hide_below}", "heat-few", "hidden")
    if value is None:
        return Cell("", "", figures.sample(n), "heat-few", "unmeasured")
    step = min(int(float(value) / top * STEPS), STEPS - 1) if top > 0 else 0
    few = n < min_group
    return Cell(
        value=figures.share(value),
        interval=figures.interval("rate", read(one, "low"), read(one, "high")),
        n=figures.sample(n),
        shade="heat-few" if few else f"heat-{step}",
        state="few" if few else "",
    )
