"""Measures over strata of 2 x 2 tables: a group and its comparator, selected or not."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audits.measures.intervals import Z95

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """A value with its 95 % interval and test; nan where it could not be measured. ``strata`` took part in it."""

    value: float
    low: float
    high: float
    p: float = math.nan
    strata: int = 0


NOT_MEASURED = Measured(math.nan, math.nan, math.nan)


def mantel_haenszel(tables: Floats) -> Measured:
    """The odds ratio that all strata have in common, and the test that it is 1.

    Args:
        tables: shape (strata, 2, 2), ``[[selected, not], [selected, not]]`` of group and comparator, counts from 0.

    Returns:
        Mantel and Haenszel's estimate with the interval of Robins, Breslow and Greenland; p of the test of Cochran,
        Mantel and Haenszel without continuity correction. nan where no stratum has both groups and both outcomes.

    Source:
        Mantel and Haenszel 1959, J Natl Cancer Inst 22:719; Robins, Breslow, Greenland 1986, Biometrics 42:311.

    >>> found = mantel_haenszel(np.array([[[10.0, 20.0], [5.0, 25.0]], [[8.0, 4.0], [6.0, 9.0]]]))
    >>> round(found.value, 6)
    2.67033
    """
    used = _informative(tables)
    a, b, c, d = (used[:, row, column] for row in (0, 1) for column in (0, 1))
    n = a + b + c + d
    agree, differ = a * d / n, b * c / n
    top, bottom = float(agree.sum()), float(differ.sum())
    if not len(used) or top <= 0 or bottom <= 0:
        return NOT_MEASURED
    value = top / bottom
    p, q = (a + d) / n, (b + c) / n
    variance = (
        (p * agree).sum() / (2 * top**2)
        + (p * differ + q * agree).sum() / (2 * top * bottom)
        + (q * differ).sum() / (2 * bottom**2)
    )
    half = Z95 * math.sqrt(float(variance))
    return Measured(value, value * math.exp(-half), value * math.exp(half), _cmh_p(used), len(used))


def pulls_on_common_odds(tables: Floats) -> Floats:
    """How much one more row in each cell moves the logarithm of ``mantel_haenszel``'s ratio; shape of ``tables``.

    For variances by cluster, whose rows' pulls are summed first. 0 in strata where nothing is compared.
    """
    n = tables.sum(axis=(1, 2))
    known = (tables.sum(axis=2) > 0).all(axis=1) & (tables.sum(axis=1) > 0).all(axis=1)
    of = np.where(known, n, 1.0)
    a, b, c, d = (np.where(known, tables[:, row, column], 0.0) / of for row in (0, 1) for column in (0, 1))
    agree, differ = a * d, b * c
    top, bottom = float((agree * of).sum()), float((differ * of).sum())
    if top <= 0 or bottom <= 0:
        return np.zeros_like(tables)
    both = agree / top - differ / bottom
    moved = [[d / top, -c / bottom], [-b / bottom, a / top]]
    return np.asarray(np.stack([np.stack([one - both for one in row], axis=1) for row in moved], axis=1))


def pulls_on_odds(table: Floats) -> Floats:
    """How much one more row in each cell moves the logarithm of one table's odds ratio, shape (2, 2)."""
    cells = table + 0.5 if (table == 0).any() else table
    return np.asarray(np.array([[1.0, -1.0], [-1.0, 1.0]]) / cells)


def pulls_on_disparity(tables: Floats) -> Floats:
    """How much one more row in each cell moves ``conditional_demographic_disparity``, given the sizes of strata."""
    outcomes = tables.sum(axis=1)
    both = (outcomes > 0).all(axis=1)
    of = np.where(both[:, None], outcomes, 1.0)
    share = tables[:, 0] / of
    weight = np.where(both, outcomes.sum(axis=1), 0.0)
    weight = weight / max(float(weight.sum()), 1e-300)
    # above 0 for the rejected, below for the selected
    step = weight[:, None] / of * np.array([-1.0, 1.0])
    return np.asarray(np.stack([step * (1 - share), -step * share], axis=1))


def with_error(found: Measured, error: float, *, logarithm: bool) -> Measured:
    """The same value with a larger standard error, of its logarithm where it is a ratio; p is Wald's.

    Without an error that could be told there is neither interval nor p.
    """
    if not math.isfinite(found.value):
        return found
    if not math.isfinite(error):
        return Measured(found.value, math.nan, math.nan, math.nan, found.strata)
    value = math.log(found.value) if logarithm else found.value
    upper = math.log(found.high) if logarithm else found.high
    error = max(error, (upper - value) / Z95)
    p = math.erfc(abs(value) / error / math.sqrt(2)) if error > 0 else 1.0
    low, high = value - Z95 * error, value + Z95 * error
    if logarithm:
        return Measured(found.value, math.exp(low), math.exp(high), p, found.strata)
    return Measured(found.value, max(low, -1.0), min(high, 1.0), p, found.strata)


def _informative(tables: Floats) -> Floats:
    """Strata with both groups and both outcomes; in the others nothing is compared."""
    rows, columns = tables.sum(axis=2), tables.sum(axis=1)
    used: Floats = tables[(rows > 0).all(axis=1) & (columns > 0).all(axis=1)]
    return used


def cmh_statistic(tables: Floats, *, correction: bool = False) -> float:
    """Cochran, Mantel and Haenszel's chi-square of one degree of freedom."""
    used = _informative(tables)
    n = used.sum(axis=(1, 2))
    rows, columns = used.sum(axis=2), used.sum(axis=1)
    expected = rows[:, 0] * columns[:, 0] / n
    # a stratum of one row has no variance to divide by
    variance = rows.prod(axis=1) * columns.prod(axis=1) / (n**2 * np.maximum(n - 1, 1e-300))
    away = abs(float((used[:, 0, 0] - expected).sum()))
    if correction:
        away = max(away - 0.5, 0.0)
    spread = float(variance.sum())
    return away**2 / spread if spread > 0 else math.nan


def _cmh_p(tables: Floats) -> float:
    statistic = cmh_statistic(tables)
    # the upper tail of chi-square with one degree of freedom
    return math.erfc(math.sqrt(statistic / 2)) if math.isfinite(statistic) else math.nan


def breslow_day(tables: Floats, common: float) -> tuple[float, int, float]:
    """Whether the odds ratio is the same in all strata: statistic, degrees of freedom, p.

    Args:
        tables: as for ``mantel_haenszel``.
        common: the odds ratio that they are held against, Mantel and Haenszel's.

    Source:
        Breslow and Day 1980, Statistical Methods in Cancer Research I, 4.4, with the correction of Tarone 1985,
        Biometrika 72:91.
    """
    from scipy.special import chdtrc

    used = _informative(tables)
    if len(used) < 2 or not math.isfinite(common):
        return math.nan, 0, math.nan
    ours, chosen, n = used[:, 0].sum(axis=1), used[:, :, 0].sum(axis=1), used.sum(axis=(1, 2))
    # the count that gives the common ratio with these margins solves a quadratic
    two, one, zero = 1 - common, n - ours - chosen + common * (ours + chosen), -common * ours * chosen
    if abs(two) < 1e-12:
        expected = -zero / one
    else:
        root = np.sqrt(np.maximum(one**2 - 4 * two * zero, 0.0))
        expected = (-one + root) / (2 * two)
    parts = (expected, ours - expected, chosen - expected, n - ours - chosen + expected)
    with np.errstate(divide="ignore"):
        variance = 1 / sum(1 / np.maximum(part, 1e-300) for part in parts)
    away = used[:, 0, 0] - expected
    statistic = float((away**2 / variance).sum() - away.sum() ** 2 / variance.sum())
    freedom = len(used) - 1
    return statistic, freedom, float(chdtrc(freedom, max(statistic, 0.0)))


def odds_ratio(table: Floats) -> Measured:
    """The odds ratio of one table with Woolf's interval; half a row is added to each cell where one is empty.

    Source:
        Woolf 1955, Ann Hum Genet 19:251.
    """
    if (table.sum(axis=0) == 0).any() or (table.sum(axis=1) == 0).any():
        return NOT_MEASURED
    cells = table + 0.5 if (table == 0).any() else table
    log = math.log(cells[0, 0] * cells[1, 1] / (cells[0, 1] * cells[1, 0]))
    half = Z95 * math.sqrt(float((1 / cells).sum()))
    return Measured(math.exp(log), math.exp(log - half), math.exp(log + half), strata=1)


def conditional_demographic_disparity(tables: Floats) -> Measured:
    """How much larger a group's share is among the rejected than among the selected, within strata.

    Args:
        tables: shape (strata, 2, 2), ``[[selected, not], [selected, not]]`` of the group and of everybody else.

    Returns:
        The mean over strata, weighted by their rows, in [-1, 1]; above 0 the group is rejected more often than its
        equals. The interval is Wald's from the shares' variances, half a row added to each count; strata in which
        all or none are selected have no disparity and take no part.

    Source:
        Wachter, Mittelstadt, Russell 2021, Computer Law & Security Review 41:105567 (section 5).
    """
    chosen, rejected = tables[:, :, 0], tables[:, :, 1]
    both = (chosen.sum(axis=1) > 0) & (rejected.sum(axis=1) > 0)
    chosen, rejected = chosen[both], rejected[both]
    if not len(chosen):
        return NOT_MEASURED
    accepted, refused = chosen.sum(axis=1), rejected.sum(axis=1)
    disparity = rejected[:, 0] / refused - chosen[:, 0] / accepted
    weight = (accepted + refused) / (accepted + refused).sum()
    variance = sum(
        share * (1 - share) / of
        for share, of in (
            ((rejected[:, 0] + 0.5) / (refused + 1), refused),
            ((chosen[:, 0] + 0.5) / (accepted + 1), accepted),
        )
    )
    value = float((weight * disparity).sum())
    half = Z95 * math.sqrt(float((weight**2 * variance).sum()))
    return Measured(value, max(value - half, -1.0), min(value + half, 1.0), strata=len(chosen))
