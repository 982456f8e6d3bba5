"""Invitations: a link that opens an account once."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from governance.ledger import services as ledger
from governance.people.models import Invitation, Team, User
from governance.people.rules import PeopleRefused, only_admins, parse_role
from governance.people.services.accounts import address_of, join
from governance.people.services.teams import give

INVITATION_DAYS = 7


@transaction.atomic
def invite(
    *, email: str, name: str, roles: Sequence[str], team: Team | None, by: User | None, at: dt.datetime
) -> tuple[Invitation, str]:
    """Invite somebody. The code opens the invitation page once, for a week; only its digest is kept.

    A new invitation of the same address takes the place of the old one.

    Raises:
        PeopleRefused: a role does not exist, the address is none, or the person is here already.
    """
    only_admins(by, team=team)
    if not roles:
        raise PeopleRefused(_("Choose at least one role."))
    for written in roles:
        parse_role(written)
    address = address_of(email)
    if User.objects.filter(email=address).exists():
        raise PeopleRefused(_("{email} is here already; give the role on the people page.").format(email=address))
    code = secrets.token_urlsafe(32)
    invitation = Invitation(
        email=address,
        name=name.strip()[:150],
        team=team,
        roles=[written.strip() for written in roles],
        code_sha256=_digest(code),
        invited_by=by,
        created_at=at,
        expires_at=at + dt.timedelta(days=INVITATION_DAYS),
    )
    try:
        invitation.full_clean(exclude=["name", "invited_by"])
    except ValidationError as invalid:
        raise PeopleRefused(" ".join(invalid.messages)) from invalid
    Invitation.objects.filter(email=address, accepted_at=None, expires_at__gt=at).update(expires_at=at)
    invitation.save()
    ledger.record(verb="person.invited", object_kind="invitation", object_ref=str(invitation.pk), actor=by, at=at)
    return invitation, code


@transaction.atomic
def withdraw_invitation(*, invitation: Invitation, by: User | None, at: dt.datetime) -> None:
    """Make an invitation's link open nothing from now on."""
    only_admins(by, team=invitation.team)
    if Invitation.objects.filter(pk=invitation.pk, accepted_at=None, expires_at__gt=at).update(expires_at=at):
        ref = str(invitation.pk)
        ledger.record(verb="person.invitation_withdrawn", object_kind="invitation", object_ref=ref, actor=by, at=at)


def open_invitation(*, code: str, at: dt.datetime) -> Invitation | None:
    """The invitation that a code opens now, if there is one."""
    return Invitation.objects.filter(code_sha256=_digest(code), accepted_at=None, expires_at__gt=at).first()


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()


@transaction.atomic
def accept_invitation(*, code: str, name: str, password: str, at: dt.datetime) -> User:
    """Join with a password of one's own.

    Raises:
        PeopleRefused: the invitation is used or over, the address has an account by now, or the password is too weak.
    """
    found = open_invitation(code=code, at=at)
    invitation = Invitation.objects.select_for_update().filter(pk=found.pk, accepted_at=None).first() if found else None
    if invitation is None:
        raise PeopleRefused(_("This invitation has been used or is over; ask for a new one."))
    if User.objects.filter(email=invitation.email).exists():
        # Whoever holds the link must not get into an account that has a password already.
        raise PeopleRefused(_("{email} has an account already; sign in.").format(email=invitation.email))
    by = invitation.invited_by
    user = join(email=invitation.email, name=name or invitation.name, password=password, by=by, at=at)
    for role, lane in map(parse_role, invitation.roles):
        give(user=user, role=role, lane=lane, team=invitation.team, by=by, at=at)
    Invitation.objects.filter(pk=invitation.pk).update(accepted_at=at)
    return user
