"""Is this document an edition, the one that the ledger holds?"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, BinaryIO

from audits import blobs
from audits.digests import canonical
from audits.kinds.base import InputsRejected
from governance.ledger import tree
from governance.ledger.models import Event, Leaf
from governance.ledger.services import document_of
from governance.reports.models import Edition, scope_named

VERB = "report.compiled"
CHUNK = 1 << 20


@dataclass(frozen=True)
class Verified:
    """What there is of a digest. ``ok``: the ledger says that an edition with it was made, its place in the tree holds
    (or it waits for one), and the bytes in the store are still those.

    ``problem`` names what is wrong: unknown, not_in_ledger, event_changed, bytes_gone, bytes_altered.
    """

    sha256: str
    problem: str
    edition: Edition | None = None
    event: Event | None = None
    leaf: int | None = None

    @property
    def ok(self) -> bool:
        return not self.problem

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"ok": self.ok, "sha256": self.sha256, "problem": self.problem or None}
        if self.edition is not None:
            one = self.edition
            found |= {
                "edition": one.pk,
                "period": one.period,
                "number": one.number,
                "scope": scope_named(one.team),
                "provisional": one.provisional,
                "content_sha256": one.content_sha256,
                "document_sha256": one.document_sha256,
            }
        if self.event is not None:
            found |= {"event": self.event.pk, "at": document_of(self.event)["at"], "leaf": self.leaf}
        return found


def digest_of(stream: BinaryIO) -> str:
    """SHA-256 of a file."""
    digest = hashlib.sha256()
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def verify(sha256: str) -> Verified:
    """Look a digest up: of the whole document, or of its content (then the newest edition with it). Four queries."""
    edition = Edition.objects.select_related("team").filter(document_sha256=sha256).first()
    if edition is None:
        same = Edition.objects.select_related("team").filter(content_sha256=sha256)
        edition = same.order_by("-built_at", "-pk").first()
    if edition is None:
        return Verified(sha256, "unknown")
    event = _event(edition)
    if event is None:
        return Verified(sha256, "not_in_ledger", edition)
    leaf = Leaf.objects.filter(event=event).first()
    place = leaf.index if leaf is not None else None
    return Verified(sha256, _problem(edition, event, leaf), edition, event, place)


def _problem(edition: Edition, event: Event, leaf: Leaf | None) -> str:
    if leaf is not None and bytes(leaf.hash) != tree.leaf_hash(canonical(document_of(event))):
        return "event_changed"
    try:
        blobs.open_checked(edition.document_sha256).close()
    except InputsRejected as gone:
        return "bytes_altered" if gone.code == "blob_altered" else "bytes_gone"
    return ""


def _event(edition: Edition) -> Event | None:
    """The ledger's line of an edition: of this document, content and number."""
    lines = Event.objects.filter(verb=VERB, subject_digest=edition.document_sha256)
    detail = {"content": edition.content_sha256, "edition": edition.number, "period": edition.period}
    return lines.filter(detail__contains=detail).order_by("pk").first()
