"""Trials that nobody kept: what was asked and answered is erased, unless something else rests on it."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

import pytest
from django.utils import timezone

from audits import blobs, execution
from audits.models import Blob, Run
from governance.evidence import forgetting, trials
from governance.evidence.services import EvidenceRefused
from tests.governance.portal.trying.asking import (
    TYPED,
    address,
    another,
    answered,
    ask,
    bring,
    browser,
    picture,
    show,
)
from tests.governance.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.sandbox]


def test_a_trial_that_nobody_kept_is_forgotten_after_some_days_and_can_be_asked_again(world: World, settings: Any):
    run, kept = answered(world), another(world, "1,2,3,4")
    trials.keep(run_id=kept.pk, by=world.submitter, at=timezone.now())
    question, result = run.inputs["question_sha256"], run.result_sha256
    late = timezone.now() + dt.timedelta(days=settings.TRIAL_DAYS, minutes=1)

    early = forgetting.forget_trials(at=timezone.now())
    erased = forgetting.forget_trials(at=late)
    again = forgetting.forget_trials(at=late)

    assert (early, erased, again) == (0, 2, 0)
    assert not blobs.is_there(question)
    assert not blobs.is_there(result)
    assert set(Blob.objects.exclude(erased_at=None).values_list("sha256", flat=True)) == {question, result}
    assert blobs.is_there(kept.inputs["question_sha256"])
    assert blobs.is_there(kept.result_sha256)
    where = f"{address(world)}?use_case={world.use_case.slug}&trial={run.pk}"
    assert "was erased since. Ask again." in browser(world.submitter).get(where).content.decode()
    with pytest.raises(EvidenceRefused) as refused:
        trials.keep(run_id=run.pk, by=world.submitter, at=late)
    assert refused.value.code == "trial_erased", "what is gone is no evidence"
    assert ask(world, TYPED).status_code == 302
    renewed = Run.objects.filter(kind="trial").latest("pk")
    execution.execute(run_id=renewed.pk)
    assert blobs.is_there(question)
    assert Run.objects.get(pk=renewed.pk).verdict == "answered"


def test_a_picture_that_an_erased_trial_showed_too_is_erased_with_the_last_that_did(settings: Any):
    world = World()
    bring(world, "model.onnx", b"is not run")
    first, second = b"GIF89a one", b"GIF89a two"
    digest = hashlib.sha256(first).hexdigest()

    for days, shown in ((1, [first]), (50, [first, second])):
        at = timezone.now() + dt.timedelta(days=days)
        run = trials.ask(version=world.version, use_case=world.use_case, pictures=shown, by=world.submitter, at=at)
        Run.objects.filter(pk=run.pk).update(state="cancelled", finished_at=at)
        assert blobs.is_there(digest)

        forgetting.forget_trials(at=at + dt.timedelta(days=settings.TRIAL_DAYS, minutes=1))

        assert not blobs.is_there(digest)
    assert not blobs.is_there(hashlib.sha256(second).hexdigest())


def test_what_something_else_rests_on_is_not_forgotten(gallery: World, settings: Any):
    show(gallery, picture())
    run = Run.objects.get(kind="trial")
    execution.execute(run_id=run.pk)
    digest = hashlib.sha256(picture()).hexdigest()
    bring(gallery, "cat.png", picture())
    late = timezone.now() + dt.timedelta(days=settings.TRIAL_DAYS, minutes=1)

    assert forgetting.forget_trials(at=late) == 2

    assert blobs.is_there(digest), "somebody has uploaded the same bytes as evidence"
    show(gallery, picture((0, 255, 0)))
    other = Run.objects.filter(kind="trial").latest("pk")
    execution.execute(run_id=other.pk)
    trials.keep_case(run_id=other.pk, row=0, expected="1", by=gallery.submitter, at=timezone.now())
    assert forgetting.forget_trials(at=late) == 0, "what became a permanent test keeps the trial that it came from"
