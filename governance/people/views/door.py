"""Coming in: signing in and out, the first start, an invitation."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, login, logout
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from governance.people import first_start
from governance.people.forms import AcceptForm, FirstStartForm, SignInForm
from governance.people.models import User, normal_email
from governance.people.rules import PeopleRefused
from governance.people.services import invitations
from governance.people.throttle import locked_out

# A failed try is kept with what was sent, and nobody's password is that long.
LARGEST_FORM = 20_000


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for e-mail and password; a wrong pair gets one answer whatever is wrong with it."""
    if request.method == "POST" and _length(request) > LARGEST_FORM:
        raise RequestDataTooBig
    context: dict[str, Any] = {"next": request.POST.get("next") or request.GET.get("next", "")}
    if first_start.is_open():
        context["first_start_url"] = reverse("people:setup")
        if request.method != "POST":
            return redirect("people:setup")
    if request.method != "POST":
        return render(request, "people/sign_in.html", context)
    form = SignInForm(request.POST)
    user = _authenticated(request, form) if form.is_valid() else None
    if getattr(request, "axes_locked_out", False):
        return locked_out(request, None, {"username": form.cleaned_data["email"]})
    if user is None:
        context |= {"email": request.POST.get("email", "")[:254], "error": _("E-mail or password is not right.")}
        return render(request, "people/sign_in.html", context, status=401)
    login(request, user)
    response = HttpResponseRedirect(_after(request, context["next"]))
    # A language that was chosen at the door stays; the stored one is for a browser where nobody chose.
    if request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME) not in dict(settings.LANGUAGES):
        remember_language(response, user.language)
    return response


def _length(request: HttpRequest) -> int:
    """How much was sent. What is no number is read as nothing, by Django too."""
    sent = request.META.get("CONTENT_LENGTH") or ""
    return int(sent) if sent.isascii() and sent.isdecimal() else 0


def _authenticated(request: HttpRequest, form: SignInForm) -> User | None:
    email, password = normal_email(form.cleaned_data["email"]), form.cleaned_data["password"]
    user = authenticate(request, username=email, password=password)
    return user if isinstance(user, User) else None


def _after(request: HttpRequest, wanted: str) -> str:
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else settings.LOGIN_REDIRECT_URL


def remember_language(response: HttpResponse, language: str) -> None:
    """Have this browser speak the person's language."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 86400,
        samesite="Lax",
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=True,
    )


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    response = redirect("people:sign-in")
    # The next one at this browser may be somebody else: their own language is not to be taken for a choice.
    response.delete_cookie(settings.LANGUAGE_COOKIE_NAME, samesite="Lax")
    return response


@never_cache
@sensitive_post_parameters("code", "password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def setup(request: HttpRequest) -> HttpResponse:
    """The first account, for whoever reads the code on the server's terminal. Afterwards there is no such page."""
    if not first_start.is_open():
        raise Http404
    if request.method != "POST":
        _print_code(first_start.make_code(at=timezone.now()))
        return render(request, "people/setup.html", {"form": FirstStartForm()})
    if "renew" in request.POST:
        printed = _print_code(first_start.make_code(at=timezone.now(), renew=True))
        told = _("A new code has been printed.") if printed else _("The last code is less than a minute old.")
        messages.info(request, told)
        return redirect("people:setup")
    form = FirstStartForm(request.POST)
    if not form.is_valid():
        return render(request, "people/setup.html", {"form": form}, status=422)
    sent = form.cleaned_data
    at = timezone.now()
    try:
        first_start.check_code(sent["code"], at=at)
    except PeopleRefused as refused:
        form.add_error("code", str(refused))
        return render(request, "people/setup.html", {"form": form}, status=422)
    try:
        admin, _team = first_start.set_up(
            email=sent["email"], name=sent["name"], password=sent["password"], team=sent["team"], at=at
        )
    except PeopleRefused as refused:
        form.add_error(None, str(refused))
        return render(request, "people/setup.html", {"form": form}, status=422)
    return _welcome(request, admin, to="people:people")


def _print_code(code: str | None) -> bool:
    """Onto the terminal and nowhere else: a log is read by more people."""
    if code is None:
        return False
    lines = (
        f"{settings.PRODUCT_NAME}: the code for the first account is {code}",
        "It holds for an hour. To have a new one printed, press that on the page that asks for it.",
    )
    width = max(len(line) for line in lines)
    rule = f"+{'-' * (width + 2)}+"
    box = "\n".join([rule, *(f"| {line:<{width}} |" for line in lines), rule])
    sys.stderr.write(f"\n{box}\n\n")
    sys.stderr.flush()
    return True


def _welcome(request: HttpRequest, user: User, *, to: str) -> HttpResponse:
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect(to)


@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, code: str) -> HttpResponse:
    """Join by an invitation: name and a password of one's own."""
    at = timezone.now()
    found = invitations.open_invitation(code=code, at=at)
    if found is None:
        return render(request, "people/invitation_over.html", status=404)
    form = AcceptForm(request.POST or None, initial={"name": found.name})
    if request.method == "POST" and form.is_valid():
        try:
            user = invitations.accept_invitation(
                code=code, name=form.cleaned_data["name"], password=form.cleaned_data["password"], at=at
            )
        except PeopleRefused as refused:
            form.add_error(None, str(refused))
        else:
            logout(request)  # somebody else may have been signed in here
            return _welcome(request, user, to=settings.LOGIN_REDIRECT_URL)
    context = {"form": form, "invitation": found}
    return render(request, "people/invitation.html", context, status=422 if form.errors else 200)
