"""Facts of many reviews are read together: the same facts, in queries that do not grow with their number."""

from __future__ import annotations

import datetime as dt
import hashlib
from itertools import product
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audits.models import Blob, Finding, RunState
from governance.catalog.models import AuditPlan, Edge, FetchRequest, File, HubScan, Suspension, UseCase, Version
from governance.evidence.inputs import UPLOADED, Wanted, wanted
from governance.evidence.models import Attachment, DecisionRecord, PilotReport, StressCase, Upload
from governance.gates.models import Approval
from governance.people.models import User
from governance.policies.facts import About, facts, facts_of
from governance.policies.models import AdminOverride, Policy, Waiver
from tests.factories import (
    BlobFactory,
    EntryFactory,
    RunFactory,
    TeamFactory,
    UseCaseFactory,
    UserFactory,
    VersionFactory,
)

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
KINDS = ("card", "license", *UPLOADED, "tokenizer")
PLAN = {
    "bias": {"label": "label", "prediction": "prediction", "sensitive": ["group"]},
    "stress": {"text": "text", "label": "label"},
}


class Reviews:
    """Versions that differ in what there is of them, in two use cases: everything that facts speak of, and its lack."""

    def __init__(self) -> None:
        self.person, self.other = UserFactory(), UserFactory()
        team = TeamFactory()
        self.here: UseCase = UseCaseFactory(owner_team=team)
        self.there: UseCase = UseCaseFactory(tier="limited")
        AuditPlan.objects.create(use_case=self.here, number=1, document={}, sha256="0" * 64)
        AuditPlan.objects.create(use_case=self.here, number=2, document=PLAN, sha256="1" * 64)
        base, dataset = self._version(), self._version(entry=EntryFactory(kind="dataset"))
        newer = self._version(entry=base.entry)
        base.entry.refresh_from_db()
        tables, listed, fetched = self._version(), self._version(), self._version()
        pinned, loose, merged = self._version(), self._version(), self._version()
        self.versions = [base, newer, dataset, tables, listed, fetched, pinned, loose, merged]
        self._attach_to(tables, dataset)
        self._store_files_of(listed, fetched)
        for made, origin, revision in (
            (pinned, base, base.revision),
            (loose, base, None),
            (merged, newer, newer.revision),
            (merged, dataset, None),
            (loose, dataset, "f" * 40),
        ):
            relation = "trained" if origin is dataset else "finetune"
            Edge.objects.create(version=made, to_entry=origin.entry, to_revision=revision, relation=relation)
        self._approve(base, newer, dataset)
        self._say(tables, listed, team=team)
        self._run_audits()

    @property
    def about(self) -> list[About]:
        """What facts are asked about: every version in both use cases, each for kinds of its own."""
        rows = Version.objects.select_related("entry", "card").in_bulk([one.pk for one in self.versions])
        asked = product(rows.values(), (self.here, self.there), ("pilot", "production"))
        return [
            About(version, use_case, stage, frozenset(KINDS[n % 3 :: 1 + n % 2]))
            for n, (version, use_case, stage) in enumerate(asked)
        ]

    def _version(self, **fields: Any) -> Version:
        made: Version = VersionFactory(**fields)
        return made

    def _upload(self, version: Version, use_case: UseCase, role: str, *, name: str, day: int, by: User) -> Blob:
        blob: Blob = BlobFactory()
        upload = Upload.objects.create(blob=blob, filename=name, uploaded_by=by, uploaded_at=NOON)
        Attachment.objects.create(
            version=version, use_case=use_case, role=role, upload=upload, attached_by=by, attached_at=NOON + day * DAY
        )
        return blob

    def _attach_to(self, tables: Version, dataset: Version) -> None:
        for day, role in enumerate((*Attachment.Role.values, "predictions", "files")):
            self._upload(tables, self.here, role, name=f"{role} {day}.onnx", day=-day, by=self.person)
        self._upload(tables, self.there, "data", name="data.csv", day=0, by=self.other)
        self._upload(dataset, self.here, "data", name="rows.csv", day=0, by=self.other)
        self._upload(dataset, self.here, "files", name="croissant.json", day=0, by=self.other)
        for use_case, dropped in ((self.here, None), (self.there, None), (None, None), (self.here, NOON)):
            StressCase.objects.create(
                entry=tables.entry,
                use_case=use_case,
                input={"text": f"{use_case} {dropped}"},
                expected="1",
                kept_by=self.person,
                kept_at=NOON,
                dropped_at=dropped,
                dropped_by=self.person if dropped else None,
            )

    def _store_files_of(self, listed: Version, fetched: Version) -> None:
        for version, stored in ((listed, 3), (fetched, 1)):
            for number in range(3):
                digest = hashlib.sha256(f"{version.pk} {number}".encode()).hexdigest()
                role = "licence" if number == 2 else "weights"
                path = "LICENSE" if number == 2 else f"part-{number}.onnx"
                File.objects.create(version=version, path=path, size=3, sha256=digest, role=role)
                if number < stored:
                    BlobFactory(sha256=digest)
        FetchRequest.objects.create(
            version=fetched, requested_by=self.person, requested_at=NOON, due_at=NOON, state="done", finished_at=NOON
        )
        for day, word in enumerate(("safe", "unsafe")):
            HubScan.objects.create(version=listed, asked_at=NOON + day * DAY, files={"part-0.onnx": {"status": word}})

    def _approve(self, *versions: Version) -> None:
        for days, version in enumerate(versions, start=1):
            Approval.objects.create(
                version=version,
                use_case=self.here,
                stage="pilot",
                verdict="allow",
                facts_sha256="0" * 64,
                granted_at=NOON - DAY,
                expires_at=NOON + 90 * DAY,
                next_boundary=NOON + days * DAY,
            )

    def _say(self, tables: Version, listed: Version, *, team: Any) -> None:
        """What people declare, accept and suspend, in one scope each."""
        policy, _ = Policy.objects.get_or_create(name="some")
        for number, findings in enumerate(([], ["a" * 64])):
            waiver = Waiver.objects.create(
                version=tables,
                use_case=self.here,
                stage="pilot",
                policy=policy,
                requirement=f"bias.{number}",
                title="Bias",
                kind="bias",
                severity="fail",
                tier="high",
                role="risk_officer",
                findings=findings,
                reason="for a test",
                compensating_control="a person looks",
                expires_at=NOON + 9 * DAY,
                requested_by=self.person,
                requested_at=NOON,
            )
            self._decide(waiver)
        override = AdminOverride.objects.create(
            version=tables,
            use_case=self.here,
            stage="pilot",
            tier="high",
            submission=1,
            items=[{"what": "lane", "lane": "ethics"}],
            reason="for a test of facts that are read together",
            expires_at=NOON + DAY,
            proposed_by=self.person,
            proposed_at=NOON,
        )
        self._decide(override)
        upload = Upload.objects.filter(uploaded_by=self.person).earliest("pk")
        for day in range(2):
            told = {"version": tables, "use_case": self.here, "signed_by": self.person, "upload": upload}
            PilotReport.objects.create(
                **told,
                started_on=NOON.date(),
                ended_on=NOON.date(),
                requests=9 + day,
                complaints=0,
                signed_at=NOON + day * DAY,
            )
            DecisionRecord.objects.create(
                use_case=self.here,
                approach=DecisionRecord.Approach.values[day],
                measured_errors="measured on a table",
                reason="cheaper by far",
                decided_by=self.person,
                decided_at=NOON + day * DAY,
            )
        Suspension.objects.create(
            entry=listed.entry, team=team, descendants=True, reason="leaks", made_by=self.person, made_at=NOON
        )
        Edge.objects.create(version=tables, to_entry=listed.entry, relation="quantized")

    def _decide(self, proposal: Waiver | AdminOverride) -> None:
        proposal.state, proposal.decided_by, proposal.decided_at = "active", self.other, NOON
        proposal.edition += 1
        proposal.save()

    def _run_audits(self) -> None:
        """One run of each kind on the inputs of today, some of them failed or waiting, and one on others for half."""
        for number, (version, use_case) in enumerate(product(self.versions, (self.here, self.there))):
            for place, kind in enumerate(KINDS, start=number):
                want = wanted(kind=kind, version=version, use_case=use_case)
                if not isinstance(want, Wanted):
                    continue
                told = {"kind": kind, "subject_digest": version.digest}
                told |= {"use_case": "" if want.inputs is None else use_case.slug}
                if place % 2:
                    RunFactory(**told, inputs={"older": place}, requested_at=NOON + DAY, **_ended(place + 1))
                if place % 5 and not (want.inputs is None and use_case is self.there):
                    run = RunFactory(**told, inputs=dict(want.inputs or {}), **_ended(place))
                    for code in ("B", "A", "A"):
                        Finding.objects.create(
                            run=run, code=code, severity="high", fingerprint=hashlib.sha256(code.encode()).hexdigest()
                        )


def _ended(number: int) -> dict[str, Any]:
    if number % 4 == 3:
        return {"state": RunState.QUEUED}
    if number % 4 == 2:
        return {"state": RunState.ERRORED, "finished_at": NOON, "error_code": "broke", "error": "it broke"}
    summary = {"card_score": 0.5, "files_bytes_total": 3, "files_bytes_inspected": 3, f"figure_{number}": number / 7}
    return {"state": RunState.SUCCEEDED, "verdict": "pass", "finished_at": NOON, "summary": summary}


def test_facts_read_together_are_those_read_one_by_one_in_any_order() -> None:
    about = Reviews().about
    alone = [
        facts(version=one.version, use_case=one.use_case, stage=one.stage, kinds=one.kinds, at=NOON) for one in about
    ]
    assert [fact["subject"]["digest"] for fact in alone] == [one.version.digest for one in about]

    assert facts_of(about, at=NOON) == alone

    assert facts_of(about[::-1], at=NOON) == alone[::-1]
    # They tell all that facts can tell, and lack it elsewhere: else nothing was compared.
    for told in ("pilot", "decision_record", "overrides", "card", "license", "files", "signature"):
        assert {told in one for one in alone} == {True, False}, told
    states = {fact["state"] for one in alone for fact in one["audits"]}
    assert states == {"succeeded", "errored", "queued", "missing", "outdated"}
    assert {len(one["waivers"]) for one in alone} == {0, 2}
    assert {tuple(one["lineage"][name] for name in ("datasets_approved", "bases_approved")) for one in alone} >= {
        (0, 0),
        (0, 1),
        (1, 1),
    }
    assert {one["lineage"]["suspended_upstream"] for one in alone} == {0, 1}
    assert any("failing" in fact for one in alone for fact in one["audits"])


def test_the_queries_do_not_grow_with_the_number_of_reviews() -> None:
    some = Reviews().about
    more = [*some, *Reviews().about]
    facts_of(more, at=NOON)

    counted = []
    for about in (some, more):
        with CaptureQueriesContext(connection) as queries:
            facts_of(about, at=NOON)
        counted.append(len(queries))

    assert counted[0] == counted[1] <= 30
