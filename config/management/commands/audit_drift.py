"""``manage.py audit_drift REFERENCE CURRENT``: compare two tables column by column, without a database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.audit_command import AuditCommand, reading, refusals
from config.commands import Refused
from config.printing import interval, plain


class Command(AuditCommand):
    help = "Compare two tables (csv, csv.gz, parquet, json lines) column by column for drift, and their decisions."
    sentences = {
        "pass": "Pass: no column has drifted.",
        "warn": "Warn: a column has moved far, and chance cannot be ruled out.",
        "fail": "Fail: a column, or all together, drifted further than the threshold and beyond chance.",
        "insufficient_data": "Insufficient data: a column cannot be judged.",
        "no_information": "No information: there is nothing to compare.",
    }
    of_decisions = {
        "pass": "Pass: no column has drifted, and decisions are as before.",
        "warn": "Warn: something has moved far, and chance cannot be ruled out.",
        "fail": "Fail: columns or decisions drifted further than the threshold and beyond chance.",
        "insufficient_data": "Insufficient data: something that was asked for cannot be judged.",
        "no_information": "No information: of something that was asked for nothing can be told.",
    }

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reference", metavar="REFERENCE", help="table that was looked at when the model was judged")
        parser.add_argument("current", metavar="CURRENT", help="table of today")
        parser.add_argument("--columns", nargs="+", action="extend", metavar="COL", help="these alone (default: all)")
        parser.add_argument("--numeric", nargs="+", action="extend", metavar="COL", help="compared as numbers")
        parser.add_argument("--categorical", nargs="+", action="extend", metavar="COL", help="compared as categories")
        parser.add_argument("--min-rows", type=int, default=30, metavar="N", help="with fewer nothing is said (30)")
        parser.add_argument(
            "--threshold",
            action="append",
            metavar="EFFECT=NUMBER",
            help="such as js_distance=0.1; an unknown effect names them all; may be repeated",
        )
        parser.add_argument("--label", metavar="COL", help="how it came out; may be missing from rows of today")
        parser.add_argument("--prediction", metavar="COL", help="what was decided")
        parser.add_argument("--score", metavar="COL", help="the chance of the positive class, for an estimate")
        parser.add_argument("--positive", metavar="V", help="the value that means selected")
        parser.add_argument("--sensitive", nargs="+", action="extend", metavar="COL", help="gaps between these groups")
        parser.add_argument(
            "--time", metavar="COL", help="when a row of today happened; gaps are followed in its order"
        )
        parser.add_argument("--periods", type=int, default=10, metavar="N", help="that today is cut into (10)")
        parser.add_argument("--row-id", metavar="COL", help="names the same case in both tables")
        parser.add_argument(
            "--gating", nargs="+", action="extend", metavar="QUANTITY", help="what the verdict rests on"
        )
        self.seed_argument(parser, of="rows that are dealt out anew")

    def sentence(self, document: dict[str, Any]) -> str:
        sentences = self.of_decisions if "performance" in document else self.sentences
        return sentences[document["verdict"]]

    def audit(self, options: Mapping[str, Any]) -> dict[str, Any]:
        from audits.measures.drift.plan import drift_plan_from
        from audits.measures.drift.tables import audit_drift
        from audits.measures.tables.loading import load_table

        plan = drift_plan_from(
            {name: options[name] for name in _IN_PLAN} | {"thresholds": _thresholds(options["threshold"])}
        )
        loaded = []
        for path in (options["reference"], options["current"]):
            with refusals(of=plain(path)), reading(path):
                loaded.append(load_table(Path(path)))
        return audit_drift(loaded[0], loaded[1], plan, seed=options["seed"])

    def show(self, document: dict[str, Any]) -> None:
        rows = document["rows"]
        self.stdout.write(
            f"{rows['reference']:,} rows of reference, {rows['current']:,} of today;"
            f" {document['drifted']} of {document['judged']} judged columns drifted."
        )
        head = ("column", "kind", "test", "statistic", "p", "q", "effect", "value", "by noise", "limit", "verdict")
        self.show_table(head, _lines(document))
        self.stdout.write('\n"by noise": what sampling noise alone reaches once in twenty times.')
        if "performance" in document:
            self._show_decisions(document)
        self.show_reasons(document["reasons"])
        if document["reasons"]:
            self.stdout.write("")

    def _show_decisions(self, document: Mapping[str, Any]) -> None:
        performance = document["performance"]
        waiting = performance["labels"]["current"]["waiting"]
        self.stdout.write(f"\nDecisions; of {waiting:,} rows of today no outcome is known yet.")
        head = ("quantity", "then", "now", "change", "q", "by noise", "limit", "verdict")
        self.show_table(head, [_quantity(row) for row in performance["quantities"]])
        if estimated := performance.get("estimated"):
            self.stdout.write("\nEstimated from scores, without outcomes" + _why(estimated))
            self.show_table(
                ("quantity", "then", "estimate", "q", "by noise", "limit", "verdict"),
                [_estimate(row) for row in estimated["quantities"]],
            )
        if gaps := document.get("gaps"):
            self.stdout.write("\nGaps between groups; chance by dealing rows out to the periods anew")
            named = ("attribute", "gap", "then", "rise", "since", "q", "by noise", "limit", "verdict")
            self.show_table(named, [_gap(row) for row in gaps["followed"]])
        self.stdout.write("")


_IN_PLAN = (
    "columns",
    "numeric",
    "categorical",
    "min_rows",
    "label",
    "prediction",
    "score",
    "positive",
    "sensitive",
    "time",
    "periods",
    "row_id",
    "gating",
)


def _why(part: Mapping[str, Any]) -> str:
    return f": none ({part['why'].replace('_', ' ')})" if "why" in part else ""


def _judged(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (*(_number(row.get(name)) for name in ("q", "null_floor", "threshold")), row["verdict"])


def _quantity(row: Mapping[str, Any]) -> tuple[str, ...]:
    change = ""
    if row["change"] is not None:
        # with signs a dash between the limits would be one more
        change = f"{row['change']:+.1%} [{100 * row['ci_low']:+.1f} to {100 * row['ci_high']:+.1f}]"
    shares = (interval({"value": row[side], "ci_low": None, "ci_high": None}) for side in ("reference", "current"))
    return (row["metric"], *shares, change, *_judged(row))


def _estimate(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (row["metric"], f"{row['reference']:.1%}", interval(row), *_judged(row))


def _gap(row: Mapping[str, Any]) -> tuple[str, ...]:
    then = (row.get("reference") or {}).get("value")
    told = ("" if then is None else f"{then:.1%}", "" if row.get("effect") is None else f"{row['effect']:+.1%}")
    return (plain(row["attribute"]), row["metric"], *told, plain(row.get("since") or row.get("why", "")), *_judged(row))


def _lines(document: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for row in document["columns"]:
        yield _line(row)
        if "words" in row:
            yield _line({**_NO_TEST, **row["words"], "column": row["column"], "kind": "its words"})
    together = document["together"]
    if "effect" in together:
        kind = f"{len(together['columns'])} columns"
        yield _line({**_NO_TEST, **together, "column": "(all together)", "kind": kind})
        if "reconstruction" in together:
            described = {**_NO_TEST, **together["reconstruction"]}
            yield _line({**described, "column": "(all together)", "kind": f"{described['components']} components"})


# A model tells the samples apart: its area is the effect, and the statistic too.
_NO_TEST: Mapping[str, Any] = {"test": "domain classifier", "statistic": None}


def _line(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        plain(row["column"]),
        row["kind"] or row.get("why", ""),
        (row["test"] or "").replace("kolmogorov_smirnov", "KS").replace("_", " "),
        *(_number(row[name]) for name in ("statistic", "p", "q")),
        (row["effect_name"] or "").replace("_", " "),
        *(_number(row[name]) for name in ("effect", "null_floor", "threshold")),
        row["verdict"],
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _thresholds(given: list[str] | None) -> dict[str, float]:
    thresholds = {}
    for text in given or []:
        name, equals, number = text.partition("=")
        try:
            thresholds[name] = float(number)
        except ValueError:
            raise Refused("--threshold must be EFFECT=NUMBER, such as js_distance=0.1") from None
    return thresholds
