"""A team with a use case, its people and a version to review, and the ways that they go."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from typing import Any

import yaml
from django.utils import timezone

from audits import execution
from audits.models import Run, RunState
from governance.catalog.models import Card, Stage, UseCase, Version
from governance.catalog.use_cases import put_audit_plan
from governance.evidence import services as evidence
from governance.evidence.models import Upload
from governance.gates import queries as gate
from governance.gates.models import Approval
from governance.people.models import User
from governance.policies import rejudging
from governance.policies import services as policies
from governance.policies.models import Policy, PolicyVersion
from governance.policies.services import publish_defaults
from governance.reviews import services as reviews
from governance.reviews.models import Decision, Submission
from tests.factories import TeamFactory, UseCaseFactory, VersionFactory, member

CARD = b"""---
license: apache-2.0
language: en
pipeline_tag: tabular-classification
---
# A scorer

## Intended uses

Scores applications for a second look by a person.

## Limitations

Knows nothing of applicants outside the region that it was made for.

## Training data

Applications of three years.

## Evaluation

Held out applications of one year.
"""
PLAN: dict[str, Any] = {
    "bias": {
        "label": "label",
        "prediction": "prediction",
        "positive": "1",
        "sensitive": ["group"],
        "gating": ["demographic_parity_ratio"],
        "thresholds": {"demographic_parity_ratio": 0.8},
    }
}


def predictions(*, fair: bool = True, rows: int = 4000) -> bytes:
    """A table in which both groups are approved equally often, or one of them hardly ever."""
    lines = ["label,prediction,group"]
    for i in range(rows):
        group = "ab"[i % 2]
        approved = i // 2 % 2 if fair or group == "a" else int(i // 2 % 10 == 0)
        lines.append(f"{i // 4 % 2},{approved},{group}")
    return "\n".join(lines).encode()


_published: list[tuple[str, dict[str, Any]]] = []
# What asks for a model's files and runs it: worlds have none. tests/governance/policies/test_defaults.py has these.
LEFT_OUT = (
    *("minimal-files", "model-files", "critical-files"),
    *("lower-text-stress", "text-stress", "critical-text-stress"),
    *("lower-input-stress", "input-stress", "critical-input-stress"),
)


def publish_defaults_again(*, at: dt.datetime) -> None:
    """The policies that come with the product. After the first time their rows are copied: every test begins with
    them, and to read, try and publish sixteen files takes longer than most tests. Publishing has tests of its own.
    """
    if not _published or Policy.objects.exists():
        versions = publish_defaults(by=None, at=at, but=LEFT_OUT)
        if len(versions) == Policy.objects.count():
            same = ("number", "text", "document", "sha256")
            _published[:] = [(one.policy.name, {name: getattr(one, name) for name in same}) for one in versions]
        return
    made = Policy.objects.bulk_create(Policy(name=name) for name, _ in _published)
    PolicyVersion.objects.bulk_create(
        PolicyVersion(policy=policy, published_at=at, **copied)
        for policy, (_, copied) in zip(made, _published, strict=True)
    )


class World:
    """One use case of tier high, its people, and one version. Policies are those that come with the product."""

    def __init__(self, *, tier: str = "high", stage: str = Stage.PILOT, at: dt.datetime | None = None) -> None:
        self.at = at or timezone.now()
        self.stage = str(stage)
        self.team = TeamFactory()
        self.submitter = member(self.team, "submitter")
        self.risk_officer = member(self.team, "risk_officer")
        self.approver = member(self.team, "approver")
        self.domain = member(self.team, "reviewer:domain")
        self.ethics = member(self.team, "reviewer:ethics")
        self.security = member(self.team, "reviewer:security")
        self.stranger = member(TeamFactory(), "submitter", "approver", "reviewer:domain")
        self.use_case: UseCase = UseCaseFactory(owner_team=self.team, tier=tier)
        publish_defaults_again(at=self.at)
        put_audit_plan(use_case_id=self.use_case.pk, document=PLAN, by=self.risk_officer, at=self.at)
        self.version = self.new_version()

    def new_version(self, **fields: Any) -> Version:
        sha256 = hashlib.sha256(CARD).hexdigest()
        card = Card.objects.filter(sha256=sha256).first() or Card.objects.create(
            sha256=sha256,
            kind="model",
            raw=CARD,
            size=len(CARD),
            body_offset=0,
            metadata={"license": "apache-2.0"},
            licenses=["apache-2.0"],
            score=0.8,
        )
        version: Version = VersionFactory(card=card, **fields)
        return version

    def ask_for_bias_alone(self, *, at: dt.datetime) -> None:
        """In production at high risk ask for neither a pilot nor a data audit, which a test is not about."""
        shipped = yaml.safe_load((policies.DEFAULTS / "high-production.yaml").read_text(encoding="utf-8"))
        asked = [one for one in shipped["requirements"] if one["id"] not in ("data.audited", "pilot.shown")]
        document = {name: said for name, said in shipped.items() if name != "tests"} | {"requirements": asked}
        policies.publish(text=yaml.safe_dump(document), by=None, at=at)

    # --- steps -------------------------------------------------------------------------------------------------

    def submit(self, version: Version | None = None, **fields: Any) -> Submission:
        asked = {"stage": self.stage, "use_case": self.use_case, "by": self.submitter, "at": self.at, **fields}
        return reviews.submit(version=version or self.version, **asked)

    def upload(self, data: bytes | None = None, *, by: User | None = None) -> Upload:
        return evidence.upload(
            stream=io.BytesIO(data or predictions()),
            filename="predictions.csv",
            media_type="text/csv",
            by=by or self.submitter,
            at=self.at,
        )

    def attach(self, submission: Submission, data: bytes | None = None, *, by: User | None = None) -> None:
        by = by or self.submitter
        upload = self.upload(data, by=by)
        reviews.attach_evidence(submission_id=submission.pk, role="predictions", upload=upload, by=by, at=self.at)

    def run_audits(self) -> None:
        """Do what a worker would do, at the moment of this world."""
        for pk in list(Run.objects.filter(state=RunState.QUEUED).order_by("pk").values_list("pk", flat=True)):
            execution.execute(run_id=pk)
        Run.objects.filter(finished_at__isnull=False).update(finished_at=self.at)
        for pk in Submission.objects.filter(state="in_review").values_list("pk", flat=True):
            reviews.reevaluate(submission_id=pk, at=self.at)

    def rejudge(self) -> int:
        """Do what a worker would after policies, or approvals that others rest on, have changed."""
        return rejudging.carry_out(now=timezone.now)

    def run_license(self, version: Version | None = None) -> None:
        """Ask for the licence audit of today's inputs and do it as a worker would."""
        run = evidence.request(
            kind="license", version=version or self.version, use_case=self.use_case, by=None, at=self.at
        )
        execution.execute(run_id=run.pk)

    def audited(self, **fields: Any) -> Submission:
        """A submission of which all audits are done."""
        submission = self.submit(**fields)
        self.attach(submission)
        self.run_audits()
        submission.refresh_from_db()
        return submission

    def vote(self, submission: Submission, voter: User, lane: str, value: int = 1, **fields: Any) -> None:
        reviews.vote(submission_id=submission.pk, voter=voter, lane=lane, value=value, **{"at": self.at, **fields})

    def voted(self, **fields: Any) -> Submission:
        """A submission that waits for its approver."""
        submission = self.audited(**fields)
        for lane in ("domain", "ethics", *["security"] * (submission.stage == "production")):
            self.vote(submission, getattr(self, lane), lane)
        submission.refresh_from_db()
        return submission

    def approve(self, submission: Submission, *, by: User | None = None) -> Decision:
        return reviews.approve(submission_id=submission.pk, approver=by or self.approver, at=self.at)

    def approved(self, **fields: Any) -> Approval:
        """An approval in force, after all the way to it."""
        decision = self.approve(self.voted(**fields))
        assert decision.approval is not None
        return decision.approval

    def approved_of_open(self) -> Approval:
        """An approval of the submission that is in review and audited."""
        submission = Submission.objects.get(state="in_review")
        reviews.reevaluate(submission_id=submission.pk, at=self.at)
        submission.refresh_from_db()
        for lane in ("domain", "ethics"):
            self.vote(submission, getattr(self, lane), lane)
        decision = self.approve(submission)
        assert decision.approval is not None
        return decision.approval

    # --- answers -----------------------------------------------------------------------------------------------

    def gate(self, version: Version | None = None, *, user: User | None = None, **fields: Any) -> gate.GateAnswer:
        of = version or self.version
        subject = gate.subject(kind=of.entry.kind, repo_id=of.entry.repo_id, revision=of.revision)
        return gate.gate_answer(
            user=user, subject=subject, **{"use_case": self.use_case.slug, "stage": self.stage, **fields}
        )
