"""The documents of counterfactual and suite audits as a page shows them: the sentence, the charts, masked examples.

Reads documents only; the figures are those that the audit stored, never computed anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from governance.evidence.bias_charts import Chart
from governance.web.templatetags import figures

Document = Mapping[str, Any]


def suite_sentence(document: Document) -> str:
    """What the suite found, about which functionality. Never the mean alone."""
    judged = [row for row in document["functionalities"] if row["takes_part"]]
    verdict = document["verdict"]
    if verdict == "no_information":
        return _("Every case got the same answer, or every direction the same score, so the suite says nothing.")
    if not judged:
        return _("No functionality has enough cases for a verdict.")
    worst = min(judged, key=lambda row: (row["value"], row["functionality"]))
    told = {
        "functionality": worst["functionality"],
        "figure": _figure("rate", worst),
        "n": figures.sample(worst["n"]),
        "limit": figures.figure("rate", worst["threshold"]),
        "failed": sum(row["verdict"] == "fail" for row in judged),
        "judged": len(judged),
    }
    return {
        "fail": _(
            "%(failed)s of %(judged)s functionalities fail; the worst is %(functionality)s with %(figure)s right,"
            " %(n)s. At least %(limit)s is needed."
        ),
        "pass": _("Every functionality is right often enough; the worst is %(functionality)s with %(figure)s, %(n)s."),
        "warn": _(
            "It cannot be told of every functionality whether it is right often enough; the worst is %(functionality)s"
            " with %(figure)s, %(n)s."
        ),
        "insufficient_data": _(
            "A functionality has too few different cases with an answer for a verdict; the worst so far is"
            " %(functionality)s with %(figure)s, %(n)s."
        ),
    }.get(verdict, "") % told


def suite_charts(document: Document) -> list[Chart]:
    """Accuracy by functionality, one chart for each limit that is asked for."""
    by_limit: dict[float, list[Mapping[str, Any]]] = {}
    for row in document["functionalities"]:
        by_limit.setdefault(row["threshold"], []).append(row)
    return [
        Chart(
            title=_("Accuracy by functionality"),
            kind="rate",
            floor=limit,
            rows=[_row(row, label=str(row["functionality"]), verdict=row["verdict"]) for row in rows],
        )
        for limit, rows in sorted(by_limit.items())
    ]


def target_chart(document: Document) -> Chart | None:
    """Accuracy by whom the cases are about."""
    rows = document["targets"]
    if not rows:
        return None
    return Chart(
        title=_("Accuracy by whom the cases are about"),
        kind="rate",
        reference=document["overall"]["value"],
        rows=[_row(row, label=str(row["target"])) for row in rows],
    )


def target_gap(document: Document) -> str:
    """The widest gap between targets, and how often luck alone makes one as wide; "" where there is none."""
    gap = document["target_gap"]
    if gap is None:
        return ""
    return _(
        "Widest gap, between %(lowest)s and %(highest)s: %(gap)s. Luck alone makes one as wide with probability %(p)s."
    ) % {
        "lowest": gap["lowest"],
        "highest": gap["highest"],
        "gap": figures.figure("points", gap["value"]),
        "p": chance(gap["p"]),
    }


def chance(p: float) -> str:
    """A p or q as it is read: three decimals, and no zero."""
    least = 0.001
    return f"<{figures.number(least, places=3)}" if p < least else figures.number(p, places=3)


def suite_examples(document: Document) -> list[dict[str, Any]]:
    """Cases that went wrong, by functionality, for a fold that is closed until somebody opens it."""
    return [
        {"functionality": row["functionality"], "examples": row["examples"]}
        for row in document["functionalities"]
        if row["examples"]
    ]


def counterfactual_sentence(document: Document) -> str:
    """Whether answers follow whom a text is about, by the worst pair of identities."""
    verdict, worst = document["verdict"], document["worst"]
    if verdict == "no_information":
        return _("Every answer is the same, or changes under any edit, so the texts say nothing.")
    if worst is None:
        return _("No pair of identities has enough texts with a control for a verdict.")
    told = {
        "identity": worst["identity"],
        "other": worst["other"],
        "figure": _figure("points", worst),
        "n": figures.sample(worst["n"]),
        "fail_at": figures.figure("rate", document["thresholds"]["fail_at"]),
        "warn_at": figures.figure("rate", document["thresholds"]["warn_at"]),
    }
    return {
        "fail": _(
            "Answers follow whom a text is about: between %(identity)s and %(other)s %(figure)s more answers change"
            " than under a control edit, %(n)s. More than %(fail_at)s fails."
        ),
        "pass": _(
            "Answers hardly follow whom a text is about: at worst, between %(identity)s and %(other)s, %(figure)s more"
            " of them change than under a control edit, %(n)s. Less than %(warn_at)s passes."
        ),
        "warn": _(
            "It cannot be told yet how far answers follow whom a text is about: between %(identity)s and %(other)s"
            " %(figure)s more of them change than under a control edit, %(n)s."
        ),
        "insufficient_data": _(
            "Too few different texts with steady answers for a verdict: between %(identity)s and %(other)s %(figure)s"
            " more answers change than under a control edit, %(n)s."
        ),
    }.get(verdict, "") % told


def excess_chart(document: Document) -> Chart:
    """Changed answers beyond the control's, by pair of identities."""
    rows = [row for row in document["comparisons"] if row["value"] is not None]
    return Chart(
        title=_("Answers that change beyond the control, by pair of identities"),
        kind="points",
        ceiling=document["thresholds"]["fail_at"],
        rows=[_row(row, label=_pair(row), verdict=row["verdict"]) for row in rows],
    )


def flip_charts(document: Document) -> list[Chart]:
    """Changed answers under the swap, and under the control, by pair of identities."""
    made = []
    for key, title in (
        ("flips", _("Answers that change with the identity")),
        ("control_flips", _("Answers that change under the control edit")),
    ):
        rows = [(row, row[key]) for row in document["comparisons"] if row[key] is not None]
        if rows:
            shown = [_row(figure, label=_pair(row)) for row, figure in rows]
            made.append(Chart(title=title, kind="rate", rows=shown))
    return made


def shift_chart(document: Document) -> Chart | None:
    """How much higher the score is for each identity than for the others, beyond the control where there is one."""
    rows = [(row["identity"], row["excess_shift"] or row["shift"]) for row in document["identities"]]
    if not rows:
        return None
    return Chart(
        title=_("Shift of the score by identity, beyond the control"),
        kind="number",
        reference=0.0,
        rows=[_row(one, label=str(name)) for name, one in rows],
    )


def directions(document: Document) -> list[dict[str, Any]]:
    """Which way the changed answers go, for the table beside the charts."""
    return [
        {
            "pair": _pair(row),
            **row["direction"],
            "identity": row["identity"],
            "other": row["other"],
            "q_shown": chance(row["direction"]["q"]),
        }
        for row in document["comparisons"]
        if row["direction"] is not None
    ]


def _pair(row: Mapping[str, Any]) -> str:
    told = _("%(group)s against %(other)s") % {"group": row["identity"], "other": row["other"]}
    return f"{told} ({row['swap']})" if row["swap"] else told


def _row(row: Mapping[str, Any], *, label: str, verdict: str = "") -> dict[str, Any]:
    return {
        "label": label,
        "n": row["n"],
        "value": row["value"],
        "low": row["ci_low"],
        "high": row["ci_high"],
        "verdict": verdict,
    }


def _figure(kind: str, row: Mapping[str, Any]) -> str:
    value = figures.figure(kind, row["value"])
    return f"{value} {figures.interval(kind, row['ci_low'], row['ci_high'])}".strip()
