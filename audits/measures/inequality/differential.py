"""Differential fairness: by what factor the chance of a decision differs between any two groups, and which two."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Half a person a decision: Jeffreys' prior, so that a group without a positive decision has a chance above 0.
SMOOTHING = 0.5


@dataclass(frozen=True)
class Widest:
    """``epsilon`` is ln of the largest ratio of chances; ``high`` and ``low`` are the groups' positions."""

    epsilon: float
    high: int
    low: int
    positive: bool


def differential_fairness(selected: Floats, sizes: Floats, *, smoothing: float = SMOOTHING) -> Widest | None:
    """The smallest epsilon for which no decision is more than exp(epsilon) times as likely in one group as in another.

    Args:
        selected: shape (groups,), positive decisions.
        sizes: shape (groups,), people, above 0.
        smoothing: people added to each of the two decisions of every group.

    Returns:
        epsilon >= 0 with the pair of groups and the decision that attain it; None for fewer than two groups.

    Source:
        Foulds, Islam, Keya and Pan 2020, ICDE: 1918 (arXiv:1807.08362), smoothed as in their eq. 7.
    """
    if len(sizes) < 2:
        return None
    chance = (selected + smoothing) / (sizes + 2 * smoothing)
    found = []
    for positive, one in ((True, chance), (False, 1 - chance)):
        high, low = int(np.argmax(one)), int(np.argmin(one))
        found.append(Widest(math.log(float(one[high]) / float(one[low])), high, low, positive))
    return max(found, key=lambda one: one.epsilon)
