"""Drift: how far the rows of today are from those that were looked at, told apart from sampling noise."""

from audits.measures.drift.measuring import Drift, NotMeasurable, drift_categorical, drift_numeric

__all__ = ["Drift", "NotMeasurable", "drift_categorical", "drift_numeric"]
