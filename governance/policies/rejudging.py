"""Judging again what was judged before a change. A rejudging is a row; a message only wakes a worker.

What the change is about is closed in the transaction of the change, by the rooms that keep judgements and register
here; a worker then judges some after the others, each time in a transaction of its own, and what is judged opens where
it may. What somebody else holds, or what keeps the others from being judged, it judges by itself. A worker that is
killed leaves nothing half done: the lease runs out, and the next one goes on with what is left.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import OperationalError
from django.db.models import F

from audits.work import Lost, Queue
from governance.catalog.models import Entry, UseCase
from governance.policies.models import BackTest, Policy, PolicyVersion, Rejudging, RejudgingState
from governance.policies.signals import rejudging_noted

logger = logging.getLogger(__name__)

ATTEMPTS = 5
LEASE = dt.timedelta(seconds=60)  # renewed with every judgement
TOGETHER = 50  # judged in one transaction, during which nobody else gets at them
TIME_LIMIT = dt.timedelta(hours=1)
QUEUE = Queue(
    Rejudging,
    given_up=RejudgingState.FAILED,
    lease=LEASE,
    attempts=ATTEMPTS,
    related=("policy", "entry", "use_case"),
)


@dataclass(frozen=True)
class Scope:
    """Kinds, tiers and stages that a policy speaks about."""

    kinds: tuple[str, ...]
    tiers: tuple[str, ...]
    stages: tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """A policy that says something else from a moment on.

    Args:
        version: the one that was published; None where the policy was retired.
        scopes: what the policy spoke about, and what it speaks about now.
        since: from when on it says so.
        back_test: what was looked at before it was published, if anything was.
    """

    policy: Policy
    version: PolicyVersion | None
    scopes: tuple[Scope, ...]
    since: dt.datetime
    back_test: BackTest | None = None


class Judge(Protocol):
    """A room that keeps judgements."""

    def outdate(self, change: Change, *, at: dt.datetime) -> int:
        """Have what a change speaks about closed from its moment on, in the caller's transaction and in a few
        statements, whatever there is; how much that is.
        """

    def to_judge(self, rejudging: Rejudging) -> list[int]:
        """The numbers of what is to be judged again, and has not been since the change."""

    def judge(self, number: int, *, rejudging: Rejudging, at: dt.datetime) -> None:
        """Judge one again, in a transaction of its own. One that has ended meanwhile stays as it is."""

    def judge_together(self, numbers: Sequence[int], *, rejudging: Rejudging, at: dt.datetime) -> Collection[int]:
        """Judge those of several at which nobody else is at this moment, in one transaction; which they were. What they
        are judged by is read for all together.
        """


_judges: list[Judge] = []


def register(judge: Judge) -> None:
    """Add a room that keeps judgements. Each does so once, when the process starts, the lower rooms first."""
    if judge not in _judges:
        _judges.append(judge)


# --- in the transaction of the change --------------------------------------------------------------------------------


def policy_changed(
    policy: Policy, *, version: PolicyVersion | None, at: dt.datetime, back_test: BackTest | None = None
) -> Rejudging | None:
    """Close what a policy spoke about and speaks about now, and note that it has to be judged again.

    Nothing is noted where nothing is open, unless the day of the change is still to come. What can be judged before
    that day is: it is told in time of what the day will close. The caller keeps others from letting anything through
    meanwhile.

    Args:
        version: the one that was published; None where the policy was retired.
        back_test: what was looked at before.
    """
    ahead = version.effective_at if version is not None else None
    change = Change(policy, version, scopes_of(policy), ahead or at, back_test)
    # The upper rooms first: what is in review is held before any approval is, as everywhere.
    closed = sum(judge.outdate(change, at=at) for judge in reversed(_judges))
    if not closed and ahead is None:
        return None
    number = version.number if version is not None else None
    key = f"policy:{policy.name}:{number or 'retired'}"
    if closed and ahead is not None:
        _note(f"{key}:ahead", due_at=at, at=at, policy=policy, number=number)
    return _note(key, due_at=ahead or at, at=at, policy=policy, number=number)


def scopes_of(policy: Policy) -> tuple[Scope, ...]:
    """What a policy spoke about before its last change, and speaks about now. One query."""
    return tuple(_scope(one) for one in PolicyVersion.objects.filter(policy=policy).order_by("-number")[:2])


def standing_changed(*, entry: Entry, use_case: UseCase, stage: str, at: dt.datetime) -> Rejudging | None:
    """Note that what rests on an entry has to be judged again: it is approved now, or no longer."""
    key = f"upstream:{entry.pk}:{use_case.pk}:{stage}"
    return _note(key, due_at=at, at=at, entry=entry, use_case=use_case, stage=stage)


def _scope(version: PolicyVersion) -> Scope:
    said = version.document["appliesTo"]
    return Scope(tuple(said["kinds"]), tuple(said["tiers"]), tuple(said["stages"]))


def _note(key: str, *, due_at: dt.datetime, at: dt.datetime, **cause: Any) -> Rejudging:
    """One row for one change, whoever else notes it: the one that waits is the same work."""
    noted, is_new = Rejudging.objects.get_or_create(
        dedupe_key=key,
        state=RejudgingState.QUEUED,
        defaults={**cause, "due_at": due_at, "requested_at": at},
    )
    if not is_new and noted.due_at > due_at:
        Rejudging.objects.filter(pk=noted.pk, state=RejudgingState.QUEUED).update(due_at=due_at)
    rejudging_noted.send(sender=Rejudging, rejudging=noted)
    return noted


# --- the worker ------------------------------------------------------------------------------------------------------


def carry_out(*, now: Callable[[], dt.datetime]) -> int:
    """Do what is due, until nothing is; how much was looked at. Safe to call twice and from two workers at once."""
    done = 0
    while (rejudging := QUEUE.take_next()) is not None:
        try:
            done += _judge_all(rejudging, now=now)
        except Lost:
            logger.warning("%s: another worker has taken it up", rejudging)
    return done


def _judge_all(rejudging: Rejudging, *, now: Callable[[], dt.datetime]) -> int:
    work = [(judge, judge.to_judge(rejudging)) for judge in _judges]
    total = sum(len(numbers) for _judge, numbers in work)
    QUEUE.renew(rejudging, total=F("looked_at") + total, broke_off=0)
    broke_off = 0
    for judge, numbers in work:
        for start in range(0, len(numbers), TOGETHER):
            broke_off += _judge_some(judge, numbers[start : start + TOGETHER], rejudging, now=now)
    _end(rejudging, broke_off=broke_off)
    return total


def _judge_some(judge: Judge, numbers: Sequence[int], rejudging: Rejudging, *, now: Callable[[], dt.datetime]) -> int:
    """Judge some together, and by itself what is left of them; how many broke off."""
    done: Collection[int] = ()
    try:
        done = judge.judge_together(numbers, rejudging=rejudging, at=now()) if len(numbers) > 1 else ()
    except OperationalError:
        raise  # the database is away: the lease runs out, and another attempt is made
    except Exception:
        # Which of them it is shows when each is judged by itself.
        logger.exception("%s broke off among %s", rejudging, numbers)
    if done:
        QUEUE.renew(rejudging, looked_at=F("looked_at") + len(done))
    broke_off = 0
    for number in (one for one in numbers if one not in done):
        try:
            judge.judge(number, rejudging=rejudging, at=now())
        except OperationalError:
            raise
        except Exception:
            # One must not keep the others from being judged; it stays closed.
            logger.exception("%s broke off at %s", rejudging, number)
            broke_off += 1
            QUEUE.renew(rejudging, broke_off=F("broke_off") + 1)
        else:
            QUEUE.renew(rejudging, looked_at=F("looked_at") + 1)
    return broke_off


def _end(rejudging: Rejudging, *, broke_off: int) -> None:
    if broke_off and not QUEUE.is_last(rejudging):
        QUEUE.let_go(rejudging)
        return
    state = RejudgingState.FAILED if broke_off else RejudgingState.DONE
    QUEUE.end(rejudging, state=state)
    logger.info("%s: %s, %s of %s broke off", rejudging, state, broke_off, rejudging.total)


def sweep(*, wake: Callable[[], bool]) -> bool:
    """Take back what a lost worker had begun, and tell the workers of what is due.

    Returns:
        Whether the workers were told.
    """
    for lost in QUEUE.lost().order_by("pk"):
        rows = QUEUE.lost_still(lost)
        if QUEUE.is_last(lost):
            QUEUE.give_up(lost, rows=rows)
        elif Rejudging.objects.filter(dedupe_key=lost.dedupe_key, state=RejudgingState.QUEUED).exists():
            QUEUE.end(lost, state=RejudgingState.DONE, rows=rows)  # the same change waits anew
        else:
            QUEUE.put_back(lost, rows=rows)
    return QUEUE.waiting().exists() and wake()


def latest(policy: Policy) -> Rejudging | None:
    """How far judging again is after the last change of a policy. One query."""
    return Rejudging.objects.filter(policy=policy).order_by("-pk").first()
