"""The stress of texts judged: the answers to changed texts in, a document with one verdict per family out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from audits.measures.figures import figure
from audits.measures.intervals import detectable_difference, two_sided_p
from audits.measures.multiplicity import benjamini_hochberg
from audits.measures.stress.flips import Baseline, Codes, Mask, compared, share_of, turned
from audits.measures.stress.names import NATURAL, TEXT_FAMILIES
from audits.measures.stress.plan import StressPlan
from audits.measures.stress.reasons import CODES, reason
from audits.measures.verdicts import ALPHA, worst

Document = dict[str, Any]
MOST_EXAMPLES = 3
LONGEST_EXAMPLE = 300
# Of the texts as they are, answered: what is left says too little of a model that has no answer to more of them. A
# choice, neither law nor standard.
LEAST_ANSWERED = 0.5


@dataclass(frozen=True)
class FamilyAnswers:
    """One family at one severity.

    Attributes:
        changed: which texts it changes, shape (n,).
        said: codes of the answers, -1 where one is none, shape (n,); None where the model did not answer.
        failure: the code of how it failed, with its message; empty where it answered.
        edits: share of the characters that are changed, over the texts that are.
    """

    family: str
    severity: int
    changed: Mask
    said: Codes | None
    edits: float
    failure: str = ""
    message: str = ""


def judged_texts(
    before: Baseline, asked: Sequence[FamilyAnswers], plan: StressPlan, *, names: Sequence[str]
) -> Document:
    """Judge every family of changes by itself.

    Args:
        before: the answers to the texts as they are.
        asked: every family at every severity of the plan.
        names: of answers, by code.

    Returns:
        JSON-ready: ``verdict``, ``clean`` (accuracy on the texts as they are), ``families`` (each with its ``curve`` by
        severity, what it is ``judged`` by, a verdict), ``worst_case`` and ``average`` by severity, ``reasons``.
        A family is *fail* where the whole interval of flips of originally right answers at ``judged_at`` lies above
        ``fail_at`` and q <= 0.05, or where the model broke at it; *insufficient_data* with fewer than ``min_texts``
        such answers, or where a rise to ``fail_at`` could not be seen in so few; *pass* where the whole interval lies
        below ``warn_at``; *warn* otherwise. The document is the worst of the families that decide; *no_information*
        where all answers to the texts as they are are equal, *insufficient_data* where none of them is right, or more
        than half of these texts have none.
    """
    families = [_family(name, before, rows, plan) for name, rows in _by_family(asked)]
    _correct(families)
    for one in families:
        one["verdict"] = _verdict(one, plan)
    nothing = _nothing_to_turn(before)
    deciding = [one["verdict"] for one in families if one["role"] == "gating" and one["verdict"] != "not_measured"]
    said = [*(deciding or ["insufficient_data"]), *([nothing] if nothing else [])]
    return {
        "verdict": worst(said),
        "texts": len(before.said),
        "labelled": before.label is not None,
        "clean": None if before.label is None else share_of(before.right[before.label >= 0]),
        "families": families,
        "worst_case": list(_worst_case(before, asked, plan)),
        "reasons": [*_of_answers(before, nothing, names), *_reasons(families, plan)],
    }


def _by_family(asked: Sequence[FamilyAnswers]) -> Iterator[tuple[str, list[FamilyAnswers]]]:
    for name in dict.fromkeys(one.family for one in asked):
        yield name, sorted((one for one in asked if one.family == name), key=lambda one: one.severity)


def _family(name: str, before: Baseline, rows: Sequence[FamilyAnswers], plan: StressPlan) -> Document:
    unit, origin = TEXT_FAMILIES[name]
    curve = [
        {
            "severity": one.severity,
            "edits": figure(one.edits),
            "failure": one.failure,
            **({"changed": int(one.changed.sum())} if one.said is None else compared(before, one.said, one.changed)),
        }
        for one in rows
    ]
    at = next(row for row in curve if row["severity"] == plan.judged_at)
    gating = name in plan.gating if plan.gating else origin == NATURAL
    made: Document = {
        "family": name,
        "unit": unit,
        "origin": origin,
        "role": "gating" if gating else "informative",
        "curve": curve,
        "failures": [
            {"at": one.severity, "failure": one.failure, "message": one.message} for one in rows if one.failure
        ],
        "judged": None,
    }
    if at["changed"] and not at["failure"]:
        made["judged"] = _judged(at["flips"], plan)
    made["retained"] = _retained(curve)
    return made


def _judged(flips: Mapping[str, Any], plan: StressPlan) -> Document:
    n, value, limit = flips["n"], flips["value"], plan.fail_at
    p = math.nan if not n else float(two_sided_p((value - limit) / math.sqrt(limit * (1 - limit) / n)))
    mde = float(detectable_difference(n, math.inf, limit))
    return {**flips, "at": plan.judged_at, "p": figure(p), "q": None, "mde": figure(mde)}


def _retained(curve: Sequence[Mapping[str, Any]]) -> float | None:
    """Accuracy over all severities as a share of that on the same texts as they are; the area under the curve."""
    measured = [row for row in curve if row.get("accuracy") and row["accuracy"]["value"] is not None]
    clean = sum(row["clean_accuracy"]["value"] for row in measured)
    return figure(sum(row["accuracy"]["value"] for row in measured) / clean) if clean else None


def _correct(families: Sequence[Document]) -> None:
    tested = [one["judged"] for one in families if one["judged"] is not None and one["judged"]["p"] is not None]
    for one, q in zip(tested, benjamini_hochberg([one["p"] for one in tested]), strict=True):
        one["q"] = figure(float(q))


def _verdict(family: Mapping[str, Any], plan: StressPlan) -> str:
    """Of one family; ``not_measured`` where it changes no text, so that nothing can be said of it either way."""
    judged = family["judged"]
    if family["failures"]:
        return "fail"
    if judged is None:
        return "not_measured"
    if judged["n"] < plan.min_texts:
        return "insufficient_data"
    if judged["ci_low"] > plan.fail_at and judged["q"] <= ALPHA:
        return "fail"
    if judged["mde"] > plan.fail_at:
        return "insufficient_data"
    return "pass" if judged["ci_high"] < plan.warn_at else "warn"


def _nothing_to_turn(before: Baseline) -> str:
    """Why the answers to unchanged texts say nothing; empty where they do."""
    if not before.right.any():
        return "insufficient_data"
    if np.unique(before.said[before.answered]).size == 1:
        return "no_information"
    return "insufficient_data" if before.answered.mean() < LEAST_ANSWERED else ""


def _worst_case(before: Baseline, asked: Sequence[FamilyAnswers], plan: StressPlan) -> Iterator[Document]:
    """By severity: of texts that the model was right about, those where some family turns it; and the mean family's."""
    for severity in plan.severities:
        here = [one for one in asked if one.severity == severity and one.said is not None]
        right = before.right
        if not here or not right.any():
            continue
        broken = np.zeros(len(right), dtype=bool)
        shares = []
        for one in here:
            if one.said is None:
                continue
            mine = turned(before, one.said) & one.changed
            broken |= mine
            if (able := right & one.changed).any():
                shares.append(float(mine.sum() / able.sum()))
        yield {
            "severity": severity,
            **share_of(broken[right]),
            "average": figure(float(np.mean(shares))) if shares else None,
            "families": len(here),
        }


def _of_answers(before: Baseline, nothing: str, names: Sequence[str]) -> Iterator[Document]:
    answered = before.said[before.answered]
    if not before.right.any():
        yield reason("stress.nothing_right", "", n=len(before.said))
    elif nothing == "no_information" and len(answered) > 1:
        yield reason("stress.constant_prediction", "", prediction=names[int(answered[0])], n=len(answered))
    if len(answered) < len(before.said):
        yield reason("stress.not_answered", "", n=len(before.said) - len(answered), of=len(before.said))


def _reasons(families: Sequence[Document], plan: StressPlan) -> Iterator[Document]:
    limits = {"warn_at": figure(plan.warn_at), "fail_at": figure(plan.fail_at), "min_texts": plan.min_texts}
    for one in families:
        name, verdict = one["family"], one["verdict"]
        if one["failures"]:
            yield reason("stress.model_broke", name, family=name, **one["failures"][0])
            continue
        if one["judged"] is None:
            continue
        told = {"family": name, **one["judged"], **limits}
        if one["role"] != "gating":
            codes = ["stress.crafted_turns"] if verdict == "fail" else []
        elif verdict == "insufficient_data":
            codes = ["stress.too_few" if told["n"] < plan.min_texts else "stress.not_detectable"]
        else:
            codes = {"fail": ["stress.answers_turn"], "warn": ["stress.inconclusive"]}.get(verdict, [])
        for code in codes:
            yield reason(code, name, **{key: told[key] for key in CODES[code][1]})
