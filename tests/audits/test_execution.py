"""Claiming, fencing, finding again: the machinery around an audit, without a worker process."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from audits import execution, recovery
from audits import services as audits
from audits.ending import Ending
from audits.locks import hold_subject
from audits.models import Finding, Origin, Run, RunState
from audits.signals import run_finished
from tests.audits.runs import card_run
from tests.factories import NOON, RunFactory

pytestmark = pytest.mark.django_db
LONG_AGO = timezone.now() - dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def _no_heartbeat(settings: Settings) -> None:
    """Audits are done inside the test's own transaction, which no heartbeat can look into."""
    settings.RUN_LEASE_S = 3600


def nobody(*, run_id: int, queue: str, time_limit_s: int) -> bool:
    """A broker that takes every message and gives it to nobody."""
    return True


def lost(**fields: Any) -> Run:
    """A running run whose lease is over."""
    fields = {"attempt": 1, "fencing_token": 1, "started_at": LONG_AGO, **fields}
    return RunFactory(state=RunState.RUNNING, lease_until=LONG_AGO + dt.timedelta(seconds=20), **fields)


def test_only_one_of_two_workers_gets_a_run():
    run = card_run()

    first, second = execution.claim(run.pk), execution.claim(run.pk)

    assert first is not None
    assert (first.state, first.attempt, first.fencing_token) == ("running", 1, 1)
    assert second is None


def test_executing_again_what_has_ended_does_nothing():
    run = card_run()
    done = execution.execute(run_id=run.pk)
    assert done is not None
    before = Finding.objects.count()

    again = execution.execute(run_id=run.pk)

    assert again is None
    assert Finding.objects.count() == before > 0


def test_a_worker_that_has_lost_its_lease_writes_nothing():
    run = card_run()
    held = execution.claim(run.pk)
    assert held is not None
    Run.objects.filter(pk=run.pk).update(fencing_token=2, attempt=2)  # somebody else has it by now

    ended = execution.finish(held, Ending(state=RunState.SUCCEEDED, verdict="pass"))

    run.refresh_from_db()
    assert ended is None
    assert (run.state, run.verdict) == ("running", "")


def test_what_the_listeners_cannot_do_undoes_the_end_of_the_run(monkeypatch):
    run = card_run()

    def listener(**_: Any) -> None:
        raise RuntimeError("a listener's own trouble")

    run_finished.connect(listener)
    try:
        with pytest.raises(RuntimeError), transaction.atomic():
            execution.execute(run_id=run.pk)
    finally:
        run_finished.disconnect(listener)

    run.refresh_from_db()
    assert run.is_open
    assert not Finding.objects.filter(run=run).exists()


def test_equal_inputs_are_not_run_twice():
    digest = "ab" * 32

    first, second = card_run(digest=digest), card_run(digest=digest)

    assert first.pk == second.pk


def test_an_errored_run_does_not_stand_in_for_the_next():
    digest = "ab" * 32
    first = card_run(digest=digest)
    Run.objects.filter(pk=first.pk).update(state="errored", finished_at=NOON, error_code="internal")

    second = card_run(digest=digest)

    assert second.pk != first.pk


def test_an_unknown_audit_is_refused_with_the_names_of_those_there_are():
    with pytest.raises(audits.RunRefused, match="known: bias, card, counterfactual, .*suite"):
        audits.request_run(
            kind="vibes",
            subject_name="acme/scorer",
            subject_digest="0" * 64,
            inputs={},
            origin=Origin.OBSERVED,
            at=NOON,
        )


def test_a_lost_run_waits_again_for_the_next_worker():
    run = lost()

    taken, _told = recovery.sweep(wake=nobody)

    run.refresh_from_db()
    assert taken == 1
    assert (run.state, run.attempt, run.lease_until) == ("queued", 1, None)


def test_a_run_whose_worker_is_lost_three_times_ends_as_errored():
    run = lost(attempt=3)

    recovery.sweep(wake=nobody)

    run.refresh_from_db()
    assert (run.state, run.error_code, run.verdict) == ("errored", "worker_lost", "")


def test_a_lost_run_over_its_time_is_not_tried_again():
    run = lost(time_limit_s=10)

    recovery.sweep(wake=nobody)

    run.refresh_from_db()
    assert (run.state, run.error_code) == ("timed_out", "time_limit")


def test_a_lost_run_that_somebody_cancelled_is_not_tried_again():
    run = lost(cancel_asked=True)

    recovery.sweep(wake=nobody)

    run.refresh_from_db()
    assert run.state == "cancelled"


def test_one_run_that_cannot_be_ended_does_not_keep_the_others_lost():
    stuck, other = lost(attempt=3), lost()

    def listener(run: Run, **_: Any) -> None:
        raise RuntimeError(f"nobody can hear the end of run {run.pk}")

    run_finished.connect(listener)
    try:
        taken, _told = recovery.sweep(wake=nobody)
    finally:
        run_finished.disconnect(listener)

    stuck.refresh_from_db()
    other.refresh_from_db()
    assert taken == 1
    assert (stuck.state, other.state) == ("running", "queued")


def test_a_run_in_good_hands_is_left_alone():
    run = RunFactory(
        state=RunState.RUNNING,
        attempt=1,
        fencing_token=1,
        started_at=LONG_AGO,
        lease_until=timezone.now() + dt.timedelta(minutes=1),
    )

    assert recovery.sweep(wake=nobody) == (0, 0)
    run.refresh_from_db()
    assert run.state == "running"


def test_a_broker_that_is_down_is_asked_once_a_sweep():
    RunFactory.create_batch(3)
    asked = []

    def down(*, run_id: int, queue: str, time_limit_s: int) -> bool:
        asked.append(run_id)
        return False

    _taken, told = recovery.sweep(wake=down)

    assert (told, len(asked)) == (0, 1)


def test_cancelling_a_run_that_waits_ends_it_at_once():
    run = card_run()

    audits.cancel(run_id=run.pk)

    run.refresh_from_db()
    assert (run.state, run.verdict) == ("cancelled", "")
    assert run.finished_at is not None
    assert execution.claim(run.pk) is None


def test_a_run_that_has_ended_cannot_be_cancelled():
    run = card_run()
    execution.execute(run_id=run.pk)

    with pytest.raises(audits.RunRefused, match="has ended"):
        audits.cancel(run_id=run.pk)


def test_an_altered_file_is_not_audited():
    from django.core.files.base import ContentFile
    from django.core.files.storage import storages

    from audits import blobs

    run = card_run(b"---\nlicense: mit\n---\n# one of a kind: altered\n")
    name = blobs.name_of(run.inputs["card_sha256"])
    storages["blobs"].delete(name)
    storages["blobs"].save(name, ContentFile(b"something else"))
    try:
        execution.execute(run_id=run.pk)
    finally:
        storages["blobs"].delete(name)

    run.refresh_from_db()
    assert (run.state, run.error_code) == ("errored", "blob_altered")


def test_a_crash_of_the_audit_is_told_without_its_insides(caplog):
    run = card_run()
    Run.objects.filter(pk=run.pk).update(kind="no_such_audit")

    execution.execute(run_id=run.pk)

    run.refresh_from_db()
    assert (run.state, run.error_code) == ("errored", "internal")
    assert f"run {run.pk}" in run.error
    assert "KeyError" not in run.error


@pytest.mark.django_db(transaction=True)
def test_a_subject_is_held_inside_a_transaction_only():
    with pytest.raises(RuntimeError, match="begin one first"):
        hold_subject("0" * 64)
