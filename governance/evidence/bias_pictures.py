"""Pictures of a bias document beyond dots and intervals: intersections, calibration curves, the spread of scores.

Reads documents only, as ``bias_report``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.evidence.bias_charts import Chart
from governance.evidence.metric_words import capital, metric_name, slice_name
from governance.evidence.results import Document
from governance.web.templatetags import figures

# What is looked at where two attributes meet, in this order, and how many tables are open at once.
CROSSED = ("selection_rate", "false_positive_rate", "true_positive_rate")


@dataclass(frozen=True)
class HeatTable:
    """What ``{% heat_table %}`` takes."""

    title: str
    down: list[str]
    across: list[str]
    cells: dict[tuple[str, str], Mapping[str, Any]]


def heat_tables(document: Document) -> list[HeatTable]:
    """One table for each pair of attributes and rate that was measured; the attribute of more groups goes down."""
    found: dict[tuple[str, tuple[str, str]], list[Mapping[str, Any]]] = {}
    for row in document.get("metrics", ()):
        names = tuple(row.get("slice") or {})
        if len(names) == 2 and row["metric"] in CROSSED and "class" not in row:
            found.setdefault((row["metric"], (names[0], names[1])), []).append(row)
    order = sorted(found, key=lambda key: (CROSSED.index(key[0]), key[1]))
    return [_heat_table(metric, names, found[metric, names]) for metric, names in order]


def _heat_table(metric: str, names: tuple[str, str], rows: list[Mapping[str, Any]]) -> HeatTable:
    values = [sorted({row["slice"][name] for row in rows}) for name in names]
    down, across = (0, 1) if len(values[0]) >= len(values[1]) else (1, 0)
    title = _("%(metric)s by %(one)s and %(other)s") % {
        "metric": capital(metric_name(metric)),
        "one": names[down],
        "other": names[across],
    }
    cells: dict[tuple[str, str], Mapping[str, Any]] = {
        (row["slice"][names[down]], row["slice"][names[across]]): {
            "n": row.get("n"),
            "value": row.get("value"),
            "low": row.get("ci_low"),
            "high": row.get("ci_high"),
        }
        for row in rows
    }
    return HeatTable(title, values[down], values[across], cells)


def four_fifths(document: Document) -> list[dict[str, Any]]:
    """The rule of thumb by attribute: the group selected most, and every other one against it."""
    return [
        {
            "attribute": part["attribute"],
            "highest": slice_name(part["highest"]),
            "rule": part["rule"],
            "groups": [
                {
                    **row,
                    "label": slice_name(row["slice"]),
                    "few": row["state"] == "too_small",
                    "hangs_on": _hangs_on(row),
                }
                for row in part["groups"]
            ],
        }
        for part in document.get("four_fifths", ())
        if part["highest"] and part["groups"]
    ]


def _hangs_on(row: Mapping[str, Any]) -> str:
    """How many decisions about the group would turn the answer around, in words."""
    if row["n"] is None:
        return ""
    needed = row["flips"]["group"]
    if needed is None:
        return _("no number of decisions")
    if needed > 0:
        return ngettext("%(n)s more selected", "%(n)s more selected", needed) % {"n": figures.number(needed)}
    return ngettext("%(n)s fewer selected", "%(n)s fewer selected", -needed) % {"n": figures.number(-needed)}


def inequality(document: Document) -> list[dict[str, Any]]:
    """By attribute: how much of all inequality lies between its groups, and which two groups are furthest apart."""
    rows = []
    for row in (document.get("inequality") or {}).get("attributes", ()):
        found = row.get("differential_fairness")
        if found is None:
            continue
        times = {name: math.exp(found[name]) for name in ("epsilon", "ci_low", "ci_high")}
        rows.append(
            {
                "label": ", ".join(row["attributes"]),
                "share": row["between_groups_share"],
                "pair": _("%(group)s against %(other)s")
                % {"group": slice_name(found["slice"]), "other": slice_name(found["comparator"])},
                "decision": _("positive decision") if found["decision"] == "positive" else _("negative decision"),
                "times": times["epsilon"],
                "low": times["ci_low"],
                "high": times["ci_high"],
            }
        )
    return rows


@dataclass(frozen=True)
class Curves:
    """What ``{% calibration_chart %}`` takes: the groups of one attribute."""

    title: str
    groups: list[dict[str, Any]]


def calibration_curves(document: Document) -> list[Curves]:
    """Curves by attribute, everybody first; none where the score is no probability or there is no score."""
    part = document.get("calibration") or {}
    if part.get("scale") != "probability":
        return []
    made: dict[str, list[Mapping[str, Any]]] = {}
    everybody: list[Mapping[str, Any]] = []
    for group in part.get("groups", ()):
        name = next(iter(group["slice"]), None)
        (everybody if name is None else made.setdefault(name, [])).append(group)
    return [
        Curves(
            title=_("Does the score mean the same for every group? By %(attribute)s") % {"attribute": attribute},
            groups=[_curve(group) for group in (*everybody, *groups)],
        )
        for attribute, groups in made.items()
    ]


def _curve(group: Mapping[str, Any]) -> dict[str, Any]:
    bins = group.get("bins") or ()
    return {
        "label": capital(slice_name(group["slice"])) if not group["slice"] else slice_name(group["slice"]),
        "n": group.get("n"),
        "said": _too_high(group),
        "points": [
            {
                "n": one["n"],
                "score_from": one["score_from"],
                "score_to": one["score_to"],
                "score": one["score"],
                "value": one["value"],
                "low": one["ci_low"],
                "high": one["ci_high"],
            }
            for one in bins
        ],
    }


def _too_high(group: Mapping[str, Any]) -> str:
    """How far the scores are off on the whole, in words; nothing where the interval holds 0."""
    found = group.get("calibration_in_the_large") or {}
    low, high, value = found.get("ci_low"), found.get("ci_high"), found.get("value")
    if low is None or high is None or value is None:
        return ""
    if low > 0:
        return _("on the whole %(points)s too high") % {"points": figures.points(value)}
    if high < 0:
        return _("on the whole %(points)s too low") % {"points": figures.points(-value)}
    return _("right on the whole, as far as can be told")


def score_spread(document: Document) -> list[Chart]:
    """The middle half of the scores of every group, by attribute, with the middle as the dot."""
    part = document.get("calibration") or {}
    kind = "rate" if part.get("scale") == "probability" else "number"
    made: dict[str, list[dict[str, Any]]] = {}
    middle: float | None = None
    for group in part.get("groups", ()):
        quantiles = group.get("quantiles") or {}
        name = next(iter(group["slice"]), None)
        if name is None:
            middle = quantiles.get("0.5")
            continue
        made.setdefault(name, []).append(
            {
                "label": slice_name(group["slice"]),
                "n": group.get("n"),
                "hidden": group.get("n") is None,
                "value": quantiles.get("0.5"),
                "low": quantiles.get("0.25"),
                "high": quantiles.get("0.75"),
            }
        )
    return [
        Chart(
            title=_("Scores by %(attribute)s") % {"attribute": attribute},
            rows=rows,
            kind=kind,
            reference=middle,
            note=_("Dot: the middle score. Bar: the middle half of the scores. Solid line: everybody."),
        )
        for attribute, rows in made.items()
    ]
