"""In which order works can be looked at."""

from __future__ import annotations

from array import array

from licenses.bulk.graph import Graph


def upstream_first(graph: Graph) -> array[int]:
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
