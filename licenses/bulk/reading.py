"""What each fact of a graph says, as far as judging many works at once has to know it."""

from __future__ import annotations

from collections.abc import Iterator

from licenses import expressions, observed
from licenses.bulk.graph import Graph
from licenses.expressions import All, AnyOf, Expression, Term


class Reading:
    """Parallel lists, one place for each of the graph's facts.

    ``declared``: the expression; ``listed``: a list of licences whose meaning nobody said; ``seen``: something of the
    works was looked at; ``read_for_names``: a text is given in which works are looked for by their names;
    ``names_origins``: the card names what the work was made from; ``chosen``: some licence may be chosen; ``rows``: the
    licences.
    """

    def __init__(self, graph: Graph) -> None:
        read = self.declared = [observed.declared(fact, None, "works") for fact in graph.facts]
        self.listed = [isinstance(one, All) and one.listed for one in read]
        self.seen = [any(fact.get(key) is not None for key in observed.KEYS) for fact in graph.facts]
        self.read_for_names = [bool(fact.get("notice_texts") or fact.get("card_text")) for fact in graph.facts]
        self.names_origins = [fact.get("card_names_origins") is True for fact in graph.facts]
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


def _nodes(expression: Expression) -> Iterator[Expression]:
    yield expression
    if isinstance(expression, (All, AnyOf)):
        for part in expression.parts:
            yield from _nodes(part)
