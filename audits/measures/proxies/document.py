"""The part of a bias document about proxies: each feature alone, and all of them together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from audits.measures import logistic
from audits.measures.figures import figure
from audits.measures.intervals import Z95, simultaneous_z
from audits.measures.kept_rows import JudgedRows
from audits.measures.plan import BiasPlan
from audits.measures.proxies.alike import impact_ratio_alike
from audits.measures.proxies.areas import Places, areas_of_categories, areas_of_numbers, folds, places_of, sampled
from audits.measures.proxies.association import (
    contingency,
    cramers_v,
    normalized_mutual_information,
    theils_u,
)
from audits.measures.resampling import generator
from audits.measures.roc import auc, auc_limits
from audits.measures.slices.factors import NUMERIC, Factor, factor_of, frequent
from audits.measures.tables.chunks import Column
from audits.measures.trees import as_columns, cross_fitted
from audits.measures.trees.folds import averaged

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

# An area from which a feature is a lead: a choice of this product, no limit of any text.
FLAGGED = 0.7
FOLDS = 5
# All features together are looked at on so many rows: enough to know an area to a hundredth.
SAMPLE = 10_000
# Boosted trees cost more: on so many of the same rows.
TREES_SAMPLE = 5_000
MOST_GROUPS = 6
# Values of a feature that a model may tell apart; the rest are one value.
MOST_VALUES = 30
RARE = "…"
# Ridge of the joint model: rare values must not have infinite odds.
PENALTY = 1.0
# Flags add up; trees see features that tell nothing by themselves and much by how they go together.
REGRESSION, TREES = "logistic_regression", "boosted_trees"
# Said in the document, so that nobody takes silence for a figure; see ``alike``.
NOT_PERMUTED = {"value": None, "why": "needs_the_model"}


def proxies_of(rows: JudgedRows, plan: BiasPlan, *, seed: int) -> dict[str, Any]:
    """``proxies``: how well a plan's features tell each sensitive attribute, one by one and together.

    Nothing where the plan names no features. Groups smaller than ``min_group`` are not looked for. Weights are not
    used: the question is what a row gives away, not how many people it stands for. Rows of a cluster are in one fold,
    and intervals have the variance of clusters. ``rows`` are in an order that depends on their content alone. A feature
    that leads has ``alike``, the impact ratio with the feature held still; how far it falls when the feature is
    permuted is not measured, for that needs the model.
    """
    if not plan.features:
        return {}
    factors = {name: factor_of(name, rows.features[name]) for name in plan.features}
    places = {name: places_of(rows.features[name]) for name in plan.features}
    fold = folds(len(rows), rows.clusters, FOLDS, generator(seed, "proxies"))
    single: list[dict[str, Any]] = []
    joint: list[dict[str, Any]] = []
    for attribute in plan.sensitive:
        column = rows.groups[attribute]
        groups = _judged(column, plan)
        for name in plan.features:
            single.append(_alone(attribute, rows, groups, factors[name], places[name], fold))
        joint += _together(attribute, column, groups, rows, plan, factors, seed=seed)
        joint += _by_trees(attribute, column, groups, rows, plan, seed=seed)
    single.sort(key=lambda row: (-(row["auc"] if row["auc"] is not None else -1), row["attribute"], row["column"]))
    return {
        "proxies": {
            "threshold": FLAGGED,
            "threshold_source": "choice",
            "features": single,
            "joint": joint,
            "joint_folds": FOLDS,
            "joint_sample": min(SAMPLE, len(rows)),
            "joint_sample_trees": min(TREES_SAMPLE, len(rows)),
            "permuted": NOT_PERMUTED,
        }
    }


def _judged(column: Column, plan: BiasPlan) -> list[int]:
    """Groups with enough rows inside and outside, the largest ones; of two groups one tells all."""
    sizes = np.bincount(column.codes[column.codes >= 0], minlength=len(column.values))
    enough = [at for at in range(len(sizes)) if plan.min_group <= sizes[at] <= sizes.sum() - plan.min_group]
    if len(enough) == 2 == int((sizes > 0).sum()):
        return enough[:1]
    return sorted(enough, key=lambda at: (-sizes[at], at))[:MOST_GROUPS]


@dataclass(frozen=True)
class _Area:
    value: float
    low: float
    high: float
    group: int | None


def _worst(areas: Sequence[tuple[int, float, float]], *, looked_at: int) -> _Area:
    """The group that is told best; its interval holds for all that were looked at together."""
    measured = [one for one in areas if math.isfinite(one[1])]
    if not measured:
        return _Area(math.nan, math.nan, math.nan, None)
    group, area, error = max(measured, key=lambda one: (one[1], -one[0]))
    z = simultaneous_z(looked_at, independent=False) if looked_at > 1 else Z95
    return _Area(area, *auc_limits(area, error, z), group)


def _alone(
    attribute: str, rows: JudgedRows, groups: Sequence[int], factor: Factor, places: Places, fold: Codes
) -> dict[str, Any]:
    column = rows.groups[attribute]
    known = (factor.codes >= 0) & (column.codes >= 0)
    table = contingency(factor.codes[known], column.codes[known])
    told_of, luck = theils_u(table)
    row: dict[str, Any] = {
        "attribute": attribute,
        "column": factor.name,
        "kind": factor.kind,
        "n": int(known.sum()),
        "cramers_v": figure(cramers_v(table)),
        "normalized_mutual_information": figure(normalized_mutual_information(table)),
        "theils_u": figure(told_of),
        "theils_u_null_floor": figure(luck),
    }
    if factor.kind == NUMERIC:
        areas = areas_of_numbers(places, column.codes, groups, rows.clusters)
    else:
        areas = areas_of_categories(factor.codes, column.codes, groups, fold, FOLDS, rows.clusters)
    told = _worst(areas, looked_at=len(groups))
    row |= {
        "group": None if told.group is None else column.values[told.group],
        "auc": figure(told.value),
        "auc_ci_low": figure(told.low),
        "auc_ci_high": figure(told.high),
        "lead": bool(told.value > FLAGGED),
    }
    if row["lead"] and told.group is not None:
        row["alike"] = _alike(factor.codes[known], column.codes[known] == told.group, rows, known)
    why = _why_not(table, groups, told)
    return row | {"why": why} if why else row


def _alike(values: Codes, inside: Flags, rows: JudgedRows, known: Flags) -> dict[str, Any]:
    """The impact ratio of the group that is told to everybody else, raw and with the feature held still."""
    clusters = None if rows.clusters is None else rows.clusters[known]
    found = impact_ratio_alike(values, inside, rows.prediction[known], clusters)
    made: dict[str, Any] = {
        "impact_ratio": figure(found.raw),
        "impact_ratio_alike": figure(found.value),
        "ci_low": figure(found.low),
        "ci_high": figure(found.high),
        "rows_compared": figure(found.compared),
    }
    if not math.isfinite(found.value):
        return made | {"why": "never_alike" if found.compared == 0 else "nobody_selected"}
    return made if math.isfinite(found.low) else made | {"why": "too_few_rows"}


def _why_not(table: Floats, groups: Sequence[int], told: _Area) -> str | None:
    if not groups:
        return "no_group_large_enough"
    if table.size == 0:
        return "all_missing"
    if table.shape[0] < 2:
        return "constant"
    return None if math.isfinite(told.value) else "one_group_only"


def _together(
    attribute: str,
    column: Column,
    groups: Sequence[int],
    rows: JudgedRows,
    plan: BiasPlan,
    factors: dict[str, Factor],
    *,
    seed: int,
) -> list[dict[str, Any]]:
    """A logistic regression of each group on all features, its area on rows that it was not fitted on."""
    random = generator(seed, "proxies", attribute)
    kept = sampled(np.flatnonzero(column.codes >= 0), rows.clusters, SAMPLE, random)
    design = _design([factors[name] for name in plan.features], kept)
    clusters = None if rows.clusters is None else rows.clusters[kept]
    fold = folds(len(kept), clusters, FOLDS, random)
    parts = [design.gram(np.flatnonzero(fold == part)) for part in range(FOLDS)]
    # the same for every group: that of all rows less that of the fold
    grams = [sum(parts) - one for one in parts]
    made = []
    for group in groups:
        inside = column.codes[kept] == group
        row = _joint_row(attribute, column.values[group], REGRESSION, len(kept))
        if len(design.names) == 1:
            made.append(row | _joint_figures(math.nan, math.nan, len(groups)) | {"why": "no_feature_varies"})
            continue
        area, error = _cross_fitted_area(design, inside, fold, grams, clusters)
        made.append(row | _joint_figures(area, error, len(groups)))
        if not math.isfinite(area):
            made[-1]["why"] = "group_too_small"
    return made


def _by_trees(
    attribute: str, column: Column, groups: Sequence[int], rows: JudgedRows, plan: BiasPlan, *, seed: int
) -> list[dict[str, Any]]:
    """Boosted trees for each group on all features, their area on rows that they were not fitted on."""
    random = generator(seed, "proxies", "trees", attribute)
    kept = sampled(np.flatnonzero(column.codes >= 0), rows.clusters, TREES_SAMPLE, random)
    columns = as_columns([rows.features[name] for name in plan.features], kept)
    clusters = None if rows.clusters is None else rows.clusters[kept]
    fold = folds(len(kept), clusters, FOLDS, random)
    made = []
    for group in groups:
        row = _joint_row(attribute, column.values[group], TREES, len(kept))
        if not columns.codes.shape[1]:
            made.append(row | _joint_figures(math.nan, math.nan, len(groups)) | {"why": "no_feature_varies"})
            continue
        area, error = cross_fitted(columns, column.codes[kept] == group, fold, count=FOLDS, clusters=clusters)
        made.append(row | _joint_figures(area, error, len(groups)))
        if not math.isfinite(area):
            made[-1]["why"] = "group_too_small"
    return made


def _joint_row(attribute: str, group: str, model: str, rows: int) -> dict[str, Any]:
    return {"attribute": attribute, "group": group, "model": model, "n": rows}


def _joint_figures(area: float, error: float, looked_at: int) -> dict[str, Any]:
    low, high = auc_limits(area, error, simultaneous_z(looked_at, independent=False))
    return {
        "auc": figure(area),
        "auc_ci_low": figure(low),
        "auc_ci_high": figure(high),
        "lead": bool(area > FLAGGED),
    }


def _design(factors: Sequence[Factor], kept: Codes) -> logistic.Design:
    """Every item of every feature as a flag; missing is a value too, for it may give a group away."""
    design = logistic.Design(len(kept))
    for factor in factors:
        sample = Factor(factor.name, factor.kind, factor.values, factor.codes[kept])
        common, _ = frequent(sample, at_least=max(2, len(kept) // 1_000))
        if common is None:
            continue
        order = np.argsort(-np.bincount(common.codes[common.codes >= 0], minlength=len(common.values)), kind="stable")
        top = order[:MOST_VALUES]
        renumbered = np.full(len(common.values) + 1, len(top), dtype=np.int64)
        renumbered[top] = np.arange(len(top))
        codes = renumbered[common.codes]
        values = [common.values[at] for at in top.tolist()]
        if (codes == len(top)).any():
            values.append(RARE)
        if len(values) > 1:
            design.add_categories(factor.name, Column(tuple(values), codes), baseline=values[0])
    return design


def _cross_fitted_area(
    design: logistic.Design, inside: Flags, fold: Codes, grams: Sequence[Floats], clusters: Codes | None = None
) -> tuple[float, float]:
    """The mean of the folds' areas and its standard error.

    Folds are not independent: each model has learned from the rows on which the others are tested. Where the features
    tell nothing, the mean varies half as much again as the folds by themselves would have it.

    Source:
        Nadeau and Bengio 2003, Machine Learning 52:239: test rows over training rows are added to 1 / folds.
    """
    areas, variances = [], []
    for part in range(FOLDS):
        out, rest = np.flatnonzero(fold == part), np.flatnonzero(fold != part)
        if inside[out].sum() < 2 or inside[rest].sum() < 2 or (~inside[out]).sum() < 2 or (~inside[rest]).sum() < 2:
            continue
        found = logistic.fit(design, inside, kept=rest, penalty=PENALTY, precision=1e-5, gram=grams[part])
        score = logistic.predicted(design, found.coefficients, kept=out)
        area, error = auc(score, inside[out], None if clusters is None else clusters[out])
        areas.append(area)
        variances.append(error**2)
    return averaged(areas, variances, count=FOLDS)
