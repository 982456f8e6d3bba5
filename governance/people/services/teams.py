"""Teams, and the roles that people hold in them or in the whole organisation."""

from __future__ import annotations

import datetime as dt
import hashlib

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from governance.ledger import services as ledger
from governance.people import signals
from governance.people.models import Membership, Role, Team, User
from governance.people.rules import PeopleRefused, keep_an_admin, only_admins


@transaction.atomic
def make_team(*, name: str, by: User | None, at: dt.datetime) -> Team:
    """The team of this name, made if there is none.

    Raises:
        PeopleRefused: the name is empty.
    """
    only_admins(by, team=None)
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
    only_admins(by, team=team)
    return give(user=user, role=role, lane=lane, team=team, by=by, at=at)


def give(*, user: User, role: Role, lane: str, team: Team | None, by: User | None, at: dt.datetime) -> Membership:
    """Give a role without asking who does it: the caller has."""
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
    only_admins(by, team=membership.team)
    if membership.role == Role.ADMIN and membership.team_id is None:
        keep_an_admin(without=membership.user)
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
