"""Every corruption of pictures at every severity."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from audits.adapters import tensors
from audits.adapters.refusals import ModelFailed, ModelRefused
from audits.measures.stress.answers import Answers, Changed
from audits.measures.stress.images.constants import PUBLISHED_SIDE, SEVERITIES
from audits.measures.stress.images.corrupting import CORRUPTIONS, corrupt
from audits.measures.stress.images.judging import judged_images
from audits.measures.stress.images.pixels import Bytes
from audits.measures.stress.images.warping import is_slanted
from audits.measures.stress.reasons import reason
from audits.stress.feeding import answers_from, nobody
from audits.stress.judging import alike, association, doubted, figures_of, never_varies, right_answers, tolerance_of
from audits.stress.pictures import NAME, as_batch, asked_for, images_of, plan_of, require_labels, takes_of
from audits.stress.results import Part, PartResult
from audits.stress.subject import Subject

# What the corruptions do to bytes; a change of it is another transform.
VERSION = 2
EXAMPLES_OF_ONE = 3


def _names(subject: Subject) -> tuple[str, ...]:
    """Those of the plan, else all, without those that say nothing about such pictures."""
    idle = _idle(subject)
    return tuple(name for name in plan_of(subject).corruptions or tuple(CORRUPTIONS) if name not in idle)


def _idle(subject: Subject) -> tuple[str, ...]:
    """Corruptions that would be tried and say nothing: of colours on grey pictures; and on small ones, unless the plan
    names it, the elastic one, which folds them."""
    _, _, (height, width, channels) = takes_of(subject)
    named = plan_of(subject).corruptions
    idle = []
    if channels != 3 and "saturate" in (named or CORRUPTIONS):
        idle.append("saturate")
    if not named and not is_slanted(min(height, width)):
        idle.append("elastic_transform")
    return tuple(idle)


def _asks(subject: Subject) -> int:
    if not asked_for(subject):
        return 0
    require_labels(subject)
    return len(subject.rows) * (1 + len(_names(subject)) * len(SEVERITIES))


def _run(subject: Subject) -> PartResult:
    images, plan = images_of(subject), subject.plan
    digest = tensors.digest({"images": images})
    clean = answers_from(subject.ask(as_batch(images, subject), data_digest=digest), subject)
    truth, tolerance = right_answers(subject, clean), tolerance_of(subject, clean)
    read = partial(alike, clean=clean, tolerance=tolerance)
    asked = {
        (name, severity): _asked(subject, images, digest, name, severity, read)
        for name in _names(subject)
        for severity in SEVERITIES
    }
    document = judged_images(
        clean,
        asked,
        truth,
        plan_of(subject),
        side=min(images.shape[1:3]),
        judged_at=plan.judged_at,
        warn_at=plan.warn_at,
        fail_at=plan.fail_at,
        min_rows=plan.min_texts,
    )
    right = clean.answered if truth is None else clean.answered & (clean.words == truth)
    cases = [
        {
            "part": NAME,
            "case": f"{name}/{severity}/{int(subject.rows[row]) + 1}",
            "corruption": name,
            "severity": severity,
            "row": int(subject.rows[row]) + 1,
            "before": str(clean.words[row]),
            "after": str(one.after.words[row]) if one.after.answered[row] else None,
        }
        for (name, severity), one in asked.items()
        for row in np.flatnonzero(right & one.rows & (one.after.words != clean.words)).tolist()
    ]
    document["examples"] = _mildest(cases)
    document["not_made"] += _idle(subject)
    document["tolerance"] = tolerance
    document["reasons"] = _reasons(document, subject)
    _doubt(document, subject, clean)
    return PartResult(document, cases, _summary(document))


def _doubt(document: dict[str, Any], subject: Subject, clean: Answers) -> None:
    """Say how pictures and numbers were read, and let nothing pass that rests on a scale which may be another."""
    reasons, divide_by = document["reasons"], plan_of(subject).divide_by
    constant, doubtful = never_varies(clean), False
    reasons[:0] = constant
    if document["tolerance"] is not None:
        reasons.append(reason("stress.numbers_within", tolerance=document["tolerance"]))
    if NAME not in subject.plan.parts and takes_of(subject)[0].dtype.startswith("float"):
        found = association(subject, clean)
        doubtful = found is None or not found.is_seen
        if doubtful:
            reasons.insert(0, reason("stress.pictures_doubtful", divide_by=divide_by, **figures_of(found)))
        reasons.append(reason("stress.pictures_by_default", divide_by=divide_by))
    document["verdict"] = doubted(document["verdict"], constant=bool(constant), doubtful=doubtful)


def _mildest(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each corruption the first pictures that it turns, those of the mildest severity first."""
    kept: dict[str, list[dict[str, Any]]] = {}
    for case in sorted(cases, key=lambda one: (one["severity"], one["row"])):
        some = kept.setdefault(case["corruption"], [])
        if len(some) < EXAMPLES_OF_ONE:
            some.append(case)
    return [case for some in kept.values() for case in some]


def _asked(
    subject: Subject, images: Bytes, digest: str, name: str, severity: int, read: Callable[[Answers], Answers]
) -> Changed:
    changed = corrupt(images, name, severity, seed=subject.seed)
    rows = (changed != images).any(axis=(1, 2, 3))
    transform = {"corruption": name, "severity": severity, "seed": subject.seed, "version": VERSION}
    try:
        found = subject.ask(as_batch(changed, subject), data_digest=digest, transform=transform)
    except (ModelFailed, ModelRefused):
        return Changed(rows, nobody(len(images), refused=True))
    return Changed(rows, read(answers_from(found, subject)))


def _reasons(document: dict[str, Any], subject: Subject) -> list[dict[str, Any]]:
    made = []
    plan = subject.plan
    for row in document["corruptions"]:
        name, judged = row["corruption"], row["judged"]
        if row["verdict"] == "pass":
            continue
        if row["verdict"] == "insufficient_data":
            params: dict[str, Any] = {"corruption": name, "n": judged["n"], "min_rows": plan.min_texts}
            made.append(reason("stress.corruption_too_few", name, **params))
            continue
        keys = ("severity", "n", "value", "ci_low", "ci_high")
        params = {"corruption": name, **{key: judged[key] for key in keys}}
        params |= {"warn_at": plan.warn_at, "fail_at": plan.fail_at}
        failed = row["verdict"] == "fail"
        made.append(reason("stress.corruption_turns" if failed else "stress.corruption_inconclusive", name, **params))
    if document["side"] < PUBLISHED_SIDE:
        made.append(reason("stress.small_pictures", side=document["side"], published=PUBLISHED_SIDE))
    return made


def _summary(document: dict[str, Any]) -> dict[str, float]:
    made = {"stress_corruptions_failed": float(sum(row["verdict"] == "fail" for row in document["corruptions"]))}
    if document["mean_error"] is not None:
        made["stress_mean_corruption_error"] = float(document["mean_error"]["value"])
    return made


PART = Part(NAME, _asks, _run)
