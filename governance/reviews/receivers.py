"""What changes elsewhere mean for submissions in review, and for looking again at what is approved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.dispatch import receiver

from audits.models import Run
from audits.signals import run_finished
from governance.catalog.models import Suspension, UseCase, Version
from governance.catalog.signals import files_fetched, suspended, suspension_lifted, use_case_changed, versions_stored
from governance.catalog.suspensions.reach import reaching
from governance.gates.models import Approval
from governance.gates.signals import audits_asked, held_to_policies, upstream_changed
from governance.licensing.affected import Affected
from governance.licensing.closure import among_texts
from governance.licensing.signals import licences_changed, licences_judged
from governance.people.models import User
from governance.people.signals import roles_changed
from governance.policies.models import Waiver
from governance.policies.signals import waivers_changed
from governance.reviews import looking_again, services
from governance.reviews.models import Submission, SubmissionState


@receiver(run_finished, dispatch_uid="reviews.reevaluate")
def reevaluate(*, run: Run, **_newer: Any) -> None:
    """In the transaction that ends the run: a verdict never lags behind its facts."""
    if run.finished_at is None:
        return
    waiting = Submission.objects.filter(version__digest=run.subject_digest, state=SubmissionState.IN_REVIEW)
    for pk in waiting.order_by("pk").values_list("pk", flat=True):
        services.reevaluate(submission_id=pk, at=run.finished_at)


@receiver(licences_judged, dispatch_uid="reviews.reevaluate_licences")
def reevaluate_licences(*, digests: Sequence[str], at: dt.datetime, **_newer: Any) -> None:
    """In the transaction that stores the new verdicts."""
    waiting = Submission.objects.filter(version__digest__in=among_texts(digests), state=SubmissionState.IN_REVIEW)
    services.reevaluate_all(submissions=waiting.values_list("pk", flat=True), at=at)


@receiver(audits_asked, dispatch_uid="reviews.reevaluate_asked")
def reevaluate_asked(*, version: Version, use_case: UseCase, at: dt.datetime, **_newer: Any) -> None:
    """In the transaction that starts audits for a pipeline: what waits for a worker is pending from now on."""
    waiting = Submission.objects.filter(version=version, use_case=use_case, state=SubmissionState.IN_REVIEW)
    for pk in waiting.order_by("pk").values_list("pk", flat=True):
        services.reevaluate(submission_id=pk, at=at)


@receiver(use_case_changed, dispatch_uid="reviews.refresh_use_case")
def refresh_use_case(*, use_case: UseCase, at: dt.datetime, **_newer: Any) -> None:
    """In the transaction that changes the plan, the tier or the licence profile."""
    services.refresh(submissions=Submission.objects.filter(use_case=use_case).values_list("pk", flat=True), at=at)


@receiver(files_fetched, dispatch_uid="reviews.refresh_fetched")
def refresh_fetched(*, version: Version, at: dt.datetime, **_newer: Any) -> None:
    """In the transaction that ends the fetch: audits that waited for the files can be asked for now."""
    services.refresh(submissions=Submission.objects.open().filter(version=version).values_list("pk", flat=True), at=at)


@receiver(waivers_changed, dispatch_uid="reviews.reevaluate_waiver")
def reevaluate_waiver(*, waiver: Waiver, at: dt.datetime, **_newer: Any) -> None:
    """In the transaction that accepts, rejects or revokes a waiver."""
    same = {"version": waiver.version_id, "use_case": waiver.use_case_id, "stage": waiver.stage}
    waiting = Submission.objects.filter(state=SubmissionState.IN_REVIEW, **same)
    for pk in waiting.order_by("pk").values_list("pk", flat=True):
        services.reevaluate(submission_id=pk, at=at)


@receiver(suspended, dispatch_uid="reviews.reevaluate_suspended")
@receiver(suspension_lifted, dispatch_uid="reviews.reevaluate_lifted")
def reevaluate_suspended(*, at: dt.datetime, **_newer: Any) -> None:
    """Once the suspension is there, and not with it: approving judges again, so nothing opens meanwhile."""
    transaction.on_commit(lambda: _reevaluate_suspended(at), robust=True)


def _reevaluate_suspended(at: dt.datetime) -> None:
    """Those that rest on something suspended, and those that were told so when last looked at."""
    waiting = Submission.objects.filter(state=SubmissionState.IN_REVIEW)
    reached = reaching(waiting.order_by().values_list("version_id", flat=True).distinct())
    told = Q(facts__lineage__suspended__gt=0) | Q(facts__lineage__suspended_upstream__gt=0)
    meant = waiting.filter(Q(version__in=reached) | told).order_by("version__digest", "pk")
    for pk in meant.values_list("pk", flat=True):
        services.reevaluate(submission_id=pk, at=at)


@receiver(roles_changed, dispatch_uid="reviews.recount")
def recount(*, user: User, at: dt.datetime, **_newer: Any) -> None:
    """In the transaction that gives or takes a role: the votes and claims of who may no longer vote count no more."""
    voted = Q(votes__voter=user) | Q(claims__holder=user, claims__released_at=None)
    waiting = Submission.objects.filter(voted, state=SubmissionState.IN_REVIEW)
    for pk in waiting.order_by("version__digest", "pk").values_list("pk", flat=True).distinct():
        services.recount(submission_id=pk, at=at)
    looking_again.roles_changed(user, at=at)


# --- reasons to look again, each in the transaction of its change ---------------------------------------------------


@receiver(versions_stored, dispatch_uid="reviews.see_versions")
def see_versions(*, newest: Mapping[int, tuple[int | None, int]], at: dt.datetime, **_newer: Any) -> None:
    looking_again.versions_stored(newest, at=at)


@receiver(licences_changed, dispatch_uid="reviews.see_licences")
def see_licences(*, affected: Affected, at: dt.datetime, **_newer: Any) -> None:
    looking_again.licences_changed(affected, at=at)


@receiver(suspended, dispatch_uid="reviews.see_suspension")
def see_suspension(*, suspension: Suspension, at: dt.datetime, **_newer: Any) -> None:
    looking_again.suspended(suspension, at=at)


@receiver(held_to_policies, dispatch_uid="reviews.see_policies")
def see_policies(*, approval: Approval, at: dt.datetime, **_newer: Any) -> None:
    """A worker does: it looks at one approval after the other once a policy has changed."""
    looking_again.policies_changed(approval, at=at)


@receiver(upstream_changed, dispatch_uid="reviews.see_upstream")
def see_upstream(*, approval: Approval, below: Approval | None, holds: bool, at: dt.datetime, **_newer: Any) -> None:
    looking_again.upstream_changed(approval, below=below, holds=holds, at=at)


@receiver(use_case_changed, dispatch_uid="reviews.see_use_case")
def see_use_case(*, use_case: UseCase, at: dt.datetime, **_newer: Any) -> None:
    looking_again.use_case_changed(use_case, at=at)
