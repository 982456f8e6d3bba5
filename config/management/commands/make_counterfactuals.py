"""``manage.py make_counterfactuals SOURCE``: texts about others, and controls, as a table for the model."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.commands import AssayCommand, Refused
from config.printing import plain, unusable, write_file
from config.text_files import read_document, read_slots

REASONS = {
    "no_term": "name nobody of the set",
    "several_identities": "name several identities",
    "ambiguous_form": "have a form with several meanings that no rule tells apart",
    "possible_name": "have a word that may be a name",
    "agreement_unknown": "have an ending that may have to follow",
    "compound_word": "have the form within a compound word",
    "stop_word": "have a word at which the set stops",
}


class Command(AssayCommand):
    help = (
        "Make counterfactual texts with controls, from a table of texts or a YAML or JSON file of templates. Have the"
        " model answer the table, then audit_counterfactual it."
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", metavar="SOURCE", help="table of texts, or templates in .yaml, .yml or .json")
        parser.add_argument(
            "--swaps",
            action="append",
            required=True,
            metavar="SET|FILE",
            help="gender_en, age_en, gender_ru, or a file of your own; repeatable",
        )
        parser.add_argument("--text", default="text", metavar="COL", help="column of texts (text)")
        parser.add_argument("--id", default="text_id", metavar="COL", help="column of ids, if there is one (text_id)")
        parser.add_argument(
            "--template", default="template", metavar="COL", help="column of templates, if there is one"
        )
        parser.add_argument("--slots", action="append", metavar="FILE", help="what fills other slots of templates")
        parser.add_argument("--out", required=True, metavar="FILE", help="csv to write")

    def handle(self, *args: Any, **options: Any) -> None:
        from audits.measures.counterfactual.making import HEAD, Made, from_templates, from_texts
        from audits.measures.counterfactual.swaps import SHIPPED, shipped, swaps_from
        from audits.measures.templates import TemplateRejected

        is_templates = options["source"].lower().endswith((".yaml", ".yml", ".json"))
        rows: list[tuple[Any, ...]] = []
        told = []
        try:
            for given in options["swaps"]:
                swaps = shipped(given) if given in SHIPPED else swaps_from(read_document(given))
                made = Made()
                if is_templates:
                    templates, slots = _templates(options)
                    found = from_templates(templates, swaps, made, slots=slots)
                else:
                    found = from_texts(_texts(options), swaps, made)
                rows += found
                told.append({"swap": swaps.name, **made.as_document()})
        except TemplateRejected as refused:
            raise Refused(str(refused)) from refused
        if not rows:
            reasons = {why for one in told for why in one["skipped"]}  # type: ignore[attr-defined]
            said = ", ".join(sorted(reasons)) or "there are none"
            raise Refused(
                f"no text can be changed for sure ({said}); bring other texts, or swaps that name their people"
            )
        # texts for a model, not for a spreadsheet: they stay as they are
        written = io.StringIO()
        csv.writer(written).writerows([HEAD, *rows])
        read = [options["source"], *options["swaps"], *(options["slots"] or [])]
        write_file(options["out"], written.getvalue(), keep=read)
        if options["format"] == "json":
            self.print_json({"rows": len(rows), "swaps": told, "out": options["out"]})
            return
        self.stdout.write(f"{len(rows):,} rows in {options['out']}")
        for one in told:
            self.stdout.write(
                f"{plain(str(one['swap']))}: {one['texts']:,} texts, {one['used']:,} changed,"
                f" {one['without_control']:,} of them without a control"
            )
            for why, count in one["skipped"].items():  # type: ignore[attr-defined]
                self.stdout.write(f"  {count:,} left out: they {REASONS[why]} ({why})")


def _templates(options: dict[str, Any]) -> tuple[list[str], dict[str, list[str]]]:
    document = read_document(options["source"])
    if isinstance(document, list):
        document = {"templates": document}
    if not isinstance(document, dict) or not isinstance(document.get("templates"), list):
        raise Refused("a file of templates is a list of texts, or a mapping with 'templates' and 'slots'")
    slots = document.get("slots") or {}
    if not isinstance(slots, dict) or not all(isinstance(values, list) for values in slots.values()):
        raise Refused("'slots' maps each slot to a list of texts")
    made = {str(name): [str(value) for value in values] for name, values in slots.items()}
    for path in options["slots"] or []:
        made |= read_slots(path)
    return [str(template) for template in document["templates"]], made


def _texts(options: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(id, template, text) of each row that has a text; a row without an id is called by its number."""
    from audits.measures.coded import texts_in
    from audits.measures.tables import TableRejected, open_table

    text, text_id, template = options["text"], options["id"], options["template"]
    number = 0
    try:
        with open_table(Path(options["source"]), columns=[], texts=[text], maybe=[text_id, template]) as table:
            for chunk in table.chunks():
                nothing = [None] * chunk.rows
                cells = texts_in(chunk)
                ids, templates = cells.get(text_id, nothing), cells.get(template, nothing)
                for row_id, row_template, row_text in zip(ids, templates, cells[text], strict=True):
                    number += 1
                    if row_text is not None:
                        own = str(row_id or number)
                        yield own, str(row_template or own), row_text
    except TableRejected as refused:
        raise Refused(str(refused)) from refused
    except (OSError, ValueError) as problem:
        raise unusable(options["source"], problem, "name a table that can be read") from problem
