"""Where the marks of a chart stand: dots, intervals, limits and ticks, in per cent of the width.

Presentation only: figures come in, geometry and words go out, and ``components/interval_chart.html`` draws them.
Geometry is text with a decimal point, so that no language turns it into a comma.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext

from . import figures
from .words import look_up, plain

MIN_GROUP = 30
HIDE_BELOW = 10
MOST_ROWS = 60
MOST_STEPS = 4
FUZZ = 1e-9
SMALLEST, LARGEST = 1e-12, Decimal(10) ** 100
FAILING = frozenset({"fail", "conflict", "deny", "unsatisfied"})
UNDECIDED = frozenset({"insufficient_data", "no_information", "unknown"})
# In a chart of many groups only what fails, warns or cannot be judged takes a colour; the rest is ink.
QUIET = frozenset({"pass", "wait", "none"})


def read(row: object, name: str) -> Any:
    """A field of a mapping or an attribute of an object; None where it has none."""
    return row.get(name) if isinstance(row, Mapping) else getattr(row, name, None)


@dataclass(frozen=True)
class Scale:
    """A stretch of figures laid over the width of a drawing."""

    start: float
    end: float
    step: float

    def at(self, value: float) -> str:
        """The place of ``value``, e.g. ``44.8%``; figures outside stand at the edge."""
        return percent(min(max((value - self.start) / (self.end - self.start), 0.0), 1.0))

    def ticks(self) -> list[float]:
        count = round((self.end - self.start) / self.step)
        return [self.start + index * self.step for index in range(count + 1)]


def percent(share: float) -> str:
    return f"{share * 100:.2f}".rstrip("0").rstrip(".") + "%"


def scale_for(values: Iterable[object], *, top: object = None) -> Scale:
    """A scale with round steps that begins at 0 and holds all ``values``; below 0 only where a difference goes there.

    ``top`` is the least end of it: panels that stand beside each other share one.
    """
    found = [clamped(amount) for value in (*values, top) if (amount := figures.measured(value)) is not None]
    low, high = min([0.0, *found]), max([0.0, *found])
    if high - low < SMALLEST:
        high = low + 1.0
    step = round_step((high - low) / MOST_STEPS)
    return Scale(math.floor(low / step + FUZZ) * step, math.ceil(high / step - FUZZ) * step, step)


def beyond(limit: object, kind: str) -> Decimal | None:
    """A figure a little beyond a limit, so that the scale shows what lies there; a share ends at 1."""
    amount = figures.measured(limit)
    if amount is None:
        return None
    further = amount + abs(amount) / 8
    return min(further, Decimal(1)) if kind == "rate" and amount <= 1 else further


def clamped(amount: Decimal) -> float:
    return float(min(max(amount, -LARGEST), LARGEST))


def round_step(least: float) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that is not below ``least``."""
    power = 10.0 ** math.floor(math.log10(least))
    return next((times * power for times in (1, 2, 2.5, 5) if times * power >= least * (1 - FUZZ)), 10 * power)


@dataclass(frozen=True)
class Tick:
    x: str
    text: str
    anchor: str


@dataclass(frozen=True)
class Lines:
    """What every row of a chart shows behind its mark: the scale's zero, reference and limits."""

    zero: str
    reference: str
    floor: str
    ceiling: str
    beyond_width: str

    @classmethod
    def on(cls, scale: Scale, *, floor: object, ceiling: object, reference: object) -> Lines:
        low, high, ref = (figures.measured(value) for value in (floor, ceiling, reference))
        return cls(
            zero=scale.at(0.0),
            reference="" if ref is None else scale.at(float(ref)),
            floor="" if low is None else scale.at(float(low)),
            ceiling="" if high is None else scale.at(float(high)),
            beyond_width="" if high is None else percent(1 - float(scale.at(float(high))[:-1]) / 100),
        )


@dataclass(frozen=True)
class Mark:
    """One estimate with its interval. ``shape`` is dot, diamond, hollow, or empty where there is nothing to draw."""

    shape: str
    tone: str
    x: str = ""
    x_low: str = ""
    x_high: str = ""


@dataclass(frozen=True)
class DrawnRow:
    """One group: its mark, and the same figures in words."""

    label: str
    n: str
    value: str
    interval: str
    low: str
    high: str
    verdict: str
    is_reference: bool
    hidden: bool
    mark: Mark


@dataclass(frozen=True)
class Chart:
    rows: tuple[DrawnRow, ...]
    left_out: int
    ticks: tuple[Tick, ...]
    lines: Lines

    @property
    def is_judged(self) -> bool:
        """Whether there is anything to say in a column of verdicts."""
        return any(row.verdict or row.is_reference for row in self.rows)


def mark_for(*, scale: Scale, value: object, low: object, high: object, verdict: str, few: bool = False) -> Mark:
    """The mark of one estimate: a diamond fails, a hollow dot cannot be judged, a dot is everything else."""
    tone = "open" if few else look_up(verdict).tone if verdict else ""
    amount, least, most = (figures.measured(figure) for figure in (value, low, high))
    if amount is None:
        return Mark("", tone)
    shape = "hollow" if few or verdict in UNDECIDED else "diamond" if verdict in FAILING else "dot"
    if least is None or most is None:
        return Mark(shape, tone, scale.at(clamped(amount)))
    return Mark(shape, tone, scale.at(clamped(amount)), scale.at(clamped(least)), scale.at(clamped(most)))


def interval_chart(
    rows: Iterable[object],
    *,
    kind: str = "rate",
    floor: object = None,
    ceiling: object = None,
    reference: object = None,
    top: object = None,
    min_group: int = MIN_GROUP,
    hide_below: int = HIDE_BELOW,
) -> Chart:
    """A chart of estimates with intervals, one row per group.

    Args:
        rows: mappings or objects with ``label``, ``n``, ``value``, ``low``, ``high``, and where there are any
            ``verdict``, ``is_reference``, ``hidden``. Groups below ``hide_below`` are hidden whatever they hold.
        kind: rate (shares, shown in per cent), points (differences of shares), ratio or number.
        floor, ceiling: limits; what lies below the floor or above the ceiling is shaded.
        reference: the figure of the group that the others are compared with.
        top: the least end of the scale.
    """
    listed = list(rows)
    shown = [row for row in listed if not is_hidden(row, hide_below)]
    values = [read(row, name) for row in shown for name in ("value", "low", "high")]
    scale = scale_for((*values, floor, reference, beyond(floor, kind), beyond(ceiling, kind)), top=top)
    limit = floor if figures.measured(ceiling) is None else ceiling
    drawn = tuple(
        draw(row, scale=scale, kind=kind, limit=limit, min_group=min_group, hide_below=hide_below)
        for row in listed[:MOST_ROWS]
    )
    lines = Lines.on(scale, floor=floor, ceiling=ceiling, reference=reference)
    return Chart(drawn, len(listed) - len(drawn), ticks_on(scale, kind), lines)


def is_hidden(row: object, hide_below: int) -> bool:
    n = figures.measured(read(row, "n"))
    return bool(read(row, "hidden")) or (n is not None and n < hide_below)


def draw(row: object, *, scale: Scale, kind: str, limit: object, min_group: int, hide_below: int) -> DrawnRow:
    n, verdict = figures.measured(read(row, "n")), plain(read(row, "verdict")).lower()
    hidden, is_reference = is_hidden(row, hide_below), bool(read(row, "is_reference"))
    value, low, high = (None, None, None) if hidden else (read(row, name) for name in ("value", "low", "high"))
    few = hidden or (n is not None and n < min_group)
    if few and not is_reference and verdict not in UNDECIDED:
        verdict = "insufficient_data"
    if figures.measured(value) is None and not hidden:
        words = figures.not_measured()
    else:
        words = "" if hidden else figures.figure(kind, value, limit=limit)
    mark = mark_for(scale=scale, value=value, low=low, high=high, verdict=verdict, few=few)
    small = figures.sample(n)
    if hidden and n is not None and n < hide_below:
        small = f"n{figures.NO_BREAK}<{figures.NO_BREAK}{hide_below}"
    return DrawnRow(
        label=str(read(row, "label") or gettext("not known")),
        n=small,
        value=words,
        interval=figures.interval(kind, low, high),
        low=figures.figure(kind, low),
        high=figures.figure(kind, high),
        verdict=verdict,
        is_reference=is_reference,
        hidden=hidden,
        mark=replace(mark, tone="") if mark.tone in QUIET else mark,
    )


def ticks_on(scale: Scale, kind: str) -> tuple[Tick, ...]:
    in_percent = kind in ("rate", "points")
    step = scale.step * 100 if in_percent else scale.step
    places = len(f"{step:.9f}".rstrip("0").split(".")[1])
    made = []
    for value in scale.ticks():
        x, exact = scale.at(value), float(f"{value:.12g}")
        if kind == "rate":
            text = figures.share(exact, places=places)
        elif kind == "points":
            text = figures.points(exact, places=places, unit=False)
        else:
            text = figures.number(exact, places=places)
        made.append(Tick(x, text, {"0%": "start", "100%": "end"}.get(x, "middle")))
    return tuple(made)


@dataclass(frozen=True)
class Gauge:
    """One estimate in the small: its mark, its lines, and the limit in words where it stands."""

    mark: Mark
    lines: Lines
    value: str
    interval: str
    n: str
    limit_x: str
    limit_text: str
    limit_anchor: str


def gauge(
    *, kind: str, value: object, low: object, high: object, n: object, floor: object, ceiling: object, verdict: object
) -> Gauge:
    """The drawing that stands beside a requirement. Its scale begins at 0 and is as wide as what it shows."""
    limit = floor if figures.measured(ceiling) is None else ceiling
    scale = scale_for((value, low, high, beyond(floor, kind), beyond(ceiling, kind)))
    word, at = plain(verdict).lower(), figures.measured(limit)
    x = "" if at is None else scale.at(float(at))
    place = float(x[:-1]) if x else 0.0
    return Gauge(
        mark=mark_for(scale=scale, value=value, low=low, high=high, verdict=word),
        lines=Lines.on(scale, floor=floor, ceiling=ceiling, reference=None),
        value=figures.figure(kind, value, limit=limit),
        interval=figures.interval(kind, low, high),
        n=figures.sample(n),
        limit_x=x,
        limit_text="" if at is None else figures.figure(kind, limit),
        limit_anchor="start" if place < 12 else "end" if place > 88 else "middle",
    )
