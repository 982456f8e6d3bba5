"""What a version was made from, and what was made from an entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from governance.catalog.models import Entry, Version
from governance.people.models import User
from governance.people.queries import teams_seen_by

UP, DOWN = DIRECTIONS = ("up", "down")
DEEPEST = 10
MOST = 1000


@dataclass(frozen=True)
class Node:
    """An entry in a lineage. ``known`` is False for a name that a card mentions and nobody has imported."""

    id: int
    kind: str
    repo_id: str
    source: str
    known: bool


@dataclass(frozen=True)
class Hop:
    """One step: ``version`` of ``origin`` stands in ``relation`` to ``target``; ``depth`` counts steps from 1.

    ``declared`` is False where the relation was inferred as the Hub does. ``current`` says that the version is its
    entry's newest.
    """

    depth: int
    relation: str
    field: str
    declared: bool
    origin: Node
    digest: str
    revision: str
    current: bool
    target: Node


@dataclass(frozen=True)
class Lineage:
    """Steps in the order of their depth; ``truncated`` when there are more than are listed."""

    direction: str
    depth: int
    hops: Sequence[Hop]
    truncated: bool


def lineage(
    *,
    user: User | None,
    version: Version | None = None,
    entry: Entry | None = None,
    direction: str = UP,
    depth: int = 3,
    most: int = MOST,
) -> Lineage:
    """Follow declared origins from a version, or from an entry by its newest, as far as a person may see. One query.

    Upwards it goes on from each entry's newest version. Downwards it finds entries any of whose versions declare an
    origin. Rings are walked once: a step is listed at its smallest depth.

    Args:
        depth: steps, 1 to ``DEEPEST``.

    Raises:
        ValueError: neither a version nor an entry, no such direction, or a depth out of range.
    """
    if direction not in DIRECTIONS:
        raise ValueError(f"the direction is {UP} or {DOWN}, not {direction[:40]!r}")
    if not 1 <= depth <= DEEPEST:
        raise ValueError(f"the depth is a whole number from 1 to {DEEPEST}")
    if version is None and entry is None:
        raise ValueError("name a version or an entry")
    seen = None if user is None else teams_seen_by(user)
    start = _start(direction, version, entry)
    rows = []
    if start is not None:
        with connection.cursor() as cursor:
            cursor.execute(
                _WALKS[direction],
                {"start": start, "depth": depth, "most": most + 1, "all": seen is None, "teams": seen or []},
            )
            rows = cursor.fetchall()
    return Lineage(direction, depth, [_hop(row) for row in rows[:most]], len(rows) > most)


def _start(direction: str, version: Version | None, entry: Entry | None) -> int | None:
    if direction == UP:
        return version.pk if version is not None else entry.latest_id if entry is not None else None
    return entry.pk if entry is not None else version.entry_id if version is not None else None


def _hop(row: Sequence[Any]) -> Hop:
    """A row of the walk: both nodes come last, and the origin's entry has this version."""
    depth, relation, field, declared, digest, revision, current = row[:7]
    origin, target = Node(row[7], row[8], row[9], row[10], True), Node(*row[11:])
    return Hop(depth, relation, field, declared, origin, digest, revision, current, target)


# UNION without ALL keeps a step once per depth, and the depth is bounded: neither rings nor diamonds multiply.
_WALK = """
    WITH RECURSIVE seen AS NOT MATERIALIZED (
        SELECT id, latest_id FROM catalog_entry WHERE %(all)s OR team_id IS NULL OR team_id = ANY(%(teams)s)
    ),
    walk (depth, edge_id, origin_id, target_id) AS ({first} UNION {further}),
    steps AS (SELECT edge_id, min(depth) AS depth FROM walk GROUP BY edge_id)
    SELECT depth, e.relation, e.field, e.declared, v.digest, v.revision, v.id = o.latest_id,
        o.id, o.kind, o.repo_id, o.source, t.id, t.kind, t.repo_id, t.source, t.latest_id IS NOT NULL
    FROM steps
    JOIN catalog_edge e ON e.id = edge_id
    JOIN catalog_version v ON v.id = e.version_id
    JOIN catalog_entry o ON o.id = v.entry_id
    JOIN catalog_entry t ON t.id = e.to_entry_id
    ORDER BY depth, e.relation, t.key, o.key, e.id
    LIMIT %(most)s
"""
_WALKS = {
    UP: _WALK.format(
        first="""
        SELECT 1, e.id, v.entry_id, e.to_entry_id
        FROM catalog_edge e JOIN catalog_version v ON v.id = e.version_id
        JOIN seen o ON o.id = v.entry_id JOIN seen t ON t.id = e.to_entry_id
        WHERE e.version_id = %(start)s
        """,
        further="""
        SELECT w.depth + 1, e.id, o.id, e.to_entry_id
        FROM walk w JOIN seen o ON o.id = w.target_id JOIN catalog_edge e ON e.version_id = o.latest_id
        JOIN seen t ON t.id = e.to_entry_id
        WHERE w.depth < %(depth)s
        """,
    ),
    DOWN: _WALK.format(
        first="""
        SELECT 1, e.id, v.entry_id, e.to_entry_id
        FROM catalog_edge e JOIN catalog_version v ON v.id = e.version_id
        JOIN seen o ON o.id = v.entry_id JOIN seen t ON t.id = e.to_entry_id
        WHERE e.to_entry_id = %(start)s
        """,
        further="""
        SELECT w.depth + 1, e.id, v.entry_id, e.to_entry_id
        FROM walk w JOIN catalog_edge e ON e.to_entry_id = w.origin_id
        JOIN catalog_version v ON v.id = e.version_id JOIN seen o ON o.id = v.entry_id
        WHERE w.depth < %(depth)s
        """,
    ),
}
