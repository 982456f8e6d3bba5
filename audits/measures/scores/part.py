"""What a score adds to the document of a bias audit."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np

from audits.measures.figures import estimate_of, figure
from audits.measures.grouped import MAX_DEPTH, MAX_SLICES
from audits.measures.intervals import newcombe, simultaneous_z
from audits.measures.kept_rows import JudgedRows
from audits.measures.means import Floats, unknown
from audits.measures.ordering import starts_of_runs
from audits.measures.plan import BiasPlan
from audits.measures.scores.calibration import AUC, BRIER, LOG_LOSS, Judged, group_row, judged, losses
from audits.measures.scores.compared import CHOSEN, compared
from audits.measures.scores.recalibration import log_odds, sufficiency
from audits.measures.scores.reliability import BINS
from audits.measures.scores.scored import PROBABILITY, Scored, scored

# The largest intersections that are measured one by one.
MAX_CROSSED = MAX_SLICES


def with_scores(document: dict[str, Any], rows: JudgedRows, plan: BiasPlan, *, seed: int) -> dict[str, Any]:
    """The document with what its score tells: ``calibration``, and more metrics, disparities and reasons.

    Raises:
        TableRejected: no row has a score, or a score is infinite.
    """
    if plan.score is None or rows.score is None:
        return document
    found = scored(rows, rows.score, plan.score)
    metrics = list(_metrics(found, plan))
    part, disparities, reasons = _calibration(found, plan, seed=seed)
    return document | {
        "metrics": [*document["metrics"], *metrics],
        "disparities": [*document["disparities"], *disparities],
        "reasons": [*document["reasons"], *reasons],
        "calibration": part,
    }


def _metrics(rows: Scored, plan: BiasPlan) -> Iterator[dict[str, Any]]:
    """Area under the curve, Brier score and log loss of everybody, every group and the larger intersections."""
    names = plan.sensitive
    deepest = MAX_DEPTH if len(names) <= MAX_DEPTH else 2
    yield from _losses_of(rows, {}, plan)
    for depth in range(1, deepest + 1):
        for crossing in combinations(names, depth):
            found = list(rows.by_group(crossing))
            if depth > 1:
                largest = sorted(found, key=lambda one: -len(one[1]))[:MAX_CROSSED]
                found = [one for one in found if len(one[1]) >= len(largest[-1][1])][:MAX_CROSSED]
            for slice_, index in found:
                yield from _losses_of(rows.take(index), slice_, plan)


def _losses_of(rows: Scored, slice_: dict[str, str], plan: BiasPlan) -> Iterator[dict[str, Any]]:
    names = (AUC, BRIER, LOG_LOSS) if rows.scale == PROBABILITY else (AUC,)
    if len(rows) < plan.suppress_below:
        for name in names:
            hidden: dict[str, Any] = {"slice": slice_, "metric": name, "n": None, "k": None, "of": None}
            yield hidden | estimate_of(unknown("none"), why="suppressed")
        return
    found, why = losses(rows, plan.suppress_below)
    for name in names:
        shown: dict[str, Any] = {"slice": slice_, "metric": name, "n": len(rows), "k": None, "of": None}
        yield shown | estimate_of(found[name], why=why.get(name))


def _calibration(
    rows: Scored, plan: BiasPlan, *, seed: int
) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    everybody = judged(rows, {}, plan, seed=seed)
    listed = [group_row(everybody, rows, plan)]
    disparities: list[dict[str, Any]] = []
    tests, impossible = [], []
    for attribute in plan.sensitive:
        groups = []
        for slice_, index in rows.by_group((attribute,)):
            if len(index) < plan.suppress_below:
                listed.append({"slice": slice_, "n": None, "state": "suppressed"})
                continue
            own = rows.take(index)
            one = judged(own, slice_, plan, seed=seed)
            groups.append(one)
            listed.append(group_row(one, own, plan))
        disparities += compared(groups, attribute, plan)
        tests.append(_sufficiency(rows, attribute, groups, plan))
        note = _impossibility(attribute, groups, plan)
        if note is not None:
            impossible.append(note)
    part = {
        "score": rows.column,
        "scale": rows.scale,
        "rows_used": len(rows),
        "missing_score": rows.missing,
        "outside_0_1": rows.outside,
        "lowest": figure(float(rows.score[0])),
        "highest": figure(float(rows.score[-1])),
        "bins": BINS,
        "thresholds": {name: {"value": value, "source": "choice"} for name, value in CHOSEN.items()},
        "groups": listed,
        "sufficiency": tests,
        "impossibility": impossible,
    }
    return part, disparities, list(_reasons(rows, disparities, impossible))


def _sufficiency(rows: Scored, attribute: str, groups: list[Judged], plan: BiasPlan) -> dict[str, Any]:
    """The likelihood ratio test of one attribute over its groups that are large enough and have both outcomes."""
    names = rows.groups[attribute].values
    least = plan.suppress_below
    kept = [
        names.index(one.slice[attribute])
        for one in groups
        if one.n >= plan.min_group and min(one.positives, one.n - one.positives) >= least
    ]
    made: dict[str, Any] = {"attribute": attribute, "groups": len(kept), "n": None, "statistic": None, "p": None}
    made["scale"] = "log-odds of the score" if rows.scale == PROBABILITY else "log-odds of the score's place"
    if len(kept) < 2:
        return made | {"why": "fewer_than_two_groups"}
    if rows.clusters is not None:
        return made | {"why": "clustered"}
    renumbered = np.full(len(names) + 1, -1, dtype=np.int64)
    renumbered[kept] = np.arange(len(kept))
    code = renumbered[rows.groups[attribute].codes]
    used = np.flatnonzero(code >= 0)
    place = log_odds(rows.score if rows.scale == PROBABILITY else _places(rows))
    weights = None if rows.weights is None else rows.weights[used]
    found = sufficiency(rows.label[used], place[used], code[used], weights)
    if found is None:
        return made | {"n": len(used), "why": "no_line_fits"}
    whole, bent = found
    return made | {
        "n": len(used),
        "statistic": figure(whole.statistic),
        "degrees": whole.degrees,
        "p": figure(whole.p),
        "interaction": {"statistic": figure(bent.statistic), "degrees": bent.degrees, "p": figure(bent.p)},
        "method": "likelihood ratio of logistic regressions with and without group and group x score",
    }


def _places(rows: Scored) -> Floats:
    """Where each score stands among all, the middle of its equals, strictly between 0 and 1."""
    starts = starts_of_runs(rows.score)
    ends = np.append(starts[1:], len(rows))
    return np.repeat((starts + ends) / 2 / len(rows), ends - starts)


def _impossibility(attribute: str, groups: list[Judged], plan: BiasPlan) -> dict[str, Any] | None:
    """The two groups whose outcomes differ most, where they surely do; None where none do.

    They are picked from all pairs, so the interval is one that holds for all of these together (Bonferroni).
    """
    large = [one for one in groups if one.n >= plan.min_group]
    if len(large) < 2:
        return None
    high, low = max(large, key=lambda one: one.base[0]), min(large, key=lambda one: one.base[0])
    (rate, n), (other, of) = high.base, low.base
    z = simultaneous_z(len(large) * (len(large) - 1) // 2, independent=False)
    least, most = newcombe(rate * n, n, other * of, of, z)
    if not float(least) > 0:
        return None
    return {
        "attribute": attribute,
        "slice": high.slice,
        "comparator": low.slice,
        "base_rate": figure(rate),
        "comparator_base_rate": figure(other),
        "value": figure(rate - other),
        "ci_low": figure(float(least)),
        "ci_high": figure(float(most)),
    }


def _reasons(
    rows: Scored, disparities: list[dict[str, Any]], impossible: list[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    def because(code: str, locus: str, **params: Any) -> dict[str, Any]:
        return {"code": code, "locus": locus, "params": params}

    for row in disparities:
        if row["verdict"] == "fail":
            (attribute,) = row["slice"]
            group, other = row["slice"][attribute], row["comparator"][attribute]
            kept = ("metric", "value", "ci_low", "ci_high", "n", "comparator_n", "threshold")
            yield because(
                "bias.score_differs",
                f"{row['metric']} {attribute}={group} vs {other}",
                attribute=attribute,
                group=group,
                comparator=other,
                **{name: row[name] for name in kept},
            )
    for note in impossible:
        (attribute,) = note["slice"]
        yield because(
            "bias.base_rates_differ",
            f"calibration {attribute}",
            attribute=attribute,
            group=note["slice"][attribute],
            comparator=note["comparator"][attribute],
            base_rate=note["base_rate"],
            comparator_base_rate=note["comparator_base_rate"],
        )
    if rows.outside:
        yield because(
            "bias.score_not_probability",
            "score",
            column=rows.column,
            rows=rows.outside,
            lowest=figure(float(rows.score[0])),
            highest=figure(float(rows.score[-1])),
        )
    if rows.score[0] == rows.score[-1]:
        yield because("bias.score_constant", "score", column=rows.column, value=figure(float(rows.score[0])))
    if rows.missing:
        yield because("bias.score_missing", "score", column=rows.column, rows=rows.missing, of=rows.missing + len(rows))
