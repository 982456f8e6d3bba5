"""Values laid over cells of the licence table, for the whole organisation."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction

from governance.licensing import changes, declared, table
from governance.licensing.models import Cause, Correction
from governance.licensing.rules import LicensingRefused, NotAcceptable, legal_people, require_keeper, require_reason
from governance.licensing.services.said import MOST_TEXT, end, held, licence_named, record, tell
from governance.people.models import User


@transaction.atomic
def correct(
    *, licence: str, column: str, value: str, source_ref: str, reason: str, by: User, at: dt.datetime
) -> Correction:
    """Lay a value over a cell of the licence table, for the whole organisation; a correction that stands there ends.

    Every work under the licence, and all that was made from it, is judged again.

    Raises:
        NotAllowed: neither a legal reviewer nor an admin of the whole organisation.
        NotAcceptable: no such licence or column, a value that the column cannot hold, no section or reason.
        LicensingRefused: somebody else corrects the same cell at this moment.
    """
    require_keeper(by)
    row = licence_named(licence)
    source_ref = source_ref.replace("\0", "").strip()
    if not source_ref:
        raise NotAcceptable("source_ref_required", "name the section of the text that says so", field="source_ref")
    if len(source_ref) > 500 or len(value) > 500:
        raise NotAcceptable("too_long", "a value and its section have at most 500 characters each", field="value")
    reason = require_reason(reason)
    earlier = Correction.objects.select_for_update().filter(licence=row.id, column=column, ended_at=None)
    for one in earlier:
        end(one, by=by, reason="replaced by a later correction", at=at)
    others = [one for one in table.overlay() if (one["licence"], one["column"]) != (row.id, column)]
    table.corrected([*others, {"licence": row.id, "column": column, "value": value, "source_ref": source_ref}])
    try:
        with transaction.atomic():
            made = Correction.objects.create(
                licence=row.id,
                column=column,
                value=value,
                source_ref=source_ref,
                reason=reason[:MOST_TEXT],
                author=by,
                made_at=at,
            )
    except IntegrityError as twice:
        raise LicensingRefused("corrected_meanwhile", "somebody corrects this cell too; read it again") from twice
    _after_correction(made, verb="licence.corrected", by=by, at=at)
    return made


@transaction.atomic
def end_correction(*, correction_id: int, reason: str, by: User, at: dt.datetime) -> Correction:
    """Take a correction back: the shipped value holds again.

    Raises:
        NotAllowed, NotAcceptable: as ``correct``.
        LicensingRefused: it has ended already, or the table is not whole without it.
    """
    require_keeper(by)
    reason = require_reason(reason)
    made = held(Correction, correction_id)
    end(made, by=by, reason=reason, at=at)
    table.corrected(table.overlay())
    _after_correction(made, verb="licence.correction_ended", by=by, at=at)
    return made


def _after_correction(made: Correction, *, verb: str, by: User, at: dt.datetime) -> None:
    overlaid = made.as_overlay()
    record(verb, kind="licence", ref=made.licence, by=by, at=at, detail={**overlaid, "correction": made.pk})
    tell(verb, subject=made.licence, to=legal_people(), by=by, at=at, column=made.column)
    declaring = declared.entries_declaring(made.licence)
    changes.note(
        cause=Cause.CORRECTION,
        entries=declaring,
        closes_below=declaring,
        closes_of=declaring,
        ref=f"{made.licence} {made.column}",
        at=at,
    )
