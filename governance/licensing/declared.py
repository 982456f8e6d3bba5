"""Which licences a declaration names, and which entries declare a licence."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache

from django.db import connection

from licenses import expressions


def declared_value(licenses: list[str]) -> str | list[str] | None:
    """What a card declares, as the engine reads it."""
    return licenses[0] if len(licenses) == 1 else licenses or None


def licence_ids(licenses: Iterable[str], name: str | None = None) -> frozenset[str]:
    """The rows of the licence table that a declaration names, families and unread texts among them."""
    return _licence_ids(tuple(licenses), name)


@lru_cache(maxsize=8192)
def _licence_ids(licenses: tuple[str, ...], name: str | None) -> frozenset[str]:
    tree = expressions.parse(declared_value(list(licenses)), name)
    return frozenset(leaf.licence.id for leaf in expressions.leaves(tree) if leaf.licence is not None)


def declarations_of(licence: str) -> list[tuple[list[str], str | None]]:
    """Every spelling by which versions declare a licence of the table: (licenses, license_name). One query."""
    with connection.cursor() as cursor:
        cursor.execute(_DECLARATIONS)
        rows: list[tuple[str, str | None]] = cursor.fetchall()
    spelled = [(json.loads(said), name) for said, name in rows]
    return [(said, name) for said, name in spelled if licence in licence_ids(said, name)]


def entries_declaring(licence: str) -> list[int]:
    """The entries of which any version declares a licence of the table. Two queries."""
    return _entries(_ENTRIES, licence)


def entries_under(licence: str) -> list[int]:
    """The entries whose newest version declares a licence of the table. Two queries."""
    return _entries(f"{_ENTRIES} AND EXISTS (SELECT FROM catalog_entry WHERE latest_id = v.id)", licence)


def _entries(query: str, licence: str) -> list[int]:
    spellings = declarations_of(licence)
    if not spellings:
        return []
    with connection.cursor() as cursor:
        said, names = [json.dumps(one) for one, _ in spellings], [name for _, name in spellings]
        cursor.execute(f"{query} ORDER BY 1", [said, names])
        return [row[0] for row in cursor.fetchall()]


# A card may hold anything under license_name; only words name a licence.
LICENSE_NAME = "CASE WHEN jsonb_typeof(c.metadata -> 'license_name') = 'string' THEN c.metadata ->> 'license_name' END"
_DECLARATIONS = f"""
    SELECT DISTINCT v.licenses::text, {LICENSE_NAME}
    FROM catalog_version v LEFT JOIN catalog_card c ON c.id = v.card_id
"""  # noqa: S608 (its parts are constants)
_ENTRIES = f"""
    SELECT DISTINCT v.entry_id
    FROM unnest(%s::jsonb[], %s::text[]) AS d (said, name)
    JOIN catalog_version v ON v.licenses = d.said
    LEFT JOIN catalog_card c ON c.id = v.card_id
    WHERE {LICENSE_NAME} IS NOT DISTINCT FROM d.name
"""  # noqa: S608 (its parts are constants)
