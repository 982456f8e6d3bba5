"""Section 5: waivers, overrides, suspensions and gates that are not enforced."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.db.models import Q

from governance.catalog.models import Entry, Suspension
from governance.gates.models import GateMode
from governance.licensing.models import Override as LicenceOverride
from governance.policies.answered import EXPIRED
from governance.policies.models import AdminOverride, Waiver
from governance.reports.sections.asked import READ_AT_ONCE, ReportScope, moment, ref, subject_of, title_of
from governance.reports.sections.inventory import seen_suspensions
from governance.reports.shapes import ExceptionItem

Titled = tuple[str, ExceptionItem]


def items(asked: ReportScope) -> Iterator[Titled]:
    """What was in force at ``as_of`` or changed in the period, by kind and number.

    One query for each kind, and two for gates.
    """
    yield from _gate_modes(asked)
    yield from _licence_overrides(asked)
    yield from _overrides(asked)
    yield from _suspensions(asked)
    yield from _waivers(asked)


def state_at(row: Any, *, at: dt.datetime) -> str:
    """The state of a waiver or override at a moment, from its times."""
    if row.revoked_at is not None and row.revoked_at < at:
        return "revoked"
    is_decided = row.decided_at is not None and row.decided_at < at
    if is_decided and row.state == "rejected":
        return "rejected"
    if row.expires_at <= at:
        return EXPIRED
    return "active" if is_decided else "proposed"


def _asked_for(asked: ReportScope, rows: Any, *, asked_at: str) -> Any:
    """Those that held at ``as_of`` or were asked for, decided, revoked or came to their end in the period."""
    begins, at = asked.period.begins_at, asked.as_of
    is_standing = Q(expires_at__gte=begins) & (Q(revoked_at=None) | Q(revoked_at__gte=begins))
    happened = Q(**asked.within("decided_at")) | Q(**asked.within("revoked_at"))
    return asked.in_scope(rows.filter(**{f"{asked_at}__lt": at}).filter(is_standing | happened))


def _waivers(asked: ReportScope) -> Iterator[Titled]:
    rows = _asked_for(asked, Waiver.objects.all(), asked_at="requested_at")
    found = rows.select_related("version__entry", "use_case", "policy").order_by("pk")
    for one in found.iterator(chunk_size=READ_AT_ONCE):
        subject = subject_of(one.version)
        what = {"policy": one.policy.name, "requirement": one.requirement, "title": one.title, "kind": one.kind}
        item = _frame(asked, one, "waiver", asked_by=one.requested_by_id, asked_at=one.requested_at)
        item["subject"] = subject
        item["what"] = [{**what, "severity": one.severity, "findings": list(one.findings)}]
        item["control"] = one.compensating_control
        yield f"{one.requirement}: {title_of(subject)}", item


def _overrides(asked: ReportScope) -> Iterator[Titled]:
    rows = _asked_for(asked, AdminOverride.objects.all(), asked_at="proposed_at")
    for one in rows.select_related("version__entry", "use_case").order_by("pk").iterator(chunk_size=READ_AT_ONCE):
        subject = subject_of(one.version)
        item = _frame(asked, one, "override", asked_by=one.proposed_by_id, asked_at=one.proposed_at)
        item["subject"], item["what"] = subject, list(one.items)
        yield title_of(subject), item


def _frame(asked: ReportScope, one: Any, kind: str, *, asked_by: int, asked_at: dt.datetime) -> ExceptionItem:
    """What waivers and overrides have alike: the people and times, as far as they had come by then."""
    state = state_at(one, at=asked.as_of)
    is_decided = one.decided_at is not None and one.decided_at < asked.as_of
    is_revoked = state == "revoked"
    return {
        "key": f"{kind}:{one.pk}",
        "kind": kind,
        "state": state,
        "use_case": one.use_case.slug,
        "stage": one.stage,
        "what": [],
        "reason": one.reason,
        "control": None,
        "asked_by": ref(asked_by) or "",
        "asked_at": moment(asked_at) or "",
        "decided_by": ref(one.decided_by_id) if is_decided else None,
        "decided_at": moment(one.decided_at) if is_decided else None,
        "expires_at": moment(one.expires_at),
        "ended_by": ref(one.revoked_by_id) if is_revoked else None,
        "ended_at": moment(one.revoked_at) if is_revoked else None,
        "ended_reason": one.revoked_reason if is_revoked else None,
    }


def _licence_overrides(asked: ReportScope) -> Iterator[Titled]:
    begins, at = asked.period.begins_at, asked.as_of
    rows = LicenceOverride.objects.filter(made_at__lt=at, until__gte=begins)
    rows = rows.filter(Q(ended_at=None) | Q(ended_at__gte=begins))
    if asked.team is not None:
        seen_entries = Q(entry__team=None) | Q(entry__team=asked.team)
        rows = rows.filter(seen_entries, Q(use_case=None) | Q(use_case__owner_team=asked.team))
    for one in rows.select_related("entry", "use_case").order_by("pk").iterator(chunk_size=READ_AT_ONCE):
        is_ended = one.ended_at is not None and one.ended_at < at
        item: ExceptionItem = {
            "key": f"licence_override:{one.pk}",
            "entry": _entry(one.entry),
            "subject": None,
            "kind": "licence_override",
            "state": "revoked" if is_ended else EXPIRED if one.until <= at else "active",
            "use_case": one.use_case.slug if one.use_case is not None else None,
            "stage": None,
            "what": [{"code": one.code, "chain": list(one.chain)}],
            "reason": one.reason,
            "control": None,
            "asked_by": ref(one.author_id) or "",
            "asked_at": moment(one.made_at) or "",
            "decided_by": None,
            "decided_at": None,
            "expires_at": moment(one.until),
            "ended_by": ref(one.ended_by_id) if is_ended else None,
            "ended_at": moment(one.ended_at) if is_ended else None,
            "ended_reason": one.ended_reason if is_ended else None,
        }
        yield f"{one.code}: {one.entry.repo_id}", item


def _suspensions(asked: ReportScope) -> Iterator[Titled]:
    begins, at = asked.period.begins_at, asked.as_of
    rows = Suspension.objects.filter(Q(lifted_at=None) | Q(lifted_at__gte=begins), made_at__lt=at)
    found = seen_suspensions(asked, rows).select_related("entry", "version__entry", "team")
    for one in found.order_by("pk").iterator(chunk_size=READ_AT_ONCE):
        is_lifted = one.lifted_at is not None and one.lifted_at < at
        item: ExceptionItem = {
            "key": f"suspension:{one.pk}",
            "entry": _entry(one.entry),
            "subject": None if one.version is None else subject_of(one.version),
            "kind": "suspension",
            "state": "revoked" if is_lifted else "active",
            "use_case": None,
            "stage": None,
            "what": [{"descendants": one.descendants, "team": one.team.slug if one.team is not None else None}],
            "reason": one.reason,
            "control": None,
            "asked_by": ref(one.made_by_id) or "",
            "asked_at": moment(one.made_at) or "",
            "decided_by": None,
            "decided_at": None,
            "expires_at": None,
            "ended_by": ref(one.lifted_by_id) if is_lifted else None,
            "ended_at": moment(one.lifted_at) if is_lifted else None,
            "ended_reason": one.lifted_reason if is_lifted else None,
        }
        yield one.entry.repo_id, item


def _entry(entry: Entry) -> dict[str, str]:
    return {"kind": entry.kind, "id": entry.repo_id}


def _gate_modes(asked: ReportScope) -> Iterator[Titled]:
    """Gates that were set to something else than to enforce, in the period or still so at ``as_of``."""
    rows = GateMode.objects.filter(set_at__lt=asked.as_of).exclude(mode="enforce")
    rows = asked.in_scope(rows.filter(until__gte=asked.period.begins_at)).select_related("use_case").order_by("pk")
    newest: dict[tuple[int, str], int] = {}
    set_before = GateMode.objects.filter(set_at__lt=asked.as_of).order_by("pk")
    for pk, use_case, stage in set_before.values_list("pk", "use_case_id", "stage"):
        newest[use_case, stage] = pk
    for one in rows.iterator(chunk_size=READ_AT_ONCE):
        is_newest = newest[one.use_case_id, one.stage] == one.pk
        is_over = one.until is not None and one.until <= asked.as_of
        item: ExceptionItem = {
            "key": f"gate_mode:{one.pk}",
            "kind": "gate_mode",
            "state": EXPIRED if is_over else "active" if is_newest else "revoked",
            "use_case": one.use_case.slug,
            "stage": one.stage,
            "what": [{"mode": one.mode}],
            "reason": one.reason,
            "control": None,
            "asked_by": ref(one.set_by_id) or "",
            "asked_at": moment(one.set_at) or "",
            "decided_by": None,
            "decided_at": None,
            "expires_at": moment(one.until),
            "ended_by": None,
            "ended_at": None,
            "ended_reason": None,
        }
        yield f"{one.use_case.slug}, {one.stage}", item
