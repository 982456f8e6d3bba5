"""Where the marks of calibration curves stand, in per cent of a square from 0 to 1 on either side.

Presentation only, as ``charts``: ``components/calibration_chart.html`` draws them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext

from . import figures
from .charts import MIN_GROUP, percent, read

MOST_PANELS = 24


@dataclass(frozen=True)
class Point:
    """One bin: where it stands, and the same in words."""

    x: str
    y: str
    y_low: str
    y_high: str
    n: str
    scores: str
    score: str
    rate: str
    low: str
    high: str


@dataclass(frozen=True)
class Panel:
    """One group's curve. ``few``: too few rows to be judged."""

    label: str
    n: str
    said: str
    points: tuple[Point, ...]
    line: str
    few: bool
    hidden: bool
    in_words: str


def panels(groups: Iterable[object], *, min_group: int = MIN_GROUP) -> tuple[Panel, ...]:
    """Panels of groups with ``label``, ``n``, ``said`` and ``points`` (each n, score_from, score_to, score, value, low,
    high); a group without n is hidden."""
    return tuple(panel(group, min_group) for group in list(groups)[:MOST_PANELS])


def panel(group: object, min_group: int) -> Panel:
    points = tuple(point(one) for one in read(group, "points") or ())
    n = figures.measured(read(group, "n"))
    label = str(read(group, "label") or gettext("not known"))
    return Panel(
        label=label,
        n=figures.sample(n) if n is not None else "",
        said=str(read(group, "said") or ""),
        points=points,
        # the curve lies in a drawing of its own, whose unit is a per cent
        line=" ".join(f"{one.x[:-1]},{one.y[:-1]}" for one in points),
        few=n is not None and n < min_group,
        hidden=n is None,
        in_words=label + ": " + "; ".join(f"{one.score} → {one.rate}" for one in points),
    )


def point(one: object) -> Point:
    score, value, low, high = (float(read(one, name) or 0.0) for name in ("score", "value", "low", "high"))
    ends = [figures.number(read(one, name), places=2) for name in ("score_from", "score_to")]
    return Point(
        x=percent(score),
        y=percent(1 - value),
        y_low=percent(1 - low),
        y_high=percent(1 - high),
        n=figures.number(read(one, "n")),
        scores=ends[0] if ends[0] == ends[1] else figures.DASH.join(ends),
        score=figures.number(score, places=2),
        rate=figures.share(value),
        low=figures.share(low),
        high=figures.share(high),
    )
