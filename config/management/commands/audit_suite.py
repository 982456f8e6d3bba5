"""``manage.py audit_suite TABLE``: judge a functional suite with predictions, without a database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.audit_command import AuditCommand, pairs, reading
from config.commands import Refused
from config.printing import chance, interval, plain

COLUMNS = {
    "prediction": "the model's answer (prediction)",
    "score": "the model's score, for DIR tests",
    "functionality": "what a case tests (functionality)",
    "case_id": "its id (case_id)",
    "text": "its text (test_case)",
    "label": "the right answer (label_gold)",
    "target": "whom it is about (target_ident)",
    "template": "its template (templ_id)",
}


class Command(AuditCommand):
    help = "Audit a functional suite (HateCheck's columns, or one of make_suite) with a column of predictions."
    sentences = {
        "pass": "Pass: every functionality is right as often as it has to be.",
        "warn": "Warn: it cannot be told of every functionality whether it is right often enough.",
        "fail": "Fail: a functionality is right less often than it has to be, with the whole interval.",
        "insufficient_data": "Insufficient data: there are too few different cases with an answer for a verdict.",
        "no_information": "No information: all predictions, or all scores, are equal.",
    }

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("table", metavar="TABLE", help="csv, csv.gz, parquet or json lines")
        for name, what in COLUMNS.items():
            parser.add_argument(f"--{name.replace('_', '-')}", metavar="COL", help=what)
        parser.add_argument(
            "--map", action="append", metavar="PREDICTION=LABEL", help="what a prediction means; repeatable"
        )
        parser.add_argument("--least", type=float, metavar="SHARE", help="accuracy that is needed (0.7)")
        parser.add_argument("--min-cases", type=int, metavar="N", help="smaller functionalities take no part (20)")
        parser.add_argument("--tolerance", type=float, metavar="X", help="DIR: a score may move wrongly by so much")
        self.seed_argument(parser, of="permutations")

    def audit(self, options: Mapping[str, Any]) -> dict[str, Any]:
        from audits.measures.suites.audit import audit_suite
        from audits.measures.suites.cases import open_for
        from audits.measures.suites.plan import suite_plan_from

        labels = pairs(options["map"], wanted="--map must be PREDICTION=LABEL, such as LABEL_1=hateful")
        given = {name: options[name] for name in (*COLUMNS, "least", "min_cases", "tolerance")}
        plan = suite_plan_from({**given, "labels": _once(labels)})
        with reading(options["table"]), open_for(Path(options["table"]), plan) as table:
            return audit_suite(table, plan, progress=self.progress, seed=options["seed"])

    def show(self, document: dict[str, Any]) -> None:
        overall = document["overall"]
        self.stdout.write(
            f"{document['rows_used']:,} cases. All together {interval(overall)}, for context: it decides nothing."
        )
        self.stdout.write("By functionality")
        head = ("functionality", "test", "n", "right", "accuracy", "needed", "q", "verdict")
        lines = [
            (
                plain(row["functionality"]),
                "/".join(row["test_types"]),
                f"{row['n']:,}",
                f"{row['k']:,}",
                interval(row),
                f"{row['threshold']:.0%}",
                chance(row["q"]),
                row["verdict"],
            )
            for row in document["functionalities"]
        ]
        self.show_table(head, lines)
        if document["targets"]:
            self.stdout.write("By target, for information")
            rows = [(plain(row["target"]), f"{row['n']:,}", interval(row)) for row in document["targets"]]
            self.show_table(("target", "n", "accuracy"), rows)
            gap = document["target_gap"]
            if gap is not None:
                self.stdout.write(
                    f"  widest gap {gap['value']:.1%}; luck alone makes one as wide with p {gap['p']:.3f}"
                )
        self.show_reasons(document["reasons"])


def _once(given: list[tuple[str, str]]) -> dict[str, str]:
    named = [prediction for prediction, _ in given]
    if twice := [name for name in named if named.count(name) > 1]:
        raise Refused(f"--map says twice what {plain(twice[0])} means; keep one")
    return dict(given)
