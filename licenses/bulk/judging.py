"""Every work of a graph, judged in one pass over arrays."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from licenses import catalogue, expressions, lineage, observed
from licenses.bulk.cells import Cell, Found, States, Template, cell, own_cell
from licenses.bulk.combining import clashing
from licenses.bulk.graph import WORDS, Graph
from licenses.compat import judge as check_case
from licenses.compat.naming import UNSAID, begins_with
from licenses.evidence import MET
from licenses.expressions import All, AnyOf, Term
from licenses.findings import ARTEFACT, RANK, VERDICTS
from licenses.lineage import UNREADABLE

_UNREADABLE = WORDS.index(UNREADABLE)
# A named tuple made without its own constructor: there are millions.
_found = tuple.__new__
_SAID = [UNSAID.get(word, word) for word in WORDS]
"""Relations as a finding shows them."""


class _Paths(NamedTuple):
    """Paths of one closure, the artefact's own empty one first: parallel lists.

    ``before`` is the place of the path one hop nearer, ``words`` the last hop's relation; ``repeated``: some work is
    reached in several states.
    """

    nodes: list[int]
    states: list[int]
    before: list[int]
    words: list[int]
    repeated: bool


class Verdict(NamedTuple):
    """The answer for one work: ``compat.check``'s verdict, its findings and latent ones (in no order)."""

    work: int
    verdict: str
    findings: list[Found]
    latent: list[Found]

    @property
    def codes(self) -> list[str]:
        """The codes that bind, each once, the most severe first."""
        codes = {one.template.code: one.template.severity for one in self.findings}
        return sorted(codes, key=lambda code: (-RANK[codes[code]], code))


class Judge:
    """A graph under one use profile.

    What is found of a work depends on the artefact's declaration, on the work's and on the composed path between them,
    so it is kept for these three (``cells``). What depends on more is left to ``compat.check``, work by work: lists of
    licences on the artefact, cycles, unreadable relations, combined works that clash, and works that are reached by
    several paths and declare several licences. So are artefacts of which a text is given that works are looked for in
    by their names.
    """

    def __init__(self, graph: Graph, profile: Mapping[str, Any]) -> None:
        self.graph, self.profile = graph, dict(profile)
        self.states = States()
        self.wide = len(self.states.known)
        self.prefixes = sorted({row.name_prefix for row in catalogue.all_licences() if row.name_prefix})
        self.initials = {next(filter(str.isalnum, prefix.casefold())) for prefix in self.prefixes}
        read = [observed.declared(fact, None, "works") for fact in graph.facts]
        self.listed = [isinstance(one, All) and one.listed for one in read]
        self.read_for_names = [bool(fact.get("notice_texts") or fact.get("card_text")) for fact in graph.facts]
        self.names_origins = [fact.get("card_names_origins") is True for fact in graph.facts]
        self.met: dict[Template, Template] = {}
        # What is found of these is found by all paths to them together.
        self.needs_all_ways = [
            isinstance(one, (All, AnyOf))
            or "license_at_head" in fact
            or (fact.get("known") is False and "license" in fact)
            for one, fact in zip(read, graph.facts, strict=True)
        ]
        self.rows = [
            frozenset(leaf.licence for leaf in expressions.leaves(one) if isinstance(leaf, Term)) for one in read
        ]
        self.derived = [lineage.is_derived(state) for state in self.states.known]
        self.artefacts: dict[tuple[Any, ...], int] = {}
        self.own: list[Cell] = []
        self.own_found: list[tuple[list[Found], list[Found]]] = []
        self.sample: list[dict[str, Any]] = []
        self.cells: dict[int, Cell] = {}
        order = _order(graph)
        self.knotted = bytearray(b"\x01") * len(graph)
        for work in order:
            self.knotted[work] = 0
        self.clashing = clashing(graph, read, self.profile, order)
        self.left_to_check = 0

    def verdicts(self, works: Iterable[int] | None = None) -> Iterator[Verdict]:
        """The verdict of each work (of all, where none are named), one at a time."""
        graph, fact = self.graph, self.graph.fact
        for work in range(len(graph)) if works is None else works:
            artefact = self._artefact(work)
            if graph.first[work] == graph.first[work + 1]:
                yield Verdict(work, VERDICTS[self.own[artefact].rank], *self.own_found[artefact])
                continue
            paths = None
            alone = self.listed[fact[work]] or self.read_for_names[fact[work]]
            if not (self.knotted[work] or alone or work in self.clashing):
                paths = self._paths(work)
            yield self._checked(work) if paths is None else self._collected(work, artefact, paths)

    def _paths(self, work: int) -> _Paths | None:
        """A shortest path to each work in each state, as ``lineage.closure`` finds them; None where cells do not do."""
        graph, fact, wide = self.graph, self.graph.fact, self.wide
        first, upstream, how, after = graph.first, graph.upstream, graph.how, self.states.after
        nodes, states, before, words = [work], [0], [0], [0]
        seen, once = {work * wide}, {work}
        for at, node in enumerate(nodes):
            row = after[states[at]]
            for hop in range(first[node], first[node + 1]):
                word = how[hop]
                state, above = row[word], upstream[hop]
                key = above * wide + state
                if key in seen:
                    continue
                if (
                    above in self.clashing
                    or word == _UNREADABLE
                    or (above in once and self.needs_all_ways[fact[above]])
                ):
                    return None
                seen.add(key)
                once.add(above)
                nodes.append(above)
                states.append(state)
                before.append(at)
                words.append(word)
        return _Paths(nodes, states, before, words, len(once) < len(nodes))

    def _collected(self, work: int, artefact: int, paths: _Paths) -> Verdict:
        """What the cells of all paths say together."""
        nodes, states, before, words, repeated = paths
        ids, fact, facts, cells = self.graph.ids, self.graph.fact, len(self.graph.facts), self.cells
        worst, base = self.own[artefact].rank, artefact * self.wide
        found, latent = map(list, self.own_found[artefact])
        for at in range(1, len(nodes)):
            node = nodes[at]
            key = (base + states[at]) * facts + fact[node]
            kept = cells.get(key)
            if kept is None:
                kept = cells[key] = self._cell(artefact, states[at], node)
            if kept.of_family is not None and self.rows[fact[node]] & self._family(paths):
                kept = kept.of_family
            if not (kept.binding or kept.latent):
                continue
            if kept.rank > worst:
                worst = kept.rank
            chain, relations, back = [], [], at
            while back:
                chain.append(ids[nodes[back]])
                relations.append(_SAID[words[back]])
                back = before[back]
            chain.append(ARTEFACT)
            here, hops = tuple(chain), tuple(relations)
            found += [_found(Found, (template, here, hops)) for template in kept.binding]
            if kept.latent:
                latent += [_found(Found, (template, here, hops)) for template in kept.latent]
        if repeated:
            found, latent = _once(found, latent)
        if self.names_origins[fact[work]]:
            named = {ids[self.graph.upstream[hop]] for hop in self.graph.hops(work)}
            found, latent = self._attributed(found, named), self._attributed(latent, named)
        return Verdict(work, VERDICTS[worst], found, latent)

    def _attributed(self, found: list[Found], named: set[str]) -> list[Found]:
        """The findings, with attribution met for the works that the card names."""
        for at, one in enumerate(found):
            template = one.template
            if template.code == "O-ATTRIB" and template.state != MET and one.chain[0] in named:
                met = self.met.setdefault(template, replace(template, state=MET))
                found[at] = one._replace(template=met)
        return found

    def _artefact(self, work: int) -> int:
        """The number of the kind of artefact that a work is: what it says of itself, and how its name begins."""
        name = self.graph.ids[work]
        key = (self.graph.fact[work], self.graph.kind[work], self._beginning(name))
        number = self.artefacts.get(key)
        if number is None:
            number = self.artefacts[key] = len(self.own)
            graph = self.graph
            artefact = {"type": graph.kinds[graph.kind[work]], "name": name, **graph.facts[graph.fact[work]]}
            if self.names_origins[graph.fact[work]]:
                artefact["card_names_origins"] = False  # a cell is of a work at any distance
            self.sample.append(artefact)
            own = own_cell(artefact, self.profile, check_case)
            self.own.append(own)
            itself = [[Found(one, (ARTEFACT,), ()) for one in part] for part in (own.binding, own.latent)]
            self.own_found.append((itself[0], itself[1]))
        return number

    def _beginning(self, name: str) -> tuple[bool, ...]:
        """Which of the prefixes that licences ask for a name begins with; most names are told by one letter."""
        letter = name[name.rfind("/") + 1 :][:1].casefold()
        if letter.isalnum() and letter[0] not in self.initials:
            return ()
        return tuple(begins_with(name, prefix) for prefix in self.prefixes)

    def _cell(self, artefact: int, state: int, work: int) -> Cell:
        graph, states = self.graph, self.states
        said = graph.facts[graph.fact[work]]
        return cell(self.sample[artefact], said, states.hops[state], states.known[state], self.profile, check_case)

    def _family(self, paths: _Paths) -> frozenset[Any]:
        """Licences of the works that an artefact is derived from."""
        fact, rows = self.graph.fact, self.rows
        steps = zip(paths.nodes[1:], paths.states[1:], strict=True)
        return frozenset().union(*(rows[fact[node]] for node, state in steps if self.derived[state]))

    def _checked(self, work: int) -> Verdict:
        """A work that the cells do not suffice for."""
        self.left_to_check += 1
        answer = check_case(self.graph.case(work, self.profile))
        parts = [
            [
                Found(Template.of(one, latent=latent), tuple(one["chain"]), tuple(one["relations"]))
                for one in answer[part]
            ]
            for part, latent in (("findings", False), ("latent", True))
        ]
        return Verdict(work, answer["verdict"], *parts)


def _once(found: list[Found], latent: list[Found]) -> tuple[list[Found], list[Found]]:
    """The same said of the same work once, by its shortest chain; what binds before what is latent."""
    kept: dict[tuple[Any, ...], Found] = {}
    for part in (found, latent):
        for one in sorted(part, key=lambda each: (len(each.chain), each.chain)):
            kept.setdefault((one.chain[0], *one.template.key), one)
    once = list(kept.values())
    return [one for one in once if not one.template.latent], [one for one in once if one.template.latent]


def _order(graph: Graph) -> array[int]:
    """Works, each after all that it was made from; those with a work upstream of itself behind them are left out."""
    first = graph.first
    children_at, children = graph.descent()
    left = array("I", (first[work + 1] - first[work] for work in range(len(graph))))
    order = array("I", (work for work in range(len(graph)) if not left[work]))
    for work in order:
        for child in children[children_at[work] : children_at[work + 1]]:
            left[child] -= 1
            if not left[child]:
                order.append(child)
    return order
