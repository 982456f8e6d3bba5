"""The algebra of relations, worked by hand, and the closure over graphs of any shape."""

from __future__ import annotations

import pickle
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licenses import lineage, questions
from licenses.lineage import START, UNREADABLE, UNSTATED, State, closure, compose, cycles, is_derived, readings

relations = st.sampled_from([*questions.RELATIONS, UNSTATED, UNREADABLE])


def along(*relations: str) -> State:
    """The state of a path that is written from the artefact upstream."""
    state = START
    for relation in relations:
        state = compose(state, relation)
    return state


@pytest.mark.parametrize(
    ("path", "judged_by", "remote"),
    [
        # one hop: the relation itself
        *(((one,), ((one,),), False) for one in questions.RELATIONS),
        # derivative hops are collected, whatever their order
        (("adapter", "merge", "finetune"), (("adapter", "finetune", "merge"),), False),
        (("finetune", "merge", "adapter"), (("adapter", "finetune", "merge"),), False),
        (("quantized", "quantized"), (("quantized",),), False),
        # training dominates what is derived; behind somebody's model it is remote
        (("finetune", "train_on"), (("train_on",),), True),
        (("adapter", "quantized", "distill"), (("distill",),), True),
        (("distill", "finetune"), (("distill",),), False),
        (("distill", "train_on"), (("distill", "train_on"),), True),
        # a part of what we train on is trained on by us
        (("train_on", "includes"), (("train_on",),), False),
        (("train_on", "includes", "adapted"), (("train_on",),), False),
        # data that a model made is that model's output; what it was derived from made it too
        (("train_on", "outputs"), (("outputs",),), False),
        (("train_on", "generated_by"), (("outputs",),), False),
        (("train_on", "includes", "generated_by"), (("outputs",),), False),
        (("train_on", "generated_by", "finetune"), (("outputs",),), False),
        (("train_on", "generated_by", "train_on"), (("outputs", "train_on"),), True),
        (("finetune", "train_on", "outputs"), (("outputs",),), True),
        (("finetune", "outputs"), (("outputs",),), True),
        # a Space serves all that the model was derived from; its training is the maker's
        (("served_in", "finetune", "merge"), (("served_in",),), False),
        (("served_in", "train_on"), (("train_on",),), True),
        # code inside code is code; code behind a model may be left behind
        (("code", "code"), (("code",),), False),
        (("code", "finetune"), (("code",),), False),
        (("served_in", "code"), (("code",),), True),
        (("finetune", "code"), (("code",),), True),
        # publishing what a model made; what is behind that model changes nothing
        (("generated_by", "finetune"), (("generated_by",),), False),
        (("includes", "generated_by"), (("generated_by",),), False),
        (("generated_by", "train_on"), (("train_on",),), True),
        # a relation that nobody stated may be any of four, one that cannot be read is none
        ((UNSTATED,), (("finetune",), ("adapter",), ("merge",), ("quantized",)), False),
        (
            ("merge", UNSTATED),
            (("finetune", "merge"), ("adapter", "merge"), ("merge",), ("merge", "quantized")),
            False,
        ),
        ((UNSTATED, "train_on"), (("train_on",),), True),
        ((UNREADABLE,), (), False),
        (("finetune", UNREADABLE, "train_on"), (), False),
    ],
)
def test_a_path_comes_to_what_was_worked_by_hand(
    path: tuple[str, ...], judged_by: tuple[tuple[str, ...], ...], remote: bool
) -> None:
    state = along(*path)

    assert readings(state) == judged_by
    assert state.remote is remote


@given(st.lists(relations, max_size=6), relations)
def test_states_are_few_and_each_is_one_object(path: list[str], further: str) -> None:
    state = along(*path)

    assert along(*path) is state
    assert pickle.loads(pickle.dumps(state)) is state  # noqa: S301 - our own bytes
    assert compose(compose(state, further), further) is compose(compose(compose(state, further), further), further)


def test_all_states_can_be_counted() -> None:
    seen = [START]
    for state in seen:
        for relation in (*questions.RELATIONS, UNSTATED, UNREADABLE):
            further = compose(state, relation)
            if further not in seen:
                seen.append(further)

    assert len(seen) < 200
    assert all(readings(state) for state in seen[1:] if state.nearest != UNREADABLE)


@given(st.lists(relations, min_size=1, max_size=6))
def test_a_path_is_remote_only_behind_something(path: list[str]) -> None:
    assert not compose(START, path[0]).remote
    if along(*path).remote:
        assert len(path) > 1
        assert not is_derived(along(*path))


# --- closure --------------------------------------------------------------------------------------------------------
def test_a_work_is_met_once_for_each_state_by_the_shortest_path() -> None:
    edges = {
        "us": [("finetune", "a"), ("finetune", "b"), ("train_on", "d")],
        "a": [("finetune", "base")],
        "b": [("finetune", "a"), ("merge", "base")],
        "base": [("train_on", "d")],
    }

    met = [(path.node, sorted(path.state.derived or path.state.trained), path.length) for path in closure("us", edges)]

    assert met == [
        ("us", [], 0),
        ("a", ["finetune"], 1),
        ("b", ["finetune"], 1),
        ("d", ["train_on"], 1),
        ("base", ["finetune"], 2),
        ("base", ["finetune", "merge"], 2),
        ("d", ["train_on"], 3),
    ]


def test_depth_is_not_bounded_by_the_stack() -> None:
    deep = 5 * sys.getrecursionlimit()
    edges = {at: [("finetune", at + 1)] for at in range(deep)}

    assert closure(0, edges)[-1].length == deep
    assert cycles(0, edges) == []
    assert len(cycles(0, {**edges, deep: [("merge", 5)]})) == 1


def test_shared_works_cost_once_however_many_ways_lead_to_them() -> None:
    # Forty storeys of two works each: 2**40 paths, eighty works.
    edges = {
        (storey, side): [("finetune", (storey + 1, 0)), ("finetune", (storey + 1, 1))]
        for storey in range(40)
        for side in (0, 1)
    }

    assert len(closure((0, 0), edges)) == 81


def test_a_cycle_is_told_once_with_the_way_to_it_and_around_it() -> None:
    edges = {
        "us": [("adapter", "a")],
        "a": [("finetune", "b")],
        "b": [("merge", "c"), ("merge", "a")],
        "c": [("finetune", "a"), ("finetune", "c")],
    }

    ((to, around),) = cycles("us", edges)

    assert [hop.node for hop in to.hops()] == ["a", "us"]
    assert [hop.node for hop in around.hops()] == ["a", "b", "a"]
    assert [hop.relation for hop in around.hops()] == ["merge", "finetune", ""]


def test_a_work_upstream_of_itself_is_a_cycle() -> None:
    ((to, around),) = cycles("us", {"us": [("finetune", "a")], "a": [("finetune", "a")]})

    assert [hop.node for hop in to.hops()] == ["a", "us"]
    assert [hop.node for hop in around.hops()] == ["a", "a"]


@given(st.dictionaries(st.integers(0, 7), st.lists(st.tuples(relations, st.integers(0, 7)), max_size=4)))
def test_any_graph_ends_and_every_path_is_one_of_its_paths(edges: dict[int, list[tuple[str, int]]]) -> None:
    for path in closure(0, edges):
        hops = list(path.hops())
        assert hops[-1].node == 0
        assert path.state is along(*(hop.relation for hop in reversed(hops[:-1])))
        for above, below in zip(hops, hops[1:], strict=False):
            assert (above.relation, above.node) in edges[below.node]
    for to, around in cycles(0, edges):
        assert to.node == around.node
        assert [hop.node for hop in around.hops()][-1] == around.node
    assert {path.node for path in closure(0, edges)} == {path.node for path in lineage.closure_of_works(0, edges)}
