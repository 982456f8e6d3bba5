"""Which policies apply, and what they need."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from governance.policies import documents
from governance.policies.evaluation import AppliedPolicy
from governance.policies.models import PolicyVersion


def in_force() -> QuerySet[PolicyVersion]:
    """The newest version of every policy that is not retired, by name. One query."""
    newer = PolicyVersion.objects.filter(policy=OuterRef("policy"), number__gt=OuterRef("number"))
    unretired = PolicyVersion.objects.filter(~Exists(newer), policy__retired_at=None)
    return unretired.select_related("policy").order_by("policy__name")


def applied(version: PolicyVersion) -> AppliedPolicy:
    """A published version as the evaluation takes it."""
    return AppliedPolicy(
        name=version.policy.name,
        number=version.number,
        sha256=version.sha256,
        document=documents.from_json(version.document),
    )


def applicable(*, kind: str, tier: str, stage: str) -> list[AppliedPolicy]:
    """All policies in force that apply to this kind of subject, tier and stage. One query."""
    found = [applied(version) for version in in_force()]
    return [policy for policy in found if policy.document.applies_to(kind=kind, tier=tier, stage=stage)]


def pinned(digests: list[str]) -> list[AppliedPolicy]:
    """The policy versions that a decision quotes by digest, in force or not. One query."""
    versions = (
        PolicyVersion.objects.filter(sha256__in=digests)
        .select_related("policy")
        .order_by("policy__name", "sha256", "-number")
        .distinct("policy__name", "sha256")
    )
    return [applied(version) for version in versions]


def required_kinds(policies: list[AppliedPolicy]) -> dict[str, int | None]:
    """The audit kinds that policies ask for, each with the shortest age in days that one of them accepts."""
    ages: dict[str, int | None] = {}
    for policy in policies:
        for requirement in policy.document.requirements:
            limits = [age for age in (ages.get(requirement.kind), requirement.max_age_days) if age is not None]
            ages[requirement.kind] = min(limits, default=None)
    return ages
