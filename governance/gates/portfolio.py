"""Approvals in force as policies are held against them, and what becomes of those that a new one would not let through.

An approval keeps to the policies that it was granted under until a new version is effective and its days of grace are
over. Then it closes, unless it holds under the new version too: that is a condition on its row with a date, so the
answer changes at that moment without anybody's doing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from typing import Any

from django.db.models import F

from governance.gates.models import Approval
from governance.people.models import User
from governance.policies import queries
from governance.policies.comparing import compared, speaks_about
from governance.policies.evaluation import AppliedPolicy, VoteFact
from governance.policies.models import BackTest, Flip, PolicyVersion
from governance.policies.portfolio import Item

POLICY_CHANGED = "policy_changed"
PREFIX = "policy."
READ_AT_ONCE = 500


class Approvals:
    """The approvals in force, for back-tests."""

    def items(self, *, at: dt.datetime) -> Iterator[Item]:
        for approval in _resting(at=at).iterator(chunk_size=READ_AT_ONCE):
            yield item_of(approval)

    def one(self, *, number: int, user: User) -> Item | None:
        """Approvals are not tried one by one: the submission that led to one is."""
        return None


def _resting(*, at: dt.datetime) -> Any:
    # The decision that granted it, by the name that the room above gives it.
    judged = {"cast": F("decision__votes"), "cast_in": F("decision__round")}
    rows = Approval.objects.in_force(at=at).annotate(**judged)
    return rows.select_related("version__entry", "version__card", "use_case").order_by("pk")


def item_of(approval: Approval) -> Item:
    """An approval with the votes that it was granted on; the people in them are named as the ledger names them."""
    votes = [
        VoteFact(lane=one["lane"], value=one["value"], voter=one["voter"], round=one["round"], number=one["number"])
        for one in getattr(approval, "cast", None) or []
    ]
    return Item(
        what=Flip.What.APPROVAL,
        number=approval.pk,
        version=approval.version,
        use_case=approval.use_case,
        stage=approval.stage,
        verdict=approval.verdict,
        votes=votes,
        round=getattr(approval, "cast_in", None) or 1,
        granted_under=tuple(policy["sha256"] for policy in approval.policies),
    )


def hold_to(*, version: PolicyVersion, back_test: BackTest | None, at: dt.datetime) -> int:
    """Give approvals that a new version would not let through the date at which they close.

    Returns:
        How many close.
    """
    new = queries.applied(version)
    closes_at = max(version.effective_at or at, at) + dt.timedelta(days=new.document.grace_days)
    known = (
        set(back_test.flips.filter(what=Flip.What.APPROVAL).values_list("number", flat=True)) if back_test else set()
    )
    changed = []
    for approval in _resting(at=at).select_for_update(of=("self",)):
        looked_at = back_test is not None and approval.granted_at <= back_test.requested_at
        closes = approval.pk in known if looked_at else _would_close(approval, new, at=at)
        conditions = _with(approval, new, closes_at if closes else None)
        if conditions != approval.conditions:
            _set(approval, conditions)
            changed.append(approval)
    Approval.objects.bulk_update(changed, ["conditions", "next_boundary"], batch_size=READ_AT_ONCE)
    return sum(any(one["code"] == POLICY_CHANGED for one in approval.conditions) for approval in changed)


def hold_to_coming(*, approval_id: int, at: dt.datetime) -> None:
    """As ``hold_to``, for an approval that was granted just now, after a version was published and before its day.

    The caller holds the approval, and its decision is written. One query where no version waits for its day.
    """
    coming = list(queries.coming(at=at))
    if not coming:
        return
    approval = _resting(at=at).get(pk=approval_id)
    for version in coming:
        new = queries.applied(version)
        if version.effective_at is not None and _would_close(approval, new, at=at):
            closes_at = version.effective_at + dt.timedelta(days=new.document.grace_days)
            _set(approval, _with(approval, new, closes_at))
    approval.save(update_fields=["conditions", "next_boundary"])


def release(*, name: str, at: dt.datetime) -> None:
    """A retired policy closes nothing any more."""
    changed = []
    for approval in _resting(at=at).select_for_update(of=("self",)):
        conditions = [one for one in approval.conditions if one["id"] != f"{PREFIX}{name}"]
        if conditions != approval.conditions:
            _set(approval, conditions)
            changed.append(approval)
    Approval.objects.bulk_update(changed, ["conditions", "next_boundary"], batch_size=READ_AT_ONCE)


def still_closing(approval: Approval, conditions: list[dict[str, Any]], *, at: dt.datetime) -> list[dict[str, Any]]:
    """The conditions without those of new policies that the approval holds under by now."""
    names = [one["policy"] for one in conditions if one["code"] == POLICY_CHANGED]
    if not names:
        return conditions
    newest = PolicyVersion.objects.filter(policy__name__in=names).select_related("policy")
    newest = newest.order_by("policy__name", "-number").distinct("policy__name")
    judged = _resting(at=at).filter(pk=approval.pk).first() or approval
    held = {version.policy.name for version in newest if not _would_close(judged, queries.applied(version), at=at)}
    return [one for one in conditions if one["code"] != POLICY_CHANGED or one["policy"] not in held]


def changes_ahead(conditions: Collection[dict[str, Any]]) -> list[dict[str, str]]:
    """The policies under whose newer version an approval would not be granted, each with when that closes it."""
    return [
        {"policy": one["policy"], "closes_at": one["holds_until"]}
        for one in conditions
        if one["code"] == POLICY_CHANGED
    ]


def _would_close(approval: Approval, new: AppliedPolicy, *, at: dt.datetime) -> bool:
    item = item_of(approval)
    if not speaks_about(new, item):
        return False
    result = compared(item, new=new, current=[], at=at)
    return result is not None and not result.after.opens


def _with(approval: Approval, new: AppliedPolicy, closes_at: dt.datetime | None) -> list[dict[str, Any]]:
    others = [one for one in approval.conditions if one["id"] != f"{PREFIX}{new.name}"]
    if closes_at is None:
        return others
    condition = {
        "id": f"{PREFIX}{new.name}",
        "policy": new.name,
        "kind": "",
        "run": None,
        "severity": "fail",
        "holds_until": closes_at.isoformat(),
        "code": POLICY_CHANGED,
    }
    return sorted([*others, condition], key=lambda one: (one["policy"], one["id"]))


def _set(approval: Approval, conditions: list[dict[str, Any]]) -> None:
    approval.conditions = conditions
    ends = (dt.datetime.fromisoformat(one["holds_until"]) for one in conditions)
    approval.next_boundary = min([approval.expires_at, *ends])
