"""The answer to a pipeline, from what is stored. It never runs an evaluation."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Any

from governance.catalog.models import UseCase, Version
from governance.gates.models import Approval, GateMode, ReviewStanding
from governance.gates.stored import Stored, Subject, stored
from governance.people.models import User

SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
EXIT_CODES = {"allow": 0, "warn": 0, "deny": 1, "error": 2, "pending": 3}
# What a review that has ended without an approval tells a pipeline.
CLOSED_STATES = ("rejected", "withdrawn", "changes_requested", "superseded")


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
    next_steps: tuple[dict[str, Any], ...] = ()
    policies: tuple[dict[str, Any], ...] = ()
    evaluation: dict[str, Any] = field(default_factory=dict)
    submission: int | None = None

    mode: GateMode | None = None
    etag: str = ""
    next_change_at: dt.datetime | None = None

    @property
    def exit_code(self) -> int:
        """0 where the gate is not enforced, whatever the verdict."""
        return EXIT_CODES[self.verdict] if self.mode is None else 0


def gate_answer(*, user: User | None, subject: Subject, use_case: str, stage: str) -> GateAnswer:
    """Answer for what ``user`` may see (None: the operator at the machine, who sees all).

    One query, by the database's clock. What is unknown, or not to be seen, gets the same plain ``deny`` with
    ``no_approval``.
    """
    return answer_from(
        stored(user=user, subject=subject, use_case=use_case, stage=stage),
        subject=subject,
        use_case=use_case,
        stage=stage,
    )


def answer_from(found: Stored, *, subject: Subject, use_case: str, stage: str) -> GateAnswer:
    """The answer that what is stored gives."""
    told = {
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
    lapsed = found.lapsed
    codes = tuple(dict.fromkeys(f"{condition['id']}:{condition['code']}" for condition in lapsed))
    return GateAnswer(
        verdict=found.verdict,
        reason_codes=codes or tuple(_open_codes(approval)),
        approval=approval,
        requirements=tuple(_with_staleness(approval, lapsed)),
        next_steps=tuple(
            {"action": "run", "target": kind, "who": "submitter", "count": 1}
            for kind in sorted({condition["kind"] for condition in lapsed})
        ),
        policies=tuple(approval.policies),
        evaluation=found.judged,
        submission=found.submission,
        **told,
    )


def _open_codes(approval: Approval) -> list[str]:
    return [f"{r['id']}:{r['status']}" for r in approval.requirements if r["status"] not in ("satisfied", "waived")]


def _with_staleness(approval: Approval, stale: list[dict[str, Any]]) -> list[dict[str, Any]]:
    late = {(condition["policy"], condition["id"]): condition["code"] for condition in stale}
    return [
        {**r, "status": "unsatisfied", "code": late[r["policy"], r["id"]]} if (r["policy"], r["id"]) in late else r
        for r in approval.requirements
    ]


def _ended(found: Stored) -> list[str]:
    """Why the newest approval no longer holds."""
    return [] if found.approval is None else [f"approval:{found.approval.ended_reason or 'expired'}"]


def _with_neither(found: Stored, told: dict[str, Any]) -> GateAnswer:
    ended = found.approval
    step = {"action": "submit", "target": told["use_case"], "who": "submitter", "count": 1, "detail": told["stage"]}
    return GateAnswer(
        verdict="deny",
        reason_codes=tuple(_ended(found) or ["no_approval"]),
        approval=ended,
        # The same for what is unknown and for what is not to be seen: it is made of the question alone.
        next_steps=(step,),
        policies=tuple(ended.policies) if ended else (),
        requirements=tuple(ended.requirements) if ended else (),
        evaluation=found.judged,
        submission=found.submission,
        **told,
    )


def _in_review(found: Stored, standing: ReviewStanding, told: dict[str, Any]) -> GateAnswer:
    evaluation = standing.evaluation
    if standing.state in CLOSED_STATES:
        verdict, codes = "deny", [f"review:{standing.state}"]
    elif standing.verdict in ("allow", "warn"):
        verdict, codes = "pending", ["review:awaiting_decision"]
    else:
        verdict, codes = standing.verdict, list(evaluation.get("reason_codes", ()))
    return GateAnswer(
        verdict=verdict,
        reason_codes=tuple([*_ended(found), *codes] or ["no_approval"]),
        standing=standing,
        requirements=tuple(evaluation.get("requirements", ())),
        next_steps=tuple(evaluation.get("next_steps", ())),
        policies=tuple(evaluation.get("policies", ())),
        evaluation=evaluation,
        submission=standing.submission,
        **told,
    )
