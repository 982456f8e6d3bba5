"""Whether a model's answers have anything to do with the right ones: where not, its inputs may be other ones than it
was made for, columns in another order or pictures on another scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audits.measures.intervals import Z95, wilson
from audits.measures.stress.answers import Floats, Words


@dataclass(frozen=True)
class Association:
    """How far answers go with labels.

    Attributes:
        n: rows with both.
        value: the share of answers that are right, in [0, 1]; of numbers Pearson's correlation, in [-1, 1].
        low: the lower end of its 95 % interval, Wilson's or Fisher's.
        chance: what answers that have nothing to do with the labels come to.
    """

    n: int
    value: float
    low: float
    chance: float

    @property
    def is_seen(self) -> bool:
        """Whether the answers go with the labels, and not by chance alone."""
        return self.low > self.chance


def of_words(said: Words, truth: Words) -> Association | None:
    """Answers and labels as texts, shape (n,); None, in either, for a row without. None where no row has both.

    By chance they agree as often as independent ones with the same margins: the chance agreement of Cohen's kappa.

    Source:
        Cohen 1960, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20.
    """
    known = np.array([one is not None for one in said], bool) & np.array([one is not None for one in truth], bool)
    n = int(known.sum())
    if n == 0:
        return None
    names, codes = np.unique(np.concatenate([said[known], truth[known]]).astype(str), return_inverse=True)
    shares = [np.bincount(part, minlength=len(names)) / n for part in (codes[:n], codes[n:])]
    k = int((codes[:n] == codes[n:]).sum())
    low, _high = wilson(k, n)
    return Association(n, k / n, float(low), float(shares[0] @ shares[1]))


def of_numbers(said: Floats, truth: Floats) -> Association | None:
    """Answers and labels as numbers, shape (n,), nan for a row without. None where fewer than four rows have both.

    By chance their correlation is 0; so it is where either never changes. The interval is that of Fisher's z.

    Source:
        Fisher 1915, "Frequency distribution of the values of the correlation coefficient", Biometrika 10.
    """
    known = np.isfinite(said) & np.isfinite(truth)
    n = int(known.sum())
    if n < 4:
        return None
    x, y = said[known], truth[known]
    if x.std() == 0 or y.std() == 0:
        return Association(n, 0.0, 0.0, 0.0)
    value = float(np.clip(np.corrcoef(x, y)[0, 1], -1, 1))
    z = np.arctanh(np.clip(value, -1 + 1e-12, 1 - 1e-12))
    return Association(n, value, float(np.tanh(z - Z95 / np.sqrt(n - 3))), 0.0)
