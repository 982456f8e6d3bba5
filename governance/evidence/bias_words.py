"""A comparison of two groups in words for people who know no statistics: so many of 100, and what the range means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from governance.web.templatetags import figures

RATE_OF = {"demographic_parity": "selection_rate", "equal_opportunity": "true_positive_rate"}
"""What a comparison without a deciding rate of its own compares."""


def of_hundred(document: Mapping[str, Any], row: Mapping[str, Any], *, group: str, other: str) -> str:
    """How many of 100 people of either group; empty where one of the two rates was not measured, and of classes."""
    if "class" in row:
        return ""
    rate = row.get("decided_by") or _rate_of(str(row.get("metric", "")))
    ours, theirs = (_share(document, rate, row.get(side) or {}) for side in ("slice", "comparator"))
    phrase = {
        "selection_rate": _(
            "of 100 people each, about %(a)s of %(group)s and %(b)s of %(other)s get the positive decision"
        ),
        "true_positive_rate": _(
            "of 100 people each whose true outcome is positive, about %(a)s of %(group)s and %(b)s of %(other)s get"
            " the positive decision"
        ),
        "false_positive_rate": _(
            "of 100 people each whose true outcome is negative, about %(a)s of %(group)s and %(b)s of %(other)s get"
            " the positive decision all the same"
        ),
        "false_negative_rate": _(
            "of 100 people each whose true outcome is positive, about %(a)s of %(group)s and %(b)s of %(other)s are"
            " passed over"
        ),
        "accuracy": _("of 100 decisions each, about %(a)s for %(group)s and %(b)s for %(other)s are right"),
        "precision": _("of 100 positive decisions each, about %(a)s for %(group)s and %(b)s for %(other)s are right"),
    }.get(rate)
    if phrase is None or ours is None or theirs is None:
        return ""
    return phrase % {"a": _number(ours), "b": _number(theirs), "group": group, "other": other}


def what_the_range_means(verdict: object) -> str:
    """Why an interval leads to this verdict."""
    return {
        "fail": _(
            "The figures in brackets are the range in which the true figure most likely lies. All of it is beyond the"
            " limit, so chance alone does not explain the gap."
        ),
        "pass": _(
            "The figures in brackets are the range in which the true figure most likely lies. All of it keeps within"
            " the limit."
        ),
        "warn": _(
            "The figures in brackets are the range in which the true figure most likely lies. It reaches over the"
            " limit, so both answers are still possible."
        ),
        "insufficient_data": _("With so few rows, chance alone makes gaps as wide as the limit."),
    }.get(str(verdict), "")


def _rate_of(metric: str) -> str:
    name = metric.rpartition("_")[0]
    return RATE_OF.get(name, name)


def _share(document: Mapping[str, Any], rate: str, part: Mapping[str, Any]) -> float | None:
    for row in document.get("metrics", ()):
        if row.get("metric") == rate and (row.get("slice") or {}) == part:
            value = row.get("value")
            return float(value) if isinstance(value, (int, float)) else None
    return None


def _number(share: float) -> str:
    if 0 < share < 0.005:
        return _("fewer than 1")
    if 0.995 < share < 1:
        return _("more than 99")
    return figures.number(round(100 * share))
