"""What people declare and sign: what a pilot showed, and how a use case makes its model."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable

from django.db import transaction

from governance.catalog.models import UseCase, Version
from governance.catalog.signals import use_case_changed
from governance.catalog.use_cases import may_keep
from governance.evidence.models import DecisionRecord, PilotReport, Upload
from governance.evidence.services import EvidenceRefused
from governance.ledger import services as ledger
from governance.people.models import User
from governance.web.sentences import SHORTEST_REASON


class NotTheOwner(EvidenceRefused):
    """The person does not keep the use case."""


@transaction.atomic
def sign_pilot(
    *,
    version: Version,
    use_case: UseCase,
    started_on: dt.date,
    ended_on: dt.date,
    requests: int,
    complaints: int,
    drift: float | None = None,
    cost_per_1000: float | None = None,
    rollback_drill_on: dt.date | None = None,
    upload: Upload,
    by: User,
    at: dt.datetime,
) -> PilotReport:
    """Sign what a pilot showed. A report is never changed; a later one counts instead.

    Raises:
        NotTheOwner: the person is neither risk officer nor administrator of the use case's team.
        EvidenceRefused: figures that cannot be: it ends before it starts or in the future, more complaints than
            requests, a negative cost.
    """
    _require_owner(by, use_case, "sign what the pilot of")
    if ended_on < started_on:
        raise EvidenceRefused("pilot_dates", "the pilot ends before it starts; correct the dates")
    if max(ended_on, rollback_drill_on or ended_on) > at.date():
        raise EvidenceRefused("pilot_in_future", "a date lies in the future; report what has happened")
    if complaints > requests:
        raise EvidenceRefused("pilot_complaints", "there cannot be more complaints than requests; correct the counts")
    for name, value in (("drift", drift), ("cost_per_1000", cost_per_1000)):
        if value is not None and not (math.isfinite(value) and value >= 0):
            raise EvidenceRefused("pilot_figure", f"{name} has to be a number from 0 on, or left out")
    report = PilotReport.objects.create(
        version=version,
        use_case=use_case,
        started_on=started_on,
        ended_on=ended_on,
        requests=requests,
        complaints=complaints,
        drift=drift,
        cost_per_1000=cost_per_1000,
        rollback_drill_on=rollback_drill_on,
        upload=upload,
        signed_by=by,
        signed_at=at,
    )
    ledger.record(
        verb="pilot.signed",
        object_kind="pilot_report",
        object_ref=str(report.pk),
        subject_digest=version.digest,
        actor=by,
        at=at,
        detail={"use_case": use_case.slug, "sha256": upload.blob.sha256},
    )
    use_case_changed.send(sender=UseCase, use_case=use_case, at=at)
    return report


@transaction.atomic
def record_decision(
    *, use_case: UseCase, approach: str, measured_errors: str, reason: str, by: User, at: dt.datetime
) -> DecisionRecord:
    """Record how a use case makes its model, and on which measured errors that rests. A later record counts instead.

    Raises:
        NotTheOwner: the person is neither risk officer nor administrator of the use case's team.
        EvidenceRefused: an approach that is none, or no words for errors or reason.
    """
    _require_owner(by, use_case, "decide how to make the model of")
    if approach not in DecisionRecord.Approach.values:
        raise EvidenceRefused("unknown_approach", f"approach is one of {', '.join(DecisionRecord.Approach.values)}")
    if min(len(measured_errors.strip()), len(reason.strip())) < SHORTEST_REASON:
        raise EvidenceRefused(
            "reason_required", f"name the measured errors and the reason in at least {SHORTEST_REASON} characters each"
        )
    record = DecisionRecord.objects.create(
        use_case=use_case,
        approach=approach,
        measured_errors=measured_errors.strip(),
        reason=reason.strip(),
        decided_by=by,
        decided_at=at,
    )
    ledger.record(
        verb="use_case.approach_decided",
        object_kind="use_case",
        object_ref=use_case.slug,
        actor=by,
        at=at,
        detail={"record": record.pk, "approach": approach},
    )
    use_case_changed.send(sender=UseCase, use_case=use_case, at=at)
    return record


def newest_pilots(*, versions: Iterable[int], use_cases: Iterable[int]) -> dict[tuple[int, int], PilotReport]:
    """The reports that count, by version and use case. One query."""
    found = PilotReport.objects.filter(version__in=set(versions), use_case__in=set(use_cases))
    newest = found.order_by("version", "use_case", "-signed_at", "-pk").distinct("version", "use_case")
    return {(one.version_id, one.use_case_id): one for one in newest}


def newest_decisions(use_cases: Iterable[int]) -> dict[int, DecisionRecord]:
    """The records that count, by use case. One query."""
    found = DecisionRecord.objects.filter(use_case__in=set(use_cases))
    return {one.use_case_id: one for one in found.order_by("use_case", "-decided_at", "-pk").distinct("use_case")}


def _require_owner(by: User, use_case: UseCase, deed: str) -> None:
    if not may_keep(by, use_case.owner_team):
        raise NotTheOwner(
            "not_the_owner", f"only risk officers and administrators of its team {deed} {use_case}; ask one of them"
        )
