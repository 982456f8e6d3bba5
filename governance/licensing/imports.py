"""Which of the entries that an import has touched mean another licence to what was made from them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from governance.licensing import changes
from governance.licensing.declared import LICENSE_NAME
from governance.licensing.modalities import MORE_THAN_TEXT
from governance.licensing.models import Cause


def note_versions(newest: Mapping[int, tuple[int | None, int]], *, at: dt.datetime) -> None:
    """Have the newest versions judged, and what was made from those whose licence, origins or texts are others.

    Args:
        newest: by entry its newest version before (None for the first) and now.
    """
    updated = {entry: moved for entry, moved in newest.items() if moved[0] is not None}
    seen = _seen([version for moved in updated.values() for version in moved if version is not None])
    same = {entry for entry, (before, now) in updated.items() if seen.get(before or 0) == seen.get(now)}
    changed = newest.keys() - same
    changes.note(
        cause=Cause.IMPORT,
        entries=changed,
        alone=same,
        closes_below=changed,
        ref=f"{len(newest)} versions",
        # A collection of works that are new here is not kept waiting for the broker.
        soon=bool(updated),
        at=at,
    )


def note_texts(entries: Sequence[int], *, at: dt.datetime) -> None:
    """Have entries judged again of which licence texts became known, with what was made from them."""
    changes.note(
        cause=Cause.IMPORT, entries=entries, closes_below=entries, closes_of=entries, ref="licence texts read", at=at
    )


def _seen(versions: list[int]) -> dict[int, tuple[Any, ...]]:
    """What a descendant's audit reads of each version. One query, none for no versions."""
    if not versions:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, [versions])
        return {row[0]: tuple(row[1:]) for row in cursor.fetchall()}


_SEEN = f"""
    SELECT v.id, v.licenses::text, {LICENSE_NAME}, v.task, v.tags ?| ARRAY{list(MORE_THAN_TEXT)!r},
        v.assurance = 'card-only',
        ARRAY(
            SELECT (e.to_entry_id, e.relation, e.to_revision)::text FROM catalog_edge e
            WHERE e.version_id = v.id ORDER BY 1
        ),
        ARRAY(
            SELECT (f.path, f.sha256, f.git_oid)::text FROM catalog_file f
            WHERE f.version_id = v.id AND f.role = 'licence' ORDER BY 1
        ),
        ARRAY(
            SELECT (t.path, t.fingerprint)::text FROM catalog_licencetext t WHERE t.version_id = v.id ORDER BY 1
        )
    FROM catalog_version v LEFT JOIN catalog_card c ON c.id = v.card_id
    WHERE v.id = ANY(%s)
"""  # noqa: S608 (its parts are constants)
