"""A stored document, and the forms drawn from it, as downloads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from audits import blobs
from audits.kinds.base import InputsRejected
from governance.reports.attaching import name_of
from governance.reports.models import Edition, Form, Rendition, RenditionState
from governance.reports.reading import open_document
from governance.web.static_pages import static_stream


def document_response(edition: Edition) -> FileResponse:
    """The document of an edition, in pieces, byte for byte as its digest says.

    Raises:
        DocumentGone: its bytes are gone or altered.
    """
    opened = open_document(edition, checked=True)
    name = f"{name_of(edition)}.json"
    response = FileResponse(opened.file, content_type="application/json", as_attachment=True, filename=name)
    response.headers["ETag"] = f'"{edition.document_sha256}"'
    return response


HEAD_BYTES = 1 << 16
CHUNK = 1 << 18


def form_response(rendition: Rendition) -> HttpResponseBase | None:
    """A form that is drawn, in pieces; None while it is not, or where its bytes are gone (it is then drawn again)."""
    if rendition.state != RenditionState.DONE:
        return None
    try:
        opened = blobs.open_unchecked(rendition.sha256)
    except InputsRejected:
        return None
    answer: StreamingHttpResponse | FileResponse
    if rendition.form == Form.HTML:
        head = opened.read(HEAD_BYTES).decode("utf-8", "replace")
        opened.seek(0)
        answer = static_stream(head, _pieces(opened))
        answer.headers["Content-Language"] = rendition.language
    else:
        ending = {Form.PDF: "pdf", Form.CSV: "zip"}[Form(rendition.form)]
        name = f"{name_of(rendition.edition)}.{rendition.language}.{ending}"
        media_type = {Form.PDF: "application/pdf", Form.CSV: "application/zip"}[Form(rendition.form)]
        answer = FileResponse(opened, content_type=media_type, as_attachment=True, filename=name)
    answer.headers["ETag"] = f'"{rendition.sha256}"'
    return answer


def _pieces(opened: IO[bytes]) -> Iterator[bytes]:
    with opened:
        while piece := opened.read(CHUNK):
            yield piece
