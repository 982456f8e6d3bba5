"""Pages and answers that belong to no room: health, theme, errors."""

from __future__ import annotations

import sys
from typing import Any

import kombu
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from governance.web.middleware import THEMES
from governance.web.problems import NOT_READY, TOO_LARGE, json_problem

BROKER_TIMEOUT_S = 2
RETRY_AFTER_S = 5
PLAIN = {
    400: ("bad_request", "the request cannot be understood"),
    403: ("forbidden", "you may not do this"),
    404: ("not_found", "there is nothing here, or nothing that you may see"),
    413: ("body_too_large", TOO_LARGE),
    500: ("internal", "something failed here; it is in the server's log under the request id"),
    503: ("not_ready", NOT_READY),
}


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers. Asks nobody else."""
    return JsonResponse({"ok": True})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """The database and the broker answer too; 503 says which does not."""
    parts = {"database": _database_answers(), "broker": _broker_answers()}
    told = {name: "answers" if answers else "unreachable" for name, answers in parts.items()}
    if all(parts.values()):
        return JsonResponse({"ok": True, **told})
    return JsonResponse({"ok": False, **told}, status=503, headers={"Retry-After": str(RETRY_AFTER_S)})


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError):
        return False
    return True


def _broker_answers() -> bool:
    options = {**settings.CELERY_BROKER_TRANSPORT_OPTIONS, "socket_timeout": BROKER_TIMEOUT_S}
    try:
        with kombu.Connection(
            settings.CELERY_BROKER_URL, connect_timeout=BROKER_TIMEOUT_S, transport_options=options
        ) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=BROKER_TIMEOUT_S)
    except Exception:  # each transport has errors of its own, and all of them mean no
        return False
    return True


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    return HttpResponse("User-agent: *\nDisallow: /\n", content_type="text/plain")


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember a theme for a year; an unknown one means: as the system has it."""
    chosen, back = request.POST.get("theme", ""), request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    if chosen in THEMES:
        response.set_cookie(
            "theme",
            chosen,
            max_age=365 * 86400,
            httponly=True,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
    else:
        response.delete_cookie("theme", samesite="Lax")
    return response


# --- errors --------------------------------------------------------------------------------------------------------


def failed(request: HttpRequest, status: int, **more: Any) -> HttpResponse:
    """The answer to what went wrong outside a view: a problem under /api/, a page elsewhere."""
    code, detail = PLAIN[status]
    if request.path.startswith("/api/"):
        return json_problem(request, status, code, detail, **more)
    return render(request, f"errors/{status}.html", more, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return failed(request, 413)
    return failed(request, 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return failed(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return failed(request, 404)


def crashed(request: HttpRequest) -> HttpResponse:
    """Rendered while things are broken: without the database, session or signed-in person."""
    failure = sys.exc_info()[1]
    status = 503 if isinstance(failure, (OperationalError, InterfaceError)) else 500
    reference = getattr(request, "request_id", "")
    if request.path.startswith("/api/"):
        response: HttpResponse = json_problem(request, status, *PLAIN[status], request_id=reference)
    else:
        context = {"request": request, "reference": reference}
        response = HttpResponse(render_to_string(f"errors/{status}.html", context), status=status)
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token: usually a page that was open for too long."""
    if request.path.startswith("/api/"):
        return failed(request, 403)
    return render(request, "403.html", {"csrf": True}, status=403)
