"""Work that is a row: the frame, held to on every queue of the product."""

from __future__ import annotations

import datetime as dt
import itertools
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audits.work import DONE, QUEUED, RUNNING, Due, Lost, Pause, Queue, Told, Work, heartbeat, send
from governance.catalog import fetching, import_queue
from governance.catalog.models import FetchRequest, ImportRequest
from governance.licensing.models import Cause, Reassessment
from governance.licensing.reassessing import queue as reassessing
from governance.policies import rejudging
from governance.policies.models import Rejudging
from governance.reports import building, drawing
from governance.reports.models import Build, Edition, Rendition
from tests.conftest import eventually
from tests.factories import NOON, EntryFactory, UseCaseFactory, UserFactory, VersionFactory
from tests.servers import PROJECT
from tests.working import environment

_number = itertools.count(1)
DAY = dt.timedelta(days=1)


def an_import() -> Work:
    return ImportRequest.objects.create(
        kind="model", repo_id="acme/model", requested_by=UserFactory(), requested_at=NOON, due_at=NOON
    )


def a_fetch() -> Work:
    return FetchRequest.objects.create(
        version=VersionFactory(), requested_by=UserFactory(), requested_at=NOON, due_at=NOON
    )


def a_reassessment() -> Work:
    return Reassessment.objects.create(cause=Cause.OVERRIDE, requested_at=NOON)


def a_rejudging() -> Work:
    return Rejudging.objects.create(
        entry=EntryFactory(),
        use_case=UseCaseFactory(),
        stage="pilot",
        dedupe_key=f"upstream:{next(_number)}",
        requested_at=NOON,
        due_at=NOON,
    )


def a_build() -> Work:
    return Build.objects.create(period=f"{next(_number):04}-03", time_zone="UTC", requested_at=NOON, due_at=NOON)


def a_form() -> Work:
    number = next(_number)
    edition = Edition.objects.create(
        **{"kind": "month", "period": "2026-02", "time_zone": "UTC", "number": number, "provisional": False},
        **{"begins_at": NOON - 28 * DAY, "ends_at": NOON - DAY, "as_of": NOON - DAY, "read_at": NOON, "built_at": NOON},
        **{"document_sha256": f"{number:064x}", "content_sha256": "", "index_sha256": "", "bytes": 1},
    )
    return Rendition.objects.create(edition=edition, form="html", language="en", requested_at=NOON)


QUEUES: dict[str, tuple[Queue[Any], Callable[[], Work]]] = {
    "imports": (import_queue.QUEUE, an_import),
    "fetches": (fetching.QUEUE, a_fetch),
    "reassessments": (reassessing.QUEUE, a_reassessment),
    "rejudgings": (rejudging.QUEUE, a_rejudging),
    "builds": (building.QUEUE, a_build),
    "forms": (drawing.QUEUE, a_form),
}
every_queue = pytest.mark.parametrize(("queue", "row"), QUEUES.values(), ids=list(QUEUES))


def lose(queue: Queue[Any]) -> None:
    """Whoever holds rows is gone, and the lease has run out."""
    queue.model._default_manager.filter(state=RUNNING).update(lease_until=Now())


def statements(asked: CaptureQueriesContext) -> list[str]:
    return [one["sql"].split()[0] for one in asked if "SAVEPOINT" not in one["sql"]]


@pytest.mark.django_db
@every_queue
def test_a_row_is_taken_up_once_and_the_one_that_asked_first_comes_first(
    queue: Queue[Any], row: Callable[[], Work]
) -> None:
    first, second, third = row(), row(), row()

    with CaptureQueriesContext(connection) as asked:
        (taken,) = queue.take_some(most=1)

    assert statements(asked) == ["SELECT", "UPDATE", "SELECT"]
    assert (taken, taken.state, taken.attempt) == (first, RUNNING, 1)
    assert taken.lease_until > timezone.now()
    assert queue.take(first.pk) is None
    with CaptureQueriesContext(connection) as asked:
        assert queue.take(third.pk) == third
    assert statements(asked) == ["UPDATE", "SELECT"]
    assert queue.take_next() == second
    with CaptureQueriesContext(connection) as asked:
        assert queue.take_next() is None
    assert statements(asked) == ["SELECT"]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_take_up_different_rows() -> None:
    rows = [a_build(), a_build()]
    taken: list[Work | None] = []
    holds, other_has_looked = threading.Event(), threading.Event()

    def another_worker() -> None:
        try:
            with transaction.atomic():  # it has the row, and nobody can see that yet
                taken.append(building.QUEUE.take_next())
                holds.set()
                other_has_looked.wait(20)
        finally:
            connection.close()

    thread = threading.Thread(target=another_worker)
    thread.start()
    assert holds.wait(20)
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '5s'")  # waiting for the other would be an error, not a hang
    try:
        taken.append(building.QUEUE.take_next())
        nothing_left = building.QUEUE.take_next()
    finally:
        other_has_looked.set()
        thread.join(20)
        connection.close()

    assert (taken, nothing_left) == (rows, None)


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_that_are_told_of_one_row_one_takes_it_up() -> None:
    row = an_import()
    start, taken = threading.Barrier(2), []

    def worker() -> None:
        try:
            start.wait(20)
            taken.append(import_queue.QUEUE.take(row.pk))
        finally:
            connection.close()

    threads = [threading.Thread(target=worker) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert sorted(taken, key=bool) == [None, row]
    assert ImportRequest.objects.get().attempt == 1


TAKES_AND_IS_KILLED = """
import datetime as dt, os, signal
import django
django.setup()
from audits.work import Queue
from governance.reports.models import Build
row = Queue(Build, given_up="failed", lease=dt.timedelta(seconds=1), attempts=2).take_next()
print(row.pk, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.django_db(transaction=True)
def test_what_a_worker_held_that_was_killed_is_put_back_and_done_by_another() -> None:
    row, queue = a_build(), Queue(Build, given_up="failed", lease=dt.timedelta(minutes=1), attempts=2)

    killed = subprocess.run(
        [sys.executable, "-c", TAKES_AND_IS_KILLED], cwd=PROJECT, env=environment(), capture_output=True, timeout=60
    )

    assert (killed.returncode, killed.stdout) == (-9, b"%d\n" % row.pk), killed.stderr
    row.refresh_from_db()
    assert (row.state, row.attempt) == (RUNNING, 1)
    assert queue.take_next() is None
    assert eventually(lambda: queue.lost().exists(), within=10)
    queue.take_back(error="lost")
    another = queue.take_next()
    assert another is not None
    assert (another.pk, another.attempt, another.error) == (row.pk, 2, "")
    assert queue.end(another, state="failed", error="seen to")


@pytest.mark.django_db
@every_queue
def test_a_row_whose_worker_is_lost_each_time_is_given_up_with_its_reason(
    queue: Queue[Any], row: Callable[[], Work]
) -> None:
    asked = row()
    reason = "message" if hasattr(asked, "message") else "error" if hasattr(asked, "error") else None
    said = {reason: "lost each time"} if reason else {}

    for attempt in range(1, queue.attempts + 1):
        taken = queue.take(asked.pk)
        assert taken is not None
        assert (taken.attempt, queue.is_last(taken)) == (attempt, attempt == queue.attempts)
        queue.take_back(**said)
        taken.refresh_from_db()
        assert taken.state == RUNNING, "its lease has not run out"
        lose(queue)
        queue.take_back(**said)

    asked.refresh_from_db()
    assert (asked.state, asked.lease_until) == (queue.given_up, None)
    assert asked.finished_at is not None
    assert reason is None or getattr(asked, reason) == "lost each time"
    assert queue.take(asked.pk) is None
    assert not queue.lost().exists()


@pytest.mark.django_db
@every_queue
def test_the_late_word_of_a_worker_that_was_thought_dead_counts_for_nothing(
    queue: Queue[Any], row: Callable[[], Work]
) -> None:
    asked = row()
    late = queue.take(asked.pk)
    assert late is not None
    lose(queue)
    queue.take_back()
    now = queue.take(asked.pk)
    assert now is not None

    assert not queue.give_up(late)
    queue.put_back(late)
    queue.let_go(late)
    with pytest.raises(Lost):
        queue.renew(late)

    queue.renew(now)
    found = queue.read(asked.pk)
    assert (found.state, found.attempt) == (RUNNING, 2)
    assert found.lease_until > now.lease_until
    assert queue.give_up(now)
    assert not queue.give_up(now)


@pytest.mark.django_db
@every_queue
def test_a_row_that_is_put_back_waits_for_its_pause_by_the_clock_of_the_database(
    queue: Queue[Any], row: Callable[[], Work]
) -> None:
    asked = row()
    taken = queue.take(asked.pk)

    queue.put_back(taken)

    asked.refresh_from_db()
    assert (asked.state, asked.lease_until, asked.attempt) == (QUEUED, None, 1)
    if queue.pause is None:
        assert queue.take(asked.pk) is not None
        return
    assert isinstance(asked, Due)
    assert queue.pause.first - dt.timedelta(minutes=1) < asked.due_at - timezone.now() <= queue.pause.first
    assert queue.take(asked.pk) is None
    assert queue.take_next() is None


def test_the_pause_grows_with_every_attempt_up_to_the_longest() -> None:
    pause = Pause(dt.timedelta(seconds=30), longest=dt.timedelta(minutes=30))

    seconds = [pause.after(attempt).total_seconds() for attempt in range(1, 10)]

    assert seconds == [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]
    assert pause.after(2, at_least=10).total_seconds() == 60
    assert pause.after(2, at_least=600).total_seconds() == 600
    assert pause.after(2, at_least=1e6).total_seconds() == 1800


@pytest.mark.django_db
def test_a_row_that_is_found_worn_out_is_given_up_in_place_of_being_taken_up() -> None:
    worn_out, fresh, said = a_form(), a_form(), {"code": "worker_lost", "error": "each time"}
    Rendition.objects.filter(pk=worn_out.pk).update(
        state=RUNNING, attempt=drawing.QUEUE.attempts, lease_until=NOON, requested_at=NOON - DAY
    )
    queue = drawing.QUEUE

    taken = queue.take_some(queue.waiting() | queue.lost(), most=2, worn_out=said)

    assert taken == [fresh]
    worn_out.refresh_from_db()
    assert (worn_out.state, worn_out.error, worn_out.lease_until) == (queue.given_up, "each time", None)


@pytest.mark.django_db
def test_the_workers_are_told_of_what_waits_until_the_broker_takes_no_message() -> None:
    rows, queue, told = [an_import() for _ in range(3)], import_queue.QUEUE, []
    assert issubclass(queue.model, Told)

    def takes_two(pk: int) -> bool:
        if len(told) == 2:
            return False
        told.append(pk)
        return bool(ImportRequest.objects.filter(pk=pk).update(told_at=Now()))

    assert queue.tell(takes_two) == 2
    assert told == [row.pk for row in rows[:2]]
    assert list(queue.untold()) == rows[2:]
    ImportRequest.objects.filter(pk=rows[0].pk).update(told_at=Now() - dt.timedelta(seconds=61))
    assert list(queue.untold().order_by("pk")) == [rows[0], rows[2]]
    taken = queue.take(rows[0].pk)
    assert taken is not None
    assert not queue.untold().filter(pk=taken.pk).exists()


class Broker:
    """Takes messages, or is down."""

    def __init__(self, *, down: bool = False) -> None:
        self.down = down
        self.taken: list[dict[str, Any]] = []

    def apply_async(self, **options: Any) -> None:
        if self.down:
            raise ConnectionError("nobody there")
        self.taken.append(options)


def test_a_message_that_no_broker_takes_is_no_error_and_the_row_is_told_of_again(
    db: None, caplog: pytest.LogCaptureFixture
) -> None:
    row, broker = an_import(), Broker()
    rows = ImportRequest.objects.filter(pk=row.pk)

    assert send(broker, waits="an import waits", rows=rows, queue="ci")
    assert broker.taken == [{"queue": "ci", "retry": False}]
    assert not import_queue.QUEUE.untold().exists()

    assert not send(Broker(down=True), waits="an import waits", rows=rows, queue="ci")
    assert list(import_queue.QUEUE.untold()) == [row]
    assert "an import waits, the broker took no message: nobody there" in caplog.text


def test_a_row_that_is_done_is_taken_up_by_nobody(db: None) -> None:
    row = a_reassessment()
    taken = reassessing.QUEUE.take(row.pk)
    assert taken is not None

    assert reassessing.QUEUE.end(taken, state=DONE, judged=3)

    row.refresh_from_db()
    assert (row.state, row.lease_until, getattr(row, "judged", None)) == (DONE, None, 3)
    assert row.finished_at is not None
    assert reassessing.QUEUE.take(row.pk) is None


def test_a_heartbeat_outlives_an_error_and_ends_when_it_is_told_so(caplog: pytest.LogCaptureFixture) -> None:
    beats: list[threading.Thread] = []
    over = threading.Event()

    def beat() -> bool:
        beats.append(threading.current_thread())
        if len(beats) == 1:
            raise OSError("the database is away")
        if len(beats) == 3:
            over.set()
        return len(beats) < 3

    with heartbeat(beat, every_s=0.001, name="heartbeat of a test"):
        assert over.wait(20)
        beats[0].join(20)
        assert not beats[0].is_alive()

    assert len(beats) == 3
    assert "the heartbeat of a test failed, trying again" in caplog.text
