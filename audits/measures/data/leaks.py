"""What one split shares with another, whatever it is that they share."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from audits.measures.data.columns import Column
from audits.measures.data.findings import Findings
from audits.measures.figures import figure
from audits.measures.intervals import wilson

Codes = npt.NDArray[np.int64]


def leak_rows(
    code: str, found: Codes, of: Codes, split: Column, findings: Findings, **more: Any
) -> list[dict[str, Any]]:
    """Rows of each split that another has too; one finding per pair of splits, about the smaller of the two.

    Args:
        found: rows of each split (down) that some split (across) has too, in the order of ``split.values``.
        of: rows of each split that were looked at.
        more: what the finding says besides.
    """
    leaks = []
    sizes = split.counts
    for one, other in zip(*np.nonzero(found), strict=True):
        low, high = wilson(found[one, other], of[one])
        leak: dict[str, Any] = {
            "split": split.values[one],
            "other": split.values[other],
            "rows": int(found[one, other]),
            "of": int(of[one]),
            "low": figure(float(low)),
            "high": figure(float(high)),
        }
        leaks.append(leak)
        if (sizes[one], split.values[one]) < (sizes[other], split.values[other]):
            findings.add(code, f"{leak['split']} in {leak['other']}", **leak, **more)
    return sorted(leaks, key=lambda leak: (leak["split"], leak["other"]))
