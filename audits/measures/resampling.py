"""What needs chance: how wide several intervals must be to hold together, and how large a gap luck alone makes.

Everything is drawn on the counts, never on the rows: a replicate of a million rows is a few dozen numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from audits.measures.cube import Slices
from audits.measures.intervals import CONFIDENCE, Z95, Array, simultaneous_z
from audits.measures.naming import DIFFERENCE
from audits.measures.rates import Rate, Shares, shares

# Replicates are held for this many groups at most; beyond it the closed bound stands in.
MAX_BOOTSTRAP_GROUPS = 500
MIN_REPLICATES = 100


def generator(seed: int, *purpose: str) -> np.random.Generator:
    """Random numbers for one purpose: the same seed and words give the same numbers, whatever else is drawn."""
    digest = hashlib.sha256("\0".join(purpose).encode()).digest()
    return np.random.default_rng([seed, *np.frombuffer(digest[:16], dtype=np.uint32).tolist()])


def replicated(slices: Slices, *, replicates: int, random: np.random.Generator) -> Array:
    """Confusion counts drawn anew within each group (a multinomial bootstrap stratified by group).

    Each group keeps its size, so none vanishes from a replicate. A quarter of a row is added to every cell of what
    is drawn from, so that a rate of 0 or 1 varies too. With weights the size is the effective one.

    Returns:
        Shape (replicates, groups, 2, 2).
    """
    sizes, cells = _drawn_from(slices)
    chances = (cells + 0.25) / (cells.sum(axis=1, keepdims=True) + 1)
    drawn = [
        random.multinomial(int(size), chance, size=replicates) for size, chance in zip(sizes, chances, strict=True)
    ]
    return np.stack(drawn, axis=1).reshape(replicates, len(slices), 2, 2).astype(float)


def _drawn_from(slices: Slices) -> tuple[Array, Array]:
    """Sample sizes of shape (groups,) and expected counts of shape (groups, 4)."""
    cells = slices.cells.reshape(-1, 4).astype(float)
    if slices.weights is None or slices.squares is None:
        return cells.sum(axis=1), cells
    weights, squares = slices.weights.reshape(-1, 4), slices.squares.sum(axis=(1, 2))
    total = weights.sum(axis=1)
    sizes = np.round(np.divide(total**2, squares, out=np.zeros_like(total), where=squares > 0))
    return sizes, np.divide(
        weights * sizes[:, None], total[:, None], out=np.zeros_like(weights), where=total[:, None] > 0
    )


class Bootstrap:
    """Replicates of the groups of some slices, and the quantiles that can be had from them."""

    def __init__(
        self, slices: Slices, *, replicates: int, random: np.random.Generator, permutations: int | None = None
    ) -> None:
        """Draw ``replicates`` tables; none for fewer than ``MIN_REPLICATES`` or more groups than can be held.

        ``permutations`` is how often group labels are to be permuted: as often, where it is not said.
        """
        self._slices = slices
        self.permutations = replicates if permutations is None else permutations
        self.replicates = replicates if replicates >= MIN_REPLICATES and len(slices) <= MAX_BOOTSTRAP_GROUPS else 0
        self._cells = replicated(slices, replicates=self.replicates, random=random) if self.replicates else None
        self._rates: dict[str, tuple[Array, Array]] = {}

    def joint_z(self, rates: Sequence[Rate], groups: Sequence[int], others: Sequence[Sequence[int]]) -> float:
        """The quantile at which the intervals of all these differences hold together with 95 % confidence.

        For every rate and every group the studentised error of "group minus other" is taken in each replicate; the
        answer is the 95th percentile of the largest of them, kept between the quantile of a single interval and
        Bonferroni's, which is always enough.

        Args:
            rates: the rates that are compared.
            groups: positions of groups, one per comparison.
            others: for each rate, the position of the group that each of ``groups`` is compared with. Comparisons of
                a group with itself are left out.
        """
        compared = sum(group != other for each in others for group, other in zip(groups, each, strict=True))
        cells = self._cells
        if cells is None or compared <= 1:
            return simultaneous_z(compared)
        largest = np.zeros(self.replicates)
        for rate, each in zip(rates, others, strict=True):
            error, variance = self._errors(rate, cells)
            for group, other in zip(groups, each, strict=True):
                if group != other:
                    studentised = (error[:, group] - error[:, other]) / np.sqrt(variance[:, group] + variance[:, other])
                    np.maximum(largest, np.abs(studentised), out=largest)
        found = float(np.quantile(largest, CONFIDENCE))
        return min(max(found, Z95), simultaneous_z(compared, independent=False))

    def _errors(self, rate: Rate, cells: Array) -> tuple[Array, Array]:
        """Error of each replicate's rate and its variance, shape (replicates, groups)."""
        if rate.name not in self._rates:
            hits, trials = rate.counted(cells)
            drawn = (hits + 0.5) / (trials + 1)
            truth_hits, truth_trials = rate.counted(_drawn_from(self._slices)[1].reshape(-1, 2, 2) + 0.25)
            self._rates[rate.name] = (drawn - truth_hits / truth_trials, drawn * (1 - drawn) / (trials + 1))
        return self._rates[rate.name]


def range_of(kind: str, rates: npt.NDArray[np.float64]) -> Array:
    """The widest gap between groups, along the last axis: largest minus smallest, or smallest over largest.

    A ratio where the largest is 0 is 1: nobody differs.
    """
    largest, smallest = rates.max(axis=-1), rates.min(axis=-1)
    if kind == DIFFERENCE:
        return np.asarray(largest - smallest)
    ratio: Array = np.divide(smallest, largest, out=np.ones_like(largest), where=largest > 0)
    return ratio


def luck_p(
    slices: Slices, rates: Sequence[Rate], kind: str, *, replicates: int, random: np.random.Generator
) -> float | None:
    """How often luck alone makes a gap between any two groups as wide as the one seen.

    Group labels are permuted within the rows that each rate counts (for error rates: within one true outcome), which
    on counts is a draw from the multivariate hypergeometric distribution; with weights, binomial draws at the
    common rate and the effective sizes take its place. The gap over several rates is the worst of them.

    Returns:
        (1 + draws at least as wide) / (1 + draws), or None where fewer than ``MIN_REPLICATES`` are asked for.
    """
    if replicates < MIN_REPLICATES or len(slices) < 2:
        return None
    sign = 1.0 if kind == DIFFERENCE else -1.0
    seen, drawn = [], []
    for rate in rates:
        counted = shares(slices, rate)
        if not counted.n.all():
            return None
        seen.append(sign * range_of(kind, counted.value))
        drawn.append(sign * range_of(kind, _permuted(counted, replicates=replicates, random=random)))
    widest = np.max(seen)
    as_wide = int((np.max(drawn, axis=0) >= widest - 1e-12).sum())
    return (1 + as_wide) / (1 + replicates)


def _permuted(counted: Shares, *, replicates: int, random: np.random.Generator) -> Array:
    """Rates of the groups under "all groups are alike", shape (replicates, groups)."""
    if np.array_equal(counted.n, counted.rows):
        sizes = counted.rows.astype(np.int64)
        hits = random.multivariate_hypergeometric(sizes, int(counted.hits.sum()), size=replicates, method="marginals")
        return np.asarray(hits / sizes)
    sizes = np.maximum(np.round(counted.n), 1).astype(np.int64)
    common = float(counted.k.sum() / counted.n.sum())
    return np.asarray(random.binomial(sizes, common, size=(replicates, sizes.size)) / sizes)
