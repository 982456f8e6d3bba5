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

NOT_DECIDED_YET = {
    "V33": "U-CELL",  # code: needs the matrix
    "V34": "U-CELL",
    "V36": "U-CELL",
    "V44": "U-LINEAGE",  # the second hop
}
"""Cases that one hop and the table's columns cannot decide: exactly ``unknown``, with the code that says why."""

NOT_COMPARED_YET = {"V16", "V17"}
"""Merges that are conflicts already against the declared licence; upstream against upstream is not judged yet."""


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

    if name in NOT_DECIDED_YET:
        assert answer["verdict"] == "unknown"
        assert NOT_DECIDED_YET[name] in answer["codes"]
        return
    assert answer["verdict"] == expected["verdict"], answer["codes"]
    if name in NOT_COMPARED_YET:
        assert "U-MERGE" in answer["codes"]
        return
    assert set(expected["codes"]) <= set(answer["codes"])


def test_all_golden_cases_are_run() -> None:
    assert sorted(cases()) == [f"V{number:02}" for number in range(1, 46)]


def test_what_was_expected_does_not_reach_the_engine() -> None:
    case = cases()["V11"]

    assert check(case) == check({**case, "expected": {"verdict": "pass", "codes": []}})


@pytest.mark.parametrize("name", [f"V{number:02}" for number in range(1, 46)])
def test_every_answer_has_the_shape_of_the_interface(name: str) -> None:
    answer = check(cases()[name])

    assert {"id", "verdict", "codes", "findings", "repairs"} <= set(answer)
    assert answer["id"] == name
    assert len(answer["codes"]) == len(set(answer["codes"]))
    assert set(answer["codes"]) == {finding["code"] for finding in answer["findings"]}
    for finding in answer["findings"] + answer["latent"]:
        assert {"code", "severity", "message", "term", "section", "source", "chain"} <= set(finding)
        assert finding["severity"] == severity(finding["code"])
        assert finding["chain"][-1] == "<artefact>"
    worst = max((RANK[finding["severity"]] for finding in answer["findings"]), default=0)
    assert RANK[answer["verdict"]] == worst
