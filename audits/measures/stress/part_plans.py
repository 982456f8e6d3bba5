"""Parts of a stress plan that only say whether they are asked for, or a limit or two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audits.measures import plan_values as values
from audits.measures.plan_values import PlanRejected

# After so long without an answer to one input a model hangs.
DEFAULT_HUNG_AFTER = 10.0
# Numbers of equal answers may differ by so much, absolutely and relatively: numpy.isclose's, which Giskard's scan uses.
DEFAULT_TOLERANCE = 1e-5
DEFAULT_ROWS = 100
MOST_ROWS = 1_000


@dataclass(frozen=True)
class MalformedPlan:
    """``run`` whether malformed inputs are tried; ``hung_after`` seconds without an answer a model hangs."""

    run: bool = True
    hung_after: float = DEFAULT_HUNG_AFTER

    def __post_init__(self) -> None:
        if not 1 <= self.hung_after <= 120:
            raise PlanRejected("hung_after_out_of_range", "malformed.hung_after must be from 1 to 120 seconds")

    def as_document(self) -> dict[str, Any]:
        return values.document_of(self)


@dataclass(frozen=True)
class DeterminismPlan:
    """``run`` whether the same rows are asked about again in other ways; ``rows`` of them, ``tolerance`` of numbers."""

    run: bool = True
    rows: int = DEFAULT_ROWS
    tolerance: float = DEFAULT_TOLERANCE

    def __post_init__(self) -> None:
        if not 1 <= self.rows <= MOST_ROWS:
            raise PlanRejected("rows_out_of_range", f"determinism.rows must be a whole number from 1 to {MOST_ROWS}")
        if not 0 <= self.tolerance <= 1:
            raise PlanRejected("tolerance_out_of_range", "determinism.tolerance must be from 0 to 1")

    def as_document(self) -> dict[str, Any]:
        return values.document_of(self)


def malformed_plan_from(document: Mapping[str, Any]) -> MalformedPlan:
    """Raises PlanRejected: a key is unknown or of the wrong type, or out of range."""
    return MalformedPlan(**values.fields_of(document, {"run": _flag, "hung_after": values.finite}, part="malformed"))


def determinism_plan_from(document: Mapping[str, Any]) -> DeterminismPlan:
    """Raises PlanRejected: a key is unknown or of the wrong type, or out of range."""
    readers: dict[str, values.Reader] = {"run": _flag, "rows": values.whole, "tolerance": values.finite}
    return DeterminismPlan(**values.fields_of(document, readers, part="determinism"))


def _flag(value: object, key: str) -> bool:
    if not isinstance(value, bool):
        raise values.wrong(key, "true or false")
    return value
