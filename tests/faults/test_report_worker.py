"""From a schedule that fell due while nothing ran to a mailed edition: a real worker, a real broker, a mail server."""

from __future__ import annotations

import datetime as dt
import hashlib
from unittest import mock

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from governance.reports import asking, tasks, verifying
from governance.reports.building import _claim
from governance.reports.models import Attached, Build, Cadence, Edition, Mailing, Schedule
from governance.reports.periods import last_ended
from tests.conftest import eventually
from tests.factories import VersionFactory, member
from tests.governance.reports.mail_server import free_port, mail_server
from tests.working import Workers

pytest_plugins = ["tests.workers"]
pytestmark = [pytest.mark.broker, pytest.mark.timeout(240)]


def test_a_missed_edition_is_built_once_by_a_worker_that_takes_over_and_is_mailed(workers: Workers) -> None:
    VersionFactory()
    officer, now = member(None, "risk_officer"), timezone.now()
    asking.subscribe(user=officer, team=None, attached=Attached.JSON, at=now)
    asking.add_schedule(team=None, cadence=Cadence.MONTH, days=0, hour=0, by=officer, at=now)
    ended = last_ended("month", at=now, time_zone="UTC")
    Schedule.objects.update(seen_to=ended.first_day - dt.timedelta(days=1))
    port = free_port()
    with mail_server(port) as mails:
        with mock.patch.object(tasks, "wake"):  # noted; and its first worker dies in the middle of it
            tasks.sweep_builds()
        assert _claim() is not None
        Build.objects.update(lease_until=Now())
        workers.start(EMAIL_URL=f"smtp://127.0.0.1:{port}?from=assay@example.org")
        tasks.sweep_builds.apply_async(queue="upkeep")
        # what the worker put back is due after a pause, which the test does not wait for
        assert eventually(lambda: bool(Build.objects.filter(state="queued").update(due_at=Now())), within=60)
        tasks.sweep_builds.apply_async(queue="upkeep")

        assert eventually(lambda: bool(mails), within=90)

    edition = Edition.objects.get()
    assert (edition.period, edition.provisional) == (ended.label, False)
    assert Build.objects.get().attempt == 2
    assert eventually(lambda: Mailing.objects.get().ended_why == "sent")
    (mail,) = mails
    attached = mail.get_payload()[1].get_payload(decode=True)
    assert hashlib.sha256(attached).hexdigest() == edition.document_sha256
    assert (mail["From"], mail["To"]) == ("assay@example.org", officer.email)
    assert verifying.verify(hashlib.sha256(attached).hexdigest()).ok
