"""A Hub that never was: models, data sets and who was made from whom, drawn from the counts of real cards.

What is set and not counted: the share of models with an upstream, how deep chains go, how many edges there are, how
many works stand in a cycle, and that a well-known upstream is taken more often than an unknown one.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from synthetic.counted import SEVERAL, Draw

WITH_UPSTREAM = 0.65
EDGES_PER_MODEL = 1.5
IN_A_CYCLE = 20_000
"""One model in so many is made from a work that was made from it."""
DATASETS_PER_MODEL = 0.1
WELL_KNOWN = 0.1
"""Share of the roots that declare what real bases declare; nearly half of all first hops lead to them."""
LEVELS = (0.55, 0.22, 0.11, 0.05, 0.03, 0.02, 0.01, 0.01)
"""Share of the models with an upstream that stand at one, two, … eight hops from a root."""


@dataclass
class Hub:
    """Works (models first, then data sets) and the edges to what each was made from, in arrays.

    The upstreams of work ``w`` are ``upstream[first[w]:first[w + 1]]`` with the relations at the same places;
    ``licence`` and ``word`` are places in ``licences`` (None: none declared) and ``words``.
    """

    models: int
    licences: list[Any] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    relations: list[str] = field(default_factory=list)
    licence: array[int] = field(default_factory=lambda: array("H"))
    word: array[int] = field(default_factory=lambda: array("H"))
    first: array[int] = field(default_factory=lambda: array("I", [0]))
    upstream: array[int] = field(default_factory=lambda: array("I"))
    relation: array[int] = field(default_factory=lambda: array("B"))

    def name(self, work: int) -> str:
        return f"owner{work % 99_991}/{self.words[self.word[work]]}-{work}"


def synthetic(models: int, seed: int) -> Hub:
    """Draw a Hub. The order of works says nothing about who was made from whom."""
    return _Drawing(models, Draw(seed)).hub


class _Drawing:
    """A Hub while it is drawn: works level by level in a shuffled order, then edges, then the edges sorted."""

    def __init__(self, models: int, draw: Draw) -> None:
        self.draw, self.random, self.models = draw, draw.random, models
        self.hub = Hub(models)
        self.datasets = int(models * DATASETS_PER_MODEL)
        self.works = models + self.datasets
        self.child, self.parent, self.kind = array("I"), array("I"), array("B")
        self.licences: dict[str, int] = {}
        self.declared = array("H", bytes(2 * self.works))
        relations = {*draw.values("relation"), *draw.values("relation_of_several"), "train_on", "includes"}
        self.hub.relations = sorted(relations)
        self.number = {relation: at for at, relation in enumerate(self.hub.relations)}
        self.sizes = [int(models * WITH_UPSTREAM * share) for share in LEVELS]
        self.sizes.insert(0, models - sum(self.sizes))
        self.begins = [0, *accumulate(self.sizes)]
        self.place = list(range(models))
        self.random.shuffle(self.place)
        self._roots()
        for level in range(1, len(self.sizes)):
            self._level(level)
        self._cycles()
        self._data()
        self._finish()

    def _edge(self, child: int, parent: int, relation: int) -> None:
        self.child.append(child)
        self.parent.append(parent)
        self.kind.append(relation)

    def _licences(self, what: str, number: int) -> list[int]:
        known = self.licences
        return [known.setdefault(one, len(known)) for one in self.draw.many(what, number)]

    def _roots(self) -> None:
        number = self.sizes[0]
        well_known = int(number * WELL_KNOWN)
        own = self._licences("licence_of_a_base", well_known)
        own += self._licences("licence_without_base", number - well_known)
        for at in range(number):
            self.declared[self.place[at]] = own[at]
        for at, one in enumerate(self._licences("dataset_licence", self.datasets), self.models):
            self.declared[at] = one

    def _level(self, level: int) -> None:
        rng, place, number = self.random, self.place, self.number
        here, begins, above, before = (
            self.sizes[level],
            self.begins[level],
            self.begins[level - 1],
            self.sizes[level - 1],
        )
        bases = [min(int(one), 40) for one in self.draw.many("bases", here)]
        single = [number[one] for one in self.draw.many("relation", here)]
        several = [number[one] for one in self.draw.many("relation_of_several", here)]
        fresh = self._licences("licence_with_base", here)
        same = self.draw.share("declares_what_the_base_declares", "True")
        for at in range(here):
            work, base = place[begins + at], place[above + int(before * rng.random() ** 3)]
            self._edge(work, base, single[at] if bases[at] == 1 else several[at])
            for _ in range(bases[at] - 1):
                self._edge(work, place[int(begins * rng.random() ** 2)], several[at])
            self.declared[work] = self.declared[base] if rng.random() < same else fresh[at]

    def _cycles(self) -> None:
        for _ in range(self.models // IN_A_CYCLE):
            # The first edges lead to roots; a mistaken edge back is seldom found on a well-known work.
            at = self.random.randrange(len(self.child) // 2, len(self.child))
            self._edge(self.parent[at], self.child[at], self.number["finetune"])

    def _data(self) -> None:
        rng, collections = self.random, self.datasets // 20
        for at in range(collections):
            part = collections + int((self.datasets - collections) * rng.random())
            self._edge(self.models + at, self.models + part, self.number["includes"])
        wanted = int(self.models * EDGES_PER_MODEL)
        while len(self.child) < wanted:
            for several in map(int, self.draw.many("datasets", 1_000)):
                work = self.place[rng.randrange(self.begins[1], self.models)]
                for _ in range(min(several, 20, wanted - len(self.child))):
                    dataset = self.models + int(self.datasets * rng.random() ** 3)
                    self._edge(work, dataset, self.number["train_on"])

    def _finish(self) -> None:
        hub = self.hub
        hub.licence = self.declared
        hub.licences = [one.split(SEVERAL) if SEVERAL in one else one or None for one in self.licences]
        known = {word: at for at, word in enumerate(self.draw.values("first_word"))}
        hub.words = list(known)
        hub.word = array("H", map(known.__getitem__, self.draw.many("first_word", self.works)))
        hub.first, order = _sorted(self.child, self.works)
        hub.upstream = array("I", map(self.parent.__getitem__, order))
        hub.relation = array("B", map(self.kind.__getitem__, order))


def _sorted(child: Sequence[int], works: int) -> tuple[array[int], array[int]]:
    """Where each work's edges begin, and the edges in the order of their works."""
    first = array("I", bytes(4 * (works + 1)))
    for one in child:
        first[one + 1] += 1
    first = array("I", accumulate(first))
    after, order = array("I", first), array("I", bytes(4 * len(child)))
    for at, one in enumerate(child):
        order[after[one]] = at
        after[one] += 1
    return first, order
