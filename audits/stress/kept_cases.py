"""Cases that people kept as permanent tests of an entry: each is asked again, and a wrong answer fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audits.adapters.predicting import Predictions
from audits.measures.stress.reasons import reason
from audits.stress.answers import answered, answers_of
from audits.stress.pictures import as_batch, decoded
from audits.stress.results import Part, PartResult
from audits.stress.subject import KeptCase, StressRefused, Subject
from audits.stress.texts import LONGEST_EXAMPLE, NO_ANSWER, as_input, short, text_input

NAME = "kept_cases"
NOT_ASKED = "not asked"
# The answer to each; None where it is none.
Answered = list[tuple[KeptCase, str | None]]


def _texts(subject: Subject) -> list[KeptCase]:
    """Those that are texts, for a model of texts."""
    if text_input(subject.signature) is None:
        return []
    return [case for case in subject.kept_cases if isinstance(case.input.get("text"), str)]


def _pictures(subject: Subject) -> list[KeptCase]:
    return [case for case in subject.kept_cases if "picture" in case.input]


def _asks(subject: Subject) -> int:
    return len(_texts(subject)) + len(_pictures(subject))


def _run(subject: Subject) -> PartResult:
    answers: Answered = []
    unasked: list[KeptCase] = []
    reasons = []
    for code, kept, answers_to in (
        ("stress.kept_texts_not_asked", _texts(subject), _answers_to_texts),
        ("stress.kept_pictures_not_asked", _pictures(subject), _answers_to_pictures),
    ):
        try:
            answers += answers_to(subject, kept)
        except StressRefused as refused:
            unasked += kept
            reasons.append(reason(code, n=len(kept), why=str(refused)[:LONGEST_EXAMPLE]))
    cases = [
        {
            **_told(case),
            "after": NO_ANSWER if answer is None else answer,
            "passes": answer == case.expected,
        }
        for case, answer in answers
    ]
    wrong = [case for case in cases if not case["passes"]]
    reasons[:0] = [
        reason(
            "stress.kept_case_fails",
            f"case {case['case']}",
            case=case["case"],
            text=str(case["text"])[:LONGEST_EXAMPLE],
            expected=case["expected"],
            prediction=case["after"],
        )
        for case in wrong
    ]
    # those that nobody could ask are shown too: who reads of them can drop them
    shown = [*cases, *({**_told(case), "after": NOT_ASKED, "passes": False} for case in unasked)]
    document = {
        "verdict": "fail" if wrong else "insufficient_data" if unasked else "pass",
        "n": len(cases),
        "failed": len(wrong),
        "asked": [short(case) for case in shown],
        "reasons": reasons,
    }
    return PartResult(document, wrong, {"stress_kept_cases_failed": float(len(wrong))} if cases else {})


def _told(case: KeptCase) -> dict[str, Any]:
    return {"part": NAME, "case": case.id, "text": _named(case), "expected": case.expected}


def _answers_to_texts(subject: Subject, cases: Sequence[KeptCase]) -> Answered:
    """As the model takes texts.

    Raises:
        StressRefused: its answers are no classes.
    """
    takes = text_input(subject.signature)
    if takes is None or not cases:
        return []
    return _answers(subject, cases, subject.ask(as_input([str(case.input["text"]) for case in cases], takes)))


def _answers_to_pictures(subject: Subject, cases: Sequence[KeptCase]) -> Answered:
    """As the audit plan says that the model takes pictures.

    Raises:
        StressRefused: the model takes none, or nobody says how.
    """
    if not cases:
        return []
    images = decoded(subject, [case.picture for case in cases])
    return _answers(subject, cases, subject.ask(as_batch(images, subject)))


def _answers(subject: Subject, cases: Sequence[KeptCase], found: Predictions) -> Answered:
    said = answers_of(found, subject.signature, subject.plan)
    return [
        (case, answer if is_one else None)
        for case, answer, is_one in zip(cases, said, answered(found).tolist(), strict=True)
    ]


def _named(case: KeptCase) -> str:
    """The text; of a picture, how its digest begins."""
    return str(case.input["text"]) if "text" in case.input else f"picture {str(case.input['picture'])[:12]}…"


PART = Part(NAME, _asks, _run)
