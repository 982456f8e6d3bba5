"""One licence of the table: what it says, what lawyers said beside it, and who uses it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from django.db.models import Q

from governance.catalog.models import Entry
from governance.licensing import table
from governance.licensing.declared import entries_under
from governance.licensing.models import Annotation, Correction
from governance.people.models import User
from licenses import catalogue
from licenses.catalogue import Clause, Licence

# What a row is known by, in which nothing is said about what is allowed.
NOT_TERMS = frozenset(
    {
        *("id", "hf_id", "spdx", "scancode_key", "name", "family", "kind", "source_ref", "source_url", "evidence"),
        *("aliases", "clauses"),
    }
)
SHOWN = 50


@dataclass(frozen=True)
class TermShown:
    """One column of a licence. ``value`` is the one that holds; ``shipped`` that of the table as it came.

    ``section`` names where the text says so: a correction's own where there is one, else the row's.
    """

    column: str
    value: Any
    shipped: Any
    section: str
    correction: Correction | None
    annotations: Sequence[Annotation]


@dataclass(frozen=True)
class LicenceDetail:
    """A licence as its page shows it. ``ended`` are the corrections that no longer hold, newest first."""

    licence: Licence
    terms: Sequence[TermShown]
    clauses: Mapping[str, Sequence[Clause]]
    annotations: Sequence[Annotation]
    ended: Sequence[Correction]
    table_digest: str


@dataclass(frozen=True)
class Users:
    """Entries that declare a licence, by name; ``total`` counts all of them that the person sees."""

    entries: Sequence[Entry]
    total: int


def licence_detail(licence_id: str) -> LicenceDetail | None:
    """A licence by its id, a Hub identifier, its SPDX id or an alias. Two queries; None for one that is not there."""
    shipped = catalogue.find(licence_id) if len(licence_id) <= 200 else None
    if shipped is None:
        return None
    said = list(Correction.objects.filter(licence=shipped.id).select_related("author").order_by("-made_at", "-pk"))
    holding = {one.column: one for one in said if one.ended_at is None}
    overlays = [one.as_overlay() for one in sorted(holding.values(), key=lambda one: one.column)]
    whole = table.corrected(overlays)
    licence = whole.rows[shipped.id]
    notes = annotations_of([shipped.id])
    terms = [
        TermShown(
            column=column.name,
            value=getattr(licence, column.name),
            shipped=getattr(shipped, column.name),
            section=holding[column.name].source_ref if column.name in holding else shipped.source_ref,
            correction=holding.get(column.name),
            annotations=notes.get((shipped.id, column.name), []),
        )
        for column in fields(Licence)
        if column.name not in NOT_TERMS or column.name in holding
    ]
    ended = [one for one in said if one.ended_at is not None]
    return LicenceDetail(licence, terms, licence.clauses, notes.get((shipped.id, ""), []), ended, whole.digest)


def annotations_of(licences: Iterable[str]) -> dict[tuple[str, str], list[Annotation]]:
    """The notes in force on some licences by (licence, column), the newest first. One query.

    A finding that rests on ``term`` of ``licence_id`` is shown with those at (licence_id, term), and with those at
    (licence_id, ""), which are on the whole licence.
    """
    found: dict[tuple[str, str], list[Annotation]] = defaultdict(list)
    notes = Annotation.objects.in_force().filter(licence__in=set(licences)).select_related("author")
    for note in notes.order_by("-made_at", "-pk"):
        found[note.licence, note.column].append(note)
    return dict(found)


def users_of(licence_id: str, *, user: User | None, limit: int = SHOWN) -> Users:
    """The entries whose newest version declares a licence, as far as a person sees them. Four queries.

    Args:
        user: None is the operator at the machine, who sees all.
    """
    licence = catalogue.find(licence_id)
    if licence is None:
        return Users([], 0)
    entries = Entry.objects.all() if user is None else Entry.objects.visible_to(user)
    using = entries.filter(Q(pk__in=entries_under(licence.id))).select_related("latest", "team", "licence_standing")
    return Users(list(using.order_by("key", "pk")[:limit]), using.count())
