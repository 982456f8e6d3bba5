"""Having the forms of editions drawn: asked for by whoever looks, done by a worker, kept like any file."""

from __future__ import annotations

import datetime as dt
import logging
import tempfile

from django.db.models import QuerySet

from audits import blobs
from audits.work import Queue
from governance.reports.models import Edition, Form, Rendition, RenditionState
from governance.reports.reading import DocumentGone, open_document

logger = logging.getLogger(__name__)
ATTEMPTS = 3
# Longer than drawing ever takes, so that nobody draws what another worker is still drawing.
LEASE = dt.timedelta(minutes=20)
QUEUE = Queue(
    Rendition,
    given_up=RenditionState.FAILED,
    lease=LEASE,
    attempts=ATTEMPTS,
    order=("requested_at", "pk"),
    related=("edition__team",),
)
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


def _queue(rows: QuerySet[Rendition], *, at: dt.datetime) -> None:
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


def _to_do(only: int | None) -> QuerySet[Rendition]:
    rows = QUEUE.waiting() | QUEUE.lost()
    return rows if only is None else rows.filter(pk=only)


def _claim(only: int | None) -> Rendition | None:
    said = "the worker that drew it was lost each time; its log says why, and it can be asked for again"
    return QUEUE.take_next(_to_do(only), worn_out={"code": "worker_lost", "error": said})


def _carry_out(rendition: Rendition) -> bool:
    from governance.reports.renditions import drawn  # only who draws loads what draws

    edition = rendition.edition
    try:
        with tempfile.TemporaryFile(prefix="assay-form-") as file:
            with open_document(edition, checked=True) as document:
                source = drawn.Source(document, edition.document_sha256)
                told = drawn.write(rendition.form, source, file, language=rendition.language)
            file.seek(0)
            media_type = MEDIA_TYPES[Form(rendition.form)]
            blob = blobs.store(stream=file, media_type=media_type, max_bytes=LARGEST, at=rendition.requested_at)
    except drawn.PrintingFailed as failed:
        logger.warning("%s: %s", rendition, failed.message)
        _fail(rendition, failed.code, failed.message)
        return False
    except DocumentGone as gone:
        _fail(rendition, "document_gone", str(gone))
        return False
    except Exception:  # the one boundary: whatever it was, the row tells that it broke off
        logger.exception("%s broke off", rendition)
        said = "it could not be drawn; the worker's log says why, and it can be asked for again"
        _fail(rendition, "broke_off", said)
        return False
    QUEUE.end(rendition, state=RenditionState.DONE, sha256=blob.sha256, bytes=blob.bytes, **told)
    return True


def _fail(rendition: Rendition, code: str, error: str) -> None:
    QUEUE.give_up(rendition, code=code[:60], error=error[:2000])
