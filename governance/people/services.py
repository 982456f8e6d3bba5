"""Bringing people in, giving them roles and tokens, and taking these away.

``by`` is who does it: an administrator of the team that it is about, or None for a command on the server.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Iterable, Sequence

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from governance.ledger import services as ledger
from governance.people import signals, tokens
from governance.people.models import Invitation, Lane, Membership, Role, Scope, Team, Token, User, normal_email
from governance.people.queries import standing_now

INVITATION_DAYS = 7
LONGEST_TOKEN_DAYS = 365
MOST_TOKENS = 100


class PeopleRefused(Exception):
    """The step is not possible; the message says why and what to do instead."""


def _only_admins(by: User | None, *, team: Team | None) -> None:
    """Refuse whoever does not administer the team, or without one the organisation, at this moment."""
    if by is not None and not standing_now(by).has(Role.ADMIN, team_id=team.pk if team else None):
        where = team.name if team else _("the whole organisation")
        raise PeopleRefused(_("Only an administrator of {where} may do this.").format(where=where))


def parse_role(written: str) -> tuple[Role, str]:
    """``approver`` or ``reviewer:ethics`` as role and lane.

    Raises:
        PeopleRefused: no such role or lane.
    """
    name, _colon, lane = written.strip().partition(":")
    if name not in Role.values or (lane and lane not in Lane.values) or (name == Role.REVIEWER) != bool(lane):
        known = ", ".join(role_names())
        refusal = _("There is no role {role}; the roles are {known}.")
        raise PeopleRefused(refusal.format(role=ascii(written[:60]), known=known))
    return Role(name), lane


def role_names() -> list[str]:
    """All roles as they are written: ``approver``, ``reviewer:ethics``."""
    plain = [role.value for role in Role if role != Role.REVIEWER]
    return [*plain, *(f"{Role.REVIEWER.value}:{lane.value}" for lane in Lane)]


# --- people --------------------------------------------------------------------------------------------------------


@transaction.atomic
def set_up(*, email: str, name: str, password: str | None, team: str, at: dt.datetime) -> tuple[User, Team]:
    """Make the administrator of the organisation, one team, and what the other rooms need. Again: what is missing.

    Raises:
        PeopleRefused: the password is too weak, the address is no address, or the team has no name.
    """
    made = make_team(name=team, by=None, at=at)
    admin = add_person(email=email, name=name, password=password, roles=[Role.ADMIN], team=None, by=None, at=at)
    signals.set_up.send(sender=User, by=admin, at=at)
    return admin, made


@transaction.atomic
def add_person(
    *,
    email: str,
    name: str,
    password: str | None,
    roles: Iterable[str],
    team: Team | None,
    by: User | None,
    at: dt.datetime,
) -> User:
    """Add somebody with a password and roles; somebody who is here already only gains the roles.

    Raises:
        PeopleRefused: the password is too weak, the address is no address, or a role does not exist.
    """
    _only_admins(by, team=team)
    wanted = [parse_role(written) for written in roles]
    address = _address(email)
    user = User.objects.filter(email=address).first()
    if user is None:
        user = _join(email=address, name=name, password=password, by=by, at=at)
    for role, lane in wanted:
        _give(user=user, role=role, lane=lane, team=team, by=by, at=at)
    return user


def _address(email: str) -> str:
    address = normal_email(email)
    try:
        validate_email(address)
    except ValidationError as invalid:
        raise PeopleRefused(_("{email} is no e-mail address.").format(email=ascii(address[:80]))) from invalid
    return address


def _join(*, email: str, name: str, password: str | None, by: User | None, at: dt.datetime) -> User:
    user = User(email=email, name=name.strip() or email, joined_at=at)
    user.set_password(password)
    try:
        user.full_clean(exclude=["password"])
        if password is not None:
            validate_password(password, user)
        with transaction.atomic():
            user.save()
    except ValidationError as invalid:
        raise PeopleRefused(" ".join(invalid.messages)) from invalid
    except IntegrityError as taken:
        raise PeopleRefused(_("{email} is here already.").format(email=user.email)) from taken
    _record("person.added", user, by=by, at=at)
    return user


@transaction.atomic
def add_service(*, name: str, at: dt.datetime) -> User:
    """The account of a pipeline: it looks at everything, signs in nowhere, and acts through tokens only.

    Raises:
        PeopleRefused: the name has no letter or digit, or the account is switched off.
    """
    slug = slugify(name)[:60]
    if not slug:
        raise PeopleRefused(_("Name the service with letters or digits of the Latin alphabet."))
    service, created = User.objects.get_or_create(
        email=f"{slug}@services.invalid",
        defaults={"name": name.strip()[:150], "kind": User.Kind.SERVICE, "password": "!", "joined_at": at},
    )
    if not service.is_active:
        raise PeopleRefused(_("The account {email} is switched off; take another name.").format(email=service.email))
    if created:
        _record("person.added", service, by=None, at=at)
        _give(user=service, role=Role.VIEWER, lane="", team=None, by=None, at=at)
    return service


@transaction.atomic
def change_password(*, user: User, password: str, at: dt.datetime) -> None:
    """Give oneself another password; other sessions end with the old one.

    Raises:
        PeopleRefused: it is too weak.
    """
    try:
        validate_password(password, user)
    except ValidationError as weak:
        raise PeopleRefused(" ".join(weak.messages)) from weak
    user.set_password(password)
    user.save(update_fields=["password"])
    _record("person.password_changed", user, by=user, at=at)


@transaction.atomic
def deactivate(*, user: User, by: User | None, at: dt.datetime) -> None:
    """Switch an account off: it can neither sign in nor vote, and its tokens are revoked. What it did stays.

    Raises:
        PeopleRefused: it is one's own, or the last administrator's.
    """
    _only_admins(by, team=None)
    if by is not None and by.pk == user.pk:
        raise PeopleRefused(_("You cannot switch your own account off; another administrator can."))
    _keep_an_admin(without=user)
    if User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
        for token in Token.objects.filter(user=user, revoked_at=None):
            _revoke(token, by=by, at=at)
        _record("person.deactivated", user, by=by, at=at)
        signals.roles_changed.send(sender=User, user=user, at=at)


@transaction.atomic
def reactivate(*, user: User, by: User | None, at: dt.datetime) -> None:
    """Switch an account on again, with the roles that it had and without its tokens."""
    _only_admins(by, team=None)
    if User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        _record("person.reactivated", user, by=by, at=at)
        signals.roles_changed.send(sender=User, user=user, at=at)


def _record(verb: str, user: User, *, by: User | None, at: dt.datetime) -> None:
    ledger.record(verb=verb, object_kind="person", object_ref=ledger.actor_ref(user.pk), actor=by, at=at)


def _keep_an_admin(*, without: User) -> None:
    """Lock the organisation's administrators, so that no two of them remove each other, and refuse to lose the last.

    Raises:
        PeopleRefused: there would be none.
    """
    admins = Membership.objects.select_for_update(of=("self",)).filter(
        role=Role.ADMIN, team=None, user__is_active=True, user__kind=User.Kind.PERSON
    )
    holders = {membership.user_id for membership in admins.order_by("pk")}
    if holders == {without.pk}:
        raise PeopleRefused(_("This is the last administrator; make somebody else one first."))


# --- teams and roles -----------------------------------------------------------------------------------------------


@transaction.atomic
def make_team(*, name: str, by: User | None, at: dt.datetime) -> Team:
    """The team of this name, made if there is none.

    Raises:
        PeopleRefused: the name is empty.
    """
    _only_admins(by, team=None)
    name = name.strip()[:120]
    if not name:
        raise PeopleRefused(_("A team needs a name."))
    slug = slugify(name)[:60] or hashlib.sha256(name.encode()).hexdigest()[:12]
    team, created = Team.objects.get_or_create(slug=slug, defaults={"name": name, "created_at": at})
    if created:
        ledger.record(verb="team.made", object_kind="team", object_ref=team.slug, actor=by, at=at)
    return team


@transaction.atomic
def grant_role(*, user: User, role: Role, lane: str, team: Team | None, by: User | None, at: dt.datetime) -> Membership:
    """Give a person a role in a team, or in the whole organisation. Giving it twice changes nothing.

    Raises:
        PeopleRefused: ``by`` does not administer that team or the organisation.
    """
    _only_admins(by, team=team)
    return _give(user=user, role=role, lane=lane, team=team, by=by, at=at)


def _give(*, user: User, role: Role, lane: str, team: Team | None, by: User | None, at: dt.datetime) -> Membership:
    membership, created = Membership.objects.get_or_create(
        user=user, team=team, role=role, lane=lane, defaults={"granted_at": at}
    )
    if created:
        _record_role("role.granted", membership, by=by, at=at)
        signals.roles_changed.send(sender=User, user=user, at=at)
    return membership


@transaction.atomic
def revoke_role(*, membership: Membership, by: User | None, at: dt.datetime) -> None:
    """Take a role away; votes cast in it no longer count.

    Raises:
        PeopleRefused: it is the last administrator of the organisation, or ``by`` does not administer the team.
    """
    _only_admins(by, team=membership.team)
    if membership.role == Role.ADMIN and membership.team_id is None:
        _keep_an_admin(without=membership.user)
    removed, _tables = Membership.objects.filter(pk=membership.pk).delete()
    if removed:
        _record_role("role.revoked", membership, by=by, at=at)
        signals.roles_changed.send(sender=User, user=membership.user, at=at)


def _record_role(verb: str, membership: Membership, *, by: User | None, at: dt.datetime) -> None:
    ledger.record(
        verb=verb,
        object_kind="person",
        object_ref=ledger.actor_ref(membership.user_id),
        actor=by,
        at=at,
        detail={"role": membership.label, "team": membership.team.slug if membership.team else None},
    )


# --- invitations ---------------------------------------------------------------------------------------------------


@transaction.atomic
def invite(
    *, email: str, name: str, roles: Sequence[str], team: Team | None, by: User | None, at: dt.datetime
) -> tuple[Invitation, str]:
    """Invite somebody. The code opens the invitation page once, for a week; only its digest is kept.

    A new invitation of the same address takes the place of the old one.

    Raises:
        PeopleRefused: a role does not exist, the address is none, or the person is here already.
    """
    _only_admins(by, team=team)
    if not roles:
        raise PeopleRefused(_("Choose at least one role."))
    for written in roles:
        parse_role(written)
    address = _address(email)
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
    _only_admins(by, team=invitation.team)
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
    user = _join(email=invitation.email, name=name or invitation.name, password=password, by=by, at=at)
    for role, lane in map(parse_role, invitation.roles):
        _give(user=user, role=role, lane=lane, team=invitation.team, by=by, at=at)
    Invitation.objects.filter(pk=invitation.pk).update(accepted_at=at)
    return user


# --- tokens --------------------------------------------------------------------------------------------------------


@transaction.atomic
def issue_token(
    *, user: User, name: str, scopes: Sequence[str], days: int, by: User | None, at: dt.datetime
) -> tuple[Token, str]:
    """Make a token for oneself or, by a command, for a person or service. The secret is returned once and never kept.

    Raises:
        PeopleRefused: an unknown scope, none, a life outside 1 to 365 days, or somebody else's.
    """
    if by is not None and by.pk != user.pk:
        raise PeopleRefused(_("A token is made by the person whom it stands for."))
    unknown = sorted(set(scopes) - set(Scope.values))
    known = ", ".join(Scope.values)
    if unknown:
        refusal = _("There is no scope {scope}; the scopes are {known}.")
        raise PeopleRefused(refusal.format(scope=ascii(unknown[0][:40]), known=known))
    if not scopes:
        raise PeopleRefused(_("A token needs a scope; the scopes are {known}.").format(known=known))
    if not 1 <= days <= LONGEST_TOKEN_DAYS:
        raise PeopleRefused(_("A token lives from 1 to {most} days.").format(most=LONGEST_TOKEN_DAYS))
    if not re.fullmatch(r"[\w .:@/+-]{1,80}", name):
        raise PeopleRefused(_("Name the token in up to 80 letters, digits, blanks and .:@/+-"))
    if not user.is_active:
        raise PeopleRefused(_("The account {email} is switched off.").format(email=user.email))
    if Token.objects.usable(at=at).filter(user=user).count() >= MOST_TOKENS:
        raise PeopleRefused(_("There are {most} tokens in use; revoke some first.").format(most=MOST_TOKENS))
    prefix, secret = tokens.make()
    token = Token.objects.create(
        user=user,
        name=name,
        prefix=prefix,
        sha256=tokens.digest(secret),
        scopes=sorted(set(scopes)),
        created_at=at,
        expires_at=at + dt.timedelta(days=days),
    )
    detail = {"scopes": token.scopes, "days": days}
    ledger.record(verb="token.issued", object_kind="token", object_ref=prefix, actor=by, at=at, detail=detail)
    return token, secret


@transaction.atomic
def revoke_token(*, token: Token, by: User | None, at: dt.datetime) -> None:
    """Make a token open nothing from now on: one's own, or anybody's for an administrator of the organisation."""
    if by is None or by.pk != token.user_id:
        _only_admins(by, team=None)
    _revoke(token, by=by, at=at)


def _revoke(token: Token, *, by: User | None, at: dt.datetime) -> None:
    if Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at):
        ledger.record(verb="token.revoked", object_kind="token", object_ref=token.prefix, actor=by, at=at)
