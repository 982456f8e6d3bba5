"""``manage.py audit_counterfactual TABLE``: do answers follow whom a text is about? Without a database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.audit_command import AuditCommand, reading
from config.printing import chance, interval, plain

COLUMNS = ("text_id", "identity", "role", "template", "swap", "text")


class Command(AuditCommand):
    help = "Audit a table of counterfactual texts (of make_counterfactuals) with a column of the model's answers."
    sentences = {
        "pass": "Pass: answers hardly follow whom a text is about.",
        "warn": "Warn: it cannot be told yet how far answers follow whom a text is about.",
        "fail": "Fail: answers follow whom a text is about, more than any edit at that place explains.",
        "insufficient_data": "Insufficient data: too few pairs have a control and a steady answer for a verdict.",
        "no_information": "No information: all answers are equal, or change under any edit.",
    }

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
        self.seed_argument(parser, of="bootstrap")

    def audit(self, options: Mapping[str, Any]) -> dict[str, Any]:
        from audits.measures.counterfactual.audit import audit_counterfactual
        from audits.measures.counterfactual.pairs import open_for
        from audits.measures.counterfactual.plan import counterfactual_plan_from

        names = ("prediction", "score", "cut", "positive", *COLUMNS, "warn_at", "fail_at", "min_pairs", "bootstrap")
        plan = counterfactual_plan_from({name: options[name] for name in names})
        with reading(options["table"]), open_for(Path(options["table"]), plan) as table:
            return audit_counterfactual(table, plan, progress=self.progress, seed=options["seed"])

    def show(self, document: dict[str, Any]) -> None:
        limits = document["thresholds"]
        self.stdout.write(
            f"{document['pairs']:,} pairs, {document['pairs_with_control']:,} with a control. Judged is the share of"
            f" changed answers beyond the control's: fails above {limits['fail_at']:.0%}, passes below"
            f" {limits['warn_at']:.0%} of the answers that the control leaves alone, with the whole 95 % interval; a"
            " choice, as in Giskard's scan."
        )
        head = ("swap", "pair", "n", "changed", "by the control", "beyond it", "q", "verdict")
        lines = [
            (
                plain(row["swap"]),
                plain(f"{row['identity']}, {row['other']}"),
                f"{row['n']:,}",
                interval(row["flips"]),
                interval(row["control_flips"]),
                interval(row),
                chance(row["q"]),
                row["verdict"],
            )
            for row in document["comparisons"]
        ]
        self.show_table(head, lines)
        if document["identities"]:
            self.stdout.write("Score for each identity against the others in the same texts, beyond the control")
            rows = [(plain(row["identity"]), *_shift(row)) for row in document["identities"]]
            self.show_table(("identity", "n", "shift"), rows)
        self.show_reasons(document["reasons"])


def _shift(row: dict[str, Any]) -> tuple[str, str]:
    one = row["excess_shift"] or row["shift"]
    if one["ci_low"] is None:
        return f"{one['n']:,}", f"{one['value']:+.3f}"
    return f"{one['n']:,}", f"{one['value']:+.3f} [{one['ci_low']:+.3f}, {one['ci_high']:+.3f}]"
