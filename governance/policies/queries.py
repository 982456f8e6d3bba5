"""Which policies apply, and what they need."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from governance.policies import shapes
from governance.policies.evaluation import AppliedPolicy
from governance.policies.models import PolicyVersion


def in_force(*, at: dt.datetime | None = None) -> QuerySet[PolicyVersion]:
    """The newest version of every policy that is effective and not retired, by name. One query.

    ``at`` is the moment of asking; without one it is that of the database.
    """
    when = Now() if at is None else at
    effective = Q(effective_at=None) | Q(effective_at__lte=when)
    newer = PolicyVersion.objects.filter(effective, policy=OuterRef("policy"), number__gt=OuterRef("number"))
    unretired = PolicyVersion.objects.filter(effective, ~Exists(newer), policy__retired_at=None)
    return unretired.select_related("policy").order_by("policy__name")


def coming(*, at: dt.datetime | None = None) -> QuerySet[PolicyVersion]:
    """Published versions of policies that are not retired, whose day is still to come, soonest first. One query."""
    when = Now() if at is None else at
    ahead = PolicyVersion.objects.filter(effective_at__gt=when, policy__retired_at=None)
    return ahead.select_related("policy").order_by("effective_at", "pk")


@dataclass(frozen=True)
class DaysToCome:
    """The days from which other policies apply, soonest first, each with what its policy speaks about."""

    days: tuple[tuple[dt.datetime, Mapping[str, Any]], ...]

    def first(self, *, kind: str, tier: str, stage: str) -> dt.datetime | None:
        """The first of them for this kind, tier and stage."""
        for day, said in self.days:
            if kind in said["kinds"] and tier in said["tiers"] and stage in said["stages"]:
                return day
        return None


def days_to_come(*, at: dt.datetime) -> DaysToCome:
    """Those after ``at``. One query."""
    rows = coming(at=at).values_list("effective_at", "document__appliesTo")
    return DaysToCome(tuple((day, said) for day, said in rows if day is not None))


def applied(version: PolicyVersion) -> AppliedPolicy:
    """A published version as the evaluation takes it."""
    return AppliedPolicy(
        name=version.policy.name,
        number=version.number,
        sha256=version.sha256,
        document=shapes.from_json(version.document),
    )


def applicable(*, kind: str, tier: str, stage: str, at: dt.datetime | None = None) -> list[AppliedPolicy]:
    """All policies in force that apply to this kind of subject, tier and stage. One query."""
    found = [applied(version) for version in in_force(at=at)]
    return [policy for policy in found if policy.document.applies_to(kind=kind, tier=tier, stage=stage)]


@dataclass(frozen=True)
class Demands:
    """What the policies of one tier and stage ask for together: audits by kind, people by lane, people in all."""

    kinds: tuple[str, ...]
    lanes: tuple[tuple[str, int], ...]
    people: int
    decides_itself: bool
    policies: tuple[str, ...]


def asked(*, kind: str, tiers: Collection[str], stages: Collection[str]) -> dict[tuple[str, str], Demands]:
    """What is asked for subjects of a kind, by tier and stage; where no policy applies, nothing stands. One query."""
    found = [applied(version) for version in in_force()]
    answers = {}
    for tier, stage in product(tiers, stages):
        papers = [p.document for p in found if p.document.applies_to(kind=kind, tier=tier, stage=stage)]
        if not papers:
            continue
        lanes: dict[str, int] = {}
        for rule in (rule for document in papers for rule in document.votes):
            lanes[rule.lane] = max(rule.min, lanes.get(rule.lane, 0))
        answers[tier, stage] = Demands(
            kinds=tuple(
                dict.fromkeys(kind for document in papers for need in document.requirements for kind in need.reads)
            ),
            lanes=tuple((lane, least) for lane, least in lanes.items() if least),
            people=max(document.distinct_voters for document in papers),
            decides_itself=all(document.auto_decide for document in papers),
            policies=tuple(document.name for document in papers),
        )
    return answers


def pinned(digests: Iterable[str]) -> list[AppliedPolicy]:
    """The policy versions that decisions quote by digest, in force or not. One query."""
    versions = (
        PolicyVersion.objects.filter(sha256__in=set(digests))
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
            for kind in requirement.reads:
                own = requirement.max_age_days if kind == requirement.kind else None
                limits = [age for age in (ages.get(kind), own) if age is not None]
                ages[kind] = min(limits, default=None)
    return ages
