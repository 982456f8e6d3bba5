"""Whose verdict a correction of the licence table would turn, before it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from governance.catalog.models import Entry
from governance.licensing import table
from governance.licensing.closure import entries_below, graph_above
from governance.licensing.declared import entries_declaring
from governance.licensing.inputs import Reader
from governance.people.models import User

MOST = 200
SHOWN = 30


@dataclass(frozen=True)
class Turn:
    """An entry whose newest version would be judged otherwise, under the default profile."""

    entry: Entry
    before: str
    after: str


@dataclass(frozen=True)
class Preview:
    """``looked_at`` of ``affected`` entries were judged twice; ``turns`` are those that differ, the first of them."""

    turns: Sequence[Turn]
    turned: int
    looked_at: int
    affected: int


def correction(*, licence: str, column: str, value: str, source_ref: str, user: User) -> Preview:
    """Judge what rests on a licence as it stands and as it would. At most a dozen queries; nothing is stored.

    Raises:
        NotAcceptable: the column cannot hold the value.
    """
    from governance.licensing.judging import judge_many  # the engine: only who judges loads it

    laid = {"licence": licence, "column": column, "value": value, "source_ref": source_ref}
    others = [one for one in table.overlay() if (one["licence"], one["column"]) != (licence, column)]
    table.corrected([*others, laid])
    affected = Entry.objects.visible_to(user).filter(pk__in=entries_below(entries_declaring(licence)))
    known = affected.filter(latest__isnull=False)
    entries = {entry.latest_id: entry for entry in known.order_by("key", "pk")[:MOST] if entry.latest_id is not None}
    reader = Reader(graph_above(entries), versions=entries)
    asked = [(version, reader.inputs(version, use_case=None)) for version in entries]
    before = judge_many(reader, asked)
    after = judge_many(reader, [(version, _with(inputs, laid)) for version, inputs in asked])
    turns = [
        Turn(entry, was.verdict, will.verdict)
        for entry, was, will in zip(entries.values(), before, after, strict=True)
        if was.verdict != will.verdict
    ]
    return Preview(turns[:SHOWN], len(turns), len(entries), known.count())


def _with(inputs: Mapping[str, Any], laid: Mapping[str, str]) -> dict[str, Any]:
    there = [
        one
        for one in inputs.get("corrections", ())
        if (one["licence"], one["column"]) != (laid["licence"], laid["column"])
    ]
    return {**inputs, "corrections": [*there, dict(laid)]}
