"""What happens to every request: a line in the log, the reader's language, time zone and theme."""

from __future__ import annotations

import logging
import re
import time
import uuid
import zoneinfo
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.middleware.common import CommonMiddleware
from django.shortcuts import render, resolve_url
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django_htmx.http import HttpResponseClientRedirect

from governance.people.models import User
from governance.web.problems import json_problem

logger = logging.getLogger(__name__)
Answer = Callable[[HttpRequest], HttpResponse]
TOKEN = re.compile(r"asy_[A-Za-z0-9]{8}_")
THEMES = ("light", "dark")
# Asked every few seconds by machines; only their failures are worth a line.
ROUTINE = ("/healthz", "/readyz", "/static/")
FEATURES_OFF = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class RequestLog:
    """One line per request, without its query: that may hold what is nobody's business. Tokens in it are refused."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.monotonic()
        request_id = uuid.uuid4().hex[:16]
        request.request_id = request_id  # type: ignore[attr-defined]  # ours, on Django's request
        response = _refused(request) or self.get_response(request)
        response.headers["X-Request-Id"] = request_id
        response.headers.setdefault("Permissions-Policy", FEATURES_OFF)
        _log(request, response.status_code, ms=(time.monotonic() - started) * 1000)
        return response


def _refused(request: HttpRequest) -> HttpResponse | None:
    """The answer to an address, cookie or body that nothing behind this should see, or could."""
    query = request.META.get("QUERY_STRING", "")
    if TOKEN.search(query) or TOKEN.search(unquote(query)):
        why = "a token in the address ends up in logs: send it in the Authorization header, and renew this one"
        return _bad(request, "token_in_query", why)
    if "\0" in request.path or "%00" in query or "\0" in query:
        return _bad(request, "nul_character", "the address holds a NUL character; take it out")
    if any("\0" in name + value for name, value in request.COOKIES.items()):
        return _bad(request, "nul_character", "a cookie holds a NUL character; delete this site's cookies")
    if request.headers.get("Transfer-Encoding") and not request.headers.get("Content-Length"):
        # Such a body would be read as an empty one.
        why = "the body came in chunks without a length; send it with a Content-Length, a file by its name"
        return _bad(request, "length_required", why, status=411)
    return None


def _bad(request: HttpRequest, code: str, why: str, *, status: int = 400) -> HttpResponse:
    if request.path.startswith("/api/"):
        return json_problem(request, status, code, why)
    return render(request, "400.html", {"reason": f"{why[0].upper()}{why[1:]}."}, status=status)


def _log(request: HttpRequest, status: int, *, ms: float) -> None:
    if status < 500 and request.path.startswith(ROUTINE):
        return
    path = request.path
    if request.resolver_match is not None and "code" in request.resolver_match.kwargs:
        path = f"/{request.resolver_match.route}"  # the code opens something: it is a secret
    facts = {
        "method": request.method,
        "path": path,
        "status": status,
        "ms": round(ms, 1),
        "user": _user_id(request),
        "request_id": request.request_id,  # type: ignore[attr-defined]  # ours, see above
    }
    logger.info("%s %s %s", request.method, path, status, extra=facts)


def _user_id(request: HttpRequest) -> int | None:
    """Who asked, if that has become known: finding out costs two queries."""
    found = getattr(request, "_cached_user", None) or vars(request).get("user")
    return found.pk if type(found) is User else None


class Slashes(CommonMiddleware):
    """A forgotten slash at the end is mended by a redirect, except where that would lose what was sent."""

    def should_redirect_with_slash(self, request: HttpRequest) -> bool:
        if request.method not in ("GET", "HEAD"):
            return False
        return super().should_redirect_with_slash(request)


class ReaderSettings:
    """The signed-in person's time zone, the theme that the browser remembers, and sign-in for parts of pages."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        theme = request.COOKIES.get("theme", "")
        request.theme = theme if theme in THEMES else ""  # type: ignore[attr-defined]  # ours, read by base.html
        if request.path.startswith(("/api/", *ROUTINE)):
            return self.get_response(request)
        user = request.user
        if not isinstance(user, User):
            return _whole_page(request, self.get_response(request))
        with timezone.override(_zone(user.time_zone)):
            response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            # What one person saw is not for the next one at the same machine, nor for a proxy.
            add_never_cache_headers(response)
        return _whole_page(request, response)


def _zone(name: str) -> zoneinfo.ZoneInfo | None:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return None


def _whole_page(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """When the session has ended, a part of a page is no place for the sign-in form: htmx loads it as a page, and it
    leads back to the page that the part belongs to."""
    sign_in = resolve_url(settings.LOGIN_URL)
    location = urlsplit(response.headers.get("Location", ""))
    if "HX-Request" not in request.headers or response.status_code != 302 or location.path != sign_in:
        return response
    shown = urlsplit(request.headers.get("HX-Current-URL", ""))
    back = f"{shown.path}?{shown.query}" if shown.query else shown.path
    return HttpResponseClientRedirect(redirect_to_login(back or "/", sign_in).url)
