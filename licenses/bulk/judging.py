"""Every work of a graph, judged in one pass over arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from licenses import catalogue, expressions, lineage, observed
from licenses.bulk.cells import (
    MULTI,
    Cell,
    Clash,
    Found,
    States,
    Template,
    cell,
    clashes,
    cycle_template,
    differs_as_choice,
    own_cell,
    told,
)
from licenses.bulk.combining import clashing
from licenses.bulk.graph import WORDS, Graph
from licenses.bulk.order import upstream_first
from licenses.compat import judge as check_case
from licenses.compat.combined import OUTSIDE
from licenses.compat.naming import UNSAID, plain_name
from licenses.evidence import MET
from licenses.expressions import All, AnyOf, Expression, Term
from licenses.findings import ARTEFACT, RANK, VERDICTS
from licenses.lineage import UNREADABLE, UNSTATED

_ROOT = -1
_UNREADABLE = WORDS.index(UNREADABLE)
# A named tuple made without its own constructor: there are millions.
_found = tuple.__new__
_SAID = [UNSAID.get(word, word) for word in WORDS]
"""Relations as a finding shows them."""


PATIENCE = 2_000
"""Cells that are filled before it is asked whether they are of use."""
KEPT = 20_000
"""Answers that are kept for the next work that was made in the same step from the same; then all are forgotten."""


class _Paths(NamedTuple):
    """Paths of one closure, the artefact's own empty one first: parallel lists.

    ``before`` is the place of the path one hop nearer, ``words`` the last hop's relation; ``repeated``: some work is
    reached in several states; ``places``: paths to works whose parts clash; ``together``: works of which
    all paths have to be asked at once; ``to_be_asked``: which clash is told where is for the engine to say.
    """

    nodes: list[int]
    states: list[int]
    before: list[int]
    words: list[int]
    repeated: bool
    places: list[int]
    together: set[int]
    to_be_asked: bool


class Verdict(NamedTuple):
    """The answer for one work: ``compat.check``'s verdict, its findings and latent ones, in no order."""

    work: int
    verdict: str
    findings: tuple[Found, ...]
    latent: tuple[Found, ...]

    @property
    def codes(self) -> list[str]:
        """The codes that bind, each once, the most severe first."""
        codes = {one.template.code: one.template.severity for one in self.findings}
        return sorted(codes, key=lambda code: (-RANK[codes[code]], code))


_Answer = tuple[str, tuple[Found, ...], tuple[Found, ...]]


class Judge:
    """A graph under one use profile.

    What is found of a work depends on the artefact's declaration, on the work's and on the composed path between them,
    so it is kept for these three (``cells``). What depends on more is left to ``compat.judge``, work by work: lists of
    licences on the artefact, unreadable relations, combined works behind a cycle or that clash again, choices
    among those that clash, and works that are reached by several paths and offer a choice or changed their licence. So
    are artefacts of which a text is given in which works are looked for by their names.
    """

    def __init__(self, graph: Graph, profile: Mapping[str, Any]) -> None:
        self.graph, self.profile = graph, dict(profile)
        self.states = States()
        self.wide = len(self.states.known)
        self.prefixes = sorted({plain_name(row.name_prefix) for row in catalogue.all_licences() if row.name_prefix})
        self.initials = {prefix[0] for prefix in self.prefixes}
        read = [observed.declared(fact, None, "works") for fact in graph.facts]
        self.listed = [isinstance(one, All) and one.listed for one in read]
        self.seen = [any(fact.get(key) is not None for key in observed.KEYS) for fact in graph.facts]
        self.read_for_names = [bool(fact.get("notice_texts") or fact.get("card_text")) for fact in graph.facts]
        self.names_origins = [fact.get("card_names_origins") is True for fact in graph.facts]
        self.met: dict[Template, Template] = {}
        self.chosen = [any(isinstance(each, AnyOf) for each in _nodes(one)) for one in read]
        # What is found of these is found by all paths to them together; of sums (an AND, a list) that is one finding.
        self.asks_all_ways = [
            isinstance(one, (All, AnyOf))
            or "license_at_head" in fact
            or (fact.get("known") is False and "license" in fact)
            for one, fact in zip(read, graph.facts, strict=True)
        ]
        self.sums = [
            isinstance(one, All) and not chosen and not {"license_at_head", "known"} & set(fact)
            for one, chosen, fact in zip(read, self.chosen, graph.facts, strict=True)
        ]
        self.rows = [
            frozenset(leaf.licence for leaf in expressions.leaves(one) if isinstance(leaf, Term)) for one in read
        ]
        self.derived = [lineage.is_derived(state) for state in self.states.known]
        self.artefacts: dict[tuple[Any, ...], int] = {}
        self.own: list[Cell] = []
        self.own_found: list[tuple[tuple[Found, ...], tuple[Found, ...]]] = []
        self.sample: list[dict[str, Any]] = []
        self.cells: dict[int, Cell] = {}
        self.clashes: dict[tuple[int, bool], list[Clash]] = {}
        self.told: dict[tuple[int, int], list[Found]] = {}
        self.multi: dict[tuple[int, ...], Template | None] = {}
        order = upstream_first(graph)
        self.knotted = bytearray(b"\x01") * len(graph)
        for work in order:
            self.knotted[work] = 0
        # Combined works behind a cycle have no order in which to find what they bring; some clashes are told only once.
        self.unsure = {
            work
            for work, knotted in enumerate(self.knotted)
            if knotted and graph.first[work + 1] - graph.first[work] > 1
        }
        self.clashing = clashing(graph, read, self.profile, order)
        self.unsure |= {work for work, told_here in self.clashing.items() if not told_here}
        # Works of which more has to be looked at than what their cells say.
        self.closely = bytearray(self.knotted)
        for work in (*self.unsure, *self.clashing):
            self.closely[work] = 1
        self.answers: dict[tuple[int, int, int], tuple[_Answer, int]] = {}
        self.cycle = cycle_template(check_case)
        self.asked = self.missed = 0
        self.left_to_check = 0

    def verdicts(self, works: Iterable[int] | None = None) -> Iterator[Verdict]:
        """The verdict of each work (of all, where none are named), one at a time."""
        first = self.graph.first
        for work in range(len(self.graph)) if works is None else works:
            artefact = self._artefact(work)
            if first[work] == first[work + 1]:
                yield Verdict(work, VERDICTS[self.own[artefact].rank], *self.own_found[artefact])
                continue
            yield Verdict(work, *self._judged(work, artefact))

    def _judged(self, work: int, artefact: int) -> _Answer:
        fact = self.graph.fact[work]
        if not (self.listed[fact] or self.read_for_names[fact] or work in self.unsure):
            if not self.closely[work] and (answer := self._walked_once(work, artefact)) is not None:
                return answer
            paths = self._paths(work)
            if paths is not None:
                return self._collected(work, artefact, paths)
        return self._checked(work)

    def _walked_once(self, work: int, artefact: int) -> _Answer | None:
        """``_walked``; what the same kind of artefact made in the same one step was told is the very same."""
        graph = self.graph
        first = graph.first[work]
        if graph.first[work + 1] - first != 1:
            return self._walked(work, artefact)
        key = artefact, graph.upstream[first], graph.how[first]
        known = self.answers.get(key)
        if known is None:
            before = self.asked
            answer = self._walked(work, artefact)
            if answer is None:
                return None
            if len(self.answers) >= KEPT:
                self.answers.clear()
            self.answers[key] = answer, self.asked - before
            return answer
        self.asked += known[1]
        return known[0]

    def _walked(self, work: int, artefact: int) -> _Answer | None:
        """``_paths`` and ``_collected`` in one where one way leads to each work; None for what takes a closer look."""
        graph, cells, facts, after = self.graph, self.cells, len(self.graph.facts), self.states.after
        first, upstream, how, fact, ids, closely = (
            graph.first,
            graph.upstream,
            graph.how,
            graph.fact,
            graph.ids,
            self.closely,
        )
        worst, base = self.own[artefact].rank, artefact * self.wide
        found, latent = map(list, self.own_found[artefact])
        seen = {work}
        # Only works that were made from others are walked on from.
        ahead: list[tuple[int, int, tuple[str, ...], tuple[str, ...]]] = [(work, 0, (ARTEFACT,), ())]
        for node, state, chain, relations in ahead:
            row = after[state]
            for hop in range(first[node], first[node + 1]):
                word, above = how[hop], upstream[hop]
                state = row[word]
                kept = cells.get((base + state) * facts + fact[above])
                if kept is None or kept.of_family is not None or above in seen or closely[above] or word == _UNREADABLE:
                    return None
                seen.add(above)
                here, hops = (ids[above], *chain), (_SAID[word], *relations)
                if kept.binding:
                    found += [_found(Found, (template, here, hops)) for template in kept.binding]
                    if kept.rank > worst:
                        worst = kept.rank
                if kept.latent:
                    latent += [_found(Found, (template, here, hops)) for template in kept.latent]
                if first[above] != first[above + 1]:
                    ahead.append((above, state, here, hops))
        self.asked += len(seen)
        return VERDICTS[worst], tuple(self._attributed(work, found)), tuple(self._attributed(work, latent))

    def _paths(self, work: int) -> _Paths | None:
        """A shortest path to each work in each state, as ``lineage.closure`` finds them; None where cells do not do."""
        graph, fact, wide = self.graph, self.graph.fact, self.wide
        first, upstream, how, after = graph.first, graph.upstream, graph.how, self.states.after
        nodes, states, before, words = [work], [0], [0], [0]
        seen, once = {work * wide}, {work}
        places = [0] if work in self.clashing else []
        together: set[int] = set()
        # Where one way leads up, all that made the first step are told the same of what is combined further up.
        one_way, to_be_asked = first[work + 1] - first[work] == 1, False
        for at, node in enumerate(nodes):
            row = after[states[at]]
            for hop in range(first[node], first[node + 1]):
                word = how[hop]
                state, above = row[word], upstream[hop]
                key = above * wide + state
                if key in seen:
                    continue
                if (
                    word == _UNREADABLE
                    or (above in self.unsure and not one_way)
                    or (above in once and not self._adds_up(fact[above], above, together))
                ):
                    return None
                to_be_asked = to_be_asked or above in self.unsure
                if above in self.clashing:
                    places.append(len(nodes))
                seen.add(key)
                once.add(above)
                nodes.append(above)
                states.append(state)
                before.append(at)
                words.append(word)
        if (places or to_be_asked) and any(self.chosen[fact[one]] for one in nodes):
            return None
        if to_be_asked and work in nodes[1:]:
            return None  # its own licence comes back to it
        return _Paths(nodes, states, before, words, len(once) < len(nodes), places, together, to_be_asked)

    def _adds_up(self, fact: int, work: int, together: set[int]) -> bool:
        """Whether what is found of a work by several paths is the sum of what is found by each; notes sums of lists."""
        if self.asks_all_ways[fact]:
            together.add(work)
            return self.sums[fact]
        return True

    def _collected(self, work: int, artefact: int, paths: _Paths) -> _Answer:
        """What the cells of all paths say together."""
        nodes, states, before, words, *_ = paths
        ids, fact, facts, cells = self.graph.ids, self.graph.fact, len(self.graph.facts), self.cells
        worst, base = self.own[artefact].rank, artefact * self.wide
        found, latent = map(list, self.own_found[artefact])
        self.asked += len(nodes)
        family: frozenset[Any] | None = None
        ways: list[tuple[tuple[str, ...], tuple[str, ...]]] = [((ARTEFACT,), ())]
        for at in range(1, len(nodes)):
            node = nodes[at]
            chain, hops = ways[before[at]]
            here, hops = (ids[node], *chain), (_SAID[words[at]], *hops)
            ways.append((here, hops))
            key = (base + states[at]) * facts + fact[node]
            kept = cells.get(key)
            if kept is None:
                self.missed += 1
                if self.missed > PATIENCE and 2 * self.missed > self.asked:
                    # Hardly a cell was of use twice: to judge the whole work is cheaper than to fill more of them.
                    self.missed += len(nodes) - 1
                    return self._checked(work)
                kept = cells[key] = self._cell(artefact, states[at], node)
            if kept.of_family is not None:
                if node in paths.together:
                    return self._checked(work)
                family = self._family(paths) if family is None else family
                if self.rows[fact[node]] & family:
                    kept = kept.of_family
            if kept.binding or kept.latent:
                worst = max(worst, kept.rank)
                found += [_found(Found, (template, here, hops)) for template in kept.binding]
                latent += [_found(Found, (template, here, hops)) for template in kept.latent]
        if self.knotted[work]:
            found += self._cycles(work, paths)
        if paths.repeated or paths.places or self.knotted[work]:
            found, latent = self._joined(artefact, paths, found, latent)
            worst = max((RANK[one.template.severity] for one in found), default=0)
        return VERDICTS[worst], tuple(self._attributed(work, found)), tuple(self._attributed(work, latent))

    def _attributed(self, work: int, found: list[Found]) -> list[Found]:
        """The findings, with attribution met for the works that the card names."""
        if not self.names_origins[self.graph.fact[work]]:
            return found
        named = {self.graph.ids[self.graph.upstream[hop]] for hop in self.graph.hops(work)}
        for at, one in enumerate(found):
            template = one.template
            if template.code == "O-ATTRIB" and template.state != MET and one.chain[0] in named:
                met = self.met.setdefault(template, replace(template, state=MET))
                found[at] = one._replace(template=met)
        return found

    def _joined(
        self, artefact: int, paths: _Paths, found: list[Found], latent: list[Found]
    ) -> tuple[list[Found], list[Found]]:
        """The findings of all paths as one: what several paths or parts say together, and everything once."""
        if paths.together:
            several = {self.graph.ids[node] for node in paths.together}
            found = [one for one in found if one.template.code != MULTI or one.chain[0] not in several]
            found += self._together(artefact, paths)
        for one in self._combined(paths) if paths.places or paths.to_be_asked else ():
            (latent if one.template.latent else found).append(one)
        return _once(found, latent)

    def _way(self, paths: _Paths, at: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The chain of a path, from its end down to the artefact, and the relations of its hops."""
        ids, (nodes, _, before, words, *_) = self.graph.ids, paths
        chain, relations = [], []
        while at:
            chain.append(ids[nodes[at]])
            relations.append(_SAID[words[at]])
            at = before[at]
        chain.append(ARTEFACT)
        return tuple(chain), tuple(relations)

    def _cycles(self, work: int, paths: _Paths) -> Iterator[Found]:
        """Works that are upstream of themselves, each knot once, as ``licenses.compat`` finds them."""
        graph = self.graph
        edges = {
            node: [(WORDS[graph.how[hop]], graph.upstream[hop]) for hop in graph.hops(node)]
            for node in set(paths.nodes)
        }
        # The artefact is one thing, and the work of its name that it may be made from is another.
        edges[_ROOT] = edges[work]
        told: set[str] = set()
        for to, around in lineage.cycles(_ROOT, edges):
            (works, relations), (below, hops) = self._hops(around), self._hops(to)
            told.update(works[:-1] + below)
            yield Found(self.cycle, works[:-1] + below, relations + hops)
        for at, node in enumerate(paths.nodes):
            if at and node == work and graph.ids[work] not in told:
                yield Found(self.cycle, *self._way(paths, at))
                return

    def _hops(self, path: lineage.Path[int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        hops = list(path.hops())
        works = tuple(ARTEFACT if hop.node == _ROOT else self.graph.ids[hop.node] for hop in hops)
        return works, tuple(UNSAID.get(hop.relation, hop.relation) for hop in hops[:-1])

    def _together(self, artefact: int, paths: _Paths) -> Iterator[Found]:
        """Works that list several licences and are reached by several paths: does it matter how the list was meant?"""
        graph, states = self.graph, self.states
        for node in paths.together:
            ways = [at for at, one in enumerate(paths.nodes) if one == node]
            key = (artefact, graph.fact[node], *sorted(paths.states[at] for at in ways))
            if key not in self.multi:
                said, hops = graph.facts[graph.fact[node]], [states.hops[state] for state in key[2:]]
                self.multi[key] = differs_as_choice(self.sample[artefact], said, hops, self.profile, check_case)
            template = self.multi[key]
            if template is not None:
                yield Found(template, *self._way(paths, ways[0]))

    def _combined(self, paths: _Paths) -> Iterator[Found]:
        """Clashes at works that combine others, with the ways down from there."""
        if paths.to_be_asked:
            yield from self._told(paths.nodes[1], paths.words[1])
            return
        best: dict[int, tuple[bool, int]] = {}
        for at in paths.places:
            state = self.states.known[paths.states[at]]
            if state.nearest in OUTSIDE:
                continue
            trained = bool(state.trained)
            known = best.get(paths.nodes[at])
            if known is None or (known[0] and not trained):
                best[paths.nodes[at]] = trained, at
        for node, (trained, at) in best.items():
            here, hops = self._way(paths, at)
            for clash in self._clashes(node, trained=trained):
                yield Found(clash.template, clash.works + here, clash.relations + hops)

    def _told(self, above: int, word: int) -> list[Found]:
        """What everything that was made in one step from a work is told of the works that are combined above it."""
        key = (above, word)
        if key not in self.told:
            graph = self.graph
            relation = None if WORDS[word] == UNSTATED else WORDS[word]
            link = {"id": graph.ids[above], "type": graph.kinds[graph.kind[above]], "relation": relation}
            works = graph.case(above, self.profile)["works"]
            self.told[key] = told(works, link, self.profile, check_case)
        return self.told[key]

    def _clashes(self, work: int, *, trained: bool) -> list[Clash]:
        key = (work, trained)
        if key not in self.clashes:
            graph = self.graph
            at = {"id": graph.ids[work], "type": graph.kinds[graph.kind[work]]}
            relation = "train_on" if trained else "finetune"
            works = graph.case(work, self.profile)["works"]
            self.clashes[key] = clashes(works, at, relation, self.profile, check_case)
        return self.clashes[key]

    def _artefact(self, work: int) -> int:
        """The number of the kind of artefact that a work is: what it says of itself, and how its name begins."""
        name = self.graph.ids[work]
        # What stands in the name may be words that a licence wants to be shown.
        shown = self.graph.badges_in_name(work) if self.seen[self.graph.fact[work]] else ()
        key = (self.graph.fact[work], self.graph.kind[work], self._beginning(name), shown)
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
            binding, latent = (tuple(Found(one, (ARTEFACT,), ()) for one in part) for part in (own.binding, own.latent))
            self.own_found.append((binding, latent))
        return number

    def _beginning(self, name: str) -> tuple[bool, ...]:
        """Which of the prefixes that licences ask for a name begins with; most names are told by one letter."""
        letter = name[name.rfind("/") + 1 :][:1].casefold()
        if letter.isalnum() and letter[0] not in self.initials:
            return ()
        plain = plain_name(name)
        return tuple([plain.startswith(prefix) for prefix in self.prefixes])

    def _cell(self, artefact: int, state: int, work: int) -> Cell:
        graph, states = self.graph, self.states
        said = graph.facts[graph.fact[work]]
        return cell(self.sample[artefact], said, states.hops[state], states.known[state], self.profile, check_case)

    def _family(self, paths: _Paths) -> frozenset[Any]:
        """Licences of the works that an artefact is derived from."""
        fact, rows = self.graph.fact, self.rows
        steps = zip(paths.nodes[1:], paths.states[1:], strict=True)
        return frozenset().union(*(rows[fact[node]] for node, state in steps if self.derived[state]))

    def _checked(self, work: int) -> _Answer:
        """A work that the cells do not suffice for."""
        self.left_to_check += 1
        answer = check_case(self.graph.case(work, self.profile))
        found, latent = (
            tuple(Found.of(one, latent=is_latent) for one in answer[part])
            for part, is_latent in (("findings", False), ("latent", True))
        )
        return answer["verdict"], found, latent


def _nodes(expression: Expression) -> Iterator[Expression]:
    yield expression
    if isinstance(expression, (All, AnyOf)):
        for part in expression.parts:
            yield from _nodes(part)


def _once(found: list[Found], latent: list[Found]) -> tuple[list[Found], list[Found]]:
    """The same said of the same work once, by its shortest chain; what binds before what is latent."""
    kept: dict[tuple[Any, ...], Found] = {}
    for part in (found, latent):
        for one in sorted(part, key=lambda each: (len(each.chain), each.chain)):
            kept.setdefault((one.chain[0], *one.template.key), one)
    once = list(kept.values())
    return [one for one in once if not one.template.latent], [one for one in once if one.template.latent]
