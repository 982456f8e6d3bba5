"""``manage.py audit_ll144`` and the summary that it writes."""

from __future__ import annotations

import csv
import io
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from audits.measures.ll144.summary import summary_csv
from audits.measures.spreadsheets import csv_text, defused
from governance.evidence.ll144_summary import summary_html
from tests.audits.measures.ll144.people import audited, counted, table_of

COLUMNS = ("--sex", "sex", "--race", "race")
PEOPLE = table_of(counted({("F", "Asian"): (30, 100), ("M", "White"): (60, 100), ("M", "Other"): (2, 2)}))
EVIL = '<script>alert(1)</script>"&'


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "people.csv"
    path.write_bytes(PEOPLE)
    return str(path)


def audit(path: str, *options: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("audit_ll144", path, *COLUMNS, *options, stdout=out)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue()
    return 0, out.getvalue()


def test_a_program_gets_the_three_tables(table: str) -> None:
    code, printed = audit(table, "--selected", "selected", "--exclude", "Other=two people", "--format", "json")

    document = json.loads(printed)
    assert (code, document["verdict"]) == (0, "warn")
    assert [made["table"] for made in document["tables"]] == ["sex", "race", "intersection"]
    assert {"n", "rate", "impact_ratio", "excluded", "justification"} <= set(document["tables"][0]["rows"][0])
    assert len(document["digest"]) == 64


def test_people_read_that_the_law_sets_no_limit(table: str) -> None:
    code, printed = audit(table, "--selected", "selected", "--audit-date", "2026-11-29")

    assert code == 0
    assert "The law sets no limit for impact ratios" in printed
    assert "last day of use on this audit 2027-11-29" in printed
    assert "0.494 [" in printed


def test_the_verdict_is_the_exit_code(table: str) -> None:
    assert audit(table, "--selected", "selected", "--fail-on", "warn")[0] == 1
    assert audit(table, "--score", "selected")[0] == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--selected", "hired"), "no column 'hired'"),
        (("--selected", "selected", "--exclude", "Other"), "CATEGORY=JUSTIFICATION"),
        (("--selected", "selected", "--exclude", "Asian=few"), "less than 2 %"),
        (("--selected", "selected", "--score", "selected"), "not both"),
        ((), "selected"),
        (("--selected", "selected", "--data", "test"), "test_data_reason"),
        (("--selected", "selected", "--html", "/nowhere/x.html"), "a file that can be written"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(table: str, options: tuple[str, ...], words: str) -> None:
    with pytest.raises(CommandError, match=words) as refused:
        audit(table, *options)

    assert refused.value.returncode == 2
    assert "\n" not in str(refused.value)


def test_the_summary_is_written_as_page_and_spreadsheet(table: str, tmp_path: Path) -> None:
    page, sheet = tmp_path / "summary.html", tmp_path / "summary.csv"

    audit(table, "--selected", "selected", "--html", str(page), "--csv", str(sheet))

    assert "Impact ratio" in page.read_text(encoding="utf-8")
    lines = list(csv.reader(io.StringIO(sheet.read_text(encoding="utf-8"))))
    assert lines[0][:4] == ["table", "outcome", "category", "sex"]
    assert {len(line) for line in lines} == {16}


class Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def test_the_page_stands_alone_without_scripts_and_escapes_what_strangers_wrote() -> None:
    people = counted({(EVIL, EVIL): (30, 100), ("M", "White"): (60, 100), ("M", "Other"): (2, 2)})
    document = audited(table_of(people), exclude={"Other": EVIL}, tool=EVIL, auditor=EVIL, data_source=EVIL)

    page = summary_html(document, audited_on="2026-11-29")

    seen = Seen()
    seen.feed(page)
    assert "script" not in seen.tags
    assert {"link", "img", "iframe"}.isdisjoint(seen.tags)
    assert not [name for name, _ in seen.attributes if name.startswith("on") or name in ("src", "href")]
    assert EVIL not in page
    assert "@page { size: A4" in page
    assert "2027" in page
    assert "compliant" not in page.lower()


def test_the_page_speaks_the_language_in_force() -> None:
    document = audited(PEOPLE)

    with translation.override("ru"):
        page = summary_html(document)

    assert '<html lang="ru">' in page


def test_fault_v44_a_spreadsheet_gets_no_formula() -> None:
    people: list[Any] = counted({("=1+1", "@x"): (30, 100), ("M", "-2"): (60, 100), ("M", "+3"): (2, 3)})
    document = audited(table_of(people), exclude={"+3": "=HYPERLINK(1)"})

    cells = [cell for line in csv.reader(io.StringIO(summary_csv(document))) for cell in line]

    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]
    assert {"'=1+1", "'@x", "'-2", "'+3", "'=HYPERLINK(1)"} <= set(cells)


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "  =", "\u00a0=", "\ufeff="])
def test_fault_v44_whatever_could_start_a_formula_is_text(begin: str) -> None:
    assert defused(begin + "cmd").startswith("'")
    assert defused(-1.5) == "-1.5"
    assert next(csv.reader(io.StringIO(csv_text(["a"], [['x"\n,y']]).split("\r\n", 1)[1]))) == ['x"\n,y']


@pytest.mark.parametrize("option", ["--html", "--csv"])
def test_the_summary_is_not_written_over_the_table(table: str, tmp_path: Path, option: str) -> None:
    (tmp_path / "other-name.csv").symlink_to(table)

    for path in (table, str(tmp_path / "other-name.csv")):
        with pytest.raises(CommandError, match="name another file to write to"):
            audit(table, "--selected", "selected", option, path)
    assert Path(table).read_bytes() == PEOPLE


def test_page_and_spreadsheet_are_two_files(table: str, tmp_path: Path) -> None:
    same = tmp_path / "same.out"

    with pytest.raises(CommandError, match="name another file to write to"):
        audit(table, "--selected", "selected", "--html", str(same), "--csv", str(same))
    assert not same.exists()
