"""Parts of a bias document that lead to a closer look, as the run page shows them.

Worst slices, gaps among people who are alike in what may count, and features that give a group away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.evidence.metric_words import capital, metric_name, slice_name
from governance.web.templatetags import figures

Document = Mapping[str, Any]


def leads(document: Document) -> dict[str, Any]:
    """Context of ``evidence/partials/leads.html``; empty for a document without these parts."""
    return {
        "slices": _slices(document),
        "alike": _alike(document),
        "proxies": _proxies(document),
        "approved": _approved(document),
    }


def named(part: Mapping[str, Any]) -> str:
    """A slice with the names of its columns: values of features say little alone."""
    return "; ".join(f"{column}: {value}" for column, value in part.items())


def _slices(document: Document) -> dict[str, Any] | None:
    search = document.get("slice_search")
    if not search:
        return None
    rows = [
        {
            "label": named(row["slice"]),
            "metric": capital(metric_name(row["metric"])),
            "is_share": row["metric"] != "log_loss",
            "n": row["of"],
            "value": row["value"],
            "low": row["ci_low"],
            "high": row["ci_high"],
            "gap": row["gap"],
            "gap_low": row["gap_ci_low"],
            "gap_high": row["gap_ci_high"],
            "mostly": _mostly(row["parts"]),
        }
        for row in document.get("worst_slices", ())
    ]
    said = _(
        "%(slices)s slices were looked at on one half of the rows (%(first)s), the %(tested)s surest tested on the"
        " other half (%(second)s), and %(found)s held. About %(share)s of such finds are luck."
    ) % {
        "slices": figures.number(search["slices"]),
        "first": figures.number(search["rows_discovery"]),
        "tested": figures.number(search["tested"]),
        "second": figures.number(search["rows_test"]),
        "found": figures.number(search["found"]),
        "share": figures.share(search["false_discovery_rate"], places=0),
    }
    return {"rows": rows, "note": said, "aside": [_left_out(column) for column in search["columns"] if "why" in column]}


def _mostly(parts: Mapping[str, float | None]) -> str:
    """The column that a gap comes from, where one has more than half of it."""
    known = {column: part for column, part in parts.items() if part is not None}
    total = sum(known.values())
    if len(known) < 2 or not total:
        return ""
    column, most = max(known.items(), key=lambda one: one[1] / total)
    share = most / total
    return _("mostly %(column)s") % {"column": column} if share > 0.5 else ""


def _alike(document: Document) -> dict[str, Any] | None:
    told = document.get("conditional")
    if not told:
        return None
    pairs: dict[tuple[str, str], dict[str, Any]] = {}
    for row in told["comparisons"]:
        if row["metric"] != "conditional_demographic_disparity":
            pair = pairs.setdefault((named(row["slice"]), named(row["comparator"])), {"n": row["n"]})
            pair[row["metric"]] = row
    disparities = {
        named(row["slice"]): row for row in told["comparisons"] if row["metric"] == "conditional_demographic_disparity"
    }
    rows = [
        {
            "label": _("%(group)s against %(other)s") % {"group": group, "other": _other(group, other)},
            "raw": _odds(pair.get("odds_ratio")),
            "alike": _odds(pair.get("mantel_haenszel_odds_ratio")),
            "adjusted": _odds(pair.get("adjusted_odds_ratio")),
            "disparity": disparities.get(group),
            "uneven": _uneven(pair.get("mantel_haenszel_odds_ratio")),
        }
        for (group, other), pair in pairs.items()
    ]
    factors = ", ".join(factor["column"] for factor in told["factors"])
    note = _(
        "Odds of being approved, raw, then among people alike in %(factors)s. 1 is no difference; what remains is not"
        " explained by these. Whether they may explain a gap is for a person to decide."
    ) % {"factors": factors}
    left_out = int(told["rows_left_out"])
    lacking = ngettext(
        "%(n)s row lacks one of them and takes no part.", "%(n)s rows lack one of them and take no part.", left_out
    ) % {"n": figures.number(left_out)}
    return {"rows": rows, "note": note, "lacking": lacking if left_out else ""}


def _other(group: str, other: str) -> str:
    """The other group without the name of its column, where that is the group's own."""
    column, colon, value = other.partition(": ")
    return value if colon and "; " not in other and group.startswith(column + colon) else other


def _odds(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if row is None:
        return None
    why = {
        "no_stratum_compares_them": _("never meet among equals"),
        "factors_determine_group": _("the factors determine the group"),
        "factors_determine_outcome": _("the factors determine the outcome"),
        "all_or_none_selected": _("everybody is treated alike"),
        "too_few_clusters": _("rows of too few people or templates"),
    }.get(str(row.get("why")), "")
    return {"value": row["value"], "low": row["ci_low"], "high": row["ci_high"], "n": row["n"], "why": why}


def _uneven(row: Mapping[str, Any] | None) -> bool:
    """Whether the odds surely differ between strata, so that one figure for all of them says little."""
    p = ((row or {}).get("homogeneity") or {}).get("p")
    return p is not None and p < 0.05


MOST_PROXIES = 20


def _proxies(document: Document) -> dict[str, Any] | None:
    told = document.get("proxies")
    if not told:
        return None
    rows = [
        {
            "label": _("%(column)s tells %(attribute)s") % {"column": row["column"], "attribute": row["attribute"]}
            + (f" ({row['group']})" if row.get("group") else ""),
            "area": {"value": row["auc"], "low": row["auc_ci_low"], "high": row["auc_ci_high"], "n": row["n"]},
            "v": row["cramers_v"],
            "u": row.get("theils_u"),
            "luck": row.get("theils_u_null_floor"),
            "lead": row["lead"],
            "alike": _held_still(row.get("alike")),
        }
        for row in told["features"]
    ]
    joint = [
        {
            "label": _together(row),
            "area": {"value": row["auc"], "low": row["auc_ci_low"], "high": row["auc_ci_high"], "n": row["n"]},
            "v": None,
            "lead": row["lead"],
        }
        for row in told["joint"]
    ]
    note = _(
        "How well a feature tells a group: 0.5 is no better than a guess, 1 is for certain. Above %(limit)s, which is"
        " a choice, a feature is worth a closer look: a model can use it in the place of the attribute."
    ) % {"limit": figures.ratio(told["threshold"])}
    shown: list[dict[str, Any]] = joint[:MOST_PROXIES] + rows[:MOST_PROXIES]
    left = _(
        "The last two columns are ratios of approval rates, the group over everybody else: as they are, and if both"
        " were spread over the values of the feature alike. A gap that goes then went along with the feature; whether"
        " the model uses the feature is not told by that."
    )
    return {"rows": shown, "note": note, "left": left if any(row.get("alike") for row in shown) else ""}


def _together(row: Mapping[str, Any]) -> str:
    """The features as one, and by what they were put together; an older document has one way."""
    said = {
        "boosted_trees": _("all together tell %(attribute)s, however they go together"),
    }.get(str(row.get("model")), _("all together tell %(attribute)s"))
    return said % {"attribute": row["attribute"]} + f" ({row['group']})"


def _held_still(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What is left of a gap among people alike in one feature."""
    if row is None:
        return None
    why = {
        "never_alike": _("never meet among equals"),
        "nobody_selected": _("nobody is approved"),
    }.get(str(row.get("why")), "")
    held = {"value": row["impact_ratio_alike"], "low": row["ci_low"], "high": row["ci_high"]}
    return {"raw": row["impact_ratio"], "why": why, "compared": row["rows_compared"], **held}


def _approved(document: Document) -> dict[str, Any] | None:
    """The comparison with the approved version."""
    told = document.get("regression")
    if not told:
        return None
    baseline = told["baseline"]
    if "not_compared" in told:
        return {"revision": baseline["revision"], "rows": [], "say": _("The two could not be compared."), "note": ""}
    say = {
        "worse": _("It is worse than the approved version by more than is allowed."),
        "inconclusive": _("It cannot be told yet whether it is worse than the approved version by more than allowed."),
        "not_worse": _("It is no worse than the approved version by more than is allowed."),
    }.get(told["verdict"], _("Nothing could be measured against the approved version."))
    note = _("%(margin)s is allowed: accuracy may fall, and a gap may widen, by so much.") % {
        "margin": figures.points(told["margin"])
    }
    how = {
        "row_id": _("The same rows were judged by both, matched by their ids."),
        "position": _("The same rows were judged by both: all labels and groups agree row by row."),
    }.get(str(told["paired"]), "")
    if not how:
        why = {
            "no_row_ids": _("The tables have different numbers of rows and the plan names no row ids."),
            "other_rows": _("The tables are about other people."),
            "row_ids_not_unique": _("Row ids are not unique."),
            "other_labels": _("The same rows have other labels."),
        }.get(str(told.get("why_not_paired")), "")
        how = _("Compared as two samples, which is less sure.") + " " + why
    return {
        "revision": baseline["revision"],
        "say": say,
        "note": note,
        "how": how.strip(),
        "rows": [_changed(row) for row in told["comparisons"]],
    }


def _changed(row: Mapping[str, Any]) -> dict[str, Any]:
    label = capital(metric_name(row["metric"]))
    if row["slice"]:
        pair = {"group": named(row["slice"]), "other": slice_name(row["comparator"]), "metric": label}
        label = _("%(metric)s: %(group)s against %(other)s, distance from parity") % pair
    verdict = {
        "worse": _("worse"),
        "not_worse": _("not worse"),
        "inconclusive": _("cannot be told"),
        "not_measured": _("not measured"),
    }[row["verdict"]]
    return {**row, "label": label, "word": verdict}


def _left_out(column: Mapping[str, Any]) -> str:
    values = int(column["values"])
    return {
        "constant": _("%(column)s has the same value in every row, so no slice was made of it."),
        "all_missing": _("%(column)s is empty in every row, so no slice was made of it."),
        "every_value_too_rare": ngettext(
            "%(column)s has %(n)s value, which too few rows have, so no slice was made of it.",
            "%(column)s has %(n)s different values, each in too few rows, so no slice was made of it.",
            values,
        ),
    }[column["why"]] % {"column": column["column"], "n": figures.number(values)}
