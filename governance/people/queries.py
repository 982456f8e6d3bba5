"""Who may see and do what, from one read of a person's memberships."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from governance.people.models import Invitation, Lane, Membership, Role, Team, User


@dataclass(frozen=True)
class Standing:
    """A person's roles at this moment: (team id or None for the organisation, role, lane)."""

    roles: frozenset[tuple[int | None, str, str]]

    def has(self, role: Role, *, team_id: int | None, lane: Lane | str = "") -> bool:
        """Whether the role is held in this team or in the whole organisation."""
        return (team_id, role.value, str(lane)) in self.roles or (None, role.value, str(lane)) in self.roles

    def lanes(self, *, team_id: int | None) -> list[str]:
        """The lanes in which the person reviews for this team, in the order of ``Lane``."""
        return [lane.value for lane in Lane if self.has(Role.REVIEWER, team_id=team_id, lane=lane)]

    @property
    def sees_all(self) -> bool:
        """Any role in the whole organisation shows the whole organisation."""
        return any(team is None for team, _role, _lane in self.roles)

    @property
    def team_ids(self) -> list[int]:
        return sorted({team for team, _role, _lane in self.roles if team is not None})

    def teams_with(self, *roles: Role) -> list[int] | None:
        """The teams in which one of the roles is held; None when it is held everywhere."""
        if any(team is None and role in roles for team, role, _lane in self.roles):
            return None
        return sorted({team for team, role, _lane in self.roles if team is not None and role in roles})


def standing(user: User) -> Standing:
    """The roles of a person now. One query, kept on the object for the length of a request.

    Being a superuser gives no role: Django's flag opens no lane and no vote.
    """
    kept: Standing | None = getattr(user, "_standing", None)
    if kept is None:
        rows = Membership.objects.filter(user_id=user.pk).values_list("team_id", "role", "lane") if user.pk else ()
        kept = Standing(frozenset(rows) if user.is_active else frozenset())
        user._standing = kept  # type: ignore[attr-defined]  # ours, on the user of one request
    return kept


def standing_now(user: User) -> Standing:
    """The roles as the database has them at this instant, for decisions."""
    if hasattr(user, "_standing"):
        del user._standing
    user.refresh_from_db(fields=["is_active"])
    return standing(user)


def teams_seen_by(user: User) -> list[int] | None:
    """The teams whose work a person sees; None for all of them."""
    held = standing(user)
    return None if held.sees_all else held.team_ids


def people_seeing(team: Team | None) -> QuerySet[User]:
    """Everybody active who sees a team's work, or without one the whole organisation's, as ``teams_seen_by`` says."""
    held = Membership.objects.filter(user=OuterRef("pk"))
    everywhere = Q(team=None)
    return User.objects.filter(
        Exists(held.filter(everywhere if team is None else everywhere | Q(team=team))), is_active=True
    )


# --- the people page -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Member:
    """A person in a team (or in the organisation) with the roles held there."""

    user: User
    memberships: list[Membership]


@dataclass(frozen=True)
class Group:
    """A team, or None for the whole organisation, with its members by name."""

    team: Team | None
    members: list[Member]


def teams_administered_by(user: User) -> QuerySet[Team]:
    """The teams in which the person may give roles, by name."""
    where = standing(user).teams_with(Role.ADMIN)
    found = Team.objects.order_by("name", "pk")
    return found if where is None else found.filter(pk__in=where)


def people_of(user: User) -> QuerySet[User]:
    """The accounts that an administrator sees: everybody, or who is in a team that the person administers."""
    where = standing(user).teams_with(Role.ADMIN)
    if where is None:
        return User.objects.all()
    return User.objects.filter(Exists(Membership.objects.filter(user=OuterRef("pk"), team__in=where)))


def members(user: User) -> list[Group]:
    """Everybody whom an administrator sees, by team; the organisation comes first. Three queries.

    People without any role stand with the organisation, so that nobody is lost from sight.
    """
    everywhere = standing(user).teams_with(Role.ADMIN) is None
    groups: dict[int | None, dict[int, Member]] = {None: {}} if everywhere else {}
    teams = {team.pk: team for team in teams_administered_by(user)}
    groups |= {pk: {} for pk in teams}
    people = people_of(user).order_by("name", "email", "pk").prefetch_related("memberships")
    for person in people:
        held = sorted(person.memberships.all(), key=lambda membership: membership.label)
        for membership in held:
            if membership.team_id in groups:
                there = groups[membership.team_id].setdefault(person.pk, Member(person, []))
                there.memberships.append(membership)
        if not held and everywhere:
            groups[None][person.pk] = Member(person, [])
    return [Group(teams.get(pk) if pk else None, list(there.values())) for pk, there in groups.items()]


def invitations_of(user: User, *, at: dt.datetime) -> QuerySet[Invitation]:
    """Invitations that can still be taken up, where the person is an administrator; the newest first."""
    where = standing(user).teams_with(Role.ADMIN)
    found = Invitation.objects.filter(accepted_at=None, expires_at__gt=at).order_by("-created_at", "-pk")
    return found if where is None else found.filter(team__in=where)


def one_person_alone() -> bool:
    """Whether there are not two people: nobody approves what they have submitted."""
    return User.objects.filter(kind=User.Kind.PERSON, is_active=True).count() < 2
