"""``manage.py audit_table TABLE``: audit a table of predictions for bias, without a database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.audit_command import AuditCommand, pairs, reading
from config.commands import Refused
from config.printed_audit import named, parts_of, sentence_of
from config.printing import chance, interval, plain

SHOWN_RATES = ("selection_rate", "true_positive_rate", "false_positive_rate", "precision", "accuracy")


class Command(AuditCommand):
    help = "Audit a table of predictions (csv, csv.gz, parquet, json lines) for bias between groups."
    sentences = {
        "pass": "Pass: no group is worse off than the limits allow.",
        "warn": "Warn: it cannot be told yet; no interval lies wholly beyond its limit, not all lie on the good side.",
        "fail": "Fail: a group is worse off than the limits allow, with the whole interval.",
        "insufficient_data": "Insufficient data: there are too few rows for a verdict.",
        "no_information": "No information: all predictions are equal.",
    }

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
            choices=("binary", "multiclass", "regression", "ranking", "transcription", "entities"),
            help="what the model does (binary); label and prediction are numbers for regression and ranking, texts for "
            "transcription, tags such as B-PER I-PER O for entities",
        )
        parser.add_argument("--cluster", metavar="COL", help="rows of one value may resemble each other (a person)")
        parser.add_argument(
            "--features",
            nargs="+",
            action="extend",
            default=[],
            metavar="COL",
            help="columns in which the worst slices and proxies are looked for, and in which people are alike",
        )
        parser.add_argument(
            "--consistency-at-least",
            type=float,
            metavar="SHARE",
            help="least consistency that passes, such as 0.9: people alike in --features are decided alike (without it "
            "consistency is for information)",
        )
        parser.add_argument(
            "--neighbours", type=int, metavar="N", help="rows that count as near, the row itself among them (5)"
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
        self.seed_argument(parser, of="bootstrap")
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

    def audit(self, options: Mapping[str, Any]) -> dict[str, Any]:
        from audits.measures.bias import audit_table, open_for
        from audits.measures.plan import plan_from

        plan = plan_from(_plan(options))
        with reading(options["table"]), open_for(Path(options["table"]), plan) as table:
            return audit_table(table, plan, progress=self.progress, seed=options["seed"])

    def sentence(self, document: dict[str, Any]) -> str:
        return sentence_of(document) or super().sentence(document)

    def show(self, document: dict[str, Any]) -> None:
        left_out = "".join(f", {rows:,} left out ({why})" for why, rows in document["rows_dropped"].items())
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
        self._show_consistency(document)
        self.show_reasons(document["reasons"])
        if document["reasons"]:
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
                        chance(row["q"]),
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
                    chance(row["p"]),
                )
                for row in told["comparisons"]
            ],
        )

    def _show_proxies(self, document: dict[str, Any]) -> None:
        told = document.get("proxies")
        if told is None:
            return
        self.stdout.write(f"Features that tell a group (area under ROC; above {told['threshold']} is a lead)")
        rows = [(f"all together ({row['model'].replace('_', ' ')})", row, None, None) for row in told["joint"]]
        rows += [(row["column"], row, row["cramers_v"], row["theils_u"]) for row in told["features"]]
        self._table(
            (
                "feature",
                "tells",
                "n",
                "area",
                "Cramer's V",
                "Theil's U",
                "",
                "impact ratio",
                "with the feature held still",
            ),
            [
                (
                    plain(name),
                    f"{plain(row['attribute'])}={plain(row['group'])}" if row["group"] else plain(row["attribute"]),
                    f"{row['n']:,}",
                    _interval({"value": row["auc"], "ci_low": row["auc_ci_low"], "ci_high": row["auc_ci_high"]}, 3),
                    "" if v is None else f"{v:.3f}",
                    "" if u is None else f"{u:.3f}",
                    "lead" if row["lead"] else row.get("why", "").replace("_", " "),
                    *_held_still(row.get("alike")),
                )
                for name, row, v, u in rows
            ],
        )

    def _show_consistency(self, document: dict[str, Any]) -> None:
        told = document.get("consistency")
        if told is None:
            return
        columns = ", ".join(plain(name) for name in told["features"])
        limit = told["threshold"]
        decides = "for information" if limit is None else f"at least {limit} is needed: {told['verdict']}"
        self.stdout.write(f"Consistency: are people who are alike in {columns} decided alike ({decides})?")
        if told["value"] is None:
            self.stdout.write(f"not measured: {told['why'].replace('_', ' ')}\n")
            return
        left_out = f", {told['rows_left_out']:,} left out" if told["rows_left_out"] else ""
        self.stdout.write(
            f"Of the {told['neighbours']} rows nearest to a row, itself among them, so many are decided as it is; "
            f"{told['by_lot']:.3f} by lot. {told['rows_used']:,} rows{left_out}; {told['rows_asked']:,} asked about, "
            f"neighbours among {told['rows_among']:,}."
        )
        self._table(
            ("group", "asked", "consistency"),
            [
                (named(row["slice"]), f"{row['asked']:,}", _interval(row, 3))
                for row in ({**told, "slice": {}}, *told["groups"])
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
                    *(interval(rates.get((value, rate))) for rate in SHOWN_RATES),
                    {"judged": "", "": ""}.get(state, state.replace("_", " ")),
                )
            )
        self._table(("group", "n", *SHOWN_RATES, ""), lines)

    def _table(self, head: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
        self.show_table(head, lines)
        self.stdout.write("")


def _plan(options: Mapping[str, Any]) -> dict[str, Any]:
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
    consistency = {"neighbours": options["neighbours"], "at_least": options["consistency_at_least"]}
    if given := {key: value for key, value in consistency.items() if value is not None}:
        plan["consistency"] = given
    plan["reference"] = _reference(options["reference"] or [])
    gating = [metric.partition("=") for metric in options["gating"] or []]
    if gating:
        plan["gating"] = [metric for metric, _, _ in gating]
        plan["thresholds"] = {metric: _threshold(metric, text) for metric, equals, text in gating if equals}
    required: dict[str, list[str]] = {}
    for attribute, value in _groups("--required-group", options["required_group"]):
        required.setdefault(attribute, []).append(value)
    plan["required_groups"] = required
    return plan


def _reference(given: list[str]) -> str | dict[str, str] | None:
    if len(given) < 2:
        return given[0] if given else None
    return dict(_groups("--reference, where it is repeated,", given))


def _groups(option: str, given: list[str] | None) -> list[tuple[str, str]]:
    return pairs(given, wanted=f"{option} must be COL=V, such as race=black")


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
        chance(row["q"]),
        row["verdict"],
        "" if needed is None else f"{needed:,}{more}",
    )


def _held_still(alike: dict[str, Any] | None) -> tuple[str, str]:
    """An impact ratio as it is, and if a feature's values were as frequent in the group as elsewhere."""
    if alike is None:
        return "", ""
    raw = "not measured" if alike["impact_ratio"] is None else f"{alike['impact_ratio']:.3f}"
    value, low, high = (alike[key] for key in ("impact_ratio_alike", "ci_low", "ci_high"))
    return raw, _interval({"value": value, "ci_low": low, "ci_high": high}, 3)


def _interval(row: dict[str, Any], digits: int) -> str:
    if row["ci_low"] is None and row["value"] is None:
        return "not measured"
    value, low, high = (
        "no limit" if one is None else f"{one:.{digits}f}" for one in (row["value"], row["ci_low"], row["ci_high"])
    )
    return f"{value} [{low}, {high}]"
