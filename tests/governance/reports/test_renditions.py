"""The forms of a report against the document that they are drawn from."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pypdf
import pytest
from fontTools.ttLib import TTFont

import config
from bench.synthetic import reported
from governance.reports import controls
from governance.reports.renditions import html, pdf, selection, spreadsheets
from governance.reports.renditions.source import Source
from governance.web.templatetags import figures

N = 6
PROJECT = Path(config.__file__).resolve().parents[1]


class InMemory:
    """A generated document of ``n`` versions."""

    def __init__(self, n: int, **parts: Any) -> None:
        self.lists = {
            name: [item for _title, item in reported.items(name, n * every)]
            for name, every in (
                ("inventory", 1),
                ("versions", 1),
                ("decisions", 1),
                ("exceptions", 20),
                ("not_checked", 7),
            )
        }
        self.lists |= {name: part for name, part in parts.items() if name in self.lists}
        tally = controls.Tally()
        for name, items in self.lists.items():
            for item in items:
                tally.see(name, item)
        values = reported.values(n)
        tally.see("reproduction", values["reproduction"])
        self.values = {**values, "control_matrix": controls.matrix(tally.counts)}
        self.cover = {**reported.cover(n), **parts.get("cover", {})}
        self.differences = parts.get("differences", reported.differences(n))

    def section(self, name: str) -> Any:
        return self.values[name] if name in self.values else self.lists[name]

    def count(self, name: str) -> int:
        return len(self.lists[name])

    def items(self, name: str, *, start: int = 0, stop: int | None = None) -> Iterator[dict[str, Any]]:
        yield from self.lists[name][start:stop]


def source(n: int = N, **parts: Any) -> Source:
    return Source(InMemory(n, **parts), hashlib.sha256(b"document").hexdigest())


class Page(HTMLParser):
    """What a browser would read: the text of the body, and every element that is opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.words = ""
        self.feed(text.partition("<body>")[2])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        self.words += data
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_html_holds_every_section_and_runs_nothing(language: str) -> None:
    whole = "".join(html.complete(source(), language=language))

    page = Page(whole)
    sections = [attrs["id"] for tag, attrs in page.tags if tag == "section"]
    assert sections == [
        "cover",
        "summary",
        "inventory",
        "versions",
        "decisions",
        "exceptions",
        "not-checked",
        "control-matrix",
        "reproduction",
    ]
    assert ("Отчёт о проверке моделей" if language == "ru" else "Model audit report") in page.words
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "iframe", "object", "img", "link", "form", "style"})
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on") or name == "style"]
    # what strangers wrote is text, and isolated from what stands beside it
    for name in reported.HOSTILE:
        assert name in page.words
    assert "<bdi>acme/\u202egnp.exe\u202c &amp; &lt;b&gt;</bdi>" in whole
    # the style sheet holds no word of the document
    style = re.search(r"<style>(.*?)</style>", whole, re.DOTALL)
    assert style is not None
    assert "script" not in style[1]
    assert hashlib.sha256(b"document").hexdigest() in page.words
    # and it prints on A4
    assert "size: A4" in style[1]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["no version in the catalogue", "no decision in the period", "There was none in the period"]),
        (
            "ru",
            ["В каталоге не было ни одной версии", "За период решений не было", "За период не было ни одного"],
        ),
    ],
)
def test_a_report_of_nothing_says_so_in_every_section(language: str, said: list[str]) -> None:
    nothing = source(0, differences={"against": None, "counts": [], "sections": []})

    page = Page("".join(html.complete(nothing, language=language)))

    assert [sentence for sentence in said if sentence not in page.words] == []
    assert not [attrs for tag, attrs in page.tags if tag == "article"]
    out = io.BytesIO()
    spreadsheets.write(nothing, out, language=language)
    archive = zipfile.ZipFile(out)
    for name in ("inventory", "versions", "decisions", "exceptions", "not_checked", "figures"):
        assert len(archive.read(f"{name}.csv").splitlines()) == 1  # its head


def test_every_figure_of_a_bias_audit_stands_in_a_row_with_n_and_interval() -> None:
    document = source()
    rows = Page("".join(html.complete(document, language="en"))).rows
    checked = 0

    for version in document.document.items("versions"):
        for audit in version["audits"]:
            if audit["kind"] != "bias":
                continue
            for row in audit["result"]["metrics"]:
                if row["metric"] not in ("selection_rate", "precision") or row["value"] is None:
                    continue
                group = ", ".join(row["slice"].values()) or "everybody"
                shown = [
                    group,
                    f"{row['n']:,}",
                    figures.figure("rate", row["value"]),
                    figures.interval("rate", row["ci_low"], row["ci_high"]),
                ]
                assert any(cells[:4] == shown for cells in rows), shown
                checked += 1
    assert checked >= 4 * 2 * N
    assert any(cells[0].startswith("Other") and "three <b>people</b>" in cells[0] for cells in rows)


def test_a_chart_is_drawn_where_its_figures_say() -> None:
    whole = "".join(html.complete(source(1), language="en"))

    (everybody,) = re.findall(r"<bdi>everybody</bdi></th>.*?(<svg.*?</svg>)", whole)[:1]
    row = reported.bias_result(0)["metrics"][0]
    rates = [one for one in reported.bias_result(0)["metrics"] if one["metric"] == row["metric"]]
    top = max(one["ci_high"] for one in rates)
    x = float(re.search(r'<(?:circle cx="|path d="M)([\d.]+)', everybody)[1])  # type: ignore[index]
    low, high = (float(end) for end in re.search(r'x1="([\d.]+)" x2="([\d.]+)" y1="7"', everybody).groups())  # type: ignore[union-attr]
    # proportions hold whatever end the scale has: the axis begins at 5 and is drawn from 0
    assert (x - 5) / (high - 5) == pytest.approx(row["value"] / row["ci_high"], abs=0.01)
    assert (low - 5) / (high - 5) == pytest.approx(row["ci_low"] / row["ci_high"], abs=0.01)
    assert (high - 5) / 110 <= row["ci_high"] / top + 0.01


def test_pieces_stay_small_however_long_the_report_is() -> None:
    few, many = (max(map(len, html.complete(source(n), language="en"))) for n in (4, 40))

    # the largest piece is a table of at most 200 rows, not the report
    assert many < 12 * few


def test_spreadsheets_hold_the_document_and_no_formula() -> None:
    document = source()
    first, second = io.BytesIO(), io.BytesIO()

    spreadsheets.write(document, first)
    spreadsheets.write(document, second)

    assert first.getvalue() == second.getvalue()
    archive = zipfile.ZipFile(first)
    tables = {
        name.removesuffix(".csv"): list(csv.DictReader(io.StringIO(archive.read(name).decode("utf-8-sig"))))
        for name in archive.namelist()
    }
    assert set(tables) == set(spreadsheets.HEADS)
    cells = [cell for rows in tables.values() for row in rows for cell in row.values() if cell]
    numbers = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?")
    assert [cell for cell in cells if cell[0] in "=+-@\t\r" and not numbers.fullmatch(cell)] == []
    assert any(cell.startswith("'=HYPERLINK") for cell in cells)
    assert "'=The data are audited" in {row["what"] for row in tables["exceptions"]}
    # every figure of the document, by a second way: read back and counted
    audits = [audit for version in document.document.items("versions") for audit in version["audits"]]
    metrics = [row for audit in audits for row in audit["result"].get("metrics", ())]
    assert len(tables["figures"]) == len(metrics)
    assert sum(float(row["value"]) for row in tables["figures"] if row["value"]) == pytest.approx(
        sum(row["value"] for row in metrics if row["value"] is not None), rel=1e-12
    )
    assert len(tables["comparisons"]) == sum(len(audit["result"].get("disparities", ())) for audit in audits)
    assert len(tables["votes"]) == 2 * N
    assert [row["digest"] for row in tables["inventory"]] == [
        item["key"] for item in document.document.items("inventory")
    ]
    assert {row["checked"] for row in tables["control_matrix"]} == {"unverified"}


@pytest.mark.parametrize(("language", "says"), [("en", "cc-by-nc-4.0 grants no sale."), ("ru", "Продавать нельзя.")])
def test_a_licence_conflict_stands_in_the_words_of_its_audit(language: str, says: str) -> None:
    ((_title, version),) = reported.items("versions", 1)
    found = {"code": "C-NC", "locus": "acme/base <- <artefact>", "severity": "high", "field": "", "line": None}
    worded = {**found, "params": {}, "mend": {"en": "", "ru": ""}}
    worded["title"] = {"en": "cc-by-nc-4.0 grants no sale.", "ru": "Продавать нельзя."}
    audit = {**version["audits"][0], "kind": "license", "verdict": "conflict", "result": None, "findings": [worded]}
    conflicts = [
        {"code": "C-NC", "term": "use", "chain": ["acme/base", "<artefact>"]},
        {"code": "C-ND", "term": "share_modified", "chain": ["acme/other", "<artefact>"]},
    ]
    licence = {**version["licence"], "verdict": "conflict", "conflicts": conflicts}
    whole = "".join(
        html.complete(
            source(1, versions=[{**version, "audits": [audit], "licence": licence}]),
            language=language,
        )
    )

    rows = [row for row in Page(whole).rows if row[-1:] == [f"acme/base → {version['subject']['id']}"]]

    assert [row[0] for row in rows] == [says]
    assert rows[0][1] == ("Use" if language == "en" else "Использование")
    # words that no finding has kept are not made up
    assert "C-NC" not in Page(whole).words
    assert ("Finding C-ND" if language == "en" else "Замечание C-ND") in Page(whole).words


# --- print -------------------------------------------------------------------------------------------------------


def test_what_failed_is_printed_first_and_what_does_not_fit_is_counted() -> None:
    document = source(40).document

    roomy = selection.select(document, budget=selection.Budget(versions=10**6))
    tight = selection.select(document, budget=selection.Budget(versions=150))

    verdicts = {place: version["audits"][0]["verdict"] for place, version in enumerate(document.items("versions"))}
    failed = {place for place, verdict in verdicts.items() if verdict == "fail"}
    assert failed
    assert {place for place, why in roomy.versions.items() if why == selection.FAILED} == failed
    assert {place for place, why in roomy.versions.items() if why == selection.CHANGED} == {
        place for place in range(5, 40, 10) if place not in failed
    } - {place for place, why in roomy.versions.items() if why in (selection.WAIVED, selection.EXPIRED)}
    assert not roomy.left_out
    assert set(tight.versions.values()) <= {selection.FAILED}
    assert len(tight.versions) + sum(tight.left_out.values()) == len(roomy.versions)
    # nothing before: nothing has changed
    first = source(40, differences={"against": None, "counts": [], "sections": []}).document
    assert selection.CHANGED not in selection.select(first).versions.values()


def pages_of(printed: io.BytesIO) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(printed).pages]


_TEXT = re.compile(rb"/(\w+) [\d.]+ Tf|<([0-9a-f]+)>(?=[^\[\]]*\]\s*TJ)")


def drawn_without_a_glyph(printed: io.BytesIO) -> list[tuple[int, str]]:
    """Page and font of everything that is drawn and has no shape in its font: the print shows an empty box there."""
    found: list[tuple[int, str]] = []
    shapes: dict[str, int] = {}
    for number, page in enumerate(pypdf.PdfReader(printed).pages, 1):
        fonts = page["/Resources"]["/Font"]  # type: ignore[index]
        for name in set(fonts) - set(shapes):
            (descendant,) = fonts[name]["/DescendantFonts"]
            descriptor = descendant.get_object()["/FontDescriptor"]
            (program,) = [descriptor[key] for key in ("/FontFile2", "/FontFile3") if key in descriptor]
            shapes[name] = len(TTFont(io.BytesIO(program.get_data())).getGlyphOrder())
        font = ""
        for name, glyphs in _TEXT.findall(page.get_contents().get_data()):  # type: ignore[union-attr]
            font = f"/{name.decode()}" if name else font
            drawn = [int(glyphs[at : at + 4], 16) for at in range(0, len(glyphs), 4)]
            found += [(number, font) for glyph in drawn if not 0 < glyph < shapes[font]]
    assert shapes
    return found


@pytest.mark.parametrize(
    ("language", "edition", "starts"),
    ids=["en", "ru"],
    argvalues=[
        (
            "en",
            "Edition 2",
            "1 Summary|4 Decisions|5 Waivers|6 What was not checked|7 Control matrix|3 Versions in full",
        ),
        (
            "ru",
            "Выпуск 2",
            "1 Сводка|4 Решения|5 Исключения|6 Что не проверялось|7 Матрица контролей|3 Версии полностью",
        ),
    ],
)
def test_the_print_is_read_page_by_page(language: str, edition: str, starts: str) -> None:
    document = source(3)
    out = io.BytesIO()

    told = pdf.write(document, out, language=language)

    pages = pages_of(out)
    assert drawn_without_a_glyph(out) == []
    assert len(pages) == told.pages <= selection.MOST_PAGES
    # the first page alone is enough to check the edition: the digest of the annex and the command
    assert f"python manage.py verify_report {document.sha256}" in pages[0].split("sha256")[0]
    assert document.document.cover["content_sha256"] in pages[0]
    assert ("November 2026" if language == "en" else "Ноябрь 2026") in pages[0]
    # every further page says what it is of, and where one is
    for number, page in enumerate(pages[1:], 2):
        assert f"Assay · 2026-11 · {edition}" in page
        assert document.sha256[:32] in page
        assert f"{number} / {len(pages)}" in page
    found = [next(number for number, page in enumerate(pages) if start in page) for start in starts.split("|")]
    assert found == sorted(found)
    assert len(set(found)) == len(found)
    whole = " ".join(pages)
    assert ("2 Inventory" if language == "en" else "2 Перечень") not in whole
    failed = [version for version in document.document.items("versions") if version["audits"][0]["verdict"] == "fail"]
    assert failed
    for version in failed:
        assert version["key"] in whole.replace(" ", "")
    assert ("an audit failed" if language == "en" else "проверка не пройдена") in whole
    assert ("unverified" if language == "en" else "не сверено") in whole


def test_a_print_that_is_too_long_is_refused_by_the_printer_and_made_shorter(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    budgets: list[int] = []

    def printed(page: Path, into: Path, *, most_pages: int) -> dict[str, Any]:
        budgets.append(page.read_text().count("<article"))
        if len(budgets) == 1:
            raise pdf.PrintingFailed("too_many_pages", "300 pages", pages=300)
        into.write_bytes(b"%PDF")
        return {"pages": 140}

    monkeypatch.setattr(pdf, "printed_by_process", printed)
    document = source(120)

    told = pdf.write(document, io.BytesIO(), language="en")

    assert budgets[1] < budgets[0]
    assert (told.pages, told.in_full) == (140, budgets[1])
    assert told.left_out > 0


PRINTING = "governance.reports.renditions.printing"


def test_without_the_systems_library_the_printer_says_which_one_and_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "weasyprint.py").write_text("raise OSError('cannot load library libpango-1.0-0')")
    (tmp_path / "page.html").write_text("<p>a page</p>")

    ended = subprocess.run(
        [sys.executable, "-m", PRINTING, str(tmp_path / "page.html"), str(tmp_path / "print.pdf"), "150"],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    told = json.loads(ended.stdout)
    assert (ended.returncode, told["code"]) == (3, "pango_missing")
    assert "apt-get install libpango-1.0-0" in told["message"]
    assert "HTML form is there" in told["message"]
    assert not (tmp_path / "print.pdf").exists()
