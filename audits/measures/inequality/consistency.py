"""Consistency: are people who are alike in the plan's features decided alike (A5)?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from audits.measures.clusters import clustered_error
from audits.measures.figures import figure
from audits.measures.inequality.neighbourhoods import agreement_with_pulls, points_of
from audits.measures.intervals import Z95, Z_POWER_80, wilson
from audits.measures.kept_rows import JudgedRows
from audits.measures.means import effective_size
from audits.measures.plan import BiasPlan
from audits.measures.resampling import generator
from audits.measures.tables.chunks import Column
from audits.measures.verdicts import worst

Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

# Neighbours are looked for among so many rows, and so many numbers of points are held, at most: else a sample.
MOST_AMONG = 50_000
MOST_NUMBERS = 10_000_000
# Distances that are measured at most: every row to every other one up to some 6,000 rows, else of a sample of rows.
MOST_DISTANCES = 40_000_000
FEWEST_ASKED = 200
# Groups of an attribute that are shown, the largest first.
MOST_GROUPS = 20
# Shares are known to about this much.
_SAME = 1e-12

METHOD = "Wilson at the size that pulls of rows leave, as asked and as near (Efron and Stein)"


def consistency_of(rows: JudgedRows, plan: BiasPlan, *, seed: int) -> dict[str, Any]:
    """``consistency``: how often a row is decided as the rows nearest to it in the plan's features.

    Nothing where the plan names no features. Numbers are in units of their standard deviation; two values of a
    category are 1 apart. Rows that lack a number take no part and are counted. Neighbours are looked for among at most
    ``MOST_AMONG`` rows drawn by chance (``rows_among``), and for as many of them as ``MOST_DISTANCES`` allows
    (``rows_asked``), so that beyond reading them the cost does not grow with the rows. ``by_lot`` is what it would be
    on average if as many were chosen by lot.

    ``verdict`` where the plan says what is the least (``at_least``): by the interval, as those of groups are; the
    gap to be found is that between the least and 1, which is "all alike decided alike".
    """
    if not plan.features:
        return {}
    features = [rows.features[name] for name in plan.features]
    known = np.ones(len(rows), dtype=bool)
    for feature in features:
        if not isinstance(feature, Column):
            known &= np.isfinite(feature)
    if rows.weights is not None:
        known &= rows.weights > 0
    kept = np.flatnonzero(known)
    part: dict[str, Any] = {
        "neighbours": plan.consistency.neighbours,
        "features": list(plan.features),
        "rows_used": len(kept),
        "rows_left_out": len(rows) - len(kept),
        "threshold": plan.consistency.at_least,
    }
    part |= _measured(rows, kept, plan, seed=seed)
    if plan.consistency.at_least is not None:
        part["verdict"] = _verdict(part, plan.consistency.at_least)
    return {"consistency": part}


def with_consistency(document: dict[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """The document with ``consistency`` in it; where that decides, its verdict counts as any gating one does."""
    found = told.get("consistency")
    if found is None:
        return document
    made = document | dict(told)
    verdict = found.get("verdict")
    if verdict is None:
        return made
    made["verdict"] = worst((document["verdict"], verdict))
    if verdict == "pass":
        return made
    shown = {key: found.get(key) for key in ("value", "ci_low", "ci_high", "neighbours", "threshold", "by_lot")}
    params = shown | {"n": found.get("rows_asked"), "features": found["features"]}
    if found["value"] is None:
        code = "bias.consistency_not_measured"
        params = {"why": found["why"], "threshold": found["threshold"], "features": found["features"]}
    elif verdict == "fail":
        code = "bias.consistency_below_threshold"
    else:
        code = "bias.consistency_inconclusive"
    made["reasons"] = [*document["reasons"], {"code": code, "locus": "consistency", "params": params}]
    return made


def _measured(rows: JudgedRows, kept: Index, plan: BiasPlan, *, seed: int) -> dict[str, Any]:
    nothing = {"value": None, "ci_low": None, "ci_high": None}
    neighbours = plan.consistency.neighbours
    if len(kept) < max(plan.min_group, neighbours):
        return nothing | {"why": "too_few_rows"}
    if len(np.unique(rows.prediction[kept])) < 2:
        return nothing | {"why": "all_predictions_equal"}
    random = generator(seed, "consistency")
    among = _drawn(kept, MOST_AMONG, random)
    points = points_of([_taken(rows, name, among) for name in plan.features])
    if not points.shape[1]:
        return nothing | {"why": "no_feature_varies"}
    most = max(MOST_NUMBERS // points.shape[1], FEWEST_ASKED)
    if most < len(among):
        places = _drawn(np.arange(len(among)), most, random)
        among, points = among[places], points[places]
    asked = _drawn(np.arange(len(among)), max(FEWEST_ASKED, MOST_DISTANCES // len(among)), random)
    chosen = rows.prediction[among]
    weights = np.ones(len(asked)) if rows.weights is None else rows.weights[among][asked]
    columns = {name: _largest(column, kept, plan.min_group) for name, column in rows.groups.items()}
    codes = [_numbered(rows.groups[name], among[asked], shown) for name, shown in columns.items()]
    found = agreement_with_pulls(
        points,
        chosen,
        asked,
        neighbours=neighbours,
        weights=weights,
        parts=[np.zeros(len(asked), dtype=np.int64), *codes],
        sizes=[1, *(len(shown) for shown in columns.values())],
    )
    clusters = None if rows.clusters is None else rows.clusters[among]
    made: dict[str, Any] = {"rows_among": len(among), "rows_asked": len(asked)}
    made |= _estimated(found.of_rows, weights, found.pulls[:, 0], clusters, asked)
    itself = float((weights * found.itself).sum() / weights.sum())
    made["by_lot"] = figure(itself + (1 - itself) * _alike_by_lot(chosen))
    groups, at = [], 1
    for (name, shown), code in zip(columns.items(), codes, strict=True):
        for number, (value, size) in enumerate(shown):
            inside = code == number
            figures = _estimated(found.of_rows[inside], weights[inside], found.pulls[:, at], clusters, asked[inside])
            groups.append({"slice": {name: rows.groups[name].values[value]}, "n": size, **figures})
            at += 1
    return made | {"groups": groups}


def _drawn(places: Index, most: int, random: np.random.Generator) -> Index:
    """All places, or a simple random sample of them in their order."""
    if most >= len(places):
        return places
    return np.asarray(places[np.sort(random.permutation(len(places))[:most])], dtype=np.int64)


def _taken(rows: JudgedRows, name: str, places: Index) -> Column | Floats:
    feature = rows.features[name]
    return Column(feature.values, feature.codes[places]) if isinstance(feature, Column) else feature[places]


def _largest(column: Column, kept: Index, min_group: int) -> list[tuple[int, int]]:
    """The largest groups with enough rows, as (code, rows) in the order of their names."""
    codes = column.codes[kept]
    sizes = np.bincount(codes[codes >= 0], minlength=len(column.values))
    enough = [at for at in range(len(sizes)) if sizes[at] >= min_group]
    return [(at, int(sizes[at])) for at in sorted(sorted(enough, key=lambda at: (-sizes[at], at))[:MOST_GROUPS])]


def _numbered(column: Column, places: Index, shown: list[tuple[int, int]]) -> Index:
    """The position of every row's group among those shown, -1 for none."""
    numbers = np.full(len(column.values) + 1, -1, dtype=np.int64)
    for number, (value, _) in enumerate(shown):
        numbers[value] = number
    return numbers[column.codes[places]]


def _alike_by_lot(chosen: npt.NDArray[np.bool_]) -> float:
    """How often two different rows have the same outcome."""
    n, k = len(chosen), int(chosen.sum())
    return (k * (k - 1) + (n - k) * (n - k - 1)) / (n * (n - 1))


def _estimated(values: Floats, weights: Floats, pulls: Floats, clusters: Index | None, asked: Index) -> dict[str, Any]:
    """The mean over the rows asked, with the interval of a share at the number of rows that the pulls leave."""
    made: dict[str, Any] = {"asked": len(values), "value": None, "ci_low": None, "ci_high": None}
    if not len(values):
        return made | {"why": "no_row_asked"}
    value = float((weights * values).sum() / weights.sum())
    # parts of a row's near rows add up to 1 but for rounding
    value = 1.0 if value > 1 - _SAME else max(value, 0.0)
    made["value"] = figure(value)
    size = effective_size(weights)
    error = math.sqrt(float(np.square(pulls).sum()))
    if clusters is not None:
        error = max(error, clustered_error(pulls, clusters)[0])
        size = min(size, float(len(np.unique(clusters[asked]))))
    if len(values) < FEWEST_ASKED // 10 or not math.isfinite(error):
        return made | {"why": "too_few_rows_asked"}
    spread = value * (1 - value)
    # one row that is decided otherwise moves its own agreement and that of those near to it: two at most in sum
    effective = min(spread / error**2, size) if spread > 0 and error > 0 else size / 2
    low, high = wilson(value * effective, effective)
    detectable = (Z95 + Z_POWER_80) * math.sqrt((spread or float(low) * (1 - float(low))) / effective)
    return made | {
        "ci_low": figure(float(low)),
        "ci_high": figure(float(high)),
        "mde": figure(detectable),
        "method": METHOD,
    }


def _verdict(part: Mapping[str, Any], at_least: float) -> str:
    if part["value"] is None:
        return "no_information" if part["why"] == "all_predictions_equal" else "insufficient_data"
    low, high = part["ci_low"], part["ci_high"]
    if low is None or high is None:
        return "insufficient_data"
    if high < at_least:
        return "fail"
    if part["mde"] > 1 - at_least:
        return "insufficient_data"
    return "pass" if low >= at_least else "warn"
