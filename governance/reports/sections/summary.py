"""Section 1: the numbers. Each is a count in the database, told as of the report's moment. Some twenty queries."""

from __future__ import annotations

from typing import Any

from django.db.models import Count as Counted
from django.db.models import Q

from audits.models import RunState
from governance.catalog.models import Entry, Stage, Suspension, Tier
from governance.gates.models import Approval, GateVerdict
from governance.policies.models import AdminOverride, Waiver
from governance.reports.sections import decisions as decisions_section
from governance.reports.sections.asked import ReportScope
from governance.reports.sections.inventory import in_force, open_submissions, seen_suspensions, standing_suspensions
from governance.reports.shapes import Count, StageTierCount, Summary
from governance.reviews.models import Outcome, Trigger

# What the counts are called; the first half is at the report's moment, the second of the period.
AT_THE_END = (
    "entries",
    "versions",
    "approvals_in_force",
    "reviews_open",
    "reviews_overdue",
    "waivers_in_force",
    "overrides_in_force",
    "suspensions_standing",
    "triggers_open",
)
OF_THE_PERIOD = (
    "versions_imported",
    "decisions",
    "approvals_granted",
    "approvals_ended",
    "approvals_suspended",
    "approvals_expired",
    "waivers_accepted",
    "waivers_expired",
    "overrides_confirmed",
    "suspensions_made",
    "audits_ended",
    "audits_failed",
    "gate_evaluations",
    "gate_evaluations_denied",
)
NAMES = (*AT_THE_END, *OF_THE_PERIOD)


def value(asked: ReportScope) -> Summary:
    """The summary of a report."""
    at_end, of_period = _at_the_end(asked), _of_the_period(asked)
    decisions = dict(
        decisions_section.decided(asked).order_by().values_list("outcome").annotate(n=Counted("pk")).order_by("outcome")
    )
    return {
        "in_force": _in_force(asked),
        "counts": [Count(name=name, n=(at_end | of_period)[name]) for name in NAMES],
        "decisions": [Count(name=name, n=decisions.get(name, 0)) for name in Outcome.values],
        "runs": _runs(asked),
    }


def _in_force(asked: ReportScope) -> list[StageTierCount]:
    """Every stage and tier, those without an approval too."""
    counted: dict[tuple[str, str], int] = {}
    rows = in_force(asked).order_by().values_list("stage", "decided_tier", "use_case__tier").annotate(n=Counted("pk"))
    for stage, decided_tier, tier, n in rows:
        place = stage, decided_tier or tier
        counted[place] = counted.get(place, 0) + n
    return [
        {"stage": stage, "tier": tier, "n": counted.get((stage, tier), 0)}
        for stage in Stage.values
        for tier in Tier.values
    ]


def _at_the_end(asked: ReportScope) -> dict[str, int]:
    at = asked.as_of
    reviews = open_submissions(asked)
    waivers = Waiver.objects.filter(decided_at__lt=at, expires_at__gt=at).exclude(state="rejected")
    overrides = AdminOverride.objects.filter(decided_at__lt=at, expires_at__gt=at).exclude(state="rejected")
    still = Q(revoked_at=None) | Q(revoked_at__gte=at)
    triggers = Trigger.objects.filter(Q(closed_at=None) | Q(closed_at__gte=at), first_seen__lt=at)
    return {
        "entries": Entry.objects.filter(pk__in=asked.versions().values("entry")).count(),
        "versions": asked.versions().count(),
        "approvals_in_force": in_force(asked).count(),
        "reviews_open": reviews.count(),
        "reviews_overdue": reviews.filter(due_at__lt=at).count(),
        "waivers_in_force": asked.in_scope(waivers.filter(still)).count(),
        "overrides_in_force": asked.in_scope(overrides.filter(still)).count(),
        "suspensions_standing": standing_suspensions(asked).count(),
        "triggers_open": asked.in_scope(triggers).count(),
    }


def _of_the_period(asked: ReportScope) -> dict[str, int]:
    approvals = asked.in_scope(Approval.objects.all())
    ended = approvals.filter(**asked.within("ended_at"))
    ran_out = approvals.filter(**asked.within("expires_at")).exclude(ended_at__lt=asked.as_of)
    accepted = ~Q(state="rejected")
    waivers, overrides = Waiver.objects.filter(accepted), AdminOverride.objects.filter(accepted)
    lapsed = waivers.filter(**asked.within("expires_at")).exclude(decided_at=None).exclude(revoked_at__lt=asked.as_of)
    runs = asked.runs().filter(finished_at__gte=asked.period.begins_at)
    told = _told(asked)
    suspensions = seen_suspensions(asked, Suspension.objects.filter(**asked.within("made_at")))
    return {
        "versions_imported": asked.versions().filter(imported_at__gte=asked.period.begins_at).count(),
        "decisions": decisions_section.decided(asked).order_by().count(),
        "approvals_granted": approvals.filter(**asked.within("granted_at")).count(),
        "approvals_ended": ended.count(),
        "approvals_suspended": ended.filter(ended_reason="suspended").count(),
        "approvals_expired": ran_out.count(),
        "waivers_accepted": asked.in_scope(waivers.filter(**asked.within("decided_at"))).count(),
        "waivers_expired": asked.in_scope(lapsed).count(),
        "overrides_confirmed": asked.in_scope(overrides.filter(**asked.within("decided_at"))).count(),
        "suspensions_made": suspensions.count(),
        "audits_ended": runs.count(),
        "audits_failed": runs.exclude(state=RunState.SUCCEEDED).count(),
        "gate_evaluations": told.count(),
        "gate_evaluations_denied": told.filter(verdict="deny").count(),
    }


def _told(asked: ReportScope) -> Any:
    """The last words that pipelines were told in the period."""
    told = GateVerdict.objects.filter(**asked.within("told_at")).exclude(verdict="pending")
    if asked.team is None:
        return told
    return told.filter(evaluation__use_case__in=asked.use_cases().values("slug"))


def _runs(asked: ReportScope) -> list[dict[str, Any]]:
    rows = asked.runs().filter(finished_at__gte=asked.period.begins_at).order_by()
    counted: dict[tuple[str, str], int] = {}
    for kind, verdict, state, n in rows.values_list("kind", "verdict", "state").annotate(n=Counted("pk")):
        place = kind, verdict or state
        counted[place] = counted.get(place, 0) + n
    return [{"kind": kind, "verdict": verdict, "n": n} for (kind, verdict), n in sorted(counted.items())]
