"""Works that combine others, and whose licences clash there: found for the whole graph at once."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from licenses import profiles
from licenses.bulk.graph import WORDS, Graph
from licenses.compat import merges
from licenses.compat.merges import Brought, Clash
from licenses.expressions import Expression, Term, leaves
from licenses.lineage import DERIVED
from licenses.profiles import Profile

_DERIVED = [word in DERIVED for word in WORDS]


def clashing(
    graph: Graph, declared: Sequence[Expression], profile: Mapping[str, Any], order: array[int]
) -> dict[int, bool]:
    """Works at which licences of two branches may clash; no clash is missed, a choice may make one needless.

    The value says whether all of them meet there for the first time: where else a clash is told, is then no matter.

    Args:
        graph: the works.
        declared: the expression of each of the graph's facts.
        profile: the use profile, as a case gives it.
        order: works, each after all that it was made from; works behind a cycle are left out.
    """
    combining = _Combining(declared, profiles.profile(profile))
    first, upstream, how, fact = graph.first, graph.upstream, graph.how, graph.fact
    # What each work brings from further up, itself not counted.
    brings = array("I", bytes(4 * len(graph)))
    found: dict[int, bool] = {}
    for work in order:
        branches: dict[int, int] = {}
        for hop in range(first[work], first[work + 1]):
            if _DERIVED[how[hop]]:
                above = upstream[hop]
                brought = combining.step(fact[above], brings[above], how[hop])
                known = branches.get(above)
                branches[above] = brought if known is None else combining.together((known, brought))
        if len(branches) == 1:
            (brings[work],) = branches.values()
        elif branches:
            several = tuple(sorted(branches.values()))
            brings[work] = combining.together(several)
            clashes = combining.clash(several)
            if clashes:
                found[work] = all(clash.first for clash in clashes)
    return found


class _Combining:
    """Sets of brought licences by number, and what was found of them."""

    def __init__(self, declared: Sequence[Expression], profile: Profile) -> None:
        self.profile = profile
        self.own = [
            frozenset(
                Brought(leaf, frozenset()) for leaf in leaves(one) if isinstance(leaf, Term) and merges.may_ask(leaf)
            )
            for one in declared
        ]
        self.sets: list[frozenset[Brought]] = [frozenset()]
        self.numbers: dict[frozenset[Brought], int] = {frozenset(): 0}
        self.steps: dict[tuple[int, int, int], int] = {}
        self.unions: dict[tuple[int, ...], int] = {}
        self.clashes: dict[tuple[int, ...], tuple[Clash, ...]] = {}

    def step(self, fact: int, above: int, how: int) -> int:
        """What a hop to a work brings: its own licence and what it brings itself, one relation further down."""
        key = (fact, above, how)
        if key not in self.steps:
            brought = self.own[fact] | self.sets[above]
            self.steps[key] = self._number(frozenset(merges.carried(one, WORDS[how]) for one in brought))
        return self.steps[key]

    def together(self, several: tuple[int, ...]) -> int:
        if several not in self.unions:
            self.unions[several] = self._number(frozenset().union(*(self.sets[one] for one in several)))
        return self.unions[several]

    def clash(self, several: tuple[int, ...]) -> tuple[Clash, ...]:
        if several not in self.clashes:
            branches = [self.sets[one] for one in several]
            self.clashes[several] = tuple(
                one for content in (False, True) for one in merges.clashes(branches, self.profile, content=content)
            )
        return self.clashes[several]

    def _number(self, brought: frozenset[Brought]) -> int:
        if brought not in self.numbers:
            self.numbers[brought] = len(self.sets)
            self.sets.append(brought)
        return self.numbers[brought]
