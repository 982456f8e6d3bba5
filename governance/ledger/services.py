"""Writing to the ledger."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from governance.ledger.models import Event


def actor_ref(user_id: int | None) -> str:
    """How the ledger names a person: a salted digest, which means nothing once the person's row is erased."""
    if user_id is None:
        return "system"
    return hmac.new(settings.SECRET_KEY.encode(), f"person {user_id}".encode(), hashlib.sha256).hexdigest()[:32]


def record(
    *,
    verb: str,
    object_kind: str,
    object_ref: str,
    actor: Any,
    at: dt.datetime,
    subject_digest: str = "",
    detail: Mapping[str, Any] | None = None,
) -> Event:
    """Append one event, in the transaction of the change that it tells of. ``detail`` holds no personal data."""
    return Event.objects.create(
        verb=verb,
        object_kind=object_kind,
        object_ref=object_ref,
        subject_digest=subject_digest,
        actor=actor_ref(actor.pk if actor is not None else None),
        at=at,
        detail=dict(detail or {}),
    )


def document_of(event: Event) -> dict[str, Any]:
    """An event as its leaf is hashed and as exports have it."""
    return {
        "id": event.pk,
        "verb": event.verb,
        "object_kind": event.object_kind,
        "object_ref": event.object_ref,
        "subject_digest": event.subject_digest,
        "actor": event.actor,
        "at": event.at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        "detail": event.detail,
    }
