"""Approvals of datasets and bases, on which approvals of models rest where a policy asks for them.

What closes does so in the transaction that ends the approval below; what may open again a worker judges.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db.models import F, Q

from governance.catalog.models import Edge, Version
from governance.gates.models import Approval, ApprovalQuerySet
from governance.gates.signals import upstream_changed
from governance.policies import rejudging, upstream
from governance.policies.conditions import UPSTREAM_ENDED


def resting_on(*, entry: int, use_case: int, stage: str) -> ApprovalQuerySet:
    """Open approvals of versions that were made from an entry, for the same use case and stage."""
    made_from_it = Edge.objects.filter(to_entry=entry).values("version")
    return Approval.objects.filter(version__in=made_from_it, use_case=use_case, stage=stage, ended_at=None)


def changed(approval: Approval, *, closes: bool, at: dt.datetime) -> None:
    """Note that something is approved, or no longer; close what rests on it where a policy asks for it.

    The caller holds the approval. An approval that somebody holds at this moment is closed by the worker.
    """
    version = approval.version
    if not Edge.objects.filter(to_entry=version.entry_id).exists() or not (asking := upstream.asked_for()):
        return
    resting = resting_on(entry=version.entry_id, use_case=approval.use_case_id, stage=approval.stage)
    in_review = Version.objects.filter(
        edges__to_entry=version.entry_id,
        # Submissions are kept in a room above, which versions know by its name.
        submissions__state="in_review",
        submissions__use_case=approval.use_case_id,
        submissions__stage=approval.stage,
    )
    if not resting.exists() and not in_review.exists():
        return
    if closes:
        _close(approval, resting, asking, at=at)
    rejudging.standing_changed(entry=version.entry, use_case=approval.use_case, stage=approval.stage, at=at)


def _close(
    approval: Approval, resting: ApprovalQuerySet, asking: Mapping[str, frozenset[str]], *, at: dt.datetime
) -> None:
    version = approval.version
    # Of what is named without a revision the newest counts.
    meant = Q(version__edges__to_revision=version.revision)
    if version.entry.latest_id == version.pk:
        meant |= Q(version__edges__to_revision=None)
    of_it = resting.filter(meant, version__edges__to_entry=version.entry_id).values("pk")
    held = Approval.objects.filter(pk__in=of_it).select_for_update(of=("self",), skip_locked=True)
    for one in held.select_related("version__entry", "use_case").order_by("pk"):
        conditions = _lapsed(one, asking, at=at)
        if conditions != one.conditions:
            one.conditions, one.next_boundary = conditions, min(at, one.next_boundary)
            one.save(update_fields=["conditions", "next_boundary"])
            upstream_changed.send(sender=Approval, approval=one, below=approval, holds=False, at=at)


def _lapsed(approval: Approval, asking: Mapping[str, frozenset[str]], *, at: dt.datetime) -> list[dict[str, Any]]:
    """The conditions once those requirements that ask for what the version was made from no longer hold."""
    after = {(one["policy"], one["id"]): one for one in approval.conditions}
    wanted = {(str(p["name"]), id_) for p in approval.policies for id_ in asking.get(str(p["sha256"]), ())}
    for row in approval.requirements:
        key = (row["policy"], row["id"])
        before = after.get(key)
        closed = before is not None and dt.datetime.fromisoformat(before["holds_until"]) <= at
        if key in wanted and not closed and row["severity"] != "info" and row["status"] == "satisfied":
            kept = {name: row[name] for name in ("id", "policy", "kind", "run", "severity")}
            after[key] = {**kept, "holds_until": at.isoformat(), "code": UPSTREAM_ENDED}
    return [after[key] for key in sorted(after)]


def waiting(approvals: ApprovalQuerySet) -> list[int]:
    """The numbers of approvals whose policies ask for what their versions were made from."""
    asking = upstream.asked_for()
    rows = approvals.order_by("pk").values_list("pk", F("policies"))
    return [pk for pk, policies in rows if any(str(one["sha256"]) in asking for one in policies)]
