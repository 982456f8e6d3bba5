"""A gate with more violations than anybody would page through."""

from __future__ import annotations

import json
from typing import Any

import pytest

from governance.gates import services
from governance.gates.documents import as_text
from governance.policies.evaluation import Evaluation, evaluate
from tests.governance.catalog.clients import API, client
from tests.governance.policies.documents import applied
from tests.governance.policies.evaluated import NO_VOTES, NOON, audit, facts
from tests.governance.world import World

VIOLATIONS, THE_ONE = 250, 201
PER_POLICY = 100


def violating(*, closing: int | None) -> Evaluation:
    """So many requirements that do not hold, of which at most one closes: one policy takes a hundred at most."""
    rules: list[dict[str, Any]] = [
        {
            "id": f"r{number:03}.pass",
            "title": f"Requirement {number}",
            "kind": "bias",
            "verdicts": ["pass"],
            "severity": "fail" if number == closing else "warn",
        }
        for number in range(1, VIOLATIONS + 1)
    ]
    policies = [
        applied(
            **NO_VOTES, metadata={"name": f"p{first // PER_POLICY}"}, requirements=rules[first : first + PER_POLICY]
        )
        for first in range(0, VIOLATIONS, PER_POLICY)
    ]
    return evaluate(policies=policies, facts=facts(audit(verdict="fail")), votes=[], at=NOON)


@pytest.mark.parametrize(("closing", "verdict", "exit_code"), [(THE_ONE, "deny", 1), (None, "pending", 3)])
def test_fault_v31_the_only_failing_one_of_250_violations_closes_whatever_a_client_counts(
    world: World, closing: int | None, verdict: str, exit_code: int
) -> None:
    evaluation = violating(closing=closing)
    assert evaluation.verdict == ("warn" if closing is None else "deny")
    services.note_review(
        version=world.version,
        use_case=world.use_case,
        stage=world.stage,
        submission=1,
        state="in_review",
        verdict=evaluation.verdict,
        evaluation=evaluation.as_json(),
        facts_sha256="0" * 64,
        at=world.at,
    )
    entry = world.version.entry

    address = f"{API}gate/{entry.kind}/{entry.namespace}/{entry.name}@{world.version.revision}"
    answer = client(world.submitter, "gate:read").get(address, {"use_case": world.use_case.slug, "stage": world.stage})

    document = answer.data
    assert (answer.status_code, document["verdict"], document["exit_code"]) == (200, verdict, exit_code)
    assert document["counts"] == {"unsatisfied": VIOLATIONS}
    assert len(document["requirements"]) == VIOLATIONS, "all of them, and no pages"
    assert "Link" not in answer.headers
    assert {"next", "previous"}.isdisjoint(document)
    [bias, decide] = document["next_steps"]
    assert (bias["action"], len(bias["requirements"]), decide["action"]) == ("repair", VIOLATIONS, "decide")
    text = as_text(json.loads(json.dumps(document)))
    assert all(f"Requirement {number}:" in text for number in range(1, VIOLATIONS + 1))
    if closing is None:
        assert document["reason_codes"] == ["review:awaiting_decision"]
    else:
        assert document["reason_codes"][0] == f"r{THE_ONE}.pass:unsatisfied", "the gravest is named first"
