"""Errors of the REST interface as RFC 9457 problem+json, and one way to raise them."""

from __future__ import annotations

import errno
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation, ValidationError
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions, renderers
from rest_framework.response import Response

logger = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
TOO_LARGE = "the body is larger than this route takes; large files go to uploads/"
NO_SPACE = "the server has no room left to write to; nothing was kept. Its operator has to make room, then try again"
NOT_READY = "the database does not answer; nothing was changed, try again in a few seconds"


class Problem(exceptions.APIException):
    """An error with its code: ``raise Problem(409, "invalid_transition", "…")``. Extra words become members."""

    wait: int | None = None  # seconds after which it is worth trying again

    def __init__(self, status: int, code: str, detail: str, **extra: Any) -> None:
        super().__init__(detail, code)
        self.status_code = status
        self.code, self.extra = code, extra


class ProblemRenderer(renderers.JSONRenderer):
    """JSON under the media type of problems."""

    media_type = MEDIA_TYPE


def document(status: int, code: str, detail: str, **extra: Any) -> dict[str, Any]:
    """The members of a problem: type, title, status, code, detail, and whatever else is known."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        **extra,
    }


def handle(failure: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's exception handler; what it does not know becomes a plain 500 elsewhere, without detail."""
    from rest_framework import views  # reads the settings, which name this module

    failure = _as_api_exception(failure)
    answered = views.exception_handler(failure, dict(context))
    if answered is None or not isinstance(failure, exceptions.APIException):
        return None
    problem = Response(_body(failure, answered.status_code), status=answered.status_code, content_type=MEDIA_TYPE)
    for name in ("WWW-Authenticate", "Retry-After", "Allow"):
        if name in answered.headers:
            problem.headers[name] = answered.headers[name]
    if answered.status_code == 503:
        problem.headers["Retry-After"] = "5"
    request = context.get("request")
    if request is not None:
        # An error is JSON whatever the client said it accepts.
        request.accepted_renderer, request.accepted_media_type = ProblemRenderer(), MEDIA_TYPE
    return problem


def _as_api_exception(failure: Exception) -> Exception:
    if isinstance(failure, Http404):
        return exceptions.NotFound("there is nothing here, or nothing that you may see")
    if isinstance(failure, RequestDataTooBig):
        return Problem(413, "body_too_large", TOO_LARGE)
    if isinstance(failure, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(failure, SuspiciousOperation):
        return Problem(400, "bad_request", "the request cannot be understood")
    if isinstance(failure, ValidationError):
        fields = failure.message_dict if hasattr(failure, "error_dict") else {"": failure.messages}
        return exceptions.ValidationError({name or "": messages for name, messages in fields.items()})
    if isinstance(failure, OSError) and failure.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        logger.error("nothing can be written: %s", failure)
        return Problem(507, "no_space", NO_SPACE)
    if isinstance(failure, (OperationalError, InterfaceError)):
        logger.error("the database does not answer: %s", str(failure).partition("\n")[0])
        return Problem(503, "not_ready", NOT_READY)
    return failure


def _body(failure: exceptions.APIException, status: int) -> dict[str, Any]:
    if isinstance(failure, Problem):
        return document(status, failure.code, str(failure.detail), **failure.extra)
    if isinstance(failure, exceptions.ValidationError):
        fields = failure.detail if isinstance(failure.detail, dict) else {"": failure.detail}
        return document(status, "invalid", "some fields are missing or not as they should be", errors=_plain(fields))
    code = failure.get_codes()
    return document(status, code if isinstance(code, str) else "error", str(failure.detail))


def _plain(detail: Any) -> Any:
    if isinstance(detail, Mapping):
        return {str(name): _plain(value) for name, value in detail.items()}
    if isinstance(detail, list):
        return [_plain(value) for value in detail]
    return str(detail)


def json_problem(request: HttpRequest, status: int, code: str, detail: str, **extra: Any) -> JsonResponse:
    """A problem from outside DRF: unknown routes, CSRF, crashes."""
    answer = document(status, code, detail, **extra)
    return JsonResponse(answer, status=status, content_type=MEDIA_TYPE)
