"""``manage.py make_counterfactuals SOURCE``: texts about others, and controls, as a table for the model."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandParser

from config.commands import AssayCommand, Refused
from config.printing import plain, unusable, write_file
from config.text_files import read_document, read_slots

if TYPE_CHECKING:
    from audits.measures.tables import Table

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
            help="gender_en, gender_ru, age_en, disability_en, orientation_en, nationality_en, spelling_en,"
            " spelling_ru, or a file; repeatable",
        )
        parser.add_argument("--text", default="text", metavar="COL", help="column of texts (text)")
        parser.add_argument("--id", default="text_id", metavar="COL", help="column of ids, if there is one (text_id)")
        parser.add_argument(
            "--template", default="template", metavar="COL", help="column of templates, if there is one"
        )
        parser.add_argument("--slots", action="append", metavar="FILE", help="what fills other slots of templates")
        parser.add_argument("--out", required=True, metavar="FILE", help="csv to write")

    def handle(self, *args: Any, **options: Any) -> None:
        from audits.measures.templates import TemplateRejected

        try:
            rows, told = _made(options)
        except TemplateRejected as refused:
            raise Refused(str(refused)) from refused
        if not rows:
            reasons = {why for one in told for why in one["skipped"]}
            said = ", ".join(sorted(reasons)) or "there are none"
            raise Refused(
                f"no text can be changed for sure ({said}); bring other texts, or swaps that name their people"
            )
        from audits.measures.counterfactual.making import HEAD

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
            for why, count in one["skipped"].items():
                self.stdout.write(f"  {count:,} left out: they {REASONS[why]} ({why})")


def _made(options: dict[str, Any]) -> tuple[list[tuple[Any, ...]], list[dict[str, Any]]]:
    """The rows of all sets of swaps, and for each set what became of the texts."""
    from audits.measures.counterfactual.making import Made, from_templates, from_texts, templates_from
    from audits.measures.counterfactual.swaps import SHIPPED, shipped, swaps_from

    rows: list[tuple[Any, ...]] = []
    told: list[dict[str, Any]] = []
    is_templates = options["source"].lower().endswith((".yaml", ".yml", ".json"))
    if is_templates:
        templates, slots = templates_from(read_document(options["source"]))
        for path in options["slots"] or []:
            slots |= read_slots(path)
    for given in options["swaps"]:
        swaps = shipped(given) if given in SHIPPED else swaps_from(read_document(given))
        if any(swaps.name == one["swap"] for one in told):
            raise Refused(f"two sets of swaps are called {plain(swaps.name)}; give each its own name")
        made = Made()
        if is_templates:
            rows += from_templates(templates, swaps, made, slots=slots)
        else:
            rows += from_texts(_texts(options), swaps, made)
        told.append({"swap": swaps.name, **made.as_document()})
    return rows, told


def _texts(options: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(id, template, text) of each row that has a text; a row without an id is called by its number."""
    from audits.measures.tables import TableRejected, open_table

    text, text_id, template = options["text"], options["id"], options["template"]
    try:
        with open_table(Path(options["source"]), columns=[], texts=[text], maybe=[text_id, template]) as table:
            for number, (row_id, row_template, row_text) in enumerate(_rows(table, text_id, template, text), start=1):
                if row_text is not None:
                    own = str(row_id or number)
                    yield own, str(row_template or own), row_text
    except TableRejected as refused:
        raise Refused(str(refused)) from refused
    except (OSError, ValueError) as problem:
        raise unusable(options["source"], problem, "name a table that can be read") from problem


def _rows(table: Table, text_id: str, template: str, text: str) -> Iterator[tuple[Any, Any, Any]]:
    """The cells of each row in three columns, of which the first two may be lacking."""
    from audits.measures.coded import texts_in

    for chunk in table.chunks():
        nothing = [None] * chunk.rows
        cells = texts_in(chunk)
        yield from zip(cells.get(text_id, nothing), cells.get(template, nothing), cells[text], strict=True)
