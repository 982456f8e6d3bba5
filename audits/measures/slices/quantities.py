"""What slices are compared in: rates of the confusion table, and the mean loss where there is a score."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from audits.measures.intervals import Array
from audits.measures.kept_rows import JudgedRows
from audits.measures.rates import RATES, Rate

Codes = npt.NDArray[np.int64]

RATE_NAMES = ("false_positive_rate", "false_negative_rate", "accuracy", "selection_rate")
MEAN_LOSS = "log_loss"
# As scikit-learn's log_loss clips: a prediction of 0 for what then happens must not be infinite.
_CLIP = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Rows:
    """Some rows as they are summed up: ``outcome`` is 2 label + prediction; ``loss`` is nan where not known.

    ``clusters`` has one number for rows that may resemble each other; None where rows stand alone.
    """

    outcome: Codes
    weight: Array | None
    loss: Array | None
    clusters: Codes | None = None

    def only(self, kept: npt.NDArray[np.bool_]) -> Rows:
        """The rows where ``kept`` is true."""
        return Rows(
            self.outcome[kept],
            None if self.weight is None else self.weight[kept],
            None if self.loss is None else self.loss[kept],
            None if self.clusters is None else self.clusters[kept],
        )

    def __len__(self) -> int:
        return len(self.outcome)

    @cached_property
    def addends(self) -> tuple[Array, ...]:
        """What is summed up of the loss: see ``Sums.loss``. Without weights the first three are one array."""
        if self.loss is None:
            return ()
        known = (~np.isnan(self.loss)).astype(float)
        lost = np.nan_to_num(self.loss)
        if self.weight is None:
            return known, known, known, lost, lost**2
        weight = known * self.weight
        return known, weight, weight**2, weight * lost, weight * lost**2


def rows_to_sum(rows: JudgedRows) -> tuple[Rows, str | None]:
    """The rows, and why no loss is measured."""
    outcome = rows.label.astype(np.int64) * 2 + rows.prediction
    if rows.score is None:
        return Rows(outcome, rows.weights, None, rows.clusters), "no_score"
    known = ~np.isnan(rows.score)
    if not known.any() or rows.score[known].min() < 0 or rows.score[known].max() > 1:
        return Rows(outcome, rows.weights, None, rows.clusters), "score_is_no_probability"
    likely = np.clip(np.where(rows.label, rows.score, 1 - rows.score), _CLIP, 1.0)
    return Rows(outcome, rows.weights, -np.log(likely), rows.clusters), None


@dataclass(frozen=True)
class Sums:
    """Sums over the rows of each slice.

    ``counts``, ``weights`` and ``squares`` (of weights) have shape (slices, 4), one column for each outcome; the
    latter two are None without weights. ``loss`` has shape (slices, 5): rows with a known loss, their weights, the
    squares of these, and the weighted sums of the loss and of its square.
    """

    counts: Array
    weights: Array | None
    squares: Array | None
    loss: Array | None

    def __sub__(self, other: Sums) -> Sums:
        """The rows of these slices without those of the others."""
        pairs = [(getattr(self, name), getattr(other, name)) for name in ("counts", "weights", "squares", "loss")]
        # subtracting may leave a hair below zero
        return Sums(*(None if a is None else np.maximum(a - b, 0.0) for a, b in pairs))  # type: ignore[arg-type]

    def take(self, index: npt.NDArray[np.int64]) -> Sums:
        """The slices at these positions."""
        found = (getattr(self, name) for name in ("counts", "weights", "squares", "loss"))
        return Sums(*(None if one is None else one[index] for one in found))  # type: ignore[arg-type]

    @property
    def sizes(self) -> Array:
        """Rows of each slice."""
        sizes: Array = self.counts.sum(axis=1)
        return sizes


def summed(codes: Codes, size: int, rows: Rows) -> Sums:
    """Sums by slice; ``codes`` of shape (rows,) are the slice of each row, from 0 to ``size`` - 1."""
    cells = codes * 4 + rows.outcome

    def added(weights: Array | None) -> Array:
        return np.bincount(cells, weights=weights, minlength=size * 4).astype(float).reshape(size, 4)

    weights = squares = loss = None
    if rows.weight is not None:
        weights, squares = added(rows.weight), added(rows.weight**2)
    if rows.loss is not None:
        made: dict[int, Array] = {
            id(one): np.bincount(codes, weights=one, minlength=size).astype(float) for one in rows.addends
        }
        loss = np.stack([made[id(one)] for one in rows.addends], axis=1)
    return Sums(added(None), weights, squares, loss)


@dataclass(frozen=True)
class Moments:
    """One quantity of several slices, arrays of shape (slices,).

    ``rows`` are the rows counted, ``hits`` those that the rate counts (nan for a mean). ``n`` is the effective sample
    size (Kish) that weights leave, ``value`` the rate or mean, ``variance`` that of one row.
    """

    rows: Array
    hits: Array
    n: Array
    value: Array
    variance: Array


@dataclass(frozen=True)
class Quantity:
    """A rate, or the mean loss (``rate`` None). ``worse`` is +1 where larger is worse, else -1."""

    name: str
    rate: Rate | None

    @property
    def worse(self) -> float:
        return -1.0 if self.rate is not None and self.rate.best == "high" else 1.0

    def of(self, sums: Sums) -> Moments:
        """The quantity of each slice."""
        return _mean(sums) if self.rate is None else _share(sums, self.rate)


def _share(sums: Sums, rate: Rate) -> Moments:
    hits, rows = rate.counted(sums.counts.reshape(-1, 2, 2))
    k, n = hits, rows
    if sums.weights is not None and sums.squares is not None:
        weighted, weight = rate.counted(sums.weights.reshape(-1, 2, 2))
        squares = rate.counted(sums.squares.reshape(-1, 2, 2))[1]
        n = np.divide(weight**2, squares, out=np.zeros_like(weight), where=squares > 0)
        k = np.divide(weighted, weight, out=np.zeros_like(weight), where=weight > 0) * n
    value = np.divide(k, n, out=np.full_like(n, np.nan), where=n > 0)
    # half a row more of each kind: a rate of 0 or 1 is not known without error
    drawn = (k + 0.5) / (n + 1)
    return Moments(rows, hits, n, value, drawn * (1 - drawn))


def _mean(sums: Sums) -> Moments:
    if sums.loss is None:
        nothing = np.full(len(sums.counts), np.nan)
        return Moments(np.zeros_like(nothing), nothing, np.zeros_like(nothing), nothing, nothing)
    rows, weight, squares, total, of_squares = sums.loss.T
    n = np.divide(weight**2, squares, out=np.zeros_like(weight), where=squares > 0)
    value = np.divide(total, weight, out=np.full_like(weight, np.nan), where=weight > 0)
    spread = np.divide(of_squares, weight, out=np.full_like(weight, np.nan), where=weight > 0) - value**2
    unbiased = np.divide(n, n - 1, out=np.full_like(n, np.nan), where=n > 1)
    return Moments(rows, np.full_like(rows, np.nan), n, value, np.maximum(spread, 0.0) * unbiased)


def quantities(rows: Rows) -> list[Quantity]:
    """What can be compared."""
    rates = [Quantity(name, RATES[name]) for name in RATE_NAMES]
    return rates if rows.loss is None else [*rates, Quantity(MEAN_LOSS, None)]
