"""Every form of an edition, written from its document."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Any

from governance.reports.renditions import html, pdf, spreadsheets
from governance.reports.renditions.models import Form
from governance.reports.renditions.pdf import PrintingFailed
from governance.reports.renditions.source import Source

__all__ = ["PrintingFailed", "Source", "write"]


def write(form: str, source: Source, out: IO[bytes], *, language: str) -> dict[str, Any]:
    """Write a form in a language; what is to be told of it beside its bytes.

    Raises:
        PrintingFailed: of a print, with the reason.
    """
    return _FORMS[form](source, out, language)


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


_FORMS: dict[str, Callable[[Source, IO[bytes], str], dict[str, Any]]] = {
    Form.HTML: _html,
    Form.PDF: _pdf,
    Form.CSV: _csv,
}
