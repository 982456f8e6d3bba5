"""How right decisions are, then and now, where the outcome is known by now: rates of both tables and their change.

Labels come late. What is measured is of the rows that have one, and whether these are like those that wait is told.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from audits.measures.drift.outcomes import Both, Outcomes
from audits.measures.intervals import Z95, newcombe, score_test
from audits.measures.regression.change import Change, paired_change
from audits.measures.roc import auc

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

ONE_SIDED_95 = float(special.ndtri(0.95))
# What gets worse: +1 where a rise does, -1 where a fall does, 0 where either is a change.
WORSE: Mapping[str, int] = {
    "accuracy": -1,
    "selection_rate": 0,
    "true_positive_rate": -1,
    "false_positive_rate": 1,
    "precision": -1,
    "roc_auc_score": -1,
}


@dataclass(frozen=True)
class Moved:
    """A quantity then and now with the interval of its change.

    ``effect`` is by how much it got worse (below 0: better), or how far it moved where neither way is worse; ``floor``
    is what noise alone reaches once in twenty times, ``p`` the chance of such an effect, or a larger one, by noise.
    """

    metric: str
    change: Change
    effect: float
    floor: float
    p: float
    n_reference: int
    n_current: int

    @property
    def is_constant(self) -> bool:
        """Whether every row of both tables was decided alike."""
        return self.metric == "selection_rate" and self.change.old == self.change.new and self.change.old in (0.0, 1.0)


def measured(both: Both, metric: str) -> Moved | None:
    """One quantity of both tables; None where it is over no row of one of them, or was not named.

    Accuracy and selection rate of the same cases are compared pair by pair, all else as of two samples.

    Source:
        Newcombe 1998, Stat Med 17:873 (method 10) with the score test; pairs: Agresti and Min 2005, Stat Med 24:729,
        McNemar 1947, Psychometrika 12:153; areas: DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44:837.
    """
    if metric == "roc_auc_score":
        return _areas(both)
    counted = [_COUNTED[metric](side) for side in (both.reference, both.current)]
    if any(one is None for one in counted):
        return None
    (hits0, of0), (hits1, of1) = (one for one in counted if one is not None)
    if both.pairs is not None and metric in ("accuracy", "selection_rate"):
        then, now = both.pairs
        usable = of0[then] & of1[now]
        return _of_pairs(metric, hits0[then[usable]], hits1[now[usable]])
    k0, n0, k1, n1 = (int(one.sum()) for one in (hits0 & of0, of0, hits1 & of1, of1))
    return shares_moved(metric, (k0, n0), (k1, n1)) if n0 and n1 else None


def shares_moved(metric: str, then: tuple[int, int], now: tuple[int, int]) -> Moved:
    """A share of two samples: hits and rows of each, at least one row."""
    (k0, n0), (k1, n1) = then, now
    low, high = newcombe(k1, n1, k0, n0)
    z, p = score_test(k1, n1, k0, n0)
    change = Change(k0 / n0, k1 / n1, float(low), float(high), float(p), "unpaired: Newcombe; score test")
    pooled = (k0 + k1) / (n0 + n1)
    return _moved(metric, change, float(z), math.sqrt(pooled * (1 - pooled) * (1 / n0 + 1 / n1)), n0, n1)


def _of_pairs(metric: str, old: Flags, new: Flags) -> Moved | None:
    n = len(new)
    if not n:
        return None
    change = paired_change(new, old)
    changed = int((new != old).sum())
    # McNemar's two-sided p, halved on the side that was seen
    z = math.copysign(-float(special.ndtri(max(change.p / 2, 1e-300))), change.value) if change.value else 0.0
    return _moved(metric, change, z, math.sqrt(changed) / n, n, n)


def _areas(both: Both) -> Moved | None:
    found = []
    for side in (both.reference, both.current):
        if side.score is None or side.positive is None:
            return None
        rows = side.labelled & np.isfinite(side.score)
        labels = side.positive[rows]
        if not labels.any() or labels.all():
            return None
        found.append((*auc(side.score[rows], labels), int(rows.sum())))
    (old, old_error, n0), (new, new_error, n1) = found
    error = math.hypot(old_error, new_error)
    if not 0 < error < math.inf:
        return None
    change = Change(
        old,
        new,
        max(new - old - Z95 * error, -1.0),
        min(new - old + Z95 * error, 1.0),
        math.erfc(abs(new - old) / error / math.sqrt(2)),
        "unpaired: DeLong",
    )
    return _moved("roc_auc_score", change, (new - old) / error, error, n0, n1)


def _moved(metric: str, change: Change, z: float, noise: float, n0: int, n1: int) -> Moved:
    way = WORSE[metric]
    if way:
        return Moved(metric, change, way * change.value, ONE_SIDED_95 * noise, float(special.ndtr(-way * z)), n0, n1)
    return Moved(metric, change, abs(change.value), Z95 * noise, change.p, n0, n1)


def chosen_among(side: Outcomes) -> Moved | None:
    """Whether rows whose outcome is known are selected as often as those that still wait; None without both sorts."""
    waiting, known = side.decided & ~side.labelled, side.known
    if side.selected is None or not waiting.any() or not known.any():
        return None
    counts = [(int((side.selected & rows).sum()), int(rows.sum())) for rows in (waiting, known)]
    return shares_moved("selection_rate", counts[0], counts[1])


Counted = tuple[Flags, Flags]


def _rows_of(side: Outcomes, *, hits: Flags | None, of: Flags | None) -> Counted | None:
    return None if hits is None or of is None else (hits & of, of)


def _accuracy(side: Outcomes) -> Counted | None:
    return side.right, side.known


def _selection(side: Outcomes) -> Counted | None:
    return _rows_of(side, hits=side.selected, of=side.decided)


def _found(side: Outcomes) -> Counted | None:
    return _rows_of(side, hits=side.selected, of=None if side.positive is None else side.known & side.positive)


def _false_alarms(side: Outcomes) -> Counted | None:
    return _rows_of(side, hits=side.selected, of=None if side.positive is None else side.known & ~side.positive)


def _precision(side: Outcomes) -> Counted | None:
    return _rows_of(side, hits=side.positive, of=None if side.selected is None else side.known & side.selected)


_COUNTED: Mapping[str, Callable[[Outcomes], Counted | None]] = {
    "accuracy": _accuracy,
    "selection_rate": _selection,
    "true_positive_rate": _found,
    "false_positive_rate": _false_alarms,
    "precision": _precision,
}
"""Of which rows a quantity is the share, and which of them count."""


def counted(side: Outcomes, metric: str) -> Counted | None:
    """Rows that count and rows that a rate is over, shape (rows,) each; None where it was not named."""
    return _COUNTED[metric](side)
