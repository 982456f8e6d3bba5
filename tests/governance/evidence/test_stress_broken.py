"""What a tired reviewer sees first: what broke the model, and by which example."""

from __future__ import annotations

from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils.translation import override

from audits.measures.stress.malformed import OUTCOMES
from governance.evidence.stress_broken import MOST, broken
from governance.evidence.stress_inputs_report import shown

SHARE = {"n": 100, "ci_low": 0.2, "ci_high": 0.6}


def relation(name: str, column: str, value: float, verdict: str, severity: int = 1) -> dict[str, Any]:
    return {
        **{"relation": name, "column": column, "expected": "same", "severity": severity, "role": "gating"},
        **SHARE,
        **{"value": value, "verdict": verdict},
    }


def outcome(name: str, did: str, *, failed: bool, goes_on: bool | None = True) -> dict[str, Any]:
    row = {"input": name, "outcome": did, "failed": failed, "goes_on": goes_on}
    return {**row, "family": "numbers", "locus": "", "message": "Killed"}


PARTS: dict[str, Any] = {
    "tabular": {
        "rows": [
            relation("noise", "", 0.3, "fail", 4),
            relation("noise", "", 0.4, "fail", 5),
            relation("irrelevant", "town", 0.01, "pass"),
            {**relation("missing", "age", 0.9, ""), "role": "informative"},
        ],
        "examples": [
            {
                "relation": "missing",
                "column": "age",
                "row": 1,
                "value": 30.0,
                "changed": None,
                "before": "1",
                "after": "0",
            },
            {"relation": "noise", "column": "", "row": 7, "before": "1", "after": "0"},
        ],
    },
    "images": {
        "corruptions": [
            {"corruption": "fog", "verdict": "fail", "judged": {**SHARE, "value": 0.5, "severity": 2}},
            {"corruption": "snow", "verdict": "warn", "judged": {**SHARE, "value": 0.1, "severity": 2}},
        ],
        "examples": [{"corruption": "fog", "row": 3, "severity": 1, "before": "4", "after": "6"}],
    },
    "malformed": {
        "outcomes": [outcome("nan", "answered", failed=False), outcome("infinity", "hung", failed=True, goes_on=None)]
    },
}


@pytest.mark.parametrize("language", ["en", "ru"])
def test_what_fails_stands_first_with_an_example_and_what_holds_is_not_there(language: str) -> None:
    with override(language):
        found = broken(PARTS)
        html = render_to_string("evidence/partials/stress_broken.html", {"broken": found, "fail_at": 0.1})

    said = [(one["at"], one["figure"] and one["figure"]["value"]) for one in found["rows"]]
    assert said == [("malformed", None), ("images", 0.5), ("tabular", 0.4)]
    words = {
        "en": (
            "infinity",
            "hung; goes on afterwards: had to be started anew",
            "Killed",
            "row 3 at severity 1, answer 4 → 6",
        ),
        "ru": ("бесконечность", "зависла", "Killed", "строка 7, ответ 1 → 0"),
    }
    for one in words[language]:
        assert one in html
    assert "town" not in html
    assert broken({"malformed": {"outcomes": PARTS["malformed"]["outcomes"] * 12}})["more"] == 12 - MOST
    assert broken({"malformed": {"outcomes": PARTS["malformed"]["outcomes"][:1]}}) == {"rows": [], "more": 0}


def test_outcomes_that_there_were_have_columns_and_the_others_a_sentence() -> None:
    row = {"family": "numbers", "inputs": 3, **dict.fromkeys(OUTCOMES, 0), "answered": 2, "hung": 1}
    part = {"verdict": "fail", "inputs": 3, "hung_after_s": 10.0, "matrix": [row], "outcomes": []}

    made = shown("malformed", part)

    assert made["heads"] == ["answered", "hung"]
    assert [cell["n"] for cell in made["rows"][0]["cells"]] == [2, 1]
    assert made["never"].split(", ")[-2:] == ["crashed", "ran out of memory"]
