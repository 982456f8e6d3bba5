"""The figures of a bias audit as charts and tables: comparisons, rates by group, versions side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from governance.evidence.bias_report import limits, metric_of, worst
from governance.evidence.metric_words import QUANTITIES, RATES, capital, is_share, kind_of, metric_name, slice_name
from governance.evidence.results import Document


@dataclass(frozen=True)
class Chart:
    """What ``{% interval_chart %}`` takes, and the title over it."""

    title: str
    rows: list[dict[str, Any]]
    kind: str
    floor: float | None = None
    ceiling: float | None = None
    reference: float | None = None
    note: str = ""


def comparison_charts(document: Document) -> list[Chart]:
    """The gating figures by attribute: every group against its comparator."""
    made: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in document.get("disparities", ()):
        if row.get("role") == "gating" and len(row.get("slice") or {}) == 1:
            made.setdefault((metric_of(row), next(iter(row["slice"]))), []).append(row)
    charts = []
    for (metric, attribute), rows in made.items():
        kind = kind_of(rows[0])
        title = _("%(metric)s by %(attribute)s") % {"metric": capital(metric), "attribute": attribute}
        charts.append(
            Chart(
                title=title,
                kind=kind,
                reference=1.0 if kind == "ratio" else None,
                rows=[_row(row, label=_against(row)) for row in rows],
                **limits(*rows),
            )
        )
    return charts


def _against(row: Mapping[str, Any]) -> str:
    return _("%(group)s against %(other)s") % {
        "group": slice_name(row.get("slice")),
        "other": slice_name(row.get("comparator")),
    }


def _row(row: Mapping[str, Any], *, label: str) -> dict[str, Any]:
    return {
        "label": label,
        "n": row.get("n"),
        "value": row.get("value"),
        "low": row.get("ci_low"),
        "high": row.get("ci_high"),
        "verdict": row.get("verdict", ""),
    }


def rate_charts(document: Document) -> list[Chart]:
    """Rates by the groups of each attribute, the rate of everybody as the line of reference."""
    made: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    overall: dict[str, Any] = {}
    drawn = (*RATES, *QUANTITIES)
    for row in document.get("metrics", ()):
        part = row.get("slice") or {}
        if "class" in row:
            continue
        if not part:
            overall[row["metric"]] = row.get("value")
        elif len(part) == 1 and row["metric"] in drawn:
            made.setdefault((next(iter(part)), row["metric"]), []).append(row)
    order = sorted(made, key=lambda key: (drawn.index(key[1]), key[0]))
    return [
        Chart(
            title=_("%(metric)s by %(attribute)s") % {"metric": capital(metric_name(metric)), "attribute": attribute},
            kind="number" if metric in QUANTITIES else "rate",
            reference=overall.get(metric),
            rows=[_row(row, label=slice_name(row["slice"])) for row in made[attribute, metric]],
        )
        for attribute, metric in order
    ]


def overall(document: Document) -> dict[str, Mapping[str, Any]]:
    """The figures of everybody, by metric."""
    return {row["metric"]: row for row in document.get("metrics", ()) if not row.get("slice") and "class" not in row}


def by_version(runs: Sequence[tuple[str, Document]]) -> list[dict[str, Any]]:
    """Approval rate, accuracy and worst ratio of several versions' audits, for the table that compares them."""
    rows = []
    for label, document in runs:
        rates, gating = overall(document), worst(document)
        rows.append(
            {
                "label": label,
                "selection": rates.get("selection_rate"),
                "accuracy": rates.get("accuracy"),
                "worst": gating,
                "verdict": document.get("verdict", ""),
            }
        )
    return rows


def worst_slices(document: Document) -> list[dict[str, Any]]:
    """Where two or more attributes meet: the slices furthest from everybody. Leads, not findings."""
    return [
        {
            "label": slice_name(row.get("slice")),
            "metric": metric_of(row),
            "n": row.get("n"),
            "value": row.get("value"),
            "low": row.get("ci_low"),
            "high": row.get("ci_high"),
            "gap": row.get("gap"),
            "gap_low": row.get("gap_ci_low"),
            "gap_high": row.get("gap_ci_high"),
        }
        for row in document.get("worst_slices", ())
    ]


def all_figures(document: Document) -> list[dict[str, Any]]:
    """Every rate that was measured, for the table below the charts."""
    return [
        {
            **_row(row, label=slice_name(row.get("slice"))),
            "metric": capital(metric_of(row)),
            "is_share": is_share(row["metric"]),
        }
        for row in document.get("metrics", ())
    ]
