"""Which suspensions reach which versions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from django.db import connection

from governance.catalog.models import Suspension


def reaching(versions: Collection[int]) -> dict[int, list[Suspension]]:
    """The suspensions that stand on versions or on something that they were made from, oldest first.

    A step leads from a version to the revision that it names, or to the newest of an entry of which it names none;
    where it names none, a suspended revision of that entry may be the one that it was made from, and counts. Every
    team's are given: whoever asks for a use case takes those of its team and of nobody. Two queries.
    """
    if not versions:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_REACHING, ["{" + ",".join(map(str, sorted(set(versions)))) + "}"])
        pairs = cursor.fetchall()
    standing = Suspension.objects.select_related("entry", "version", "team", "made_by")
    by_id = standing.in_bulk({suspension for _version, suspension in pairs}) if pairs else {}
    found: dict[int, list[Suspension]] = defaultdict(list)
    for version, suspension in pairs:
        found[version].append(by_id[suspension])
    return dict(found)


# Only lineages with something suspended in them are walked to the end: without any, nothing is.
_REACHING = """
    WITH RECURSIVE walk (start_id, version_id, entry_id, is_start, is_named) AS (
        SELECT v.id, v.id, v.entry_id, true, true FROM catalog_version v
        WHERE v.id = ANY(%s::bigint[]) AND EXISTS (SELECT FROM catalog_suspension WHERE lifted_at IS NULL)
        UNION
        SELECT w.start_id, coalesce(p.id, t.latest_id), t.id, false, p.id IS NOT NULL
        FROM walk w
        JOIN catalog_edge e ON e.version_id = w.version_id
        JOIN catalog_entry t ON t.id = e.to_entry_id
        LEFT JOIN LATERAL (
            SELECT v.id FROM catalog_version v WHERE v.entry_id = t.id AND v.revision = e.to_revision
            ORDER BY v.imported_at DESC, v.id DESC LIMIT 1
        ) p ON e.to_revision IS NOT NULL
    )
    SELECT DISTINCT w.start_id, s.id
    FROM walk w JOIN catalog_suspension s ON s.entry_id = w.entry_id
    WHERE s.lifted_at IS NULL AND (w.is_start OR s.descendants)
        AND (s.version_id IS NULL OR s.version_id = w.version_id OR NOT w.is_named)
    ORDER BY 1, 2
"""
