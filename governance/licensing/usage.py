"""How often the licences of the table, and words that it does not know, are declared in what a person sees."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count
from django.db.models.fields.json import KeyTextTransform

from governance.catalog.models import Entry
from governance.licensing.declared import licence_ids
from governance.people.models import User


@dataclass(frozen=True)
class Usage:
    """Entries by the licence that their newest version declares.

    ``by_licence`` counts an entry under every row that it names; ``unknown`` counts by what is written where no row is
    named; ``silent`` declare nothing.
    """

    by_licence: Counter[str]
    unknown: Counter[str]
    silent: int
    total: int


def usage(user: User) -> Usage:
    """One query, however many entries there are; its rows are the different declarations."""
    entries = Entry.objects.visible_to(user).filter(latest__isnull=False)
    declared = entries.values_list("latest__licenses", KeyTextTransform("license_name", "latest__card__metadata"))
    by_licence: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    silent = total = 0
    for written, name, number in declared.annotate(number=Count("pk")).order_by():
        total += number
        ids = licence_ids(written, name)
        by_licence.update(dict.fromkeys(ids, number))
        if not written:
            silent += number
        elif not ids:
            unknown.update(dict.fromkeys(written, number))
    return Usage(by_licence, unknown, silent, total)
