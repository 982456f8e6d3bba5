"""Parts of a bias document that rest on single rows, as the run page shows them.

Whether people who are alike are decided alike, what drawing whole clusters anew gives, and who is at the top of a
ranking.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from governance.evidence.leads_report import named
from governance.evidence.metric_words import capital, kind_of, metric_name, slice_name
from governance.evidence.wording.bias import WHY
from governance.web.templatetags import figures

Document = Mapping[str, Any]


def parts(document: Document) -> dict[str, Any]:
    """More context of ``evidence/partials/leads.html``; empty for a document without these parts."""
    return {
        "consistency": _consistency(document),
        "redrawn": _redrawn(document),
        "ranking": _ranking(document),
    }


def _consistency(document: Document) -> dict[str, Any] | None:
    """Whether people who are alike in the plan's features are decided alike."""
    told = document.get("consistency")
    if not told:
        return None
    columns = ", ".join(told["features"])
    shown: dict[str, Any] = {"columns": columns, "verdict": told.get("verdict"), "floor": told.get("threshold")}
    limit = figures.share(told.get("threshold"))
    shown["limit"] = (
        _("The audit plan wants at least %(limit)s, so it counts for the verdict.") % {"limit": limit}
        if shown["verdict"]
        else _("The audit plan sets no limit for it, so it is for information and counts for no verdict.")
    )
    if told["value"] is None:
        why = WHY.get(str(told.get("why")), str(told.get("why")))
        return shown | {"say": _("It was not measured: %(why)s.") % {"why": why}, "rows": [], "aside": []}
    if told.get("by_lot") is None:
        # of a run from before it was shown: its interval was about something else
        return None
    others = int(told["neighbours"]) - 1
    shown["say"] = ngettext(
        "Each person was held beside the %(n)s other most like them in these columns. On average %(share)s of such a"
        " circle, the person counted too, got the same decision as the person. Were all who are alike decided alike, it"
        " would be 100 %%; were as many chosen by lot, about %(lot)s.",
        "Each person was held beside the %(n)s others most like them in these columns. On average %(share)s of such a"
        " circle, the person counted too, got the same decision as the person. Were all who are alike decided alike, it"
        " would be 100 %%; were as many chosen by lot, about %(lot)s.",
        others,
    ) % {"n": others, "share": figures.share(told["value"]), "lot": figures.share(told["by_lot"])}
    everybody = {"slice": {}, "asked": told["asked"], **{key: told[key] for key in ("value", "ci_low", "ci_high")}}
    shown["rows"] = [
        {
            "label": named(row["slice"]) or capital(_("everybody")),
            "n": row["asked"],
            "value": row["value"],
            "low": row["ci_low"],
            "high": row["ci_high"],
            "verdict": "" if row["slice"] else (shown["verdict"] or ""),
        }
        for row in (everybody, *told["groups"])
    ]
    return shown | {"lot": told["by_lot"], "aside": _how_it_was_asked(told)}


def _how_it_was_asked(told: Mapping[str, Any]) -> list[str]:
    aside = []
    if told["rows_asked"] < told["rows_used"]:
        aside.append(
            _("Of %(used)s rows, %(asked)s drawn by chance were asked about, each held beside %(among)s.")
            % {
                "used": figures.number(told["rows_used"]),
                "asked": figures.number(told["rows_asked"]),
                "among": figures.number(told["rows_among"]),
            }
        )
    left_out = int(told["rows_left_out"])
    if left_out:
        aside.append(
            ngettext(
                "%(n)s row lacks one of them and takes no part.",
                "%(n)s rows lack one of them and take no part.",
                left_out,
            )
            % {"n": figures.number(left_out)}
        )
    return aside


def _redrawn(document: Document) -> dict[str, Any] | None:
    """The intervals that decide, beside those of whole clusters drawn anew."""
    told = document.get("cluster_bootstrap")
    if not told:
        return None
    stated = {_key(row): row for row in document.get("disparities", ()) if row.get("role") == "gating"}
    rows = []
    for one in told:
        decides = stated.get(_key(one))
        if decides is None:
            continue
        kind = kind_of(decides)
        metric = metric_name(str(one["metric"]))
        if "class" in one:
            metric = _("%(metric)s of class %(class)s") % {"metric": metric, "class": one["class"]}
        rows.append(
            {
                "label": _("%(group)s against %(other)s")
                % {"group": slice_name(one["slice"]), "other": slice_name(one["comparator"])},
                "metric": capital(metric),
                "decides": figures.interval(kind, decides["ci_low"], decides["ci_high"]) or figures.not_measured(),
                "drawn": figures.interval(kind, one["ci_low"], one["ci_high"]),
                "why": _WHY_NOT_DRAWN.get(str(one.get("why")), ""),
            }
        )
    column = str((document.get("plan") or {}).get("cluster") or "")
    first = told[0]
    note = _(
        "Rows with the same %(column)s may resemble each other, so %(clusters)s of them are counted and not the rows."
        " As a check whole ones were drawn anew %(replicates)s times: where the two ranges differ much, believe the"
        " wider."
    ) % {
        "column": column,
        "clusters": figures.number(first["clusters"]),
        "replicates": figures.number(first["replicates"]),
    }
    return {"rows": rows, "note": note} if rows else None


_WHY_NOT_DRAWN = {
    "too_many_clusters": _lazy("too many to draw anew"),
    "too_many_rows": _lazy("too many to draw anew"),
    "group_vanishes": _lazy("a group is often not drawn at all"),
    "never_below_zero": _lazy("a distance is never below 0, so drawing anew gives no range"),
}


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    pairs = (tuple(sorted((row.get(side) or {}).items())) for side in ("slice", "comparator"))
    return (row["metric"], row.get("class"), *pairs)


def _ranking(document: Document) -> dict[str, Any] | None:
    """Who is at the top of a ranking, by attribute."""
    told = [part for part in document.get("ranking", ()) if "why" not in part]
    if not told:
        return None
    rows = []
    for part in told:
        lowest = part.get("lowest_impact_ratio") or {}
        rows.append(
            {
                "attribute": part["attribute"],
                "lowest": lowest.get("value"),
                "at": lowest.get("k"),
                "ndkl": part["ndkl"],
            }
        )
    note = _(
        "How much a place is seen falls from 1 at the first one to a tenth at about the thousandth (1 / log2(place +"
        " 1)); exposure is the mean of it over a group. The ratio here compares the shares of each group that reach the"
        " top: 1 is the same share of every group. It is of this one ranking, so it has no range."
    )
    return {"rows": rows, "note": note}
