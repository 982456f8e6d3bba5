"""Back-tests: which approvals in force and which open submissions a text would flip, or retiring a policy would, found
by a worker.

The row is the work. A message only wakes a worker; it claims the row under a lease, so a message that is lost, doubled
or late changes nothing: whoever looks at a back-test that waits sends another.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from governance.people.models import User
from governance.policies import portfolio, queries, services
from governance.policies.comparing import Outcome, compared_all, draft, without_all
from governance.policies.models import BackTest, BackTestState, Flip, Policy
from governance.policies.portfolio import Item

logger = logging.getLogger(__name__)

TIME_LIMIT = dt.timedelta(minutes=10)
# For how long a back-test speaks for the portfolio.
FRESH = dt.timedelta(hours=24)
KEPT_AT_ONCE = 500


def ask(*, text: str, by: User, at: dt.datetime) -> BackTest:
    """Have a text held against the portfolio. One of the same document that is not old is that which is there, unless
    the policy has changed since.

    Raises:
        documents.PolicyInvalid: the text could not be published.
    """
    document = services.read(text)
    policy = Policy.objects.filter(name=document.name).first()
    what = {"policy_name": document.name, "text": text, "sha256": document.sha256}
    return _asked(policy, by=by, at=at, **what)


def ask_retiring(*, policy: Policy, by: User, at: dt.datetime) -> BackTest:
    """Have it found out what retiring a policy would change; one that is not old is that which is there, as of
    ``ask``.
    """
    return _asked(policy, by=by, at=at, policy_name=policy.name, retires=True)


def _asked(policy: Policy | None, *, by: User, at: dt.datetime, **what: Any) -> BackTest:
    since = max([at - dt.timedelta(minutes=1), *([services.last_change(policy)] if policy is not None else [])])
    known = BackTest.objects.filter(requested_at__gt=since, **what)
    recent = known.exclude(state=BackTestState.FAILED).order_by("-pk").first()
    return recent or BackTest.objects.create(requested_by=by, requested_at=at, **what)


def newest_done(*, sha256: str, at: dt.datetime) -> BackTest | None:
    """The newest back-test of a document that still speaks for the portfolio."""
    return _newest_done(at=at, sha256=sha256, retires=False)


def newest_done_of_retiring(*, name: str, at: dt.datetime) -> BackTest | None:
    """The newest back-test of retiring a policy that still speaks for the portfolio."""
    return _newest_done(at=at, policy_name=name, retires=True)


def speaks(back_test: BackTest, *, at: dt.datetime) -> bool:
    """Whether a back-test is the newest that is done of its document or retirement, and still speaks for the
    portfolio.
    """
    if back_test.retires:
        return back_test == newest_done_of_retiring(name=back_test.policy_name, at=at)
    return back_test == newest_done(sha256=back_test.sha256, at=at)


def _newest_done(*, at: dt.datetime, **what: Any) -> BackTest | None:
    done = BackTest.objects.filter(state=BackTestState.DONE, finished_at__gt=at - FRESH, **what)
    return done.order_by("-finished_at", "-pk").first()


def waits(back_test: BackTest, *, at: dt.datetime) -> bool:
    """Whether no worker holds it: then somebody has to be told."""
    if back_test.state == BackTestState.QUEUED:
        return True
    held = back_test.lease_until is not None and back_test.lease_until > at
    return back_test.state == BackTestState.RUNNING and not held


def carry_out(*, back_test_id: int, now: Callable[[], dt.datetime]) -> BackTest:
    """Do a back-test, unless it is done or another worker holds it."""
    at = now()
    unheld = Q(state=BackTestState.QUEUED) | Q(state=BackTestState.RUNNING, lease_until__lt=Now())
    claimed = BackTest.objects.filter(unheld, pk=back_test_id).update(
        state=BackTestState.RUNNING, lease_until=at + TIME_LIMIT
    )
    back_test = BackTest.objects.get(pk=back_test_id)
    if not claimed:
        return back_test
    try:
        counts, flips = _found(back_test, at=at)
    except Exception:
        logger.exception("back-test %s failed", back_test_id)
        BackTest.objects.filter(pk=back_test_id).update(state=BackTestState.FAILED, finished_at=now())
        return BackTest.objects.get(pk=back_test_id)
    with transaction.atomic():
        held = BackTest.objects.select_for_update().get(pk=back_test_id)
        # A worker that took longer than its lease may have been overtaken.
        if held.state == BackTestState.RUNNING and held.lease_until == back_test.lease_until:
            Flip.objects.bulk_create(flips, batch_size=KEPT_AT_ONCE)
            held.state, held.counts, held.finished_at = BackTestState.DONE, counts, now()
            held.save(update_fields=["state", "counts", "finished_at"])
    return held


def _found(back_test: BackTest, *, at: dt.datetime) -> tuple[dict[str, int], list[Flip]]:
    outcomes_of = _change(back_test, at=at)
    counts: Counter[str] = Counter(
        approvals=0, submissions=0, approvals_flipped=0, approvals_opened=0, submissions_flipped=0
    )
    flips = []
    for items in portfolio.pieces(at=at):
        for item, result in zip(items, outcomes_of(items), strict=True):
            if result is None:
                counts["untouched"] += 1
                continue
            counts[f"{item.what}s"] += 1
            if result.flips:
                opens = item.what == Flip.What.APPROVAL and result.opens
                counts["approvals_opened" if opens else f"{item.what}s_flipped"] += 1
                flips.append(_flip(item, result, back_test))
    return dict(counts), flips


def _flip(item: Item, result: Outcome, back_test: BackTest) -> Flip:
    return Flip(
        back_test=back_test,
        what=item.what,
        number=item.number,
        version=item.version,
        use_case=item.use_case,
        stage=item.stage,
        before=result.before,
        after=result.after,
        reason_codes=list(result.reason_codes)[:50],
    )


def _change(back_test: BackTest, *, at: dt.datetime) -> Callable[[Sequence[Item]], list[Outcome | None]]:
    """How items come out under the change that is looked at; None where one is not concerned."""
    current = [queries.applied(version) for version in queries.in_force(at=at)]
    if back_test.retires:
        return lambda items: without_all(items, name=back_test.policy_name, current=current, at=at)
    new = draft(services.read(back_test.text))
    return lambda items: [
        None if one is None else one.outcome for one in compared_all(items, new=new, current=current, at=at)
    ]
