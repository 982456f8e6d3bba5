"""The part of a bias document about gaps that legitimate factors leave: raw, within strata, and adjusted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from audits.measures import logistic
from audits.measures.clusters import clustered_error
from audits.measures.conditional import stratified
from audits.measures.conditional.stratified import Measured, with_error
from audits.measures.figures import figure
from audits.measures.intervals import Z95
from audits.measures.kept_rows import JudgedRows
from audits.measures.multiplicity import benjamini_hochberg
from audits.measures.plan import BiasPlan
from audits.measures.slices.factors import Factor, factor_of
from audits.measures.tables.chunks import Column
from audits.measures.tables.features import Feature

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

# Values of one factor that fewer rows have are one value together in a regression: each costs a coefficient.
FEWEST_OF_LEVEL = 30
MOST_LEVELS = 60
RARE = "…"
WALD = "Wald, from the shares' variances"
COMMON = "Robins-Breslow-Greenland; Cochran-Mantel-Haenszel"
COMMON_OF_CLUSTERS = "Mantel-Haenszel; Wald, variance of clusters"


def conditional_of(rows: JudgedRows, plan: BiasPlan) -> dict[str, Any]:
    """``conditional``: how far apart groups are among rows that are alike in the plan's legitimate factors.

    Nothing where the plan names none. Each group of at least ``min_group`` rows is compared with the reference group
    that the plan names, else the largest one; the quantity is being selected (the prediction). Rows that lack a
    factor are counted and take no part.
    """
    if not plan.legitimate:
        return {}
    factors = [factor_of(name, rows.features[name]) for name in plan.legitimate]
    known = np.logical_and.reduce([factor.codes >= 0 for factor in factors])
    strata = _strata(factors, known)
    weights = _frequencies(rows, known)
    made: list[dict[str, Any]] = []
    for attribute in plan.sensitive:
        made += _of_attribute(attribute, rows, plan, known=known, strata=strata, weights=weights)
    _corrected(made)
    return {
        "conditional": {
            "quantity": "selection_rate",
            "factors": [
                {"column": factor.name, "kind": factor.kind, "values": len(factor.values)} for factor in factors
            ],
            "rows_used": int(known.sum()),
            "rows_left_out": int((~known).sum()),
            "strata": int(strata.max()) + 1 if len(strata) else 0,
            "weights": "none" if rows.weights is None else "scaled to the effective number of rows (Kish)",
            "comparisons": made,
        }
    }


def _strata(factors: Sequence[Factor], known: Flags) -> npt.NDArray[np.int64]:
    """The stratum of each row where all factors are known, numbered from 0 without gaps."""
    codes = np.zeros(int(known.sum()), dtype=np.int64)
    for factor in factors:
        # renumbered each time, so that many factors do not overflow
        codes = np.unique(codes * len(factor.values) + factor.codes[known], return_inverse=True)[1]
    return codes


def _frequencies(rows: JudgedRows, known: Flags) -> Floats:
    """Weights that sum to the effective number of rows; 1 each without weights."""
    if rows.weights is None:
        return np.ones(int(known.sum()))
    weights = rows.weights[known]
    squares = float((weights**2).sum())
    return weights * (weights.sum() / squares) if squares > 0 else weights


def _of_attribute(
    attribute: str,
    rows: JudgedRows,
    plan: BiasPlan,
    *,
    known: Flags,
    strata: npt.NDArray[np.int64],
    weights: Floats,
) -> list[dict[str, Any]]:
    column = rows.groups[attribute]
    group, chosen = column.codes[known], rows.prediction[known]
    sizes = np.bincount(group[group >= 0], minlength=len(column.values))
    judged = [place for place in range(len(sizes)) if sizes[place] >= max(plan.min_group, 1)]
    reference = _reference(attribute, column, sizes, plan)
    if reference is None or reference not in judged or len(judged) < 2:
        return []
    counts = _counted(group, chosen, strata, weights, groups=len(column.values))
    adjusted = _adjusted(attribute, rows, plan, known=known, weights=weights, judged=judged, reference=reference)
    clusters = None if rows.clusters is None else rows.clusters[known]

    def robust(found: Measured, pulls: Floats, sides: npt.NDArray[np.int64], *, logarithm: bool) -> Measured:
        """With the variance of clusters; ``pulls`` of shape (strata, 2, 2), ``sides`` -1 for rows of neither."""
        if clusters is None:
            return found
        inside = np.flatnonzero(sides >= 0)
        moved = weights[inside] * pulls[strata[inside], sides[inside], (~chosen[inside]).astype(np.int64)]
        return with_error(found, clustered_error(moved, clusters[inside])[0], logarithm=logarithm)

    made = []
    of_clusters = "" if clusters is None else ", variance of clusters"
    for place in judged:
        named = {
            "slice": {attribute: column.values[place]},
            "comparator": {attribute: column.values[reference]},
            "n": int(sizes[place]),
            "comparator_n": int(sizes[reference]),
        }
        others = counts.sum(axis=1) - counts[:, place]
        against = np.stack([counts[:, place], others], axis=1)
        disparity = robust(
            stratified.conditional_demographic_disparity(against),
            stratified.pulls_on_disparity(against),
            np.where(group < 0, -1, (group != place).astype(np.int64)),
            logarithm=False,
        )
        disparity = replace(disparity, p=math.nan)
        rest = {"comparator": {}, "comparator_n": int((group >= 0).sum() - sizes[place])}
        made.append(_row(named | rest, "conditional_demographic_disparity", disparity, WALD + of_clusters))
        if place == reference:
            continue
        tables = np.stack([counts[:, place], counts[:, reference]], axis=1)
        sides = np.where(group == place, 0, np.where(group == reference, 1, -1))
        whole = tables.sum(axis=0)
        raw = robust(
            stratified.odds_ratio(whole),
            np.broadcast_to(stratified.pulls_on_odds(whole), tables.shape),
            sides,
            logarithm=True,
        )
        common = robust(
            stratified.mantel_haenszel(tables), stratified.pulls_on_common_odds(tables), sides, logarithm=True
        )
        made += [
            _row(named, "odds_ratio", replace(raw, p=math.nan), "Woolf" + of_clusters),
            _row(named, "mantel_haenszel_odds_ratio", common, COMMON if clusters is None else COMMON_OF_CLUSTERS)
            | {"homogeneity": _homogeneity(tables, common.value, clustered=clusters is not None)},
            _adjusted_row(named, adjusted, attribute, column.values[place]),
        ]
    return made


def _homogeneity(tables: Floats, common: float, *, clustered: bool) -> dict[str, Any]:
    """Whether strata agree on one ratio; of clusters the test would find too much."""
    if clustered:
        return {"statistic": None, "degrees_of_freedom": 0, "p": None, "why": "clustered"}
    statistic, freedom, p = stratified.breslow_day(tables, common)
    return {"statistic": figure(statistic), "degrees_of_freedom": freedom, "p": figure(p)}


def _reference(attribute: str, column: Column, sizes: npt.NDArray[np.int64], plan: BiasPlan) -> int | None:
    named = plan.reference.get(attribute) if isinstance(plan.reference, Mapping) else None
    if named is not None:
        return column.values.index(named) if named in column.values else None
    # of equally large ones the first by name
    return int(np.argmax(sizes)) if len(sizes) else None


def _counted(
    group: npt.NDArray[np.int64], chosen: Flags, strata: npt.NDArray[np.int64], weights: Floats, *, groups: int
) -> Floats:
    """Rows of each stratum, group and outcome (selected first): shape (strata, groups, 2)."""
    inside = group >= 0
    size = int(strata.max()) + 1 if len(strata) else 0
    cells = (strata * groups + group) * 2 + ~chosen
    counted = np.bincount(cells[inside], weights=weights[inside], minlength=size * groups * 2)
    return counted.astype(float).reshape(size, groups, 2)


def _row(named: Mapping[str, Any], metric: str, found: Measured, method: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        **named,
        "metric": metric,
        "value": figure(found.value),
        "ci_low": figure(found.low),
        "ci_high": figure(found.high),
        "p": figure(found.p),
        "strata": found.strata,
        "method": method,
    }
    if not math.isfinite(found.value):
        return row | {"why": "no_stratum_compares_them"}
    return row if math.isfinite(found.low) else row | {"why": "too_few_clusters"}


@dataclass(frozen=True)
class _Adjusted:
    fit: logistic.Fit
    design: logistic.Design
    chosen: Flags
    weights: Floats
    clusters: npt.NDArray[np.int64] | None

    def error(self, column: int) -> float:
        """Standard error of a coefficient, that of clusters where it is larger."""
        model = float(self.fit.errors()[column])
        if self.clusters is None:
            return model
        moved = logistic.pulls(self.design, self.fit, self.chosen, column=column, weights=self.weights)
        return max(model, clustered_error(moved, self.clusters)[0])


def _adjusted(
    attribute: str,
    rows: JudgedRows,
    plan: BiasPlan,
    *,
    known: Flags,
    weights: Floats,
    judged: Sequence[int],
    reference: int,
) -> _Adjusted | None:
    """Being selected by legitimate factors and group; numbers enter as they are, groups last."""
    column = rows.groups[attribute]
    inside = np.isin(column.codes[known], judged)
    chosen = rows.prediction[known][inside]
    if chosen.all() or not chosen.any():
        return None
    design = logistic.Design(int(inside.sum()))
    for name in plan.legitimate:
        _add(design, name, rows.features[name], known, inside)
    position = {place: at for at, place in enumerate(judged)}
    renumbered = np.array([position.get(place, -1) for place in range(len(column.values))])
    groups = Column(tuple(column.values[place] for place in judged), renumbered[column.codes[known][inside]])
    design.add_categories(_group_name(attribute), groups, baseline=column.values[reference])
    clusters = None if rows.clusters is None else rows.clusters[known][inside]
    fit = logistic.fit(design, chosen, weights=weights[inside])
    return _Adjusted(fit, design, chosen, weights[inside], clusters)


def _group_name(attribute: str) -> str:
    # a sensitive column is never a factor too, so its name is free
    return attribute


def _add(design: logistic.Design, name: str, feature: Feature, known: Flags, inside: Flags) -> None:
    if not isinstance(feature, Column):
        numbers = feature[known][inside]
        # by the largest first: the square of 1e308 is no number, nor is that of 1e-308
        numbers = numbers / (float(np.abs(numbers).max(initial=0.0)) or 1.0)
        spread = float(numbers.std()) or 1.0
        # scaled, so that the fit does not depend on the unit; the group's coefficient does not change by it
        design.add_numbers(name, (numbers - numbers.mean()) / spread)
        return
    codes = feature.codes[known][inside]
    counts = np.bincount(codes, minlength=len(feature.values))
    order = np.argsort(-counts, kind="stable")
    kept = [int(place) for place in order[:MOST_LEVELS] if counts[place] >= FEWEST_OF_LEVEL]
    if not kept:
        return
    renumbered = np.full(len(feature.values), len(kept), dtype=np.int64)
    renumbered[kept] = np.arange(len(kept))
    values = tuple(feature.values[place] for place in kept)
    rare = counts.sum() > counts[kept].sum()
    levels = Column((*values, RARE) if rare else values, renumbered[codes])
    design.add_categories(name, levels, baseline=values[0])


def _adjusted_row(named: Mapping[str, Any], found: _Adjusted | None, attribute: str, value: str) -> dict[str, Any]:
    method = "logistic regression, Wald" + (", variance of clusters" if found and found.clusters is not None else "")
    nothing = _row(named, "adjusted_odds_ratio", stratified.NOT_MEASURED, method)
    if found is None:
        return nothing | {"why": "all_or_none_selected"}
    place = found.design.at(_group_name(attribute), value)
    if found.fit.aliased[place]:
        return nothing | {"why": "factors_determine_group"}
    if found.fit.separated or not math.isfinite(float(found.fit.errors()[place])):
        return nothing | {"why": "factors_determine_outcome"}
    coefficient, error = float(found.fit.coefficients[place]), found.error(place)
    if not math.isfinite(error):
        return nothing | {"why": "too_few_clusters"}
    p = math.erfc(abs(coefficient / error) / math.sqrt(2))
    measured = Measured(*logistic.odds_ratio(coefficient, error, Z95), p=p, strata=0)
    return _row(named, "adjusted_odds_ratio", measured, method) | {
        "coefficient": figure(coefficient),
        "standard_error": figure(error),
    }


def _corrected(made: Sequence[dict[str, Any]]) -> None:
    """q over the groups, for each way of asking a family of its own."""
    for metric in ("mantel_haenszel_odds_ratio", "adjusted_odds_ratio"):
        tested = [row for row in made if row["metric"] == metric and row["p"] is not None]
        for row, q in zip(tested, benjamini_hochberg([row["p"] for row in tested]), strict=True):
            row["q"] = figure(float(q))
