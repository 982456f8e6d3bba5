"""``manage.py audit_drift REFERENCE CURRENT``: compare two tables column by column, without a database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.audit_command import AuditCommand, reading, refusals
from config.commands import Refused
from config.printing import plain


class Command(AuditCommand):
    help = "Compare two tables (csv, csv.gz, parquet, json lines) column by column for drift."
    sentences = {
        "pass": "Pass: no column has drifted.",
        "warn": "Warn: a column has moved far, and chance cannot be ruled out.",
        "fail": "Fail: a column, or all together, drifted further than the threshold and beyond chance.",
        "insufficient_data": "Insufficient data: a column cannot be judged.",
        "no_information": "No information: there is nothing to compare.",
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
            help="wasserstein_1_over_std, js_distance, missing_share_change or domain_classifier_auc; may be repeated",
        )

    def audit(self, options: Mapping[str, Any]) -> dict[str, Any]:
        from audits.measures.drift.tables import DriftPlan, audit_drift
        from audits.measures.tables.loading import load_table

        named = {key: tuple(options[key] or ()) for key in ("columns", "numeric", "categorical")}
        plan = DriftPlan(**named, thresholds=_thresholds(options["threshold"]), min_rows=options["min_rows"])
        loaded = []
        for path in (options["reference"], options["current"]):
            with refusals(of=plain(path)), reading(path):
                loaded.append(load_table(Path(path)))
        return audit_drift(loaded[0], loaded[1], plan)

    def show(self, document: dict[str, Any]) -> None:
        rows = document["rows"]
        self.stdout.write(
            f"{rows['reference']:,} rows of reference, {rows['current']:,} of today;"
            f" {document['drifted']} of {document['judged']} judged columns drifted."
        )
        head = ("column", "kind", "test", "statistic", "p", "q", "effect", "value", "by noise", "limit", "verdict")
        self.show_table(head, _lines(document))
        self.stdout.write('\n"by noise": what sampling noise alone reaches once in twenty times.')
        self.show_reasons(document["reasons"])
        if document["reasons"]:
            self.stdout.write("")


def _lines(document: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for row in document["columns"]:
        yield _line(row)
        if "words" in row:
            yield _line({**_NO_TEST, **row["words"], "column": row["column"], "kind": "its words"})
    together = document["together"]
    if "effect" in together:
        yield _line({**_NO_TEST, **together, "column": "(all together)", "kind": f"{len(together['columns'])} columns"})


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
