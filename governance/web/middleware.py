"""What happens to every request: a line in the log, the reader's language, time zone and theme."""

from __future__ import annotations

import logging
import re
import time
import uuid
import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from governance.web.problems import json_problem

logger = logging.getLogger(__name__)
Answer = Callable[[HttpRequest], HttpResponse]
TOKEN = re.compile(r"asy_[A-Za-z0-9]{8}_")
THEMES = ("light", "dark")


class RequestLog:
    """One line per request, without its query: that may hold what is nobody's business. Tokens in it are refused."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.monotonic()
        request.request_id = uuid.uuid4().hex[:16]  # type: ignore[attr-defined]
        response = self._refuse(request) or self.get_response(request)
        response.headers["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        took = round((time.monotonic() - started) * 1000, 1)
        logger.info(
            "%s %s %s %s ms user %s request %s",
            request.method,
            request.path,
            response.status_code,
            took,
            getattr(getattr(request, "user", None), "pk", None),
            request.request_id,  # type: ignore[attr-defined]
        )
        return response

    def _refuse(self, request: HttpRequest) -> HttpResponse | None:
        query = request.META.get("QUERY_STRING", "")
        if TOKEN.search(query):
            why = "a token in the address ends up in logs: send it in the Authorization header, and renew it"
            return json_problem(request, 400, "token_in_query", why)
        if "%00" in query or "%00" in request.META.get("RAW_URI", "") or "\0" in request.path:
            if request.path.startswith("/api/"):
                return json_problem(request, 400, "nul_character", "the address holds a NUL character; take it out")
            return render(request, "400.html", status=400)
        return None


class ReaderSettings:
    """The signed-in person's language and time zone, and the theme that the browser remembers."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        theme = request.COOKIES.get("theme", "")
        request.theme = theme if theme in THEMES else ""  # type: ignore[attr-defined]
        if request.path.startswith(("/api/", "/static/", "/healthz", "/readyz")):
            return self.get_response(request)
        user = request.user
        if user.is_authenticated:
            zone = getattr(user, "time_zone", "UTC")
            try:
                timezone.activate(zoneinfo.ZoneInfo(zone))
            except (zoneinfo.ZoneInfoNotFoundError, ValueError):
                timezone.deactivate()
        try:
            return self.get_response(request)
        finally:
            timezone.deactivate()
