"""The bias audit: a table of predictions and a plan in, a document with figures, verdict and reasons out."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import rfc8785

from audits.measures.average_odds import average_odds
from audits.measures.binary import Confusion, LabelNotBinary, PredictionNotBinary, confusion
from audits.measures.cluster_bootstrap import cluster_bootstrap
from audits.measures.comparisons import Comparison
from audits.measures.conditional import conditional_of
from audits.measures.cube import MAX_CLASSES, MAX_GROUPS, Cube, CubeBuilder, require_weight
from audits.measures.disparities import DISPARITIES, worst_is
from audits.measures.figures import comparison_row, figure, rate_rows
from audits.measures.four_fifths import four_fifths
from audits.measures.gathering import gather
from audits.measures.grouped import Grouped
from audits.measures.inequality.consistency import consistency_of, with_consistency
from audits.measures.inequality.part import inequality
from audits.measures.kept_rows import JudgedRows, RowKeeper, classed_rows, judged_rows
from audits.measures.multiclass import of_classes
from audits.measures.naming import DIFFERENCE, NUMERIC_METRICS, listed, quoted
from audits.measures.numeric.document import numeric_document
from audits.measures.ordering import in_order_of_content
from audits.measures.plan import MULTICLASS, BiasPlan
from audits.measures.proxies import proxies_of
from audits.measures.regression.document import reasons_of
from audits.measures.ruling import rule
from audits.measures.scores.part import with_scores
from audits.measures.slices import slices_of
from audits.measures.tables.opening import Table, open_table
from audits.measures.tables.refusals import EmptyTable, TableRejected, TooManyValues
from audits.measures.worst_slices import worst_slices

# With more intersections than this the document holds only the rates of ``rates.CORE`` of them.
MAX_FULL = 1_000

Progress = Callable[[int, int | None], None]


class TooManyGroups(TableRejected):
    code = "too_many_groups"


def open_for(
    source: str | Path | IO[bytes] | pa.Table, plan: BiasPlan, *, counting: Callable[[], None] | None = None
) -> Table:
    """Open a table with the columns that a plan reads.

    Raises:
        TableRejected: not a table, or a column is missing.
    """
    if plan.task in NUMERIC_METRICS:
        answers = [plan.label, plan.prediction]
        return open_table(
            source,
            columns=[*plan.sensitive, *([plan.cluster] if plan.cluster else [])],
            keys=[plan.cluster] if plan.cluster else [],
            numbers=[*(() if plan.of_texts else answers), *([plan.weights] if plan.weights else [])],
            texts=answers if plan.of_texts else (),
            counting=counting,
        )
    return open_table(
        source,
        columns=[*plan.sensitive, plan.label, plan.prediction, *([plan.cluster] if plan.cluster else [])],
        keys=[plan.cluster] if plan.cluster else [],
        numbers=[name for name in (plan.weights, plan.score) if name],
        features=plan.other_columns,
        counting=counting,
    )


def audit_table(table: Table, plan: BiasPlan, *, progress: Progress | None = None, seed: int = 0) -> dict[str, Any]:
    """Audit a table of predictions for bias.

    Args:
        table: opened by ``open_for`` with the same plan; it is read once.
        plan: what to compare, and what counts as too far.
        progress: told rows done and rows known after every chunk; what it raises passes through.
        seed: of the bootstrap and the permutations.

    Returns:
        The document of the audit, JSON-ready, without nan and infinity; ``digest`` is the SHA-256 of the RFC 8785
        form of all the rest. The same rows in any order, the same plan and the same seed give the same bytes.

    Raises:
        TableRejected: the table cannot be read or cannot support the audit.
        PlanRejected: the plan names a reference group that the table does not have.
    """
    if plan.task == MULTICLASS:
        keeper = _keeper(plan) if plan.cluster else None
        cube = _read(table, plan, keeper, progress)
        rows_of = classed_rows(keeper.build(), plan, cluster=plan.cluster) if keeper and plan.cluster else None
        return _sealed(of_classes(cube, plan, seed=seed, document_of=_of_groups, rows=rows_of))
    if plan.task in NUMERIC_METRICS:
        return _sealed(numeric_document(table, plan, progress=progress, seed=seed))
    counts, rows = read_once(table, plan, progress=progress)
    document = _of_counts(counts, plan, seed=seed, rows=rows)
    if rows is not None:
        document = with_scores(document, rows, plan, seed=seed)
        document = _with_rows(document, rows, plan, seed=seed)
    return _sealed(document)


def with_regression(document: dict[str, Any], compared: Mapping[str, Any]) -> dict[str, Any]:
    """An audit's document with the comparison with the approved version in it, and the reasons that this gives.

    ``compared`` is of ``regression.regression_of``, or {"not_compared": why}. The verdict is that of the version by
    itself and does not change.
    """
    told = {key: value for key, value in document.items() if key != "digest"}
    if "not_compared" in compared:
        why = {"why": compared["not_compared"]}
        reasons = [{"code": "regression.not_compared", "locus": "regression", "params": why}]
    else:
        reasons = reasons_of(compared)
    return _sealed(told | {"regression": dict(compared), "reasons": [*document["reasons"], *reasons]})


def counted(table: Table, plan: BiasPlan, *, progress: Progress | None = None) -> Confusion:
    """Read the table once into a confusion cube over the plan's attributes."""
    return read_once(table, plan, progress=progress)[0]


def read_once(table: Table, plan: BiasPlan, *, progress: Progress | None = None) -> tuple[Confusion, JudgedRows | None]:
    """Read the table once: counted, and kept row by row where the plan asks for what no count can tell."""
    keeper = _keeper(plan) if plan.needs_rows else None
    cube = _read(table, plan, keeper, progress)
    counts = confusion(cube, label=plan.label, prediction=plan.prediction, positive=plan.positive)
    require_weight(counts.used.weights, column=plan.weights)
    return counts, None if keeper is None else judged_rows(keeper.build(), plan)


def _keeper(plan: BiasPlan) -> RowKeeper:
    return RowKeeper(
        [*plan.sensitive, plan.label, plan.prediction, *([plan.cluster] if plan.cluster else [])],
        [name for name in (plan.weights, plan.score) if name],
        plan.other_columns,
    )


def _read(table: Table, plan: BiasPlan, keeper: RowKeeper | None, progress: Progress | None) -> Cube:
    builder = CubeBuilder(
        [*plan.sensitive, plan.label, plan.prediction],
        weights=plan.weights,
        limits={plan.label: MAX_CLASSES, plan.prediction: MAX_CLASSES},
    )
    try:
        for chunk in table.chunks():
            builder.add(chunk)
            if keeper is not None:
                keeper.add(chunk)
            if progress is not None:
                progress(builder.rows, max(table.rows_known, builder.rows))
    except TooManyValues as many:
        raise _many_values(many, plan) from None
    if builder.rows == 0:
        raise EmptyTable("the table has a header and no rows")
    if progress is not None:
        progress(builder.rows, builder.rows)
    return builder.build()


def _many_values(many: TooManyValues, plan: BiasPlan) -> TableRejected:
    said = f"column {quoted(many.column)} has more than %s different values, such as {listed(many.examples)}; "
    if many.column == plan.prediction:
        return PredictionNotBinary(said % MAX_CLASSES + "give the column of decisions, not of scores")
    if many.column == plan.label:
        return LabelNotBinary(said % MAX_CLASSES + "give the column of true outcomes, with two values")
    return TooManyGroups(said % MAX_GROUPS + "group them first (ages into bands), or name another column")


def audit_counts(counts: Confusion, plan: BiasPlan, *, seed: int = 0) -> dict[str, Any]:
    """The audit of rows that are already counted; see ``audit_table``."""
    return _sealed(_of_counts(counts, plan, seed=seed))


def _sealed(document: dict[str, Any]) -> dict[str, Any]:
    return document | {"digest": hashlib.sha256(rfc8785.dumps(document)).hexdigest()}


def _with_rows(document: dict[str, Any], rows: JudgedRows, plan: BiasPlan, *, seed: int) -> dict[str, Any]:
    """The document with parts that need single rows; each is absent where the plan does not ask for it."""
    if plan.other_columns:
        rows = in_order_of_content(rows)
    document |= slices_of(rows, plan, seed=seed)
    document |= conditional_of(rows, plan)
    document |= proxies_of(rows, plan, seed=seed)
    return with_consistency(document, consistency_of(rows, plan, seed=seed))


def _of_counts(counts: Confusion, plan: BiasPlan, *, seed: int, rows: JudgedRows | None = None) -> dict[str, Any]:
    return _of_groups(Grouped(counts, plan, rows), seed=seed)


def _of_groups(groups: Grouped, *, seed: int) -> dict[str, Any]:
    counts, plan = groups.counts, groups.plan
    gathered = gather(groups, seed=seed)
    ruling = rule(groups, gathered.gating)
    shown = [groups.everyone, *groups.single.values(), *groups.crossed.values()]
    gating_rates = [rate for metric in plan.gating for rate in DISPARITIES[metric].rates]
    return {
        "verdict": ruling.verdict,
        "rows_used": counts.rows_used,
        "rows_dropped": dict(counts.dropped),
        "headline": _headlines(gathered.gating),
        "reasons": ruling.reasons,
        "metrics": _rates(groups),
        "disparities": [
            *(comparison_row(row) for row in (*gathered.gating, *gathered.others)),
            *average_odds(groups),
        ],
        "four_fifths": four_fifths(groups),
        "inequality": inequality(groups),
        "worst_slices": worst_slices(
            shown[1:], groups.everyone, rates=list(dict.fromkeys(gating_rates)), min_group=plan.min_group
        ),
        "groups": groups.counted,
        "plan": plan.as_document(),
        "seed": seed,
        **cluster_bootstrap(groups, gathered.gating, seed=seed),
    }


def _rates(groups: Grouped) -> list[dict[str, Any]]:
    """The rates of everybody, of groups and of intersections; of very many intersections the core ones alone."""
    hide = groups.plan.suppress_below
    rows = [row for one in (groups.everyone, *groups.single.values()) for row in rate_rows(one, suppress_below=hide)]
    many = sum(len(slices) for slices in groups.crossed.values()) > MAX_FULL
    for slices in groups.crossed.values():
        rows += rate_rows(slices, suppress_below=hide, core=many)
    return rows


def _headlines(gating: list[Comparison]) -> list[dict[str, Any]]:
    """The worst comparison of each gating metric over all attributes; metrics that were not measured are absent.

    ``worst`` is its value without a side: the size of a difference, a ratio turned so that it is at most 1.
    """
    made = []
    for metric in dict.fromkeys(row.disparity.name for row in gating):
        rows = [row for row in gating if row.disparity.name == metric and row.takes_part]
        away = [float(worst_is(row.disparity.kind, np.array(row.value))) for row in rows]
        measured = [(gap, row) for gap, row in zip(away, rows, strict=True) if math.isfinite(gap)]
        if measured:
            gap, row = max(measured, key=lambda one: one[0])
            made.append(comparison_row(row) | {"worst": figure(gap if row.disparity.kind == DIFFERENCE else 1 - gap)})
    return made
