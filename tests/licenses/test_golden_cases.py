"""Golden cases of the licence engine, each with the section or the source that it rests on."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from licenses.compat import check
from licenses.findings import RANK, severity

CASES = Path(__file__).parents[3] / "shared" / "domain" / "licence_cases.jsonl"


@cache
def cases() -> dict[str, dict[str, Any]]:
    if not CASES.exists():
        pytest.skip(f"{CASES} is not here")
    return {case["id"]: case for case in map(json.loads, CASES.read_text(encoding="utf-8").splitlines())}


@pytest.mark.parametrize("name", [f"V{number:02}" for number in range(1, 46)])
def test_licence_v(name: str) -> None:
    case = cases()[name]
    expected = case["expected"]

    answer = check({key: value for key, value in case.items() if key != "expected"})

    assert answer["verdict"] == expected["verdict"], answer["codes"]
    assert set(expected["codes"]) <= set(answer["codes"])
    if "chain" in expected:
        chains = [finding["chain"] for finding in answer["findings"] if finding["code"] in expected["codes"]]
        assert expected["chain"] in chains


def test_all_golden_cases_are_run() -> None:
    assert sorted(cases()) == [f"V{number:02}" for number in range(1, 46)]


def test_what_was_expected_does_not_reach_the_engine() -> None:
    case = cases()["V11"]

    assert check(case) == check({**case, "expected": {"verdict": "pass", "codes": []}})


@pytest.mark.parametrize("name", [f"V{number:02}" for number in range(1, 46)])
def test_every_answer_has_the_shape_of_the_interface(name: str) -> None:
    answer = check(cases()[name])

    assert {"id", "verdict", "codes", "findings", "repairs", "overridden", "matrix"} <= set(answer)
    assert answer["id"] == name
    assert len(answer["codes"]) == len(set(answer["codes"]))
    assert set(answer["codes"]) == {finding["code"] for finding in answer["findings"]}
    for finding in answer["findings"] + answer["latent"]:
        assert {"code", "severity", "message", "term", "section", "source", "chain", "relations"} <= set(finding)
        assert finding["severity"] == severity(finding["code"])
        assert finding["chain"][-1] == "<artefact>"
        assert len(finding["relations"]) == len(finding["chain"]) - 1
    worst = max((RANK[finding["severity"]] for finding in answer["findings"]), default=0)
    assert RANK[answer["verdict"]] == worst
