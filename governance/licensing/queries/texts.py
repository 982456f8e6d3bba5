"""The licence texts of a version, and who has read them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from governance.catalog.models import LicenceText, Version
from governance.licensing.models import TextReview
from licenses import texts

MOST = 20


@dataclass(frozen=True)
class TextRead:
    """A licence file. ``sha256`` is empty where nobody here knows its bytes; ``licence`` names the row of the table
    whose text it is, empty where it is none; ``reviews`` are those in force that speak of these very bytes.
    """

    path: str
    sha256: str
    licence: str
    is_kept: bool
    reviews: Sequence[TextReview]


def texts_of(version: Version) -> list[TextRead]:
    """The first licence files of a version by name. At most three queries, one where it has none."""
    files = list(version.files.filter(role="licence").order_by("path", "pk")[:MOST])
    if not files:
        return []
    kept = {one.path: one for one in LicenceText.objects.filter(version=version).order_by("path", "pk")}
    oids = [file.git_oid for file in files if file.git_oid]
    found = []
    sha256 = {file.path: file.sha256 or _sha256(kept.get(file.path)) for file in files}
    spoken_of = Q(sha256__in=[digest for digest in sha256.values() if digest]) | Q(git_oid__in=oids)
    said = TextReview.objects.in_force().filter(spoken_of, entry=version.entry_id)
    reviews = list(said.select_related("author").order_by("made_at", "pk"))
    for file in files:
        text = kept.get(file.path)
        row = texts.licence_of(text.fingerprint) if text is not None else None
        ours = [
            one
            for one in reviews
            if one.sha256 == sha256[file.path] or (one.git_oid and one.git_oid == (file.git_oid or ""))
        ]
        found.append(TextRead(file.path, sha256[file.path], row.id if row else "", text is not None, ours))
    return found


def _sha256(text: LicenceText | None) -> str:
    return hashlib.sha256(bytes(text.raw)).hexdigest() if text is not None else ""
