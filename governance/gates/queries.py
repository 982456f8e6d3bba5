"""The answer to a pipeline, from what is stored. It never runs an evaluation."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from governance.catalog.models import UseCase, Version
from governance.gates import ways
from governance.gates.beside import Beside, ToLookUp, beside
from governance.gates.models import Approval, EndedReason, GateMode, ReviewStanding
from governance.gates.stored import Stored, Subject, stored
from governance.gates.usual import likes_of, with_usual
from governance.people.models import User
from governance.policies.lapsing import OVERRIDDEN
from governance.policies.overriding import VOTE

SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
EXIT_CODES = {"allow": 0, "warn": 0, "deny": 1, "error": 2, "pending": 3}
# What an answer need not name. What is waived holds only because somebody answers for it, and is named.
HOLDING = ("satisfied", "not_applicable")


class MalformedSubject(ValueError):
    """The question cannot be understood; ``code`` says what is wrong with it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def subject(*, kind: str, repo_id: str, revision: str) -> Subject:
    """A well-formed subject.

    Raises:
        MalformedSubject: the revision is a branch, a tag or a short sha: those move, an approval does not.
    """
    if not SHA.fullmatch(revision):
        raise MalformedSubject(
            "revision_must_be_commit_sha",
            f"{revision[:60]!r} is not a full commit sha: give the 40 hexadecimal digits of the commit, or the 64 of"
            " the version's digest. A branch or tag may point elsewhere tomorrow",
        )
    if not repo_id or "\0" in repo_id or len(repo_id) > 256:
        raise MalformedSubject("repository_id", "name the repository as namespace/name, or name without a namespace")
    return Subject(kind, repo_id, revision)


@dataclass(frozen=True)
class GateAnswer:
    """What a pipeline is told: may this version run there, and why."""

    verdict: str
    reason_codes: tuple[str, ...]
    subject: Subject
    use_case: str
    stage: str
    asked_at: dt.datetime
    approval: Approval | None = None
    standing: ReviewStanding | None = None
    requirements: tuple[dict[str, Any], ...] = ()
    steps: tuple[dict[str, Any], ...] = ()
    policies: tuple[dict[str, Any], ...] = ()
    evaluation: dict[str, Any] = field(default_factory=dict)
    submission: int | None = None
    asked: ToLookUp = ToLookUp()
    asked_by: User | None = None
    mode: GateMode | None = None
    etag: str = ""
    next_change_at: dt.datetime | None = None

    @property
    def exit_code(self) -> int:
        """0 where the gate is not enforced, whatever the verdict."""
        return EXIT_CODES[self.verdict] if self.mode is None else 0

    @property
    def waivers(self) -> Mapping[int, dict[str, Any]]:
        """Who answers for what is waived, by number."""
        return self._beside.waivers

    @property
    def overrides(self) -> Mapping[int, dict[str, Any]]:
        """Who set aside what does not hold, by number."""
        return self._beside.overrides

    @property
    def next_steps(self) -> tuple[dict[str, Any], ...]:
        """The way to yes; where the gate is closed, with how long each step usually takes."""
        steps = (*(ways.lift(one) for one in self._beside.suspended), *self.steps)
        return steps if self._opens else tuple(with_usual(steps, self._beside.usual))

    @property
    def _opens(self) -> bool:
        return self.verdict in ("allow", "warn")

    @cached_property
    def _beside(self) -> Beside:
        """Looked up where the answer is told, which a pipeline that has it already need not be. One query or none."""
        lifting = [] if self.asked.ended is None else [ways.lift("")]
        likes = frozenset() if self._opens else likes_of([*lifting, *self.steps])
        return beside(self.asked, likes=likes, user=self.asked_by)


def gate_answer(*, user: User | None, subject: Subject, use_case: str, stage: str) -> GateAnswer:
    """Answer for what ``user`` may see (None: the operator at the machine, who sees all).

    One query, by the database's clock. What is unknown, or not to be seen, gets the same plain ``deny`` with
    ``no_approval``.
    """
    return answer_from(
        stored(user=user, subject=subject, use_case=use_case, stage=stage),
        user=user,
        subject=subject,
        use_case=use_case,
        stage=stage,
    )


def answer_from(found: Stored, *, user: User | None, subject: Subject, use_case: str, stage: str) -> GateAnswer:
    """The answer that what is stored gives."""
    told = {
        "asked_by": user,
        "subject": subject,
        "use_case": use_case,
        "stage": stage,
        "asked_at": found.asked_at,
        "mode": found.mode,
        "etag": found.etag,
        "next_change_at": found.next_change_at,
    }
    if found.approval is not None and found.open:
        return _with_approval(found, found.approval, told)
    if found.standing is None or found.standing.state == "approved":
        return _with_neither(found, told)
    return _in_review(found, found.standing, told)


def closing_conditions(approval: Approval, *, at: dt.datetime) -> list[dict[str, Any]]:
    """What closes an approval at ``at`` although it has not ended: evidence gone stale, a waiver that is over."""
    return [
        condition
        for condition in approval.conditions
        if condition["severity"] == "fail" and dt.datetime.fromisoformat(condition["holds_until"]) <= at
    ]


def approved_before(version: Version, use_case: UseCase, at: dt.datetime) -> Version | None:
    """The version of the same entry whose approval for a use case is in force, the newest one.

    None where there is none, or where the version itself is approved: it is then what others are compared with.
    """
    approvals = (
        Approval.objects.in_force(at=at)
        .filter(use_case=use_case, version__entry=version.entry_id)
        .select_related("version")
        .order_by("-granted_at", "-pk")
    )
    found = list(approvals)
    if any(approval.version_id == version.pk for approval in found):
        return None
    return found[0].version if found else None


def _with_approval(found: Stored, approval: Approval, told: dict[str, Any]) -> GateAnswer:
    lapsed, waived, aside = found.lapsed, found.waived, found.overridden
    codes = tuple(dict.fromkeys(f"{condition['id']}:{condition['code']}" for condition in lapsed))
    requirements = _as_of_now(approval, lapsed, waived, aside)
    judged = _votes_as_of_now(found.judged, lapsed)
    return GateAnswer(
        verdict=found.verdict,
        reason_codes=codes or _open_codes(approval, waived, aside),
        approval=approval,
        requirements=tuple(requirements),
        steps=tuple(ways.after_lapse(lapsed, approval.requirements, use_case=told["use_case"], stage=told["stage"])),
        policies=tuple(approval.policies),
        evaluation=judged,
        submission=found.submission,
        asked=ToLookUp(waivers=_waivers_of(requirements), overrides=_overrides_of(aside)),
        **told,
    )


def _open_codes(
    approval: Approval, waived: Sequence[dict[str, Any]], aside: Sequence[dict[str, Any]]
) -> tuple[str, ...]:
    """What keeps an answer that opens from being a plain allow. What is answered for is named, since when ever."""
    codes = [f"{r['id']}:{r['status']}" for r in approval.requirements if r["status"] not in HOLDING]
    codes += [f"{condition['id']}:{OVERRIDDEN}" for condition in aside]
    return tuple(dict.fromkeys([*codes, *(f"{condition['id']}:waived" for condition in waived)]))


def _votes_as_of_now(judged: dict[str, Any], stale: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The evaluation of a decision; a lane of which the override is over is open again."""
    over = {condition["id"] for condition in stale}
    cast = judged.get("votes", ())
    return {**judged, "votes": [{**v, "status": "unsatisfied"} if f"{VOTE}{v['lane']}" in over else v for v in cast]}


def _overrides_of(aside: Iterable[Mapping[str, Any]]) -> frozenset[int]:
    return frozenset(one["override"] for one in aside)


def _set_aside(evaluation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What an evaluation says of overrides that are in force: each with its number."""
    rows = [r.get("params", {}) for r in evaluation.get("requirements", ()) if r["status"] == OVERRIDDEN]
    rows += [lane for lane in evaluation.get("votes", ()) if lane["status"] == OVERRIDDEN]
    return [one for one in (*rows, evaluation.get("distinct_overridden", {})) if "override" in one]


def _as_of_now(
    approval: Approval,
    stale: Sequence[dict[str, Any]],
    waived: Sequence[dict[str, Any]],
    aside: Sequence[dict[str, Any]],
) -> list[dict[str, Any]]:
    """The requirements of an approval, those that have lapsed or are answered for since as they stand now."""
    by_two = {(condition["policy"], condition["id"]): condition for condition in aside}
    late = {(condition["policy"], condition["id"]): condition for condition in stale}
    now = {(condition["policy"], condition["id"]): condition for condition in waived}
    made = []
    for row in approval.requirements:
        key = (row["policy"], row["id"])
        if key in late:
            told = {**row.get("params", {}), "until": late[key]["holds_until"]}
            row = {**row, "status": "unsatisfied", "code": late[key]["code"], "params": told}
        elif key in by_two:
            until = by_two[key]["holds_until"]
            told = {**row.get("params", {}), "override": by_two[key]["override"], "until": until}
            row = {**row, "status": OVERRIDDEN, "holds_until": until, "params": told}
        elif key in now:
            until = now[key]["holds_until"]
            told = {**row.get("params", {}), "waiver": now[key]["waiver"], "until": until}
            row = {**row, "status": "waived", "holds_until": until, "params": told}
        made.append(row)
    return made


def _waivers_of(requirements: Iterable[Mapping[str, Any]]) -> frozenset[int]:
    return frozenset(r["params"]["waiver"] for r in requirements if r["status"] == "waived")


def _ended(found: Stored) -> list[str]:
    """Why the newest approval no longer holds."""
    return [] if found.approval is None else [f"approval:{found.approval.ended_reason or 'expired'}"]


def _with_neither(found: Stored, told: dict[str, Any]) -> GateAnswer:
    ended = found.approval
    suspended = ended is not None and ended.ended_reason == EndedReason.SUSPENDED
    return GateAnswer(
        verdict="deny",
        reason_codes=tuple(_ended(found) or ["no_approval"]),
        approval=ended,
        steps=((ways.submit_again if ended else ways.submit)(use_case=told["use_case"], stage=told["stage"]),),
        policies=tuple(ended.policies) if ended else (),
        requirements=tuple(ended.requirements) if ended else (),
        evaluation=found.judged,
        submission=found.submission,
        asked=ToLookUp(
            waivers=_waivers_of(ended.requirements if ended else ()), ended=ended.pk if ended and suspended else None
        ),
        **told,
    )


def _in_review(found: Stored, standing: ReviewStanding, told: dict[str, Any]) -> GateAnswer:
    evaluation = found.judged_now
    if standing.state in ways.CLOSED_STATES:
        verdict, codes = "deny", [f"review:{standing.state}"]
    elif evaluation.get("verdict", standing.verdict) in ("allow", "warn"):
        verdict, codes = "pending", ["review:awaiting_decision"]
    else:
        verdict, codes = evaluation.get("verdict", standing.verdict), list(evaluation.get("reason_codes", ()))
    return GateAnswer(
        verdict=verdict,
        reason_codes=tuple([*_ended(found), *codes] or ["no_approval"]),
        standing=standing,
        requirements=tuple(evaluation.get("requirements", ())),
        steps=tuple(ways.of_review(evaluation, state=standing.state, use_case=told["use_case"], stage=told["stage"])),
        policies=tuple(evaluation.get("policies", ())),
        evaluation=evaluation,
        submission=standing.submission,
        asked=ToLookUp(
            waivers=_waivers_of(evaluation.get("requirements", ())), overrides=_overrides_of(_set_aside(evaluation))
        ),
        **told,
    )
