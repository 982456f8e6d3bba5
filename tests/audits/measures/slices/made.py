"""Rows for tests of slices, proxies and conditional gaps: made by chance, without a table."""

from __future__ import annotations

import dataclasses

import numpy as np

from audits.measures.kept_rows import JudgedRows
from audits.measures.plan import BiasPlan
from audits.measures.tables.chunks import Column


def rows_of(
    n: int, *, seed: int = 0, features: int = 4, planted: float = 0.0, scored: bool = False, weighted: bool = False
) -> JudgedRows:
    """Rows whose errors are luck, but for a share ``planted`` more of them where x0 is "c" and x1 is above 0.7."""
    random = np.random.default_rng([seed, n])
    made: dict[str, Column | np.ndarray] = {
        f"x{one}": random.normal(size=n) if one % 2 else Column(tuple("abcde"), random.integers(0, 5, n))
        for one in range(features)
    }
    label = random.random(n) < 0.4
    wrong = random.random(n) < 0.2
    letters, numbers = made["x0"], made["x1"]
    assert isinstance(letters, Column)
    assert isinstance(numbers, np.ndarray)
    wrong |= (letters.codes == 2) & (numbers > 0.7) & (random.random(n) < planted)
    prediction = label ^ wrong
    score = np.clip(np.where(prediction, 0.7, 0.3) + random.normal(size=n) * 0.1, 0, 1)
    return JudgedRows(
        label=label,
        prediction=prediction,
        groups={"sex": Column(("f", "m"), random.integers(0, 2, n))},
        score=score if scored else None,
        weights=random.uniform(0.5, 2.0, n) if weighted else None,
        features=made,
    )


def plan_for(rows: JudgedRows, **changes: object) -> BiasPlan:
    given: dict[str, object] = {
        "label": "label",
        "prediction": "prediction",
        "sensitive": tuple(rows.groups),
        "score": None if rows.score is None else "score",
        "weights": None if rows.weights is None else "weights",
        "features": tuple(rows.features),
    }
    return BiasPlan(**given | changes)  # type: ignore[arg-type]


def taken(rows: JudgedRows, order: np.ndarray) -> JudgedRows:
    """The same rows in another order."""

    def again(column: object) -> object:
        if isinstance(column, Column):
            return Column(column.values, column.codes[order])
        return None if column is None else column[order]  # type: ignore[index]

    return dataclasses.replace(
        rows,
        label=rows.label[order],
        prediction=rows.prediction[order],
        groups={name: again(one) for name, one in rows.groups.items()},
        score=again(rows.score),
        weights=again(rows.weights),
        features={name: again(one) for name, one in rows.features.items()},
    )
