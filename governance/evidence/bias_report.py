"""The document of a bias audit as a page shows it: the sentence, the charts, the small gauge beside a requirement.

Reads documents only; the figures are those that the audit stored, never computed anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audits import blobs
from audits.kinds.base import InputsRejected
from audits.models import Run
from governance.evidence.bias_words import of_hundred, what_the_range_means
from governance.evidence.consistency_words import alike_in_words, decided_by_consistency
from governance.web.templatetags import figures

Document = Mapping[str, Any]
KINDS = {"ratio": "ratio", "difference": "points"}
# Rates that are no shares of people, and are shown as plain numbers.
NO_SHARES = frozenset({"roc_auc_score", "brier_score_loss", "log_loss", "f1_score", "balanced_accuracy_score"})
# Rates that are drawn by group, in this order, where they were measured.
RATES = (
    "selection_rate",
    "accuracy",
    "true_positive_rate",
    "false_positive_rate",
    "precision",
    "word_error_rate",
    "entity_precision",
    "entity_recall",
)
# Figures in the unit of what is predicted, drawn by group as numbers.
QUANTITIES = (
    "mean_error",
    "mean_absolute_error",
    "root_mean_squared_error",
    "mean_prediction",
    "exposure",
    "entity_f1",
)
_IN_UNITS = (*QUANTITIES, "mean_pinball_loss", "wasserstein_distance", "ndcg_score")


def read(run: Run) -> dict[str, Any] | None:
    """The stored result of a run; None where it has none or its bytes are no longer what was stored."""
    if not run.result_sha256:
        return None
    try:
        found = json.loads(blobs.read_checked(run.result_sha256))
    except (InputsRejected, ValueError):
        return None
    return found if isinstance(found, dict) else None


def metric_name(metric: str) -> str:
    """A metric in words; one that is not known keeps its name."""
    names = {
        "selection_rate": _("approval rate"),
        "accuracy": _("accuracy"),
        "true_positive_rate": _("true positive rate"),
        "false_positive_rate": _("false positive rate"),
        "true_negative_rate": _("true negative rate"),
        "false_negative_rate": _("false negative rate"),
        "precision": _("precision"),
        "base_rate": _("share whose true outcome is positive"),
        "negative_predictive_value": _("negative predictive value"),
        "false_discovery_rate": _("false discovery rate"),
        "false_omission_rate": _("false omission rate"),
        "balanced_accuracy_score": _("balanced accuracy"),
        "f1_score": _("F1 score"),
        "mean_absolute_error": _("mean absolute error"),
        "mean_absolute_error_difference": _("difference of mean absolute errors"),
        "root_mean_squared_error": _("root mean squared error"),
        "root_mean_squared_error_difference": _("difference of root mean squared errors"),
        "mean_error": _("mean error"),
        "mean_error_difference": _("difference of mean errors"),
        "mean_prediction": _("mean prediction"),
        "mean_prediction_difference": _("difference of mean predictions"),
        "wasserstein_distance": _("distance of the predictions’ distributions"),
        "word_error_rate": _("word error rate"),
        "word_error_rate_difference": _("difference of word error rates"),
        "entity_precision": _("share of named entities that are right"),
        "entity_precision_difference": _("difference of the shares of named entities that are right"),
        "entity_recall": _("share of entities that are found"),
        "entity_recall_difference": _("difference of the shares of entities that are found"),
        "entity_f1": _("F1 score of entities"),
        "entity_f1_difference": _("difference of the F1 scores of entities"),
        "exposure": _("exposure"),
        "exposure_ratio": _("ratio of exposures"),
        "average_odds_difference": _("mean difference of error rates"),
        "log_loss": _("log loss of the score"),
        "demographic_parity_ratio": _("ratio of approval rates"),
        "demographic_parity_difference": _("difference of approval rates"),
        "equalized_odds_difference": _("largest difference of error rates"),
        "equalized_odds_ratio": _("smallest ratio of error rates"),
        "equal_opportunity_difference": _("difference of true positive rates"),
        "true_positive_rate_difference": _("difference of true positive rates"),
        "false_positive_rate_difference": _("difference of false positive rates"),
        "roc_auc_score": _("area under the ROC curve"),
        "brier_score_loss": _("Brier score"),
        "roc_auc_score_difference": _("difference of the areas under the ROC curve"),
        "expected_calibration_error": _("calibration error"),
        "expected_calibration_error_difference": _("difference of calibration errors"),
        "calibration_in_the_large": _("mean score less the share of positives"),
        "calibration_in_the_large_difference": _("difference of how much too high the scores are"),
    }
    return names.get(metric, metric.replace("_", " "))


def kind_of(row: Mapping[str, Any]) -> str:
    """How a comparison's figures are shown: ratio, points, or number for what is in the unit of the predictions."""
    if row.get("kind") != "ratio" and str(row.get("metric", "")).startswith(_IN_UNITS):
        return "number"
    return KINDS.get(str(row.get("kind", "")), "ratio")


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def slice_name(part: Mapping[str, Any] | None) -> str:
    """A group in words: its values, without the names of the columns."""
    return ", ".join(str(value) for value in (part or {}).values()) or _("everybody")


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
        "metric": _metric_of(row),
        "group": slice_name(row.get("slice")),  # as the data has it, at the beginning of a sentence too
        "other": slice_name(row.get("comparator")),
        "figure": _figure(row),
        "limit": figures.figure(kind_of(row), row.get("threshold")),
        "n": figures.sample(row.get("n")),
        "class": str(row.get("class", "")),
    }


def _metric_of(row: Mapping[str, Any]) -> str:
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
            made.setdefault((_metric_of(row), next(iter(row["slice"]))), []).append(row)
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
            "metric": _metric_of(row),
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
            "metric": capital(_metric_of(row)),
            "is_share": row["metric"] not in NO_SHARES and not row["metric"].startswith(_IN_UNITS),
        }
        for row in document.get("metrics", ())
    ]
