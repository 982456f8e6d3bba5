"""Legal notes to licences and their clauses; they change no verdict."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from governance.licensing.models import Annotation
from governance.licensing.rules import NotAcceptable, require_keeper, require_reason
from governance.licensing.services.said import MOST_TEXT, end, held, licence_named, record
from governance.people.models import User
from licenses import catalogue


@transaction.atomic
def annotate(*, licence: str, column: str = "", text: str, by: User, at: dt.datetime) -> Annotation:
    """Put a legal note to a clause of a licence, or to the whole of it. It changes no verdict.

    Raises:
        NotAllowed: neither a legal reviewer nor an admin of the whole organisation.
        NotAcceptable: no such licence or column, or nothing is said.
    """
    require_keeper(by)
    row = licence_named(licence)
    if column and column not in catalogue.COLUMNS:
        raise NotAcceptable("unknown_column", f"the licence table has no column {ascii(column[:40])}", field="column")
    said = require_reason(text, field="text")
    if len(said) > MOST_TEXT:
        raise NotAcceptable("too_long", f"a note has at most {MOST_TEXT} characters", field="text")
    made = Annotation.objects.create(licence=row.id, column=column, text=said, author=by, made_at=at)
    detail = {"column": column, "annotation": made.pk}
    record("licence.annotated", kind="licence", ref=row.id, by=by, at=at, detail=detail)
    return made


@transaction.atomic
def end_annotation(*, annotation_id: int, reason: str = "", by: User, at: dt.datetime) -> Annotation:
    """Take a note back; it stays in the history.

    Raises:
        NotAllowed: neither a legal reviewer nor an admin of the whole organisation.
        LicensingRefused: it has ended already.
    """
    require_keeper(by)
    made = held(Annotation, annotation_id)
    end(made, by=by, reason=reason.strip(), at=at)
    detail = {"column": made.column, "annotation": made.pk}
    record("licence.annotation_ended", kind="licence", ref=made.licence, by=by, at=at, detail=detail)
    return made
