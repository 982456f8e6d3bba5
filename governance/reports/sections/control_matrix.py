"""Section 7: which part of the report speaks to which control of a framework."""

from __future__ import annotations

from typing import Any


def value() -> dict[str, Any]:
    """The matrix. Without data files of frameworks it says that there is none."""
    return {"state": "none", "frameworks": []}
