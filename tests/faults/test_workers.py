"""What becomes of a run when its worker is killed, hangs or is told twice; with real workers and a real broker."""

from __future__ import annotations

import os
import signal
import threading

import pytest
from django.conf import settings
from django.db import connection
from django.test import override_settings

from audits import services as audits
from audits import tasks
from audits.models import Finding, Run
from config import embedded
from config.celery import app
from tests.audits.runs import PLAN, bias_run, card_run, twice
from tests.conftest import eventually
from tests.working import Worker, Workers, broker_down, ends, reaches, sweep

pytest_plugins = ["tests.workers"]
pytestmark = [pytest.mark.broker, pytest.mark.timeout(240)]

LONG = 2_400_000  # rows, a second and a half on a fast machine


def in_the_middle(run: Run) -> bool:
    """Whether the run comes to have told of progress while it is going on."""

    def told() -> bool:
        run.refresh_from_db()
        assert run.is_open, f"the run ended before anybody looked: {run.state}"
        return run.state == "running" and run.progress_done > 0

    return eventually(told, within=60)


def signed_in() -> set[str]:
    """The roles with connections to this test's database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = current_database()")
        return {name for (name,) in cursor.fetchall()}


def test_a_run_that_is_asked_for_is_done_by_a_worker(worker: Worker) -> None:
    run = bias_run(rows=120_000)

    ends(run)

    assert (run.state, run.attempt, run.verdict) == ("succeeded", 1, "fail")
    assert (run.progress_done, run.progress_total) == (120_000, 120_000)
    assert run.summary["rows_used"] == 120_000
    assert set(run.packages) == {"numpy", "pyarrow", "scipy"}
    assert run.duration_ms is not None
    assert run.duration_ms > 0
    assert Finding.objects.filter(run=run).exists()


def test_fault_v46_a_worker_killed_in_mid_run_leaves_one_set_of_findings(workers: Workers) -> None:
    first = workers.start()
    run = bias_run(rows=LONG)
    assert in_the_middle(run)
    assert not settings.EMBEDDED or embedded.APPLICATION in signed_in(), "the worker has the rights of production"

    first.kill()
    workers.start()
    ends(run, sweeping=True)

    assert (run.state, run.attempt, run.progress_done) == ("succeeded", 2, LONG)
    assert run.summary["rows_used"] == LONG
    assert Finding.objects.filter(run=run).exists()
    assert twice(run) == []


def test_fault_v46_a_killed_child_is_replaced_and_its_run_done_again(worker: Worker) -> None:
    run = bias_run(rows=LONG)
    assert in_the_middle(run)

    for child in worker.children():
        os.kill(child, signal.SIGKILL)
    ends(run, sweeping=True)

    assert (run.state, run.attempt) == ("succeeded", 2)
    assert twice(run) == []


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_fault_v46_twenty_kills_in_a_row_duplicate_nothing(workers: Workers) -> None:
    for _kill in range(20):
        worker = workers.start()
        run = bias_run(rows=LONG)
        assert in_the_middle(run)
        worker.kill()
        workers.start()
        ends(run, sweeping=True)
        assert (run.state, run.attempt) == ("succeeded", 2)
        assert twice(run) == []
        workers.running[-1].stop()


def test_a_worker_that_hangs_and_wakes_up_cannot_write_any_more(workers: Workers) -> None:
    hung = workers.start()
    run = bias_run(rows=LONG)
    assert in_the_middle(run)
    hung.pause()
    workers.start()
    ends(run, sweeping=True)
    before = list(Finding.objects.filter(run=run).order_by("pk").values_list("pk", flat=True))

    hung.go_on()

    assert eventually(lambda: "lease lost" in workers.said() or "no longer holds it" in workers.said())
    run.refresh_from_db()
    assert (run.state, run.attempt) == ("succeeded", 2)
    assert list(Finding.objects.filter(run=run).order_by("pk").values_list("pk", flat=True)) == before


def test_fault_v49_a_message_that_comes_again_while_the_run_goes_on_changes_nothing(workers: Workers) -> None:
    workers.start(concurrency=2, BROKER_VISIBILITY_TIMEOUT="1")
    run = bias_run(rows=LONG)
    assert in_the_middle(run)

    for _again in range(3):
        tasks.wake(run_id=run.pk, queue="ci", time_limit_s=run.time_limit_s)
    ends(run)

    # The broker gives out the first message again as well: it is not acknowledged before the run has ended.
    assert eventually(lambda: workers.waiting() == 0)
    run.refresh_from_db()
    assert (run.state, run.attempt) == ("succeeded", 1)
    assert twice(run) == []


def test_a_run_whose_message_was_lost_is_found_by_the_sweep(workers: Workers) -> None:
    with broker_down():
        run = card_run()
    assert workers.waiting() == 0
    worker_after = workers.start()

    ends(run, sweeping=True)

    assert (run.state, run.attempt) == ("succeeded", 1)
    assert worker_after.process.poll() is None


def test_what_the_broker_forgets_is_told_again(workers: Workers) -> None:
    run = card_run()
    assert workers.waiting() == 1
    app.control.purge()
    assert workers.waiting() == 0
    assert sweep() == (0, 0)  # it was told a moment ago
    Run.objects.filter(pk=run.pk).update(woken_at="2026-01-01T00:00:00Z")

    told = sweep()

    assert told == (0, 1)
    workers.start()
    assert ends(run).state == "succeeded"


def test_cancelling_ends_a_run_at_its_next_step(worker: Worker) -> None:
    run = bias_run(rows=3 * LONG)  # the heartbeat that brings the word comes every second
    assert in_the_middle(run)

    audits.cancel(run_id=run.pk)
    ends(run)

    assert (run.state, run.error_code, run.verdict) == ("cancelled", "cancelled", "")
    assert not Finding.objects.filter(run=run).exists()


def test_a_run_over_its_time_ends_as_timed_out(workers: Workers) -> None:
    run = bias_run(rows=4 * LONG)
    Run.objects.filter(pk=run.pk).update(time_limit_s=1)
    workers.start()

    ends(run, sweeping=True)

    assert (run.state, run.error_code, run.attempt) == ("timed_out", "time_limit", 1)
    assert not Finding.objects.filter(run=run).exists()


def test_two_sweeps_at_once_take_a_lost_run_back_once(workers: Workers) -> None:
    runs = [card_run() for _ in range(8)]
    Run.objects.update(
        state="running",
        attempt=1,
        fencing_token=1,
        started_at="2026-01-01T00:00:00Z",
        lease_until="2026-01-01T00:00:10Z",
    )
    taken: list[int] = []
    start = threading.Barrier(4)

    def one_sweep() -> None:
        try:
            start.wait(10)
            taken.append(sweep()[0])
        finally:
            connection.close()

    sweeps = [threading.Thread(target=one_sweep) for _ in range(4)]
    for thread in sweeps:
        thread.start()
    for thread in sweeps:
        thread.join(30)

    assert sum(taken) == len(runs)
    assert set(Run.objects.values_list("state", "attempt")) == {("queued", 1)}
    workers.start(concurrency=2)
    assert all(ends(run).attempt == 2 for run in runs)


def test_a_heartbeat_keeps_the_lease_of_a_run_that_outlasts_it(workers: Workers) -> None:
    workers.start(RUN_LEASE_S="2")
    run = bias_run(rows=LONG * 4)
    assert in_the_middle(run)

    with override_settings(RUN_LEASE_S=2):
        ends(run, sweeping=True)

    assert run.duration_ms is not None
    assert run.duration_ms > 2000, "too short to show anything: give it more rows"
    assert (run.state, run.attempt) == ("succeeded", 1)


def test_bad_input_is_an_outcome_and_no_crash(worker: Worker) -> None:
    run = bias_run()
    Run.objects.filter(pk=run.pk).update(inputs={**run.inputs, "plan": {**PLAN, "label": "no_such_column"}})

    ends(run)

    assert run.state == "errored"
    assert "no_such_column" in run.error
    assert reaches(run, attempt=1)
