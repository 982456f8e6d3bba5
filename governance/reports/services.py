"""Making editions: read the rooms, hold the result against the edition before, keep it for good."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import connection, transaction

from audits import blobs
from audits.digests import canonical
from governance.ledger import services as ledger
from governance.notifications import services as notifications
from governance.people.models import Team, User
from governance.reports import compiling, differences, mailing
from governance.reports.errors import NotAcceptable
from governance.reports.models import Edition, scope_named
from governance.reports.periods import Period, PeriodKind
from governance.reports.sections.asked import Progress, ReportScope, moment, silent
from governance.reports.shapes import FORMAT, CheckpointShape, Cover, Differences
from governance.reports.writing import Content, assemble

LARGEST_DOCUMENT = 8 * 2**30


def compile(
    *, period: Period, team: Team | None, by: User | None, at: dt.datetime, progress: Progress = silent
) -> Edition:
    """Make the edition of a period and scope; where its newest one says the same already, that one.

    A period that has not ended gives a provisional edition as of ``at``. Reading takes its time and holds nobody up;
    two at once for the same period and scope give one edition.

    Raises:
        NotAcceptable: the period has not begun.
        OSError: the disk is full; nothing is kept.
    """
    if period.begins_at >= at:
        raise NotAcceptable(
            "period_not_begun", f"{period.label} begins on {period.first_day:%Y-%m-%d}: there is nothing to report yet"
        )
    asked = ReportScope(period=period, team=team, as_of=period.as_of(at=at))
    with compiling.one_moment():
        content, checkpoint = compiling.read(asked, progress=progress), compiling.checkpoint()
    with content:
        return _keep(asked, content, checkpoint, by=by, at=at)


@transaction.atomic
def _keep(
    asked: ReportScope, content: Content, checkpoint: CheckpointShape | None, *, by: User | None, at: dt.datetime
) -> Edition:
    _hold(asked)
    period, is_provisional = asked.period, not asked.period.has_ended(at=at)
    newest = Edition.objects.of(team=asked.team, period=period.label).first()
    if newest is not None and newest.content_sha256 == content.sha256 and newest.provisional == is_provisional:
        return newest
    previous = newest or _before(asked)
    cover: Cover = {
        "product": settings.PRODUCT_NAME,
        "product_version": settings.PRODUCT_VERSION,
        "period": period.as_json(),  # type: ignore[typeddict-item]  # the same names
        "scope": asked.scope(),
        "edition": 1 if newest is None else newest.number + 1,
        "provisional": is_provisional,
        "as_of": moment(asked.as_of) or "",
        "read_at": moment(at) or "",
        "content_sha256": content.sha256,
        "previous": None if previous is None else differences.reference(previous),
        "ledger": checkpoint,
    }
    edition = _store(asked, content, cover, differences.since(previous, content), previous, by=by, at=at)
    ledger.record(
        verb="report.compiled",
        object_kind="report",
        object_ref=str(edition.pk),
        subject_digest=edition.document_sha256,
        actor=by,
        at=at,
        detail={
            "period": edition.period,
            "scope": scope_named(asked.team),
            "edition": edition.number,
            "provisional": edition.provisional,
            "content": edition.content_sha256,
        },
    )
    _tell(edition, at=at)
    return edition


def _hold(asked: ReportScope) -> None:
    """Wait until nobody else keeps an edition of this period and scope, until the transaction ends."""
    name = f"report {asked.team.pk if asked.team is not None else ''} {asked.period.label}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _before(asked: ReportScope) -> Edition | None:
    """The newest edition of an earlier period of the same kind. Days have none."""
    if asked.period.kind == PeriodKind.DAYS:
        return None
    earlier = Edition.objects.filter(team=asked.team, kind=asked.period.kind, ends_at__lte=asked.period.begins_at)
    return earlier.order_by("-ends_at", "-number").first()


def _store(
    asked: ReportScope,
    content: Content,
    cover: Cover,
    found: Differences,
    previous: Edition | None,
    *,
    by: User | None,
    at: dt.datetime,
) -> Edition:
    written = assemble(format=FORMAT, cover=cover, content=content, differences=found)
    with written.file:
        document = blobs.store(stream=written.file, media_type="application/json", max_bytes=LARGEST_DOCUMENT, at=at)
    index = blobs.store_bytes(canonical(written.index), media_type="application/json", at=at)
    return Edition.objects.create(
        team=asked.team,
        kind=asked.period.kind,
        period=asked.period.label,
        time_zone=asked.period.time_zone,
        begins_at=asked.period.begins_at,
        ends_at=asked.period.ends_at,
        number=cover["edition"],
        provisional=cover["provisional"],
        as_of=asked.as_of,
        read_at=at,
        document_sha256=document.sha256,
        content_sha256=content.sha256,
        index_sha256=index.sha256,
        bytes=document.bytes,
        previous=previous,
        built_by=by,
        built_at=at,
    )


def _tell(edition: Edition, *, at: dt.datetime) -> None:
    """Write a mail for every subscriber, and a line for their inbox."""
    people = mailing.write(edition, at=at)
    if people:
        payload = {"report": edition.pk, "subject": str(edition)}
        notifications.enqueue(topic="report.compiled", payload=payload, to=people, at=at)
