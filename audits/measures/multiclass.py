"""More than two classes: each one against the rest, all from one cube."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from audits.measures.binary import ColumnEmpty, LabelOneClass, against_rest
from audits.measures.clusters import with_clusters
from audits.measures.cube import Cube, require_weight
from audits.measures.figures import estimate_of
from audits.measures.grouped import Grouped
from audits.measures.intervals import wilson
from audits.measures.kept_rows import ClassedRows
from audits.measures.means import Estimated, unknown
from audits.measures.naming import DIFFERENCE, listed, quoted
from audits.measures.plan import BiasPlan
from audits.measures.tables.refusals import TableRejected
from audits.measures.verdicts import worst

DocumentOf = Callable[..., dict[str, Any]]


class ClassesDiffer(TableRejected):
    code = "classes_differ"


def of_classes(
    cube: Cube, plan: BiasPlan, *, seed: int, document_of: DocumentOf, rows: ClassedRows | None = None
) -> dict[str, Any]:
    """The document of an audit with several classes.

    Args:
        cube: over the sensitive attributes, label and prediction.
        document_of: the audit of one class against the rest, from ``Grouped`` and ``seed``.
        rows: the same rows one by one where they come in clusters; then they count for fewer, in every class by the
            design effect of that class.

    Returns:
        As for two classes; rows of metrics, disparities, headline and reasons name their ``class``, and the share of
        right answers over all classes is ``accuracy`` without one. q counts every class as a table of its own. The
        verdict is the worst over the classes that occur among labels and predictions.

    Raises:
        TableRejected: no row is left or weighs anything, labels and predictions have no class in common, or there is
            one label only.
    """
    labels, predictions = cube.names(plan.label), cube.names(plan.prediction)
    for name, values in ((plan.label, labels), (plan.prediction, predictions)):
        if not values:
            raise ColumnEmpty(f"column {quoted(name)} is empty in every row; is it the right column?")
    if not set(labels) & set(predictions):
        raise ClassesDiffer(
            f"labels ({listed(labels)}) and predictions ({listed(predictions)}) have no class in common; "
            "write both with the same words"
        )
    if len(labels) == 1:
        raise LabelOneClass(f"every label in {quoted(plan.label)} is {quoted(labels[0])}; add rows of other classes")
    classes = sorted({*labels, *predictions})
    grouped = {name: _grouped(cube, plan, name, 1, rows) for name in classes}
    require_weight(grouped[classes[0]].counts.used.weights, column=plan.weights)
    states = {name: _state(one) for name, one in grouped.items()}
    judged = [name for name, state in states.items() if state == "judged"]
    tables = max(len(judged), 1)
    documents = {name: document_of(_grouped(cube, plan, name, tables, rows), seed=seed) for name in classes}
    first = documents[classes[0]]
    verdict = worst(documents[name]["verdict"] for name in judged) if judged else "no_information"
    return {
        "verdict": verdict,
        "rows_used": first["rows_used"],
        "rows_dropped": first["rows_dropped"],
        "headline": _headline([_of(name, row) for name in judged for row in documents[name]["headline"]]),
        "reasons": [
            *_reasons(documents, judged, first, classes[0]),
            *([] if judged else [_no_information(first, plan)]),
        ],
        "metrics": [
            *_accuracy(cube, plan, classes, grouped[classes[0]], rows),
            *(_of(name, row) for name in classes for row in documents[name]["metrics"]),
        ],
        "disparities": [_of(name, row) for name in judged for row in documents[name]["disparities"]],
        "worst_slices": [_of(name, row) for name in judged for row in documents[name]["worst_slices"]],
        "classes": [{"class": name, "state": states[name], **_sizes(grouped[name])} for name in classes],
        "groups": first["groups"],
        "plan": plan.as_document(),
        "seed": seed,
        **_redrawn(documents, judged),
    }


def _redrawn(documents: dict[str, dict[str, Any]], judged: list[str]) -> dict[str, Any]:
    """The intervals of whole clusters drawn anew, where there are clusters, of every class."""
    if not any("cluster_bootstrap" in documents[name] for name in judged):
        return {}
    return {
        "cluster_bootstrap": [_of(name, row) for name in judged for row in documents[name].get("cluster_bootstrap", ())]
    }


def _grouped(cube: Cube, plan: BiasPlan, name: str, tables: int, rows: ClassedRows | None = None) -> Grouped:
    chosen = frozenset({name})
    counts = against_rest(cube, label=plan.label, prediction=plan.prediction, positives=(chosen, chosen))
    return Grouped(counts, plan, None if rows is None else rows.against_rest(name), tables=tables)


def _sizes(groups: Grouped) -> dict[str, int]:
    cells = groups.everyone.cells[0]
    return {"labels": int(cells[1].sum()), "predictions": int(cells[:, 1].sum())}


def _state(groups: Grouped) -> str:
    """Whether a class can be judged: it occurs, it is predicted, and not for everybody."""
    sizes, total = _sizes(groups), int(groups.everyone.cells.sum())
    if sizes["predictions"] == total:
        return "always_predicted"
    if sizes["predictions"] == 0:
        return "never_predicted"
    return "judged" if sizes["labels"] else "never_true"


def _of(name: str, row: dict[str, Any]) -> dict[str, Any]:
    return {"class": name} | row


def _headline(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each gating metric the class that is worst."""
    made: dict[str, tuple[float, dict[str, Any]]] = {}
    for row in rows:
        away = row["worst"] if row["kind"] == DIFFERENCE else -row["worst"]
        known = made.get(row["metric"])
        if known is None or away > known[0]:
            made[row["metric"]] = (away, row)
    return [row for _, row in made.values()]


def _reasons(
    documents: dict[str, dict[str, Any]], judged: list[str], first: dict[str, Any], class_: str
) -> list[dict[str, Any]]:
    """Reasons of every class, those that are about rows and not about a class only once."""
    seen, made = set(), []
    for name in [*judged] or [class_]:
        for reason in documents[name]["reasons"]:
            about_rows = "metric" not in reason["params"]
            key = (reason["code"], reason["locus"])
            if about_rows and (key in seen or reason["code"] == "bias.no_information"):
                continue
            seen.add(key)
            made.append(reason if about_rows else reason | {"locus": f"class={name[:60]} {reason['locus']}"})
    return made


def _no_information(first: dict[str, Any], plan: BiasPlan) -> dict[str, Any]:
    used = first["rows_used"]
    params = {"attribute": plan.sensitive[0], "n": used, "selected": used}
    return {"code": "bias.no_information", "locus": plan.sensitive[0], "params": params}


def _accuracy(
    cube: Cube, plan: BiasPlan, classes: list[str], groups: Grouped, rows_of: ClassedRows | None
) -> list[dict[str, Any]]:
    """The share of right answers of everybody and of every group."""
    rows: list[dict[str, Any]] = []
    right_rows = None if rows_of is None else rows_of.right()
    of_class = [_grouped(cube, plan, name, 1).counts for name in classes]
    for attributes in ((), *((name,) for name in plan.sensitive)):
        slices = groups.counts.slices(attributes)
        right = [one.slices(attributes) for one in of_class]
        hits, sizes = np.sum([one.cells[:, 1, 1] for one in right], axis=0), slices.sizes
        n = sizes.astype(float)
        k = hits.astype(float)
        if slices.weights is not None and slices.squares is not None:
            weight, squares = slices.weights.sum(axis=(1, 2)), slices.squares.sum(axis=(1, 2))
            n = np.divide(weight**2, squares, out=np.zeros_like(weight), where=squares > 0)
            chosen = np.sum([one.weights[:, 1, 1] for one in right if one.weights is not None], axis=0)
            k = np.clip(np.divide(chosen, weight, out=np.zeros_like(weight), where=weight > 0), 0, 1) * n
        said, effect = "Wilson", np.ones(len(slices))
        if (design := with_clusters(slices, right_rows).design) is not None:
            said, effect = "Wilson, rows of clusters counted as fewer (design effect)", design["accuracy"]
        low, high = wilson(k / effect, n / effect)
        for group, size in enumerate(sizes):
            row: dict[str, Any] = {"slice": slices.named(group), "metric": "accuracy"}
            if 0 < size < plan.suppress_below:
                hidden = estimate_of(unknown("Wilson"), why="suppressed")
                rows.append(row | {"n": None, "k": None, "of": None} | hidden)
            elif size:
                value = float(k[group] / n[group]) if n[group] > 0 else float("nan")
                found = Estimated(value, float(low[group]), float(high[group]), said)
                rows.append(row | {"n": int(size), "k": int(hits[group]), "of": int(size)} | estimate_of(found))
    return rows
