"""The way to yes: the smallest set of runs, repairs and people that would make the gate say allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from governance.policies.judging import RequirementResult, Status
from governance.policies.suspended import KIND as SUSPENDED
from governance.policies.voting import LaneResult, distinct_people


@dataclass(frozen=True)
class Step:
    """One thing to do: ``action`` on ``target``, by ``who`` (a role, or a lane's reviewers), ``count`` times.

    On an audit kind: ``write_audit_plan``, ``attach_predictions``, ``attach_data`` and ``attach_files`` (the audit
    cannot run without them), ``mend_inputs`` (it could not read what it was given; ``detail`` is what it said),
    ``complete_profile`` (the use case's licence profile does not say what ``detail`` lists), ``repair`` (change what
    the audit found, then run it), ``retry``, ``run``, ``wait``. On a requirement: ``meet_condition`` (``detail`` lists
    the titles of the conditions, or those without one; on an audit kind it takes another run as well). On what is
    suspended: ``lift_suspension`` (``detail`` lists it; each has to be lifted). On a lane: ``lift_veto`` (by the
    voter, who agrees then) and ``vote`` (each by somebody who has not agreed in the lane; by new people as long as
    distinct people are missing). ``vote_by_another`` is one more person in any lane that is asked for. On the set-up:
    ``publish_policy`` and ``correct_facts``. ``requirements`` are the ids that the step is for.

    ``alternative`` is what would do in place of the step: ``ask_waiver``, granted by ``who`` for ``detail`` days at
    most. It makes the verdict warn and not allow, and it ends by itself.
    """

    action: str
    target: str
    who: str
    count: int = 1
    requirements: tuple[str, ...] = ()
    detail: str = ""
    # Two steps are the same where the same is to be done, whatever else would do.
    alternative: Step | None = field(default=None, compare=False)

    def as_json(self) -> dict[str, Any]:
        more: dict[str, Any] = {"detail": self.detail} if self.detail else {}
        if self.alternative is not None:
            more["alternative"] = self.alternative.as_json()
        return {
            **more,
            "action": self.action,
            "target": self.target,
            "who": self.who,
            "count": self.count,
            "requirements": list(self.requirements),
        }


# What mends a requirement, by the code that says why it does not hold. One audit is run once for all that it
# answers, so of several steps for one kind only the first in this order is needed: it includes the others.
_ACTIONS = (
    "lift_suspension",
    "write_audit_plan",
    "attach_predictions",
    "attach_data",
    "attach_files",
    "mend_inputs",
    "complete_profile",
    "repair",
    "meet_condition",
    "retry",
    "run",
    "wait",
)
# Errors of ours, after which the same inputs may do; every other was answered to what the audit was given.
_OURS = ("internal", "worker_lost", "no_isolation", "extra_missing", "scanner_missing")
_MENDING: Mapping[str, tuple[str, str]] = {
    "suspended": ("lift_suspension", "risk_officer"),
    "audit_plan_missing": ("write_audit_plan", "risk_officer"),
    "predictions_missing": ("attach_predictions", "submitter"),
    "data_missing": ("attach_data", "submitter"),
    "files_missing": ("attach_files", "submitter"),
    "model_missing": ("attach_files", "submitter"),
    "model_not_of_version": ("attach_files", "submitter"),
    "stress_inputs_missing": ("attach_data", "submitter"),
    "reference_missing": ("attach_data", "submitter"),
    "features_missing": ("write_audit_plan", "risk_officer"),
    "metrics_missing": ("write_audit_plan", "risk_officer"),
    "verdict_not_accepted": ("repair", "submitter"),
    "verdict_unknown": ("retry", "admin"),
    "state_unknown": ("retry", "admin"),
    "run_unreadable": ("retry", "admin"),
    "run_ambiguous": ("retry", "admin"),
    "age_unknown": ("retry", "admin"),
    "finished_in_future": ("retry", "admin"),
    "errored": ("retry", "submitter"),
    "timed_out": ("retry", "submitter"),
    "cancelled": ("retry", "submitter"),
    "condition_fails": ("meet_condition", "submitter"),
    "condition_error": ("meet_condition", "risk_officer"),
    "missing": ("run", "submitter"),
    "outdated": ("run", "submitter"),
    "stale": ("run", "submitter"),
    "override_ended": ("run", "submitter"),
    "queued": ("wait", "worker"),
    "running": ("wait", "worker"),
}


def steps_to_allow(
    *, requirements: Iterable[RequirementResult], lanes: Sequence[LaneResult], distinct_needed: int
) -> tuple[Step, ...]:
    """What would turn the verdict into allow, repairs before people."""
    return (*_repairs(requirements), *_people(lanes, distinct_needed))


def repairs_of(steps: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Of steps as they were stored those that mend a requirement; the others are for people to agree, or to set up."""
    return [dict(step) for step in steps if step.get("action") in _ACTIONS]


def steps_as_of(steps: Sequence[Mapping[str, Any]], requirements: Iterable[RequirementResult]) -> list[dict[str, Any]]:
    """Steps as they were stored, with what mends ``requirements`` as these stand by now. Votes do not lapse."""
    others = [dict(step) for step in steps if step.get("action") not in _ACTIONS]
    return [*(step.as_json() for step in _repairs(requirements)), *others]


def people_anew(votes: Iterable[Mapping[str, Any]], distinct_needed: int) -> list[Step]:
    """Who has to agree in a next round, by the lanes of an evaluation as it was stored: a veto alone stays."""
    lanes = [
        LaneResult(
            lane=str(lane["lane"]),
            min=int(lane.get("min", 0)),
            veto=int(lane.get("veto", 0)),
            agreeing=0,
            vetoes=int(lane.get("vetoes", 0)),
            status=Status.PENDING,
            # Who that is was not stored; whoever blocks two lanes is counted twice here.
            vetoed_by=tuple(f"{lane['lane']} {number}" for number in range(int(lane.get("vetoes", 0)))),
        )
        for lane in votes
    ]
    return _people(lanes, distinct_needed)


def people_after(lanes: Iterable[Mapping[str, Any]], missing: int) -> list[Step]:
    """Who has to agree once lanes, as they were stored, are set aside no longer; ``missing`` are different people."""
    lifts, votes = [], []
    for lane in lanes:
        name, vetoes = str(lane["lane"]), int(lane.get("vetoes", 0))
        if vetoes:
            lifts.append(Step("lift_veto", name, f"reviewer:{name}", count=vetoes))
        if (more := int(lane.get("min", 0)) - int(lane.get("agreeing", 0)) - vetoes) > 0:
            votes.append(Step("vote", name, f"reviewer:{name}", count=more))
    others = missing - sum(step.count for step in (*lifts, *votes))
    return [*lifts, *votes, *([Step("vote_by_another", "any", "reviewer", count=others)] if others > 0 else [])]


def action_for(code: str) -> tuple[str, str]:
    """What mends a requirement of which ``code`` says why it does not hold, and who does it."""
    return _MENDING.get(code, ("run", "submitter"))


def _repairs(requirements: Iterable[RequirementResult]) -> list[Step]:
    together: dict[tuple[str, str], list[RequirementResult]] = {}
    for result in requirements:
        if result.decides and result.status not in (Status.SATISFIED, Status.WAIVED, Status.OVERRIDDEN):
            # What is met by no audit alone stands by itself.
            together.setdefault((result.kind, "" if result.kind else result.id), []).append(result)
    steps = []
    for (kind_or_none, own_id), results in together.items():
        kind = kind_or_none or own_id
        mending = sorted(map(_mending, results), key=lambda step: _ACTIONS.index(step[0]))
        action, who, _detail = mending[0]
        # Each condition has to be met, and each thing that was found lacking brought.
        details = dict.fromkeys(detail for other, _who, detail in mending if other == action and detail)
        ids = tuple(sorted({result.id for result in results}))
        steps.append(
            Step(
                action,
                kind,
                who,
                count=sum(int(result.params.get("standing", 1)) for result in results) if kind == SUSPENDED else 1,
                requirements=ids,
                detail="; ".join(details),
                alternative=_waiver(kind, results),
            )
        )
        if action == "complete_profile" and any(result.params.get("found_else") for result in results):
            steps.append(Step("repair", kind, "submitter", requirements=ids))
    return sorted(steps, key=lambda step: (_ACTIONS.index(step.action), step.target))


def _waiver(kind: str, results: Sequence[RequirementResult]) -> Step | None:
    """A waiver of all that a step is for, where each of it may be waived by the same people."""
    terms = [result.params.get("waivable") for result in results]
    if any(one is None for one in terms) or len({one["by"] for one in terms if one}) != 1:
        return None
    days = min(int(one["max_days"]) for one in terms if one)
    ids = tuple(sorted({result.id for result in results}))
    return Step("ask_waiver", kind, str(next(one["by"] for one in terms if one)), requirements=ids, detail=str(days))


def _mending(result: RequirementResult) -> tuple[str, str, str]:
    """Action, who, and detail. What the audit lacks comes before running it."""
    params = result.params
    if result.code == "errored" and params.get("error_code") and params["error_code"] not in _OURS:
        return "mend_inputs", "submitter", str(params.get("error", ""))
    if result.code == "verdict_not_accepted" and params.get("profile_lacks"):
        return "complete_profile", "risk_officer", ", ".join(map(str, params["profile_lacks"]))
    code = "condition_fails" if "lapses_with" in params else result.code  # a condition, by whatever it came to fail
    action, who = _MENDING.get(str(params.get("lacking"))) or action_for(code)
    if action == "meet_condition":
        return action, who, result.title if result.title != result.id else str(params.get("condition", ""))
    return action, who, ", ".join(map(str, params.get("of", ())))


def _people(lanes: Sequence[LaneResult], distinct_needed: int) -> list[Step]:
    """Whoever lifts a veto is taken to agree then; every other vote to come from somebody new."""
    people = set(distinct_people(lanes))
    lifts, votes = [], []
    for lane in lanes:
        if lane.status is Status.OVERRIDDEN:
            continue
        if lane.vetoes:
            lifts.append(Step("lift_veto", lane.lane, f"reviewer:{lane.lane}", count=lane.vetoes))
        if lane.min:
            people.update(lane.vetoed_by)
        missing = lane.min - lane.agreeing - lane.vetoes
        if missing > 0:
            votes.append(Step("vote", lane.lane, f"reviewer:{lane.lane}", count=missing))
    more = distinct_needed - len(people) - sum(step.count for step in votes)
    if more > 0:
        votes.append(Step("vote_by_another", "any", "reviewer", count=more))
    return [*lifts, *votes]
