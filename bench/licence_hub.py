"""How fast every model of a synthetic Hub is judged, against a floor that only looks pairs up.

    python bench/licence_hub.py [--models 2000000] [--seed 0]

The Hub is drawn from counts of real cards (``bench/synthetic``). The floor is the simplest honest program that answers
the same question: for every model it walks the closure of its upstreams and looks each (upstream's licence, declared
licence, relation) up in a table that was filled beforehand. It keeps the worst verdict; it writes no finding and no
chain, knows no name, no merge and no second reach along a path. One process on one core, CPU seconds.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import sys
import time
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from synthetic.hub import Hub, synthetic

from licenses import compat
from licenses.bulk import Graph, Judge
from licenses.catalogue import all_licences
from licenses.findings import RANK, VERDICTS

PROFILE = {"purpose": "commercial", "mode": "redistribute_weights", "territory": "US", "strictness": "conservative"}


def pair_table(hub: Hub) -> list[bytes]:
    """``table[licence * relations + relation][declared]``: the rank of the verdict of one edge."""
    kinds = ["dataset" if relation in ("train_on", "includes") else "model" for relation in hub.relations]
    table = []
    for upstream in hub.licences:
        for relation, kind in zip(hub.relations, kinds, strict=True):
            row = bytearray()
            for declared in hub.licences:
                case = {
                    "artefact": {"type": "model", "license": declared, "name": "owner/model"},
                    "upstream": [{"id": "upstream", "type": kind, "license": upstream, "relation": relation}],
                    "use_profile": PROFILE,
                }
                row.append(RANK[compat.judge(case)["verdict"]])
            table.append(bytes(row))
    return table


def floor_edges(hub: Hub, table: list[bytes]) -> list[int]:
    """Number of edges by rank: every edge looked up once, each as if it stood alone."""
    counts, licence, upstream, relation = [0] * len(RANK), hub.licence, hub.upstream, hub.relation
    relations, first = len(hub.relations), hub.first
    for work in range(len(licence)):
        declared = licence[work]
        for at in range(first[work], first[work + 1]):
            counts[table[licence[upstream[at]] * relations + relation[at]][declared]] += 1
    return counts


def floor_models(hub: Hub, table: list[bytes]) -> list[int]:
    """Number of models by rank: every closure walked, each (licence, relation) looked up, the worst kept."""
    counts, licence, upstream, relation, first = [0] * len(RANK), hub.licence, hub.upstream, hub.relation, hub.first
    relations, trains = len(hub.relations), hub.relations.index("train_on")
    alone = [RANK[_alone(declared)] for declared in hub.licences]
    for model in range(hub.models):
        declared = licence[model]
        worst = alone[declared]
        begin, end = first[model], first[model + 1]
        if begin != end:
            seen = {model}
            stack = [(upstream[at], relation[at]) for at in range(begin, end)]
            while stack:
                work, along = stack.pop()
                if work in seen:
                    continue
                seen.add(work)
                rank = table[licence[work] * relations + along][declared]
                if rank > worst:
                    worst = rank
                for at in range(first[work], first[work + 1]):
                    stack.append((upstream[at], trains if along == trains else relation[at]))
        counts[worst] += 1
    return counts


def _alone(declared: Any) -> str:
    case = {"artefact": {"type": "model", "license": declared, "name": "owner/model"}, "use_profile": PROFILE}
    return str(compat.judge(case)["verdict"])


# --- ours ----------------------------------------------------------------------------------------------------------
def graph_of(hub: Hub, *, declared: Sequence[Any] | None = None) -> Graph:
    """The Hub as the product's graph; ``declared`` gives every work a declaration of its own."""
    works = len(hub.licence)
    licences = hub.licences if declared is None else declared
    return Graph(
        ids=[hub.name(work) for work in range(works)],
        kinds=("model", "dataset"),
        kind=array("B", bytes(hub.models)) + array("B", b"\x01") * (works - hub.models),
        facts=[{"license": one} if one else {} for one in licences],
        fact=hub.licence if declared is None else array("I", range(works)),
        relations=hub.relations,
        first=hub.first,
        upstream=hub.upstream,
        relation=hub.relation,
    )


def judged(judge: Judge, models: int) -> tuple[float, int, list[int]]:
    """CPU seconds for all models, findings with their chains, and models by rank; nothing is kept.

    As in the product (``governance.catalog.collecting``), the garbage collector does not look at what is being made.
    """
    counts, findings = [0] * len(RANK), 0
    gc.collect()
    gc.disable()
    began = time.process_time()
    try:
        for one in judge.verdicts(range(models)):
            counts[RANK[one.verdict]] += 1
            findings += len(one.findings) + len(one.latent)
    finally:
        gc.enable()
    return time.process_time() - began, findings, counts


def all_distinct(hub: Hub, models: int) -> tuple[float, int]:
    """CPU seconds and models where no two works declare the same, so that nothing kept is of use twice.

    Every work declares a pair of licences of the table, no two works the same pair in the same order.
    """
    known = [
        row.id for row in all_licences() if row.evidence != "not_read" and row.family not in ("placeholder", "own")
    ]
    pairs = [f"{one} AND {two}" for one in known for two in known if one != two]
    works = len(hub.licence)
    judge = Judge(graph_of(hub, declared=[pairs[work % len(pairs)] for work in range(works)]), PROFILE)
    return judged(judge, models)[0], works


# --- the run -------------------------------------------------------------------------------------------------------
def main() -> None:
    """Draw the Hub, time the floor and the product, print what both cost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=2_000_000)
    parser.add_argument("--distinct", type=int, default=3_000, help="models of the Hub in which no two works agree")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    _one_core()
    began = time.process_time()
    hub = synthetic(options.models, options.seed)
    with_upstream = sum(hub.first[work] != hub.first[work + 1] for work in range(hub.models))
    print(
        f"{hub.models} models, {len(hub.licence) - hub.models} data sets, {len(hub.upstream)} edges, "
        f"{len(hub.licences)} declarations; {with_upstream / hub.models:.0%} of the models have an upstream "
        f"(drawn in {time.process_time() - began:.1f} s)"
    )
    began = time.process_time()
    table = pair_table(hub)
    print(f"  pair table of {len(table) * len(hub.licences)} cells filled in {time.process_time() - began:.1f} s")
    floor = _floor(hub, table)
    _ours(hub, floor)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  peak memory {peak:.0f} MB, the drawn Hub included")
    small = synthetic(options.distinct, options.seed)
    took, works = all_distinct(small, small.models)
    print(
        f"  cold, all declarations distinct {took:5.2f} s  {small.models / took:8.0f} verdicts/s  "
        f"({small.models} models, {works} works, nothing kept is used twice)"
    )


def _floor(hub: Hub, table: list[bytes]) -> float:
    """Time the floor; seconds for all models."""
    began = time.process_time()
    floor_edges(hub, table)
    edges = time.process_time() - began
    print(f"  floor, every edge by itself   {edges:7.2f} s  {len(hub.upstream) / edges:10.0f} edges/s")
    began = time.process_time()
    counts = floor_models(hub, table)
    took = time.process_time() - began
    print(f"  floor, every model's closure  {took:7.2f} s  {hub.models / took:10.0f} models/s  ({_shares(counts)})")
    return took


def _ours(hub: Hub, floor: float) -> None:
    began = time.process_time()
    graph = graph_of(hub)
    loaded = time.process_time() - began
    began = time.process_time()
    judge = Judge(graph, PROFILE)
    ready = time.process_time() - began
    print(f"  loaded into a graph           {loaded:7.2f} s; order, cycles and clashes found in {ready:.2f} s")
    took, findings, counts = judged(judge, hub.models)
    print(f"  every verdict, cold           {took:7.2f} s  {hub.models / took:10.0f} verdicts/s  ({_shares(counts)})")
    print(
        f"    {findings} findings with chains from {len(judge.cells)} cells; "
        f"{judge.left_to_check} works left to the engine one by one"
    )
    print(f"    {took + ready:.1f} s with the preparation, {(took + ready) / floor:.1f} times the floor")
    again = min(hub.models, 200_000)
    warm, _, _ = judged(judge, again)
    print(f"  cells filled, {again} of them {warm:9.2f} s  {again / warm:10.0f} verdicts/s")


def _shares(counts: list[int]) -> str:
    return ", ".join(f"{verdict} {counts[RANK[verdict]] / sum(counts):.1%}" for verdict in VERDICTS)


def _one_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


if __name__ == "__main__":
    main()
