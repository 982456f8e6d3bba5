"""The ``counterfactual`` part of an audit plan: which columns hold the texts and answers, and what is too much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from audits.measures import plan_values as values
from audits.measures.naming import quoted
from audits.measures.plan import PlanRejected

# Giskard's scan calls more than 5 % of changed answers medium and 10 % or more major: a choice, neither law nor norm.
DEFAULT_WARN_AT = 0.05
DEFAULT_FAIL_AT = 0.10
DEFAULT_MIN_PAIRS = 30
DEFAULT_BOOTSTRAP = 2_000


@dataclass(frozen=True)
class CounterfactualPlan:
    """What a counterfactual audit reads and judges.

    One of ``prediction`` and ``score`` at least. ``template``, ``swap`` and ``text`` are read where the table has
    them. ``cut`` makes decisions of scores: yes from it on. ``positive`` is the answer that is good or bad for
    people, for the direction of changes. ``warn_at`` and ``fail_at`` are shares of pairs whose answer changes, beyond
    those that the control changes.
    """

    prediction: str | None = None
    score: str | None = None
    cut: float | None = None
    positive: str | None = None
    text_id: str = "text_id"
    identity: str = "identity"
    role: str = "role"
    template: str = "template"
    swap: str = "swap"
    text: str = "text"
    warn_at: float = DEFAULT_WARN_AT
    fail_at: float = DEFAULT_FAIL_AT
    min_pairs: int = DEFAULT_MIN_PAIRS
    bootstrap: int = DEFAULT_BOOTSTRAP

    def __post_init__(self) -> None:
        """Refuse what cannot be carried out.

        Raises:
            PlanRejected: with the key that is wrong and what it may be.
        """
        columns = [value for name, value in self.as_document().items() if name in _COLUMNS and value is not None]
        if twice := [name for name in columns if columns.count(name) > 1]:
            raise PlanRejected("column_named_twice", f"column {quoted(twice[0])} is named twice; each has its own part")
        if not 0 < self.warn_at <= self.fail_at < 1:
            raise PlanRejected("threshold_out_of_range", "warn_at and fail_at must lie between 0 and 1, in this order")
        if self.cut is not None and (self.score is None or self.prediction is not None):
            raise PlanRejected("cut_without_score", "cut makes decisions of a score; name the score and no prediction")
        if not 1 <= self.min_pairs <= 1_000_000:
            raise PlanRejected("min_pairs_out_of_range", "min_pairs must be a whole number from 1 to 1000000")
        if self.bootstrap != 0 and not 100 <= self.bootstrap <= 100_000:
            raise PlanRejected("bootstrap_out_of_range", "bootstrap must be 0 (closed intervals) or from 100 to 100000")

    def as_document(self) -> dict[str, Any]:
        """The plan as JSON-ready data; ``counterfactual_plan_from`` reads it back."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


def counterfactual_plan_from(document: Mapping[str, Any]) -> CounterfactualPlan:
    """Read the ``counterfactual`` part of an audit plan; every key may be left out (``prediction`` is then read).

    Raises:
        PlanRejected: a key is unknown or of the wrong type, or the plan cannot be carried out.
    """
    given = values.fields_of(document, _READERS, part="counterfactual")
    if "prediction" not in given and "score" not in given:
        given["prediction"] = "prediction"
    return CounterfactualPlan(**given)


_COLUMNS = ("prediction", "score", "text_id", "identity", "role", "template", "swap", "text")
_READERS: dict[str, values.Reader] = {
    **dict.fromkeys(_COLUMNS, values.column),
    "cut": values.number,
    "positive": values.cell,
    "warn_at": values.number,
    "fail_at": values.number,
    "min_pairs": values.whole,
    "bootstrap": values.whole,
}
