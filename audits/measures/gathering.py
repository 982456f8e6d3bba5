"""All comparisons of a run: which there are, which decide, which are tested together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from audits.measures.comparisons import Comparison, Rules, compare_groups, widest_gap
from audits.measures.cube import Slices
from audits.measures.disparities import DISPARITIES, HEADLINES, Disparity
from audits.measures.grouped import MAX_DEPTH, Grouped
from audits.measures.resampling import Bootstrap, generator
from audits.measures.verdicts import correct, judge

# Enough to tell a gap that luck makes once in a hundred tables.
PERMUTATIONS_OF_CROSSED = 500


@dataclass(frozen=True)
class Gathered:
    """``gating`` decides the run's verdict; ``others`` are for information."""

    gating: list[Comparison]
    others: list[Comparison]


def gather(groups: Grouped, *, seed: int) -> Gathered:
    """Make every comparison, corrected for its family and judged by itself.

    Gating are the plan's gating metrics of single attributes: one family. Every other metric of an attribute or an
    intersection is a family of its own, and so are the widest gaps of one attribute or intersection.
    """
    gating: list[Comparison] = []
    others: list[Comparison] = []
    for row in _comparisons(groups, seed):
        (gating if row.role == "gating" else others).append(row)
    correct([*gating, *others])
    for row in (*gating, *others):
        # one of several tables of the same rows, each with its own tests
        row.q, row.p_holm = min(row.q * groups.tables, 1.0), min(row.p_holm * groups.tables, 1.0)
    for row in (*gating, *others):
        judge(row, min_group=groups.plan.min_group)
    return Gathered(gating, others)


def is_required(groups: Grouped, row: Comparison) -> bool:
    """Whether a comparison of a single attribute is about a group that must be judged."""
    (attribute,) = row.attributes
    wanted = groups.required.get(attribute, ())
    return row.slice[attribute] in wanted or row.comparator.get(attribute) in wanted


def _comparisons(groups: Grouped, seed: int) -> Iterator[Comparison]:
    gating = groups.plan.gating
    # equal opportunity is the true positive rate by another name
    shown = [name for name in DISPARITIES if not name.startswith("equal_opportunity") or name in gating]
    for slices in groups.single.values():
        yield from _of_attribute(groups, slices, shown, seed)
    for slices in groups.crossed.values():
        for row in _of_attribute(groups, slices, list(HEADLINES), seed):
            if row.why != "suppressed":
                yield row


def _of_attribute(groups: Grouped, slices: Slices, metrics: list[str], seed: int) -> Iterator[Comparison]:
    plan, names = groups.plan, slices.attributes
    bootstrap = Bootstrap(
        slices,
        # Intersections inform and decide nothing: where they are many, closed bounds stand in for resampling.
        replicates=plan.bootstrap if len(names) < MAX_DEPTH else 0,
        permutations=plan.bootstrap if len(names) == 1 else min(plan.bootstrap, PERMUTATIONS_OF_CROSSED),
        random=generator(seed, "groups", *names),
    )
    for metric in metrics:
        disparity = DISPARITIES[metric]
        for row in compare_groups(slices, disparity, _rules(groups, disparity, names), bootstrap):
            if len(names) == 1 and metric in plan.gating and (row.takes_part or is_required(groups, row)):
                row.role, row.family = "gating", ("gating",)
            else:
                row.family = ("group", metric, *names)
            yield row
    for metric in HEADLINES:
        disparity = DISPARITIES[metric]
        random = generator(seed, "range", metric, *names)
        gap = widest_gap(slices, disparity, _rules(groups, disparity, names), bootstrap, random=random)
        if gap is not None:
            gap.family = ("range", *names)
            yield gap


def _rules(groups: Grouped, disparity: Disparity, attributes: tuple[str, ...]) -> Rules:
    plan = groups.plan
    set_by_plan = disparity.name in plan.thresholds
    return Rules(
        reference=groups.reference(disparity, attributes),
        threshold=plan.thresholds.get(disparity.name, disparity.default_threshold),
        threshold_source="plan" if set_by_plan else "default",
        min_group=plan.min_group,
        suppress_below=plan.suppress_below,
    )
