"""What has to hold before a part judges changed inputs: answers that vary, and inputs that are the model's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from audits.measures.figures import figure
from audits.measures.stress.answers import Answers, Words
from audits.measures.stress.plausible import Association, of_numbers, of_words
from audits.measures.stress.reasons import reason
from audits.measures.verdicts import worst
from audits.stress.feeding import gives_numbers, truth_of
from audits.stress.subject import Subject
from audits.stress.texts import label_of

# Of the range between the quarters of a model's numbers: a choice, neither law nor standard; a plan names another.
SHARE_OF_SPREAD = 0.1


def tolerance_of(subject: Subject, clean: Answers) -> float | None:
    """By how much a number may differ and still be the same answer; None where the model answers with classes.

    What the plan says, else a tenth of the range between the quarters of its answers to unchanged rows.
    """
    if not gives_numbers(subject):
        return None
    if subject.plan.tolerance is not None:
        return subject.plan.tolerance
    numbers = np.array([]) if clean.score is None else clean.score[clean.answered]
    if len(numbers) == 0:
        return 0.0
    first, third = np.quantile(numbers, [0.25, 0.75])
    return figure(SHARE_OF_SPREAD * float(third - first)) or 0.0


def alike(after: Answers, clean: Answers, tolerance: float | None) -> Answers:
    """Answers as they are compared: a number within the tolerance of the one before it is that one."""
    if tolerance is None or after.score is None or clean.score is None:
        return after
    with np.errstate(invalid="ignore"):
        near = after.answered & clean.answered & (np.abs(after.score - clean.score) <= tolerance)
    return Answers(np.where(near, clean.words, after.words), after.score, after.answered, after.refused)


def right_answers(subject: Subject, clean: Answers) -> Words | None:
    """The labels that classes are compared with; None where there are none, or the model answers with numbers, of
    which hardly one equals its label."""
    return None if gives_numbers(subject) else truth_of(subject, clean)


def association(subject: Subject, clean: Answers) -> Association | None:
    """How far the answers to unchanged inputs go with the labels; None where nothing tells."""
    label = label_of(subject)
    if label is None:
        return None
    if not gives_numbers(subject):
        truth = truth_of(subject, clean)
        said = clean.words.copy()
        said[~clean.answered] = None
        return None if truth is None else of_words(said, truth)
    numbers = subject.table.numbers(label)
    if numbers is None or clean.score is None:
        return None
    return of_numbers(np.where(clean.answered, clean.score, np.nan), numbers[subject.rows])


def figures_of(found: Association | None) -> dict[str, Any]:
    """As a reason tells them."""
    if found is None:
        return {"n": 0, "value": None, "chance": None}
    return {"n": found.n, "value": figure(found.value), "chance": figure(found.chance)}


def never_varies(clean: Answers) -> list[dict[str, Any]]:
    """The reason why no change could turn an answer, where every input gets the same one."""
    said = set(clean.words[clean.answered].tolist())
    if len(said) != 1 or int(clean.answered.sum()) < 2:
        return []
    return [reason("stress.constant_prediction", prediction=str(said.pop())[:200], n=int(clean.answered.sum()))]


def doubted(verdict: str, *, constant: bool, doubtful: bool) -> str:
    """A verdict on answers that never vary, or may be to other inputs than the model was made for: no better than
    that nothing was learnt of it."""
    found = [verdict]
    if constant:
        found.append("no_information")
    if doubtful:
        found.append("insufficient_data")
    return worst(found)
