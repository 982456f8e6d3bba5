"""One's own account: name, language, time zone, password, tokens."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import authenticate, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from governance.people.access import signed_in
from governance.people.forms import PasswordForm, ProfileForm, TokenForm
from governance.people.models import Token, User
from governance.people.rules import PeopleRefused
from governance.people.services import accounts, tokens
from governance.people.throttle import locked_out
from governance.people.views.door import remember_language

SHOWN_TOKENS = 200


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """The page, and its first form: who one is."""
    user = signed_in(request)
    if request.method != "POST":
        return _page(request)
    form = ProfileForm(request.POST)
    if not form.is_valid():
        return _page(request, profile=form, status=422)
    User.objects.filter(pk=user.pk).update(**form.cleaned_data)
    language = form.cleaned_data["language"]
    with override(language):
        messages.success(request, _("Saved."))
    response = redirect("people:account")
    remember_language(response, language)
    return response


@never_cache
@login_required
@sensitive_post_parameters("old", "password", "again")
@require_POST
def password(request: HttpRequest) -> HttpResponse:
    """Another password. Wrong tries at the present one count as wrong tries at the door."""
    user, form = signed_in(request), PasswordForm(request.POST)
    if form.is_valid():
        known = authenticate(request, username=user.email, password=form.cleaned_data["old"])
        if getattr(request, "axes_locked_out", False):
            return locked_out(request, None, {"username": user.email})
        if known is None:
            form.add_error("old", _("This is not your present password."))
        else:
            try:
                accounts.change_password(user=user, password=form.cleaned_data["password"], at=timezone.now())
            except PeopleRefused as refused:
                form.add_error("password", str(refused))
    if form.errors:
        return _page(request, password=form, status=422)
    update_session_auth_hash(request, user)
    messages.success(request, _("The password is changed; other browsers are signed out."))
    return redirect("people:account")


@never_cache
@login_required
@require_POST
def make_token(request: HttpRequest) -> HttpResponse:
    """A new token, shown in this answer and never again."""
    user, form = signed_in(request), TokenForm(request.POST)
    if form.is_valid():
        try:
            made, secret = tokens.issue_token(**form.cleaned_data, user=user, by=user, at=timezone.now())
        except PeopleRefused as refused:
            form.add_error(None, str(refused))
        else:
            return _page(request, made=made, secret=secret)
    return _page(request, token=form, status=422)


@never_cache
@login_required
@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    user = signed_in(request)
    token = get_object_or_404(Token, pk=pk, user=user)
    tokens.revoke_token(token=token, by=user, at=timezone.now())
    messages.success(request, _("{name} opens nothing from now on.").format(name=token.name))
    return redirect("people:account")


def _page(request: HttpRequest, *, status: int = 200, **shown: Any) -> HttpResponse:
    """The account page with the form that was refused, or the token that was made, in place of the plain ones."""
    user = signed_in(request)
    context = {
        "profile": ProfileForm(initial={name: getattr(user, name) for name in ProfileForm.base_fields}),
        "password": PasswordForm(),
        "token": TokenForm(),
        "tokens": Token.objects.filter(user=user).order_by("-created_at", "-pk")[:SHOWN_TOKENS],
        "memberships": user.memberships.select_related("team").order_by("team__name", "role", "lane"),
        "now": timezone.now(),
    }
    return render(request, "people/account.html", context | shown, status=status)
