"""What the end of a run means for submissions that wait for it."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from audits.models import Run
from audits.signals import run_finished
from governance.reviews import services
from governance.reviews.models import Submission, SubmissionState


@receiver(run_finished, dispatch_uid="reviews.reevaluate")
def reevaluate(*, run: Run, **_newer: Any) -> None:
    """In the transaction that ends the run: a verdict never lags behind its facts."""
    if run.finished_at is None:
        return
    waiting = Submission.objects.filter(version__digest=run.subject_digest, state=SubmissionState.IN_REVIEW)
    for pk in waiting.order_by("pk").values_list("pk", flat=True):
        services.reevaluate(submission_id=pk, at=run.finished_at)
