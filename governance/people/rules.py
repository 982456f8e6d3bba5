"""Who may bring people in and give them roles, how roles are written, and what is refused."""

from __future__ import annotations

from django.utils.translation import gettext as _

from governance.people.models import Lane, Membership, Role, Team, User
from governance.people.queries import standing_now


class PeopleRefused(Exception):
    """The step is not possible; the message says why and what to do instead."""


def only_admins(by: User | None, *, team: Team | None) -> None:
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


def keep_an_admin(*, without: User) -> None:
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
