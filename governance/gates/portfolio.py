"""Approvals in force as policies are held against them, and what becomes of those that a new one would not let through.

An approval keeps to the policies that it was granted under until a new version is effective and its days of grace are
over. Then it closes, unless it holds under the new version too: that is a condition on its row with a date, so the
answer changes at that moment without anybody's doing. Publishing writes it for all at once; a worker then holds each
to the new version, and takes it away again where that lets it through.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from django.db import connection
from django.db.models import F, Q

from governance.gates.models import Approval, ApprovalQuerySet
from governance.people.models import User
from governance.policies import queries
from governance.policies.comparing import compared_all, speaks_about
from governance.policies.evaluation import OPENS, AppliedPolicy, VoteFact
from governance.policies.models import Flip, Policy, PolicyVersion
from governance.policies.portfolio import READ_AT_ONCE, Item
from governance.policies.rejudging import Change, Scope

# Under a newer version of a policy the approval would not be granted; or nobody has looked yet.
POLICY_CHANGED, TO_BE_JUDGED = "policy_changed", "to_be_judged"
OF_POLICIES = (POLICY_CHANGED, TO_BE_JUDGED)
PREFIX = "policy."


class Approvals:
    """The approvals in force, for back-tests."""

    def items(self, *, at: dt.datetime) -> Iterator[Item]:
        for approval in _resting(at=at).iterator(chunk_size=READ_AT_ONCE):
            yield item_of(approval, at=at)

    def one(self, *, number: int, user: User) -> Item | None:
        """Approvals are not tried one by one: the submission that led to one is."""
        return None


def _resting(*, at: dt.datetime) -> Any:
    # The decision that granted it, by the name that the room above gives it.
    judged = {"cast": F("decision__votes"), "cast_in": F("decision__round")}
    rows = Approval.objects.in_force(at=at).annotate(**judged)
    return rows.select_related("version__entry", "version__card", "use_case").order_by("pk")


def item_of(approval: Approval, *, at: dt.datetime) -> Item:
    """An approval with the votes that it was granted on; the people in them are named as the ledger names them."""
    votes = [
        VoteFact(lane=one["lane"], value=one["value"], voter=one["voter"], round=one["round"], number=one["number"])
        for one in getattr(approval, "cast", None) or []
    ]
    closing = [
        one
        for one in approval.conditions
        if one["severity"] == "fail" and dt.datetime.fromisoformat(one["holds_until"]) <= at
    ]
    by_policies = all(one["code"] in OF_POLICIES for one in closing)
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
        closed_by=frozenset(one["policy"] for one in closing) if by_policies else frozenset(),
    )


def concerned_by(scopes: Sequence[Scope]) -> ApprovalQuerySet:
    """The approvals that have not ended and that scopes speak about, whatever anybody's clock said when granting."""
    spoken_of = Q(pk__in=[])
    for scope in scopes:
        spoken_of |= Q(version__entry__kind__in=scope.kinds, use_case__tier__in=scope.tiers, stage__in=scope.stages)
    return Approval.objects.filter(spoken_of, ended_at=None)


def close_at(change: Change, *, at: dt.datetime) -> int:
    """Give approvals the date at which a changed policy closes them, until a worker has looked at each.

    Those that the back-test has named get it for that, those at which it has not looked because nobody has; where the
    version before it closes one sooner, that stands. Few statements, whatever their number. The caller lets nothing be
    granted meanwhile.

    Returns:
        How many approvals are to be looked at.
    """
    concerned = concerned_by(change.scopes).filter(expires_at__gt=at).order_by("pk")
    # In one order for everybody, as they are held.
    rows = list(concerned.select_for_update(of=("self",)).values_list("pk", "granted_at"))
    numbers = [pk for pk, _granted_at in rows]
    if change.version is None:
        _put(numbers, policy=change.policy.name, condition=None)
        return len(numbers)
    new = queries.applied(change.version)
    spoken_of = set(concerned_by(change.scopes[:1]).values_list("pk", flat=True))
    looked_at, named = set[int](), set[int]()
    if (done := change.back_test) is not None:
        looked_at = {pk for pk, granted_at in rows if granted_at <= done.requested_at}
        closing = done.flips.filter(what=Flip.What.APPROVAL).exclude(after__in=OPENS)
        named = set(closing.values_list("number", flat=True)) & looked_at
    unknown = spoken_of - looked_at
    closes_at = _closes_at(change.version, new)
    _put([pk for pk in numbers if pk not in named | unknown], policy=new.name, condition=None)
    _put([pk for pk in numbers if pk in named], policy=new.name, condition=_condition(new, closes_at))
    _put(
        [pk for pk in numbers if pk in unknown],
        policy=new.name,
        condition=_condition(new, closes_at, code=TO_BE_JUDGED),
        keep_sooner=True,
    )
    return len(numbers)


def _put(numbers: Sequence[int], *, policy: str, condition: dict[str, Any] | None, keep_sooner: bool = False) -> None:
    """Set, or take away, what a policy closes approvals by, in one statement. The caller holds them."""
    if not numbers:
        return
    told = {
        "numbers": f"{{{','.join(map(str, numbers))}}}",
        "id": f"{PREFIX}{policy}",
        "new": None if condition is None else json.dumps(condition),
        "sooner": condition["holds_until"] if condition is not None and keep_sooner else None,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PUT, told)


_PUT = """
    WITH kept AS (
        SELECT a.id, one.said FROM gates_approval a, jsonb_array_elements(a.conditions) AS one (said)
        WHERE a.id = ANY(%(numbers)s::bigint[]) AND (
            one.said ->> 'id' <> %(id)s OR (one.said ->> 'holds_until')::timestamptz <= %(sooner)s::timestamptz
        )
    ), after AS (
        SELECT id, said FROM kept
        UNION ALL
        SELECT number, %(new)s::jsonb FROM unnest(%(numbers)s::bigint[]) AS these (number)
        WHERE %(new)s::jsonb IS NOT NULL
            AND NOT EXISTS (SELECT FROM kept WHERE kept.id = number AND kept.said ->> 'id' = %(id)s)
    ), made AS (
        SELECT
            these.number AS id,
            coalesce(
                jsonb_agg(said ORDER BY said ->> 'policy' COLLATE "C", said ->> 'id' COLLATE "C")
                    FILTER (WHERE said IS NOT NULL),
                '[]'
            ) AS conditions,
            min((said ->> 'holds_until')::timestamptz) AS first
        FROM unnest(%(numbers)s::bigint[]) AS these (number) LEFT JOIN after ON after.id = these.number
        GROUP BY these.number
    )
    UPDATE gates_approval approval SET conditions = made.conditions, next_boundary = least(expires_at, made.first)
    FROM made WHERE approval.id = made.id
"""


def hold_to(approvals: Sequence[Approval], policy: Policy, *, at: dt.datetime) -> dict[int, list[dict[str, Any]]]:
    """The conditions of approvals once they are held to the newest version of a policy. The caller holds them."""
    newest = PolicyVersion.objects.filter(policy=policy).select_related("policy").order_by("-number").first()
    if newest is None or newest.policy.retired_at is not None:
        return {one.pk: _without(one, policy.name) for one in approvals}
    new = queries.applied(newest)
    closes_at = _closes_at(newest, new)
    others = [one.pk for one in approvals if newest.sha256 not in _granted_under(one)]
    closing = _closing(_resting(at=at).filter(pk__in=others), new, at=at)
    return {one.pk: _with(one, new, closes_at if one.pk in closing else None) for one in approvals}


def _granted_under(approval: Approval) -> set[str]:
    return {str(one["sha256"]) for one in approval.policies}


def _closes_at(version: PolicyVersion, new: AppliedPolicy) -> dt.datetime:
    return (version.effective_at or version.published_at) + dt.timedelta(days=new.document.grace_days)


def hold_to_coming(*, approval_id: int, at: dt.datetime) -> None:
    """The same for an approval that was granted just now, after a version was published and before its day.

    The caller holds the approval, and its decision is written. One query where no version waits for its day.
    """
    coming = list(queries.coming(at=at))
    if not coming:
        return
    approval = _resting(at=at).get(pk=approval_id)
    for version in coming:
        new = queries.applied(version)
        if version.effective_at is not None and _would_close(approval, new, at=at):
            _set(approval, _with(approval, new, _closes_at(version, new)))
    approval.save(update_fields=["conditions", "next_boundary"])


def still_closing(approval: Approval, conditions: list[dict[str, Any]], *, at: dt.datetime) -> list[dict[str, Any]]:
    """The conditions without those of new policies that the approval holds under by now."""
    names = [one["policy"] for one in conditions if one["code"] in OF_POLICIES]
    if not names:
        return conditions
    newest = PolicyVersion.objects.filter(policy__name__in=names).select_related("policy")
    newest = newest.order_by("policy__name", "-number").distinct("policy__name")
    judged = _resting(at=at).filter(pk=approval.pk).first() or approval
    held = {version.policy.name for version in newest if not _would_close(judged, queries.applied(version), at=at)}
    return [one for one in conditions if one["code"] not in OF_POLICIES or one["policy"] not in held]


def changes_ahead(conditions: Collection[dict[str, Any]]) -> list[dict[str, Any]]:
    """The policies under whose newer version an approval would not be granted, each with when that closes it; of one
    that is not ``judged`` nobody has found out yet.
    """
    return [
        {"policy": one["policy"], "closes_at": one["holds_until"], "judged": one["code"] == POLICY_CHANGED}
        for one in conditions
        if one["code"] in OF_POLICIES
    ]


def closed_as(closing: Collection[dict[str, Any]]) -> str:
    """What the gate says of an approval that conditions close: a no, or that a worker still has to look at it."""
    return "pending" if all(one.get("code") == TO_BE_JUDGED for one in closing) else "deny"


def _would_close(approval: Approval, new: AppliedPolicy, *, at: dt.datetime) -> bool:
    return approval.pk in _closing([approval], new, at=at)


def _closing(approvals: Iterable[Approval], new: AppliedPolicy, *, at: dt.datetime) -> set[int]:
    """Those, by number, that a policy would not let through."""
    items = [item for approval in approvals if speaks_about(new, item := item_of(approval, at=at))]
    results = compared_all(items, new=new, current=[], at=at)
    return {item.number for item, one in zip(items, results, strict=True) if one is not None and not one.after.opens}


def _with(approval: Approval, new: AppliedPolicy, closes_at: dt.datetime | None) -> list[dict[str, Any]]:
    others = _without(approval, new.name)
    if closes_at is None:
        return others
    return sorted([*others, _condition(new, closes_at)], key=lambda one: (one["policy"], one["id"]))


def _without(approval: Approval, policy: str) -> list[dict[str, Any]]:
    return [one for one in approval.conditions if one["id"] != f"{PREFIX}{policy}"]


def _condition(new: AppliedPolicy, closes_at: dt.datetime, *, code: str = POLICY_CHANGED) -> dict[str, Any]:
    return {
        "id": f"{PREFIX}{new.name}",
        "policy": new.name,
        "kind": "",
        "run": None,
        "severity": "fail",
        "holds_until": closes_at.isoformat(),
        "code": code,
    }


def _set(approval: Approval, conditions: list[dict[str, Any]]) -> None:
    approval.conditions = conditions
    ends = (dt.datetime.fromisoformat(one["holds_until"]) for one in conditions)
    approval.next_boundary = min([approval.expires_at, *ends])
