"""A proposal: each way of narrowing the gap learned on one half of the rows and audited on the other."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import rfc8785

from audits.measures.bias import audit_counts, read_once
from audits.measures.binary import confusion
from audits.measures.cube import CubeBuilder
from audits.measures.figures import figure
from audits.measures.kept_rows import JudgedRows
from audits.measures.ordering import in_order_of_content
from audits.measures.plan import BiasPlan, Consistency
from audits.measures.refusals import CodedRefusal
from audits.measures.regression.change import accuracy_change
from audits.measures.regression.pairing import Judged, Sides
from audits.measures.slices.factors import factor_of, frequent
from audits.measures.slices.halves import halves
from audits.measures.tables.chunks import Chunk, Column
from audits.measures.tables.opening import Table
from audits.mitigation.learning import REDUCTIONS, REFIT, THRESHOLDS, Learned, methods

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

# Reductions learn some dozens of models; on more rows than these a proposal gets no better, only later.
MOST_LEARNED = 20_000
FEWEST_ROWS = 200
# Values of a feature that fewer rows have get no flag of their own.
FEWEST_OF_VALUE = 20
PRESENT = "present"
ORDER = ("fail", "no_information", "insufficient_data", "warn", "pass")

Tick = Callable[[], None]


class NoProposal(CodedRefusal):
    """There is nothing to propose from; ``code`` says why, the message how to mend it."""


def proposal(table: Table, plan: BiasPlan, *, seed: int, tick: Tick = lambda: None) -> dict[str, Any]:
    """Try out how the deciding gap of a table could be narrowed.

    The half that is learned on chooses nothing that is shown: accuracy and gaps are those of the other half, by the
    same audit as any, for the decisions in the table (``present``), a plain model learned anew from the features
    (``refit``, what the other ways are to be held against), and three ways of narrowing the gap.

    Raises:
        TableRejected: the table cannot be read.
        NoProposal: the plan names no features, or there are too few rows or groups.
    """
    if not plan.features:
        raise NoProposal("features_missing", "the audit plan names no features; a proposal learns from them (features)")
    counts, kept = read_once(table, plan)
    assert kept is not None  # noqa: S101 - features ask for rows
    tick()
    whole = audit_counts(counts, _bare(plan), seed=seed)
    aim = _aim(whole, plan)
    rows = in_order_of_content(kept)
    usable = np.flatnonzero(rows.groups[aim["attribute"]].codes >= 0)
    if len(usable) < FEWEST_ROWS:
        raise NoProposal("too_few_rows", f"a proposal needs {FEWEST_ROWS} rows with a group; bring more")
    rows = rows.taken(usable)
    first = halves(rows, seed=seed, purpose="mitigation")
    known, asked = np.flatnonzero(first)[:MOST_LEARNED], np.flatnonzero(~first)
    if rows.label[known].all() or not rows.label[known].any():
        raise NoProposal("one_class", "the half that is learned on has one outcome only; bring more rows")
    learned, held = _learned(rows, plan, aim["attribute"], known, asked)
    constraint = "demographic_parity" if aim["metric"].startswith("demographic_parity") else "equalized_odds"
    tested = rows.taken(asked)
    told = [_told(PRESENT, tested, tested.prediction, plan, aim, seed=seed)]
    for name, decide in methods(constraint, seed).items():
        tick()
        try:
            decided = decide(learned, held)
        except ValueError as odd:
            # such as a group with one outcome only; what the others propose stands
            told.append({"method": name, "why": "not_learnable", "said": str(odd)[:200]})
            continue
        told.append(_told(name, tested, decided, plan, aim, seed=seed))
    suggested = _suggested(told, plan)
    document = {
        "verdict": "no_better" if suggested is None else "proposal",
        "aim": aim,
        "constraint": constraint,
        "rows_learned": len(known),
        "rows_tested": len(asked),
        "methods": told,
        "suggested": suggested,
        "packages": _versions(),
        "plan": plan.as_document(),
        "seed": seed,
    }
    return document | {"digest": hashlib.sha256(rfc8785.dumps(document)).hexdigest()}


def _bare(plan: BiasPlan) -> BiasPlan:
    return replace(plan, features=(), legitimate=(), metrics=(), score=None, cluster=None, consistency=Consistency())


def _aim(document: Mapping[str, Any], plan: BiasPlan) -> dict[str, Any]:
    """The gating figure that decides the audit of the whole table: which metric, which attribute."""
    rows = document["headline"]
    row = next((one for one in rows if one["verdict"] == document["verdict"]), rows[0] if rows else None)
    if row is None:
        raise NoProposal("nothing_to_compare", "no group could be compared with another, so there is no gap to narrow")
    attribute = next(iter(row["slice"]))
    return {"metric": row["metric"], "attribute": attribute, "slice": row["slice"], "comparator": row["comparator"]}


def _learned(
    rows: JudgedRows,
    plan: BiasPlan,
    attribute: str,
    known: npt.NDArray[np.int64],
    asked: npt.NDArray[np.int64],
) -> tuple[Learned, Learned]:
    """Features as numbers: a flag for each frequent value; numbers by mean and spread of the rows learned on."""
    columns: list[Floats] = []
    for name in plan.features:
        feature = rows.features[name]
        if not isinstance(feature, Column):
            missing = np.isnan(feature)
            there = feature[known][~missing[known]]
            if len(there) and float(there.std()) > 0:
                columns.append(np.where(missing, 0.0, (feature - there.mean()) / there.std()))
            if missing[known].any():
                columns.append(missing.astype(float))
            continue
        factor, _ = frequent(factor_of(name, feature), at_least=FEWEST_OF_VALUE)
        if factor is not None:
            columns += [(factor.codes == value).astype(float) for value in range(len(factor.values))]
    if not columns:
        raise NoProposal("no_feature_varies", "no feature varies enough to learn from; name others (features)")
    matrix = np.stack(columns, axis=1)
    score = rows.score if rows.score is not None and not np.isnan(rows.score).any() else None
    group = _groups(rows.groups[attribute].codes, rows.label, known, plan)
    made = [
        Learned(matrix[part], rows.label[part], group[part], None if score is None else score[part])
        for part in (known, asked)
    ]
    return made[0], made[1]


def _groups(
    codes: npt.NDArray[np.int64], label: Flags, known: npt.NDArray[np.int64], plan: BiasPlan
) -> npt.NDArray[np.int64]:
    """Groups to learn for, numbered from 0: the small ones, and those of one outcome, are learned as one group.

    Where that one has too few rows or one outcome itself, it is learned together with the largest group.
    """
    cells = np.bincount(codes[known] * 2 + label[known], minlength=2 * (int(codes.max()) + 1)).reshape(-1, 2)
    enough = (cells.sum(axis=1) >= plan.min_group) & (cells > 0).all(axis=1)
    kept = np.flatnonzero(enough)
    rest = cells[~enough].sum(axis=0)
    largest = int(np.argmax(cells[kept].sum(axis=1))) if len(kept) else 0
    pooled = len(kept) if rest.sum() >= plan.min_group and (rest > 0).all() else largest
    renumbered = np.full(len(cells), pooled, dtype=np.int64)
    renumbered[kept] = np.arange(len(kept))
    return renumbered[codes]


def _told(
    name: str, rows: JudgedRows, decided: Flags, plan: BiasPlan, aim: Mapping[str, Any], *, seed: int
) -> dict[str, Any]:
    """Accuracy and gating gaps of some decisions on the rows that nothing was learned on."""
    flags = ("0", "1")
    names = {plan.label: rows.label, plan.prediction: decided}
    chunk = Chunk(
        len(rows),
        {**{name: Column(flags, side.astype(np.int64)) for name, side in names.items()}, **rows.groups},
        {} if rows.weights is None or plan.weights is None else {plan.weights: rows.weights},
    )
    builder = CubeBuilder([*plan.sensitive, plan.label, plan.prediction], weights=plan.weights)
    builder.add(chunk)
    bare = replace(_bare(plan), positive="1", required_groups={})
    counts = confusion(builder.build(), label=plan.label, prediction=plan.prediction, positive="1")
    document = audit_counts(counts, bare, seed=seed)
    accuracy = next(row for row in document["metrics"] if row["slice"] == {} and row["metric"] == "accuracy")
    gaps = [
        {key: row[key] for key in ("metric", "slice", "comparator", "n", "value", "ci_low", "ci_high", "worst")}
        | {"kind": row["kind"], "threshold": row["threshold"], "verdict": row["verdict"]}
        for row in document["headline"]
    ]
    made: dict[str, Any] = {
        "method": name,
        "accuracy": {key: accuracy[key] for key in ("value", "ci_low", "ci_high", "n")},
        "gaps": gaps,
        "verdict": document["verdict"],
        "needs_group": name == THRESHOLDS,
        "by_chance": name in (REDUCTIONS, THRESHOLDS),
    }
    if name != PRESENT:
        changed = accuracy_change(Sides(_judged(rows, decided), _judged(rows, rows.prediction), "row_id"))
        made["accuracy_change"] = {
            "value": figure(changed.value),
            "ci_low": figure(changed.low),
            "ci_high": figure(changed.high),
        }
    return made


def _judged(rows: JudgedRows, decided: Flags) -> Judged:
    return Judged(rows.label, decided, dict(rows.groups), rows.weights)


def _suggested(told: list[dict[str, Any]], plan: BiasPlan) -> str | None:
    """The way that is better by the audit's own verdict or by the deciding gap, the most accurate of them.

    None where no way is better than the decisions in the table.
    """
    present = told[0]
    better = [one for one in told[1:] if "gaps" in one and one["method"] != REFIT and _rank(one) > _rank(present)]
    if not better:
        return None
    best = max(_rank(one)[0] for one in better)
    among = [one for one in better if _rank(one)[0] == best]
    return str(max(among, key=lambda one: (one["accuracy"]["value"], one["method"]))["method"])


def _rank(one: Mapping[str, Any]) -> tuple[int, float]:
    """How good a way is for the gap: the verdict, then the distance of the worst gap from parity."""
    away = [
        gap["worst"] if gap["kind"] == "difference" else 1 - gap["worst"]
        for gap in one["gaps"]
        if gap["worst"] is not None
    ]
    return ORDER.index(one["verdict"]), -round(max(away), 2) if away else -math.inf


def _versions() -> dict[str, str]:
    from importlib import metadata

    return {name: metadata.version(name) for name in ("fairlearn", "scikit-learn")}
