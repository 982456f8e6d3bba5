"""Is a version worse than the one that is approved? Two tables of predictions under one plan."""

from __future__ import annotations

from audits.measures.regression.document import NotCompared, regression_of

__all__ = ["NotCompared", "regression_of"]
