"""Boosted trees on columns of few values: what tells two classes apart however the columns go together."""

from __future__ import annotations

from audits.measures.trees.boosting import Columns, boosted
from audits.measures.trees.coding import as_columns
from audits.measures.trees.folds import cross_fitted

__all__ = ["Columns", "as_columns", "boosted", "cross_fitted"]
