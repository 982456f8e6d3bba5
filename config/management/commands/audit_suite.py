"""``manage.py audit_suite TABLE``: judge a functional suite with predictions, without a database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.commands import AssayCommand, Refused
from config.printing import interval, plain, reason_lines, rows_progress, table_lines, unusable

SENTENCES = {
    "pass": "Pass: every functionality is right as often as it has to be.",
    "warn": "Warn: it cannot be told of every functionality whether it is right often enough.",
    "fail": "Fail: a functionality is right less often than it has to be, with the whole interval.",
    "insufficient_data": "Insufficient data: there are too few different cases with an answer for a verdict.",
    "no_information": "No information: all predictions, or all scores, are equal.",
}
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


class Command(AssayCommand):
    help = "Audit a functional suite (HateCheck's columns, or one of make_suite) with a column of predictions."
    has_verdict = True

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
        parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the permutations (0)")

    def handle(self, *args: Any, **options: Any) -> None:
        # the measures need numpy and pyarrow, which commands in general do not
        from audits.measures.plan import PlanRejected
        from audits.measures.suites.audit import audit_suite
        from audits.measures.suites.cases import open_for
        from audits.measures.suites.plan import suite_plan_from
        from audits.measures.tables import TableRejected

        if not 0 <= options["seed"] < 2**63:
            raise Refused("--seed is a whole number from 0 to 9,223,372,036,854,775,807")
        given = {name: options[name] for name in (*COLUMNS, "least", "min_cases", "tolerance")}
        try:
            plan = suite_plan_from({**given, "labels": _labels(options["map"] or [])})
            with open_for(Path(options["table"]), plan) as table:
                document = audit_suite(table, plan, progress=rows_progress(self.stderr), seed=options["seed"])
        except (PlanRejected, TableRejected) as refused:
            raise Refused(str(refused)) from refused
        except (OSError, ValueError) as problem:
            raise unusable(options["table"], problem, "name a table that can be read") from problem
        if options["format"] == "json":
            self.print_json(document)
        else:
            self._show(document)
        self.exit_with(document["verdict"], fail_on=options["fail_on"])

    def _show(self, document: dict[str, Any]) -> None:
        overall = document["overall"]
        self.stdout.write(SENTENCES[document["verdict"]])
        self.stdout.write(
            f"{document['rows_used']:,} cases. All together {interval(overall)}, for context: it decides nothing.\n"
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
                "<0.001" if row["q"] < 0.001 else f"{row['q']:.3f}",
                row["verdict"],
            )
            for row in document["functionalities"]
        ]
        self.stdout.write("\n".join(table_lines(head, lines)) + "\n")
        if document["targets"]:
            self.stdout.write("By target, for information")
            rows = [(plain(row["target"]), f"{row['n']:,}", interval(row)) for row in document["targets"]]
            self.stdout.write("\n".join(table_lines(("target", "n", "accuracy"), rows)))
            gap = document["target_gap"]
            if gap is not None:
                self.stdout.write(
                    f"  widest gap {gap['value']:.1%}; luck alone makes one as wide with p {gap['p']:.3f}\n"
                )
        for line in reason_lines(document["reasons"]):
            self.stdout.write(plain(line, 1_000))
        self.stdout.write(f"digest {document['digest']}")


def _labels(given: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    if any(not (prediction and equals and label) for prediction, equals, label in pairs):
        raise Refused("--map must be PREDICTION=LABEL, such as LABEL_1=hateful")
    named = [prediction for prediction, _, _ in pairs]
    if twice := [name for name in named if named.count(name) > 1]:
        raise Refused(f"--map says twice what {plain(twice[0])} means; keep one")
    return {prediction: label for prediction, _, label in pairs}
