"""The groups of a run: what the plan names, found in the rows that were counted."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from audits.measures.binary import Confusion
from audits.measures.clusters import with_clusters
from audits.measures.cube import Slices
from audits.measures.disparities import Disparity
from audits.measures.figures import counted_groups
from audits.measures.kept_rows import JudgedRows
from audits.measures.left_out import LeftOut
from audits.measures.naming import RATIO, listed, quoted
from audits.measures.plan import BEST, LARGEST, BiasPlan, PlanRejected
from audits.measures.tables.chunks import canonical

# Attributes that meet in one intersection, at most.
MAX_DEPTH = 3
# The largest groups of one intersection that are shown one by one.
MAX_SLICES = 300


@dataclass(frozen=True)
class Grouped:
    """Counted rows with the plan that asks about them; ``rows`` one by one where the plan needs them.

    ``tables`` is how many tables of the same rows are tested beside each other, such as one for each class.
    """

    counts: Confusion
    plan: BiasPlan
    rows: JudgedRows | None = None
    tables: int = 1

    def _slices(self, attributes: list[str]) -> Slices:
        return with_clusters(self.counts.slices(attributes), self.rows)

    @cached_property
    def everyone(self) -> Slices:
        """One group of all rows."""
        return self._slices([])

    @cached_property
    def single(self) -> dict[str, Slices]:
        """The groups of each sensitive attribute."""
        return {name: self._slices([name]) for name in self.plan.sensitive}

    @cached_property
    def crossed(self) -> dict[tuple[str, ...], Slices]:
        """The groups of each intersection that have rows: the largest where there are very many, sorted by name."""
        names = self.plan.sensitive
        deepest = MAX_DEPTH
        found = {}
        for depth in range(2, deepest + 1):
            for crossing in itertools.combinations(names, depth):
                slices = self.counts.slices(crossing)
                sizes = slices.sizes
                largest = [int(group) for group in np.argsort(-sizes, kind="stable")[:MAX_SLICES] if sizes[group]]
                found[crossing] = with_clusters(slices.only(sorted(largest)), self.rows)
        return found

    @cached_property
    def required(self) -> dict[str, tuple[str, ...]]:
        """The groups that must be judged, spelled as the table's values are."""
        return {
            name: tuple(canonical(value, column=name) or value for value in values)
            for name, values in self.plan.required_groups.items()
        }

    @cached_property
    def named_reference(self) -> dict[str, str]:
        """The groups that the plan names to compare with, spelled as the table's values are.

        Raises:
            PlanRejected: the table has no such group.
        """
        named = self.plan.reference if isinstance(self.plan.reference, Mapping) else {}
        found = {}
        for attribute, value in named.items():
            existing = [key for (key,) in self.single[attribute].keys]
            wanted = canonical(value, column=attribute)
            if wanted is None or wanted not in existing:
                raise PlanRejected(
                    "reference_not_found",
                    f"column {quoted(attribute)} has no group {quoted(value)} to compare with; it has "
                    + listed(existing),
                )
            found[attribute] = wanted
        return found

    def reference(self, disparity: Disparity, attributes: tuple[str, ...]) -> str | Mapping[str, str]:
        """What the groups of these attributes are compared with.

        Where the plan names groups, but not for all of these attributes: as if it named none.
        """
        asked = self.plan.reference
        if isinstance(asked, str):
            return asked
        if asked is not None and set(attributes) <= set(self.named_reference):
            return self.named_reference
        return BEST if disparity.kind == RATIO else LARGEST

    def left_out(self, attribute: str) -> LeftOut:
        """The rows that take no part in one attribute's comparisons."""
        lost, nameless = self.counts.lost_of(attribute)
        return LeftOut(lost, nameless, self.counts.unknown_of(attribute))

    @cached_property
    def counted(self) -> list[dict[str, Any]]:
        """How many rows each group has, for the document: attributes one by one, intersections in sum."""
        count = partial(counted_groups, min_group=self.plan.min_group, suppress_below=self.plan.suppress_below)
        made = []
        for name, slices in self.single.items():
            out = self.left_out(name)
            made.append(
                count(
                    slices,
                    listed=True,
                    missing=int(out.unknown.sum()),
                    required=self.required.get(name, ()),
                    lost={key[0]: int(rows) for key, rows in zip(slices.keys, out.lost, strict=True)},
                )
            )
        for names, shown in self.crossed.items():
            slices = self.counts.slices(names)
            hidden = int((slices.sizes > 0).sum()) - len(shown)
            made.append(count(slices, listed=False) | {"not_shown": hidden})
        return made
