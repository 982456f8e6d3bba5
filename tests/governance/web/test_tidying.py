"""What requests leave behind goes away."""

from __future__ import annotations

import datetime as dt

import pytest
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.utils import timezone

from governance.web.models import IdempotencyRecord
from governance.web.tasks import tidy
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_old_sessions_answers_and_wrong_tries_are_deleted_and_young_ones_stay():
    now, user = timezone.now(), UserFactory()
    for name, age in (("old", dt.timedelta(days=3)), ("young", dt.timedelta(hours=1))):
        Session.objects.create(session_key=name, session_data="", expire_date=now - age + dt.timedelta(hours=12))
        IdempotencyRecord.objects.create(user=user, route="/", key=name, body_sha256="0", created_at=now - age)
        AccessAttempt.objects.create(username=name, failures_since_start=1)
        AccessAttempt.objects.filter(username=name).update(attempt_time=now - age)

    tidy()

    assert list(Session.objects.values_list("session_key", flat=True)) == ["young"]
    assert list(IdempotencyRecord.objects.values_list("key", flat=True)) == ["young"]
    assert list(AccessAttempt.objects.values_list("username", flat=True)) == ["young"]
