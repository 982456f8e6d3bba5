"""Editions by mail: a row for each subscriber, written with the edition, sent after it, again until it is taken."""

from __future__ import annotations

import datetime as dt
import logging

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from governance.people.models import User
from governance.people.queries import people_seeing
from governance.reports import attaching, drawing
from governance.reports.models import Attached, Edition, Form, Mailing, Rendition, RenditionState, Subscription

logger = logging.getLogger(__name__)
AT_ONCE = 50
ATTEMPTS = 60
LATEST_RETRY = dt.timedelta(hours=1)
# A mail waits so long for the PDF that it brings along, and goes without it then.
PATIENCE, LOOK_AGAIN = dt.timedelta(hours=1), dt.timedelta(seconds=10)


def write(edition: Edition, *, at: dt.datetime) -> list[User]:
    """Write a mail to everybody who subscribes to the edition's scope and sees it; who they are.

    Two queries, however many there are, and some for each language in which a PDF is to come along.
    """
    found = Subscription.objects.filter(team=edition.team, user__in=people_seeing(edition.team))
    wanted = list(found.select_related("user").order_by("pk"))
    for language in sorted({_language(one.user) for one in wanted if one.attached == Attached.PDF}):
        drawing.note(edition, form=Form.PDF, language=language, at=at)
    Mailing.objects.bulk_create(
        Mailing(edition=edition, user=one.user, attached=one.attached, due_at=at) for one in wanted
    )
    return [one.user for one in wanted]


def _language(user: User) -> str:
    return user.language.partition("-")[0] or "en"


def _waits_for_its_pdf(mailing: Mailing) -> bool:
    """Whether the file that is to come along is being drawn, for no longer than ``PATIENCE``."""
    if mailing.attached != Attached.PDF:
        return False
    under_way = Rendition.objects.filter(
        edition=mailing.edition,
        form=Form.PDF,
        language=_language(mailing.user),
        requested_at__gt=Now() - Value(PATIENCE),
    )
    return under_way.exclude(state__in=[RenditionState.DONE, RenditionState.FAILED]).exists()


def sees(user: User, edition: Edition) -> bool:
    return people_seeing(edition.team).filter(pk=user.pk).exists()


def send_due() -> int:
    """Send what is due, oldest first. Safe to run twice at once: each row is locked while it is sent.

    Returns:
        How many were taken by the mail server.
    """
    due = Mailing.objects.filter(ended_at=None, due_at__lte=Now()).order_by("due_at", "pk")
    return sum(_send(pk) for pk in due.values_list("pk", flat=True)[:AT_ONCE])


def _send(pk: int) -> bool:
    try:
        with transaction.atomic():
            found = Mailing.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk, ended_at=None)
            mailing = found.select_related("edition__team", "user").first()
            if mailing is None:
                return False
            if _waits_for_its_pdf(mailing):
                Mailing.objects.filter(pk=pk).update(due_at=Now() + Value(LOOK_AGAIN))
                return False
            is_seen = sees(mailing.user, mailing.edition)
            if is_seen:
                message_of(mailing).send()
            Mailing.objects.filter(pk=pk).update(ended_at=Now(), ended_why="sent" if is_seen else "not_seen")
            return is_seen
    except Exception as failed:  # a mail server that is down, refuses or hangs; a document that cannot be read
        logger.warning("mail %s of a report was not sent, it is tried again: %s", pk, failed)
        _put_off(pk, str(failed))
        return False


def _put_off(pk: int, error: str) -> None:
    attempts = Mailing.objects.values_list("attempts", flat=True).get(pk=pk) + 1
    pause = min(dt.timedelta(seconds=2 ** min(attempts + 2, 12)), LATEST_RETRY)
    rows = Mailing.objects.filter(pk=pk, ended_at=None)
    if attempts >= ATTEMPTS:
        rows.update(attempts=attempts, ended_at=Now(), ended_why="given_up", last_error=error[:1000])
    else:
        rows.update(attempts=attempts, due_at=Now() + Value(pause), last_error=error[:1000])


def message_of(mailing: Mailing) -> EmailMessage:
    """The mail, in the person's language: what it is, where it is, and its digest."""
    edition = mailing.edition
    with translation.override(mailing.user.language):
        attached, is_there = attaching.attachment(edition, mailing.attached)
        told = {
            "product": settings.PRODUCT_NAME,
            "edition": edition,
            "scope": "" if edition.team is None else edition.team.name,
            "url": settings.PUBLIC_URL.rstrip("/") + reverse("reports:edition", args=[edition.pk]),
            "settings_url": settings.PUBLIC_URL.rstrip("/") + reverse("reports:editions"),
            "lacks": mailing.attached != Attached.NOTHING and not is_there,
        }
        subject = " ".join(render_to_string("reports/mail_subject.txt", told).split())
        message = EmailMessage(
            subject=subject, body=render_to_string("reports/mail.txt", told), to=[mailing.user.email]
        )
    # One edition to one person is one message, should it be sent twice.
    domain = settings.PUBLIC_URL.partition("://")[2].partition("/")[0].partition(":")[0] or "localhost"
    message.extra_headers["Message-ID"] = f"<report-{edition.document_sha256[:24]}-{mailing.pk}@{domain}>"
    if attached is not None:
        message.attach(*attached)
    return message
