"""Section 4: every decision of the period, with votes, reasons, policy versions and digests of what it rested on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db.models import QuerySet

from governance.gates.models import Approval
from governance.reports.sections.asked import READ_AT_ONCE, ReportScope, moment, ref, some, subject_of, title_of
from governance.reports.sections.gaps import Gaps
from governance.reports.shapes import DecisionItem, VoteShape
from governance.reviews.models import Decision, Vote

IN_ORDER = ("decided_at", "submission__version__entry__key", "submission__version__digest", "pk")


def decided(asked: ReportScope) -> QuerySet[Decision]:
    """The decisions of the period, in the order in which they were made."""
    rows = Decision.objects.filter(**asked.within("decided_at"))
    scoped = asked.in_scope(rows, by="submission__use_case")
    with_names = scoped.select_related("submission__version__entry", "submission__use_case", "approval")
    # What a submission keeps is what it was judged by last; a decision has its own.
    return with_names.defer("submission__facts", "submission__evaluation").order_by(*IN_ORDER)


def key_of(decision: Decision) -> str:
    """The key under which other sections name a decision."""
    of = decision.submission
    return f"{of.version.digest}:{of.use_case.slug}:{of.stage}:{of.pk}.{decision.round}"


def items(asked: ReportScope, gaps: Gaps) -> Iterator[tuple[str, DecisionItem]]:
    """Every decision with its title. Two queries for every few hundred."""
    for some_decisions in some(decided(asked).iterator(chunk_size=READ_AT_ONCE)):
        votes = _votes(some_decisions)
        for decision in some_decisions:
            _look(decision, gaps)
            yield _title(decision), _item(asked, decision, votes)


def _look(decision: Decision, gaps: Gaps) -> None:
    """Note what it rests on, and what it was made without."""
    gaps.note(decision.digests.get("audit_plan"), gaps.plans)
    gaps.note(decision.digests.get("licence_table"), gaps.tables)
    for policy in decision.evaluation.get("policies", ()):
        gaps.policies[policy["name"], policy["number"]] = dict(policy)
    for row in decision.evaluation.get("requirements", ()):
        if row.get("kind") and row.get("run") is None and row.get("status") not in ("satisfied", "not_applicable"):
            of = decision.submission
            gaps.add(
                "requirement_without_audit",
                subject_of(of.version),
                of.use_case.slug,
                of=f"{of.use_case.slug}:{of.stage}:{of.pk}.{decision.round}:{row['policy']}:{row['id']}",
                requirement=row["id"],
                **{name: row.get(name) for name in ("title", "policy", "kind", "code", "status")},
            )


def _title(decision: Decision) -> str:
    of = decision.submission
    return f"{title_of(subject_of(of.version))}, {of.use_case.slug}, {of.stage}"


def _item(asked: ReportScope, decision: Decision, votes: Mapping[int, Vote]) -> DecisionItem:
    of = decision.submission
    evaluation: Mapping[str, Any] = decision.evaluation
    return {
        "key": key_of(decision),
        "subject": subject_of(of.version),
        "use_case": of.use_case.slug,
        "tier": tier_of(decision),
        "stage": of.stage,
        "submission": of.pk,
        "round": decision.round,
        "outcome": decision.outcome,
        "verdict": decision.verdict,
        "automatic": decision.automatic,
        "decided_by": ref(decision.decided_by_id),
        "decided_at": moment(decision.decided_at) or "",
        "submitted_by": ref(of.submitted_by_id) or "",
        "submitted_at": moment(of.submitted_at) or "",
        "reason": decision.reason,
        "votes": [_vote(one, votes.get(one["number"])) for one in decision.votes],
        "policies": list(evaluation.get("policies", ())),
        "requirements": list(evaluation.get("requirements", ())),
        "facts_sha256": decision.facts_sha256,
        "digests": dict(decision.digests),
        "approval": None if decision.approval is None else _approval(asked, decision.approval),
    }


def tier_of(decision: Decision) -> str:
    """The tier that it was decided for; the use case may have another one since."""
    told = decision.facts.get("use_case")
    tier = told.get("tier") if isinstance(told, dict) else None
    return str(tier or decision.submission.use_case.tier)


def _votes(decisions: Iterable[Decision]) -> dict[int, Vote]:
    numbers = {one["number"] for decision in decisions for one in decision.votes}
    return Vote.objects.in_bulk(numbers)


def _vote(frozen: Mapping[str, Any], row: Vote | None) -> VoteShape:
    return {
        "lane": frozen["lane"],
        "value": frozen["value"],
        "voter": frozen["voter"],
        "round": frozen["round"],
        "cast_at": moment(row.cast_at) if row is not None else None,
        "reason": row.comment if row is not None else "",
        "facts_sha256": row.facts_sha256 if row is not None else None,
        "copied": row is not None and row.copied_from_id is not None,
    }


def _approval(asked: ReportScope, approval: Approval) -> dict[str, Any]:
    is_over = approval.ended_at is not None and approval.ended_at < asked.as_of
    return {
        "granted_at": moment(approval.granted_at),
        "expires_at": moment(approval.expires_at),
        "ended_at": moment(approval.ended_at) if is_over else None,
        "ended_reason": approval.ended_reason if is_over else None,
    }
