"""What a drift audit is told: which columns are compared, what they mean, and what counts as drift.

Imports nothing heavy: the web process reads plans too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from audits.measures import plan_values as values
from audits.measures.drift.thresholds import MIN_ROWS, THRESHOLDS
from audits.measures.naming import listed, quoted
from audits.measures.plan_values import PlanRejected

MAX_SENSITIVE = 20
MAX_PERIODS = 60
# Quantities of the outcomes; scikit-learn's and fairlearn's names.
OUTCOMES = (
    "accuracy",
    "selection_rate",
    "true_positive_rate",
    "false_positive_rate",
    "precision",
    "roc_auc_score",
)
GAPS = ("demographic_parity_difference", "true_positive_rate_difference", "false_positive_rate_difference")
GATING = ("accuracy", "selection_rate", "demographic_parity_difference")


@dataclass(frozen=True)
class DriftPlan:
    """What is compared, and what counts as drift.

    ``columns``: these alone; all that both tables have by default. ``numeric`` and ``categorical`` name columns whose
    kind is not to be guessed. ``thresholds`` holds what somebody has set; the others are ``thresholds.THRESHOLDS``.

    ``label``, ``prediction`` and ``score`` (the chance of the positive class) say where outcomes stand; the label may
    be missing from rows of today, whose outcome is not known yet. ``positive`` is the value that means "selected".
    ``sensitive`` are the columns whose gaps are followed, over ``periods`` of today's rows in the order of ``time``.
    ``row_id`` names the same case in both tables. ``gating`` are the quantities that the verdict rests on.
    """

    columns: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)
    min_rows: int = MIN_ROWS
    label: str | None = None
    prediction: str | None = None
    score: str | None = None
    positive: str | None = None
    sensitive: tuple[str, ...] = ()
    time: str | None = None
    periods: int = 10
    row_id: str | None = None
    gating: tuple[str, ...] = GATING

    def __post_init__(self) -> None:
        """Refuse what cannot be carried out.

        Raises:
            PlanRejected: with the key that is wrong and what it may be.
        """
        _require_thresholds(self.thresholds)
        if not 2 <= self.min_rows <= 1_000_000:
            raise _threshold("the smallest number of rows (min_rows) must be from 2 to 1,000,000")
        both = [name for name in self.numeric if name in self.categorical]
        if both:
            raise _threshold(f"column {quoted(both[0])} cannot be both numeric and categorical")
        _require_roles(self)
        if len(self.sensitive) > MAX_SENSITIVE:
            raise PlanRejected("too_many_sensitive", f"name at most {MAX_SENSITIVE} sensitive columns (sensitive)")
        if not 2 <= self.periods <= MAX_PERIODS:
            raise PlanRejected("plan_value_wrong", f"periods must be a whole number from 2 to {MAX_PERIODS}")
        if unknown := [name for name in self.gating if name not in (*OUTCOMES, *GAPS)]:
            raise PlanRejected(
                "plan_value_wrong", f"gating has no quantity {listed(unknown)}; known: {listed((*OUTCOMES, *GAPS))}"
            )
        if self.gating != GATING:
            _require_measurable(self)

    @property
    def roles(self) -> list[str]:
        """Every column that has a part of its own, each once."""
        alone = (self.label, self.prediction, self.score, self.time, self.row_id)
        return [name for name in (*alone, *self.sensitive) if name]

    def as_document(self) -> dict[str, Any]:
        """The plan as JSON-ready data; ``drift_plan_from`` reads it back."""
        return values.document_of(self)


def drift_plan_from(document: Mapping[str, Any]) -> DriftPlan:
    """Read the ``drift`` part of an audit plan.

    Raises:
        PlanRejected: a key is unknown or of the wrong type, or the plan cannot be carried out.
    """
    return DriftPlan(**values.fields_of(document, _READERS, part="drift"))


def _threshold(message: str) -> PlanRejected:
    return PlanRejected("threshold_rejected", message)


def _require_thresholds(thresholds: Mapping[str, float]) -> None:
    if unknown := [name for name in thresholds if name not in THRESHOLDS]:
        raise _threshold(f"no effect is called {listed(unknown)}; known: {', '.join(THRESHOLDS)}")
    for name, threshold in thresholds.items():
        if not 0 < threshold < 100:
            raise _threshold(f"the threshold of {name} must be a positive number, such as 0.1")


def _require_roles(plan: DriftPlan) -> None:
    values.require_apart(
        (plan.label, plan.prediction, plan.score, plan.time, plan.row_id, *plan.sensitive),
        "label, prediction, score, time, row_id and sensitive must differ",
    )
    if plan.prediction is None:
        for key, given in (("label", plan.label), ("positive", plan.positive), ("sensitive", plan.sensitive)):
            if given:
                raise PlanRejected("prediction_missing", f"{key} goes with decisions; name their column (prediction)")
    if plan.label is None:
        for key, given in (("score", plan.score), ("row_id", plan.row_id)):
            if given:
                raise PlanRejected("label_missing", f"{key} goes with known outcomes; name their column (label)")
    if plan.time and not plan.sensitive:
        raise PlanRejected(
            "sensitive_missing", "time orders the gaps between groups; name the columns of groups (sensitive)"
        )


def _require_measurable(plan: DriftPlan) -> None:
    """What somebody has the verdict rest on can be measured by the columns that are named."""
    lacking = (
        ("prediction", plan.prediction, (*OUTCOMES, *GAPS)),
        ("label", plan.label, [name for name in (*OUTCOMES, *GAPS) if name not in ("selection_rate", GAPS[0])]),
        ("score", plan.score, ["roc_auc_score"]),
        ("sensitive", plan.sensitive, GAPS),
    )
    for key, given, needing in lacking:
        if not given and (asked := [name for name in plan.gating if name in needing]):
            raise PlanRejected(
                f"{key}_missing", f"the verdict cannot rest on {listed(asked)} (gating) without a column of {key}"
            )


def _thresholds(value: object, key: str) -> dict[str, float]:
    return values.by_name(value, key, values.finite, "effects to limits")


_READERS: dict[str, values.Reader] = {
    "columns": values.columns,
    "numeric": values.columns,
    "categorical": values.columns,
    "thresholds": _thresholds,
    "min_rows": values.whole,
    "label": values.column,
    "prediction": values.column,
    "score": values.column,
    "positive": values.cell,
    "sensitive": values.columns,
    "time": values.column,
    "periods": values.whole,
    "row_id": values.column,
    "gating": values.columns,
}
