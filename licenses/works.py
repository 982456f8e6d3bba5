"""The graph of works that an artefact was made from, read from the two forms in which a case may give it.

A person writes ``upstream`` nested: each work holds its own. The product passes a flat list ``works`` and names, so
that works may be shared and may be upstream of themselves. A work of ``upstream`` that stands in ``works`` takes from
there what it does not say itself. Two statements about one work that differ stay two works: neither hides the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from licenses import expressions, observed
from licenses.catalogue import Catalogue
from licenses.expressions import Expression
from licenses.fields import CaseRejected, flag, text, texts
from licenses.lineage import UNREADABLE, UNSTATED
from licenses.questions import RELATIONS

MAX_UPSTREAM = 100_000
"""Direct upstreams of one work that are read."""

ROOT = 0
"""The artefact's place in the graph."""

# An upstream that has no other keys names a work and says nothing of it.
_ONLY_NAMES = frozenset({"id", "type", "relation", "revision"})
# What may be said of a work in either form; what is null is not said.
_STATED = (
    "license",
    "license_name",
    "license_at_head",
    "files_checked",
    "modalities",
    "known",
    "declared_text_reviewed",
    "texts",
    "upstream",
)


@dataclass(frozen=True, slots=True)
class Work:
    """A work that the artefact was made from. ``known`` is False where only its name is known."""

    id: str
    type: str
    license: Expression
    known: bool = True
    files_checked: bool = False
    license_at_head: Expression | None = None
    modalities: tuple[str, ...] | None = None
    declared_text_reviewed: bool = False


@dataclass(frozen=True, slots=True)
class Graph:
    """Works by number, from 1; ``ROOT`` is the artefact.

    ``edges`` leads from a work to its direct upstreams, in an order that does not depend on how they were listed;
    ``written`` holds what stands in a card for a relation that cannot be read.
    """

    works: Mapping[int, Work]
    edges: Mapping[int, Sequence[tuple[str, int]]]
    written: Mapping[tuple[int, int], str]


def read(case: Mapping[str, Any], table: Catalogue | None) -> Graph:
    """Read ``upstream`` and ``works`` of a case.

    Raises:
        CaseRejected: a part has the wrong type, a work has no id, or ``works`` lists a work twice.
    """
    return _Reading(case, table).graph()


class _Reading:
    def __init__(self, case: Mapping[str, Any], table: Catalogue | None) -> None:
        self.table = table
        self.listed: dict[tuple[str, str], tuple[Mapping[str, Any], str]] = {}
        for at, (given, where) in enumerate(_objects(case, "works", "works")):
            name = _name(given, where)
            if name in self.listed:
                raise CaseRejected(f"works[{at}]: {name[1]} stands in the list twice")
            self.listed[name] = (given, where)
        self.top = list(_objects(case, "upstream", "upstream"))
        self.number: dict[tuple[Any, ...], int] = {}
        # Works that an upstream names and says nothing else of.
        self.named: dict[tuple[str, str], int] = {}
        self.works: dict[int, Work] = {}
        self.written: dict[tuple[int, int], str] = {}
        # Lists of upstreams that are still to be read, with the work that they belong to.
        self.waiting: list[tuple[int, list[tuple[Mapping[str, Any], str]]]] = []

    def graph(self) -> Graph:
        edges: dict[int, list[tuple[str, int]]] = {}
        self.waiting.append((ROOT, self.top))
        while self.waiting:
            node, upstream = self.waiting.pop()
            hops: dict[tuple[str, int], None] = {}
            for given, where in upstream:
                above = self._work(given, where)
                relation, as_written = _relation(given.get("relation"), self.works[above].type)
                hops[relation, above] = None
                if relation == UNREADABLE:
                    self.written[node, above] = as_written
            edges[node] = list(hops)
        order = {node: _order(work) for node, work in self.works.items()}
        for hops_of in edges.values():
            hops_of.sort(key=lambda hop: (order[hop[1]], hop[0]))
        return Graph(self.works, edges, self.written)

    def _work(self, given: Mapping[str, Any], where: str) -> int:
        """The number of a work as it is stated here; its upstreams are put in line to be read."""
        kind, name = _name(given, where)
        if _ONLY_NAMES.issuperset(given) and (known := self.named.get((kind, name))) is not None:
            return known
        behind, source = self.listed.get((kind, name), ({}, where))
        own = {key: given[key] for key in _STATED if given.get(key) is not None}
        stated = {**behind, **own}
        if own.get("license") is not None and "license_name" not in own:
            stated["license_name"] = None
        place = where if "upstream" in own else source
        work = Work(
            id=name,
            type=kind,
            license=observed.declared(stated, self.table, where),
            known=flag(stated, "known", f"{where}.known") is not False,
            files_checked=flag(stated, "files_checked", f"{where}.files_checked") is True,
            license_at_head=(
                None
                if stated.get("license_at_head") is None
                else expressions.parse(stated["license_at_head"], None, self.table)
            ),
            modalities=texts(stated, "modalities", f"{where}.modalities"),
            declared_text_reviewed=flag(stated, "declared_text_reviewed", f"{where}.declared_text_reviewed") is True,
        )
        # One list of upstreams is one place: a work that is stated alike with the same list is the same work.
        upstream = stated.get("upstream")
        key = (work, id(upstream) if upstream else None)
        number = self.number.get(key)
        if number is None:
            number = self.number[key] = len(self.number) + 1
            self.works[number] = work
            if upstream:
                self.waiting.append((number, list(_objects(stated, "upstream", f"{place}.upstream"))))
        if _ONLY_NAMES.issuperset(given):
            self.named[kind, name] = number
        return number


def _objects(given: Mapping[str, Any], key: str, where: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    several = given.get(key)
    if several is None:
        return
    if not isinstance(several, (list, tuple)):
        raise CaseRejected(f"{where}: is a list of objects")
    if key == "upstream" and len(several) > MAX_UPSTREAM:
        raise CaseRejected(f"{where}: {len(several)} entries; at most {MAX_UPSTREAM} are read")
    for at, one in enumerate(several):
        if not isinstance(one, Mapping):
            raise CaseRejected(f"{where}[{at}]: is an object with id, type, license and relation")
        yield one, f"{where}[{at}]"


def _name(given: Mapping[str, Any], where: str) -> tuple[str, str]:
    name = text(given, "id", f"{where}.id")
    if not name:
        raise CaseRejected(f"{where}.id: is missing; every upstream needs a name for the chain")
    return text(given, "type", f"{where}.type") or "model", name


def _relation(written: Any, kind: str) -> tuple[str, str]:
    """A relation as the algebra knows it, and as it was written. Any value is judged, none is refused."""
    if written is None or written == "":
        return (UNSTATED, "") if kind == "model" else (UNREADABLE, "")
    word = written.strip().casefold() if isinstance(written, str) else ""
    if word in RELATIONS:
        return word, word
    return UNREADABLE, expressions.shorten(word) if word else "not a word"


def _order(work: Work) -> tuple[Any, ...]:
    """Works in an order that depends on nothing but what is said of them."""
    leaves = [(leaf.written, getattr(leaf, "code", "")) for leaf in expressions.leaves(work.license)]
    return (
        work.id,
        work.type,
        leaves,
        work.known,
        work.files_checked,
        work.modalities or (),
        work.declared_text_reviewed,
    )
