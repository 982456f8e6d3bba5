"""Consistency: are people who are alike in the plan's features decided alike (A5)?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from audits.measures.figures import figure
from audits.measures.intervals import Z95
from audits.measures.kept_rows import JudgedRows
from audits.measures.plan import BiasPlan
from audits.measures.resampling import generator
from audits.measures.tables.chunks import Column
from audits.measures.tables.features import Feature

Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NEIGHBOURS = 5
# Distances that are measured at most: every row to every other one up to some 6,000 rows, else a sample of rows.
MOST_DISTANCES = 40_000_000
FEWEST_ASKED = 200
# Distances that are held at once.
_AT_ONCE = 4_000_000
# Values of a category that are told apart; the rest are one value.
MOST_VALUES = 30
# Squared distances are known to about this much: closer ones are equally far.
_SAME = 1e-9


def consistency_of(rows: JudgedRows, plan: BiasPlan, *, seed: int) -> dict[str, Any]:
    """``consistency``: how often a row is decided as the rows nearest to it in the plan's features.

    Nothing where the plan names no features. Numbers are in units of their standard deviation; two values of a
    category are 1 apart. Rows that lack a number take no part and are counted. Neighbours are looked for among all
    rows; where the rows are too many, for a sample of them, and the interval is about all rows of this table.
    """
    if not plan.features:
        return {}
    features = [rows.features[name] for name in plan.features]
    known = np.ones(len(rows), dtype=bool)
    for feature in features:
        if not isinstance(feature, Column):
            known &= np.isfinite(feature)
    kept = np.flatnonzero(known)
    part: dict[str, Any] = {
        "neighbours": NEIGHBOURS,
        "features": list(plan.features),
        "rows_used": len(kept),
        "rows_left_out": len(rows) - len(kept),
    }
    if len(kept) < max(plan.min_group, NEIGHBOURS):
        return {"consistency": part | {"value": None, "why": "too_few_rows"}}
    points = points_of([_taken(one, kept) for one in features])
    if not points.shape[1]:
        return {"consistency": part | {"value": None, "why": "no_feature_varies"}}
    asked = _asked(points, generator(seed, "consistency"))
    one = agreement(points, rows.prediction[kept].astype(float), asked)
    weights = None if rows.weights is None else rows.weights[kept][asked]
    part |= {"rows_asked": len(asked)}
    part |= _estimated(one, weights, of=len(kept))
    part["groups"] = [
        {"slice": {name: column.values[group]}, "n": int(size)} | _estimated(*_some(one, weights, inside), of=int(size))
        for name, column in rows.groups.items()
        for group, size in enumerate(_sizes(column, kept))
        if size >= plan.min_group
        for inside in [column.codes[kept][asked] == group]
    ]
    return {"consistency": part}


def agreement(points: Floats, outcome: Floats, asked: Index, *, neighbours: int = NEIGHBOURS) -> Floats:
    """1 less the distance of a row's outcome from the mean outcome of its nearest rows, shape (asked,), in [0, 1].

    Args:
        points: shape (rows, columns), finite.
        outcome: shape (rows,), in [0, 1].
        asked: positions of the rows that are asked about.
        neighbours: how many rows count as near, the row itself among them, as in AIF360; at most as many as there are.

    Returns:
        Of rows that are equally far, as in a table of categories, each counts with the same part, so that no order of
        the rows matters: it is the mean over the ways to pick among them.

    Source:
        Zemel, Wu, Swersky, Pitassi and Dwork 2013, ICML: 325 (yNN); the mean of it is ``consistency`` of AIF360.
    """
    near = min(neighbours, len(points))
    counted = np.stack([np.ones(len(points)), outcome], axis=1)
    lengths = np.square(points).sum(axis=1)
    means = np.empty(len(asked))
    step = max(1, _AT_ONCE // len(points))
    for begin in range(0, len(asked), step):
        some = asked[begin : begin + step]
        # squared distances less the asked row's own length, which moves no order
        squared = points[some] @ (-2 * points.T)
        squared += lengths
        closest = np.argpartition(squared, near - 1, axis=1)[:, :near]
        distance = np.take_along_axis(squared, closest, axis=1)
        reach = distance.max(axis=1, keepdims=True)
        hair = _SAME * np.maximum(reach + lengths[some, None], 1.0)
        closer = distance < reach - hair
        level = (np.abs(squared - reach) <= hair).astype(float) @ counted
        missing = near - closer.sum(axis=1)
        found = (closer * outcome[closest]).sum(axis=1) + missing * level[:, 1] / level[:, 0]
        means[begin : begin + step] = found / near
    return np.asarray(1 - np.abs(outcome[asked] - means))


def points_of(features: list[Feature]) -> Floats:
    """Rows as points: numbers in standard deviations, every frequent value of a category as a column."""
    columns: list[Floats] = []
    for feature in features:
        if not isinstance(feature, Column):
            largest = float(np.abs(feature).max(initial=0.0)) or 1.0
            numbers = feature / largest
            spread = float(numbers.std())
            if spread > 0:
                columns.append((numbers - numbers.mean()) / spread)
            continue
        counts = np.bincount(feature.codes + 1, minlength=len(feature.values) + 1)
        # missing is a value too; rare ones are one together
        common = np.argsort(-counts, kind="stable")[:MOST_VALUES]
        numbered = np.full(len(counts), len(common), dtype=np.int64)
        numbered[common] = np.arange(len(common))
        codes = numbered[feature.codes + 1]
        for value in range(len(common) + 1):
            flag = (codes == value).astype(float)
            if 0 < flag.mean() < 1:
                # two rows of different values differ in two flags: their squared distance is 1
                columns.append(flag * math.sqrt(0.5))
    return np.stack(columns, axis=1) if columns else np.zeros((0, 0))


def _taken(feature: Feature, kept: Index) -> Feature:
    return Column(feature.values, feature.codes[kept]) if isinstance(feature, Column) else feature[kept]


def _asked(points: Floats, random: np.random.Generator) -> Index:
    """All rows, or a sample of them."""
    most = max(FEWEST_ASKED, MOST_DISTANCES // len(points))
    if most >= len(points):
        return np.arange(len(points))
    return np.asarray(np.sort(random.permutation(len(points))[:most]), dtype=np.int64)


def _sizes(column: Column, kept: Index) -> Index:
    codes = column.codes[kept]
    return np.bincount(codes[codes >= 0], minlength=len(column.values))


def _some(values: Floats, weights: Floats | None, inside: Flags) -> tuple[Floats, Floats | None]:
    return values[inside], None if weights is None else weights[inside]


def _estimated(values: Floats, weights: Floats | None, *, of: int) -> dict[str, Any]:
    """The mean over the rows asked; an interval only for what was not asked, by simple random sampling."""
    weight = np.ones(len(values)) if weights is None else weights
    total = float(weight.sum())
    made: dict[str, Any] = {"asked": len(values), "value": None, "ci_low": None, "ci_high": None}
    if total <= 0:
        return made | {"why": "no_row_asked"}
    value = float((weight * values).sum()) / total
    made["value"] = figure(value)
    if len(values) >= of:
        return made | {"method": "of all rows of this table; no sample, no interval"}
    if len(values) < FEWEST_ASKED // 10:
        return made | {"why": "too_few_rows_asked"}
    pulls = weight * (values - value)
    spread = float(np.square(pulls).sum()) * len(values) / (len(values) - 1)
    error = math.sqrt(spread * max(1 - len(values) / of, 0.0)) / total
    return made | {
        "ci_low": figure(max(value - Z95 * error, 0.0)),
        "ci_high": figure(min(value + Z95 * error, 1.0)),
        "method": "simple random sample of the rows of this table",
    }
