"""The answer to a pipeline, from what is stored. It never runs an evaluation."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import rfc8785
from django.db.models import BooleanField, Case, F, Q, When
from django.db.models.functions import Now

from governance.catalog.models import UseCase, Version
from governance.gates.models import Approval, ReviewStanding
from governance.gates.portfolio import POLICY_CHANGED
from governance.people.models import User
from governance.people.queries import teams_seen_by
from governance.policies.lapsing import as_of
from governance.policies.waivers import queries as waivers

SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
EXIT_CODES = {"allow": 0, "warn": 0, "deny": 1, "error": 2, "pending": 3}
# What a review that has ended without an approval tells a pipeline.
# What an answer need not name. What is waived holds only because somebody answers for it, and is named.
HOLDING = ("satisfied", "not_applicable")
CLOSED_STATES = ("rejected", "withdrawn", "changes_requested", "superseded")


class MalformedSubject(ValueError):
    """The question cannot be understood; ``code`` says what is wrong with it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Subject:
    """What a pipeline asks about: one commit, or one digest, of one repository."""

    kind: str
    repo_id: str
    revision: str

    @property
    def key(self) -> str:
        return unicodedata.normalize("NFKC", self.repo_id).casefold()


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
    waivers: Mapping[int, dict[str, Any]] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.verdict]

    @property
    def next_change_at(self) -> dt.datetime | None:
        """The next moment at which time alone changes the answer."""
        if self.approval is None or self.verdict not in ("allow", "warn"):
            return None
        ahead = (dt.datetime.fromisoformat(condition["holds_until"]) for condition in self.approval.conditions)
        return min([self.approval.expires_at, *(moment for moment in ahead if moment > self.asked_at)])

    @property
    def etag(self) -> str:
        """Changes whenever the answer does, by facts or by time."""
        seen = {
            "verdict": self.verdict,
            "reasons": list(self.reason_codes),
            "approval": self.approval.pk if self.approval else None,
            "standing": self.standing.updated_at.isoformat() if self.standing else None,
            "policies": [policy.get("sha256", "") for policy in self.policies],
            "next": self.next_change_at.isoformat() if self.next_change_at else None,
        }
        return hashlib.sha256(rfc8785.dumps(seen)).hexdigest()


def gate_answer(*, user: User | None, subject: Subject, use_case: str, stage: str) -> GateAnswer:
    """Answer for what ``user`` may see (None: the operator at the machine, who sees all).

    At most two queries, by the database's clock.

    What is unknown, or not to be seen, gets the same plain ``deny`` with ``no_approval``.
    """
    approval = _newest_approval(user, subject, use_case, stage)
    now: dt.datetime | None = getattr(approval, "asked_at", None)
    if approval is not None and now is not None and approval.open:  # type: ignore[attr-defined]  # annotated
        stale = [c for c in approval.conditions if dt.datetime.fromisoformat(c["holds_until"]) <= now]
        codes = tuple(dict.fromkeys(f"{condition['id']}:{condition['code']}" for condition in stale))
        closes = any(condition["severity"] == "fail" for condition in stale)
        waived = [c for c in approval.conditions if "waiver" in c and c not in stale]
        requirements = _as_of_now(approval, stale, waived)
        return GateAnswer(
            verdict="deny" if closes else "warn" if stale or waived else approval.verdict,
            reason_codes=codes or _open_codes(approval, waived),
            subject=subject,
            use_case=use_case,
            stage=stage,
            asked_at=now,
            approval=approval,
            requirements=tuple(requirements),
            next_steps=(*_steps_after(stale), *_submit_anew(stale, use_case, stage)),
            policies=tuple(approval.policies),
            evaluation=_judged(approval),
            submission=getattr(approval, "review", None),
            waivers=_waivers_of(requirements),
        )
    return _without_approval(user, subject, use_case, stage, approval)


def _submit_anew(stale: list[dict[str, Any]], use_case: str, stage: str) -> list[dict[str, Any]]:
    """What a new policy closed is judged under it when it is submitted again."""
    if not any(condition["code"] == POLICY_CHANGED for condition in stale):
        return []
    return [{"action": "submit", "target": use_case, "who": "submitter", "count": 1, "detail": stage}]


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


def _newest_approval(user: User | None, asked: Subject, use_case: str, stage: str) -> Approval | None:
    seen = None if user is None else teams_seen_by(user)
    return (
        Approval.objects.filter(_of(asked), use_case__slug=use_case, stage=stage)
        .filter(Q() if seen is None else Q(use_case__owner_team__in=seen))
        .annotate(
            asked_at=Now(),
            open=Case(
                When(ended_at=None, granted_at__lte=Now(), expires_at__gt=Now(), then=True),
                default=False,
                output_field=BooleanField(),
            ),
            # The decision that granted it, by the name that the room above gives it.
            review=F("decision__submission_id"),
            judged=F("decision__evaluation"),
        )
        .select_related("version__entry", "use_case")
        .order_by("-open", "-granted_at", "-pk")
        .first()
    )


def _judged(approval: Approval) -> dict[str, Any]:
    """The evaluation that an approval was granted on."""
    return getattr(approval, "judged", None) or {}


def _of(asked: Subject) -> Q:
    same = Q(version__revision=asked.revision) | Q(version__digest=asked.revision)
    # A repository that was renamed answers to its former name as well.
    named = Q(version__entry__key=asked.key) | Q(version__entry__aliases__key=asked.key)
    return same & named & Q(version__entry__kind=asked.kind)


def _open_codes(approval: Approval, waived: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """What keeps an answer that opens from being a plain allow. What is waived is named, since when ever."""
    codes = [f"{r['id']}:{r['status']}" for r in approval.requirements if r["status"] not in HOLDING]
    return tuple(dict.fromkeys([*codes, *(f"{condition['id']}:waived" for condition in waived)]))


def _as_of_now(
    approval: Approval, stale: Sequence[dict[str, Any]], waived: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The requirements of an approval, those that have lapsed or are waived since as they stand at this moment."""
    late = {(condition["policy"], condition["id"]): condition for condition in stale}
    now = {(condition["policy"], condition["id"]): condition for condition in waived}
    made = []
    for row in approval.requirements:
        key = (row["policy"], row["id"])
        if key in late:
            told = {**row.get("params", {}), "until": late[key]["holds_until"]}
            row = {**row, "status": "unsatisfied", "code": late[key]["code"], "params": told}
        elif key in now:
            until = now[key]["holds_until"]
            told = {**row.get("params", {}), "waiver": now[key]["waiver"], "until": until}
            row = {**row, "status": "waived", "holds_until": until, "params": told}
        made.append(row)
    return made


def _waivers_of(requirements: Iterable[Mapping[str, Any]]) -> dict[int, dict[str, Any]]:
    """Who answers for what is waived. One query, and none where nothing is."""
    numbers = {r["params"]["waiver"] for r in requirements if r["status"] == "waived"}
    return waivers.told(numbers) if numbers else {}


WAIVER_OVER = ("waiver_ended", "waiver_revoked")


def _steps_after(stale: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """What opens an approval again: an audit for what has aged, a waiver or a mended version for what was waived."""
    over = [condition for condition in stale if condition["code"] in WAIVER_OVER]
    aged = (condition for condition in stale if condition["code"] not in (*WAIVER_OVER, POLICY_CHANGED))
    runs = sorted({condition["kind"] for condition in aged if condition["kind"]})
    return (
        *({"action": "run", "target": kind, "who": "submitter", "count": 1} for kind in runs),
        *(
            {
                "action": "ask_waiver",
                "target": kind,
                "who": "submitter",
                "count": 1,
                "requirements": sorted({c["id"] for c in over if c["kind"] == kind}),
            }
            for kind in sorted({condition["kind"] for condition in over})
        ),
    )


def _without_approval(
    user: User | None, asked: Subject, use_case: str, stage: str, ended: Approval | None
) -> GateAnswer:
    seen = None if user is None else teams_seen_by(user)
    standing = (
        ReviewStanding.objects.filter(_of(asked), use_case__slug=use_case, stage=stage)
        .filter(Q() if seen is None else Q(use_case__owner_team__in=seen))
        .annotate(asked_at=Now(), waivers=waivers.told_beside())
        .select_related("version__entry", "use_case")
        .order_by("-updated_at", "-pk")
        .first()
    )
    reasons = [] if ended is None else [f"approval:{ended.ended_reason or 'expired'}"]
    now: dt.datetime = (
        getattr(standing, "asked_at", None) or getattr(ended, "asked_at", None) or dt.datetime.now(dt.UTC)
    )
    if standing is None or standing.state == "approved":
        return GateAnswer(
            "deny",
            tuple(reasons or ["no_approval"]),
            asked,
            use_case,
            stage,
            now,
            approval=ended,
            # The same for what is unknown and for what is not to be seen: it is made of the question alone.
            next_steps=({"action": "submit", "target": use_case, "who": "submitter", "count": 1, "detail": stage},),
            policies=tuple(ended.policies) if ended else (),
            requirements=tuple(ended.requirements) if ended else (),
            evaluation=_judged(ended) if ended else {},
            submission=getattr(ended, "review", None),
            waivers=_beside(standing),
        )
    evaluation = as_of(standing.evaluation, at=now)
    if standing.state in CLOSED_STATES:
        verdict, codes = "deny", [f"review:{standing.state}"]
    elif evaluation.get("verdict", standing.verdict) in ("allow", "warn"):
        verdict, codes = "pending", ["review:awaiting_decision"]
    else:
        verdict, codes = evaluation.get("verdict", standing.verdict), list(evaluation.get("reason_codes", ()))
    return GateAnswer(
        verdict,
        tuple([*reasons, *codes] or ["no_approval"]),
        asked,
        use_case,
        stage,
        now,
        standing=standing,
        requirements=tuple(evaluation.get("requirements", ())),
        next_steps=tuple(evaluation.get("next_steps", ())),
        policies=tuple(evaluation.get("policies", ())),
        evaluation=evaluation,
        submission=standing.submission,
        waivers=_beside(standing),
    )


def _beside(standing: ReviewStanding | None) -> dict[int, dict[str, Any]]:
    """The waivers that came with a standing, by number."""
    rows: list[dict[str, Any]] = getattr(standing, "waivers", None) or []
    return {row["id"]: row for row in rows}
