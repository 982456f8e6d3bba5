"""What several paths to a work, or several of its parts, say together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from licenses import lineage
from licenses.bulk.artefacts import Artefacts
from licenses.bulk.cells import (
    MULTI,
    Clash,
    Found,
    States,
    Template,
    clashes,
    cycle_template,
    differs_as_choice,
    told,
)
from licenses.bulk.graph import WORDS, Graph
from licenses.bulk.paths import PathFinder, Paths
from licenses.compat import judge as check_case
from licenses.compat.combined import OUTSIDE
from licenses.compat.naming import UNSAID
from licenses.findings import ARTEFACT
from licenses.lineage import UNSTATED

_ROOT = -1


class Joining:
    """Findings of all paths as one. What is found so is kept: ``told`` of a step, ``clashes`` at a work, ``multi`` of
    a list of licences.
    """

    def __init__(
        self, graph: Graph, states: States, profile: Mapping[str, Any], artefacts: Artefacts, finder: PathFinder
    ) -> None:
        self.graph, self.states, self.profile = graph, states, profile
        self.artefacts, self.finder = artefacts, finder
        self.clashes: dict[tuple[int, bool], list[Clash]] = {}
        self.told: dict[tuple[int, int], list[Found]] = {}
        self.multi: dict[tuple[int, ...], Template | None] = {}
        self.cycle = cycle_template(check_case)

    def joined(
        self, artefact: int, paths: Paths, found: list[Found], latent: list[Found]
    ) -> tuple[list[Found], list[Found]]:
        """The findings of all paths as one: what several paths or parts say together, and everything once."""
        if paths.together:
            several = {self.graph.ids[node] for node in paths.together}
            found = [one for one in found if one.template.code != MULTI or one.chain[0] not in several]
            found += self._together(artefact, paths)
        for one in self._combined(paths) if paths.places or paths.to_be_asked else ():
            (latent if one.template.latent else found).append(one)
        return _once(found, latent)

    def cycles(self, work: int, paths: Paths) -> Iterator[Found]:
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
                yield Found(self.cycle, *self.finder.way(paths, at))
                return

    def _hops(self, path: lineage.Path[int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        hops = list(path.hops())
        works = tuple(ARTEFACT if hop.node == _ROOT else self.graph.ids[hop.node] for hop in hops)
        return works, tuple(UNSAID.get(hop.relation, hop.relation) for hop in hops[:-1])

    def _together(self, artefact: int, paths: Paths) -> Iterator[Found]:
        """Works that list several licences and are reached by several paths: does it matter how the list was meant?"""
        graph, states = self.graph, self.states
        for node in paths.together:
            ways = [at for at, one in enumerate(paths.nodes) if one == node]
            key = (artefact, graph.fact[node], *sorted(paths.states[at] for at in ways))
            if key not in self.multi:
                said, hops = graph.facts[graph.fact[node]], [states.hops[state] for state in key[2:]]
                self.multi[key] = differs_as_choice(
                    self.artefacts.sample[artefact], said, hops, self.profile, check_case
                )
            template = self.multi[key]
            if template is not None:
                yield Found(template, *self.finder.way(paths, ways[0]))

    def _combined(self, paths: Paths) -> Iterator[Found]:
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
            here, hops = self.finder.way(paths, at)
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


def _once(found: list[Found], latent: list[Found]) -> tuple[list[Found], list[Found]]:
    """The same said of the same work once, by its shortest chain; what binds before what is latent."""
    kept: dict[tuple[Any, ...], Found] = {}
    for part in (found, latent):
        for one in sorted(part, key=lambda each: (len(each.chain), each.chain)):
            kept.setdefault((one.chain[0], *one.template.key), one)
    once = list(kept.values())
    return [one for one in once if not one.template.latent], [one for one in once if one.template.latent]
