"""What all statements about licences share: they are held, ended, recorded and told alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from governance.ledger import services as ledger
from governance.licensing.models import Said
from governance.licensing.rules import LicensingRefused, NotAcceptable
from governance.notifications import services as notifications
from governance.people.models import User
from licenses import catalogue

MOST_TEXT = 5000
_SaidT = TypeVar("_SaidT", bound=Said)


def licence_named(licence: str) -> catalogue.Licence:
    """A row of the table.

    Raises:
        NotAcceptable: the table has none of that name.
    """
    row = catalogue.find(licence) if len(licence) <= 200 else None
    if row is None:
        raise NotAcceptable("unknown_licence", f"the licence table has no {ascii(licence[:60])}", field="licence")
    return row


def held(model: type[_SaidT], pk: int) -> _SaidT:
    """A statement, held until the transaction ends.

    Raises:
        LicensingRefused: it has ended.
    """
    made: _SaidT = model._default_manager.select_for_update(of=("self",)).get(pk=pk)
    if made.ended_at is not None:
        raise LicensingRefused("ended", f"this has ended already, on {made.ended_at:%Y-%m-%d}")
    return made


def end(made: Said, *, by: User, reason: str, at: dt.datetime) -> None:
    """Write down that a statement holds no longer; it stays in the history."""
    made.ended_at, made.ended_by, made.ended_reason = at, by, reason[:MOST_TEXT]
    made.save(update_fields=["ended_at", "ended_by", "ended_reason"])


def record(
    verb: str, *, kind: str, ref: str, by: User, at: dt.datetime, detail: Mapping[str, Any], digest: str = ""
) -> None:
    """Write a statement or its end to the ledger; ``digest`` is the version that it is about."""
    ledger.record(
        verb=verb, object_kind=kind, object_ref=ref, subject_digest=digest, actor=by, at=at, detail=dict(detail)
    )


def tell(verb: str, *, subject: str, to: Iterable[User], by: User, at: dt.datetime, **more: str) -> None:
    """Tell people, without whoever says it."""
    others = [user for user in to if user.pk != by.pk]
    notifications.enqueue(topic=verb, payload={"subject": subject, **more}, to=others, at=at)
