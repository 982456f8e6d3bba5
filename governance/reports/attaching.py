"""What a mail of an edition brings along."""

from __future__ import annotations

from django.utils.translation import get_language

from audits import blobs
from audits.kinds.base import InputsRejected
from governance.reports.models import Attached, Edition, Form, Rendition, RenditionState
from governance.reports.reading import open_document

# Mail servers refuse what is larger; the link is there.
MOST_BYTES = 10 * 2**20
File = tuple[str, bytes, str]


def attachment(edition: Edition, wanted: str) -> tuple[File | None, bool]:
    """The file to attach, if one was wanted, and whether it could be had.

    Raises:
        DocumentGone: the document cannot be read.
    """
    if wanted == Attached.JSON and edition.bytes <= MOST_BYTES:
        with open_document(edition, checked=True) as document:
            return (f"{name_of(edition)}.json", document.file.read(), "application/json"), True
    if wanted == Attached.PDF and (printed := _printed(edition)) is not None:
        return (f"{name_of(edition)}.pdf", printed, "application/pdf"), True
    return None, False


def _printed(edition: Edition) -> bytes | None:
    """The PDF in the language in force, if it is drawn and a mail can carry it."""
    language = (get_language() or "en").split("-")[0]
    found = Rendition.objects.filter(
        edition=edition, form=Form.PDF, language=language, state=RenditionState.DONE
    ).first()
    if found is None or found.bytes is None or found.bytes > MOST_BYTES:
        return None
    try:
        return bytes(blobs.read_checked(found.sha256))
    except InputsRejected:
        return None


def name_of(edition: Edition) -> str:
    """The name of an edition's file, without its ending: the period, the scope and the number."""
    scope = "portfolio" if edition.team is None else edition.team.slug
    return f"report-{edition.period.replace('..', '-to-')}-{scope}-{edition.number}"
