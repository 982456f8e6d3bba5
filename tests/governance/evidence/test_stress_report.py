"""The sentence of a stress run names what the verdict rests on."""

from __future__ import annotations

from typing import Any

from governance.evidence.stress_report import sentence


def document(verdict: str, *, texts: str, value: float) -> dict[str, Any]:
    judged = {"value": value, "ci_low": value / 2, "ci_high": value * 2, "n": 400}
    family = {"family": "deletions", "role": "gating", "failures": [], "judged": judged}
    return {
        "verdict": verdict,
        "parts": {"texts": {"verdict": texts, "families": [family]}},
        "plan": {"warn_at": 0.05, "fail_at": 0.1},
    }


def test_changed_texts_are_named_where_they_decide_and_not_where_something_else_does() -> None:
    assert sentence(document("fail", texts="fail", value=0.3)).startswith("Answers do not hold. Worst: Missing letters")
    # a permanent test that fails is not the fault of the changes that hold
    assert "Missing letters" not in sentence(document("fail", texts="pass", value=0.01))
    assert "At worst, under Missing letters" in sentence(document("pass", texts="pass", value=0.01))
