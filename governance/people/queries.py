"""Who may see and do what, from one read of a person's memberships."""

from __future__ import annotations

from dataclasses import dataclass

from governance.people.models import Lane, Membership, Role, User


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
        user._standing = kept  # type: ignore[attr-defined]
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
