"""The suite audit: cases with predictions and a plan in, a document with one verdict per functionality out."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import rfc8785

from audits.measures.clustered import ClusteredShare, clustered_share
from audits.measures.coded import Coded, Progress
from audits.measures.figures import figure
from audits.measures.intervals import Z95, Array, detectable_difference, two_sided_p
from audits.measures.multiplicity import benjamini_hochberg
from audits.measures.resampling import generator
from audits.measures.suites.cases import DIR, Cases, judged_cases
from audits.measures.suites.plan import DEFAULT_LEAST, SuitePlan
from audits.measures.suites.reasons import CODES
from audits.measures.tables.opening import Table
from audits.measures.verdicts import ALPHA, worst

MOST_EXAMPLES = 3
LONGEST_EXAMPLE = 300
_REPLICATES = 2_000
METHOD = "Wilson, n reduced by the design effect of templates"


def audit_suite(table: Table, plan: SuitePlan, *, progress: Progress | None = None, seed: int = 0) -> dict[str, Any]:
    """Judge every functionality of a suite by itself.

    Args:
        table: opened by ``cases.open_for`` with the same plan; it is read once.
        plan: the columns, and the accuracy that each functionality needs.
        progress: told rows done and rows known after every chunk; what it raises passes through.
        seed: of the permutations behind the gap between targets.

    Returns:
        The document, JSON-ready; ``digest`` is the SHA-256 of the RFC 8785 form of all the rest. A functionality is
        *fail* when its whole interval lies below ``least`` and q <= 0.05, *insufficient_data* with fewer than
        ``min_cases`` cases, *pass* when the whole interval lies at or above ``least``, *warn* otherwise. The run is the
        worst of those with enough cases; *no_information* where all predictions, or all scores of the tests of
        direction, are equal and nothing fails; *insufficient_data* where the cases that say nothing could have been
        wrong often enough to matter. The accuracy of all cases together is given for context and decides nothing.

    Raises:
        TableRejected: the table cannot be read or cannot support the audit.
    """
    cases = judged_cases(table, plan, progress=progress)
    functionalities = list(_functionalities(cases, plan))
    _correct(functionalities)
    for row in functionalities:
        row["verdict"] = _verdict(row, plan)
    targets = list(_targets(cases))
    _correct(targets)
    constant = _constant(cases)
    left_out = list(_left_out(cases, functionalities, plan))
    reasons = [*_reasons(cases, functionalities, targets, plan, constant=constant), *left_out, *_dropped(cases)]
    nothing = constant is not None or cases.constant_score is not None or _too_tolerant(cases, plan)
    document: dict[str, Any] = {
        "verdict": _of_run(functionalities, left_out=bool(left_out), nothing=nothing),
        "rows_used": int(cases.right.size),
        "rows_dropped": dict(cases.dropped),
        "overall": {**_figures(clustered_share(cases.right, cases.template)), "role": "context"},
        "functionalities": functionalities,
        "labels": [{"label": name, **one} for name, one in _by(cases, cases.label)],
        "targets": targets,
        "target_gap": _widest(cases, targets, seed=seed),
        "reasons": reasons,
        "plan": plan.as_document(),
        "seed": seed,
    }
    document["digest"] = hashlib.sha256(rfc8785.dumps(document)).hexdigest()
    return document


def _figures(one: ClusteredShare) -> dict[str, Any]:
    return {
        "n": one.n,
        "k": one.k,
        "value": figure(one.value),
        "ci_low": figure(one.low),
        "ci_high": figure(one.high),
        "templates": one.clusters,
        "effective_n": figure(one.effective_n),
        "method": METHOD,
    }


def _by(cases: Cases, column: Coded) -> Iterator[tuple[str, dict[str, Any]]]:
    """Accuracy by the values of one column; cases without one are left out of it."""
    for at, name in enumerate(column.values):
        rows = column.codes == at
        if rows.any():
            yield name, _figures(clustered_share(cases.right[rows], cases.template[rows]))


def _functionalities(cases: Cases, plan: SuitePlan) -> Iterator[dict[str, Any]]:
    for name, figures in _by(cases, cases.functionality):
        rows = np.flatnonzero(cases.functionality.codes == cases.functionality.values.index(name))
        kinds = sorted({cases.test_type.values[code] for code in cases.test_type.codes[rows].tolist()})
        labels = sorted({cases.label.values[code] for code in np.unique(cases.label.codes[rows]) if code >= 0})
        least = plan.least_by_functionality.get(name, plan.least)
        n, value = figures["effective_n"], figures["value"]
        p = float(two_sided_p((value - least) / math.sqrt(least * (1 - least) / n)))
        set_by_plan = name in plan.least_by_functionality or plan.least != DEFAULT_LEAST
        yield {
            "functionality": name,
            "test_types": kinds,
            "labels": labels,
            **figures,
            "threshold": figure(least),
            "threshold_source": "plan" if set_by_plan else "default",
            "p": figure(p),
            "mde": figure(float(detectable_difference(n, math.inf, least))),
            "takes_part": figures["n"] >= plan.min_cases,
            "examples": _examples(cases, rows),
        }


def _examples(cases: Cases, rows: npt.NDArray[np.int64]) -> list[dict[str, Any]]:
    """Some cases that turned out wrong, first by id, so that any order of rows shows the same."""
    wrong = rows[~cases.right[rows]]
    ordered = sorted(wrong.tolist(), key=lambda at: (len(str(cases.case_id[at])), str(cases.case_id[at])))
    return [
        {
            "case_id": str(cases.case_id[at]),
            "text": str(cases.text[at] or "")[:LONGEST_EXAMPLE],
            "label": _said(cases.label, at),
            "prediction": _said(cases.prediction, at),
        }
        for at in ordered[:MOST_EXAMPLES]
    ]


def _said(column: Coded, at: int) -> str | None:
    code = int(column.codes[at])
    return column.values[code] if code >= 0 else None


def _targets(cases: Cases) -> Iterator[dict[str, Any]]:
    """Each target's accuracy, and its gap to all other targets within the same functionalities.

    For information: targets decide nothing here. The gap is a mean over functionalities, so that a target with more of
    the hard tests is not taken for one that is treated worse.
    """
    people, hits = _by_target(cases)
    for name, figures in _by(cases, cases.target):
        at = cases.target.values.index(name)
        n, k = people[:, at], hits[:, at]
        row: dict[str, Any] = {"target": name, **figures}
        gap, low, high, p = _gap_within(k, n, hits.sum(axis=1) - k, people.sum(axis=1) - n)
        row |= {"gap": figure(gap), "gap_ci_low": figure(low), "gap_ci_high": figure(high), "p": figure(p)}
        yield row


def _by_target(cases: Cases) -> tuple[Array, Array]:
    """Cases and right ones among them, shape (functionalities, targets); cases about nobody are left out."""
    rows = cases.target.codes >= 0
    shape = (len(cases.functionality.values), len(cases.target.values))
    cells = cases.functionality.codes[rows] * shape[1] + cases.target.codes[rows]
    people = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)
    hits = np.bincount(cells, weights=cases.right[rows].astype(float), minlength=people.size).reshape(shape)
    return people.astype(float), hits.astype(float)


def _gap_within(k1: Array, n1: Array, k2: Array, n2: Array) -> tuple[float, float, float, float]:
    """Mantel-Haenszel's difference of two shares over strata: value, 95 % interval, two-sided p; nan without strata.

    The variance within a stratum is that of the common share with half a success and half a failure more, so that it
    is never 0.

    Source:
        Greenland and Robins 1985, Biometrics 41:55 (weights n1 n2 / (n1 + n2)).
    """
    both = (n1 > 0) & (n2 > 0)
    if not both.any():
        return (math.nan,) * 4
    k1, n1, k2, n2 = (one[both] for one in (k1, n1, k2, n2))
    weights = n1 * n2 / (n1 + n2)
    gap = float((weights * (k1 / n1 - k2 / n2)).sum() / weights.sum())
    common = (k1 + k2 + 0.5) / (n1 + n2 + 1)
    error = math.sqrt(float((weights * common * (1 - common)).sum())) / float(weights.sum())
    low, high = max(gap - Z95 * error, -1.0), min(gap + Z95 * error, 1.0)
    return gap, low, high, float(two_sided_p(gap / error))


def _widest(cases: Cases, targets: Sequence[dict[str, Any]], *, seed: int) -> dict[str, Any] | None:
    """The widest gap in accuracy between any two targets, and how often luck alone makes one as wide.

    Targets are shuffled among the cases of each functionality, so that a target that has more of the hard tests is
    not taken for one that is treated worse.
    """
    if len(targets) < 2:
        return None
    sizes, hits = _by_target(cases)
    totals = sizes.sum(axis=0)
    named = totals > 0
    random = generator(seed, "targets")
    drawn = np.zeros((_REPLICATES, sizes.shape[1]))
    for each, right in zip(sizes.astype(np.int64), hits.sum(axis=1), strict=True):
        if each.any():
            drawn += random.multivariate_hypergeometric(each, int(right), size=_REPLICATES, method="marginals")
    rates = drawn[:, named] / totals[named]
    seen = hits.sum(axis=0)[named] / totals[named]
    gap = float(seen.max() - seen.min())
    as_wide = int((rates.max(axis=1) - rates.min(axis=1) >= gap - 1e-12).sum())
    best = max(targets, key=lambda row: (row["value"], row["target"]))
    least = min(targets, key=lambda row: (row["value"], row["target"]))
    return {
        "value": figure(gap),
        "lowest": least["target"],
        "highest": best["target"],
        "p": figure((1 + as_wide) / (1 + _REPLICATES)),
        "method": "permutation of targets within functionalities",
    }


def _correct(rows: list[dict[str, Any]]) -> None:
    tested = [row for row in rows if row.get("p") is not None]
    for row in rows:
        row["q"] = None
    for row, q in zip(tested, benjamini_hochberg([row["p"] for row in tested]), strict=True):
        row["q"] = figure(float(q))


def _verdict(row: dict[str, Any], plan: SuitePlan) -> str:
    if not row["takes_part"]:
        return "insufficient_data"
    if row["ci_high"] < row["threshold"] and row["q"] <= ALPHA:
        return "fail"
    # a fall from no failure at all to the limit has to be visible in so few cases
    if row["mde"] is not None and row["mde"] > 1 - row["threshold"]:
        return "insufficient_data"
    return "pass" if row["ci_low"] >= row["threshold"] else "warn"


def _constant(cases: Cases) -> str | None:
    """The prediction that every case got whose test asks for one, where there is but one."""
    asked = cases.test_type.codes != cases.test_type.values.index(DIR)
    said = np.unique(cases.prediction.codes[asked])
    return cases.prediction.values[said[0]] if said.size == 1 else None


def _too_tolerant(cases: Cases, plan: SuitePlan) -> bool:
    """Whether scores lie so near to each other that no test of direction could have failed."""
    return plan.tolerance is not None and cases.constant_score is None and cases.score_spread <= plan.tolerance


def _of_run(functionalities: Sequence[dict[str, Any]], *, left_out: bool, nothing: bool) -> str:
    found = [row["verdict"] for row in functionalities if row["takes_part"]] or ["insufficient_data"]
    found += ["insufficient_data"] * left_out + ["no_information"] * nothing
    return worst(found)


def _left_out(cases: Cases, functionalities: Sequence[dict[str, Any]], plan: SuitePlan) -> Iterator[dict[str, Any]]:
    """Functionalities whose cases without an answer might have brought them below their limit as wrong ones.

    Leaving cases unanswered, or moving no score, must not help.
    """
    given = {row["functionality"]: (row["k"], row["n"]) for row in functionalities}
    # a case that names no functionality may be of any
    nameless = cases.dropped.get("missing_functionality", 0)
    for name in sorted({*cases.unanswered, *(given if nameless else ())}):
        right, judged = given.get(name, (0, 0))
        left = cases.unanswered.get(name, 0) + nameless
        least = plan.least_by_functionality.get(name, plan.least)
        if right < least * (judged + left):
            yield _reason(
                "suite.left_out_matters",
                name,
                functionality=name,
                right=right,
                n=judged,
                left=left,
                unmoved=cases.unmoved.get(name, 0),
                threshold=figure(least),
            )


def _reasons(
    cases: Cases,
    functionalities: Sequence[dict[str, Any]],
    targets: Sequence[dict[str, Any]],
    plan: SuitePlan,
    *,
    constant: str | None,
) -> Iterator[dict[str, Any]]:
    if constant is not None:
        yield _reason(
            "suite.constant_prediction",
            "",
            prediction=constant,
            n=int(cases.right.size),
            accuracy=figure(float(cases.right.mean())),
            functionalities_at_zero=sum(row["k"] == 0 for row in functionalities),
        )
    directed = int((cases.test_type.codes == cases.test_type.values.index(DIR)).sum()) + sum(cases.unmoved.values())
    if cases.constant_score is not None:
        yield _reason("suite.constant_score", "", score=figure(cases.constant_score), n=directed)
    elif plan.tolerance is not None and _too_tolerant(cases, plan):
        told = {"tolerance": figure(plan.tolerance), "spread": figure(cases.score_spread)}
        yield _reason("suite.tolerance_too_wide", "", n=directed, **told)
    for row in functionalities:
        name = row["functionality"]
        if row["verdict"] in ("fail", "warn"):
            code = "suite.functionality_fails" if row["verdict"] == "fail" else "suite.inconclusive"
            yield _reason(code, name, **{key: row[key] for key in CODES[code][1]})
        elif row["verdict"] == "insufficient_data":
            code = "suite.templates_too_alike" if row["takes_part"] else "suite.too_few_cases"
            told = {**row, "min_cases": plan.min_cases, "effective_n": math.floor(row["effective_n"])}
            yield _reason(code, name, **{key: told[key] for key in CODES[code][1]})
    for row in targets:
        if row["q"] is not None and row["q"] <= ALPHA and row["gap"] < 0 and row["gap_ci_high"] < 0:
            yield _reason(
                "suite.target_gap",
                f"target {row['target']}",
                target=row["target"],
                value=row["value"],
                gap=row["gap"],
                ci_low=row["gap_ci_low"],
                ci_high=row["gap_ci_high"],
                n=row["n"],
                q=row["q"],
            )


def _dropped(cases: Cases) -> Iterator[dict[str, Any]]:
    for why, rows in cases.dropped.items():
        if why == "copies":
            yield _reason("suite.copies", "", copies=rows, of=cases.rows, disagreeing=cases.disagreeing)
        elif why != "reference_only":
            yield _reason("suite.rows_dropped", why, rows=rows, of=cases.rows, why=why)


def _reason(code: str, locus: str, **params: Any) -> dict[str, Any]:
    assert set(params) == set(CODES[code][1]), code  # noqa: S101 - a code always carries the same parameters
    return {"code": code, "locus": locus, "params": params}
