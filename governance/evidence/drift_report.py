"""What a drift audit says of decisions as a page shows it: how right they are, what is estimated, gaps over time.

Reads documents only; the figures are those that the audit stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from governance.evidence.bias_charts import Chart
from governance.evidence.metric_words import capital, metric_name
from governance.evidence.wording.bias import WHY
from governance.evidence.wording.drift import MEASURES
from governance.web.templatetags import figures

Document = Mapping[str, Any]
_SMALL = 0.001


def sentence(document: Document, *, of_columns: Callable[[str], str]) -> str:
    """What a run says of columns and decisions, in a sentence or two.

    ``of_columns`` says of a verdict which columns come to it, or that it is all of them together; "" where none does.
    """
    parts = {name: (document.get(name) or {}).get("verdict") for name in ("performance", "gaps")}
    verdict = document["verdict"]
    if verdict == "fail":
        said = [of_columns(verdict)]
        if parts["performance"] == "fail":
            said.append(_("The decisions have changed, further than the limit and beyond chance."))
        if parts["gaps"] == "fail":
            said.append(_("Groups have drifted apart, further than the limit and beyond chance."))
        return " ".join(filter(None, said))
    if verdict in ("no_information", "insufficient_data"):
        if parts["performance"] == verdict:
            return _("It cannot be told whether the decisions of today are as right as those before.")
        if parts["gaps"] == verdict:
            return _("It cannot be told whether groups have drifted apart.")
        return of_columns(verdict)
    if verdict == "warn":
        return of_columns(verdict) or _("The decisions or gaps have moved far, and chance cannot be ruled out.")
    return _("No column has drifted, and the decisions are as they were.")


def shown(document: Document) -> dict[str, Any]:
    """Charts and tables of decisions; empty where the plan named none."""
    performance = document.get("performance")
    if not isinstance(performance, Mapping):
        return {}
    estimated = performance.get("estimated")
    return {
        "performance": {
            "waiting": performance["labels"]["current"]["waiting"],
            "known": performance["labels"]["current"]["known"],
            "pairs": performance["pairs"],
            "chart": _change_chart(performance["quantities"]),
            "rows": [_quantity(row, now="current") for row in performance["quantities"]],
            "has_labels": estimated is not None,
        },
        "estimated": None if estimated is None else _estimated(estimated),
        "gaps": [_gap(row) for row in (document.get("gaps") or {}).get("followed", ())],
    }


def _change_chart(rows: list[Mapping[str, Any]]) -> Chart | None:
    """The change of every quantity with its interval; 0 is no change."""
    drawn = [
        {
            "label": capital(metric_name(row["metric"])),
            "n": row["n_current"],
            "value": row["change"],
            "low": row["ci_low"],
            "high": row["ci_high"],
            "verdict": row["verdict"],
        }
        for row in rows
        if row.get("change") is not None
    ]
    return Chart(title=_("Change since then"), kind="points", reference=0.0, rows=drawn) if drawn else None


def _estimated(part: Mapping[str, Any]) -> dict[str, Any]:
    rows = part["quantities"]
    drawn = [
        {
            "label": capital(metric_name(row["metric"])),
            "n": row["n_current"],
            "value": row["value"],
            "low": row["ci_low"],
            "high": row["ci_high"],
            "verdict": row["verdict"],
        }
        for row in rows
    ]
    error = part.get("calibration_error")
    return {
        "why": _why(part.get("why")),
        "verdict": part["verdict"],
        "chart": Chart(title=_("Estimate for the decisions of today"), kind="rate", rows=drawn) if drawn else None,
        "rows": [_quantity(row, now="value") for row in rows],
        "error": None if error is None else figures.number(error, places=3),
        "limit": figures.number(part["calibration_limit"], places=2),
    }


def _quantity(row: Mapping[str, Any], *, now: str) -> dict[str, Any]:
    """One row of a table: then, now, and what the change is held to."""
    told = {"name": capital(metric_name(row["metric"])), "verdict": row["verdict"], "gates": row["role"] == "gating"}
    for name, key in (("then", "reference"), ("now", now)):
        told[name] = row.get(key)
    return told | {"n": (row.get("n_reference"), row.get("n_current")), **_held_to(row)}


def _held_to(row: Mapping[str, Any]) -> dict[str, Any]:
    made = {
        name: figures.points(row[key]) if row.get(key) is not None else ""
        for name, key in (("effect", "effect"), ("floor", "null_floor"), ("threshold", "threshold"))
    }
    return made | {"q": chance(row.get("q"))}


def _gap(row: Mapping[str, Any]) -> dict[str, Any]:
    """One attribute and gap over time, or why it was not followed."""
    title = _("%(metric)s by %(attribute)s over time") % {
        "metric": capital(metric_name(row["metric"])),
        "attribute": row["attribute"],
    }
    told: dict[str, Any] = {"title": title, "verdict": row["verdict"], "gates": row["role"] == "gating"}
    if "periods" not in row:
        return told | {"why": _why(row["why"])}
    drawn = [_period(_("then"), row["reference"]), *(_period(one["period"], one) for one in row["periods"])]
    chart = Chart(title=title, kind="points", reference=row["reference"]["value"], rows=drawn)
    return told | {
        "chart": chart,
        # without a verdict that the gap has grown there is no beginning to name
        "since": row["since"] if row["verdict"] == "fail" else None,
        "until": row["until"],
        "sum": figures.number(row["statistic"], places=1),
        "alarm": figures.number(row["alarm"], places=1),
        **_held_to(row),
    }


def _period(name: str, gap: Mapping[str, Any]) -> dict[str, Any]:
    label = name or _("today")
    if gap["value"] is not None:
        label = _("%(period)s: %(highest)s over %(lowest)s") % {
            "period": label,
            "highest": gap["highest"],
            "lowest": gap["lowest"],
        }
    return {"label": label, "n": gap["n"], "value": gap["value"], "low": gap["ci_low"], "high": gap["ci_high"]}


def chance(value: Any) -> str:
    """A chance such as q to three places, or that it is smaller; "" where there is none."""
    if not isinstance(value, (int, float)):
        return ""
    return f"<{figures.number(_SMALL, places=3)}" if value < _SMALL else figures.number(value, places=3)


def _why(code: str | None) -> str:
    """A reason in words; "" where there is none."""
    return "" if code is None else str({**WHY, **MEASURES}.get(code, code.replace("_", " ")))
