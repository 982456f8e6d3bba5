"""A stored document as a download."""

from __future__ import annotations

from django.http import FileResponse

from governance.reports.attaching import name_of
from governance.reports.models import Edition
from governance.reports.reading import open_document


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
