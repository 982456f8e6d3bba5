"""``Idempotency-Key``: the same request sent twice has its effect once and is answered the same."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from governance.web.models import IdempotencyRecord
from governance.web.problems import Problem

View = Callable[..., Response]


def idempotent(*, required: bool = False) -> Callable[[View], View]:
    """For a ``post`` method that answers JSON: keep its answer under the client's key.

    The key belongs to the caller and the path. The row is inserted first and in its own transaction, so of fifty
    equal requests at once one works and the others are told to come back (409) or get its answer.

    Raises (as problems): 422 ``idempotency_key_reused`` for another body, 409 ``idempotency_key_in_flight``,
    400 ``idempotency_key_required``.
    """

    def wrap(method: View) -> View:
        @functools.wraps(method)
        def post(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
            key = request.headers.get("Idempotency-Key", "")
            if not key:
                if required:
                    raise Problem(400, "idempotency_key_required", "send an Idempotency-Key, a random text of your own")
                return method(view, request, *args, **kwargs)
            if len(key) > 200 or not key.isprintable():
                raise Problem(400, "bad_idempotency_key", "an Idempotency-Key has up to 200 printable characters")
            return _once(key, method, view, request, *args, **kwargs)

        return post

    return wrap


def _once(key: str, method: View, view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
    body = hashlib.sha256(repr(request.data).encode()).hexdigest()
    route = request.path[:200]
    mine = {"user": request.user, "route": route, "key": key}
    try:
        with transaction.atomic():
            record = IdempotencyRecord.objects.create(**mine, body_sha256=body, created_at=timezone.now())
    except IntegrityError:
        return _again(IdempotencyRecord.objects.get(**mine), body)
    try:
        response = method(view, request, *args, **kwargs)
    except BaseException:
        record.delete()  # nothing has happened: the same key may be tried again
        raise
    record.status, record.response = response.status_code, response.data
    record.save(update_fields=["status", "response"])
    return response


def _again(record: IdempotencyRecord, body: str) -> Response:
    if record.body_sha256 != body:
        raise Problem(422, "idempotency_key_reused", "this Idempotency-Key was used with another body; take a new one")
    if record.status is None:
        raise Problem(409, "idempotency_key_in_flight", "the first request with this key is still being worked on")
    return Response(record.response, status=record.status, headers={"Idempotency-Replayed": "true"})
