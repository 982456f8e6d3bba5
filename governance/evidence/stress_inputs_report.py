"""Parts of a stress audit as a page shows them: columns, pictures, malformed inputs, repetition, load. No figure is
computed here."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from governance.evidence.wording import stress_inputs as words
from governance.web.templatetags import figures

Document = Mapping[str, Any]
PARTIAL = "evidence/partials/stress_{}.html"
_TOPS = (0.1, 0.2, 0.5, 1.0)
# Of latencies: drawn are the middle one, the slow ones, and what a plan sets a limit for.
_DRAWN = (50.0, 95.0, 99.0)
# Named at their ends: the lowest below, the highest above, so that the names stand apart.
_NAMED = {50.0: 12, 99.0: -4}
_MARGIN = 6.0


def shown(name: str, part: Document) -> dict[str, Any]:
    """One of the parts of ``SHOWN`` with its partial and what that shows."""
    return {"template": PARTIAL.format(name), **SHOWN[name](part)}


def shown_all(parts: Mapping[str, Document]) -> list[dict[str, Any]]:
    """All parts that are shown here, in the order of a page."""
    return [shown(name, parts[name]) for name in SHOWN if name in parts]


def worst_failing(parts: Mapping[str, Document]) -> tuple[str, Document] | None:
    """The changed column or corruption that fails most, with its figures; None where none fails."""
    found = [
        (change_name(row), row)
        for row in parts.get("tabular", {}).get("rows", ())
        if row["role"] == "gating" and row["verdict"] == "fail"
    ]
    found += [
        (_named(words.CORRUPTIONS, row["corruption"]), row["judged"])
        for row in parts.get("images", {}).get("corruptions", ())
        if row["verdict"] == "fail"
    ]
    return max(found, key=lambda one: (one[1]["value"], one[0]), default=None)


def _named(words_: Mapping[Any, Any], value: Any) -> str:
    return str(words_.get(value, value))


def point(severity: int, row: Document | None) -> dict[str, Any]:
    """A figure at a severity as ``severity_curves`` draws it; without one nothing is drawn there."""
    if row is None:
        return {"severity": severity, "n": 0, "value": None, "low": None, "high": None}
    return {
        "severity": severity,
        "n": row["n"],
        "value": row["value"],
        "low": row["ci_low"],
        "high": row["ci_high"],
    }


def top_of(values: Iterable[float | None]) -> float:
    """The end of a scale of shares that holds the values: 0.1, 0.2, 0.5 or 1."""
    most = max((value or 0.0 for value in values), default=0.0)
    return next(top for top in _TOPS if most <= top)


def _tabular(part: Document) -> dict[str, Any]:
    groups: dict[tuple[str, str], list[Document]] = {}
    for row in part["rows"]:
        groups.setdefault((row["relation"], row["column"]), []).append(row)
    # of noise the mildest may be told alone
    judged = [rows for rows in groups.values() if rows[-1]["role"] == "gating"]
    told = [rows for rows in groups.values() if rows[-1]["role"] != "gating"]
    order = ("pass", "warn", "insufficient_data", "fail")
    expected = {change: rows[0].get("expected", "") for change, rows in groups.items()}
    deciding = {change for change, rows in groups.items() if rows[-1]["role"] == "gating"}
    examples = [
        {
            **one,
            "name": change_name({**one, "expected": expected.get((one["relation"], one["column"]), "")}),
            "score": score_of(one),
            "decides": (one["relation"], one["column"]) in deciding,
        }
        for one in part["examples"]
    ]
    return {
        "verdict": part["verdict"],
        "clean": part["clean"],
        "curves": [
            {
                "label": change_name(rows[0]),
                "verdict": "",
                "said": "",
                "steps": [point(row["severity"], row) for row in rows],
            }
            for rows in judged
            if len(rows) > 1
        ],
        "top": top_of([row["ci_high"] for rows in judged if len(rows) > 1 for row in rows]),
        "judged": [
            {
                "name": change_name(rows[-1]),
                "row": rows[-1],
                "worst": rows[-1].get("worst"),
                "why": _named(words.WHY, rows[-1].get("why", "")),
                "verdict": max((row["verdict"] for row in rows if row["role"] == "gating"), key=order.index),
            }
            for rows in judged
        ],
        "told": [
            {
                "name": change_name(rows[-1]),
                "row": rows[-1],
                "lost": rows[-1]["lost"] - rows[-1]["refused"],
                "refused": rows[-1]["refused"],
            }
            for rows in told
        ],
        "examples": [one for one in examples if one["decides"]],
        "told_examples": [one for one in examples if not one["decides"]],
        "names": part.get("columns", {}).get("names", ()),
        "known_by": _named(words.KNOWN_BY, part.get("columns", {}).get("known_by", "")),
        "error": figures.share(part["plan"]["error"]),
        "tolerance": None if part.get("tolerance") is None else f"{part['tolerance']:.3g}",
        "of_right": part["base"] == "originally_correct",
    }


def change_name(row: Document) -> str:
    """A change of columns in words."""
    return words.relation_name(row["relation"], row["column"], row.get("expected", ""))


def score_of(one: Document) -> str:
    """How a changed row moves the score, with as many decimals as it takes to see that it does; empty without one."""
    ends = [one.get(end) for end in ("score_before", "score_after")]
    if None in ends:
        return ""
    places = next((more for more in range(2, 6) if len({figures.number(end, places=more) for end in ends}) == 2), 6)
    return " → ".join(figures.number(end, places=places) for end in ends)


def _images(part: Document) -> dict[str, Any]:
    rows = part["corruptions"]
    flips = [step["flips"] for row in rows for step in row["curve"]]
    return {
        "verdict": part["verdict"],
        "clean_error": part["clean_error"],
        "mean_error": part["mean_error"],
        "side": part["side"],
        "published_side": part["published_side"],
        "curves": [
            {
                "label": _named(words.CORRUPTIONS, row["corruption"]),
                "verdict": row["verdict"],
                "said": "",
                "steps": [point(step["severity"], step["flips"]) for step in row["curve"]],
            }
            for row in rows
        ],
        "top": top_of([one["ci_high"] for one in flips if one["n"]]),
        "rows": [
            {
                "name": _named(words.CORRUPTIONS, row["corruption"]),
                "judged": row["judged"],
                "area": row["area"],
                "verdict": row["verdict"],
            }
            for row in rows
        ],
        "examples": [
            {**one, "name": _named(words.CORRUPTIONS, one["corruption"])}
            for one in sorted(part.get("examples", ()), key=lambda one: (one["severity"], one["row"]))
        ],
        "judged_at": rows[0]["judged"]["severity"] if rows else None,
        "worst_case": part["worst_case"],
        "not_made": ", ".join(_named(words.CORRUPTIONS, name) for name in part["not_made"]),
        "over": len(part["mean_error"]["over"]) if part["mean_error"] else 0,
        **_normalised(part["mean_error"] or {}),
    }


def _normalised(mean: Document) -> dict[str, Any]:
    """Over how many corruptions an error is normalised, and for which the baseline has none; documents of before
    normalised all or nothing."""
    over = mean.get("over", ())
    normalised = mean.get("normalised_over", over)
    without = [_named(words.CORRUPTIONS, name) for name in over if name not in normalised]
    return {"normalised": len(normalised), "without_baseline": ", ".join(without)}


def _malformed(part: Document) -> dict[str, Any]:
    # a column for each outcome that there was; of the others it is said that there was none
    outcomes = [one for one in words.OUTCOMES if any(row[one] for row in part["matrix"])]
    return {
        "verdict": part["verdict"],
        "inputs": part["inputs"],
        "hung_after": figures.number(part["hung_after_s"]),
        "heads": [str(words.OUTCOMES[one]) for one in outcomes],
        "never": ", ".join(str(words.OUTCOMES[one]) for one in words.OUTCOMES if one not in outcomes),
        "rows": [
            {
                "family": _named(words.FAMILIES, row["family"]),
                "inputs": row["inputs"],
                "cells": [{"head": str(words.OUTCOMES[one]), "n": row[one]} for one in outcomes],
            }
            for row in part["matrix"]
        ],
        "outcomes": [
            {
                "input": _named(words.INPUTS, row["input"]),
                "locus": row["locus"],
                "outcome": _named(words.OUTCOMES, row["outcome"]),
                "goes_on": _named(words.GOES_ON, row["goes_on"]),
                "message": row["message"],
                "failed": row["failed"],
            }
            for row in part["outcomes"]
        ],
    }


def _determinism(part: Document) -> dict[str, Any]:
    return {
        "verdict": part["verdict"],
        "n": part["rows"],
        "tolerance": f"{part['tolerance']:g}",
        "broke": part.get("broke"),
        "rows": [
            {
                "name": _named(words.WAYS, row["way"]),
                "row": row,
                "largest": _("became no number")
                if row["largest_difference"] is None
                else f"{row['largest_difference']:.2g}",
            }
            for row in part["ways"]
        ],
    }


def _load(part: Document) -> dict[str, Any]:
    plan = part["plan"]
    return {
        "verdict": part["verdict"],
        "capacity": figures.number(part["capacity"], places=1),
        "knee": None if part["knee"] is None else figures.number(part["knee"], places=1),
        "cold": {
            name: figures.number(part["cold_start_s"][name], places=2) for name in ("lowest", "median", "highest")
        },
        "starts": part["cold_start_s"]["n"],
        "memory": part["peak_memory_bytes"],
        "slo": None if plan["slo_ms"] is None else figures.number(plan["slo_ms"], places=1),
        "percentile": f"{plan['percentile']:g}",
        "rates": [_rate(row) for row in part["rates"]],
        "chart": _chart(part["rates"], plan["slo_ms"]),
    }


def _rate(row: Document) -> dict[str, Any]:
    return {
        "rate": figures.number(row["rate"], places=1),
        "sent": row["sent"],
        "unsent": row["unsent"],
        "failed": row["failed"]["k"],
        "throughput": figures.number(row["throughput"], places=1),
        "kept_up": row["kept_up"],
        "verdict": row["verdict"],
        "percentiles": [_percentile(one) for one in row["latency_ms"]],
        "service": [_percentile(one) for one in row["service_ms"]],
    }


def _percentile(one: Document) -> dict[str, str | bool]:
    low, high = (None if one[end] is None else figures.number(one[end], places=1) for end in ("ci_low", "ci_high"))
    return {
        "percent": f"{one['percent']:g}",
        "value": figures.number(one["value"], places=1),
        "low": low or "",
        "high": high or "",
        "interval": f"[{low or '…'}\N{EN DASH}{high or '…'}]",
        "indicative": one["indicative"],
    }


def _chart(rates: Sequence[Document], slo_ms: float | None) -> dict[str, Any] | None:
    """Where the marks stand, in per cent: rates across in their order, milliseconds up by powers of ten."""
    times = [one[key] for row in rates for one in row["latency_ms"] for key in ("value", "ci_low", "ci_high")]
    known = [time for time in [*times, slo_ms] if time is not None and time > 0]
    if not known:
        return None
    low = math.floor(math.log10(min(known)))
    high = max(math.ceil(math.log10(max(known))), low + 1)

    def up(time: float) -> float:
        return 100 * (1 - (math.log10(max(time, 10.0**low)) - low) / (high - low))

    def across(number: int) -> float:
        return _MARGIN + (100 - 2 * _MARGIN) * (number + 0.5) / len(rates)

    lines = []
    for percent in _DRAWN:
        marks = []
        for number, row in enumerate(rates):
            one = next((one for one in row["latency_ms"] if one["percent"] == percent), None)
            if one is not None:
                ends = [one[end] if one[end] is not None else one["value"] for end in ("ci_low", "ci_high")]
                marks.append(
                    {
                        "x": f"{across(number):.2f}",
                        "y": f"{up(one['value']):.2f}",
                        "low": f"{up(ends[0]):.2f}",
                        "high": f"{up(ends[1]):.2f}",
                    }
                )
        name = f"p{percent:g}"
        lines.append(
            {
                "name": name,
                "dy": _NAMED.get(percent),
                "marks": marks,
                "line": " ".join(f"{one['x']},{one['y']}" for one in marks),
            }
        )
    return {
        "lines": lines,
        "grid": [{"y": f"{up(10.0**step):.2f}", "name": f"{10.0**step:g}"} for step in range(low, high + 1)],
        "rates": [
            {"x": f"{across(number):.2f}", "name": figures.number(row["rate"])} for number, row in enumerate(rates)
        ],
        "limit": None if slo_ms is None else f"{up(slo_ms):.2f}",
    }


SHOWN: Mapping[str, Callable[[Document], dict[str, Any]]] = {
    "tabular": _tabular,
    "images": _images,
    "malformed": _malformed,
    "determinism": _determinism,
    "load": _load,
}
