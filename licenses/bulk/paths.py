"""The ways from an artefact up to each work, and which of them take a closer look."""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple

from licenses.bulk.cells import States
from licenses.bulk.graph import WORDS, Graph
from licenses.bulk.reading import Reading
from licenses.compat.naming import UNSAID
from licenses.findings import ARTEFACT
from licenses.lineage import UNREADABLE

UNREADABLE_WORD = WORDS.index(UNREADABLE)
SAID = [UNSAID.get(word, word) for word in WORDS]
"""Relations as a finding shows them."""


class Paths(NamedTuple):
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


class PathFinder:
    """Paths in a graph.

    Args:
        unsure: works of which the cells do not say what is combined there.
        clashing: works whose parts may clash.
    """

    def __init__(
        self, graph: Graph, states: States, read: Reading, *, unsure: Container[int], clashing: Container[int]
    ) -> None:
        self.graph, self.states, self.read = graph, states, read
        self.unsure, self.clashing = unsure, clashing

    def find(self, work: int) -> Paths | None:
        """A shortest path to each work in each state, as ``lineage.closure`` finds them; None where cells do not do."""
        graph, fact, wide = self.graph, self.graph.fact, len(self.states.known)
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
                    word == UNREADABLE_WORD
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
        if (places or to_be_asked) and any(self.read.chosen[fact[one]] for one in nodes):
            return None
        if to_be_asked and work in nodes[1:]:
            return None  # its own licence comes back to it
        return Paths(nodes, states, before, words, len(once) < len(nodes), places, together, to_be_asked)

    def _adds_up(self, fact: int, work: int, together: set[int]) -> bool:
        """Whether what is found of a work by several paths is the sum of what is found by each; notes sums of lists."""
        if self.read.asks_all_ways[fact]:
            together.add(work)
            return self.read.sums[fact]
        return True

    def way(self, paths: Paths, at: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The chain of a path, from its end down to the artefact, and the relations of its hops."""
        ids, (nodes, _, before, words, *_) = self.graph.ids, paths
        chain, relations = [], []
        while at:
            chain.append(ids[nodes[at]])
            relations.append(SAID[words[at]])
            at = before[at]
        chain.append(ARTEFACT)
        return tuple(chain), tuple(relations)
