"""Trials that nobody kept: after some days what was asked and answered is erased; that there was one stays known."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.fields.json import KT

from audits import blobs
from audits.models import OPEN_STATES, Blob, Run
from governance.catalog.models import File
from governance.evidence.models import StressCase, Upload
from governance.evidence.trials import KIND

AT_ONCE = 500


@transaction.atomic
def forget_trials(*, at: dt.datetime) -> int:
    """Erase what stands behind trials that ended ``TRIAL_DAYS`` ago, unless one was kept or became a permanent test.

    A run's row stays: it holds digests, and no word of what was typed. Bytes that anything else rests on stay too.

    Returns:
        How many stored files were erased.
    """
    trials = Run.objects.filter(kind=KIND).alias(question=KT("inputs__question_sha256"))
    stored = Blob.objects.filter(Q(sha256=OuterRef("question")) | Q(sha256=OuterRef("result_sha256")), erased_at=None)
    past = (
        trials.exclude(state__in=OPEN_STATES)
        .filter(finished_at__lt=at - dt.timedelta(days=settings.TRIAL_DAYS), kept_trial=None)
        .exclude(pk__in=StressCase.objects.filter(found_in__kind=KIND).values("found_in"))
    )
    over = past.filter(Exists(stored)).values("pk")
    held = list(Run.objects.filter(pk__in=over).select_for_update(skip_locked=True).values_list("pk", flat=True))
    # looked at once more: somebody may have kept one until a moment ago, and whoever would now waits
    ended = set(past.filter(pk__in=held).values_list("pk", flat=True))
    if not ended:
        return 0
    # a trial of which nothing is left keeps nothing of another's
    going = _named(trials.filter(pk__in=ended)) - _named(trials.exclude(pk__in=past.values("pk")))
    erased = 0
    for begin in range(0, len(going), AT_ONCE):
        some = sorted(going)[begin : begin + AT_ONCE]
        for blob in Blob.objects.filter(sha256__in=set(some) - _rested_on(some, past), erased_at=None).order_by("pk"):
            blobs.erase(blob, at=at)
            erased += 1
    return erased


def _named(trials: QuerySet[Run]) -> set[str]:
    """The digests of what some trials asked, showed and answered."""
    found: set[str] = set()
    rows = trials.values_list("inputs__question_sha256", "inputs__pictures", "inputs__sounds", "result_sha256")
    for asked, pictures, sounds, answered in rows.iterator():
        found |= {asked, answered, *(pictures or ()), *(sounds or ())}
    return found - {"", None}


def _rested_on(digests: list[str], past: QuerySet[Run]) -> set[str]:
    """Those that an upload, a version's file, a permanent test or another run rests on."""
    found = set(Upload.objects.filter(blob__sha256__in=digests).values_list("blob__sha256", flat=True))
    found |= {str(one) for one in File.objects.filter(sha256__in=digests).values_list("sha256", flat=True)}
    found |= set(StressCase.objects.filter(input__picture__in=digests).values_list("input__picture", flat=True))
    others = Run.objects.filter(result_sha256__in=digests).exclude(pk__in=past.values("pk"))
    return found | set(others.values_list("result_sha256", flat=True))
