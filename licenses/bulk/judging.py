"""Every work of a graph, judged in one pass over arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from licenses import lineage
from licenses.bulk.artefacts import Artefacts
from licenses.bulk.cells import Cell, Found, States, Template, cell
from licenses.bulk.combining import clashing
from licenses.bulk.graph import Graph
from licenses.bulk.joining import Joining
from licenses.bulk.order import upstream_first
from licenses.bulk.paths import SAID, UNREADABLE_WORD, PathFinder, Paths
from licenses.bulk.reading import Reading
from licenses.compat import judge as check_case
from licenses.evidence import MET
from licenses.findings import ARTEFACT, RANK, VERDICTS

# A named tuple made without its own constructor: there are millions.
_found = tuple.__new__

PATIENCE = 2_000
"""Cells that are filled before it is asked whether they are of use."""
KEPT = 20_000
"""Answers that are kept for the next work that was made in the same step from the same; then all are forgotten."""


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
        self.derived = [lineage.is_derived(state) for state in self.states.known]
        self.read = Reading(graph)
        self.artefacts = Artefacts(graph, self.profile, self.read)
        self.cells: dict[int, Cell] = {}
        self.met: dict[Template, Template] = {}
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
        found = clashing(graph, self.read.declared, self.profile, order)
        self.unsure |= {work for work, told_here in found.items() if not told_here}
        # Works of which more has to be looked at than what their cells say.
        self.closely = bytearray(self.knotted)
        for work in (*self.unsure, *found):
            self.closely[work] = 1
        self.finder = PathFinder(graph, self.states, self.read, unsure=self.unsure, clashing=found)
        self.joining = Joining(graph, self.states, self.profile, self.artefacts, self.finder)
        self.answers: dict[tuple[int, int, int], tuple[_Answer, int]] = {}
        self.asked = self.missed = 0
        self.left_to_check = 0

    @property
    def told(self) -> Mapping[tuple[int, int], list[Found]]:
        """What was told of works that are combined above a step."""
        return self.joining.told

    def verdicts(self, works: Iterable[int] | None = None) -> Iterator[Verdict]:
        """The verdict of each work (of all, where none are named), one at a time."""
        first = self.graph.first
        for work in range(len(self.graph)) if works is None else works:
            artefact = self.artefacts.number(work)
            if first[work] == first[work + 1]:
                yield Verdict(work, VERDICTS[self.artefacts.own[artefact].rank], *self.artefacts.own_found[artefact])
                continue
            yield Verdict(work, *self._judged(work, artefact))

    def _judged(self, work: int, artefact: int) -> _Answer:
        fact = self.graph.fact[work]
        if not (self.read.listed[fact] or self.read.read_for_names[fact] or work in self.unsure):
            if not self.closely[work] and (answer := self._walked_once(work, artefact)) is not None:
                return answer
            paths = self.finder.find(work)
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
        """Paths and ``_collected`` in one where one way leads to each work; None for what takes a closer look."""
        graph, cells, facts, after = self.graph, self.cells, len(self.graph.facts), self.states.after
        first, upstream, how, fact, ids, closely = (
            graph.first,
            graph.upstream,
            graph.how,
            graph.fact,
            graph.ids,
            self.closely,
        )
        worst, base = self.artefacts.own[artefact].rank, artefact * self.wide
        found, latent = map(list, self.artefacts.own_found[artefact])
        seen = {work}
        # Only works that were made from others are walked on from.
        ahead: list[tuple[int, int, tuple[str, ...], tuple[str, ...]]] = [(work, 0, (ARTEFACT,), ())]
        for node, state, chain, relations in ahead:
            row = after[state]
            for hop in range(first[node], first[node + 1]):
                word, above = how[hop], upstream[hop]
                state = row[word]
                kept = cells.get((base + state) * facts + fact[above])
                if (
                    kept is None
                    or kept.of_family is not None
                    or above in seen
                    or closely[above]
                    or word == UNREADABLE_WORD
                ):
                    return None
                seen.add(above)
                here, hops = (ids[above], *chain), (SAID[word], *relations)
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

    def _collected(self, work: int, artefact: int, paths: Paths) -> _Answer:
        """What the cells of all paths say together."""
        nodes, states, before, words, *_ = paths
        ids, fact, facts, cells = self.graph.ids, self.graph.fact, len(self.graph.facts), self.cells
        worst, base = self.artefacts.own[artefact].rank, artefact * self.wide
        found, latent = map(list, self.artefacts.own_found[artefact])
        self.asked += len(nodes)
        family: frozenset[Any] | None = None
        ways: list[tuple[tuple[str, ...], tuple[str, ...]]] = [((ARTEFACT,), ())]
        for at in range(1, len(nodes)):
            node = nodes[at]
            chain, hops = ways[before[at]]
            here, hops = (ids[node], *chain), (SAID[words[at]], *hops)
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
                if self.read.rows[fact[node]] & family:
                    kept = kept.of_family
            if kept.binding or kept.latent:
                worst = max(worst, kept.rank)
                found += [_found(Found, (template, here, hops)) for template in kept.binding]
                latent += [_found(Found, (template, here, hops)) for template in kept.latent]
        if self.knotted[work]:
            found += self.joining.cycles(work, paths)
        if paths.repeated or paths.places or self.knotted[work]:
            found, latent = self.joining.joined(artefact, paths, found, latent)
            worst = max((RANK[one.template.severity] for one in found), default=0)
        return VERDICTS[worst], tuple(self._attributed(work, found)), tuple(self._attributed(work, latent))

    def _attributed(self, work: int, found: list[Found]) -> list[Found]:
        """The findings, with attribution met for the works that the card names."""
        if not self.read.names_origins[self.graph.fact[work]]:
            return found
        named = {self.graph.ids[self.graph.upstream[hop]] for hop in self.graph.hops(work)}
        for at, one in enumerate(found):
            template = one.template
            if template.code == "O-ATTRIB" and template.state != MET and one.chain[0] in named:
                met = self.met.setdefault(template, replace(template, state=MET))
                found[at] = one._replace(template=met)
        return found

    def _cell(self, artefact: int, state: int, work: int) -> Cell:
        graph, states = self.graph, self.states
        said = graph.facts[graph.fact[work]]
        return cell(
            self.artefacts.sample[artefact], said, states.hops[state], states.known[state], self.profile, check_case
        )

    def _family(self, paths: Paths) -> frozenset[Any]:
        """Licences of the works that an artefact is derived from."""
        fact, rows = self.graph.fact, self.read.rows
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
