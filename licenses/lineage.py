"""How a licence far upstream stands to an artefact: relations composed along a path, and the closure over all paths.

A path runs from the artefact upstream, hop by hop: ``[finetune, train_on]`` is "a fine-tune of a model that was
trained on it". What a path comes to is a ``State``; ``compose`` adds one hop. The algebra:

* Derivative hops (finetune, adapter, merge, quantized, includes, adapted) are collected in a set: the licence is judged
  by the strongest of them, wherever on the path it stands.
* A training hop (train_on, outputs, distill) dominates the derivative ones: weights learned from a work are further
  from it than a copy. Several training hops are collected like derivative ones.
* A training hop behind somebody else's model is ``remote``: the artefact's maker did not do it. ``[finetune,
  train_on]`` is remote, ``[train_on, includes]`` (a part of the data set that we train on) is not.
* Data that a model generated is that model's output: ``[train_on, generated_by]`` and ``[train_on, outputs]`` are both
  training on its outputs, and no training on its weights or data.
* ``served_in`` and ``code`` dominate the derivative hops behind them: what a Space serves is served with all that it
  was derived from, code inside code is code. Training behind a served model is remote. Code behind a model is
  ``remote`` too: weights can be taken over without it.
* ``generated_by`` at the beginning, or behind a collection, is publishing what a model made; the derivative hops behind
  it change nothing.
* A model whose relation nobody stated may be any of the first four (``questions.DERIVATIVE``); a relation that cannot
  be read makes everything behind it ``unreadable``: only what its works lack is known.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Generic, TypeVar

from licenses.questions import DERIVATIVE

UNSTATED = "unstated"
"""The relation to a model, where the card leaves it out."""

UNREADABLE = "unreadable"
"""A relation that is none of ours."""

DERIVED = frozenset({*DERIVATIVE, "includes", "adapted", UNSTATED})
TRAINED = frozenset({"train_on", "outputs", "distill"})
_COLLECTED = frozenset({"includes", "adapted"})
# After these hops one stands at a model.
_TO_MODEL = frozenset({*DERIVATIVE, UNSTATED, "outputs", "distill", "generated_by"})


@dataclass(frozen=True, eq=False, slots=True)
class State:
    """What a path comes to. There is one object for each value, so states are compared and hashed by identity.

    ``nearest`` is ``served_in``, ``code`` or ``generated_by`` where that dominates, ``unreadable`` where nothing can be
    said, else empty. ``at_model``: the path ends at a model that is not the artefact.
    """

    derived: frozenset[str] = frozenset()
    trained: frozenset[str] = frozenset()
    remote: bool = False
    nearest: str = ""
    at_model: bool = False

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return _state, (self.derived, self.trained, self.remote, self.nearest, self.at_model)

    @property
    def key(self) -> tuple[object, ...]:
        """What states are put in order by."""
        return sorted(self.derived), sorted(self.trained), self.remote, self.nearest, self.at_model


@cache
def _interned(derived: frozenset[str], trained: frozenset[str], remote: bool, nearest: str, at_model: bool) -> State:
    return State(derived, trained, remote, nearest, at_model)


def _state(
    derived: frozenset[str] = frozenset(),
    trained: frozenset[str] = frozenset(),
    remote: bool = False,
    nearest: str = "",
    at_model: bool = False,
) -> State:
    # What is dominated is forgotten, so that there are few states.
    return _interned(frozenset() if trained or nearest else derived, trained, remote, nearest, at_model)


START = _state()
"""The artefact itself: the empty path."""


@cache
def compose(state: State, relation: str) -> State:
    """The state one hop further upstream.

    Args:
        state: what the path comes to so far; ``START`` at the artefact.
        relation: one of ``questions.RELATIONS``, ``UNSTATED`` (a model's relation left out), or any other word, which
            is read as ``UNREADABLE``.

    >>> one = compose(compose(START, "finetune"), "train_on")
    >>> sorted(one.trained), one.remote
    (['train_on'], True)
    """
    derived, trained, remote, nearest = state.derived, state.trained, state.remote, state.nearest
    if nearest in ("code", UNREADABLE):
        return state
    at_model = relation in _TO_MODEL or (relation in _COLLECTED and state.at_model)
    if relation == "code":
        return _state(remote=state is not START, nearest="code")
    if relation == "served_in":
        return _state(derived, trained, remote, "served_in", at_model=True)
    if relation == "generated_by" and state.derived <= _COLLECTED and not trained and not nearest:
        return _state(nearest="generated_by", at_model=True)
    if relation in ("outputs", "generated_by"):
        remote = remote or state.at_model
        # Training on a collection of outputs is training on outputs, and on nothing else of that model.
        trained = (trained if state.at_model else trained - {"train_on"}) | {"outputs"}
    elif relation in TRAINED:
        remote = remote or state.at_model
        trained = trained | {relation}
    elif relation in DERIVED:
        derived = derived | {relation}
    else:
        return _state(nearest=UNREADABLE)
    return _state(derived, trained, remote, nearest, at_model)


@cache
def readings(state: State) -> tuple[tuple[str, ...], ...]:
    """The relations that a licence at the end of such a path is judged by.

    Returns:
        One tuple, of which the strongest relation counts; several tuples where the path holds a relation that nobody
        stated, one for each that it may be. Empty for ``UNREADABLE``; ``START`` has no relation and must not be asked.
    """
    if state.nearest == UNREADABLE:
        return ()
    if state.trained:
        return (tuple(sorted(state.trained)),)
    if state.nearest:
        return ((state.nearest,),)
    stated = state.derived - {UNSTATED}
    if UNSTATED not in state.derived:
        return (tuple(sorted(stated)),)
    return tuple(dict.fromkeys(tuple(sorted(stated | {one})) for one in DERIVATIVE))


def is_derived(state: State) -> bool:
    """Whether a work at the end of such a path is contained in the artefact: derivative hops and nothing else."""
    return not state.trained and not state.nearest


# --- the closure ----------------------------------------------------------------------------------------------------
Node = TypeVar("Node", bound=Hashable)
Edges = Mapping[Node, Sequence[tuple[str, Node]]]
"""Work -> its direct upstreams, each with the relation to it."""


@dataclass(frozen=True, slots=True)
class Path(Generic[Node]):
    """A shortest path to a work in a state. ``before`` is the path one hop nearer to the artefact."""

    node: Node
    state: State
    relation: str = ""
    before: Path[Node] | None = None
    length: int = 0

    def hops(self) -> Iterator[Path[Node]]:
        """The path from its end back to the artefact."""
        at: Path[Node] | None = self
        while at is not None:
            yield at
            at = at.before


def closure(start: Node, edges: Edges[Node]) -> list[Path[Node]]:
    """Every work that can be reached, once for each state in which it is reached, by a shortest path.

    Breadth first over (work, state): the number of states is small and fixed, so the cost is linear in the edges, and
    cycles end by themselves. Neither depth nor width is limited. Equal lengths are decided by the order of ``edges``.
    """
    found = [Path(start, START)]
    seen: set[tuple[Node, State]] = {(start, START)}
    for path in found:
        for relation, above in edges.get(path.node, ()):
            state = compose(path.state, relation)
            if (above, state) not in seen:
                seen.add((above, state))
                found.append(Path(above, state, relation, path, path.length + 1))
    return found


def cycles(start: Node, edges: Edges[Node]) -> list[tuple[Path[Node], Path[Node]]]:
    """One shortest cycle for each knot of works that are upstream of themselves.

    Returns:
        For each knot two paths: to the knot's work that is nearest to ``start``, and from that work upstream back to
        itself. They are plain ways; the relations on them are not composed.
    """
    found = []
    ways = {path.node: path for path in closure_of_works(start, edges)}
    for knot in _knots(list(ways), edges):
        entry = next(node for node in ways if node in knot)  # they are found nearest first
        inside = {node: [hop for hop in edges.get(node, ()) if hop[1] in knot] for node in knot}
        back = [path for path in closure_of_works(entry, inside) if any(up == entry for _, up in inside[path.node])]
        if back:
            last = back[0]
            relation = next(relation for relation, up in inside[last.node] if up == entry)
            found.append((ways[entry], Path(entry, START, relation, last)))
    return sorted(found, key=lambda pair: pair[0].length)


def closure_of_works(start: Node, edges: Edges[Node]) -> list[Path[Node]]:
    """Every work that can be reached, once, nearest first, whatever the relations; states are not composed."""
    found = [Path(start, START)]
    seen = {start}
    for path in found:
        for relation, above in edges.get(path.node, ()):
            if above not in seen:
                seen.add(above)
                found.append(Path(above, START, relation, path, path.length + 1))
    return found


def _knots(nodes: Sequence[Node], edges: Edges[Node]) -> list[set[Node]]:
    """The strongly connected parts (Tarjan 1972, without recursion: lineage may be deeper than the stack)."""
    index: dict[Node, int] = {}
    low: dict[Node, int] = {}
    open_nodes: dict[Node, None] = {}
    knots: list[set[Node]] = []
    for root in nodes:
        if root in index:
            continue
        work = [(root, iter(edges.get(root, ())))]
        index[root] = low[root] = len(index)
        open_nodes[root] = None
        while work:
            node, upstream = work[-1]
            for _, above in upstream:
                if above not in index:
                    index[above] = low[above] = len(index)
                    open_nodes[above] = None
                    work.append((above, iter(edges.get(above, ()))))
                    break
                if above in open_nodes:
                    low[node] = min(low[node], index[above])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    knot = set()
                    while node not in knot:
                        last, _ = open_nodes.popitem()
                        knot.add(last)
                    knots.append(knot)
    return knots
