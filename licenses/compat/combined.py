"""Works that combine others, in one case: what each branch brings, who clashes with whom, and choices between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product

from licenses import lineage
from licenses.catalogue import Licence
from licenses.compat import merges
from licenses.compat.merges import Brought, Clash
from licenses.compat.naming import OWN, UNSAID, Chain, finding
from licenses.expressions import All, AnyOf, Expression, Leaf, Term
from licenses.findings import RANK, Finding, Ruling, severity
from licenses.lineage import DERIVED, Path
from licenses.profiles import Profile
from licenses.works import ROOT, Graph

MAX_TRIALS = 256
"""Combinations of choices (several works under an OR, combined) that are tried; beyond, one work after another."""

MAX_STEPS = 2_000_000
"""Hops that all trials together may look at, so that a large graph of choices ends; the branches of before stay."""

OUTSIDE = ("code", lineage.UNREADABLE, "generated_by")
"""Paths behind which what is combined is not the artefact's affair."""

Weigh = Callable[[Iterable[Leaf]], tuple[int, ...]]
# Where a licence came from: nothing at the work that holds it, else one hop further up with what it was there.
_Ways = dict[Brought, tuple[str, int, Brought] | None]
# Directly combined work -> what it brings, each with its step up.
_Branches = dict[int, dict[Brought, tuple[str, int, Brought]]]


class Combined:
    """The works of a case that combine others."""

    def __init__(
        self, graph: Graph, paths: Sequence[Path[int]], chains: Mapping[int, Chain], profile: Profile, *, content: bool
    ) -> None:
        self.graph, self.profile, self.content = graph, profile, content
        self.hops = {
            node: [hop for hop in graph.edges.get(node, ()) if hop[0] in DERIVED]
            for node in (ROOT, *(path.node for path in paths))
        }
        self.below: dict[int, list[tuple[str, int]]] = {}
        for node, hops in self.hops.items():
            for relation, above in hops:
                self.below.setdefault(above, []).append((relation, node))
        # Where the artefact stands to a work that combines: what is behind training is its maker's affair.
        self.places: dict[int, tuple[Chain, bool]] = {}
        if len({above for _, above in self.hops[ROOT]}) > 1:
            self.places[ROOT] = (OWN, False)
        for path in paths:
            if path.state.nearest in OUTSIDE:
                continue
            if len({above for _, above in self.hops[path.node]}) > 1:
                chain, trained = chains[id(path)], bool(path.state.trained)
                known = self.places.get(path.node)
                if known is None or (known[1] and not trained):
                    self.places[path.node] = (chain, trained)

    def findings(self, chosen: Mapping[int, tuple[Leaf, ...]]) -> list[Finding]:
        """Every clash of what is combined, at each work that combines it.

        Args:
            chosen: work -> the leaves of its licence that count (the branches taken of an OR).
        """
        if not self.places:
            return []
        ways = self._brought(chosen)
        met = []
        for node, (chain, trained) in sorted(self.places.items(), key=lambda item: (item[1][1], _length(item[1][0]))):
            branches: _Branches = {}
            for relation, above in self.hops[node]:
                branch = branches.setdefault(above, {})
                for brought in ways.get(above, ()):
                    here = merges.carried(brought, relation)
                    branch.setdefault(here, (relation, above, brought))
            place = _Place(self, chain, trained, branches, ways)
            met += [(place, clash) for clash in merges.clashes(branches.values(), self.profile, content=self.content)]
        found = []
        told: dict[tuple[str, str], tuple[bool, int]] = {}
        # Each pair is told where the two meet; only one that meets nowhere (a cycle) where it is nearest.
        for first in (True, False):
            for place, clash in met:
                key = (clash.one.term.licence.id, clash.other.term.licence.id)
                code = "W-TRAIN-TERMS" if place.trained else clash.code
                weight = (not clash.latent, RANK[severity(code)])
                before = told.get(key, (False, 0))
                if clash.first is first and (first or weight > before):
                    told[key] = max(weight, before)
                    found.append(place.finding(clash))
        return found

    def _brought(self, chosen: Mapping[int, tuple[Leaf, ...]]) -> dict[int, _Ways]:
        """What each work brings with it: its own licences and those of all that it was derived from, nearest first."""
        ways: dict[int, _Ways] = {}
        waiting: list[tuple[int, Brought]] = []
        for node, taken in chosen.items():
            if node not in self.below or not self.graph.works[node].known:
                continue
            for leaf in taken:
                if isinstance(leaf, Term) and merges.may_ask(leaf):
                    brought = Brought(leaf, frozenset())
                    ways.setdefault(node, {})[brought] = None
                    waiting.append((node, brought))
        # All start at once and go down hop by hop, so the first to arrive came the shortest way.
        for node, brought in waiting:
            for relation, below in self.below.get(node, ()):
                further = merges.carried(brought, relation)
                there = ways.setdefault(below, {})
                if further not in there:
                    there[further] = (relation, node, brought)
                    waiting.append((below, further))
        return ways

    # --- choices -----------------------------------------------------------------------------------------------------
    def choose(self, chosen: Mapping[int, tuple[Leaf, ...]], weigh: Mapping[int, Weigh]) -> dict[int, tuple[Leaf, ...]]:
        """Better branches of ORs where what was chosen for each work alone clashes in the whole.

        Returns:
            Work -> leaves, for the works whose choice was looked at again; empty where nothing clashes.
        """
        open_to_choice = {
            node: alternatives(self.graph.works[node].license)
            for node, taken in chosen.items()
            if node in self.below and len(alternatives(self.graph.works[node].license)) > 1
        }
        if not open_to_choice or not self.findings(chosen):
            return {}

        def cost(trial: Mapping[int, tuple[Leaf, ...]]) -> tuple[int, ...]:
            found = self.findings({**chosen, **trial})
            ranks = [RANK[severity(one.code)] for one in found if not one.latent]
            weights = [weigh[node](taken) for node, taken in trial.items()]
            worst = max([*ranks, *(weight[0] for weight in weights)], default=0)
            return worst, len(ranks), len(found), *map(sum, zip(*weights, strict=True))

        order = sorted(open_to_choice, key=lambda node: self.graph.works[node].id)
        budget = min(MAX_TRIALS, 1 + MAX_STEPS // (1 + sum(map(len, self.hops.values()))))
        trials = 1
        for node in order:
            trials *= len(open_to_choice[node])
        best = {node: chosen[node] for node in order}
        if trials <= budget:
            every = (
                dict(zip(order, taken, strict=True)) for taken in product(*(open_to_choice[node] for node in order))
            )
            return min([best, *every], key=cost)
        for node in order:
            if budget <= 0:
                break
            budget -= len(open_to_choice[node])
            best = min([best, *({**best, node: taken} for taken in open_to_choice[node])], key=cost)
        return best


class _Place:
    """A work that combines others, and the ways by which licences come to it."""

    def __init__(
        self, case: Combined, chain: Chain, trained: bool, branches: _Branches, ways: Mapping[int, _Ways]
    ) -> None:
        self.case, self.chain, self.trained, self.branches, self.ways = case, chain, trained, branches, ways
        self.known: dict[tuple[Licence, str], list[tuple[Chain, int, Brought]]] = {}

    def finding(self, clash: Clash) -> Finding:
        """A clash by its shortest ways, with both works, both licences and both chains."""
        up, up_other = self._shortest(clash)
        other = clash.other.term.licence
        other_chain = up_other.above(self.chain)
        code, value = clash.code, ""
        if code == "W-UNCLEAR":
            value = f"whether it holds together with {other.name}"
        elif self.trained:
            code, value = "W-TRAIN-TERMS", f"combined with {other.name}"
        return finding(
            Ruling(code, "copyleft", clash.one.term.licence, value, clash.latent),
            up.above(self.chain),
            {
                "written": clash.one.term.written,
                "other_licence": other.name,
                "other_licence_id": other.id,
                "other_work": other_chain.works[0],
                "other_chain": list(other_chain.works),
                "combined_in": self.chain.works[0],
            },
        )

    def _shortest(self, clash: Clash) -> tuple[Chain, Chain]:
        profile, content = self.case.profile, self.case.content
        pairs = (
            (one, other)
            for one, branch, brought in self._bringing(clash.one.term)
            for other, other_branch, other_brought in self._bringing(clash.other.term)
            if branch != other_branch
            and (again := merges.pair(brought, other_brought, profile, content)) is not None
            and (again.code, again.latent) == (clash.code, clash.latent)
        )
        return min(pairs, key=lambda pair: (len(pair[0].works) + len(pair[1].works), pair[0].works, pair[1].works))

    def _bringing(self, term: Term) -> list[tuple[Chain, int, Brought]]:
        key = (term.licence, term.exception)
        if key not in self.known:
            by: dict[Brought, list[tuple[Chain, int, Brought]]] = {}
            for branch, brings in self.branches.items():
                for brought, step in brings.items():
                    if (brought.term.licence, brought.term.exception) == key:
                        by.setdefault(brought, []).append((self._way(step), branch, brought))
            # Two for each are enough: one of them comes by another branch than the other licence.
            nearest = (sorted(each, key=lambda way: _length(way[0]))[:2] for each in by.values())
            self.known[key] = [way for each in nearest for way in each]
        return self.known[key]

    def _way(self, step: tuple[str, int, Brought] | None) -> Chain:
        """The chain from the work that holds a licence down to the work that combines."""
        works, relations = [""], []
        while step is not None:
            relation, above, brought = step
            works.append(self.case.graph.works[above].id)
            relations.append(UNSAID.get(relation, relation))
            step = self.ways[above][brought]
        return Chain(tuple(reversed(works)), tuple(reversed(relations)))


def _length(chain: Chain) -> tuple[int, tuple[str, ...]]:
    return len(chain.works), chain.works


def alternatives(expression: Expression) -> list[tuple[Leaf, ...]]:
    """The sets of leaves by which an expression may be satisfied, at most ``MAX_TRIALS`` of them."""
    if isinstance(expression, AnyOf):
        return [taken for part in expression.parts for taken in alternatives(part)][:MAX_TRIALS]
    if isinstance(expression, All):
        sets: list[tuple[Leaf, ...]] = [()]
        for part in expression.parts:
            sets = [(*one, *other) for one in sets for other in alternatives(part)][:MAX_TRIALS]
        return sets
    return [(expression,)]
