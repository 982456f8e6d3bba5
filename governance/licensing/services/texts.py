"""Licence texts that a legal reviewer has read."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from governance.catalog.models import Version
from governance.licensing import changes
from governance.licensing.models import Cause, TextReview
from governance.licensing.rules import NotAcceptable, require_four_eyes, require_legal, require_reason, require_seen
from governance.licensing.services.said import MOST_TEXT, end, held, record
from governance.people.models import User


@transaction.atomic
def review_text(
    *, version: Version, path: str, sha256: str = "", note: str = "", by: User, at: dt.datetime
) -> TextReview:
    """Say that one has read the licence text that a version brings along, for a licence that the table does not name.

    Args:
        path: a licence file of the version.
        sha256: of the text that was read; needed where the file's own is not known, and compared where it is.

    Raises:
        NotAllowed: not a legal reviewer for the entry's team, or somebody who submitted it or brought its evidence.
        NotAcceptable: no such licence file, or its bytes are not those that were read.
    """
    entry = version.entry
    require_seen(by, entry=entry)
    require_legal(by, team_id=entry.team_id)
    require_four_eyes(by, entry=entry)
    file = version.files.filter(role="licence", path=path).first()
    if file is None:
        raise NotAcceptable("no_such_text", "this version has no licence file of that name", field="path")
    sha256 = sha256.strip().lower() or file.sha256 or ""
    if len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
        raise NotAcceptable(
            "sha256_required", "the file’s SHA-256 is not known here; give that of the text you read", field="sha256"
        )
    if file.sha256 is not None and file.sha256 != sha256:
        raise NotAcceptable("other_text", "the file of this version has another SHA-256; read that one", field="sha256")
    made = TextReview.objects.create(
        entry=entry,
        path=path,
        sha256=sha256,
        git_oid=file.git_oid or "",
        note=note.replace("\0", "").strip()[:MOST_TEXT],
        author=by,
        made_at=at,
    )
    detail = {"path": path, "sha256": sha256}
    record(
        "licence.text_read", kind="text_review", ref=str(made.pk), by=by, at=at, digest=version.digest, detail=detail
    )
    changes.note(cause=Cause.TEXT_REVIEW, entries=[entry.pk], ref=f"text review {made.pk}", at=at)
    return made


@transaction.atomic
def end_text_review(*, text_review_id: int, reason: str, by: User, at: dt.datetime) -> TextReview:
    """Take back that a text was read; the licence is unknown again.

    Raises:
        NotAllowed: not a legal reviewer for the entry's team.
        LicensingRefused: it has ended already.
    """
    made = held(TextReview, text_review_id)
    require_seen(by, entry=made.entry)
    require_legal(by, team_id=made.entry.team_id)
    end(made, by=by, reason=require_reason(reason), at=at)
    detail = {"sha256": made.sha256}
    record("licence.text_review_ended", kind="text_review", ref=str(made.pk), by=by, at=at, detail=detail)
    changes.note(
        cause=Cause.TEXT_REVIEW,
        entries=[made.entry_id],
        closes_below=[made.entry_id],
        closes_of=[made.entry_id],
        ref=f"text review {made.pk}",
        at=at,
    )
    return made
