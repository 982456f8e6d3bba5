"""The document of a bias audit in a sentence, and in the small gauge beside a requirement.

Reads documents only; the figures are those that the audit stored, never computed anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.evidence.bias_words import of_hundred, what_the_range_means
from governance.evidence.consistency_words import alike_in_words, decided_by_consistency
from governance.evidence.metric_words import capital, kind_of, metric_name, slice_name
from governance.evidence.results import Document
from governance.web.templatetags import figures


def gauge(document: Document) -> dict[str, Any] | None:
    """The worst gating figure, for the gauge beside a requirement."""
    alike = decided_by_consistency(document)
    if alike is not None and alike.get("value") is not None:
        limits_of = {key: alike.get(of) for key, of in (("low", "ci_low"), ("high", "ci_high"), ("n", "rows_asked"))}
        floor = {"floor": alike["threshold"], "verdict": alike["verdict"]}
        return {"value": alike["value"], "kind": "rate", **limits_of, **floor}
    row = worst(document)
    if row is None or row.get("value") is None:
        return None
    return {
        "value": row["value"],
        "low": row.get("ci_low"),
        "high": row.get("ci_high"),
        "n": row.get("n"),
        "kind": kind_of(row),
        "verdict": row.get("verdict"),
        **limits(row),
    }


def worst(document: Document) -> Mapping[str, Any] | None:
    """Of the gating figures the one that decides: the first whose verdict is the run's, else the first."""
    rows: Sequence[Mapping[str, Any]] = document.get("headline") or ()
    return next((row for row in rows if row.get("verdict") == document.get("verdict")), rows[0] if rows else None)


def limits(*rows: Mapping[str, Any]) -> dict[str, Any]:
    """``floor`` for a ratio, ``ceiling`` for a difference, and the other one where a figure lies on the other side.

    A difference below 0 must not be below the threshold with a minus; a ratio above 1 not above 1 over it.
    """
    threshold = rows[0].get("threshold")
    if not threshold:
        return {}
    values = [float(row["value"]) for row in rows if row.get("value") is not None]
    if rows[0].get("kind") == "ratio":
        low, high = any(value <= 1 for value in values) or not values, any(value > 1 for value in values)
        return ({"floor": threshold} if low else {}) | ({"ceiling": 1 / threshold} if high else {})
    low, high = any(value < 0 for value in values), any(value >= 0 for value in values) or not values
    return ({"floor": -threshold} if low else {}) | ({"ceiling": threshold} if high else {})


def sentence(document: Document) -> str:
    """What the audit found, about whom, and how sure it is; brief, for the row of a requirement."""
    row, verdict = worst(document), document.get("verdict")
    if any(one.get("code") == "bias.no_threshold" for one in document.get("reasons", ())):
        return _("The audit plan sets no limit, so the figures are shown and nothing is judged.")
    if (alike := decided_by_consistency(document)) is not None:
        return alike_in_words(alike)
    if verdict == "no_information":
        return _("The model answers everybody alike, so the comparison says nothing.")
    if row is None:
        return _("No group could be compared with another, so there is no verdict.")
    return {
        "fail": _("%(group)s against %(other)s: %(metric)s %(figure)s, %(n)s. The limit is %(limit)s."),
        "pass": _("No group is beyond the limit of %(limit)s: at worst %(metric)s %(figure)s (%(group)s, %(n)s)."),
        "warn": _(
            "It cannot be told yet: %(group)s against %(other)s, %(metric)s %(figure)s, %(n)s, around the limit of"
            " %(limit)s."
        ),
        "insufficient_data": _too_few(row),
    }.get(str(verdict), _("%(group)s against %(other)s: %(metric)s %(figure)s, %(n)s.")) % _told(row)


def _too_few(row: Mapping[str, Any]) -> str:
    if "class" in row:
        return _("Too few rows for a verdict on class %(class)s: %(group)s, %(n)s, against %(other)s.")
    return _("Too few rows for a verdict: %(group)s, %(n)s, against %(other)s.")


def _told(row: Mapping[str, Any]) -> dict[str, str]:
    return {
        "metric": metric_of(row),
        "group": slice_name(row.get("slice")),  # as the data has it, at the beginning of a sentence too
        "other": slice_name(row.get("comparator")),
        "figure": _figure(row),
        "limit": figures.figure(kind_of(row), row.get("threshold")),
        "n": figures.sample(row.get("n")),
        "class": str(row.get("class", "")),
    }


def metric_of(row: Mapping[str, Any]) -> str:
    """The metric in words, with the class that it is about."""
    name = metric_name(str(row["metric"]))
    return _("%(metric)s of class %(class)s") % {"metric": name, "class": row["class"]} if "class" in row else name


def in_plain_words(document: Document) -> str:
    """The same for people who know no statistics: so many of 100 people of either group."""
    row = worst(document)
    if row is None or document.get("verdict") == "no_information" or decided_by_consistency(document) is not None:
        return sentence(document)
    told = _told(row)
    often = of_hundred(document, row, group=told["group"], other=told["other"])
    if not often:
        return sentence(document)
    said = {
        "pass": _(
            "No group is beyond the limit of %(limit)s. Furthest apart: %(often)s (%(metric)s %(figure)s, %(n)s)."
        ),
        "warn": _("It cannot be told yet: %(often)s. %(metric)s %(figure)s, %(n)s; the limit is %(limit)s."),
        "insufficient_data": _too_few(row),
    }.get(str(document.get("verdict")), _("%(Often)s: %(metric)s %(figure)s, %(n)s. The limit is %(limit)s."))
    return said % (told | {"often": often, "Often": capital(often)})


def reason(document: Document) -> str:
    """One line more: what the range means, what would decide it, and what was left out."""
    row = worst(document)
    parts = [] if row is None else [what_the_range_means(document.get("verdict"))]
    if (
        row is not None
        and decided_by_consistency(document) is None
        and row.get("rows_needed")
        and row.get("verdict") in ("warn", "insufficient_data")
    ):
        rows = int(row["rows_needed"])
        parts.append(
            ngettext("About %(n)s more row would tell.", "About %(n)s more rows would tell.", rows)
            % {"n": figures.number(rows)}
        )
    small = sum(g["suppressed"]["groups"] + g["too_small"]["groups"] for g in document.get("groups", ()) if _alone(g))
    if small:
        parts.append(
            ngettext(
                "%(n)s group is too small for a verdict; it counts as not enough data, not as a pass.",
                "%(n)s groups are too small for a verdict; they count as not enough data, not as a pass.",
                small,
            )
            % {"n": small}
        )
    return " ".join(part for part in parts if part)


def _alone(group: Mapping[str, Any]) -> bool:
    return len(group["attributes"]) == 1


def _figure(row: Mapping[str, Any]) -> str:
    kind = kind_of(row)
    if row.get("value") is None:
        return figures.not_measured()
    value = figures.figure(kind, row["value"], limit=row.get("threshold"))
    return f"{value} {figures.interval(kind, row.get('ci_low'), row.get('ci_high'))}".strip()
