"""Bringing people in, giving them roles and tokens, and taking these away."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Iterable, Sequence

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from governance.ledger import services as ledger
from governance.people import tokens
from governance.people.models import Invitation, Lane, Membership, Role, Scope, Team, Token, User, normal_email

INVITATION_DAYS = 7
LONGEST_TOKEN_DAYS = 365


class PeopleRefused(Exception):
    """The step is not possible; the message says why and what to do instead."""


def parse_role(written: str) -> tuple[Role, str]:
    """``approver`` or ``reviewer:ethics`` as role and lane.

    Raises:
        PeopleRefused: no such role or lane.
    """
    name, _, lane = written.strip().partition(":")
    if name not in Role.values or (lane and lane not in Lane.values) or (name == Role.REVIEWER) != bool(lane):
        known = ", ".join([*(r.value for r in Role if r != Role.REVIEWER), *(f"reviewer:{x.value}" for x in Lane)])
        raise PeopleRefused(f"there is no role {written[:60]!r}; the roles are {known}")
    return Role(name), lane


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
    wanted = [parse_role(written) for written in roles]
    user = User.objects.filter(email=normal_email(email)).first()
    if user is None:
        user = User(email=normal_email(email), name=name.strip() or email, joined_at=at)
        try:
            user.set_password(password)
            user.full_clean(exclude=["password"])
            if password is not None:
                validate_password(password, user)
        except ValidationError as invalid:
            raise PeopleRefused(" ".join(invalid.messages)) from invalid
        user.save()
        ledger.record(verb="person.added", object_kind="person", object_ref=ledger.actor_ref(user.pk), actor=by, at=at)
    for role, lane in wanted:
        grant_role(user=user, role=role, lane=lane, team=team, by=by, at=at)
    return user


@transaction.atomic
def grant_role(*, user: User, role: Role, lane: str, team: Team | None, by: User | None, at: dt.datetime) -> Membership:
    """Give a person a role in a team, or in the whole organisation. Giving it twice changes nothing."""
    membership, created = Membership.objects.get_or_create(
        user=user, team=team, role=role, lane=lane, defaults={"granted_at": at}
    )
    if created:
        _record_role("role.granted", membership, by=by, at=at)
    return membership


@transaction.atomic
def revoke_role(*, membership: Membership, by: User | None, at: dt.datetime) -> None:
    """Take a role away; votes cast in it no longer count.

    Raises:
        PeopleRefused: it is the last administrator of the organisation.
    """
    if membership.role == Role.ADMIN and membership.team_id is None:
        others = Membership.objects.select_for_update().filter(role=Role.ADMIN, team=None, user__is_active=True)
        if not others.exclude(pk=membership.pk).exists():
            raise PeopleRefused("this is the last administrator; make somebody else one first")
    _record_role("role.revoked", membership, by=by, at=at)
    membership.delete()


def _record_role(verb: str, membership: Membership, *, by: User | None, at: dt.datetime) -> None:
    ledger.record(
        verb=verb,
        object_kind="person",
        object_ref=ledger.actor_ref(membership.user_id),
        actor=by,
        at=at,
        detail={"role": membership.label, "team": membership.team.slug if membership.team else None},
    )


@transaction.atomic
def invite(
    *, email: str, name: str, roles: Sequence[str], team: Team | None, by: User | None, at: dt.datetime
) -> tuple[Invitation, str]:
    """Invite somebody. The code opens the invitation page once, for a week; only its digest is kept.

    Raises:
        PeopleRefused: a role does not exist, or the person is here already.
    """
    for written in roles:
        parse_role(written)
    address = normal_email(email)
    if User.objects.filter(email=address).exists():
        raise PeopleRefused(f"{address} is here already; give the role on the people page")
    code = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        email=address,
        name=name.strip()[:150],
        team=team,
        roles=list(roles),
        code_sha256=hashlib.sha256(code.encode()).hexdigest(),
        invited_by=by,
        created_at=at,
        expires_at=at + dt.timedelta(days=INVITATION_DAYS),
    )
    ledger.record(verb="person.invited", object_kind="invitation", object_ref=str(invitation.pk), actor=by, at=at)
    return invitation, code


def open_invitation(*, code: str, at: dt.datetime) -> Invitation | None:
    """The invitation that a code opens now, if there is one."""
    digest = hashlib.sha256(code.encode()).hexdigest()
    return Invitation.objects.filter(code_sha256=digest, accepted_at=None, expires_at__gt=at).first()


@transaction.atomic
def accept_invitation(*, code: str, name: str, password: str, at: dt.datetime) -> User:
    """Join with a password of one's own.

    Raises:
        PeopleRefused: the invitation is used or over, or the password is too weak.
    """
    found = open_invitation(code=code, at=at)
    invitation = Invitation.objects.select_for_update().filter(pk=found.pk, accepted_at=None).first() if found else None
    if invitation is None:
        raise PeopleRefused("this invitation has been used or is over; ask for a new one")
    user = add_person(
        email=invitation.email,
        name=name or invitation.name,
        password=password,
        roles=invitation.roles,
        team=invitation.team,
        by=invitation.invited_by,
        at=at,
    )
    Invitation.objects.filter(pk=invitation.pk).update(accepted_at=at)
    return user


@transaction.atomic
def make_team(*, name: str, by: User | None, at: dt.datetime) -> Team:
    """The team of this name, made if there is none."""
    slug = slugify(name)[:60] or hashlib.sha256(name.encode()).hexdigest()[:12]
    team, created = Team.objects.get_or_create(slug=slug, defaults={"name": name.strip()[:120], "created_at": at})
    if created:
        ledger.record(verb="team.made", object_kind="team", object_ref=team.slug, actor=by, at=at)
    return team


@transaction.atomic
def issue_token(
    *, user: User, name: str, scopes: Sequence[str], days: int, by: User | None, at: dt.datetime
) -> tuple[Token, str]:
    """Make a token for a person or service. The secret is returned once and never kept.

    Raises:
        PeopleRefused: an unknown scope, none, or a life outside 1 to 365 days.
    """
    unknown = sorted(set(scopes) - set(Scope.values))
    if unknown or not scopes:
        named = f"there is no scope {unknown[0][:40]!r}" if unknown else "a token needs a scope"
        raise PeopleRefused(f"{named}; the scopes are {', '.join(Scope.values)}")
    if not 1 <= days <= LONGEST_TOKEN_DAYS:
        raise PeopleRefused(f"a token lives from 1 to {LONGEST_TOKEN_DAYS} days, not {days}")
    if not re.fullmatch(r"[\w .:@/+-]{1,80}", name):
        raise PeopleRefused("name the token in up to 80 letters, digits, blanks and .:@/+-")
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
    """Make a token open nothing from now on."""
    if Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at):
        ledger.record(verb="token.revoked", object_kind="token", object_ref=token.prefix, actor=by, at=at)
