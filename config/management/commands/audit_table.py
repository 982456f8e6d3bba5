"""``manage.py audit_table TABLE``: audit a table of predictions for bias, without a database."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.commands import AssayCommand, Refused
from config.printed_audit import named, parts_of, sentence_of
from config.printing import plain

SENTENCES = {
    "pass": "Pass: no group is worse off than the limits allow.",
    "warn": "Warn: it cannot be told yet; no interval lies wholly beyond its limit, not all lie on the good side.",
    "fail": "Fail: a group is worse off than the limits allow, with the whole interval.",
    "insufficient_data": "Insufficient data: there are too few rows for a verdict.",
    "no_information": "No information: all predictions are equal.",
}
SHOWN_RATES = ("selection_rate", "true_positive_rate", "false_positive_rate", "precision", "accuracy")


class Command(AssayCommand):
    help = "Audit a table of predictions (csv, csv.gz, parquet, json lines) for bias between groups."
    has_verdict = True

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("table", metavar="TABLE", help="csv, csv.gz, parquet or json lines")
        parser.add_argument("--label", required=True, metavar="COL", help="true outcome, two values")
        parser.add_argument("--prediction", required=True, metavar="COL", help="decision, two values")
        parser.add_argument(
            "--score", metavar="COL", help="score behind the decision; from 0 to 1 its calibration is measured too"
        )
        parser.add_argument("--positive", metavar="V", help="which value is positive (1, true, yes need not be said)")
        parser.add_argument("--sensitive", required=True, nargs="+", action="extend", metavar="COL")
        parser.add_argument("--weights", metavar="COL", help="weight of each row")
        parser.add_argument(
            "--task",
            default="binary",
            choices=("binary", "multiclass", "regression", "ranking"),
            help="what the model does (binary); label and prediction are numbers for regression and ranking",
        )
        parser.add_argument("--cluster", metavar="COL", help="rows of one value may resemble each other (a person)")
        parser.add_argument(
            "--features",
            nargs="+",
            action="extend",
            default=[],
            metavar="COL",
            help="columns in which the worst slices and proxies are looked for",
        )
        parser.add_argument(
            "--legitimate",
            nargs="+",
            action="extend",
            default=[],
            metavar="COL",
            help="columns that may explain a gap; groups are compared among rows alike in them",
        )
        parser.add_argument(
            "--reference",
            action="append",
            metavar="largest|best|overall|COL=V",
            help="compared with (default: best for ratios, largest for differences); COL=V may be repeated",
        )
        parser.add_argument("--min-group", type=int, default=30, metavar="N", help="smaller groups take no part (30)")
        parser.add_argument("--bootstrap", type=int, default=2_000, metavar="N", help="replicates (2000)")
        parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the bootstrap (0)")
        parser.add_argument(
            "--gating",
            action="append",
            metavar="METRIC[=THRESHOLD]",
            help="metric that decides; may be repeated "
            "(default: demographic_parity_ratio=0.8, equalized_odds_difference=0.1)",
        )
        parser.add_argument(
            "--required-group", action="append", metavar="COL=V", help="group that must be judged; may be repeated"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # the measures need numpy and pyarrow, which commands in general do not
        from audits.measures.bias import audit_table, open_for
        from audits.measures.plan import PlanRejected, plan_from
        from audits.measures.tables import TableRejected

        if not 0 <= options["seed"] < 2**63:
            raise Refused("--seed is a whole number from 0 to 9,223,372,036,854,775,807")
        try:
            plan = plan_from(_plan(options))
            with open_for(Path(options["table"]), plan) as table:
                document = audit_table(table, plan, progress=self._progress, seed=options["seed"])
        except (PlanRejected, TableRejected) as refused:
            raise Refused(str(refused)) from refused
        except (OSError, ValueError) as problem:
            reason = getattr(problem, "strerror", None) or "not a path"
            raise Refused(f"{plain(options['table'])}: {reason}; name a table that can be read") from problem
        if options["format"] == "json":
            self.print_json(document)
        else:
            self._show(document)
        self.exit_with(document["verdict"], fail_on=options["fail_on"])

    def _progress(self, done: int, total: int | None) -> None:
        if sys.stderr.isatty():
            of = f" of {total:,}" if total else ""
            self.stderr.write(f"\r{done:,}{of} rows", ending="\n" if done == total else "")

    def _show(self, document: dict[str, Any]) -> None:
        left_out = "".join(f", {rows:,} left out ({why})" for why, rows in document["rows_dropped"].items())
        self.stdout.write(sentence_of(document) or SENTENCES[document["verdict"]])
        self.stdout.write(f"{document['rows_used']:,} rows used{left_out}. Intervals are 95 %.\n")
        for made in document["groups"]:
            if len(made["attributes"]) == 1 and document["plan"]["task"] == "binary":
                self._show_groups(document, made)
        deciding = [row for row in document["disparities"] if row["role"] == "gating"]
        if deciding:
            self.stdout.write("What decides")
            self._table(
                ("metric", "group", "against", "n", "value", "limit", "q", "verdict", "rows still needed"),
                [_deciding(row) for row in deciding],
            )
        for title, head, lines in parts_of(document):
            self.stdout.write(title)
            self._table(head, lines)
        self._show_slices(document)
        self._show_alike(document)
        self._show_proxies(document)
        self._show_reasons(document["reasons"])
        self.stdout.write(f"digest {document['digest']}")

    def _show_reasons(self, reasons: Iterable[dict[str, Any]]) -> None:
        """Each with what is so and what to do, in the words of the portal."""
        from audits.models import Finding
        from governance.evidence.wording import finding_text

        for reason in reasons:
            self.stdout.write(f"{reason['code']}: {plain(reason['locus'], 200)}")
            for line in finding_text(Finding(code=reason["code"], params=reason["params"])):
                self.stdout.write(f"    {plain(line, 1_000)}")
        if reasons:
            self.stdout.write("")

    def _show_slices(self, document: dict[str, Any]) -> None:
        """Slices of features that were found on one half of the rows and confirmed on the other."""
        search = document.get("slice_search")
        if search is None:
            return
        self.stdout.write(
            f"Worst slices: {search['slices']:,} looked at on {search['rows_discovery']:,} rows, {search['tested']:,} "
            f"tested on the other {search['rows_test']:,}, {search['found']:,} confirmed. Leads, not a verdict."
        )
        rows = document["worst_slices"]
        if rows:
            self._table(
                ("slice", "rate", "n", "value", "from everybody", "q"),
                [
                    (
                        named(row["slice"]),
                        row["metric"],
                        f"{row['of']:,}",
                        _interval(row, 3),
                        _interval({"value": row["gap"], "ci_low": row["gap_ci_low"], "ci_high": row["gap_ci_high"]}, 3),
                        "<0.001" if row["q"] < 0.001 else f"{row['q']:.3f}",
                    )
                    for row in rows
                ],
            )
        else:
            self.stdout.write("")

    def _show_alike(self, document: dict[str, Any]) -> None:
        told = document.get("conditional")
        if told is None:
            return
        factors = ", ".join(plain(factor["column"]) for factor in told["factors"])
        left_out = f", {told['rows_left_out']:,} left out" if told["rows_left_out"] else ""
        self.stdout.write(f"Odds of selection among rows alike in {factors} ({told['rows_used']:,} rows{left_out})")
        self._table(
            ("group", "against", "measure", "n", "value", "p"),
            [
                (
                    named(row["slice"]),
                    named(row["comparator"]) or "everybody else",
                    row["metric"],
                    f"{row['n']:,}",
                    _interval(row, 3),
                    "" if row["p"] is None else "<0.001" if row["p"] < 0.001 else f"{row['p']:.3f}",
                )
                for row in told["comparisons"]
            ],
        )

    def _show_proxies(self, document: dict[str, Any]) -> None:
        told = document.get("proxies")
        if told is None:
            return
        self.stdout.write(f"Features that tell a group (area under ROC; above {told['threshold']} is a lead)")
        rows = [("all together", row, None) for row in told["joint"]]
        rows += [(row["column"], row, row["cramers_v"]) for row in told["features"]]
        self._table(
            ("feature", "tells", "n", "area", "Cramer's V", ""),
            [
                (
                    plain(name),
                    f"{plain(row['attribute'])}={plain(row['group'])}" if row["group"] else plain(row["attribute"]),
                    f"{row['n']:,}",
                    _interval({"value": row["auc"], "ci_low": row["auc_ci_low"], "ci_high": row["auc_ci_high"]}, 3),
                    "" if v is None else f"{v:.3f}",
                    "lead" if row["lead"] else row.get("why", "").replace("_", " "),
                )
                for name, row, v in rows
            ],
        )

    def _show_groups(self, document: dict[str, Any], made: dict[str, Any]) -> None:
        attribute = made["attributes"][0]
        self.stdout.write(plain(attribute))
        rates = {
            (row["slice"].get(attribute), row["metric"]): row
            for row in document["metrics"]
            if set(row["slice"]) <= {attribute}
        }
        hidden = min(10, document["plan"]["min_group"])
        lines: list[tuple[str, ...]] = []
        for group in (*made["values"], None):
            value: str | None = None if group is None else group["value"]
            name = "everybody" if value is None else plain(value)
            n, state = (document["rows_used"], "") if group is None else (group["n"], group["state"])
            lines.append(
                (
                    name,
                    f"fewer than {hidden}" if n is None else f"{n:,}",
                    *(_rate(rates.get((value, rate))) for rate in SHOWN_RATES),
                    {"judged": "", "": ""}.get(state, state.replace("_", " ")),
                )
            )
        self._table(("group", "n", *SHOWN_RATES, ""), lines)

    def _table(self, head: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
        """Columns as wide as their widest cell; the first to the left, the others to the right."""
        rows = [tuple(head), *(tuple(line) for line in lines)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
        for row in rows:
            cells = [
                cell.rjust(width) if column else cell.ljust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            self.stdout.write("  " + "  ".join(cells).rstrip())
        self.stdout.write("")


def _plan(options: dict[str, Any]) -> dict[str, Any]:
    """The options as the ``bias`` part of an audit plan."""
    plan: dict[str, Any] = {
        key: options[key]
        for key in (
            "label",
            "prediction",
            "score",
            "positive",
            "sensitive",
            "weights",
            "cluster",
            "task",
            "min_group",
            "bootstrap",
        )
    }
    plan |= {key: options[key] for key in ("features", "legitimate") if options[key]}
    plan["reference"] = _reference(options["reference"] or [])
    gating = [metric.partition("=") for metric in options["gating"] or []]
    if gating:
        plan["gating"] = [metric for metric, _, _ in gating]
        plan["thresholds"] = {metric: _threshold(metric, text) for metric, equals, text in gating if equals}
    required: dict[str, list[str]] = {}
    for attribute, value in (_pair("--required-group", text) for text in options["required_group"] or []):
        required.setdefault(attribute, []).append(value)
    plan["required_groups"] = required
    return plan


def _reference(given: list[str]) -> str | dict[str, str] | None:
    if len(given) < 2:
        return given[0] if given else None
    return dict(_pair("--reference, where it is repeated,", text) for text in given)


def _pair(option: str, text: str) -> tuple[str, str]:
    attribute, equals, value = text.partition("=")
    if not (attribute and equals and value):
        raise Refused(f"{option} must be COL=V, such as race=black")
    return attribute, value


def _threshold(metric: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Refused(f"--gating {plain(metric)}= must be followed by a number between 0 and 1") from None


def _deciding(row: dict[str, Any]) -> tuple[str, ...]:
    needed, of_comparator = row["rows_needed"], row["comparator_rows_needed"]
    more = f" and {of_comparator:,} of the other" if of_comparator else ""
    return (
        row["metric"],
        (f"{plain(row['class'])}: " if "class" in row else "") + named(row["slice"]),
        named(row["comparator"]) if row["comparator"] else "everybody",
        "few" if row["n"] is None else f"{row['n']:,}",
        _interval(row, 3),
        f"{row['threshold']:.2f}",
        "" if row["q"] is None else "<0.001" if row["q"] < 0.001 else f"{row['q']:.3f}",
        row["verdict"],
        "" if needed is None else f"{needed:,}{more}",
    )


def _rate(row: dict[str, Any] | None) -> str:
    if row is None or row["value"] is None:
        return "not measured"
    return f"{row['value']:.1%} [{100 * row['ci_low']:.1f}-{100 * row['ci_high']:.1f}]"


def _interval(row: dict[str, Any], digits: int) -> str:
    if row["ci_low"] is None and row["value"] is None:
        return "not measured"
    value, low, high = (
        "no limit" if one is None else f"{one:.{digits}f}" for one in (row["value"], row["ci_low"], row["ci_high"])
    )
    return f"{value} [{low}, {high}]"
