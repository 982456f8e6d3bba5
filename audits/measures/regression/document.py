"""The part of a bias document that compares a version with the approved one, and what it gives reason to say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from audits.measures.disparities import DISPARITIES
from audits.measures.figures import figure
from audits.measures.intervals import simultaneous_z
from audits.measures.plan import BiasPlan, Regression
from audits.measures.regression.change import Change, accuracy_change, cells, drawn, drawn_by_cluster, gaps, split
from audits.measures.regression.pairing import Judged, Sides, common_groups, sides
from audits.measures.regression.reading import read
from audits.measures.resampling import generator
from audits.measures.tables.opening import Table

Floats = npt.NDArray[np.float64]

WORSE, NOT_WORSE, UNCLEAR, NOT_MEASURED = "worse", "not_worse", "inconclusive", "not_measured"
FEWEST_REPLICATES = 1_000


class NotCompared(ValueError):
    """The comparison cannot be made; ``code`` says why. The audit of the version itself stands."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def regression_of(new: Table, old: Table, plan: BiasPlan, *, seed: int) -> dict[str, Any]:
    """Compare two tables of predictions: accuracy, and every gating gap of each group.

    Each group is held against one comparator in both tables: the reference group that the plan names, else the
    largest group. A change is "worse" where its whole interval is beyond the plan's margin, "not_worse" where the
    whole interval is within it; the intervals of one gating metric hold together.

    Raises:
        TableRejected: one of the tables cannot be read.
        NotCompared: no row of one of them can be judged.
    """
    both = sides(read(new, plan), read(old, plan), plan)
    if not len(both.new) or not len(both.old):
        raise NotCompared("no_rows_to_compare")
    margin = plan.regression.margin
    accuracy = accuracy_change(both)
    rows = [
        {"metric": "accuracy", "slice": {}, "comparator": {}, "n": len(both.new), "old_n": len(both.old)}
        | _figures(accuracy, margin, worse=-1)
    ]
    for attribute in plan.sensitive:
        rows += _gaps_of(attribute, both, plan, seed=seed)
    verdicts = [row["verdict"] for row in rows]
    return {
        "verdict": next((one for one in (WORSE, UNCLEAR, NOT_WORSE) if one in verdicts), NOT_MEASURED),
        "paired": both.paired,
        **({"why_not_paired": both.why_not} if both.why_not else {}),
        "rows": len(both.new),
        "old_rows": len(both.old),
        "margin": margin,
        "margin_source": "choice" if plan.regression == Regression() else "plan",
        "comparisons": rows,
    }


@dataclass(frozen=True)
class _Tables:
    """Cells by group, [label, prediction], as counted and drawn anew, of both versions.

    ``wider`` is by how much an interval has to be wider than the spread of the draws; ``how`` they were drawn.
    """

    new: Floats
    old: Floats
    new_drawn: Floats
    old_drawn: Floats
    wider: float = 1.0
    how: str = "bootstrap"


def _gaps_of(attribute: str, both: Sides, plan: BiasPlan, *, seed: int) -> list[dict[str, Any]]:
    values, ours, theirs = common_groups(both.new.groups[attribute], both.old.groups[attribute])
    sizes = [np.bincount(codes[codes >= 0], minlength=len(values)) for codes in (ours, theirs)]
    judged = np.flatnonzero(np.minimum(*sizes) >= plan.min_group).tolist()
    comparator = _comparator(attribute, values, sizes[0], plan)
    if comparator is None or comparator not in judged or len(judged) < 2:
        return []
    tables = _tables(both, ours, theirs, len(values), plan, generator(seed, "regression", attribute))
    z = simultaneous_z(len(judged) - 1, independent=False)
    rows = []
    for metric in plan.gating:
        for group in judged:
            if group == comparator:
                continue
            change = _gap_change(tables, metric, group, comparator, z, paired=both.paired is not None)
            rows.append(
                {
                    "metric": metric,
                    "slice": {attribute: values[group]},
                    "comparator": {attribute: values[comparator]},
                    "n": int(sizes[0][group]),
                    "old_n": int(sizes[1][group]),
                }
                | _figures(change, plan.regression.margin, worse=1)
            )
    return rows


def _comparator(attribute: str, values: Sequence[str], sizes: npt.NDArray[np.int64], plan: BiasPlan) -> int | None:
    named = plan.reference.get(attribute) if isinstance(plan.reference, Mapping) else None
    if named is not None:
        return values.index(named) if named in values else None
    return int(np.argmax(sizes)) if len(sizes) else None


def _tables(
    both: Sides,
    ours: npt.NDArray[np.int64],
    theirs: npt.NDArray[np.int64],
    groups: int,
    plan: BiasPlan,
    random: np.random.Generator,
) -> _Tables:
    replicates = max(plan.bootstrap, FEWEST_REPLICATES)
    clustered = both.new.clusters is not None
    how, wider = "bootstrap of whole clusters" if clustered else "bootstrap", 1.0

    def again(side: Judged, codes: npt.NDArray[np.int64], counted: Floats, other: Judged | None = None) -> Floats:
        """Drawn anew; one draw that says nothing where clusters are too many, or there is one."""
        nonlocal wider
        if side.clusters is None:
            return drawn(counted, replicates=replicates, random=random)
        found = drawn_by_cluster(
            side, side.clusters, codes, groups=groups, other=other, replicates=replicates, random=random
        )
        if found is None:
            return counted[None] * np.nan
        wider = max(wider, found[1])
        return found[0]

    if both.paired:
        counted = cells(both.new, ours, groups=groups, other=both.old)
        new, old = split(counted)
        new_drawn, old_drawn = split(again(both.new, ours, counted, both.old))
        return _Tables(new, old, new_drawn, old_drawn, wider, how)
    new, old = cells(both.new, ours, groups=groups), cells(both.old, theirs, groups=groups)
    made = (new, old, again(both.new, ours, new), again(both.old, theirs, old))
    new, old, new_drawn, old_drawn = (one.reshape(*one.shape[:-1], 2, 2) for one in made)
    return _Tables(new, old, new_drawn, old_drawn, wider, how)


def _gap_change(tables: _Tables, metric: str, group: int, comparator: int, z: float, *, paired: bool) -> Change:
    """The gap of the new version less that of the old one, with an interval from the spread of its replicates."""
    disparity = DISPARITIES[metric]
    new, old, new_drawn, old_drawn = (
        gaps(table, disparity, group=group, comparator=comparator)
        for table in (tables.new, tables.old, tables.new_drawn, tables.old_drawn)
    )
    moved = new_drawn - old_drawn
    moved = moved[np.isfinite(moved)]
    value = float(new) - float(old)
    method = f"{'paired' if paired else 'unpaired'} {tables.how}"
    # a rate over nobody in one replicate in twenty is no rate to rely on
    if not math.isfinite(value) or len(moved) < 0.95 * len(new_drawn):
        return Change(float(old), float(new), math.nan, math.nan, math.nan, method)
    error = float(moved.std(ddof=1)) * tables.wider
    p = math.erfc(abs(value) / error / math.sqrt(2)) if error > 0 else 1.0
    return Change(float(old), float(new), value - z * error, value + z * error, p, f"{method}, normal, z {z:.3f}")


def _figures(change: Change, margin: float, *, worse: int) -> dict[str, Any]:
    """``worse`` is the sign of a change for the worse."""
    low, high = (change.low, change.high) if worse > 0 else (-change.high, -change.low)
    if not math.isfinite(low) or not math.isfinite(high):
        verdict = NOT_MEASURED
    elif low > margin:
        verdict = WORSE
    else:
        verdict = NOT_WORSE if high <= margin else UNCLEAR
    return {
        "old": figure(change.old),
        "new": figure(change.new),
        "value": figure(change.value),
        "ci_low": figure(change.low),
        "ci_high": figure(change.high),
        "p": figure(change.p),
        "verdict": verdict,
        "method": change.method,
    }


def reasons_of(compared: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One reason for each thing that is surely worse than before by more than the margin."""
    made = []
    for row in compared["comparisons"]:
        if row["verdict"] != WORSE:
            continue
        params = {key: row[key] for key in ("metric", "old", "new", "value", "ci_low", "ci_high", "n")}
        params |= {"margin": compared["margin"], "p": row["p"]}
        if row["slice"]:
            ((attribute, group),) = row["slice"].items()
            params |= {"attribute": attribute, "group": group, "comparator": row["comparator"][attribute]}
            locus = f"regression {row['metric']} {attribute}={group}"
            made.append({"code": "regression.gap_wider", "locus": locus, "params": params})
        else:
            made.append({"code": "regression.accuracy_lower", "locus": "regression accuracy", "params": params})
    return made
