"""Generalized entropy indices of a benefit that every person gets: of all people, and between groups."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def generalized_entropy(benefit: Floats, people: Floats, *, alpha: float = 2.0) -> float | None:
    """The generalized entropy index of a benefit.

    Args:
        benefit: shape (kinds,), at least 0: what each kind of person gets.
        people: shape (kinds,), at least 0: how many there are of each.
        alpha: 1 for Theil's T, 0 for the mean log deviation, 2 for half the squared coefficient of variation.

    Returns:
        0 where everybody gets the same, larger the more unequal and never below, as rounding would have it; without
        unit. None where nobody gets anything, or where somebody gets nothing and alpha is 0.

    Source:
        Speicher et al. 2018, KDD: 2239 (arXiv:1807.00787), eq. 2; Cowell 2011, Measuring Inequality.

    >>> generalized_entropy(np.array([0.0, 1.0, 2.0]), np.array([1.0, 2.0, 1.0]))
    0.25
    """
    total = float(people.sum())
    mean = float((people * benefit).sum()) / total if total > 0 else 0.0
    if mean <= 0:
        return None
    relative = benefit / mean
    if alpha in (0, 1):
        if alpha == 0 and bool((people[relative <= 0] > 0).any()):
            return None
        logarithm = np.log(relative, out=np.zeros_like(relative), where=relative > 0)
        index = float((people * (relative if alpha == 1 else -1.0) * logarithm).sum()) / total
    else:
        index = float((people * (relative**alpha - 1)).sum()) / (total * alpha * (alpha - 1))
    return max(0.0, index)


def theil(benefit: Floats, people: Floats) -> float | None:
    """Theil's T: the generalized entropy index with alpha 1."""
    return generalized_entropy(benefit, people, alpha=1.0)


def influence(benefit: Floats, people: Floats, *, alpha: float) -> Floats | None:
    """How much one more person of each kind moves the index, times the number of people; shape (kinds,).

    For alpha 1 and 2. None where nobody gets anything.
    """
    share = people / people.sum()
    mean = float((share * benefit).sum())
    if mean <= 0:
        return None
    away = benefit - mean
    if alpha == 1:
        product = benefit * np.log(benefit, out=np.zeros_like(benefit), where=benefit > 0)
        held = float((share * product).sum())
        return np.asarray((product - held) / mean - held / mean**2 * away - away / mean)
    squares = float((share * benefit**2).sum())
    return np.asarray((benefit**2 - squares) / (2 * mean**2) - squares / mean**3 * away)


def benefits(cells: Floats) -> tuple[Floats, Floats]:
    """What people get from decisions, by AIF360's convention, and how many get it.

    A person gets prediction - label + 1: 2 for an undeserved positive decision, 1 for a right one, 0 for a wanted
    outcome denied.

    Args:
        cells: shape (..., 2, 2), counts or weights of [label, prediction].

    Returns:
        Benefits of shape (4,) and people of shape (..., 4).
    """
    return np.array([1.0, 2.0, 0.0, 1.0]), cells.reshape(*cells.shape[:-2], 4).astype(float)


def between_groups(cells: Floats, *, alpha: float = 2.0) -> float | None:
    """The index that would be left if everybody got the mean of their group.

    Args:
        cells: shape (groups, 2, 2).
    """
    benefit, people = benefits(cells)
    size = people.sum(axis=1)
    kept = size > 0
    if not kept.any():
        return None
    means = (people[kept] * benefit).sum(axis=1) / size[kept]
    return generalized_entropy(means, size[kept], alpha=alpha)
