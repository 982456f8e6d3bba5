"""Every group against its comparator, and the widest gap between any two groups."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from audits.measures.cube import Slices
from audits.measures.disparities import Contrast, Disparity, Estimate, estimate, folded_limits
from audits.measures.intervals import Z95, Array, simultaneous_z
from audits.measures.naming import DIFFERENCE
from audits.measures.plan import BEST, LARGEST, OVERALL
from audits.measures.rates import Rate, Shares, everyone_else, shares
from audits.measures.resampling import Bootstrap, luck_p

# The interval of the widest gap looks at all pairs of groups.
MAX_RANGE_GROUPS = 100

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """One rate of a disparity that is the worst of several."""

    rate: str
    comparator: Mapping[str, str]
    n: int
    comparator_n: int
    value: float
    low: float
    high: float
    p: float


@dataclass
class Comparison:
    """One disparity of one group. Figures that were not measured are nan; ``why`` says why not.

    ``comparator`` is empty for "everybody". ``scope`` is "group", or "range" for the widest gap between any two
    groups. ``n`` and ``comparator_n`` are the rows that the deciding rate counts, ``rows`` and ``comparator_rows``
    all rows of the groups. ``q``, ``p_holm``, ``verdict``, ``rows_needed`` and ``role`` are filled in by the verdict.
    """

    disparity: Disparity
    attributes: tuple[str, ...]
    slice: dict[str, str]
    comparator: dict[str, str]
    scope: str
    sides: str
    threshold: float
    threshold_source: str
    method: str
    takes_part: bool
    why: str | None = None
    rate: str = ""
    n: int | None = None
    comparator_n: int | None = None
    rows: int = 0
    comparator_rows: int = 0
    value: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    z: float = float("nan")
    p: float = float("nan")
    mde: float = float("nan")
    joint_z: float = Z95
    contrasts: tuple[Contrast, ...] = ()
    parts: tuple[Part, ...] = ()
    role: str = "informative"
    q: float = float("nan")
    p_holm: float = float("nan")
    verdict: str = "insufficient_data"
    rows_needed: tuple[int, int] | None = None
    family: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Rules:
    """What all comparisons of a run have in common."""

    reference: str | Mapping[str, str]
    threshold: float
    threshold_source: str
    min_group: int
    suppress_below: int


def enough_rows(slices: Slices, rates: Sequence[Rate], minimum: int) -> npt.NDArray[np.bool_]:
    """Which groups have ``minimum`` rows, in effect too, among those that every rate counts."""
    counted = [shares(slices, rate) for rate in rates]
    # the effective size of equal weights is the count, but for rounding
    enough = [(one.rows >= minimum) & (one.n >= minimum - 1e-6) for one in counted]
    return np.asarray(np.all(enough, axis=0))


def visible_rows(slices: Slices, rates: Sequence[Rate], minimum: int) -> npt.NDArray[np.bool_]:
    """Which groups have ``minimum`` rows, whatever their weights, among those that every rate counts."""
    return np.asarray(np.all([shares(slices, rate).rows >= minimum for rate in rates], axis=0))


def compare_groups(slices: Slices, disparity: Disparity, rules: Rules, bootstrap: Bootstrap) -> list[Comparison]:
    """Each group of ``slices`` against its comparator.

    Groups below the minimum size are in the list with their figures (below ``suppress_below`` without), take no part
    and are never a comparator, unless the plan names one. Nothing is compared where no group can be the comparator.
    """
    counted = [shares(slices, rate) for rate in disparity.rates]
    enough = enough_rows(slices, disparity.rates, rules.min_group)
    others = _comparators(slices, disparity, counted, enough, rules.reference)
    if others is None:
        return []
    contrasts = _contrasts(slices, disparity, counted, others)
    zs = _joint_quantiles(disparity, enough, others, bootstrap)
    found = estimate(contrasts, disparity, zs)
    tested = [contrast.tested() for contrast in contrasts]
    sides = _sides(disparity, rules.reference)
    mdes = np.max([contrast.detectable(disparity.kind, rules.threshold, sides) for contrast in contrasts], axis=0)
    visible = visible_rows(slices, disparity.rates, rules.suppress_below)
    sizes = slices.sizes
    rows = []
    for group in range(len(slices)):
        if all(bool(contrast.same[group]) for contrast in contrasts):
            continue
        decided = int(found.decided_by[group])
        other = others[decided]
        other_enough = all(
            _other_rows(contrast, group) >= rules.min_group for contrast in contrasts if not contrast.same[group]
        )
        row = Comparison(
            disparity=disparity,
            attributes=slices.attributes,
            slice=slices.named(group),
            comparator={} if other is None else slices.named(int(other[group])),
            scope="group",
            sides=sides,
            threshold=rules.threshold,
            threshold_source=rules.threshold_source,
            method=_method(disparity, slices, bootstrap, everybody=other is None),
            takes_part=bool(enough[group]) and other_enough,
            rate=disparity.rates[decided].name,
        )
        rows.append(row)
        if not visible[group] or min(_other_rows(contrast, group) for contrast in contrasts) < rules.suppress_below:
            row.why = "suppressed"
            continue
        index = np.array([group])
        row.n, row.comparator_n = int(contrasts[decided].group.rows[group]), int(_other_rows(contrasts[decided], group))
        row.rows = int(sizes[group])
        row.comparator_rows = int(sizes.sum() - sizes[group] if other is None else sizes[int(other[group])])
        row.value, row.low, row.high = (float(limit[group]) for limit in (found.value, found.low, found.high))
        row.joint_z, row.contrasts = float(zs[group]), tuple(contrast.take(index) for contrast in contrasts)
        row.mde = float(mdes[group])
        if not row.takes_part:
            row.why = "too_few_rows"
        else:
            compared = [number for number, contrast in enumerate(contrasts) if not contrast.same[group]]
            row.p = _joined_p([float(tested[number][1][group]) for number in compared])
            row.z = float(tested[0][0][group]) if not disparity.composite else float("nan")
        if disparity.composite:
            row.parts = _parts(group, slices, contrasts, others, found, tested)
    return rows


def _parts(
    group: int,
    slices: Slices,
    contrasts: Sequence[Contrast],
    others: Sequence[Positions | None],
    found: Estimate,
    tested: Sequence[tuple[Array, Array]],
) -> tuple[Part, ...]:
    """Each rate of a group by itself, where the disparity is the worst of several."""
    return tuple(
        Part(
            rate=contrast.rate.name,
            comparator={} if where is None else slices.named(int(where[group])),
            n=int(contrast.group.rows[group]),
            comparator_n=int(contrast.other.rows[group]),
            value=float(part[0][group]),
            low=float(part[1][group]),
            high=float(part[2][group]),
            p=float(test[1][group]),
        )
        for contrast, where, part, test in zip(contrasts, others, found.parts, tested, strict=True)
    )


def _comparators(
    slices: Slices,
    disparity: Disparity,
    counted: Sequence[Shares],
    enough: npt.NDArray[np.bool_],
    reference: str | Mapping[str, str],
) -> list[Positions | None] | None:
    """For each rate, the position of every group's comparator; None for everybody. None: there is no comparator."""
    if reference == OVERALL:
        return [None for _ in counted]
    if isinstance(reference, Mapping):
        wanted = tuple(reference[name] for name in slices.attributes)
        return [np.full(len(slices), slices.keys.index(wanted)) for _ in counted] if wanted in slices.keys else None
    if not enough.any():
        return None
    chosen = []
    for rate, one in zip(disparity.rates, counted, strict=True):
        if reference == LARGEST:
            merit = slices.sizes.astype(float)
        elif reference == BEST:
            merit = one.value if rate.best == "high" else -one.value
        else:
            raise ValueError(f"no reference {reference!r}")
        chosen.append(np.full(len(slices), int(np.argmax(np.where(enough, merit, -np.inf)))))
    return list(chosen)


def _contrasts(
    slices: Slices, disparity: Disparity, counted: Sequence[Shares], others: Sequence[Positions | None]
) -> list[Contrast]:
    everyone = np.arange(len(slices))
    contrasts = []
    for rate, ours, other in zip(disparity.rates, counted, others, strict=True):
        if other is None:
            rest = shares(everyone_else(slices), rate)
            weights = slices.cells if slices.weights is None else slices.weights
            mass = rate.counted(weights)[1]
            total = mass.sum()
            part = mass / total if total > 0 else np.zeros_like(mass)
            contrasts.append(Contrast(rate, ours, rest, part, np.zeros(len(slices), dtype=bool)))
        else:
            nothing = np.zeros(len(slices))
            contrasts.append(Contrast(rate, ours, ours.take(other), nothing, other == everyone))
    return contrasts


def _joint_quantiles(
    disparity: Disparity,
    enough: npt.NDArray[np.bool_],
    others: Sequence[Positions | None],
    bootstrap: Bootstrap,
) -> Array:
    zs = np.full(enough.shape, simultaneous_z(len(disparity.rates)))
    positions = [other for other in others if other is not None]
    if not disparity.composite or len(positions) < len(others):
        return zs
    for group in np.flatnonzero(enough):
        zs[group] = bootstrap.joint_z(disparity.rates, [int(group)], [[int(other[group])] for other in positions])
    return zs


def _sides(disparity: Disparity, reference: str | Mapping[str, str]) -> str:
    if disparity.composite:
        return "high" if disparity.kind == DIFFERENCE else "low"
    if reference == BEST:
        return "low" if disparity.rates[0].best == "high" else "high"
    return "both"


def _other_rows(contrast: Contrast, group: int) -> float:
    return float(contrast.other.rows[group])


def _joined_p(values: Sequence[float]) -> float:
    """p of the smallest of several independent p-values (Sidak)."""
    if len(values) == 1:
        return values[0]
    return float(-np.expm1(len(values) * np.log1p(-min(values)))) if min(values) < 1 else 1.0


def _method(disparity: Disparity, slices: Slices, bootstrap: Bootstrap, *, everybody: bool) -> str:
    """What the interval is, in a few words for people."""
    words = "Newcombe 10" if disparity.kind == DIFFERENCE else "Koopman score"
    if disparity.composite:
        joint = "Sidak" if everybody or not bootstrap.replicates else f"max-t bootstrap of {bootstrap.replicates}"
        words = f"worst of {len(disparity.rates)}, {words} held jointly ({joint})"
    return words + with_whom(slices)


def with_whom(slices: Slices) -> str:
    """What else an interval takes into account, in a few words for people."""
    words = "" if slices.weights is None else ", weighted, effective n (Kish)"
    return words if slices.design is None else words + ", rows of clusters counted as fewer (design effect)"


def widest_gap(
    slices: Slices, disparity: Disparity, rules: Rules, bootstrap: Bootstrap, *, random: np.random.Generator
) -> Comparison | None:
    """The widest gap between any two groups that have enough rows: fairlearn's between-groups difference or ratio.

    Its interval is made of the intervals of all pairs, wide enough to hold together; its p-value compares it with
    the widest gaps that permuted group labels make. None where fewer than two groups have enough rows.
    """
    positions = np.flatnonzero(enough_rows(slices, disparity.rates, rules.min_group))
    if len(positions) < 2:
        return None
    kept = slices.only(positions)
    counted = [shares(kept, rate) for rate in disparity.rates]
    first, second = (np.array(side) for side in zip(*itertools.permutations(range(len(kept)), 2), strict=True))
    pairs = first < second
    z, joint = simultaneous_z(int(pairs.sum()) * len(disparity.rates), independent=False), "Bonferroni"
    if bootstrap.replicates and len(kept) <= MAX_RANGE_GROUPS:
        against = [int(one) for one in positions[second[pairs]]]
        z = bootstrap.joint_z(
            disparity.rates, [int(one) for one in positions[first[pairs]]], [against] * len(disparity.rates)
        )
        joint = f"max-t bootstrap of {bootstrap.replicates}"
    nothing, nobody = np.zeros(first.size), np.zeros(first.size, dtype=bool)
    contrasts = [
        Contrast(rate, one.take(first), one.take(second), nothing, nobody)
        for rate, one in zip(disparity.rates, counted, strict=True)
    ]
    parts = np.stack([np.stack(folded_limits(disparity.kind, *one.estimated(disparity.kind, z))) for one in contrasts])
    worst_rate, worst_pair = _worst(disparity.kind, parts[:, 0, :], contrasts)
    group, other = int(first[worst_pair]), int(second[worst_pair])
    limits = parts[:, 1:, :].max(axis=(0, 2)) if disparity.kind == DIFFERENCE else parts[:, 1:, :].min(axis=(0, 2))
    detectable = contrasts[worst_rate].detectable(disparity.kind, rules.threshold, "both")
    p = luck_p(kept, disparity.rates, disparity.kind, replicates=bootstrap.permutations, random=random)
    sizes = kept.sizes
    return Comparison(
        disparity=disparity,
        attributes=kept.attributes,
        slice=kept.named(group),
        comparator=kept.named(other),
        scope="range",
        sides="high" if disparity.kind == DIFFERENCE else "low",
        threshold=rules.threshold,
        threshold_source=rules.threshold_source,
        method=f"widest gap of {len(kept)} groups, all pairs held jointly ({joint}); p by permuted group labels",
        takes_part=True,
        rate=disparity.rates[worst_rate].name,
        n=int(counted[worst_rate].rows[group]),
        comparator_n=int(counted[worst_rate].rows[other]),
        rows=int(sizes[group]),
        comparator_rows=int(sizes[other]),
        value=float(parts[worst_rate, 0, worst_pair]),
        low=float(limits[0]),
        high=float(limits[1]),
        p=float("nan") if p is None else p,
        mde=float(detectable[worst_pair]),
        joint_z=z,
    )


def _worst(kind: str, values: Array, contrasts: Sequence[Contrast]) -> tuple[int, int]:
    """Positions (rate, ordered pair) of the widest gap: a difference from high to low, a ratio from low to high."""
    known = np.where(np.isnan(values), -np.inf if kind == DIFFERENCE else np.inf, values)
    directions = [contrast.group.value - contrast.other.value for contrast in contrasts]
    forward = np.stack([one >= 0 if kind == DIFFERENCE else one <= 0 for one in directions])
    ordered = np.where(forward, known, -np.inf if kind == DIFFERENCE else np.inf)
    flat = int(ordered.argmax() if kind == DIFFERENCE else ordered.argmin())
    rate, pair = divmod(flat, values.shape[1])
    return rate, pair
