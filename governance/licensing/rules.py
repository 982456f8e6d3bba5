"""Who may say something about licences, and what every statement needs."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q

from governance.catalog.models import Entry, UseCase, Version
from governance.people.models import Lane, Membership, Role, User
from governance.people.queries import standing_now
from governance.web.sentences import SHORTEST_REASON


class LicensingRefused(Exception):
    """The statement cannot be made like this: ``code`` for programs, the message for the reader."""

    status = 409

    def __init__(self, code: str, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.field = code, message, field


class NotAllowed(LicensingRefused):
    """The person may not say this, whatever it is."""

    status = 403


class NotAcceptable(LicensingRefused):
    """Something that was sent is missing or out of range."""

    status = 422


def may_keep_table(user: User) -> bool:
    """Whether a person corrects and annotates the licence table: legal reviewers and admins of the organisation."""
    held = standing_now(user)
    return held.has(Role.REVIEWER, team_id=None, lane=Lane.LEGAL) or held.has(Role.ADMIN, team_id=None)


def require_keeper(user: User) -> None:
    if not may_keep_table(user):
        raise NotAllowed(
            "not_a_keeper",
            "the licence table holds for the whole organisation; its legal reviewers and admins correct it",
        )


def reviews_law(user: User, *, team_id: int | None) -> bool:
    """Whether a person reviews the legal lane for a team; without one, for the whole organisation."""
    return standing_now(user).has(Role.REVIEWER, team_id=team_id, lane=Lane.LEGAL)


def require_legal(user: User, *, team_id: int | None) -> None:
    if not reviews_law(user, team_id=team_id):
        whose = "the team" if team_id is not None else "the whole organisation"
        raise NotAllowed("not_a_reviewer", f"only a legal reviewer for {whose} can say this; ask an admin for the role")


def require_seen(user: User, *, entry: Entry, use_case: UseCase | None = None) -> None:
    """What a person does not see they cannot speak about; they are told no more than that."""
    seen = Entry.objects.visible_to(user).filter(pk=entry.pk).exists()
    if use_case is not None:
        seen = seen and UseCase.objects.visible_to(user).filter(pk=use_case.pk).exists()
    if not seen:
        raise NotAllowed("not_seen", "there is no such entry or use case among those that you see")


def require_four_eyes(user: User, *, entry: Entry) -> None:
    """Nobody judges what they imported, submitted or brought evidence for; superusers included."""
    theirs = (
        Q(imported_by=user)
        # By the names that the rooms above give them.
        | Q(submissions__submitted_by=user)
        | Q(attachments__attached_by=user)
        | Q(attachments__upload__uploaded_by=user)
    )
    if Version.objects.filter(theirs, entry=entry).exists():
        raise NotAllowed("self_review", "you submitted this or brought its evidence; someone else has to decide")


def require_reason(reason: str, *, field: str = "reason") -> str:
    said = reason.replace("\0", "").strip()
    if len(said) < SHORTEST_REASON:
        raise NotAcceptable(
            "reason_required", f"say why in at least {SHORTEST_REASON} characters: others rely on it", field=field
        )
    return said


def require_later(until: dt.datetime, *, at: dt.datetime, longest: dt.timedelta) -> None:
    if until.tzinfo is None or not at < until <= at + longest:
        raise NotAcceptable(
            "until_out_of_range", f"the end lies after today and at most {longest.days} days ahead", field="until"
        )


def legal_people() -> list[User]:
    """Those who keep the licence table: told of what others change in it."""
    keepers = Membership.objects.filter(team=None, user__is_active=True).filter(
        Q(role=Role.ADMIN) | Q(role=Role.REVIEWER, lane=Lane.LEGAL)
    )
    return list(User.objects.filter(memberships__in=keepers).distinct().order_by("pk"))
