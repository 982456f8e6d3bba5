"""Pages and answers that belong to no room: health, theme, errors."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from governance.web.middleware import THEMES
from governance.web.problems import json_problem

PLAIN = {
    400: ("bad_request", "the request cannot be understood"),
    403: ("forbidden", "you may not do this"),
    404: ("not_found", "there is nothing here, or nothing that you may see"),
    500: ("internal", "something failed here; it is in the server's log under the request id"),
}


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers. Asks nobody else."""
    return JsonResponse({"ok": True})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """The database answers too; without it the portal can say nothing true."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"ok": False, "database": "unreachable"}, status=503, headers={"Retry-After": "5"})
    return JsonResponse({"ok": True, "database": "answers"})


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
            "theme", chosen, max_age=365 * 86400, httponly=True, samesite="Lax", secure=request.is_secure()
        )
    else:
        response.delete_cookie("theme", samesite="Lax")
    return response


def failed(request: HttpRequest, status: int) -> HttpResponse:
    """The answer to what went wrong outside a view: a problem under /api/, a page elsewhere."""
    code, detail = PLAIN[status]
    if request.path.startswith("/api/"):
        return json_problem(request, status, code, detail)
    return render(request, f"{status}.html", status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return failed(request, 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return failed(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return failed(request, 404)


def crashed(request: HttpRequest) -> HttpResponse:
    return failed(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token: usually a page that was open for too long."""
    return render(request, "403.html", {"csrf": True}, status=403)
