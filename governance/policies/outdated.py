"""What was judged under other policies than those of now is not let through, whatever it was found to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.policies.judging import RequirementResult, Status
from governance.policies.steps import Step

ID = KIND = "policies"
CODE = "policies_changed"
# The name that stands where else a policy's does: no file can bear it, names have no dot.
BUILT_IN = "assay.policies"

_ROW = RequirementResult(
    id=ID,
    title="It was judged under the policies of now",
    kind=KIND,
    status=Status.PENDING,
    severity="fail",
    code=CODE,
    policy=BUILT_IN,
)
WAIT = Step("wait", KIND, "worker", requirements=(ID,))


def told_stale(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """An evaluation (as ``Evaluation.as_json`` wrote it) as it is told while it has to be made again.

    What it found stays to be read; what it named as the way to yes does not, that was asked of other policies.
    """
    return {
        **evaluation,
        "verdict": Status.PENDING.value,
        "reason_codes": [f"{ID}:{CODE}"],
        "requirements": [_ROW.as_json(), *evaluation.get("requirements", ())],
        "next_steps": [WAIT.as_json()],
    }
