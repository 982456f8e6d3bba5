"""What a change of its input does to a model's answers: how often it was right before and after, how often it turns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from audits.measures.clustered import mcnemar_exact, paired_interval
from audits.measures.figures import figure
from audits.measures.intervals import wilson

Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
WILSON = "Wilson"
PAIRED = "Newcombe, paired"


@dataclass(frozen=True)
class Baseline:
    """What the model said of the inputs as they are, and what would have been right.

    Attributes:
        said: codes of its answers, -1 where it gave none. Shape (n,).
        label: codes of the right ones, -1 where nobody knows; None where there are no labels. Shape (n,).
    """

    said: Codes
    label: Codes | None

    @property
    def right(self) -> Mask:
        """Which inputs it was right about; without labels every answer to the input as it is counts as right."""
        if self.label is None:
            return self.answered
        return np.asarray(self.answered & (self.said == self.label), dtype=bool)

    @property
    def answered(self) -> Mask:
        """Which inputs it gave an answer to."""
        return np.asarray(self.said >= 0, dtype=bool)


def turned(before: Baseline, after: Codes) -> Mask:
    """Inputs that it was right about and is no longer, shape (n,)."""
    found: Mask = before.right & (after != before.said)
    return found


def share_of(hits: Mask) -> dict[str, Any]:
    """A share with Wilson's interval, JSON-ready; null where it is over nobody."""
    n, k = int(hits.size), int(hits.sum())
    low, high = wilson(k, n)
    return {
        "n": n,
        "k": k,
        "value": figure(k / n) if n else None,
        "ci_low": figure(float(low)),
        "ci_high": figure(float(high)),
        "method": WILSON,
    }


def compared(before: Baseline, after: Codes, changed: Mask) -> dict[str, Any]:
    """All figures of one change, over the inputs that it changes.

    Args:
        after: codes of the answers to the changed inputs, shape (n,).
        changed: which inputs the change leaves not as they were, shape (n,).

    Returns:
        ``flips``: of the inputs that the model was right about, those where the answer is another. ``flips_all``: the
        same of all inputs. With labels also ``accuracy`` and ``clean_accuracy`` of the same inputs, and ``drop``, the
        second less the first, with the paired interval and the exact p of McNemar's test; None without.
    """
    right, other = before.right[changed], (after != before.said)[changed]
    known = None if before.label is None else (before.label >= 0)[changed]
    made: dict[str, Any] = {
        "changed": int(changed.sum()),
        "flips": share_of(other[right]),
        "flips_all": share_of(other),
        "accuracy": None,
        "clean_accuracy": None,
        "drop": None,
    }
    if before.label is None or known is None:
        return made
    now = (after == before.label)[changed][known]
    once = right[known]
    made["accuracy"], made["clean_accuracy"] = share_of(now), share_of(once)
    broken, mended, n = int((once & ~now).sum()), int((~once & now).sum()), int(now.size)
    if n:
        low, high = paired_interval(broken / n, mended / n, n)
        made["drop"] = {
            "n": n,
            "value": figure((broken - mended) / n),
            "ci_low": figure(max(low, -1.0)),
            "ci_high": figure(min(high, 1.0)),
            "broken": broken,
            "mended": mended,
            "p": figure(mcnemar_exact(broken, mended)),
            "method": PAIRED,
        }
    return made
