"""``manage.py audit_data TABLE``: look through the rows of a data set, without a database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.audit_command import READABLE_FILE, AuditCommand, pairs, reading
from config.commands import Refused
from config.printing import plain


class Command(AuditCommand):
    help = "Audit a table of data (csv, csv.gz, parquet, json lines): copies, leaks, labels, groups, personal data."
    sentences = {
        "pass": "Pass: nothing was found that speaks against using this data.",
        "warn": "Warn: something was found that should be looked at first.",
        "fail": "Fail: what was found makes results from this data unreliable, or concerns people.",
        "insufficient_data": "Insufficient data: too little could be looked at to say that nothing is wrong.",
        "no_information": "No information: what was to be looked at tells nothing apart.",
    }

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("table", metavar="TABLE", help="csv, csv.gz, parquet or json lines")
        parser.add_argument("--label", metavar="COL", help="what a model is to learn")
        parser.add_argument("--label-kind", metavar="KIND", help="class or number, where whole numbers do not show it")
        parser.add_argument("--split", metavar="COL", help="which rows are for training, which for testing")
        parser.add_argument("--group", metavar="COL", help="whom a row belongs to (a person, a document)")
        parser.add_argument("--time", metavar="COL", help="when a row happened; compared between splits")
        parser.add_argument("--train", metavar="SPLIT", help="the split that is trained on, if it is not called so")
        parser.add_argument("--annotator", nargs="+", action="extend", metavar="COL", help="labels by single people")
        parser.add_argument("--scale", metavar="SCALE", help="of these labels: nominal (default), ordinal, interval")
        parser.add_argument("--lexicon", metavar="FILE", help="terms to look for in texts, one a line; none is shipped")
        parser.add_argument("--sensitive", nargs="+", action="extend", metavar="COL", help="attributes of people")
        parser.add_argument("--text", nargs="+", action="extend", metavar="COL", help="near duplicates are looked for")
        parser.add_argument("--ignore", nargs="+", action="extend", metavar="COL", help="no part of the content")
        parser.add_argument(
            "--probability",
            action="append",
            metavar="CLASS=COL",
            help="out-of-fold probability of a class, for label errors; repeated for every class",
        )
        parser.add_argument("--card", metavar="FILE", help="the data set's README.md, for provenance")
        parser.add_argument("--croissant", metavar="FILE", help="the data set's croissant.json, for provenance")
        parser.add_argument("--images", metavar="COL", help="encoded pictures in base64, compared by what they show")
        self.seed_argument(parser, of="hash functions")

    def audit(self, options: Mapping[str, Any]) -> dict[str, Any]:
        from audits.kinds.base import InputsRejected
        from audits.kinds.data import add_provenance, pictures_of
        from audits.measures.data.auditing import audit_data, load_for
        from audits.measures.data.findings import Findings
        from audits.measures.data.plan import data_plan_from

        findings, plan = Findings(), data_plan_from(_plan(options))
        add_provenance(findings, card=_described(options["card"]), croissant=_described(options["croissant"]))
        with reading(options["table"], mend=READABLE_FILE):
            table = load_for(Path(options["table"]), plan)
        try:
            shown = None if plan.images is None else pictures_of(table, plan.images, tick=lambda: None)
        except InputsRejected as rejected:
            raise Refused(str(rejected)) from rejected
        return audit_data(table, plan, seed=options["seed"], provenance=findings, pictures=shown)

    def show(self, document: dict[str, Any]) -> None:
        parted = f", cells parted by {document['separator']!r}" if "separator" in document else ""
        self.stdout.write(f"{document['rows']:,} rows of {document['format']}{parted}, all of them read.\n")
        head = ("column", "kind", "values", "missing")
        lines = [
            (plain(row["column"]), row["kind"], f"{row['values']:,}", f"{row['missing']:,}")
            for row in document["columns"]
        ]
        self.show_table(head, lines)
        self.stdout.write("")
        self.show_reasons(document["findings"])
        if document["findings"]:
            self.stdout.write("")
        if document["where"]:
            self.stdout.write("Rows to look at, counted from 1 below the header")
        for place, rows in document["where"].items():
            self.stdout.write(f"  {plain(place, 80)}: {', '.join(str(row) for row in rows)}")


def _plan(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as the ``data`` part of an audit plan."""
    probabilities = pairs(options["probability"], wanted="--probability must be CLASS=COL, such as spam=p_spam")
    return {
        "label": options["label"],
        "label_kind": options["label_kind"],
        "split": options["split"],
        "group": options["group"],
        "time": options["time"],
        "train": options["train"],
        "annotators": options["annotator"],
        "annotation_scale": options["scale"],
        "lexicon": _lexicon(options["lexicon"]),
        "sensitive": options["sensitive"],
        "texts": options["text"],
        "images": options["images"],
        "ignore": options["ignore"],
        "probabilities": dict(probabilities),
    }


def _described(path: str | None) -> bytes | None:
    if path is None:
        return None
    with reading(path, mend=READABLE_FILE):
        return Path(path).read_bytes()


def _lexicon(path: str | None) -> dict[str, Any] | None:
    """The terms of a file, one a line; blank lines and those that begin with # are none."""
    if path is None:
        return None
    with reading(path, mend=READABLE_FILE):
        raw = Path(path).read_bytes()
    try:
        lines = [line.strip() for line in raw.decode("utf-8-sig").splitlines()]
    except UnicodeDecodeError as problem:
        raise Refused(f"{plain(path)} is not UTF-8; save it as UTF-8 text") from problem
    terms = list(dict.fromkeys(line for line in lines if line and not line.startswith("#")))
    return {"name": Path(path).name[:100], "terms": terms}
