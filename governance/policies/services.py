"""Publishing policies."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Collection
from pathlib import Path

from django.db import transaction
from django.db.models import Max

from audits import kinds
from governance.ledger import services as ledger
from governance.ledger.refusals import Refused
from governance.people.models import User
from governance.policies import documents, holding, queries, rejudging, shapes, trying
from governance.policies.models import BackTest, Policy, PolicyVersion
from governance.policies.problems import PolicyInvalid, Problem
from governance.policies.shapes import PolicyDocument

DEFAULTS = Path(__file__).parent / "defaults"


def known_kinds() -> dict[str, tuple[str, ...]]:
    """The registered audits with the verdicts that each can give: what a policy may name."""
    return {name: kinds.get(name).verdicts for name in kinds.names()}


def read(text: str) -> PolicyDocument:
    """A policy's text as the document that would be published: every rule kept, every test inside it passed.

    Raises:
        PolicyInvalid: with every problem, each with its line.
    """
    document = documents.parse(text, known_kinds=known_kinds())
    if failed := trying.failures(document):
        raise PolicyInvalid(failed)
    return document


class OutOfDate(Refused):
    """What was looked at before a change was held against an older version of the policy than that of now."""


class VotesWouldEnd(Refused):
    """Without the policy others would decide somewhere, and nobody's vote would be asked for there."""


class Stale(Refused):
    """The policy has changed since the person read it."""

    status = 412


@transaction.atomic
def publish(
    *,
    text: str,
    by: User | None,
    at: dt.datetime,
    back_test: BackTest | None = None,
    edition: int | None = None,
) -> PolicyVersion:
    """Publish a policy's text as its next version. The same document again is the version that is there.

    It is used from its ``effectiveFrom`` on. Approvals that would not hold under it close ``graceDays`` later; until a
    worker has found which those are, it is those that the back-test has named, and all at which it has not looked.
    Submissions that are open are stale until a worker has judged them under it, and closed until then.

    Args:
        edition: that of the policy as it was seen; it is not looked at unless given.

    Raises:
        PolicyInvalid: the text breaks a rule, each with line and column; nothing is published.
        Stale: the policy is of another edition by now.
        OutOfDate: somebody has published another version, or retired the policy, since the back-test was asked for.
    """
    document = read(text)
    holding.hold_for_change()
    Policy.objects.get_or_create(name=document.name)
    policy = Policy.objects.select_for_update().get(name=document.name)
    _require(policy, edition)
    newest = policy.versions.order_by("-number").first()
    if newest is not None and newest.sha256 == document.sha256 and policy.retired_at is None:
        return newest
    if back_test is not None and back_test.requested_at < last_change(policy):
        raise OutOfDate(
            "preview_outdated",
            f"{policy.name} has changed since you looked ahead; see what this would change now, then publish",
        )
    number = newest.number + 1 if newest else 1
    if document.version not in (None, number):
        params = {"value": document.version, "next": number}
        raise PolicyInvalid([Problem("version_taken", 1, 1, "metadata.version", params)])
    effective = document.effective_at
    version = PolicyVersion.objects.create(
        policy=policy,
        number=number,
        text=text,
        document=document.as_json(),
        sha256=document.sha256,
        published_at=at,
        effective_at=effective if effective is not None and effective > at else None,
        published_by=by,
    )
    Policy.objects.filter(pk=policy.pk).update(retired_at=None)
    ledger.record(
        verb="policy.published",
        object_kind="policy",
        object_ref=f"{policy.name}@{version.number}",
        actor=by,
        at=at,
        detail={"sha256": version.sha256},
    )
    rejudging.policy_changed(policy, version=version, at=at, back_test=back_test)
    return version


@transaction.atomic
def retire(
    *,
    name: str,
    by: User | None,
    at: dt.datetime,
    back_test: BackTest | None = None,
    edition: int | None = None,
) -> Policy:
    """Take a policy out of force; its versions stay to be read. Without it a submission may match none: that closes.

    Args:
        back_test: what was looked at before.
        edition: as of ``publish``.

    Raises:
        Stale: the policy is of another edition by now.
        OutOfDate: somebody has published it, or retired it, since the back-test was asked for.
        VotesWouldEnd: it alone asks for votes where others would then decide without any.
    """
    holding.hold_for_change()
    policy = Policy.objects.select_for_update().get(name=name)
    _require(policy, edition)
    if policy.retired_at is None:
        if back_test is not None and back_test.requested_at < last_change(policy):
            raise OutOfDate(
                "preview_outdated",
                f"{policy.name} has changed since you looked ahead; see what retiring it would change now, then do it",
            )
        _leave_votes(name, at=at)
        Policy.objects.filter(pk=policy.pk).update(retired_at=at)
        policy.retired_at = at
        ledger.record(verb="policy.retired", object_kind="policy", object_ref=name, actor=by, at=at)
        rejudging.policy_changed(policy, version=None, at=at, back_test=back_test)
    return policy


def _leave_votes(name: str, *, at: dt.datetime) -> None:
    """Refuse where nobody would be asked: a policy for files or stress, made to stand beside another, must not decide
    alone because the other has gone. Where no policy is left at all the gate is closed. One query.
    """
    documents_now = {one.policy.name: shapes.from_json(one.document) for one in queries.in_force(at=at)}
    leaving = documents_now.pop(name, None)
    if leaving is None or not leaving.votes:
        return
    for kind, tier, stage in itertools.product(leaving.kinds, leaving.tiers, leaving.stages):
        left = [one for one in documents_now.values() if one.applies_to(kind=kind, tier=tier, stage=stage)]
        # Another that asks under a condition may not apply.
        if left and not any(one.votes and not one.applies_when for one in left):
            names = ", ".join(one.name for one in left)
            raise VotesWouldEnd(
                "votes_would_end",
                f"{name} alone asks for votes of {kind} {tier} {stage}, where {names} would decide without any; "
                "publish first what takes its place, or a version of it that asks for none",
                names=names,
            )


def edition_of(policy: Policy) -> int:
    """A number that grows whenever a policy is published or retired, 0 where it never was. One query."""
    number: int = policy.versions.aggregate(last=Max("number"))["last"] or 0
    return 2 * number - (policy.retired_at is None) if number else 0


def _require(policy: Policy, edition: int | None) -> None:
    if edition is not None and edition != edition_of(policy):
        raise Stale("stale", f"{policy.name} has changed since you read it; read it again, and see what is new")


def last_change(policy: Policy) -> dt.datetime:
    """When a policy was last published or retired; before all time where it never was. One query."""
    published = policy.versions.aggregate(last=Max("published_at"))["last"]
    changes = [moment for moment in (published, policy.retired_at) if moment is not None]
    return max(changes, default=dt.datetime.min.replace(tzinfo=dt.UTC))


def publish_defaults(*, by: User | None, at: dt.datetime, but: Collection[str] = ()) -> list[PolicyVersion]:
    """Publish the policies that come with the product, each only where no policy of that name exists.

    Args:
        but: names of policies to leave out.
    """
    existing = {*Policy.objects.values_list("name", flat=True), *but}
    return [
        publish(text=file.read_text(encoding="utf-8"), by=by, at=at)
        for file in sorted(DEFAULTS.glob("*.yaml"))
        if name_in(file.read_text(encoding="utf-8")) not in existing
    ]


def name_in(text: str) -> str:
    """The name that a policy's text gives itself.

    Raises:
        PolicyInvalid: the text breaks a rule.
    """
    return documents.parse(text, known_kinds=known_kinds()).name
