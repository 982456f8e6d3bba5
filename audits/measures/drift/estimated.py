"""How right decisions are where no outcome is known yet, from the chances that the model gives with them.

A decision whose score says 0.8 for its class is right eight times in ten, if scores are chances. Whether they are is
seen on the reference, where outcomes are known: where they are not, nothing is estimated. What cannot be seen without
labels is that outcomes follow other rules than before (concept drift); the estimate is of a change of the cases alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import special

from audits.measures.drift.outcomes import Both, Outcomes
from audits.measures.drift.performance import ONE_SIDED_95, WORSE
from audits.measures.drift.thresholds import CALIBRATION
from audits.measures.intervals import wilson
from audits.measures.resampling import generator
from audits.measures.scores.reliability import Bins, bins_of, calibration_error, error_by_luck

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# Bins of scores on each side of the decision.
BINS = 5
LEAST = 30
REPLICATES = 2_000


@dataclass(frozen=True)
class Estimate:
    """One rate of today's rows, as the scores have it.

    ``value`` with ``low`` and ``high`` is what the outcomes of these very rows would show: their interval holds the
    luck of the outcomes and that of the reference's rows, by which scores were set right. ``plain`` is the same
    without setting right. ``reference`` is the rate of the reference, by its outcomes; ``effect``, ``floor`` and ``p``
    are as in ``performance.Moved``.
    """

    metric: str
    value: float
    low: float
    high: float
    plain: float
    reference: float
    effect: float
    floor: float
    p: float
    n_reference: int
    n_current: int


@dataclass(frozen=True)
class Estimated:
    """What is estimated, or ``why`` nothing is: "no_score", "no_outcomes", "score_is_no_chance", "not_calibrated",
    "too_few_rows", "more_than_two_values".

    ``error`` is the expected calibration error of the reference, within each side of the decision; ``by_luck`` what
    calibrated scores reach once in twenty times with as many rows.
    """

    rates: tuple[Estimate, ...] = ()
    why: str | None = None
    error: float | None = None
    by_luck: float | None = None
    n_reference: int = 0
    n_current: int = 0


@dataclass(frozen=True)
class _Side:
    """Rows of one table with a score, in order of decision and score; ``cell`` is the bin of each."""

    score: Array
    selected: Flags
    positive: Flags
    cell: Codes


def estimated(both: Both, *, seed: int = 0) -> Estimated:
    """Estimate accuracy, true and false positive rate and precision of today's decisions.

    Scores are first set right by the mean error that the reference shows in the same bin (five on each side of the
    decision), so that a score that is wrong by less than can be told apart does not move the estimate.

    Source:
        Confidence-based performance estimation: Kivimäki, Białek, Nurminen and Kuberski 2025, J Artif Intell Res 82
        (arXiv:2407.08649), and Kivimäki, Białek, Kuberski and Nurminen 2025, arXiv:2505.05295; the method is NannyML's.
    """
    then, now = both.reference, both.current
    if then.score is None or now.score is None:
        return Estimated(why="no_score")
    if then.selected is None or then.positive is None or now.selected is None:
        return Estimated(why="more_than_two_values")
    for side in (then, now):
        given = side.score[~np.isnan(side.score)] if side.score is not None else np.zeros(0)
        if given.size and not (given.min() >= 0 and given.max() <= 1):
            return Estimated(why="score_is_no_chance")
    old, bins = _reference(then, then.score, then.selected, then.positive)
    if not old.score.size:
        return Estimated(why="no_outcomes")
    new = _current(now, now.score, now.selected, bins)
    if not new.score.size:
        return Estimated(why="no_score", n_reference=old.score.size)
    joined = _joined(bins)
    error = float(calibration_error(joined))
    luck = error_by_luck(joined, replicates=REPLICATES, random=generator(seed, "drift", "estimated"))
    by_luck = math.inf if luck is None else float(np.quantile(luck, 0.95))
    found = Estimated(error=error, by_luck=by_luck, n_reference=old.score.size, n_current=new.score.size)
    if error > CALIBRATION and error > by_luck:
        return replace(found, why="not_calibrated")
    if by_luck > CALIBRATION:
        return replace(found, why="too_few_rows")
    rates = (_estimate(metric, old, new, len(joined)) for metric in RATES)
    return replace(found, rates=tuple(one for one in rates if one is not None))


def _reference(side: Outcomes, score: Array, selected: Flags, positive: Flags) -> tuple[_Side, dict[bool, Bins]]:
    """Rows with score, decision and outcome, and their bins on each side of the decision."""
    rows = np.flatnonzero(side.known & np.isfinite(score))
    # labels too, so that sums do not depend on the order of rows
    rows = rows[np.lexsort((positive[rows], score[rows], selected[rows]))]
    chosen = selected[rows]
    bins = {
        way: bins_of(positive[rows][chosen == way], score[rows][chosen == way], bins=BINS, least=LEAST)
        for way in (False, True)
        if (chosen == way).any()
    }
    cell = _cells(score[rows], chosen, bins)
    return _Side(score[rows], chosen, positive[rows], cell), bins


def _current(side: Outcomes, score: Array, selected: Flags, bins: Mapping[bool, Bins]) -> _Side:
    """Rows with score and decision; those of a decision that the reference never took have no bin and are left out."""
    rows = np.flatnonzero(side.decided & np.isfinite(score))
    rows = rows[np.lexsort((score[rows], selected[rows]))]
    chosen = selected[rows]
    cell = _cells(score[rows], chosen, bins)
    kept = cell >= 0
    return _Side(score[rows][kept], chosen[kept], np.zeros(int(kept.sum()), dtype=bool), cell[kept])


def _cells(score: Array, chosen: Flags, bins: Mapping[bool, Bins]) -> Codes:
    """The bin of each row, -1 for none; scores between two bins belong to the lower one."""
    cell = np.full(score.size, -1, dtype=np.int64)
    first = 0
    for way, made in bins.items():
        inside = chosen == way
        cell[inside] = first + np.maximum(np.searchsorted(made.lowest, score[inside], side="right") - 1, 0)
        first += len(made)
    return cell


def _joined(bins: Mapping[bool, Bins]) -> Bins:
    """The bins of both sides as one."""
    names = ("rows", "positives", "mass", "size", "score", "rate", "lowest", "highest")
    return Bins(**{name: np.concatenate([getattr(one, name) for one in bins.values()]) for name in names})


@dataclass(frozen=True)
class _Rate:
    """A rate as sum of ``alpha + beta y`` over sum of ``gamma + delta y``, y the outcome of a row.

    The function gives alpha, beta, gamma and delta of rows by whether they are selected.
    """

    parts: Callable[[Array], tuple[Array, Array, Array, Array]]


def _ones(of: Array) -> Array:
    return np.ones_like(of)


RATES: Mapping[str, _Rate] = {
    "accuracy": _Rate(lambda d: (1 - d, 2 * d - 1, _ones(d), 0 * d)),
    "true_positive_rate": _Rate(lambda d: (0 * d, d, 0 * d, _ones(d))),
    "false_positive_rate": _Rate(lambda d: (d, -d, _ones(d), -_ones(d))),
    "precision": _Rate(lambda d: (0 * d, d, d, 0 * d)),
}


def _estimate(metric: str, old: _Side, new: _Side, cells: int) -> Estimate | None:
    """One rate with its interval by the delta method; None where it is over nobody."""
    rows = np.bincount(old.cell, minlength=cells).astype(float)
    off = old.positive - old.score
    mean_off = np.bincount(old.cell, off, cells) / rows
    chance = np.clip(new.score + mean_off[new.cell], 0.0, 1.0)
    alpha, beta, gamma, delta = RATES[metric].parts(new.selected.astype(float))
    over = float((gamma + delta * chance).sum())
    plain_over = float((gamma + delta * new.score).sum())
    then = RATES[metric].parts(old.selected.astype(float))
    hits, of = then[0] + then[1] * old.positive, then[2] + then[3] * old.positive
    if over <= 0 or plain_over <= 0 or of.sum() <= 0:
        return None
    value, reference = float((alpha + beta * chance).sum()) / over, float(hits.sum() / of.sum())
    plain = float((alpha + beta * new.score).sum()) / plain_over
    # how far the rate moves with the outcome of each row, and with each bin's mean error
    pull = (beta - value * delta) / over
    by_cell = np.bincount(new.cell, pull, cells)
    outcomes = float((pull**2 * chance * (1 - chance)).sum())
    # a quarter of a row more, so that a bin without exceptions varies too
    spread = np.bincount(old.cell, (off - mean_off[old.cell]) ** 2, cells) + 0.25
    setting = float((by_cell**2 * spread / rows**2).sum())
    low, high = _limits(value, outcomes + setting, over)
    theirs = (hits - reference * of) / float(of.sum())
    ours = (alpha + beta * chance - value * (gamma + delta * chance)) / over
    moves = by_cell[old.cell] * (off - mean_off[old.cell]) / rows[old.cell] - theirs
    noise = math.sqrt(float((moves**2).sum() + (ours**2).sum()))
    effect = WORSE[metric] * (value - reference)
    p = float(special.ndtr(-effect / noise)) if noise > 0 else 1.0
    return Estimate(
        metric=metric,
        value=value,
        low=low,
        high=high,
        plain=plain,
        reference=reference,
        effect=effect,
        floor=ONE_SIDED_95 * noise,
        p=p,
        n_reference=old.score.size,
        n_current=new.score.size,
    )


def _limits(value: float, variance: float, over: float) -> tuple[float, float]:
    """Wilson's limits at as many rows as have that variance, so that none leaves [0, 1]."""
    value = min(max(value, 0.0), 1.0)
    inner = value * (1 - value)
    # outcomes of sure scores vary less than tosses of one coin, so that these may be more rows than there are
    size = inner / variance if variance > 0 and inner > 0 else over
    low, high = wilson(value * size, size)
    return float(low), float(high)
