"""A whole graph of works in arrays: what each declares, and who was made from whom."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from licenses.cards import read_card
from licenses.lineage import UNREADABLE, UNSTATED
from licenses.questions import RELATIONS

FACTS = (
    "license",
    "license_name",
    "license_at_head",
    "license_before",
    "has_license_file",
    "files_checked",
    "notices",
    "attested",
    "includes_use_restrictions",
    "declared_text_reviewed",
    "modalities",
    "texts",
    "notice_texts",
    "notices_cut",
    "card_text",
    "card_seen",
    "card_names_origins",
    "records",
    "known",
)
"""What may be said of a work besides its name and its origins; works of which the same is said share it."""

WORDS = (*RELATIONS, UNSTATED, UNREADABLE)
"""What ``how`` points into."""


class Graph:
    """Works by number and their hops upstream.

    Args:
        ids: the id of each work.
        kinds: the words that ``kind`` points into, and ``kind`` of each work (model, dataset, space, …).
        facts: what ``fact`` points into: mappings with keys of ``FACTS``; and ``fact`` of each work.
        relations: the words that ``relation`` points into, as cards write them; None where a card says nothing.
        first: where each work's hops begin in ``upstream`` and ``relation``, and where the last one's end.
        upstream: the work at the end of each hop.
        relation: the relation of each hop.

    ``how`` holds the relations as the algebra of lineage reads them, places in ``WORDS``.
    """

    def __init__(
        self,
        *,
        ids: Sequence[str],
        kinds: Sequence[str],
        kind: Sequence[int],
        facts: Sequence[Mapping[str, Any]],
        fact: Sequence[int],
        relations: Sequence[str | None],
        first: Sequence[int],
        upstream: Sequence[int],
        relation: Sequence[int],
    ) -> None:
        self.ids, self.kinds, self.kind, self.facts, self.fact = ids, kinds, kind, facts, fact
        self.written = list(relations)
        self.first, self.upstream, self.relation = first, upstream, relation
        self._below: tuple[array[int], array[int]] | None = None
        self._badges: dict[int, tuple[str, ...]] = {}
        self._order_hops()

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, works: Iterable[Mapping[str, Any]]) -> Graph:
        """A graph of works as ``compat.check`` reads them in ``works``.

        Upstreams name works by type and id; one that is not among them becomes a work of which nothing is known.
        """
        given = list(works)
        number: dict[tuple[str, str], int] = {}
        for one in given:
            number.setdefault(_key(one), len(number))
        facts: dict[str, int] = {}
        table: list[Mapping[str, Any]] = []

        def fact_of(one: Mapping[str, Any]) -> int:
            said = {name: one[name] for name in FACTS if one.get(name) is not None}
            key = json.dumps(said, sort_keys=True, default=repr)
            if key not in facts:
                facts[key] = len(table)
                table.append(said)
            return facts[key]

        fact = array("I", map(fact_of, given))
        first, upstream, relation = array("I", [0]), array("I"), array("B")
        words: dict[str | None, int] = {}
        for one in given:
            for hop in one.get("upstream") or ():
                at = number.setdefault(_key(hop), len(number))
                if at == len(fact):
                    fact.append(fact_of({"known": False}))
                upstream.append(at)
                relation.append(words.setdefault(hop.get("relation"), len(words)))
            first.append(len(upstream))
        first.extend([len(upstream)] * (len(number) - len(given)))
        kinds = sorted({kind for kind, _ in number})
        return cls(
            ids=[name for _, name in number],
            kinds=kinds,
            kind=array("B", (kinds.index(kind) for kind, _ in number)),
            facts=table,
            fact=fact,
            relations=list(words),
            first=first,
            upstream=upstream,
            relation=relation,
        )

    def hops(self, work: int) -> range:
        """Places in ``upstream`` and ``relation`` of a work's hops."""
        return range(self.first[work], self.first[work + 1])

    def says(self, work: int, facts: Mapping[str, Any]) -> None:
        """Something else is said of a work from now on; a ``Judge`` that is there already does not notice."""
        self.facts = [*self.facts, {name: value for name, value in facts.items() if name in FACTS}]
        self.fact = array("I", self.fact)
        self.fact[work] = len(self.facts) - 1

    def affected(self, work: int) -> list[int]:
        """All works that were made from a work, nearest first, and the work itself before them."""
        first, below = self.descent()
        found, seen = [work], {work}
        for one in found:
            for child in below[first[one] : first[one + 1]]:
                if child not in seen:
                    seen.add(child)
                    found.append(child)
        return found

    def closure(self, work: int) -> list[int]:
        """A work and all works that it was made from."""
        found, seen = [work], {work}
        for one in found:
            for at in self.hops(one):
                above = self.upstream[at]
                if above not in seen:
                    seen.add(above)
                    found.append(above)
        return found

    def case(self, work: int, profile: Mapping[str, Any]) -> dict[str, Any]:
        """The case of one work, with its closure as ``works``: what ``compat.check`` would be asked."""
        return {
            "id": self.ids[work],
            "artefact": {"type": self.kinds[self.kind[work]], "name": self.ids[work], **self.facts[self.fact[work]]},
            "upstream": list(self._origins(work)),
            "works": [
                {
                    "id": self.ids[one],
                    "type": self.kinds[self.kind[one]],
                    **self.facts[self.fact[one]],
                    "upstream": list(self._origins(one)),
                }
                for one in self.closure(work)
            ],
            "use_profile": dict(profile),
        }

    def badges_in_name(self, work: int) -> tuple[str, ...]:
        """The words that licences want to be shown and that stand in a work's name; looked for once."""
        known = self._badges.get(work)
        if known is None:
            known = self._badges[work] = read_card(self.ids[work].encode("utf-8", "replace")).badges
        return known

    def _origins(self, work: int) -> Iterator[dict[str, Any]]:
        for at in self.hops(work):
            above = self.upstream[at]
            relation = self.written[self.relation[at]]
            yield {"id": self.ids[above], "type": self.kinds[self.kind[above]], "relation": relation}

    def _order_hops(self) -> None:
        """Every work's hops once each, in an order that says nothing about how they were listed: by id, then relation.

        Equally short chains are told apart by it, so it is the order of ``licenses.works``.
        """
        by_name = sorted(range(len(self.ids)), key=lambda one: (self.ids[one], self.kinds[self.kind[one]]))
        rank = array("I", bytes(4 * len(by_name)))
        for at, one in enumerate(by_name):
            rank[one] = at
        # A relation that nobody stated is read by what it leads to.
        read = [[WORDS.index(_readable(word, kind)) for kind in self.kinds] for word in self.written]
        first, upstream, relation, how = array("I", [0]), array("I"), array("B"), array("B")
        for work in range(len(self.ids)):
            begin, end = self.first[work], self.first[work + 1]
            hops: Iterable[tuple[int, int]] = zip(self.upstream[begin:end], self.relation[begin:end], strict=True)
            if end - begin > 1:
                once = {(rank[above], WORDS[read[word][self.kind[above]]]): (above, word) for above, word in hops}
                hops = [once[key] for key in sorted(once)]
            for above, word in hops:
                upstream.append(above)
                relation.append(word)
                how.append(read[word][self.kind[above]])
            first.append(len(upstream))
        self.first, self.upstream, self.relation, self.how = first, upstream, relation, how

    def descent(self) -> tuple[array[int], array[int]]:
        """Where each work's children begin, and the children."""
        if self._below is None:
            counts = array("I", bytes(4 * (len(self) + 1)))
            for above in self.upstream:
                counts[above + 1] += 1
            begins = array("I", accumulate(counts))
            at, children = array("I", begins), array("I", bytes(4 * len(self.upstream)))
            for work in range(len(self)):
                for hop in self.hops(work):
                    above = self.upstream[hop]
                    children[at[above]] = work
                    at[above] += 1
            self._below = begins, children
        return self._below


def _readable(written: str | None, kind: str) -> str:
    """A relation as the algebra of lineage knows it; ``licenses.works`` reads it alike."""
    if not written:
        return UNSTATED if kind == "model" else UNREADABLE
    word = written.strip().casefold()
    return word if word in RELATIONS else UNREADABLE


def _key(one: Mapping[str, Any]) -> tuple[str, str]:
    return str(one.get("type") or "model"), str(one["id"])
