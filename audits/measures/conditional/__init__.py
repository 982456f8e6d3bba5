"""Gaps among people who are alike in what may count: conditional disparity (A6)."""

from __future__ import annotations

from audits.measures.conditional.document import conditional_of

__all__ = ["conditional_of"]
