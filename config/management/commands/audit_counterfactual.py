"""``manage.py audit_counterfactual TABLE``: do answers follow whom a text is about? Without a database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.commands import AssayCommand, Refused
from config.printing import interval, plain, reason_lines, rows_progress, table_lines, unusable

SENTENCES = {
    "pass": "Pass: answers hardly follow whom a text is about.",
    "warn": "Warn: it cannot be told yet how far answers follow whom a text is about.",
    "fail": "Fail: answers follow whom a text is about, more than any edit at that place explains.",
    "insufficient_data": "Insufficient data: there are too few pairs with a control and a steady answer for a verdict.",
    "no_information": "No information: all answers are equal, or change under any edit.",
}
COLUMNS = ("text_id", "identity", "role", "template", "swap", "text")


class Command(AssayCommand):
    help = "Audit a table of counterfactual texts (of make_counterfactuals) with a column of the model's answers."
    has_verdict = True

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("table", metavar="TABLE", help="csv, csv.gz, parquet or json lines")
        parser.add_argument("--prediction", metavar="COL", help="the model's answer (prediction)")
        parser.add_argument("--score", metavar="COL", help="the model's score")
        parser.add_argument("--cut", type=float, metavar="X", help="without a prediction: yes from this score on")
        parser.add_argument("--positive", metavar="V", help="the answer whose direction is told")
        for name in COLUMNS:
            parser.add_argument(f"--{name.replace('_', '-')}", metavar="COL", help=f"column ({name})")
        parser.add_argument("--warn-at", type=float, metavar="SHARE", help="changed answers beyond the control (0.05)")
        parser.add_argument("--fail-at", type=float, metavar="SHARE", help="changed answers beyond the control (0.1)")
        parser.add_argument("--min-pairs", type=int, metavar="N", help="fewer pairs take no part (30)")
        parser.add_argument("--bootstrap", type=int, metavar="N", help="replicates (2000)")
        parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the bootstrap (0)")

    def handle(self, *args: Any, **options: Any) -> None:
        # the measures need numpy and pyarrow, which commands in general do not
        from audits.measures.counterfactual.audit import audit_counterfactual
        from audits.measures.counterfactual.pairs import open_for
        from audits.measures.counterfactual.plan import counterfactual_plan_from
        from audits.measures.plan import PlanRejected
        from audits.measures.tables import TableRejected

        if not 0 <= options["seed"] < 2**63:
            raise Refused("--seed is a whole number from 0 to 9,223,372,036,854,775,807")
        names = ("prediction", "score", "cut", "positive", *COLUMNS, "warn_at", "fail_at", "min_pairs", "bootstrap")
        try:
            plan = counterfactual_plan_from({name: options[name] for name in names})
            with open_for(Path(options["table"]), plan) as table:
                document = audit_counterfactual(table, plan, progress=rows_progress(self.stderr), seed=options["seed"])
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
        limits = document["thresholds"]
        self.stdout.write(SENTENCES[document["verdict"]])
        self.stdout.write(
            f"{document['pairs']:,} pairs, {document['pairs_with_control']:,} with a control. Judged is the share of"
            f" changed answers beyond the control's: fails above {limits['fail_at']:.0%}, passes below"
            f" {limits['warn_at']:.0%} of the answers that the control leaves alone, with the whole 95 % interval; a"
            " choice, as in Giskard's scan.\n"
        )
        head = ("swap", "pair", "n", "changed", "by the control", "beyond it", "q", "verdict")
        lines = [
            (
                plain(row["swap"]),
                plain(f"{row['identity']}, {row['other']}"),
                f"{row['n']:,}",
                _share(row["flips"]),
                _share(row["control_flips"]),
                interval(row),
                "" if row["q"] is None else "<0.001" if row["q"] < 0.001 else f"{row['q']:.3f}",
                row["verdict"],
            )
            for row in document["comparisons"]
        ]
        self.stdout.write("\n".join(table_lines(head, lines)) + "\n")
        if document["identities"]:
            self.stdout.write("Score for each identity against the others in the same texts, beyond the control")
            rows = [(plain(row["identity"]), *_shift(row)) for row in document["identities"]]
            self.stdout.write("\n".join(table_lines(("identity", "n", "shift"), rows)) + "\n")
        for line in reason_lines(document["reasons"]):
            self.stdout.write(plain(line, 1_000))
        self.stdout.write(f"digest {document['digest']}")


def _share(row: dict[str, Any] | None) -> str:
    return "not measured" if row is None else interval(row)


def _shift(row: dict[str, Any]) -> tuple[str, str]:
    one = row["excess_shift"] or row["shift"]
    if one["ci_low"] is None:
        return f"{one['n']:,}", f"{one['value']:+.3f}"
    return f"{one['n']:,}", f"{one['value']:+.3f} [{one['ci_low']:+.3f}, {one['ci_high']:+.3f}]"
