"""Who there is: for administrators, of the organisation or of teams."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from governance.people import queries
from governance.people.access import is_admin, role_required, signed_in
from governance.people.forms import InviteForm, RoleForm, TeamForm
from governance.people.models import Invitation, Membership, Role, User
from governance.people.rules import PeopleRefused, parse_role
from governance.people.services import accounts, invitations, teams

logger = logging.getLogger(__name__)
NO_MAIL = "django.core.mail.backends.dummy.EmailBackend"


@never_cache
@role_required(Role.ADMIN)
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Everybody in the teams that one administers, with roles; invitations that are open."""
    return _page(request)


@never_cache
@role_required(Role.ADMIN)
@require_POST
def invite(request: HttpRequest) -> HttpResponse:
    """Invite somebody: the link is in this answer and never shown again; it is mailed where there is mail."""
    by = signed_in(request)
    form = InviteForm(request.POST, **_choice(by))
    if form.is_valid():
        try:
            invitation, code = invitations.invite(**form.cleaned_data, by=by, at=timezone.now())
        except PeopleRefused as refused:
            form.add_error(None, str(refused))
        else:
            link = settings.PUBLIC_URL + reverse("people:invitation", args=[code])
            return _page(request, invited=invitation, link=link, mailed=_mailed(invitation, link, by=by))
    return _page(request, invite=form, status=422)


def _mailed(invitation: Invitation, link: str, *, by: User) -> bool | None:
    """Whether the link went out; None where there is no mail. A broken mail server stops nobody."""
    if settings.EMAIL_BACKEND == NO_MAIL:
        return None
    context = {"invitation": invitation, "link": link, "by": by, "product_name": settings.PRODUCT_NAME}
    subject = _("{name} invites you to {product}").format(name=by, product=settings.PRODUCT_NAME)
    text = render_to_string("people/invitation_mail.txt", context)
    try:
        return bool(send_mail(" ".join(subject.split()), text, None, [invitation.email]))
    except (OSError, smtplib.SMTPException, ValueError) as failed:
        logger.warning("invitation %s could not be mailed: %s", invitation.pk, type(failed).__name__)
        return False


@never_cache
@role_required(Role.ADMIN)
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = get_object_or_404(queries.invitations_of(signed_in(request), at=timezone.now()), pk=pk)
    return _step(
        request,
        lambda by: invitations.withdraw_invitation(invitation=invitation, by=by, at=timezone.now()),
        _("The invitation of {name} is withdrawn.").format(name=invitation.email),
    )


@never_cache
@role_required(Role.ADMIN)
@require_POST
def add_role(request: HttpRequest) -> HttpResponse:
    form = _role_form(signed_in(request), request.POST)
    if not form.is_valid():
        return _page(request, role=form, status=422)
    user = form.cleaned_data["person"]
    role, lane = parse_role(form.cleaned_data["role"])
    team = form.cleaned_data["team"]
    return _step(
        request,
        lambda by: teams.grant_role(user=user, role=role, lane=lane, team=team, by=by, at=timezone.now()),
        _("{name} has the role.").format(name=user),
    )


@never_cache
@role_required(Role.ADMIN)
@require_POST
def take_role(request: HttpRequest, pk: int) -> HttpResponse:
    by = signed_in(request)
    membership = get_object_or_404(Membership.objects.select_related("user", "team"), pk=pk)
    if not is_admin(by, team=membership.team):
        raise PermissionDenied
    return _step(
        request,
        lambda by: teams.revoke_role(membership=membership, by=by, at=timezone.now()),
        _("{name} no longer has the role.").format(name=membership.user),
    )


@never_cache
@role_required(Role.ADMIN)
@require_POST
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Switch an account off or on."""
    by = signed_in(request)
    if not is_admin(by, team=None):
        raise PermissionDenied
    user = get_object_or_404(User, pk=pk)
    if request.POST.get("active") == "yes":
        done = _("{name} can sign in again.").format(name=user)
        return _step(request, lambda by: accounts.reactivate(user=user, by=by, at=timezone.now()), done)
    done = _("{name} can no longer sign in; the account’s tokens are revoked.").format(name=user)
    return _step(request, lambda by: accounts.deactivate(user=user, by=by, at=timezone.now()), done)


@never_cache
@role_required(Role.ADMIN)
@require_POST
def make_team(request: HttpRequest) -> HttpResponse:
    by = signed_in(request)
    if not is_admin(by, team=None):
        raise PermissionDenied
    form = TeamForm(request.POST)
    if not form.is_valid():
        return _page(request, new_team=form, status=422)
    name = form.cleaned_data["name"]
    return _step(
        request,
        lambda by: teams.make_team(name=name, by=by, at=timezone.now()),
        _("There is a team {name}.").format(name=name),
    )


def _step(request: HttpRequest, step: Callable[[User], Any], done: str) -> HttpResponse:
    """Take a step and say what became of it, on the page that it was taken from."""
    try:
        step(signed_in(request))
    except PeopleRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, done)
    return redirect("people:people")


def _choice(by: User) -> dict[str, Any]:
    """Where a person may give roles."""
    return {"teams": queries.teams_administered_by(by), "everywhere": is_admin(by, team=None)}


def _role_form(by: User, sent: QueryDict | None = None) -> RoleForm:
    people = queries.people_of(by).filter(is_active=True).order_by("name", "email", "pk")
    return RoleForm(sent, people=people, **_choice(by))


def _page(request: HttpRequest, *, status: int = 200, **shown: Any) -> HttpResponse:
    """The page with the form that was refused, or the link that was made, in place of the plain ones."""
    by = signed_in(request)
    context = {
        "groups": queries.members(by),
        "open_invitations": queries.invitations_of(by, at=timezone.now()).select_related("team"),
        "invite": InviteForm(**_choice(by)),
        "role": _role_form(by),
        "new_team": TeamForm(),
        "everywhere": is_admin(by, team=None),
        "alone": queries.one_person_alone(),
    }
    return render(request, "people/people.html", context | shown, status=status)
