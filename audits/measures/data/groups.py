"""Who is in the table, who is missing from it, and whose cells are empty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from audits.measures.data.columns import Column
from audits.measures.data.thresholds import MIN_ROWS
from audits.measures.drift.contingency import LEAST_EXPECTED, exact_binomial, goodness_of_fit, homogeneity
from audits.measures.figures import figure
from audits.measures.intervals import wilson

Codes = npt.NDArray[np.int64]

# Groups with fewer rows are counted and not shown: figures would be about people one can guess.
SHOWN_FROM = 10


@dataclass
class Gap:
    """The widest difference between groups in how often a column is empty; p of a test over all groups shown."""

    column: str
    attribute: str
    worst: dict[str, Any]
    best: dict[str, Any]
    p: float
    q: float = 1.0

    @property
    def size(self) -> float:
        """Difference of the two shares."""
        return float(self.worst["share"] - self.best["share"])


def shares_of_groups(attribute: Column) -> list[dict[str, Any]]:
    """Rows of each group and their share of the known ones, with Wilson's interval; small groups without figures."""
    counts = attribute.counts
    low, high = wilson(counts, np.full(counts.size, counts.sum()))
    rows = [
        {
            "group": value,
            "n": int(count) if count >= SHOWN_FROM else None,
            "share": figure(count / counts.sum()) if count >= SHOWN_FROM else None,
            "low": figure(at_least) if count >= SHOWN_FROM else None,
            "high": figure(at_most) if count >= SHOWN_FROM else None,
        }
        for value, count, at_least, at_most in zip(attribute.values, counts, low, high, strict=True)
    ]
    return sorted(rows, key=lambda row: (-(row["n"] or 0), row["group"]))


def missing_by_group(column: Column, attribute: Column) -> tuple[list[dict[str, Any]], Gap | None]:
    """How often a column is empty in each group of an attribute, with Wilson's interval, and the widest gap.

    Groups of ``SHOWN_FROM`` rows are shown, those of ``MIN_ROWS`` compared; no gap where fewer than two are compared.
    """
    known = attribute.codes >= 0
    rows = np.bincount(attribute.codes[known], minlength=len(attribute.values))
    empty = np.bincount(attribute.codes[known & (column.codes < 0)], minlength=len(attribute.values))
    low, high = wilson(empty, rows)
    shown: list[dict[str, Any]] = [
        {
            "group": attribute.values[group],
            "n": int(rows[group]),
            "k": int(empty[group]),
            "share": figure(empty[group] / rows[group]),
            "low": figure(low[group]),
            "high": figure(high[group]),
        }
        for group in np.flatnonzero(rows >= SHOWN_FROM)
    ]
    shown.sort(key=lambda row: (-float(row["share"] or 0), str(row["group"])))
    compared = [row for row in shown if row["n"] >= MIN_ROWS]
    if len(compared) < 2:
        return shown, None
    return shown, Gap(column.name, attribute.name, compared[0], compared[-1], _test(rows, empty))


def _test(rows: Codes, empty: Codes) -> float:
    large = rows >= MIN_ROWS
    if not empty[large].any() or (empty[large] == rows[large]).all():
        return 1.0
    tested, _, _ = homogeneity(empty[large], (rows - empty)[large])
    return tested.p


def against_population(attribute: Column, population: dict[str, float]) -> tuple[list[dict[str, Any]], float]:
    """Shares of groups beside those of a population that is known without error, and the p of a goodness-of-fit test.

    Rows of groups that the population does not name are left out. Groups of which fewer than ``LEAST_EXPECTED`` rows
    are to be expected are tested together; where two cells are left and one is still so rare, the test is exact.
    """
    counted = dict(zip(attribute.values, attribute.counts.tolist(), strict=True))
    names = sorted(population)
    counts = np.array([counted.get(name, 0) for name in names], dtype=np.int64)
    total = int(counts.sum())
    if not total:
        return [], 1.0
    low, high = wilson(counts, np.full(counts.size, total))
    shares = np.array([population[name] for name in names])
    p = _fit(counts, shares / shares.sum())
    rows = [
        {
            "group": name,
            "n": int(count),
            "share": figure(count / total),
            "low": figure(at_least),
            "high": figure(at_most),
            "population_share": figure(population[name]),
        }
        for name, count, at_least, at_most in zip(names, counts, low, high, strict=True)
    ]
    return rows, p


def _fit(counts: Codes, shares: npt.NDArray[np.float64]) -> float:
    total = int(counts.sum())
    rare = shares * total < LEAST_EXPECTED
    if rare.sum() > 1 and not rare.all():
        counts = np.append(counts[~rare], counts[rare].sum())
        shares = np.append(shares[~rare], shares[rare].sum())
    if counts.size == 2 and (shares * total).min() < LEAST_EXPECTED:
        return exact_binomial(int(counts[0]), total, float(shares[0]))
    return goodness_of_fit(counts, shares)[0].p
