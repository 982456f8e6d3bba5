"""Gaps between groups over time: has the gap of the reference grown in the rows of today, and since when?

A gap is never below 0, so it is above 0 by luck alone, the more the fewer rows there are; and whoever looks at many
periods finds a wide one. So what a period shows beyond the reference is summed up as it comes in (CUSUM), and the sum
is held to what it reaches when, within each group, rows are dealt out to the periods anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audits.measures.intervals import newcombe, simultaneous_z

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

REPLICATES = 2_000
# Half of the shift, in standard deviations, that the sum finds soonest: the usual choice for a shift of one.
ALLOWANCE = 0.5
# A group takes part in a period from so many rows on; fewer would point at people.
LEAST = 10
LEVEL = 0.05


@dataclass(frozen=True)
class Gap:
    """The widest difference of a period, between the groups at ``low_group`` and ``high_group``; nan where none.

    ``low`` and ``high`` hold together for all pairs of the period.
    """

    value: float
    low: float
    high: float
    low_group: int
    high_group: int
    n: int


@dataclass(frozen=True)
class Followed:
    """Gaps of the reference and of each period of today, and their sum.

    ``path`` of shape (periods,) is the sum after each period in standard deviations, ``alarm`` what its top reaches
    once in twenty times without change, ``p`` the chance of such a top. Where the top is beyond the alarm, ``since``
    and ``until`` are the first period of the change (of those before the top, the one from which on the periods are
    furthest beyond luck) and that of the top, and ``effect`` is by how much the gap of that stretch is wider than the
    reference's; else they are None, and it is that of all rows of today.
    ``floor`` is what the latter is by luck once in twenty times.
    """

    reference: Gap
    periods: tuple[Gap, ...]
    path: Array
    alarm: float
    p: float
    since: int | None
    until: int | None
    effect: float
    floor: float


def followed(hits: Counts, of: Counts, random: np.random.Generator, *, replicates: int = REPLICATES) -> Followed | None:
    """Follow the gap between the largest and the smallest share of several groups.

    Args:
        hits: shape (groups, 1 + periods), rows that count; first the reference, then the periods of today in order.
        of: the same shape, rows.
        replicates: how often rows are dealt out anew.

    Returns:
        None where fewer than two groups have rows in the reference, or in no period.

    Source:
        CUSUM: Page 1954, Biometrika 41:100; its limit by permutation, without a target for the run length: Good 2005,
        Permutation, Parametric and Bootstrap Tests of Hypotheses; the rows of one group are exchangeable in time where
        its share does not change.
    """
    shown = of >= LEAST
    if shown[:, 0].sum() < 2 or not (shown[:, 1:].sum(axis=0) >= 2).any():
        return None
    dealt = np.stack(
        [
            random.multivariate_hypergeometric(rows, int(count.sum()), size=replicates, method="marginals")
            for rows, count in zip(of, hits, strict=True)
        ],
        axis=1,
    )
    # the rows as they came stand first among those that were dealt
    tables = np.concatenate([hits[None], dealt])
    beyond = gap_of(tables, of)
    beyond = beyond[:, 1:] - beyond[:, :1]
    steps = _standardised(beyond)
    path = _summed(steps)
    tops, top = path.max(axis=1), int(path[0].argmax())
    alarm, p = _quantile(tops[1:]), float((tops >= tops[0] - 1e-12).sum()) / len(tops)
    rises = _risen(tables, of, 0, of.shape[1] - 2)
    alarmed, start = p <= LEVEL, _began(steps[0], top)
    return Followed(
        reference=_gap(hits[:, 0], of[:, 0]),
        periods=tuple(_gap(hits[:, at], of[:, at]) for at in range(1, of.shape[1])),
        path=path[0],
        alarm=alarm,
        p=p,
        since=start if alarmed else None,
        until=top if alarmed else None,
        effect=float(_risen(tables[:1], of, start, top)[0] if alarmed else rises[0]),
        floor=_quantile(rises[1:]),
    )


def gap_of(hits: Counts, of: Counts) -> Array:
    """Largest share minus smallest, of groups with rows enough; nan where fewer than two have.

    Args:
        hits: shape (..., groups, periods).
        of: shape (groups, periods), or that of ``hits``.

    Returns:
        Shape (..., periods), in [0, 1].
    """
    shown = of >= LEAST
    share = hits / np.maximum(of, 1)
    gap = np.where(shown, share, -np.inf).max(axis=-2) - np.where(shown, share, np.inf).min(axis=-2)
    return np.where(shown.sum(axis=-2) >= 2, gap, np.nan)


def _standardised(beyond: Array) -> Array:
    """What each period shows beyond luck's mean, in luck's standard deviations; 0 where it shows nothing."""
    mean, spread = beyond[1:].mean(axis=0), beyond[1:].std(axis=0)
    known = np.isfinite(mean) & (spread > 0)
    return np.where(known, (beyond - mean) / np.where(known, spread, 1.0), 0.0)


def _summed(steps: Array) -> Array:
    """Sums that never fall below 0, shape (tables, periods)."""
    path, now = np.zeros_like(steps), np.zeros(len(steps))
    for at in range(steps.shape[1]):
        now = np.maximum(now + steps[:, at] - ALLOWANCE, 0.0)
        path[:, at] = now
    return path


def _began(steps: Array, top: int) -> int:
    """The period from which on those up to ``top`` are furthest beyond luck, as a shift of their mean."""
    from_here = np.cumsum(steps[: top + 1][::-1])[::-1]
    return int((from_here / np.sqrt(np.arange(top + 1, 0, -1))).argmax())


def _risen(tables: Counts, of: Counts, start: int, top: int) -> Array:
    """By how much the gap of all rows from ``start`` to ``top`` is wider than the reference's; shape (tables,)."""
    stretch = slice(1 + start, 2 + top)
    now = gap_of(tables[..., stretch].sum(axis=-1, keepdims=True), of[:, stretch].sum(axis=-1, keepdims=True))[:, 0]
    then = gap_of(tables[..., :1], of[:, :1])[:, 0]
    return np.where(np.isfinite(now), now - then, 0.0)


def _gap(hits: Counts, of: Counts) -> Gap:
    """The widest difference of one period with limits that hold for all its pairs together."""
    shown = np.flatnonzero(of >= LEAST)
    total = int(of[shown].sum())
    if shown.size < 2:
        return Gap(np.nan, np.nan, np.nan, -1, -1, total)
    share = hits[shown] / of[shown]
    high, low = int(shown[share.argmax()]), int(shown[share.argmin()])
    if high == low:
        high, low = int(shown[0]), int(shown[1])
    z = simultaneous_z(shown.size * (shown.size - 1) // 2, independent=False)
    limits = newcombe(hits[high], of[high], hits[low], of[low], z)
    return Gap(float(share.max() - share.min()), float(limits[0]), float(limits[1]), low, high, total)


def _quantile(values: Array) -> float:
    return float(np.quantile(values, 1 - LEVEL))


def periods_of(times: Array, most: int) -> Counts:
    """The period of each row, from 0 on in order of time, -1 where the time is unknown.

    Periods have about as many rows; rows of one moment stay together, so that they may be fewer, and where there are no
    more than ``most`` moments each is a period.
    """
    period = np.full(times.size, -1, dtype=np.int64)
    known = np.flatnonzero(~np.isnan(times))
    moments, place, rows = np.unique(times[known], return_inverse=True, return_counts=True)
    if moments.size <= most:
        period[known] = place
        return period
    middle = (np.cumsum(rows) - rows / 2) / rows.sum()
    _, number = np.unique((middle * most).astype(np.int64), return_inverse=True)
    period[known] = number[place]
    return period


def counts_by_period(group: Counts, period: Counts, hit: Flags, *, shape: tuple[int, int]) -> tuple[Counts, Counts]:
    """Rows that count and rows, by group and period: shape (groups, periods) each; -1 belongs to none."""
    groups, periods = shape
    inside = (group >= 0) & (period >= 0)
    place = group[inside] * periods + period[inside]
    rows = np.bincount(place, minlength=groups * periods)
    hits = np.bincount(place[hit[inside]], minlength=groups * periods)
    return hits.reshape(shape), rows.reshape(shape)


def enough(of: Counts, least: int) -> Flags:
    """Groups with rows enough in the reference and in all periods of today together, shape (groups,)."""
    found: Flags = (of[:, 0] >= least) & (of[:, 1:].sum(axis=1) >= least)
    return found
