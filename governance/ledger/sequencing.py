"""Giving events their places in the tree, after the transactions that wrote them.

One sequencer at a time; business transactions never wait for it. Events take places in the order in which they are
found, which is nearly that of their numbers: a transaction that was long under way comes later.
"""

from __future__ import annotations

import datetime as dt

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from audits.digests import canonical
from governance.ledger import tree
from governance.ledger.models import Checkpoint, Event, Leaf
from governance.ledger.services import document_of

AT_ONCE = 2_000
# How far behind the newest event those are looked for that were under way when it was written. What is still further
# behind is found by a thorough look.
LOOKED_BACK = 20_000


def sequence(*, at: dt.datetime, thorough: bool = False) -> int:
    """Append the events that have no place yet, with a checkpoint for every batch.

    Args:
        thorough: look through all events, and not only at the newest.

    Returns:
        How many were appended; 0 where another sequencer is at work.
    """
    appended = 0
    while some := _append(at=at, thorough=thorough):
        appended += some
    return appended


@transaction.atomic
def _append(*, at: dt.datetime, thorough: bool) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('ledger sequencer', 0))")
        if not cursor.fetchone()[0]:
            return 0
    last = Checkpoint.objects.order_by("-size").first()
    waiting = Event.objects.filter(~Exists(Leaf.objects.filter(event=OuterRef("pk"))))
    if last is not None and not thorough:
        waiting = waiting.filter(pk__gt=last.newest_event - LOOKED_BACK)
    events = list(waiting.order_by("pk")[:AT_ONCE])
    if not events:
        return 0
    before = last.size if last is not None else 0
    frontier = [bytes.fromhex(one) for one in last.frontier] if last is not None else []
    hashes = [tree.leaf_hash(canonical(document_of(event))) for event in events]
    frontier, size = tree.grown(frontier, before, hashes)
    Leaf.objects.bulk_create(
        Leaf(index=index, event=event, hash=one)
        for index, (event, one) in enumerate(zip(events, hashes, strict=True), before)
    )
    Checkpoint.objects.create(
        size=size,
        root=tree.root(frontier).hex(),
        frontier=[one.hex() for one in frontier],
        newest_event=max(events[-1].pk, last.newest_event if last is not None else 0),
        made_at=at,
    )
    return len(events)
