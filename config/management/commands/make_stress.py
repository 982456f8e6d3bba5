"""``manage.py make_stress TEXTS``: the texts of a stress audit, as they are and changed, as a table for the model."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.commands import AssayCommand, Refused
from config.printing import write_file
from config.text_files import read_document


class Command(AssayCommand):
    help = (
        "Make the texts of a stress audit, unchanged and changed, from a table of texts. Have the model answer the"
        " column prediction, then audit_text answers:prediction the same file, with the same options."
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("data", metavar="DATA", help="table of texts: csv, csv.gz, parquet or json lines")
        parser.add_argument("--text", metavar="COL", help="column of texts (text)")
        parser.add_argument("--label", metavar="COL", help="column of right answers (label, where there is one)")
        parser.add_argument("--families", nargs="+", action="extend", metavar="NAME", help="these alone (default: all)")
        parser.add_argument("--severity", metavar="1-5", help="one severity or a range, 1 to 5 (default: all)")
        parser.add_argument("--rows", type=int, metavar="N", help="use at most so many, drawn by the seed (1000)")
        parser.add_argument("--templates", metavar="FILE", help="tests as templates (YAML or JSON), see make_suite")
        parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the changes (0)")
        parser.add_argument("--out", required=True, metavar="FILE", help="csv to write, or json lines (.jsonl)")

    def handle(self, *args: Any, **options: Any) -> None:
        from audits.measures.stress.plan import stress_plan_from
        from audits.measures.tables.loading import load_table
        from audits.stress.given_answers import FAMILY, PREDICTION, SEVERITY, questions
        from audits.stress.running import rows_used
        from config.audit_command import reading, refusals, severities

        if not 0 <= options["seed"] < 2**63:
            raise Refused("--seed is a whole number from 0 to 9,223,372,036,854,775,807")
        given = {key: options[key] for key in ("text", "label", "families", "rows")}
        given["severities"] = severities(options["severity"])
        if options["templates"]:
            given["templates"] = read_document(options["templates"])
        with refusals():
            plan = stress_plan_from(given)
            with reading(options["data"]):
                table = load_table(Path(options["data"]))
            rows = rows_used(table, plan, options["seed"])
            made = [{**one, PREDICTION: None} for one in questions(table, plan, rows, seed=options["seed"])]
        names = {"text": plan.text, "label": plan.label or "label"}
        made = [{names.get(name, name): cell for name, cell in one.items()} for one in made]
        head = [plan.text, names["label"], FAMILY, SEVERITY, PREDICTION]
        keep = [options["data"], *([options["templates"]] if options["templates"] else [])]
        write_file(options["out"], _written(made, head, options["out"]), keep=keep)
        if options["format"] == "json":
            self.print_json({"texts": len(rows), "rows": len(made), "seed": options["seed"], "out": options["out"]})
        else:
            self.stdout.write(f"{len(made):,} texts in {options['out']}, {len(rows):,} of them as they are")


def _written(rows: list[dict[str, Any]], head: list[str], path: str) -> str:
    """Texts for a model, not for a spreadsheet: they stay as they are."""
    if path.endswith(".jsonl"):
        return "".join(json.dumps(one) + "\n" for one in rows)
    written = io.StringIO()
    try:
        csv.writer(written).writerows([head, *([one[name] for name in head] for one in rows)])
        written.getvalue().encode()
    except (UnicodeEncodeError, csv.Error) as odd:
        raise Refused("a text has half a character, which csv cannot hold; write json lines: --out FILE.jsonl") from odd
    return written.getvalue()
