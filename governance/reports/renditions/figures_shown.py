"""The stored results of audits as tables with charts: the figures as they were measured, never computed anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from governance.evidence import bias_report, ll144_summary, metric_words
from governance.reports.renditions import markup
from governance.web.templatetags import charts, figures

Result = Mapping[str, Any]
MOST_ROWS = 60
LEVEL = "95\N{NO-BREAK SPACE}%"


def shown(kind: str, result: Result) -> Iterator[str]:
    """The result of an audit. A kind without tables of its own shows its named numbers (``summary``) alone."""
    drawn = _KINDS.get(kind)
    if drawn is not None:
        yield from drawn(result)


def summary(numbers: Mapping[str, Any]) -> str:
    """The named numbers that policies read."""
    if not numbers:
        return ""
    rows = [[markup.code(name), _number(value)] for name, value in sorted(numbers.items())]
    return markup.table(_("Named numbers"), [_("Name"), _("Value")], rows, kinds="tn")


def _number(value: object) -> str:
    amount = figures.measured(value)
    if amount is None:
        return markup.quiet(figures.not_measured())
    return markup.text(figures.number(amount, places=0 if amount == amount.to_integral_value() else 4))


def _dropped(result: Result) -> Iterator[str]:
    counts = [(_("Rows used"), figures.number(result.get("rows_used")))]
    left = result.get("rows_dropped") or {}
    counts += [(_("Left out: %(why)s") % {"why": why}, figures.number(n)) for why, n in sorted(left.items())]
    yield markup.pairs([(label, markup.text(n)) for label, n in counts])


# --- bias --------------------------------------------------------------------------------------------------------


def _bias(result: Result) -> Iterator[str]:
    try:
        sentence = bias_report.sentence(result)
    except (KeyError, TypeError, ValueError):  # written by an older version of the audit
        sentence = ""
    if sentence:
        yield f"<p>{markup.name(sentence)}</p>\n"
    yield from _dropped(result)
    by_metric: dict[str, list[Mapping[str, Any]]] = {}
    for row in result.get("metrics") or ():
        by_metric.setdefault(str(row["metric"]), []).append(row)
    for metric in (*metric_words.RATES, *metric_words.QUANTITIES):
        if rows := by_metric.get(metric):
            yield _by_group(metric, rows)
    gating = [row for row in result.get("disparities") or () if row.get("role") == "gating"]
    if gating:
        yield _comparisons(gating)
    others = len(result.get("disparities") or ()) - len(gating)
    if others > 0:
        told = _("Comparisons that inform and gate nothing: %(n)s. They stand in the JSON and CSV forms.")
        yield f'<p class="note">{markup.text(told % {"n": figures.number(others)})}</p>\n'


def _by_group(metric: str, rows: Sequence[Mapping[str, Any]]) -> str:
    kind = "number" if metric in metric_words.QUANTITIES else "rate"
    scale = charts.scale_for([row.get(end) for row in rows for end in ("value", "ci_low", "ci_high")])
    made = []
    for row in rows[:MOST_ROWS]:
        few = (figures.measured(row.get("n")) or 0) < charts.MIN_GROUP
        value, low, high = row.get("value"), row.get("ci_low"), row.get("ci_high")
        made.append(
            [
                markup.name(metric_words.slice_name(row.get("slice"))),
                markup.text(figures.number(row.get("n"))),
                markup.text(figures.figure(kind, value)),
                markup.text(figures.interval(kind, low, high)),
                markup.chart(scale, value, low, high, tone="open" if few else ""),
            ]
        )
    title = metric_words.capital(metric_words.metric_name(metric))
    if len(rows) > MOST_ROWS:
        title += ", " + _("the first %(n)s of %(of)s groups") % {"n": MOST_ROWS, "of": len(rows)}
    head = [
        _("Group"),
        _("n"),
        _("Estimate"),
        _("Interval, %(level)s") % {"level": LEVEL},
        _("From %(low)s to %(high)s") % _ends(scale, kind),
    ]
    return markup.table(title, head, made, kinds="tnnnc")


def _ends(scale: charts.Scale, kind: str) -> dict[str, str]:
    return {"low": figures.figure(kind, scale.start), "high": figures.figure(kind, scale.end)}


def _comparisons(rows: Sequence[Mapping[str, Any]]) -> str:
    scale = charts.scale_for([row.get(end) for row in rows for end in ("value", "ci_low", "ci_high", "threshold")])
    made = []
    for row in rows[:MOST_ROWS]:
        kind, value = metric_words.kind_of(row), row.get("value")
        low, high, limit = row.get("ci_low"), row.get("ci_high"), row.get("threshold")
        verdict = str(row.get("verdict") or "")
        tone = "fail" if verdict == "fail" else "open" if verdict in charts.UNDECIDED else ""
        slices = [metric_words.slice_name(row.get(side)) for side in ("slice", "comparator")]
        made.append(
            [
                f"{markup.name(slices[0])} / {markup.name(slices[1])}",
                markup.text(metric_words.metric_name(str(row["metric"]))),
                markup.text(figures.number(row.get("n"))),
                markup.text(figures.figure(kind, value, limit=limit)),
                markup.text(figures.interval(kind, low, high)),
                markup.text(figures.figure(kind, limit)),
                markup.text(row.get("method") or ""),
                markup.chart(scale, value, low, high, tone=tone, limit=limit),
                markup.status(verdict, "verdict"),
            ]
        )
    head = [
        _("Group, against"),
        _("Metric"),
        _("n"),
        _("Estimate"),
        _("Interval, %(level)s") % {"level": LEVEL},
        _("Limit"),
        _("Method"),
    ]
    return markup.table(_("What is judged"), [*head, _("Drawn, dashed: limit"), _("Verdict")], made, kinds="ttnnnntct")


# --- Local Law 144 -----------------------------------------------------------------------------------------------


def _ll144(result: Result) -> Iterator[str]:
    stated = ll144_summary.facts(result, audit_date=(result.get("record") or {}).get("audit_date"))
    yield markup.pairs(
        [(label, markup.name(value) if value else markup.quiet(_("not stated"))) for label, value in stated]
    )
    yield from _dropped(result)
    for made in result.get("tables") or ():
        yield _ll144_table(made)
    told = _("Local Law 144 of New York City asks for these figures and sets no limit for them.")
    yield f'<p class="note">{markup.text(told)}</p>\n'


def _ll144_table(made: Mapping[str, Any]) -> str:
    rows = made["rows"]
    scale = charts.scale_for([row[end] for row in rows for end in ("rate", "ci_low", "ci_high")])
    cells = []
    for row in rows:
        justified = _("left out: %(why)s") % {"why": row["justification"]} if row["excluded"] else ""
        cells.append(
            [
                markup.name(row["category"]) + (f"<br>{markup.name(justified)}" if justified else ""),
                markup.text(figures.number(row["n"])),
                markup.text(figures.figure("rate", row["rate"])),
                markup.text(figures.interval("rate", row["ci_low"], row["ci_high"])),
                markup.text(figures.figure("ratio", row["impact_ratio"])) if row["impact_ratio"] is not None else "–",
                markup.chart(scale, row["rate"], row["ci_low"], row["ci_high"], tone="open" if row["excluded"] else ""),
            ]
        )
    head = [_("Category"), _("Applicants"), _("Rate"), _("Interval, %(level)s") % {"level": LEVEL}, _("Impact ratio")]
    drawn = _("From %(low)s to %(high)s") % _ends(scale, "rate")
    table = markup.table(ll144_summary.table_title(made), [*head, drawn], cells, kinds="tnnnnc")
    unknown = _("People of unknown category, in no figure of this table: %(n)s.") % {
        "n": figures.number(made["unknown"])
    }
    return f'{table}<p class="note">{markup.text(unknown)}</p>\n'


_KINDS: Mapping[str, Callable[[Result], Iterator[str]]] = {"bias": _bias, "ll144": _ll144}
