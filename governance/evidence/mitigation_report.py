"""The document of a mitigation proposal as a page shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from governance.evidence.metric_words import KINDS, capital, metric_name, slice_name
from governance.web.templatetags import figures

Document = Mapping[str, Any]


def method_name(method: str) -> str:
    """A way of narrowing a gap in words."""
    return {
        "present": _("as in the table"),
        "refit": _("a plain model, learned anew"),
        "reweighing": _("rows reweighed before learning"),
        "reductions": _("learned under a constraint"),
        "thresholds": _("thresholds by group"),
    }.get(method, method)


def sentence(document: Document) -> str:
    """What was tried and what came of it."""
    aim = document["aim"]
    told = {"metric": metric_name(aim["metric"]), "attribute": aim["attribute"]}
    if document["suggested"] is None:
        return _("None of the ways that were tried narrows %(metric)s by %(attribute)s on rows not learned on.") % told
    return _("Of the ways that were tried, “%(method)s” does most for %(metric)s by %(attribute)s.") % {
        **told,
        "method": method_name(document["suggested"]),
    }


def shown(document: Document) -> dict[str, Any]:
    """Context of ``evidence/partials/mitigation.html``."""
    return {
        "say": sentence(document),
        "rows": [_row(one, document) for one in document["methods"]],
        "note": _(
            "Learned on %(learned)s rows; the figures are of %(tested)s others. A model was learned anew for this: hold"
            " each way against “%(refit)s”, and all of it against your own model before anything is changed."
        )
        % {
            "learned": figures.number(document["rows_learned"]),
            "tested": figures.number(document["rows_tested"]),
            "refit": method_name("refit"),
        },
        "costs": _costs(document),
    }


def _row(told: Mapping[str, Any], document: Document) -> dict[str, Any]:
    name = capital(method_name(told["method"]))
    if "why" in told:
        return {"label": name, "why": _("could not be learned on these rows")}
    gaps = [
        {
            "label": f"{capital(metric_name(gap['metric']))}: {slice_name(gap['slice'])}",
            "is_ratio": KINDS.get(gap["kind"]) == "ratio",
            "value": gap["value"],
            "low": gap["ci_low"],
            "high": gap["ci_high"],
            "n": gap["n"],
        }
        for gap in told["gaps"]
    ]
    return {
        "label": name,
        "accuracy": told["accuracy"],
        "change": told.get("accuracy_change"),
        "gaps": gaps,
        "is_suggested": told["method"] == document["suggested"],
        "n": document["rows_tested"],
    }


def _costs(document: Document) -> list[str]:
    """What has to be known before one of them is used; no advice on the law."""
    return [
        _("This is a proposal, tried on this table alone, and no decision: a person must decide, and answer for it."),
        _("A narrower gap usually costs accuracy; the table says how much on rows that nothing was learned on."),
        _(
            "Thresholds by group need to know each person's group when deciding. In some fields and places deciding by"
            " group is not lawful; ask somebody who knows the law that applies before thinking of it."
        ),
        _("Constraints and thresholds by group decide some cases by chance, so equal people may get unequal answers."),
    ]
