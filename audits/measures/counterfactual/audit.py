"""The counterfactual audit: texts with answers and a plan in, a document with figures, verdict and reasons out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import rfc8785

from audits.measures.coded import Progress
from audits.measures.counterfactual.comparing import (
    comparison,
    control_flips_of,
    ctf_gap,
    excess_of,
    flips_of,
    identity_shift,
    score_figures,
)
from audits.measures.counterfactual.pairs import Pairs, paired
from audits.measures.counterfactual.plan import CounterfactualPlan
from audits.measures.counterfactual.reasons import CODES
from audits.measures.figures import figure
from audits.measures.multiplicity import benjamini_hochberg
from audits.measures.resampling import generator
from audits.measures.tables.opening import Table
from audits.measures.verdicts import ALPHA, worst

MOST_EXAMPLES = 10
LONGEST_EXAMPLE = 300
# With fewer answers that an edit leaves alone, the audit would speak of the smaller part of the texts.
LEAST_STABLE = 0.5


def audit_counterfactual(
    table: Table, plan: CounterfactualPlan, *, progress: Progress | None = None, seed: int = 0
) -> dict[str, Any]:
    """Measure how much answers depend on whom a text is about, beyond what any edit at that place does.

    Args:
        table: opened by ``pairs.open_for`` with the same plan; it is read once.
        plan: the columns, and what is too much.
        progress: told rows done and rows known after every chunk; what it raises passes through.
        seed: of the bootstrap.

    Returns:
        The document, JSON-ready; ``digest`` is the SHA-256 of the RFC 8785 form of all the rest. Per pair of identities
        ``value`` is the share of changed answers beyond the control's, ``stable`` the share of answers that the control
        leaves alone, at the cautious end: only those can show what an identity does. It is *fail* when the whole
        interval lies beyond ``fail_at`` and q <= 0.05; *no_information* where ``stable`` is at most ``fail_at``;
        *insufficient_data* with fewer than ``min_pairs`` pairs that have a control, where less than half is stable, or
        where a change as large as ``fail_at`` of the stable answers would go unseen; *pass* when the whole interval
        lies below ``warn_at`` of the stable answers, and would whatever the pairs without answer or control had
        said (*insufficient_data* else); *warn* otherwise. The run is the worst of those with enough
        pairs; *no_information* where all answers are equal.

    Raises:
        TableRejected: the table cannot be read or cannot support the audit.
    """
    pairs = paired(table, plan, progress=progress)
    comparisons = list(_comparisons(pairs, plan, seed))
    _correct(comparisons)
    for row in comparisons:
        row["takes_part"] = row["n"] >= plan.min_pairs
        row["verdict"] = _verdict(row, plan)
    everything = np.ones(len(pairs), dtype=bool)
    excess = excess_of(pairs, everything, replicates=plan.bootstrap, random=generator(seed, "all"))
    scores = score_figures(
        pairs, everything, np.ones(len(pairs)), replicates=plan.bootstrap, seed=seed, names=("all",)
    )["score"]
    shifts = [identity_shift(pairs, at, replicates=plan.bootstrap, seed=seed) for at in range(len(pairs.identities))]
    document: dict[str, Any] = {
        "verdict": _of_run(comparisons, pairs, plan),
        "rows_used": pairs.rows - sum(pairs.dropped.values()),
        "rows_dropped": dict(pairs.dropped),
        "pairs": len(pairs),
        "pairs_with_control": int((pairs.controls > 0).sum()),
        "overall": {
            "n": excess.n,
            "templates": excess.templates,
            "flips": flips_of(pairs, everything),
            "control_flips": control_flips_of(pairs, everything),
            "value": figure(excess.value),
            "ci_low": figure(excess.low),
            "ci_high": figure(excess.high),
            "mean_abs": None if scores is None else scores["mean_abs"],
            "excess_abs": None if scores is None else scores["excess_abs"],
            "ctf_gap": ctf_gap(pairs, replicates=plan.bootstrap, seed=seed),
            "role": "context",
        },
        "comparisons": comparisons,
        "identities": [row for row in shifts if row is not None],
        "worst": _worst(comparisons),
        "examples": _examples(pairs),
        "reasons": list(_reasons(pairs, comparisons, plan)),
        "thresholds": {
            "warn_at": figure(plan.warn_at),
            "fail_at": figure(plan.fail_at),
            "source": "Giskard's scan (5 % and 10 % of changed answers), here beyond the control; a choice",
        },
        "plan": plan.as_document(),
        "seed": seed,
    }
    document["digest"] = hashlib.sha256(rfc8785.dumps(document)).hexdigest()
    return document


def _comparisons(pairs: Pairs, plan: CounterfactualPlan, seed: int) -> Iterator[dict[str, Any]]:
    low, high = np.minimum(pairs.original, pairs.identity), np.maximum(pairs.original, pairs.identity)
    found = np.unique(np.stack([pairs.swap, low, high]), axis=1).T.tolist()
    # pairs of identities of whom not a single pair has its answers are not measured, and not forgotten
    for swap, first, second in sorted({*(tuple(one) for one in found), *pairs.unanswered}):
        yield comparison(pairs, swap, first, second, replicates=plan.bootstrap, seed=seed)


def _correct(comparisons: Sequence[dict[str, Any]]) -> None:
    """Fill in q: excess, direction and shift of scores are three families."""
    families: list[list[dict[str, Any]]] = [
        list(comparisons),
        [row["direction"] for row in comparisons if row["direction"] is not None],
        [shift for row in comparisons if (shift := _shift(row)) is not None],
    ]
    for family in families:
        tested = [row for row in family if row["p"] is not None]
        for row in family:
            row["q"] = None
        for row, q in zip(tested, benjamini_hochberg([row["p"] for row in tested]), strict=True):
            row["q"] = figure(float(q))


def _shift(row: dict[str, Any]) -> dict[str, Any] | None:
    """The shift of scores beyond the control."""
    found: dict[str, Any] | None = row["score"] and row["score"]["excess_shift"]
    return found


def _verdict(row: dict[str, Any], plan: CounterfactualPlan) -> str:
    if not row["takes_part"] or row["ci_low"] is None:
        return "insufficient_data"
    if row["ci_low"] > plan.fail_at and row["q"] <= ALPHA:
        return "fail"
    # Where an edit that changes nobody changes the answer, nobody can tell what the identity did.
    stable = row["stable"]
    if stable <= plan.fail_at:
        return "no_information"
    if stable < LEAST_STABLE or row["mde"] > plan.fail_at * stable:
        return "insufficient_data"
    if row["ci_high"] >= plan.warn_at * stable:
        return "warn"
    return "insufficient_data" if _left_out_matters(row, plan) else "pass"


def _left_out_matters(row: dict[str, Any], plan: CounterfactualPlan) -> bool:
    """Whether the pairs without control or answer could have kept a pair of identities from passing."""
    return bool(row["at_worst"] >= plan.warn_at * row["stable"])


def _of_run(comparisons: Sequence[dict[str, Any]], pairs: Pairs, plan: CounterfactualPlan) -> str:
    if pairs.constant is not None:
        return "no_information"
    # with all their answers and controls, these would have been judged
    large = [row for row in comparisons if row["pairs"] + row["unanswered"] >= plan.min_pairs]
    found = [row["verdict"] for row in large] or ["insufficient_data"]
    return worst([*found, *(["insufficient_data"] if _nameless_matter(comparisons, pairs, plan) else [])])


def _nameless(pairs: Pairs) -> int:
    """Rows of which nobody can say to which pair of identities they belong."""
    return sum(pairs.dropped.get(why, 0) for why in ("missing_id_role_or_identity", "without_original"))


def _nameless_matter(comparisons: Sequence[dict[str, Any]], pairs: Pairs, plan: CounterfactualPlan) -> bool:
    """Whether these rows could have kept a pair of identities from passing, had they all been of it and changed."""
    more = _nameless(pairs)
    for row in comparisons if more else ():
        n = row["n"] + row["without_control"] + row["unanswered"]
        if row["verdict"] == "pass" and row["at_worst"] * n + more >= plan.warn_at * row["stable"] * (n + more):
            return True
    return False


def _worst(comparisons: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The pair of identities whose answers change most beyond the control, of those with enough pairs."""
    among = [row for row in comparisons if row["takes_part"] and row["value"] is not None]
    if not among:
        return None
    row = max(among, key=lambda one: (one["value"], one["ci_low"], one["swap"], one["identity"], one["other"]))
    return {key: row[key] for key in ("swap", "identity", "other", "n", "value", "ci_low", "ci_high", "verdict")}


def _examples(pairs: Pairs) -> list[dict[str, Any]]:
    """Pairs whose answer the swap changed and the control did not, widest change of the score first."""
    changed = np.flatnonzero(pairs.decided & pairs.flips & ~(pairs.control_flip > 0))
    width = np.nan_to_num(np.abs(pairs.shift[changed]), nan=0.0)
    ids = [str(pairs.text_ids[row]) for row in pairs.row[changed]]
    order = sorted(range(changed.size), key=lambda at: (-width[at], ids[at], int(pairs.identity[changed[at]])))
    return [_example(pairs, int(changed[at])) for at in order[:MOST_EXAMPLES]]


def _example(pairs: Pairs, at: int) -> dict[str, Any]:
    before, after = int(pairs.row_before[at]), int(pairs.row[at])
    return {
        "text_id": str(pairs.text_ids[after]),
        "swap": pairs.swaps[int(pairs.swap[at])],
        "identity": pairs.identities[int(pairs.original[at])],
        "other": pairs.identities[int(pairs.identity[at])],
        "text": str(pairs.texts[before] or "")[:LONGEST_EXAMPLE],
        "other_text": str(pairs.texts[after] or "")[:LONGEST_EXAMPLE],
        "answer": pairs.answers[int(pairs.answer_before[at])],
        "other_answer": pairs.answers[int(pairs.answer[at])],
        "score": figure(float(pairs.score_before[at])),
        "other_score": figure(float(pairs.score[at])),
    }


def _reasons(pairs: Pairs, comparisons: Sequence[dict[str, Any]], plan: CounterfactualPlan) -> Iterator[dict[str, Any]]:
    if pairs.constant is not None:
        yield _reason("counterfactual.no_information", "", prediction=pairs.constant, n=len(pairs))
    if not pairs.answers:
        yield _reason("counterfactual.no_decisions", "", column=plan.score)
    without = int((pairs.controls == 0).sum())
    if without:
        yield _reason("counterfactual.no_control", "", pairs=without, of=len(pairs))
    if _nameless_matter(comparisons, pairs, plan):
        yield _reason(
            "counterfactual.nameless_matter", "", rows=_nameless(pairs), of=pairs.rows, warn_at=figure(plan.warn_at)
        )
    if pairs.copies:
        yield _reason("counterfactual.copies", "", copies=pairs.copies, of=len(pairs))
    for row in comparisons:
        yield from _of_comparison(row, plan)
    for why, rows in pairs.dropped.items():
        yield _reason("counterfactual.rows_dropped", why, rows=rows, of=pairs.rows, why=why)


def _of_comparison(row: dict[str, Any], plan: CounterfactualPlan) -> Iterator[dict[str, Any]]:
    locus = f"{row['swap']} {row['identity']} vs {row['other']}".strip()
    told = {
        **row,
        "flip_rate": row["flips"] and row["flips"]["value"],
        "control_rate": row["control_flips"] and row["control_flips"]["value"],
        "warn_at": plan.warn_at,
        "fail_at": plan.fail_at,
        "min_pairs": plan.min_pairs,
    }
    code = _code(row, plan)
    if code is not None:
        yield _reason(code, locus, **{name: told[name] for name in CODES[code][1]})
    direction = row["direction"]
    if direction is not None and direction["q"] <= ALPHA:
        names = {key: row[key] for key in ("swap", "identity", "other")}
        counts = {key: direction[key] for key in ("positive", "only_identity", "only_other", "q")}
        yield _reason("counterfactual.one_direction", locus, **names, **counts)
    shift = _shift(row)
    if shift is not None and shift["q"] is not None and shift["q"] <= ALPHA:
        names = {key: row[key] for key in ("swap", "identity", "other")}
        figures = {key: shift[key] for key in ("value", "ci_low", "ci_high", "n", "q")}
        yield _reason("counterfactual.score_shift", locus, **names, **figures)


def _code(row: dict[str, Any], plan: CounterfactualPlan) -> str | None:
    """Which reason a verdict of a comparison has."""
    if row["verdict"] == "insufficient_data":
        if not row["takes_part"]:
            return "counterfactual.too_few_pairs"
        if row["stable"] is not None and row["stable"] < LEAST_STABLE:
            return "counterfactual.answers_unstable"
        seen = row["mde"] is not None and row["mde"] <= plan.fail_at * row["stable"]
        return "counterfactual.left_out_matters" if seen else "counterfactual.change_not_detectable"
    return {
        "fail": "counterfactual.answers_depend_on_identity",
        "warn": "counterfactual.inconclusive",
        "no_information": "counterfactual.nothing_stable",
    }.get(row["verdict"])


def _reason(code: str, locus: str, **params: Any) -> dict[str, Any]:
    assert set(params) == set(CODES[code][1]), code  # noqa: S101 - a code always carries the same parameters
    return {"code": code, "locus": locus, "params": params}
