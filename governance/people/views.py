"""Signing in and out."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from governance.people.models import User, normal_email


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for e-mail and password; a wrong pair gets one answer whatever is wrong with it."""
    context: dict[str, Any] = {"next": request.POST.get("next") or request.GET.get("next", "")}
    if not User.objects.exists():
        context["first_start_url"] = None
    if request.method == "POST":
        email = normal_email(request.POST.get("email", ""))[:254]
        user = authenticate(request, username=email, password=request.POST.get("password", "")[:1024])
        if getattr(request, "axes_locked_out", False):
            return locked_out(request, {"username": email})
        if isinstance(user, User):
            login(request, user)
            response = HttpResponseRedirect(_after(request, context["next"]))
            response.set_cookie(settings.LANGUAGE_COOKIE_NAME, user.language, samesite="Lax")
            return response
        context |= {"email": email, "error": _("E-mail or password is not right.")}
        return render(request, "people/sign_in.html", context, status=401)
    return render(request, "people/sign_in.html", context)


def _after(request: HttpRequest, wanted: str) -> str:
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if wanted and safe else "/"


def locked_out(request: HttpRequest, credentials: dict[str, Any] | None = None, *args: Any, **kw: Any) -> HttpResponse:
    """Too many wrong tries: the door stays closed for a while, for the right password too."""
    context = {"throttled": True, "retry_after": int(settings.AXES_COOLOFF_TIME * 3600), "next": ""}
    context["email"] = (credentials or {}).get("username", "")
    response = render(request, "people/sign_in.html", context, status=429)
    response.headers["Retry-After"] = str(context["retry_after"])
    return response


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("people:sign-in")
