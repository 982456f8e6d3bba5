"""Editions by mail, over SMTP: a link, an attachment on choice, nothing lost while the server is down."""

from __future__ import annotations

import hashlib

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from governance.notifications.delivery import deliver_due
from governance.notifications.models import Notice
from governance.people.models import Membership
from governance.reports import asking, mailing, services
from governance.reports.errors import NotAllowed
from governance.reports.models import Attached, Edition, Mailing, Rendition, RenditionState, Subscription
from governance.reports.periods import read_period
from tests.factories import NOON, TeamFactory, VersionFactory, member
from tests.governance.reports.mail_server import free_port, mail_server, send_there

pytestmark = pytest.mark.django_db


def test_a_new_edition_is_mailed_to_those_who_see_it_and_waits_while_the_server_is_down(settings: Settings):
    team = TeamFactory()
    reader, leaving = member(team, "viewer", language="ru"), member(team, "viewer")
    auditor, stranger = member(None, "auditor"), member(TeamFactory(), "viewer")
    for user, attached in ((reader, Attached.JSON), (leaving, Attached.NOTHING), (auditor, Attached.PDF)):
        asking.subscribe(user=user, team=team, attached=attached, at=NOON)
    with pytest.raises(NotAllowed):
        asking.subscribe(user=stranger, team=team, attached=Attached.NOTHING, at=NOON)
    VersionFactory()
    port = free_port()
    send_there(settings, port)
    period = read_period("2026-03", time_zone="UTC")

    edition = services.compile(period=period, team=team, by=None, at=period.ends_at)
    Rendition.objects.update(requested_at=Now())
    assert mailing.send_due() == 0
    # nobody answers there: the edition is there, and the mails wait, each with the reason, or for the PDF to come along
    tried = dict(Mailing.objects.values_list("user__email", "attempts"))
    assert tried == {reader.email: 1, leaving.email: 1, auditor.email: 0}
    assert all(Mailing.objects.filter(attempts=1).values_list("last_error", flat=True))
    # it cannot be drawn: the mail says so
    Rendition.objects.filter(edition=edition, form="pdf", language="en").update(
        state=RenditionState.FAILED, finished_at=Now(), code="pango_missing", error="no pango"
    )
    Membership.objects.filter(user=leaving).delete()
    Mailing.objects.update(due_at=Now())
    with mail_server(port) as mails:
        assert mailing.send_due() == 2
        assert mailing.send_due() == 0

    by_address = {mail["To"]: mail for mail in mails}
    assert set(by_address) == {reader.email, auditor.email}
    text, attached = by_address[reader.email].get_payload()
    said = text.get_payload(decode=True).decode()
    assert edition.document_sha256 in said
    assert f"/reports/{edition.pk}/" in said
    assert attached.get_filename().endswith(".json")
    assert hashlib.sha256(attached.get_payload(decode=True)).hexdigest() == edition.document_sha256
    assert dict(Mailing.objects.values_list("user__email", "ended_why")) == {
        reader.email: "sent",
        auditor.email: "sent",
        leaving.email: "not_seen",
    }
    assert "is not attached" in by_address[auditor.email].get_payload(decode=True).decode()
    # the same edition asked for again is mailed to nobody
    services.compile(period=period, team=team, by=None, at=period.ends_at)
    assert Mailing.objects.count() == 3
    deliver_due()
    assert Notice.objects.filter(user=reader, message__topic="report.compiled").exists()


def test_mails_are_written_by_as_many_queries_for_thirty_people_as_for_three():
    team, other = TeamFactory(), TeamFactory()
    readers = [
        who
        for _ in range(6)
        for who in (
            member(team, "viewer", "submitter"),
            member(None, "auditor"),
            member(other, "approver"),
            member(team, "viewer", is_active=False),
            member(None),
        )
    ]
    period = read_period("2026-03", time_zone="UTC")
    for scope in (team, None):
        edition = services.compile(period=period, team=scope, by=None, at=period.ends_at)
        costs = []
        for some in (readers[:5], readers):
            Mailing.objects.all().delete()
            Subscription.objects.bulk_create(
                [Subscription(user=one, team=scope, created_at=NOON) for one in some], ignore_conflicts=True
            )
            with CaptureQueriesContext(connection) as asked:
                written = mailing.write(edition, at=NOON)
            costs.append(len(asked))
            # as the rule of who sees what has it, which every page keeps
            assert written == [one for one in some if one.is_active and edition in Edition.objects.visible_to(one)]
        assert costs == [2, 2]
        assert len(written) == (12 if scope else 6)


def test_a_name_with_line_breaks_makes_no_header(settings: Settings):
    team = TeamFactory(name="Team\nBcc: everybody@example.org")
    reader = member(team, "viewer")
    asking.subscribe(user=reader, team=team, attached=Attached.NOTHING, at=NOON)
    period = read_period("2026-03", time_zone="UTC")
    edition = services.compile(period=period, team=team, by=None, at=period.ends_at)

    message = mailing.message_of(Mailing.objects.select_related("edition__team", "user").get(edition=edition))

    assert "\n" not in message.subject
    assert message.recipients() == [reader.email]
