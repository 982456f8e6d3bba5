"""Too many wrong passwords: the door stays closed for a while."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def locked_out(
    request: HttpRequest, original_response: HttpResponse | None = None, credentials: dict[str, Any] | None = None
) -> HttpResponse:
    """The answer to a closed door, for the right password too. It says when to try again."""
    cool_off = get_cool_off(request)
    seconds = math.ceil(cool_off.total_seconds()) if cool_off is not None else 300
    context = {
        "throttled": True,
        "retry_after": seconds,
        "email": (credentials or {}).get("username", ""),
        "next": request.POST.get("next", ""),
    }
    response = render(request, "people/sign_in.html", context, status=429)
    response.headers["Retry-After"] = str(seconds)
    return response


def forget_old_tries(*, at: dt.datetime) -> int:
    """Delete wrong tries that keep nobody out any more: they name addresses of people. How many."""
    cool_off = get_cool_off() or dt.timedelta(minutes=5)
    deleted: int = AccessAttempt.objects.filter(attempt_time__lt=at - cool_off - dt.timedelta(days=1)).delete()[0]
    return deleted
