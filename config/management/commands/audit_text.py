"""``manage.py audit_text MODEL DATA``: does a text model's answer hold when its texts change? Without a database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandParser

from config.audit_command import AuditCommand, pairs, reading, severities
from config.commands import Refused
from config.printing import chance, interval, plain, write_file

if TYPE_CHECKING:
    from audits.adapters.protocol import Adapter

MOST_SHOWN = 3


class Command(AuditCommand):
    help = "Run a text model (onnx:PATH, skops:PATH) in the sandbox on a table's texts, as they are and changed."
    sentences = {
        "pass": "Pass: the answers hold.",
        "warn": "Warn: it cannot be told yet whether the answers hold.",
        "fail": "Fail: a change that people or machines make turns more right answers than is allowed.",
        "insufficient_data": "Insufficient data: too few texts that the model is right about for a verdict.",
        "no_information": "No information: the model gives every text the same answer.",
    }

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model", metavar="MODEL", help="onnx:PATH, skops:PATH, http:URL or answers:COLUMN")
        parser.add_argument("data", metavar="DATA", help="table of texts: csv, csv.gz, parquet or json lines")
        parser.add_argument("--text", metavar="COL", help="column of texts (text)")
        parser.add_argument("--label", metavar="COL", help="column of right answers (label, where there is one)")
        parser.add_argument("--families", nargs="+", action="extend", metavar="NAME", help="these alone (default: all)")
        parser.add_argument("--severity", metavar="1-5", help="one severity or a range, 1 to 5 (default: all)")
        parser.add_argument("--judged-at", type=int, metavar="N", help="the severity that is judged (2)")
        parser.add_argument("--class", dest="classes", action="append", metavar="ANSWER=LABEL", help="may be repeated")
        parser.add_argument("--output", metavar="NAME", help="the output that holds the answer")
        rows = "use at most so many, drawn by the seed (1000; 300 for a model that reads tokens)"
        parser.add_argument("--rows", type=int, metavar="N", help=rows)
        parser.add_argument("--warn-at", type=float, metavar="SHARE", help="of right answers that turn (0.05)")
        parser.add_argument("--fail-at", type=float, metavar="SHARE", help="of right answers that turn (0.1)")
        parser.add_argument("--templates", metavar="FILE", help="tests as templates (YAML or JSON), see make_suite")
        parser.add_argument(
            "--cases", metavar="FILE", help="write every text that turns: json lines, or csv by its name"
        )
        self.seed_argument(parser, of="changes")

    def audit(self, options: Mapping[str, Any]) -> dict[str, Any]:
        from audits.adapters import references
        from audits.measures.stress.plan import stress_plan_from
        from audits.measures.tables.loading import load_table
        from audits.model_settings import allowed
        from audits.sandbox.probing import probe
        from audits.stress import given_answers
        from audits.stress.running import stress

        keys = ("text", "label", "families", "judged_at", "output", "rows", "warn_at", "fail_at")
        given = {key: options[key] for key in keys} | {"severities": severities(options["severity"])}
        given["classes"] = dict(pairs(options["classes"], wanted="--class is ANSWER=LABEL")) or None
        if options["templates"]:
            given["templates"] = _document(options["templates"])
        plan = stress_plan_from(given)
        with reading(options["data"]):
            table = load_table(Path(options["data"]))
        adapter: Adapter
        how: dict[str, Any] = {}
        if (column := given_answers.column_of(options["model"])) is None:
            adapter = references.adapter(options["model"], allowed=allowed())
        else:
            adapter, how = given_answers.answered(table, plan, column)
        with _unanswered():
            found = stress(adapter, table, plan, isolation=probe(), seed=options["seed"], progress=self.progress, **how)
        self._cases = found.cases
        return found.document

    def keep(self, document: dict[str, Any], options: Mapping[str, Any]) -> None:
        if options["cases"]:
            write_file(options["cases"], _written(self._cases, options["cases"]), keep=[options["data"]])

    def show(self, document: dict[str, Any]) -> None:
        isolation = document["execution"]["isolation"]
        how = f"observed in the sandbox at level {isolation['level']}" if isolation else "by a service"
        if document["model"]["kind"] == "answers":
            how = "all of them brought in the table; nothing was run"
        self.stdout.write(
            f"{document['rows_used']:,} of {document['rows_of']:,} rows; {document['execution']['answers']:,} answers,"
            f" {how}."
        )
        texts = document["parts"].get("texts")
        if texts is not None:
            self._show_texts(texts, document["plan"])
        for name, part in document["parts"].items():
            if name != "texts":
                self.stdout.write(f"{name.replace('_', ' ')}: {part['verdict']}")
        self.show_reasons(document["reasons"])
        if document["cases"]["n"]:
            self.stdout.write(f"{document['cases']['n']:,} inputs turned out wrong (--cases FILE writes them).")

    def _show_texts(self, texts: Mapping[str, Any], plan: Mapping[str, Any]) -> None:
        if texts["clean"] is not None:
            self.stdout.write(f"accuracy on texts as they are: {interval(texts['clean'])}")
        self.stdout.write(
            f"Judged is the share of right answers that turn at severity {plan['judged_at']}: fails above"
            f" {plan['fail_at']:.0%}, passes below {plan['warn_at']:.0%}, with the whole 95 % interval."
        )
        severities = [f"at {one}" for one in plan["severities"]]
        lines = []
        for one in texts["families"]:
            judged = one["judged"]
            shown = (interval(judged), f"{judged['n']:,}", chance(judged["q"])) if judged else ("changes none", "", "")
            curve = [interval_value(row) for row in one["curve"]]
            lines.append((one["family"], *shown, *curve, one["verdict"].replace("_", " "), one["role"]))
        self.show_table(("family", "judged", "n", "q", *severities, "verdict", "role"), lines)
        worst = [(str(row["severity"]), interval(row), _share(row["average"])) for row in texts["worst_case"]]
        if worst:
            self.stdout.write("Right answers that some family turns, beside the average family")
            self.show_table(("severity", "worst case", "average"), worst)
        for one in texts["families"]:
            for case in one["examples"][:MOST_SHOWN] if one["verdict"] == "fail" else []:
                self.stdout.write(f"  {one['family']}: {plain(case['before'])} -> {plain(case['after'])}")
                self.stdout.write(f"    {plain(case['changed'], 150)}")


def interval_value(row: Mapping[str, Any]) -> str:
    """Answers that turn at one severity."""
    return "broke" if row["failure"] else _share(row["flips"]["value"])


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _document(path: str) -> Any:
    from config.text_files import read_document

    return read_document(path)


@contextmanager
def _unanswered() -> Iterator[None]:
    """A machine that keeps nothing apart is a refusal with the way to mend it, and never a verdict."""
    from audits.sandbox.refusals import NotIsolated

    try:
        yield
    except NotIsolated as refused:
        raise Refused(str(refused)) from refused


def _written(cases: Sequence[Mapping[str, Any]], path: str) -> str:
    from audits.measures.stress.export import cases_csv

    if Path(path).suffix == ".csv":
        return cases_csv(cases)
    return "".join(json.dumps(dict(case), ensure_ascii=False, sort_keys=True) + "\n" for case in cases)
