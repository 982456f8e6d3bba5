"""A quantity of decisions in the document of a drift audit: its row, and the question that is open about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from audits.measures.drift.judging import Judged
from audits.measures.drift.plan import DriftPlan
from audits.measures.drift.reasons import CODES
from audits.measures.figures import figure

Reasons = list[dict[str, Any]]

# Whether the verdict rests on it, or it is told beside.
GATING, INFORMATIVE = "gating", "informative"


@dataclass
class Quantity:
    """One row of the document, and the question that is open about it.

    Attributes:
        judged: the question; None where ``row`` says why there is none.
        fails_as: the code of the reason that it fails by, with ``more`` among its parameters.
    """

    row: dict[str, Any]
    judged: Judged | None = None
    fails_as: str = ""
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def gates(self) -> bool:
        """Whether the verdict of the run rests on it."""
        return bool(self.row["role"] == GATING)

    def finish(self, reasons: Reasons, plan: DriftPlan) -> str:
        """Write the verdict into the row, and say why where the run's rests on it."""
        one = self.judged
        if one is None:
            self.row["verdict"] = "insufficient_data"
            if self.gates and "attribute" not in self.row:
                reasons.append(not_measured(self.row["metric"], self.row["why"]))
            return "insufficient_data"
        self.row |= {
            "p": figure(one.p),
            "q": figure(one.q),
            "effect_name": one.effect_name,
            "effect": figure(one.effect),
            "null_floor": None if one.floor is None else figure(one.floor),
            "threshold": figure(one.threshold),
            "threshold_source": one.threshold_source,
            "verdict": one.verdict,
        }
        code = {"fail": self.fails_as, "warn": "drift.quantity_inconclusive"}.get(
            one.verdict, "drift.quantity_too_few_rows" if one.verdict == "insufficient_data" else ""
        )
        if self.gates and code:
            params = _params(one, self.row["metric"]) | (self.more if one.verdict == "fail" else {})
            if one.verdict == "insufficient_data":
                params["min_rows"] = plan.min_rows
            reasons.append(reason(code, one.column, **params))
        return one.verdict


def _params(one: Judged, metric: str) -> dict[str, Any]:
    return {
        "metric": metric,
        "effect": figure(one.effect),
        "threshold": figure(one.threshold),
        "floor": None if one.floor is None else figure(one.floor),
        "q": figure(one.q),
        "n_reference": one.n_reference,
        "n_current": one.n_current,
    }


def not_measured(metric: str, why: str) -> dict[str, Any]:
    """The reason that says of a quantity that the verdict rests on that it was not measured."""
    return reason("drift.quantity_not_measured", metric, metric=metric, why=why)


def reason(code: str, locus: str, **params: Any) -> dict[str, Any]:
    """A reason of the audit, JSON-ready; see ``reasons.CODES``."""
    return {"code": code, "severity": CODES[code][0], "locus": locus, "params": params}
