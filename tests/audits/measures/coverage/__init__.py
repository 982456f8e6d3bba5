"""Do intervals hold the truth as often as they say, and do tests raise false alarms no more often?

Few draws at every change, many under LONG=1. Where an exact sum over all outcomes is possible there is no luck at all.
"""

from __future__ import annotations

from scipy import stats

from tests.audits.measures.made import LONG

# How unlikely a count of misses has to be before it is not luck: tests draw the same numbers each time.
_LUCK = 1e-3


def runs(few: int, many: int) -> int:
    """How often something is drawn."""
    return many if LONG else few


def holds(held: int, of: int, level: float = 0.95) -> bool:
    """Whether so many of so many intervals hold the truth, or more, as luck allows for intervals of this level."""
    return bool(stats.binom.cdf(held, of, level) > _LUCK)


def errs(alarms: int, of: int, level: float = 0.05) -> bool:
    """Whether so many false alarms of so many tests are no more than luck allows at this level."""
    return bool(stats.binom.sf(alarms - 1, of, level) > _LUCK)
