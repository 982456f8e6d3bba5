"""What every step of a waiver holds to: what may be waived, by whom, until when; how it is recorded and told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q

from audits.locks import hold_subject
from audits.models import Finding
from governance.catalog import notified
from governance.catalog.models import UseCase, Version
from governance.evidence import services as evidence
from governance.ledger import services as ledger
from governance.notifications import services as notifications
from governance.people.models import Role, User
from governance.people.queries import Standing, standing_now
from governance.policies import queries
from governance.policies.evaluation import AppliedPolicy
from governance.policies.models import Policy, Waiver
from governance.policies.shapes import Requirement, Waivable
from governance.policies.waivers.errors import BadEnd, NotAcceptable, NotAllowed, Stale, WaiverRefused
from governance.policies.waiving import terms_of
from governance.web.sentences import SHORTEST_REASON

MOST_FINDINGS = 200
# Who works on a use case may ask; who only reads may not.
ASKERS = (Role.SUBMITTER, Role.REVIEWER, Role.APPROVER, Role.RISK_OFFICER)


@dataclass(frozen=True)
class ToWaive:
    """A requirement of a policy in force, and on which terms it may be waived in a use case of a tier."""

    policy: AppliedPolicy
    requirement: Requirement
    terms: Waivable
    tier: str

    @property
    def days(self) -> int:
        """The longest that it may be waived, by the requirement and the tier."""
        return self.terms.days(self.tier)


def waivable(*, version: Version, use_case: UseCase, stage: str, policy: str, requirement: str) -> ToWaive:
    """What is to be waived, as the policies in force have it.

    Raises:
        NotAcceptable: no policy that applies here asks for it (``unknown_requirement``), or nobody may waive it
            (``not_waivable``).
    """
    applying = queries.applicable(kind=version.entry.kind, tier=use_case.tier, stage=stage)
    found = next((one for one in applying if one.name == policy), None)
    wanted = next((one for one in found.document.requirements if one.id == requirement), None) if found else None
    if found is None or wanted is None:
        raise NotAcceptable(
            "unknown_requirement",
            f"no policy {policy[:80]!r} with a requirement {requirement[:80]!r} applies to this version, use case and"
            " stage",
        )
    terms = terms_of(wanted)
    if terms is None:
        raise NotAcceptable("not_waivable", f"{requirement} cannot be waived: the policy {policy} says so")
    if wanted.severity == "info":
        raise NotAcceptable("not_waivable", f"{requirement} decides nothing, so there is nothing to waive")
    return ToWaive(found, wanted, terms, use_case.tier)


def locked(waiver_id: int) -> Waiver:
    """The waiver, held until the transaction ends; before it its subject, so that no audit ends meanwhile."""
    hold_subject(Waiver.objects.values_list("version__digest", flat=True).get(pk=waiver_id))
    return (
        Waiver.objects.select_for_update(of=("self",))
        .select_related("version__entry", "version__card", "use_case", "policy", "requested_by")
        .get(pk=waiver_id)
    )


def require_state(waiver: Waiver, state: str, *, at: dt.datetime) -> None:
    if waiver.state != state:
        now = waiver.get_state_display().lower()
        raise WaiverRefused("invalid_transition", f"waiver {waiver.pk} is {now}; ask for a new one if it is needed")
    if waiver.expires_at <= at:
        raise WaiverRefused("expired", f"waiver {waiver.pk} has expired; ask for a new one with a later end")


def require_edition(waiver: Waiver, edition: int | None) -> None:
    if edition is not None and edition != waiver.edition:
        raise Stale("stale", "the waiver has changed since you looked at it; read what is new, then decide again")


def require_asker(user: User, use_case: UseCase) -> None:
    held = standing_now(user)
    team = use_case.owner_team_id
    if not (held.lanes(team_id=team) or any(held.has(role, team_id=team) for role in ASKERS)):
        raise NotAllowed("not_an_asker", f"you only read in {use_case}; who submits, reviews or approves there can ask")


def makers(waiver: Waiver) -> set[int]:
    """Whoever asked for it, and whoever submitted or made what it is for. Two queries."""
    version, use_case = waiver.version, waiver.use_case
    # The room above has the submissions; they are asked for by the name that it gives them.
    submitters = Version.objects.filter(pk=version.pk, submissions__use_case=use_case)
    wrote = submitters.values_list("submissions__submitted_by", "submissions__prepared_by")
    people = {one for by, prepared in wrote for one in (by, *(prepared or ()))}
    return people | evidence.contributors(version=version, use_case=use_case) | {waiver.requested_by_id}


def require_second_person(user: User, waiver: Waiver) -> None:
    """Nobody accepts a waiver that they asked for, or of what they submitted or made; superusers included."""
    if user.pk == waiver.requested_by_id:
        raise NotAllowed("self_waiver", "you asked for this waiver; a second person has to accept it")
    if user.pk in makers(waiver):
        raise NotAllowed("self_waiver", "you submitted this or brought its evidence; someone else has to accept it")


def holds(held: Standing, role: str, use_case: UseCase) -> bool:
    return role in Role.values and held.has(Role(role), team_id=use_case.owner_team_id)


def require_role(user: User, role: str, use_case: UseCase, deed: str) -> None:
    if not holds(standing_now(user), role, use_case):
        raise NotAllowed(
            f"not_a_{role}" if role[:1] not in "aeiou" else f"not_an_{role}",
            f"you may not {deed} for {use_case}; the policy asks for the role {role}, which an admin gives",
        )


def require_words(text: str, *, code: str, what: str) -> str:
    said = text.strip()
    if len(said) < SHORTEST_REASON:
        raise NotAcceptable(code, f"say {what} in at least {SHORTEST_REASON} characters: others rely on it")
    return said


def require_end(expires_at: dt.datetime | None, *, days: int, at: dt.datetime) -> dt.datetime:
    """The end as it was given.

    Raises:
        BadEnd: there is none, it has passed, or it lies further ahead than the requirement and the tier allow.
    """
    if expires_at is None:
        raise BadEnd("expiry_required", f"a waiver has an end; name a moment at most {days} days ahead")
    if expires_at.tzinfo is None:
        raise BadEnd("expiry_without_zone", "the end needs a time zone, as in 2026-12-20T00:00:00Z")
    if expires_at <= at:
        raise BadEnd("expiry_passed", "the end has passed already; name a later moment")
    if expires_at > at + dt.timedelta(days=days):
        raise BadEnd(
            "expiry_too_long", f"this may be waived for at most {days} days; name an end before {_latest(at, days)}"
        )
    return expires_at


def _latest(at: dt.datetime, days: int) -> str:
    return (at + dt.timedelta(days=days)).astimezone(dt.UTC).isoformat(timespec="minutes").replace("+00:00", "Z")


def require_findings(findings: Sequence[str], *, version: Version) -> list[str]:
    """Fingerprints of findings that some audit of the version made, each once."""
    named = sorted(set(findings))
    if len(named) > MOST_FINDINGS:
        raise NotAcceptable(
            "too_many_findings", f"at most {MOST_FINDINGS} findings can be named; without any, the whole is waived"
        )
    known = Finding.objects.filter(run__subject_digest=version.digest, fingerprint__in=named)
    missing = set(named) - set(known.values_list("fingerprint", flat=True))
    if missing:
        raise NotAcceptable("unknown_finding", f"no audit of this version found {min(missing)[:64]}")
    return named


def deciders(waiver: Waiver) -> list[User]:
    """Those who can accept a waiver: active, of the role, and no maker of what is judged."""
    team = waiver.use_case.owner_team_id
    held = Q(memberships__team=team) | Q(memberships__team=None)
    found = User.objects.filter(held, memberships__role=waiver.role, is_active=True)
    return list(found.exclude(pk__in=makers(waiver)).distinct().order_by("pk"))


def record(waiver: Waiver, *, verb: str, by: User, at: dt.datetime, **detail: object) -> None:
    ledger.record(
        verb=verb,
        object_kind="waiver",
        object_ref=str(waiver.pk),
        subject_digest=waiver.version.digest,
        actor=by,
        at=at,
        detail={
            "use_case": waiver.use_case.slug,
            "stage": waiver.stage,
            "policy": waiver.policy.name,
            "requirement": waiver.requirement,
            "expires_at": waiver.expires_at.isoformat(),
            **detail,
        },
    )


def tell(waiver: Waiver, *, topic: str, to: Iterable[User], at: dt.datetime) -> None:
    notifications.enqueue(
        topic=topic,
        payload={
            "waiver": waiver.pk,
            **notified.about(waiver.version, use_case=waiver.use_case, stage=waiver.stage),
            "requirement": waiver.requirement,
        },
        to=to,
        at=at,
    )


def policy_row(name: str) -> Policy:
    return Policy.objects.get(name=name)
