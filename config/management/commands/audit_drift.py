"""``manage.py audit_drift REFERENCE CURRENT``: compare two tables column by column, without a database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.commands import AssayCommand, Refused
from config.printing import plain, table_lines

SENTENCES = {
    "pass": "Pass: no column has drifted.",
    "warn": "Warn: a column has moved far, and chance cannot be ruled out.",
    "fail": "Fail: a column has drifted, further than the threshold and beyond chance.",
    "insufficient_data": "Insufficient data: a column cannot be judged.",
    "no_information": "No information: there is nothing to compare.",
}


class Command(AssayCommand):
    help = "Compare two tables (csv, csv.gz, parquet, json lines) column by column for drift."
    has_verdict = True

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
            help="wasserstein_1_over_std, js_distance or missing_share_change; may be repeated",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # the measures need numpy, scipy and pyarrow, which commands in general do not
        from audits.measures.drift.tables import DriftPlan, audit_drift
        from audits.measures.tables import TableRejected
        from audits.measures.tables.loading import load_table

        named = {key: tuple(options[key] or ()) for key in ("columns", "numeric", "categorical")}
        loaded = []
        try:
            plan = DriftPlan(**named, thresholds=_thresholds(options["threshold"]), min_rows=options["min_rows"])
            for path in (options["reference"], options["current"]):
                try:
                    loaded.append(load_table(Path(path)))
                except TableRejected as refused:
                    raise Refused(f"{plain(path)}: {refused}") from refused
                except (OSError, ValueError) as problem:
                    reason = getattr(problem, "strerror", None) or "not a path"
                    raise Refused(f"{plain(path)}: {reason}; name a table that can be read") from problem
            document = audit_drift(loaded[0], loaded[1], plan)
        except TableRejected as refused:
            raise Refused(str(refused)) from refused
        if options["format"] == "json":
            self.print_json(document)
        else:
            self._show(document)
        self.exit_with(document["verdict"], fail_on=options["fail_on"])

    def _show(self, document: dict[str, Any]) -> None:
        rows = document["rows"]
        self.stdout.write(SENTENCES[document["verdict"]])
        self.stdout.write(
            f"{rows['reference']:,} rows of reference, {rows['current']:,} of today;"
            f" {document['drifted']} of {document['judged']} judged columns drifted.\n"
        )
        head = ("column", "kind", "test", "statistic", "p", "q", "effect", "value", "by noise", "limit", "verdict")
        for line in table_lines(head, map(_line, document["columns"])):
            self.stdout.write(line)
        self.stdout.write('\n"by noise": what sampling noise alone reaches once in twenty times.')
        self.show_reasons(document["reasons"])
        self.stdout.write(f"digest {document['digest']}")


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
