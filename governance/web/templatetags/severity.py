"""Where the marks of severity curves stand, in per cent: severity across, a share up. Presentation only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext

from . import figures
from .charts import percent, read

MOST_CURVES = 60
# Room on both sides of the first and the last severity.
_MARGIN = 0.06


@dataclass(frozen=True)
class Step:
    """One severity: where it stands, and the same in words."""

    severity: str
    x: str
    y: str
    y_low: str
    y_high: str
    n: str
    value: str
    low: str
    high: str
    measured: bool


@dataclass(frozen=True)
class Curve:
    """One curve; ``limit`` is how high its limit lies, "" for none."""

    label: str
    said: str
    verdict: str
    steps: tuple[Step, ...]
    line: str
    limit: str
    in_words: str


def curves(rows: Iterable[object], *, limit: float | None = None, top: float = 1.0) -> tuple[Curve, ...]:
    """Curves of rows with ``label``, ``said``, ``verdict`` and ``steps``, on one scale from 0 to ``top``.

    Each step has severity, n, value, low and high; value None where nothing was measured.
    """
    return tuple(curve(row, limit, top) for row in list(rows)[:MOST_CURVES])


def curve(row: object, limit: float | None, top: float) -> Curve:
    listed = list(read(row, "steps") or ())
    last = max((int(read(one, "severity") or 0) for one in listed), default=1) or 1
    steps = tuple(step(one, last, top) for one in listed)
    label = str(read(row, "label") or gettext("not known"))
    drawn = [one for one in steps if one.measured]
    return Curve(
        label=label,
        said=str(read(row, "said") or ""),
        verdict=str(read(row, "verdict") or ""),
        steps=steps,
        line=" ".join(f"{one.x[:-1]},{one.y[:-1]}" for one in drawn),
        limit="" if limit is None else percent(1 - min(limit / top, 1.0)),
        in_words=label + ": " + "; ".join(f"{one.severity} → {one.value}" for one in steps),
    )


def step(one: object, last: int, top: float) -> Step:
    found = (figures.measured(read(one, name)) for name in ("value", "low", "high"))
    value, low, high = (None if share is None else float(share) for share in found)
    severity = int(read(one, "severity") or 0)
    across = _MARGIN + (1 - 2 * _MARGIN) * severity / last
    up = [percent(1 - min((share or 0.0) / top, 1.0)) for share in (value, low, high)]
    return Step(
        severity=str(severity),
        x=percent(across),
        y=up[0],
        y_low=up[1],
        y_high=up[2],
        n=figures.number(read(one, "n")),
        value=figures.not_measured() if value is None else figures.share(value),
        low=figures.figure("rate", low),
        high=figures.figure("rate", high),
        measured=value is not None,
    )
