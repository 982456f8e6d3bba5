"""What a mail of an edition brings along."""

from __future__ import annotations

from governance.reports.models import Attached, Edition
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
    return None, False


def name_of(edition: Edition) -> str:
    """The name of an edition's file, without its ending: the period, the scope and the number."""
    scope = "portfolio" if edition.team is None else edition.team.slug
    return f"report-{edition.period.replace('..', '-to-')}-{scope}-{edition.number}"
