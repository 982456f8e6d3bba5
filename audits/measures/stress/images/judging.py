"""What corruptions did to a model's answers: error over severities, answers that turn, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from audits.measures.figures import figure
from audits.measures.intervals import simultaneous_z, wilson
from audits.measures.stress.answers import SAME, Answers, Changed, Flags, Words, failures, row_of, verdict_of
from audits.measures.stress.images.constants import NOT_MADE, PUBLISHED_SIDE, SEVERITIES
from audits.measures.stress.images.errors import mean_errors, under_the_curve
from audits.measures.stress.images.plan import ImagesPlan
from audits.measures.verdicts import worst

# Corrupted pictures by corruption and severity: which of them changed, and the answers.
Asked = Mapping[tuple[str, int], Changed]


def judged_images(
    clean: Answers,
    asked: Asked,
    truth: Words | None,
    plan: ImagesPlan,
    *,
    side: int,
    judged_at: int,
    warn_at: float,
    fail_at: float,
    min_rows: int,
) -> dict[str, Any]:
    """Judge every corruption by the answers that turn at one severity; tell the errors at all of them.

    Args:
        clean: answers to the pictures as they are.
        asked: at severities 1 to 5 of each corruption.
        truth: shape (n,), right answers as texts; None where they are not known: then there are no errors.
        side: of the pictures as the model gets them, the shorter one: the published constants are for 224.

    Returns:
        JSON-ready: ``clean_error``, ``corruptions`` (``curve``, ``judged``, ``area`` under the error from clean to
        severity 5, ``verdict``), ``mean_error`` over what was measured (normalised where the plan has a baseline),
        ``worst_case`` (answers that some corruption turns, by severity), ``not_made`` and ``verdict``.
    """
    names = list(dict.fromkeys(name for name, _ in asked))
    z = simultaneous_z(len(names))
    clean_error = _error(clean, truth)
    rows: list[dict[str, Any]] = []
    errors: dict[str, list[float]] = {}
    some: dict[int, Flags] = {}
    for name in names:
        curve: list[dict[str, Any]] = []
        judged: dict[str, Any] = {}
        for severity in SEVERITIES:
            found = failures(clean, [asked[name, severity]], expected=SAME, truth=truth)
            some[severity] = some.get(severity, np.zeros(len(clean), dtype=bool)) | found.failing
            curve.append(
                {"severity": severity, "error": _error(asked[name, severity].after, truth), "flips": row_of(found)}
            )
            if severity == judged_at:
                judged = {**row_of(found, z=z), "severity": severity, "method": "Wilson, simultaneous"}
        measured = [one["error"]["value"] for one in curve if one["error"] is not None]
        area = None
        if clean_error is not None and len(measured) == len(SEVERITIES):
            errors[name] = measured
            area = figure(under_the_curve([clean_error["value"], *measured]))
        verdict = verdict_of(judged, warn_at=warn_at, fail_at=fail_at, min_rows=min_rows)
        rows.append({"corruption": name, "curve": curve, "judged": judged, "area": area, "verdict": verdict})
    return {
        "plan": plan.as_document(),
        "clean_error": clean_error,
        "side": side,
        "published_side": PUBLISHED_SIDE,
        "corruptions": rows,
        "mean_error": _means(errors, clean_error, plan),
        "worst_case": _worst_case(clean, some, truth, rows),
        "not_made": list(NOT_MADE),
        # none is left where the plan names only what says nothing about such pictures
        "verdict": worst([row["verdict"] for row in rows] or ["insufficient_data"]),
    }


def _error(answers: Answers, truth: Words | None) -> dict[str, Any] | None:
    """Answers that are not right, none counting as wrong: of pictures whose right answer is known."""
    if truth is None:
        return None
    known = np.array([one is not None for one in truth], dtype=bool)
    n = int(known.sum())
    if n == 0:
        return None
    k = n - int((answers.answered & (answers.words == truth) & known).sum())
    low, high = wilson(k, n)
    return {
        "n": n,
        "k": k,
        "value": figure(k / n),
        "ci_low": figure(float(low)),
        "ci_high": figure(float(high)),
        "method": "Wilson",
    }


def _means(
    errors: Mapping[str, Sequence[float]], clean: Mapping[str, Any] | None, plan: ImagesPlan
) -> dict[str, Any] | None:
    if clean is None or not errors:
        return None
    found = mean_errors(
        errors, clean=clean["value"], baseline=plan.baseline or None, baseline_clean=plan.baseline_clean
    )
    return {
        "value": figure(found.mean),
        "relative": figure(found.relative),
        "mce": None if found.mce is None else figure(found.mce),
        "relative_mce": None if found.relative_mce is None else figure(found.relative_mce),
        "over": list(found.corruptions),
        "normalised_over": list(found.normalised),
    }


def _worst_case(
    clean: Answers, some: Mapping[int, Flags], truth: Words | None, rows: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """By severity: of the pictures that it was right about, those that some corruption turns, beside the average."""
    right = clean.answered if truth is None else clean.answered & (clean.words == truth)
    n, made = int(right.sum()), []
    for severity, turned in some.items():
        k = int(turned.sum())
        low, high = wilson(k, n)
        values = [row["curve"][severity - 1]["flips"]["value"] for row in rows]
        known = [value for value in values if value is not None]
        made.append(
            {
                "severity": severity,
                "n": n,
                "k": k,
                "value": figure(k / n) if n else None,
                "ci_low": figure(float(low)),
                "ci_high": figure(float(high)),
                "average": figure(sum(known) / len(known)) if known else None,
            }
        )
    return made
