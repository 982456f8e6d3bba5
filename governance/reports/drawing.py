"""Having the forms of editions drawn: asked for by whoever looks, done by a worker, kept like any file."""

from __future__ import annotations

import datetime as dt
import logging
import tempfile
from collections.abc import Callable
from typing import IO, Any

from django.db import transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Now

from audits import blobs
from governance.reports.models import Edition, Form, Rendition, RenditionState
from governance.reports.reading import DocumentGone, open_document
from governance.reports.renditions import html, pdf, spreadsheets
from governance.reports.renditions.source import Source

logger = logging.getLogger(__name__)
ATTEMPTS = 3
# Longer than drawing ever takes, so that nobody draws what another worker is still drawing.
LEASE = dt.timedelta(minutes=20)
LARGEST = 4 * 2**30
MEDIA_TYPES = {Form.HTML: "text/html", Form.PDF: "application/pdf", Form.CSV: "application/zip"}


def note(edition: Edition, *, form: str, language: str, at: dt.datetime) -> Rendition:
    """The form of an edition, or that it is to be drawn: once, and again should its bytes be gone."""
    found, _new = Rendition.objects.get_or_create(
        edition=edition, form=Form(form), language=language, defaults={"requested_at": at}
    )
    if found.state == RenditionState.DONE and not blobs.is_there(found.sha256):
        _queue(Rendition.objects.filter(pk=found.pk, state=RenditionState.DONE), at=at)
        found.refresh_from_db()
    return found


def again(rendition: Rendition, *, at: dt.datetime) -> None:
    """Have a form that failed drawn again."""
    _queue(Rendition.objects.filter(pk=rendition.pk, state=RenditionState.FAILED), at=at)


def _queue(rows: Any, *, at: dt.datetime) -> None:
    rows.update(state=RenditionState.QUEUED, attempt=0, requested_at=at, finished_at=None, sha256="", code="", error="")


def carry_out(*, only: int | None = None) -> int:
    """Draw what waits until nothing does; how many forms came of it. Safe to call from two workers at once."""
    done = 0
    while (rendition := _claim(only)) is not None:
        done += _carry_out(rendition)
    return done


def waiting() -> bool:
    """Whether anything waits to be drawn, what a lost worker had begun included."""
    return bool(_to_do(None).exists())


def _to_do(only: int | None) -> Any:
    lost = Q(state=RenditionState.RUNNING, lease_until__lte=Now())
    rows = Rendition.objects.filter(Q(state=RenditionState.QUEUED) | lost)
    return rows if only is None else rows.filter(pk=only)


def _claim(only: int | None) -> Rendition | None:
    with transaction.atomic():
        rendition = _to_do(only).select_for_update(skip_locked=True).order_by("requested_at", "pk").first()
        if rendition is None:
            return None
        rows = Rendition.objects.filter(pk=rendition.pk)
        if rendition.attempt >= ATTEMPTS:
            said = "the worker that drew it was lost each time; its log says why, and it can be asked for again"
            _fail(rows, "worker_lost", said)
            return None
        rows.update(state=RenditionState.RUNNING, attempt=F("attempt") + 1, lease_until=Now() + Value(LEASE))
    return Rendition.objects.select_related("edition__team").get(pk=rendition.pk)


def _carry_out(rendition: Rendition) -> bool:
    mine = Rendition.objects.filter(pk=rendition.pk, attempt=rendition.attempt, state=RenditionState.RUNNING)
    try:
        with tempfile.TemporaryFile(prefix="assay-form-") as file:
            told = _draw(rendition, file)
            file.seek(0)
            media_type = MEDIA_TYPES[Form(rendition.form)]
            blob = blobs.store(stream=file, media_type=media_type, max_bytes=LARGEST, at=rendition.requested_at)
    except pdf.PrintingFailed as failed:
        logger.warning("%s: %s", rendition, failed.message)
        _fail(mine, failed.code, failed.message)
        return False
    except DocumentGone as gone:
        _fail(mine, "document_gone", str(gone))
        return False
    except Exception:  # the one boundary: whatever it was, the row tells that it broke off
        logger.exception("%s broke off", rendition)
        _fail(mine, "broke_off", "it could not be drawn; the worker's log says why, and it can be asked for again")
        return False
    mine.update(
        state=RenditionState.DONE, lease_until=None, finished_at=Now(), sha256=blob.sha256, bytes=blob.bytes, **told
    )
    return True


def _fail(rows: Any, code: str, error: str) -> None:
    rows.update(state=RenditionState.FAILED, lease_until=None, finished_at=Now(), code=code[:60], error=error[:2000])


def _draw(rendition: Rendition, out: IO[bytes]) -> dict[str, Any]:
    edition = rendition.edition
    with open_document(edition, checked=True) as document:
        source = Source(document, edition.document_sha256)
        drawn: dict[str, Callable[[Source, IO[bytes], str], dict[str, Any]]] = {
            Form.HTML: _html,
            Form.PDF: _pdf,
            Form.CSV: _csv,
        }
        return drawn[rendition.form](source, out, rendition.language)


def _html(source: Source, out: IO[bytes], language: str) -> dict[str, Any]:
    for piece in html.complete(source, language=language):
        out.write(piece.encode("utf-8", "replace"))
    return {}


def _pdf(source: Source, out: IO[bytes], language: str) -> dict[str, Any]:
    printed = pdf.write(source, out, language=language)
    return {"pages": printed.pages, "in_full": printed.in_full, "left_out": printed.left_out}


def _csv(source: Source, out: IO[bytes], language: str) -> dict[str, Any]:
    spreadsheets.write(source, out, language=language)
    return {}
