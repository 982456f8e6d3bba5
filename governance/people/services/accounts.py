"""Accounts: of people, and of services that act through tokens only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from governance.ledger import services as ledger
from governance.people import signals
from governance.people.models import Role, Team, Token, User, normal_email
from governance.people.rules import PeopleRefused, keep_an_admin, only_admins, parse_role
from governance.people.services.teams import give, make_team
from governance.people.services.tokens import revoke


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
    only_admins(by, team=team)
    wanted = [parse_role(written) for written in roles]
    address = address_of(email)
    user = User.objects.filter(email=address).first()
    if user is None:
        user = join(email=address, name=name, password=password, by=by, at=at)
    for role, lane in wanted:
        give(user=user, role=role, lane=lane, team=team, by=by, at=at)
    return user


def address_of(email: str) -> str:
    """An e-mail address in its normal form.

    Raises:
        PeopleRefused: it is none.
    """
    address = normal_email(email)
    try:
        validate_email(address)
    except ValidationError as invalid:
        raise PeopleRefused(_("{email} is no e-mail address.").format(email=ascii(address[:80]))) from invalid
    return address


def join(*, email: str, name: str, password: str | None, by: User | None, at: dt.datetime) -> User:
    """Make a person's account, without roles.

    Raises:
        PeopleRefused: the password is too weak, or the address has an account.
    """
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
        give(user=service, role=Role.VIEWER, lane="", team=None, by=None, at=at)
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
    only_admins(by, team=None)
    if by is not None and by.pk == user.pk:
        raise PeopleRefused(_("You cannot switch your own account off; another administrator can."))
    keep_an_admin(without=user)
    if User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
        for token in Token.objects.filter(user=user, revoked_at=None):
            revoke(token, by=by, at=at)
        _record("person.deactivated", user, by=by, at=at)
        signals.roles_changed.send(sender=User, user=user, at=at)


@transaction.atomic
def reactivate(*, user: User, by: User | None, at: dt.datetime) -> None:
    """Switch an account on again, with the roles that it had and without its tokens."""
    only_admins(by, team=None)
    if User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        _record("person.reactivated", user, by=by, at=at)
        signals.roles_changed.send(sender=User, user=user, at=at)


def _record(verb: str, user: User, *, by: User | None, at: dt.datetime) -> None:
    ledger.record(verb=verb, object_kind="person", object_ref=ledger.actor_ref(user.pk), actor=by, at=at)
