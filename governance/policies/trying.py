"""The tests inside a policy file: do its requirements come out as its author expects?

A test names the facts that matter; the rest is filled in: a subject, tier and stage that the policy applies to, audits
that ended just now, everybody's agreement. Nothing is read and nothing is written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from governance.policies.evaluation import AppliedPolicy, Evaluation, VoteFact, evaluate
from governance.policies.moments import moment
from governance.policies.problems import Problem
from governance.policies.shapes import AGREES, VERDICT, Case, PolicyDocument

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def failures(document: PolicyDocument) -> list[Problem]:
    """Every expectation that did not come true, with its line and what came out."""
    found = []
    for case in document.tests:
        judged = _tried(document, case)
        came_out = {result.id: result for result in judged.requirements}
        lines = case.lines or (1,) * len(case.expect)
        for (what, expected), line in zip(case.expect, lines, strict=True):
            result = came_out.get(what)
            got = judged.verdict if what == VERDICT else result.status.value.upper() if result else "not judged"
            if got == expected:
                continue
            why = str(result.params.get("error", "")) if result else ", ".join(judged.reason_codes)
            params = {"test": case.name, "what": what, "expected": expected, "found": got}
            found.append(Problem("test_failed", line, 1, "tests", params | {"why": f" ({why[:200]})" if why else ""}))
    return found


def _tried(document: PolicyDocument, case: Case) -> Evaluation:
    facts = _filled(document, case.facts)
    at = moment(facts["asked_at"]) or NOON
    votes = [
        VoteFact(rule.lane, AGREES, f"{rule.lane} {number}", 1)
        for rule in document.votes
        for number in range(max(rule.min, document.distinct_voters))
    ]
    applied = AppliedPolicy(document.name, 1, document.sha256, document)
    return evaluate(policies=[applied], facts=facts, votes=votes, at=at, current_round=1)


def _filled(document: PolicyDocument, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a test with what it left out."""
    sections: dict[str, dict[str, Any]] = {
        "subject": {
            "kind": document.kinds[0],
            "id": "test/subject",
            "revision": "0" * 40,
            "digest": "0" * 64,
            "assurance": "hashed",
            "task": "",
            "library": "",
        },
        "use_case": {"slug": "test", "tier": document.tiers[0], "purpose": "test"},
    }
    whole: dict[str, Any] = {
        "stage": document.stages[0],
        "metrics": {},
        "evidence": {},
        "waivers": [],
        "asked_at": NOON.isoformat(),
        **facts,
    }
    for name, usual in sections.items():
        said = facts.get(name, {})
        whole[name] = {**usual, **said} if isinstance(said, Mapping) else said
    audits = facts.get("audits", [])
    whole["audits"] = (
        [_run(row, number) for number, row in enumerate(audits, 1)] if isinstance(audits, list) else audits
    )
    return whole


def _run(row: Any, number: int) -> Any:
    if not isinstance(row, Mapping):
        return row
    usual = {"state": "succeeded", "run": number}
    return {**usual, **({} if "finished_at" in row else {"age_days": 0.0}), **row}
