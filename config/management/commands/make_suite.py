"""``manage.py make_suite TEMPLATES``: the cases of a functional suite from templates, as a table for the model."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.core.management.base import CommandParser

from config.commands import AssayCommand, Refused
from config.printing import write_file
from config.text_files import read_document, read_slots


class Command(AssayCommand):
    help = "Make a suite from a YAML or JSON file of templates. Have the model answer the table, then audit_suite it."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("templates", metavar="TEMPLATES", help="YAML or JSON, see docs/text-audits.md")
        parser.add_argument(
            "--slots", action="append", metavar="FILE", help="what fills slots: YAML, JSON or csv; repeatable"
        )
        parser.add_argument("--out", required=True, metavar="FILE", help="csv to write")

    def handle(self, *args: Any, **options: Any) -> None:
        from audits.measures.suites.making import HEAD, cases_of, templates_from
        from audits.measures.templates import TemplateRejected

        slots: dict[str, tuple[str, ...]] = {}
        for path in options["slots"] or []:
            slots |= read_slots(path)
        try:
            suite = templates_from(read_document(options["templates"]), slots=slots)
            rows = list(cases_of(suite))
        except TemplateRejected as refused:
            raise Refused(str(refused)) from refused
        # texts for a model, not for a spreadsheet: they stay as they are
        written = io.StringIO()
        csv.writer(written).writerows([HEAD, *rows])
        write_file(options["out"], written.getvalue(), keep=[options["templates"], *(options["slots"] or [])])
        made = {
            "cases": len(rows),
            "functionalities": sorted({row[0] for row in rows if row[0]}),
            "out": options["out"],
        }
        if options["format"] == "json":
            self.print_json(made)
        else:
            self.stdout.write(
                f"{len(rows):,} cases of {len(made['functionalities'])} functionalities in {options['out']}"
            )
