"""Logistic regression by iteratively reweighted least squares: coefficients with their covariance.

For adjusted odds ratios and for telling whether features give a group away. Rows are taken in blocks, so memory does
not grow with the table; cost grows with rows x the square of columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audits.measures.tables.chunks import Column

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

BLOCK = 1 << 15
# Cells of a matrix that is held whole; a larger one is made block by block, each time anew.
MOST_HELD = 4_000_000
MOST_STEPS = 50
_CONVERGED = 1e-10
# Of a fit that need not be exact: how coarse it is at least, and the change after which one curvature does for more.
_COARSE, _LITTLE = 1e-6, 1e-2
# What is left of a column's length, as a share, once the columns before it are taken out of it.
_ALIASED = 1e-9
# Log odds of 15 are one in three million: a fit that goes beyond it is on its way to infinity.
_SEPARATED = 15.0


class Design:
    """Columns of a regression over the same rows: an intercept, numbers as they are, categories as one flag for each
    value but the first. ``names`` are (column, value), value None for a number."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.names: list[tuple[str, str | None]] = [("", None)]
        self._parts: list[tuple[Floats | Codes, int]] = []
        self._whole: Floats | None = None

    def add_numbers(self, name: str, numbers: Floats) -> None:
        """A column of numbers, none of them nan."""
        self._parts.append((numbers, 0))
        self.names.append((name, None))

    def add_categories(self, name: str, column: Column, *, baseline: str) -> None:
        """Flags for every value of a column but ``baseline``; no row is missing."""
        order = [value for value in column.values if value != baseline]
        renumbered = np.array([-1 if value == baseline else order.index(value) for value in column.values])
        self._parts.append((renumbered[column.codes], len(order)))
        self.names += [(name, value) for value in order]

    def at(self, name: str, value: str | None = None) -> int:
        """The position of a column's coefficient."""
        return self.names.index((name, value))

    def blocks(self, kept: Codes | None = None) -> Iterator[tuple[Codes | slice, Floats]]:
        """Some rows at a time with their matrix, of shape (rows, columns); ``kept`` are positions."""
        total = self.rows if kept is None else len(kept)
        for start in range(0, total, BLOCK):
            rows: Codes | slice = slice(start, min(start + BLOCK, total))
            if kept is not None:
                rows = kept[rows]
            yield rows, self._matrix(rows)

    def gram(self, kept: Codes | None = None) -> Floats:
        """The matrix times itself: shape (columns, columns)."""
        made = np.zeros((len(self.names),) * 2)
        for _, matrix in self.blocks(kept):
            made += matrix.T @ matrix
        return made

    def _matrix(self, rows: Codes | slice) -> Floats:
        if self.rows * len(self.names) > MOST_HELD:
            return self._made(rows)
        if self._whole is None or self._whole.shape[1] != len(self.names):
            self._whole = self._made(slice(0, self.rows))
        held: Floats = self._whole[rows]
        return held

    def _made(self, rows: Codes | slice) -> Floats:
        size = len(range(*rows.indices(self.rows))) if isinstance(rows, slice) else len(rows)
        matrix = np.zeros((size, len(self.names)))
        matrix[:, 0] = 1.0
        column = 1
        for values, levels in self._parts:
            if levels:
                codes = values[rows]
                flagged = np.flatnonzero(codes >= 0)
                matrix[flagged, column + codes[flagged].astype(np.int64)] = 1.0
                column += levels
            elif values.dtype == np.float64:
                matrix[:, column] = values[rows]
                column += 1
        return matrix


@dataclass(frozen=True)
class Fit:
    """Coefficients and their covariance, nan for columns that others determine (``aliased``).

    ``separated`` tells that the likelihood has no maximum: some column splits the outcomes, and its coefficient
    would be infinite.
    """

    coefficients: Floats
    covariance: Floats
    aliased: npt.NDArray[np.bool_]
    separated: bool
    steps: int

    def errors(self) -> Floats:
        """Standard errors."""
        return np.sqrt(np.diagonal(self.covariance))


def fit(
    design: Design,
    outcome: npt.NDArray[np.bool_],
    *,
    weights: Floats | None = None,
    kept: Codes | None = None,
    penalty: float = 0.0,
    precision: float = _CONVERGED,
    gram: Floats | None = None,
) -> Fit:
    """Fit ``logit P(outcome) = design @ coefficients``.

    Args:
        outcome: shape (rows,).
        weights: frequencies of the rows.
        kept: positions of the rows to fit on; all where it is None.
        penalty: of the sum of squared coefficients but the intercept's, halved (ridge).
        precision: relative change of the deviance at which it has converged. One coarser than ``_COARSE`` also lets
            steps that change little use the curvature of the step before.
        gram: ``design.gram(kept)`` where it is known, without weights: the curvature of the first step is a quarter of
            it, whatever the outcome is.

    Source:
        McCullagh and Nelder 1989, Generalized Linear Models, section 2.5. With a full step that lowers the
        likelihood, half of it is taken.
    """
    width = len(design.names)
    free = ~_aliased(design, kept) if penalty == 0 else np.ones(width, dtype=bool)
    ridge = np.full(width, penalty)
    ridge[0] = 0.0
    coefficients = np.zeros(width)
    score, bend, deviance = _slope(design, outcome, weights, kept, coefficients, ridge)
    if gram is not None and weights is None:
        information = gram / 4 + np.diag(ridge)
    else:
        information = _curvature(design, bend, kept, ridge)
    steps, stale = 0, False
    for steps in range(1, MOST_STEPS + 1):  # noqa: B007 - how many it took is told
        step = np.zeros(width)
        step[free] = _solved(information[np.ix_(free, free)], score[free])
        size = 1.0
        while True:
            tried = coefficients + size * step
            score, bend, now = _slope(design, outcome, weights, kept, tried, ridge)
            if now <= deviance + 1e-8 * (abs(deviance) + 1) or size < 1e-3:
                break
            size /= 2
        change = abs(deviance - now) / (abs(now) + 0.1)
        coefficients, deviance = tried, now
        stale = precision >= _COARSE and size == 1.0 and change <= _LITTLE
        if change <= precision:
            break
        if not stale:
            information = _curvature(design, bend, kept, ridge)
    if not stale:
        information = _curvature(design, bend, kept, ridge)
    covariance = np.full((width, width), np.nan)
    covariance[np.ix_(free, free)] = _solved(information[np.ix_(free, free)], np.eye(int(free.sum())))
    separated = bool(np.abs(coefficients[free]).max() > _SEPARATED) and penalty == 0
    spread = np.diagonal(covariance)[free]
    return Fit(
        np.where(free, coefficients, np.nan),
        covariance,
        ~free,
        separated or bool((spread <= 0).any() or not np.isfinite(spread).all()),
        steps,
    )


def predicted(design: Design, coefficients: Floats, *, kept: Codes | None = None) -> Floats:
    """The linear predictor of rows, in the order of ``kept``."""
    return np.concatenate([matrix @ coefficients for _, matrix in design.blocks(kept)])


def pulls(
    design: Design,
    found: Fit,
    outcome: npt.NDArray[np.bool_],
    *,
    column: int,
    weights: Floats | None = None,
) -> Floats:
    """How much each row moves one coefficient, shape (rows,): the sandwich variance is that of sums of them.

    Source:
        White 1980, Econometrica 48:817; by cluster Liang and Zeger 1986, Biometrika 73:13.
    """
    coefficients = np.where(found.aliased, 0.0, found.coefficients)
    bend = np.where(found.aliased, 0.0, found.covariance[column])
    made = np.empty(design.rows)
    for rows, matrix in design.blocks():
        chance = 0.5 * (1 + np.tanh(0.5 * (matrix @ coefficients)))
        weight = 1.0 if weights is None else weights[rows]
        made[rows] = (matrix @ bend) * weight * (outcome[rows] - chance)
    return made


def _slope(
    design: Design,
    outcome: npt.NDArray[np.bool_],
    weights: Floats | None,
    kept: Codes | None,
    coefficients: Floats,
    ridge: Floats,
) -> tuple[Floats, Floats, float]:
    """The score, how much each row bends the likelihood, and the deviance."""
    score, bends = -ridge * coefficients, []
    deviance = float(ridge @ coefficients**2)
    for rows, matrix in design.blocks(kept):
        linear = matrix @ coefficients
        # the same as 1 / (1 + exp(-x)), which overflows
        chance = 0.5 * (1 + np.tanh(0.5 * linear))
        weight = np.ones(len(linear)) if weights is None else weights[rows]
        happened = outcome[rows]
        score = score + matrix.T @ (weight * (happened - chance))
        bends.append(weight * chance * (1 - chance))
        deviance += 2 * float(np.sum(weight * (np.logaddexp(0.0, linear) - happened * linear)))
    return score, np.concatenate(bends), deviance


def _curvature(design: Design, bend: Floats, kept: Codes | None, ridge: Floats) -> Floats:
    """The information: the sum over rows of what each bends, and the ridge."""
    information, begin = np.diag(ridge), 0
    for _, matrix in design.blocks(kept):
        # one array times itself costs half of two
        leaning = matrix * np.sqrt(bend[begin : begin + len(matrix)])[:, None]
        information = information + leaning.T @ leaning
        begin += len(matrix)
    return information


def _solved(matrix: Floats, right: Floats) -> Floats:
    try:
        return np.asarray(np.linalg.solve(matrix, right), dtype=np.float64)
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.pinv(matrix) @ right, dtype=np.float64)


def _aliased(design: Design, kept: Codes | None) -> npt.NDArray[np.bool_]:
    """Columns that those before them determine, by a Cholesky factorisation that leaves them out."""
    gram = design.gram(kept)
    length = np.sqrt(np.diagonal(gram))
    scaled = gram / np.where(length > 0, length, 1.0)[:, None] / np.where(length > 0, length, 1.0)
    aliased = np.zeros(len(gram), dtype=bool)
    factor = np.zeros_like(scaled)
    for column in range(len(scaled)):
        rest = scaled[column:, column] - factor[column:, :column] @ factor[column, :column]
        if rest[0] <= _ALIASED:
            aliased[column] = True
            continue
        factor[column:, column] = rest / np.sqrt(rest[0])
    return aliased


def odds_ratio(coefficient: float, error: float, z: float) -> tuple[float, float, float]:
    """exp of a coefficient with Wald's limits."""
    with np.errstate(over="ignore"):
        value, low, high = np.exp([coefficient, coefficient - z * error, coefficient + z * error])
    return float(value), float(low), float(high)


def names_of(aliased: npt.NDArray[np.bool_], design: Design) -> Sequence[tuple[str, str | None]]:
    """The names of the columns that are marked."""
    return [name for name, marked in zip(design.names, aliased, strict=True) if marked]
