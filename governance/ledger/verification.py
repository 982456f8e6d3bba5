"""Whether the ledger is what it was: every event against its leaf, every leaf in its place, every checkpoint."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from audits.digests import canonical
from governance.ledger import tree
from governance.ledger.models import Checkpoint, Event, Leaf
from governance.ledger.services import document_of


@dataclass(frozen=True)
class Place:
    """One line of a ledger: an event with the place and hash that it was given; ``hash`` is None where none stands."""

    index: int
    document: dict[str, Any]
    hash: bytes | None


@dataclass
class Checked:
    """``first_bad`` is the first place that is not what it was; None where all are. ``size`` counts good places.

    ``why`` is empty, or one of: leaf_missing (a place is empty), event_changed (the event is not what was hashed),
    checkpoint_differs (the places since the checkpoint before were changed together with their hashes),
    checkpoint_without_leaves (the end was cut off), differs_from_witness.
    """

    size: int = 0
    root: str = tree.EMPTY_ROOT.hex()
    first_bad: int | None = None
    why: str = ""
    waiting: int = 0
    hashes: list[bytes] = field(default_factory=list, repr=False)

    @property
    def ok(self) -> bool:
        return self.first_bad is None

    def as_json(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "size": self.size,
            "root": self.root,
            "first_bad": self.first_bad,
            "why": self.why,
            "waiting": self.waiting,
        }


def check(places: Iterable[Place], checkpoints: Iterable[tuple[int, str]], *, keep: bool = False) -> Checked:
    """Go through a ledger from its beginning and stop at the first place that is bad.

    Args:
        places: by index.
        checkpoints: sizes with roots, by size.
        keep: keep the leaf hashes, for a comparison.
    """
    found = Checked()
    frontier: list[bytes] = []
    due = iter(checkpoints)
    next_one = next(due, None)
    good = 0  # size of the newest checkpoint that agreed
    for place in places:
        if place.index != found.size or place.hash is None:
            return _bad(found, found.size, "leaf_missing")
        computed = tree.leaf_hash(canonical(place.document))
        if computed != place.hash:
            return _bad(found, place.index, "event_changed")
        frontier, found.size = tree.grown(frontier, found.size, [computed])
        if keep:
            found.hashes.append(computed)
        while next_one is not None and next_one[0] == found.size:
            if tree.root(frontier).hex() != next_one[1]:
                return _bad(found, good, "checkpoint_differs")
            good, next_one = found.size, next(due, None)
        found.root = tree.root(frontier).hex()
    if next_one is not None:
        return _bad(found, found.size, "checkpoint_without_leaves")
    return found


def _bad(found: Checked, index: int, why: str) -> Checked:
    found.first_bad, found.why = index, why
    return found


def check_database(*, keep: bool = False) -> Checked:
    """The ledger as the database has it. Events that wait for their place are counted, and none of them is bad."""
    found = check(_stored(), _checkpoints(), keep=keep)
    found.waiting = Event.objects.filter(leaf=None).count()
    return found


def _stored() -> Iterator[Place]:
    for leaf in Leaf.objects.select_related("event").order_by("index").iterator(chunk_size=2_000):
        yield Place(leaf.index, document_of(leaf.event), bytes(leaf.hash))


def _checkpoints() -> Iterator[tuple[int, str]]:
    return iter(Checkpoint.objects.order_by("size").values_list("size", "root").iterator(chunk_size=2_000))


# --- exports -------------------------------------------------------------------------------------------------------


class ExportUnreadable(ValueError):
    """A line of an export is not what ``export_ledger`` writes."""


def exported() -> Iterator[str]:
    """The ledger as lines of JSON: every place, and every checkpoint after its last place."""
    checkpoints = Checkpoint.objects.order_by("size").iterator(chunk_size=2_000)
    due = next(checkpoints, None)
    for place in _stored():
        held = place.hash.hex() if place.hash is not None else None
        yield json.dumps({"index": place.index, "hash": held, "event": place.document}, ensure_ascii=False)
        while due is not None and due.size == place.index + 1:
            yield json.dumps({"checkpoint": due.size, "root": due.root, "at": due.made_at.isoformat()})
            due = next(checkpoints, None)


def read_export(lines: Iterable[str]) -> tuple[list[Place], list[tuple[int, str]]]:
    """The places and checkpoints of an export.

    Raises:
        ExportUnreadable: with the number of the line.
    """
    places: list[Place] = []
    checkpoints: list[tuple[int, str]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            if "checkpoint" in row:
                checkpoints.append((int(row["checkpoint"]), str(row["root"])))
            else:
                held = bytes.fromhex(row["hash"]) if row["hash"] is not None else None
                places.append(Place(int(row["index"]), dict(row["event"]), held))
        except (ValueError, TypeError, KeyError, RecursionError) as unreadable:
            raise ExportUnreadable(f"line {number} is not a line of an exported ledger") from unreadable
    return places, sorted(checkpoints)


def against_witness(places: list[Place], checkpoints: list[tuple[int, str]]) -> Checked:
    """The database's ledger against an export of earlier: every place of the export has to stand unchanged."""
    witness = check(places, checkpoints, keep=True)
    if not witness.ok:
        return witness
    now = check_database(keep=True)
    if not now.ok:
        return now
    for index, held in enumerate(witness.hashes):
        if index >= len(now.hashes) or now.hashes[index] != held:
            return _bad(now, index, "differs_from_witness")
    return now
