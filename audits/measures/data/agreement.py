"""How far people who labelled the same things agree beyond chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audits.measures.data.asked import INTERVAL, NOMINAL
from audits.measures.intervals import wilson

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

RESAMPLED, UNANIMOUS = "percentiles of resampled units", "Wilson's limit of the share of units that disagree"
# Resamples at once.
_BATCH = 100


@dataclass(frozen=True)
class Alpha:
    """Krippendorff's alpha with its 95 % interval, and what it rests on.

    ``units`` have two labels or more, ``labels`` stand in them. ``undefined`` is the share of resamples in which only
    one value occurred; they are left out. ``method`` says how the interval was made.
    """

    value: float
    low: float
    high: float
    units: int
    labels: int
    undefined: float
    method: str


def counted_labels(annotations: Codes, values: int) -> Codes:
    """How often each unit was given each value; shape (units, values).

    Args:
        annotations: shape (units, annotators), positions of values, -1 where an annotator gave none.
    """
    units, annotators = annotations.shape
    shifted = annotations + 1 + np.arange(units)[:, None] * (values + 1)
    counted = np.bincount(shifted.ravel(), minlength=units * (values + 1)).reshape(units, values + 1)
    return np.asarray(counted[:, 1:])


def krippendorff_alpha(
    counts: Codes, *, scale: str = NOMINAL, numbers: Array | None = None, bootstrap: int = 2_000, seed: int = 0
) -> Alpha | None:
    """Krippendorff's alpha: 1 - observed / expected disagreement, at most 1; 0 is what chance gives.

    Any number of annotators, any of them missing from any unit. None where fewer than two units have two labels, or
    where all labels are one value: then nothing could have been disagreed about.

    Args:
        counts: shape (units, values), see ``counted_labels``; on an ordinal scale values are in their order.
        scale: ``nominal`` (equal or not), ``ordinal`` (by ranks between) or ``interval`` (by difference).
        numbers: shape (values,), what the values stand for on an interval scale.
        bootstrap: resamples of units.
        seed: of the resamples.

    Source:
        Krippendorff 2011, Computing Krippendorff's Alpha-Reliability (coincidences and metrics); the interval by
        resampling whole units, Efron and Tibshirani 1993, ch. 13.
    """
    given = counts.sum(axis=1)
    kept = counts[given >= 2]
    if kept.shape[0] < 2 or (kept.sum(axis=0) > 0).sum() < 2:
        return None
    # units of one pattern are resampled together, and patterns are sorted, so that the order of units changes nothing
    patterns, rows = np.unique(kept, axis=0, return_counts=True)
    pairs = _coincidences(patterns)
    value = float(_alpha(rows[None, :].astype(float), pairs, scale, numbers)[0])
    units, labels = int(rows.sum()), int(kept.sum())
    if value >= 1:
        # no resample of units that all agree holds one that does not
        least = _unanimous(patterns, rows, scale, numbers)
        return Alpha(1.0, least, 1.0, units, labels, 0.0, UNANIMOUS)
    random = np.random.default_rng(seed)
    found = [
        _alpha(random.multinomial(kept.shape[0], rows / kept.shape[0], size=size).astype(float), pairs, scale, numbers)
        for size in _batches(bootstrap)
    ]
    drawn = np.concatenate(found) if found else np.zeros(0)
    defined = drawn[~np.isnan(drawn)]
    low, high = np.quantile(defined, (0.025, 0.975)) if defined.size else (np.nan, np.nan)
    undefined = 1 - defined.size / drawn.size if drawn.size else 0.0
    return Alpha(value, float(low), float(high), units, labels, float(undefined), RESAMPLED)


def _unanimous(patterns: Codes, rows: Codes, scale: str, numbers: Array | None) -> float:
    """The least alpha that units without a disagreement allow: as many as Wilson's limit may disagree, and fully."""
    totals = (rows @ patterns).astype(float)
    apart = np.broadcast_to(_metric(totals[None, :], scale, numbers)[0], (totals.size, totals.size))
    held = totals > 0
    apart, totals = apart[np.ix_(held, held)], totals[held]
    everything = totals.sum()
    expected = float(totals @ apart @ totals) / (everything * (everything - 1))
    _, share = wilson(np.array([0]), rows.sum()[None])
    least = 1 - float(share[0]) * float(apart.max()) / expected
    return least if least > -1 else -1.0


def _batches(total: int) -> list[int]:
    return [min(_BATCH, total - start) for start in range(0, total, _BATCH)]


def _coincidences(patterns: Codes) -> Array:
    """The coincidences of values within each unit, shape (units, values, values): pairs over labels less one."""
    held = patterns.astype(float)
    pairs = held[:, :, None] * held[:, None, :]
    place = np.arange(held.shape[1])
    pairs[:, place, place] -= held
    return np.asarray(pairs / (held.sum(axis=1) - 1)[:, None, None])


def _alpha(weights: Array, pairs: Array, scale: str, numbers: Array | None) -> Array:
    """Alpha for rows of weights of units, shape (resamples, units); nan where only one value occurs."""
    resamples, values = weights.shape[0], pairs.shape[1]
    together = (weights @ pairs.reshape(pairs.shape[0], -1)).reshape(resamples, values, values)
    totals = together.sum(axis=2)
    apart = _metric(totals, scale, numbers)
    observed = (together * apart).sum(axis=(1, 2))
    expected = (totals[:, :, None] * totals[:, None, :] * apart).sum(axis=(1, 2))
    everything = totals.sum(axis=1)
    made = np.full(resamples, np.nan)
    defined = expected > 0
    made[defined] = 1 - (everything[defined] - 1) * observed[defined] / expected[defined]
    return made


def _metric(totals: Array, scale: str, numbers: Array | None) -> Array:
    """Squared distances of values, shape (resamples, values, values), or one for all resamples."""
    values = totals.shape[1]
    if scale == NOMINAL:
        return np.asarray(1.0 - np.eye(values))[None, :, :]
    if scale == INTERVAL:
        stands_for = np.arange(values, dtype=float) if numbers is None else numbers
        return np.asarray((stands_for[:, None] - stands_for[None, :]) ** 2)[None, :, :]
    # ranks between two values, half of both ends
    up_to = np.cumsum(totals, axis=1) - totals / 2
    return np.asarray((up_to[:, :, None] - up_to[:, None, :]) ** 2)


def cohen_kappa(first: Codes, second: Codes, values: int) -> float | None:
    """Cohen's kappa of two annotators over the units that both labelled: at most 1; 0 is what chance gives.

    None where they share no unit, or where both gave one and the same value throughout.

    Args:
        first, second: shape (units,), positions of values, -1 for none.

    Source:
        Cohen 1960, Educ Psychol Meas 20:37.
    """
    both = (first >= 0) & (second >= 0)
    n = int(both.sum())
    if not n:
        return None
    table = np.bincount(first[both] * values + second[both], minlength=values * values).reshape(values, values) / n
    chance = float(table.sum(axis=0) @ table.sum(axis=1))
    if 1 - chance <= 1e-12:
        return None
    return (float(np.trace(table)) - chance) / (1 - chance)


def fleiss_kappa(counts: Codes) -> float | None:
    """Fleiss' kappa: agreement beyond chance where every unit has as many labels, whoever gave them.

    None where units have different numbers of labels, fewer than two, or one value in all.

    Args:
        counts: shape (units, values), see ``counted_labels``.

    Source:
        Fleiss 1971, Psychol Bull 76:378.
    """
    labels = counts.sum(axis=1)
    if not labels.size or labels[0] < 2 or (labels != labels[0]).any():
        return None
    agree = ((counts**2).sum(axis=1) - labels) / (labels * (labels - 1))
    shares = counts.sum(axis=0) / counts.sum()
    chance = float((shares**2).sum())
    return None if 1 - chance <= 1e-12 else (float(agree.mean()) - chance) / (1 - chance)
