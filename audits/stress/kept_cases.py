"""Cases that people kept as permanent tests of an entry: each is asked again, and a wrong answer fails."""

from __future__ import annotations

from audits.measures.stress.reasons import reason
from audits.stress.answers import answers_of
from audits.stress.results import Part, PartResult
from audits.stress.subject import KeptCase, Subject
from audits.stress.texts import LONGEST_EXAMPLE, as_input, short, text_input

NAME = "kept_cases"


def _mine(subject: Subject) -> list[KeptCase]:
    """Those that the model can be asked about: texts for a model of texts."""
    if text_input(subject.signature) is None:
        return []
    return [case for case in subject.kept_cases if isinstance(case.input.get("text"), str)]


def _asks(subject: Subject) -> int:
    return len(_mine(subject))


def _run(subject: Subject) -> PartResult:
    takes, mine = text_input(subject.signature), _mine(subject)
    if takes is None:
        raise RuntimeError("asked for without an input for texts")
    found = subject.ask(as_input([str(case.input["text"]) for case in mine], takes))
    answers = answers_of(found, subject.signature, subject.plan)
    cases = [
        {
            "part": NAME,
            "case": case.id,
            "text": str(case.input["text"]),
            "expected": case.expected,
            "after": answer,
            "passes": answer == case.expected,
        }
        for case, answer in zip(mine, answers, strict=True)
    ]
    wrong = [case for case in cases if not case["passes"]]
    reasons = [
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
    document = {
        "verdict": "fail" if wrong else "pass",
        "n": len(cases),
        "failed": len(wrong),
        "asked": [short(case) for case in cases],
        "reasons": reasons,
    }
    return PartResult(document, wrong, {"stress_kept_cases_failed": float(len(wrong))})


PART = Part(NAME, _asks, _run)
