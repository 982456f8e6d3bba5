"""The way to yes as the gate tells it: what the policies ask for, and what people do around it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from governance.gates.portfolio import OF_POLICIES, POLICY_CHANGED, TO_BE_JUDGED
from governance.policies import outdated
from governance.policies.conditions import UPSTREAM_ENDED
from governance.policies.overriding import OVER as OVERRIDE_OVER
from governance.policies.steps import action_for, people_anew, repairs_of

# What a review that has ended without an approval tells a pipeline.
CLOSED_STATES = ("rejected", "withdrawn", "changes_requested", "superseded")
RETURNED = "changes_requested"
WAIVER_OVER = ("waiver_ended", "waiver_revoked")
# What no audit of the version opens again.
ELSEWHERE = (*WAIVER_OVER, *OVERRIDE_OVER, *OF_POLICIES, UPSTREAM_ENDED)
# What is judged anew when it is submitted again.
JUDGED_ANEW = (*OVERRIDE_OVER, POLICY_CHANGED)


def submit(*, use_case: str, stage: str) -> dict[str, Any]:
    """Made of the question alone: it is the same for what is unknown and for what is not to be seen."""
    return {"action": "submit", "target": use_case, "who": "submitter", "count": 1, "detail": stage}


def submit_again(*, use_case: str, stage: str) -> dict[str, Any]:
    """Of what was submitted there before."""
    return submit(use_case=use_case, stage=stage) | {"again": True}


def lift(suspended: str) -> dict[str, Any]:
    """``suspended`` is the kind and the name of what is suspended."""
    return _one("lift_suspension", "suspended", "risk_officer", detail=suspended)


def of_review(evaluation: Mapping[str, Any], *, state: str, use_case: str, stage: str) -> list[dict[str, Any]]:
    """What lets a version through that is in review, or was.

    The evaluation ends with the votes; after these somebody approves, unless every policy lets the machine. What was
    returned is brought back and voted on anew, only a veto stays. What ended otherwise is mended and submitted again,
    and what people have to do then is told then.
    """
    steps = [dict(step) for step in evaluation.get("next_steps", ())]
    if any(step["target"] == outdated.KIND for step in steps):
        return steps  # what follows is told once it has been judged
    decides = [] if evaluation.get("auto_decide") else [_one("decide", use_case, "approver", detail=stage)]
    if state not in CLOSED_STATES:
        return [*steps, *decides] if state == "in_review" else steps
    repairs = repairs_of(steps)
    if state != RETURNED:
        return [*repairs, submit_again(use_case=use_case, stage=stage)]
    again = _one("resubmit", use_case, "submitter", detail=stage)
    people = people_anew(evaluation.get("votes", ()), int(evaluation.get("distinct_needed", 0)))
    return [*repairs, again, *(step.as_json() for step in people), *decides]


def after_lapse(
    lapsed: Sequence[Mapping[str, Any]], requirements: Iterable[Mapping[str, Any]], *, use_case: str, stage: str
) -> list[dict[str, Any]]:
    """What opens an approval again: an audit for what has aged, a waiver or a mended version for what was waived.

    What a new policy closed, or an override no longer opens, is judged when it is submitted again.
    """
    texts = {
        (row["policy"], row["id"]): str(
            row["title"] if row.get("title", row["id"]) != row["id"] else row.get("params", {}).get("condition", "")
        )
        for row in requirements
    }
    together: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for condition in lapsed:
        if condition["code"] not in (*JUDGED_ANEW, TO_BE_JUDGED):
            action, who = _mending(condition)
            own = action == "approve_upstream" or not condition["kind"]
            together.setdefault((action, condition["id" if own else "kind"], who), []).append(condition)
    steps = []
    for (action, target, who), found in together.items():
        asked = [texts.get((condition["policy"], condition["id"]), "") for condition in found]
        detail = "; ".join(dict.fromkeys(filter(None, asked))) if action == "meet_condition" else ""
        ids = sorted({condition["id"] for condition in found})
        steps.append(_one(action, target, who, detail=detail) | {"requirements": ids})
    steps.sort(key=lambda step: (step["action"] == "ask_waiver", step["target"], step["action"]))
    unknown = sorted(condition["id"] for condition in lapsed if condition["code"] == TO_BE_JUDGED)
    if unknown:
        steps.insert(0, outdated.WAIT.as_json() | {"requirements": unknown})
    anew = any(condition["code"] in JUDGED_ANEW for condition in lapsed)
    return [*steps, *([submit_again(use_case=use_case, stage=stage)] if anew else [])]


def _mending(condition: Mapping[str, Any]) -> tuple[str, str]:
    if condition["code"] in WAIVER_OVER:
        return "ask_waiver", "submitter"
    if condition["code"] == UPSTREAM_ENDED:
        return "approve_upstream", "approver"
    if not condition["kind"]:  # no audit renews it
        return "meet_condition", "submitter"
    return action_for(str(condition["code"]))


def _one(action: str, target: str, who: str, *, detail: str = "") -> dict[str, Any]:
    step = {"action": action, "target": target, "who": who, "count": 1}
    return step | {"detail": detail} if detail else step
