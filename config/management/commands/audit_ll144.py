"""``manage.py audit_ll144 TABLE``: the figures that New York City Local Law 144 asks for, without a database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.audit_command import AuditCommand, pairs, reading
from config.commands import Refused
from config.printing import plain, require_other, write_file

TITLES = {"sex": "Sex", "race": "Race or ethnicity", "intersection": "Sex and race or ethnicity"}
RECORD = {
    "tool": "name of the tool",
    "data_source": "where the data come from, and what they are",
    "test_data_reason": "why no historical data are used",
    "test_data_method": "how the test data were made and obtained",
    "audit_date": "date of the audit, YYYY-MM-DD",
    "distribution_date": "date on which the tool was first used, YYYY-MM-DD",
    "auditor": "who audits",
    "independence": "the auditor's statement of independence",
}


class Command(AuditCommand):
    help = (
        "Selection or scoring rates and impact ratios by sex, race or ethnicity, and both (6 RCNY 5-300 to 5-304)."
        " The law sets no limit for the ratios; this command judges none."
    )
    sentences = {
        "pass": "Calculated: every table is complete, and so is the record for the summary.",
        "warn": "Calculated, and not complete: outcomes or statements are missing, see below.",
        "insufficient_data": "Insufficient data: a table has fewer than two categories to compare.",
        "no_information": "No information: every rate is the same, 0 or 1, so the ratios say nothing.",
    }

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("table", metavar="TABLE", help="csv, csv.gz, parquet or json lines, one row per person")
        parser.add_argument("--sex", required=True, metavar="COL")
        parser.add_argument("--race", required=True, metavar="COL", help="race or ethnicity, EEO-1 categories")
        parser.add_argument("--selected", metavar="COL", help="whether the person was selected")
        parser.add_argument("--score", metavar="COL", help="score; counted is who is above the median of everybody")
        parser.add_argument("--group", metavar="COL", help="group classified into; the tables are repeated for each")
        parser.add_argument("--positive", action="append", metavar="V", help="value that means selected; repeatable")
        parser.add_argument(
            "--negative", action="append", metavar="V", help="value that means not selected; repeatable"
        )
        parser.add_argument("--unknown", action="append", metavar="V", help="value that means unknown category")
        parser.add_argument(
            "--exclude",
            action="append",
            metavar="CATEGORY=JUSTIFICATION",
            help="leave a category under 2 %% of the data out of the impact ratios; repeatable. Intersections are"
            " named SEX & RACE",
        )
        parser.add_argument("--data", choices=["historical", "test"], default="historical", help="kind of data")
        for name, what in RECORD.items():
            parser.add_argument(f"--{name.replace('_', '-')}", metavar="TEXT", help=what)
        parser.add_argument("--html", metavar="FILE", help="write the summary of results as a page")
        parser.add_argument("--csv", metavar="FILE", help="write the summary of results as a spreadsheet")

    def audit(self, options: Mapping[str, Any]) -> dict[str, Any]:
        from audits.measures.ll144.audit import audit_ll144, open_for
        from audits.measures.ll144.plan import ll144_plan_from

        for option, others in (("html", [options["table"]]), ("csv", [options["table"], options["html"] or ""])):
            if options[option]:
                require_other(options[option], [other for other in others if other])
        plan = ll144_plan_from(_plan(options))
        with reading(options["table"]), open_for(Path(options["table"]), plan) as table:
            return audit_ll144(table, plan, progress=self.progress)

    def keep(self, document: dict[str, Any], options: Mapping[str, Any]) -> None:
        from audits.measures.ll144.summary import summary_csv
        from governance.evidence.ll144_summary import summary_html

        for option, render in (("html", summary_html), ("csv", summary_csv)):
            if options[option]:
                write_file(options[option], render(document))

    def show(self, document: dict[str, Any]) -> None:
        from governance.evidence.ll144_summary import outcome_words

        self.stdout.write("The law sets no limit for impact ratios; whoever uses the tool decides what they mean.")
        unknown = document["rows_dropped"].get("unknown_outcome", 0)
        self.stdout.write(
            f"{document['rows_used']:,} people with a known outcome, {unknown:,} with an unknown one, in no figure."
        )
        if document["median"] is not None:
            self.stdout.write(f"Median score of everybody: {document['median']:g}; counted is who is above it.")
        self.stdout.write("")
        for made in document["tables"]:
            self.stdout.write(plain(f"{TITLES[made['table']]}: {outcome_words(made['outcome'])}", 200))
            lines = [_line(row) for row in made["rows"]]
            head = ("category", "n", "share", "rate", "impact ratio", "")
            self.show_table(head, lines)
            self.stdout.write(f"  unknown category, in no figure of this table: {made['unknown']:,}")
        self.show_reasons(document["reasons"])
        if document["last_day_of_use"]:
            self.stdout.write(f"last day of use on this audit {document['last_day_of_use']} (6 RCNY 5-301(a))")
        self.stdout.write(
            "For information: the EEOC's guidelines look closer below 0.80 (29 CFR 1607.4(D)). Intervals are 95 %."
        )


def _plan(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as the ``ll144`` part of an audit plan."""
    plan = {
        key: options[key]
        for key in ("sex", "race", "selected", "score", "group", "positive", "negative", "unknown", "data", *RECORD)
    }
    wanted = "--exclude must be CATEGORY=JUSTIFICATION; the summary has to print why it is left out"
    exclude = dict(pairs(options["exclude"], wanted=wanted))
    if not all(justification.strip() for justification in exclude.values()):
        raise Refused(wanted)
    return plan | {"exclude": exclude}


def _line(row: dict[str, Any]) -> tuple[str, ...]:
    rate = (
        "nobody" if row["rate"] is None else f"{row['rate']:.1%} [{100 * row['ci_low']:.1f}-{100 * row['ci_high']:.1f}]"
    )
    ratio = "" if row["impact_ratio"] is None else f"{row['impact_ratio']:.3f}"
    if row["ratio_ci_low"] is not None:
        high = "no limit" if row["ratio_ci_high"] is None else f"{row['ratio_ci_high']:.3f}"
        ratio += f" [{row['ratio_ci_low']:.3f}, {high}]"
    said = f"left out: {row['justification']}" if row["excluded"] else "highest" if row["is_highest"] else ""
    return (plain(row["category"], 60), f"{row['n']:,}", f"{row['share']:.1%}", rate, ratio, plain(said, 200))
