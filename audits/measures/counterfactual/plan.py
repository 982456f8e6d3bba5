"""The ``counterfactual`` part of an audit plan: which columns hold the texts and answers, and what is too much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audits.measures import plan_values as values
from audits.measures.plan_values import PlanRejected

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
        values.require_apart(getattr(self, name) for name in _COLUMNS)
        values.require_shares([self.warn_at, self.fail_at], "warn_at and fail_at")
        if self.cut is not None and (self.score is None or self.prediction is not None):
            raise PlanRejected("cut_without_score", "cut makes decisions of a score; name the score and no prediction")
        values.require_count(self.min_pairs, "min_pairs")
        values.require_replicates(self.bootstrap, "closed intervals")

    def as_document(self) -> dict[str, Any]:
        """The plan as JSON-ready data; ``counterfactual_plan_from`` reads it back."""
        return values.document_of(self)


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
    "cut": values.finite,
    "positive": values.cell,
    "warn_at": values.number,
    "fail_at": values.number,
    "min_pairs": values.whole,
    "bootstrap": values.whole,
}
