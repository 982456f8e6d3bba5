"""Errors of the REST interface as RFC 9457 problem+json, and one way to raise them."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions, renderers
from rest_framework.response import Response

MEDIA_TYPE = "application/problem+json"


class Problem(exceptions.APIException):
    """An error with its code: ``raise Problem(409, "invalid_transition", "…")``. Extra words become members."""

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

    if isinstance(failure, Http404):
        failure = exceptions.NotFound()
    elif isinstance(failure, RequestDataTooBig):
        failure = Problem(413, "body_too_large", "the body is larger than this route takes; large files go to uploads/")
    elif isinstance(failure, PermissionDenied):
        failure = exceptions.PermissionDenied()
    elif isinstance(failure, SuspiciousOperation):
        failure = Problem(400, "bad_request", "the request cannot be understood")
    answered = views.exception_handler(failure, dict(context))
    if answered is None or not isinstance(failure, exceptions.APIException):
        return None
    body = _body(failure, answered.status_code)
    # The renderer is fixed here: an error is JSON whatever the client said it accepts.
    renderer = ProblemRenderer()
    problem = Response(body, status=answered.status_code, content_type=MEDIA_TYPE)
    for name in ("WWW-Authenticate", "Retry-After", "Allow"):
        if name in answered.headers:
            problem.headers[name] = answered.headers[name]
    request = context.get("request")
    if request is not None:
        request.accepted_renderer, request.accepted_media_type = renderer, MEDIA_TYPE
    return problem


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


def json_problem(request: HttpRequest, status: int, code: str, detail: str) -> JsonResponse:
    """A problem from outside DRF: unknown routes, CSRF, crashes."""
    return JsonResponse(document(status, code, detail), status=status, content_type=MEDIA_TYPE)
