"""Tables of decisions for tests: outcomes, predictions, scores, groups and times, made so that scores come true."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from audits.measures.drift.plan import DriftPlan
from audits.measures.drift.tables import audit_drift
from audits.measures.tables.loading import Loaded, load_table

Array = npt.NDArray[Any]
ROLES: dict[str, Any] = {"label": "label", "prediction": "prediction", "score": "score"}


@dataclass(frozen=True)
class Rows:
    """Columns of one table, shape (rows,) each; a label of -1 is not known yet."""

    label: Array
    prediction: Array
    score: Array
    group: Array
    time: Array

    def table(self, *, order: Array | None = None) -> Loaded:
        return load_table(io.BytesIO(self.file(order=order)))

    def file(self, *, order: Array | None = None) -> bytes:
        """As people bring it."""
        order = np.arange(len(self.label)) if order is None else order
        lines = [
            f"{'' if self.label[at] == -1 else self.label[at]},{self.prediction[at]},{self.score[at]!r},"
            f"{self.group[at]},{self.time[at]}"
            for at in order
        ]
        return "\n".join(["label,prediction,score,group,time", *lines, ""]).encode()


def rows(seed: int, count: int, *, spread: float = 2.0, by_group: float = 0.0) -> Rows:
    """Scores that come true; predictions select from 0.5 on, with ``by_group`` taken off the log-odds of group b."""
    random = np.random.default_rng(seed)
    group = random.choice(["a", "b"], count)
    odds = random.normal(0, spread, count)
    score = 1 / (1 + np.exp(-odds))
    label = (random.random(count) < score).astype(int)
    prediction = (odds - by_group * (group == "b") > 0).astype(int)
    # a float of Python, whose text is the shortest that reads back
    return Rows(
        label, prediction, np.array([float(one) for one in np.round(score, 6)], object), group, np.arange(count)
    )


def widening(seed: int, count: int, *, since: float, by_group: float) -> Rows:
    """Rows whose group b is passed over from a part of the time on."""
    fair, unfair = rows(seed, count), rows(seed, count, by_group=by_group)
    return replace(fair, prediction=np.where(fair.time < since * count, fair.prediction, unfair.prediction))


def without_labels(made: Rows, which: Array | None = None) -> Rows:
    hidden = np.ones(len(made.label), dtype=bool) if which is None else which
    return replace(made, label=np.where(hidden, -1, made.label))


def compared(reference: Rows, current: Rows, **plan: Any) -> dict[str, Any]:
    """Of the columns only the group is compared where no other is asked for: it costs least."""
    asked = {"columns": ("group",), **ROLES, **plan}
    return audit_drift(reference.table(), current.table(), DriftPlan(**asked))


def quantity(rows: list[dict[str, Any]], metric: str) -> dict[str, Any]:
    (one,) = [row for row in rows if row["metric"] == metric]
    return one
