"""``Idempotency-Key``: the same request sent twice has its effect once and is answered the same."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from governance.ledger.services import refusals_outlive
from governance.web.models import IdempotencyRecord
from governance.web.problems import Problem

View = Callable[..., Response]
# A second request waits this long for the first one's answer before it is told to come back.
WAIT_S = 2.0
ASK_EVERY_S = 0.05
# The work is one transaction with its answer: whoever has not answered by then has died, and has done nothing.
DEAD_AFTER = dt.timedelta(minutes=10)
KEPT_FOR = dt.timedelta(days=2)
REPLAYED_HEADERS = ("ETag", "Location", "Retry-After", "Cache-Control")


def idempotent(*, required: bool = False) -> Callable[[View], View]:
    """For a ``post`` method that answers JSON: keep its answer under the client's key.

    The key belongs to the caller and the path. Its row is inserted first and in a transaction of its own, so of fifty
    equal requests at once one works; the others wait a little for its answer. The work and the keeping of its answer
    are one transaction: a process that dies in between has done nothing, and the key may be used again.

    Raises (as problems): 422 ``idempotency_key_reused`` for another body, 409 ``idempotency_key_in_flight``,
    400 ``idempotency_key_required`` or ``bad_idempotency_key``.
    """

    def wrap(method: View) -> View:
        @functools.wraps(method)
        def post(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
            key = request.headers.get("Idempotency-Key")
            if key is None or not request.user.is_authenticated:
                if required and key is None:
                    raise Problem(400, "idempotency_key_required", "send an Idempotency-Key, a random text of your own")
                return method(view, request, *args, **kwargs)
            if not 1 <= len(key) <= 200 or not (key.isascii() and key.isprintable()):
                raise Problem(400, "bad_idempotency_key", "an Idempotency-Key has 1 to 200 printable ASCII characters")
            return _once(key, lambda: method(view, request, *args, **kwargs), request)

        post.takes_idempotency_key = True  # type: ignore[attr-defined]  # the schema tells of it
        return post

    return wrap


def forget_old_keys(*, at: dt.datetime) -> int:
    """Delete answers that nobody will ask for again; how many."""
    return IdempotencyRecord.objects.filter(created_at__lt=at - KEPT_FOR).delete()[0]


def _once(key: str, work: Callable[[], Response], request: Request) -> Response:
    with _fingerprint(request) as fingerprint:
        return _once_for(fingerprint, key, work, request)


def _once_for(fingerprint: str, key: str, work: Callable[[], Response], request: Request) -> Response:
    mine = {"user": request.user, "route": _route(request.path), "key": key}
    record, is_new = IdempotencyRecord.objects.get_or_create(
        **mine, defaults={"body_sha256": fingerprint, "created_at": timezone.now()}
    )
    if not is_new:
        if record.body_sha256 != fingerprint:
            why = "this Idempotency-Key was used with another body; take a new one"
            raise Problem(422, "idempotency_key_reused", why)
        answer = _answer_of_the_first(record)
        if answer is not None:
            return answer
        # The first one died without an answer: this request took its place.
    return _work(record, work)


def _work(record: IdempotencyRecord, work: Callable[[], Response]) -> Response:
    """Do the work and keep its answer, both or neither; what was refused stays in the ledger all the same."""
    mine = IdempotencyRecord.objects.filter(pk=record.pk, created_at=record.created_at)
    done: list[bool] = []
    try:
        with refusals_outlive(), transaction.atomic():
            transaction.on_commit(lambda: done.append(True))
            response = work()
            kept = {
                "headers": {name: response[name] for name in REPLAYED_HEADERS if name in response},
                # As text: the database would sort the members of an object.
                "text": json.dumps(response.data, cls=JSONEncoder, allow_nan=False),
            }
            if not mine.update(status=response.status_code, response=kept):
                why = "this request took so long that a later one with the same key took its place"
                raise Problem(409, "idempotency_key_taken_over", why)
    except BaseException:
        if not done:  # nothing has happened: the same key may be tried again
            mine.delete()
        raise
    return response


def _answer_of_the_first(record: IdempotencyRecord) -> Response | None:
    """The kept answer; None when the first request is dead and this one has taken its row over."""
    until = time.monotonic() + WAIT_S
    while record.status is None:
        now = timezone.now()
        if now - record.created_at > DEAD_AFTER:
            unanswered = IdempotencyRecord.objects.filter(pk=record.pk, created_at=record.created_at, status=None)
            if unanswered.update(created_at=now):
                record.created_at = now
                return None
        elif time.monotonic() > until:
            raise _in_flight()
        time.sleep(ASK_EVERY_S)
        try:
            record.refresh_from_db()
        except IdempotencyRecord.DoesNotExist:  # it failed, and left the key free
            raise _in_flight() from None
    kept: Any = record.response
    headers = {**kept["headers"], "Idempotency-Replayed": "true"}
    return Response(json.loads(kept["text"]), status=record.status, headers=headers)


def _in_flight() -> Problem:
    why = "the first request with this key has not been answered yet; send it again in a moment"
    problem = Problem(409, "idempotency_key_in_flight", why)
    problem.wait = 1  # becomes Retry-After
    return problem


def _route(path: str) -> str:
    return path if len(path) <= 200 else hashlib.sha256(path.encode()).hexdigest()


@contextmanager
def _fingerprint(request: Request) -> Iterator[str]:
    """SHA-256 of what was sent. A raw stream can be read only once, so its bytes are kept aside for the work."""
    data: Any = request.data
    if isinstance(data, dict) and hasattr(data.get("stream"), "read") and not hasattr(data, "lists"):
        with tempfile.TemporaryFile(prefix="assay-upload-") as aside:
            names = ("Content-Type", "Content-Length", "X-Filename")
            told = {name: request.headers.get(name) for name in names}
            told["sha256"] = _copied(data["stream"], aside)
            data["stream"] = aside
            yield _digest(told)
        return
    if hasattr(data, "lists"):
        data = [[name, [_told(value) for value in values]] for name, values in data.lists()]
    yield _digest(data)


def _digest(told: Any) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True, cls=JSONEncoder).encode()).hexdigest()


def _copied(stream: IO[bytes], aside: IO[bytes]) -> str:
    """Copy a stream and give its digest; what is too large to be taken is not read further."""
    digest, size = hashlib.sha256(), 0
    while size <= settings.MAX_UPLOAD_BYTES and (chunk := stream.read(1 << 20)):
        digest.update(chunk)
        aside.write(chunk)
        size += len(chunk)
    aside.seek(0)
    return digest.hexdigest()


def _told(value: Any) -> Any:
    """A form's value; a file by its name and the digest of its bytes."""
    if not isinstance(value, UploadedFile):
        return value
    digest = hashlib.sha256()
    for chunk in value.chunks():
        digest.update(chunk)
    value.seek(0)
    return [value.name, value.size, digest.hexdigest()]
