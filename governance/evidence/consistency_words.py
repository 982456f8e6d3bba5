"""Whether people who are alike are decided alike, where the verdict of a bias audit rests on it: in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from governance.web.templatetags import figures

_NOBODY_THERE = frozenset(
    {
        "bias.required_group_missing",
        "bias.required_group_too_small",
        "bias.required_group_rows_left_out",
        "bias.nothing_to_compare",
    }
)


def decided_by_consistency(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """``consistency`` where the verdict of the run rests on it and on no comparison of groups."""
    told: Mapping[str, Any] = document.get("consistency") or {}
    verdict = document.get("verdict")
    if told.get("verdict") != verdict or verdict not in ("fail", "warn", "insufficient_data"):
        return None
    others = [one for one in document.get("reasons", ()) if not str(one.get("code")).startswith("bias.consistency")]
    by_groups = any(row.get("verdict") == verdict for row in document.get("disparities", ()) if _decides(row))
    # a group that must be judged and is not there has a reason and no row
    missing = verdict == "insufficient_data" and any(one.get("code") in _NOBODY_THERE for one in others)
    return None if by_groups or missing else told


def _decides(row: Mapping[str, Any]) -> bool:
    return row.get("role") == "gating"


def alike_in_words(told: Mapping[str, Any]) -> str:
    """What a verdict that rests on consistency says."""
    said = {
        "columns": ", ".join(told["features"]),
        "figure": f"{figures.share(told['value'])} {figures.interval('rate', told['ci_low'], told['ci_high'])}".strip(),
        "limit": figures.share(told["threshold"]),
        "n": figures.sample(told.get("rows_asked")),
    }
    if told["value"] is None:
        return _("Whether people who are alike in %(columns)s are decided alike could not be measured.") % said
    return {
        "fail": _(
            "People who are alike in %(columns)s are decided differently too often: only %(figure)s of those most like"
            " a person get the same decision, %(n)s. At least %(limit)s is needed."
        ),
        "warn": _(
            "It cannot be told yet whether people who are alike in %(columns)s are decided alike often enough:"
            " %(figure)s of those most like a person get the same decision, %(n)s, around the limit of %(limit)s."
        ),
    }.get(
        str(told["verdict"]),
        _("Too few rows to tell whether people who are alike in %(columns)s are decided alike: %(figure)s, %(n)s."),
    ) % said
