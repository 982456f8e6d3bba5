"""``manage.py audit_data TABLE``: look through the rows of a data set, without a database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.commands import AssayCommand, Refused
from config.printing import plain, table_lines

SENTENCES = {
    "pass": "Pass: nothing was found that speaks against using this data.",
    "warn": "Warn: something was found that should be looked at first.",
    "fail": "Fail: what was found makes results from this data unreliable, or concerns people.",
    "insufficient_data": "Insufficient data: too little could be looked at to say that nothing is wrong.",
    "no_information": "No information: what was to be looked at tells nothing apart.",
}


class Command(AssayCommand):
    help = "Audit a table of data (csv, csv.gz, parquet, json lines): copies, leaks, labels, groups, personal data."
    has_verdict = True

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
        parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the hash functions (0)")

    def handle(self, *args: Any, **options: Any) -> None:
        # the measures need numpy, scipy and pyarrow, which commands in general do not
        from audits.cards.provenance import LOOKED_FOR, provenance
        from audits.measures.data.auditing import audit_data, load_for
        from audits.measures.data.findings import Findings
        from audits.measures.data.plan import DataPlanRejected, data_plan_from
        from audits.measures.tables import TableRejected

        if not 0 <= options["seed"] < 2**63:
            raise Refused("--seed is a whole number from 0 to 9,223,372,036,854,775,807")
        findings = Findings()
        try:
            plan = data_plan_from(_plan(options))
            if options["card"]:
                card = provenance(_read(options["card"]))
                findings.add_provenance(card.missing, of=LOOKED_FOR, says_anything=card.says_anything)
            table = load_for(Path(options["table"]), plan)
            document = audit_data(table, plan, seed=options["seed"], provenance=findings)
        except (DataPlanRejected, TableRejected) as refused:
            raise Refused(str(refused)) from refused
        except (OSError, ValueError) as problem:
            raise _not_read(options["table"], problem) from problem
        if options["format"] == "json":
            self.print_json(document)
        else:
            self._show(document)
        self.exit_with(document["verdict"], fail_on=options["fail_on"])

    def _show(self, document: dict[str, Any]) -> None:
        self.stdout.write(SENTENCES[document["verdict"]])
        self.stdout.write(f"{document['rows']:,} rows, all of them read.\n")
        head = ("column", "kind", "values", "missing")
        lines = [
            (plain(row["column"]), row["kind"], f"{row['values']:,}", f"{row['missing']:,}")
            for row in document["columns"]
        ]
        for line in table_lines(head, lines):
            self.stdout.write(line)
        self.stdout.write("")
        self.show_reasons(document["findings"])
        if document["where"]:
            self.stdout.write("Rows to look at, counted from 1 below the header")
        for place, rows in document["where"].items():
            self.stdout.write(f"  {plain(place, 80)}: {', '.join(str(row) for row in rows)}")
        self.stdout.write(f"digest {document['digest']}")


def _plan(options: dict[str, Any]) -> dict[str, Any]:
    """The options as the ``data`` part of an audit plan."""
    probabilities = {}
    for text in options["probability"] or []:
        value, equals, column = text.partition("=")
        if not (value and equals and column):
            raise Refused("--probability must be CLASS=COL, such as spam=p_spam")
        probabilities[value] = column
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
        "ignore": options["ignore"],
        "probabilities": probabilities,
    }


def _lexicon(path: str | None) -> dict[str, Any] | None:
    """The terms of a file, one a line; blank lines and those that begin with # are none."""
    if path is None:
        return None
    try:
        lines = [line.strip() for line in _read(path).decode("utf-8-sig").splitlines()]
    except UnicodeDecodeError as problem:
        raise Refused(f"{plain(path)} is not UTF-8; save it as UTF-8 text") from problem
    terms = list(dict.fromkeys(line for line in lines if line and not line.startswith("#")))
    return {"name": Path(path).name[:100], "terms": terms}


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as problem:
        raise _not_read(path, problem) from problem


def _not_read(path: str, problem: Exception) -> Refused:
    reason = getattr(problem, "strerror", None) or "not a path"
    return Refused(f"{plain(path)}: {reason}; name a file that can be read")
