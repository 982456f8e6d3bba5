"""Writing to the ledger."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.db import connection

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
    """Append one event, in the transaction of the change that it tells of. ``detail`` holds no personal data.

    Its INSERT is written out: every change in the product pays for it, and building it costs more than running it.
    """
    event = Event(
        verb=verb,
        object_kind=object_kind,
        object_ref=object_ref,
        subject_digest=subject_digest,
        actor=actor_ref(actor.pk if actor is not None else None),
        at=at,
        detail=dict(detail or {}),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_event (verb, object_kind, object_ref, subject_digest, actor, at, detail)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s::jsonb) RETURNING id",
            [verb, object_kind, object_ref, subject_digest, event.actor, at, json.dumps(event.detail)],
        )
        event.pk = cursor.fetchone()[0]
    event._state.adding, event._state.db = False, "default"
    return event


_refusals: ContextVar[list[tuple[int, dict[str, Any]]] | None] = ContextVar("refusals", default=None)


def record_refusal(**told: Any) -> None:
    """Record what was refused, as ``record`` does; within ``refusals_outlive`` for good, whatever is undone."""
    event, kept = record(**told), _refusals.get()
    if kept is not None:
        kept.append((event.pk, told))


@contextmanager
def refusals_outlive() -> Iterator[None]:
    """Around a transaction that a refusal undoes: what was refused in it is written again once it is undone."""
    kept: list[tuple[int, dict[str, Any]]] = []
    before = _refusals.set(kept)
    try:
        yield
    except BaseException:
        there = (
            set(Event.objects.filter(pk__in=[pk for pk, _told in kept]).values_list("pk", flat=True)) if kept else ()
        )
        for pk, told in kept:
            if pk not in there:
                record(**told)
        raise
    finally:
        _refusals.reset(before)


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
