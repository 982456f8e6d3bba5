"""The forms of a real edition: drawn by a worker, handed out to whoever may see the edition."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import re
import zipfile
from io import StringIO
from pathlib import Path
from typing import Any

import pypdf
import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audits import blobs
from governance.catalog.models import Entry, UseCase
from governance.people.models import Scope
from governance.reports import drawing, services
from governance.reports.models import Edition, Rendition
from governance.reports.periods import read_period
from governance.reports.reading import open_document
from governance.reports.renditions import pdf, spreadsheets
from governance.web.templatetags import figures
from tests.factories import TeamFactory, member
from tests.governance.catalog.clients import client
from tests.governance.reviews.browsing import signed_in
from tests.governance.world import CARD, World

pytestmark = pytest.mark.django_db
HOSTILE = '=HYPERLINK("http://x")<script>alert(1)</script>\u202egnp.exe'
# Enough to load the printer, not to lay out a page of one word.
TOO_LITTLE = 48 * 2**20


def edition_of(world: World) -> Edition:
    at = timezone.now() + dt.timedelta(minutes=1)
    days = f"{world.at:%Y-%m-%d}..{at + dt.timedelta(days=2):%Y-%m-%d}"  # it does not end while the test runs
    return services.compile(period=read_period(days, time_zone="UTC"), team=None, by=None, at=at)


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def test_forms_of_an_edition_are_drawn_by_a_worker_and_never_by_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.approved()
    edition = edition_of(world)
    auditor = member(None, "auditor")
    browser = signed_in(auditor)
    address = reverse("reports:form", args=[edition.pk, "html", "en"])

    # asked for: it waits, and asking again is asking once
    assert browser.get(address).status_code == 202
    assert b"A worker draws it" in browser.get(address).content
    assert Rendition.objects.count() == 1
    assert drawing.carry_out() == 1
    answer = browser.get(address)
    page = body(answer).decode()

    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert edition.document_sha256 in page
    with open_document(edition) as document:
        (version,) = document.items("versions")
        (decision,) = document.items("decisions")
    bias = next(one for one in version["audits"] if one["kind"] == "bias")
    rates = [row for row in bias["result"]["metrics"] if row["metric"] == "selection_rate"]
    assert rates
    for row in rates:
        assert figures.interval("rate", row["ci_low"], row["ci_high"]) in page
    assert version["subject"]["revision"] in page
    assert decision["votes"][0]["voter"][:12] in page
    assert "Annex IV, point 2(g)" in page
    # the tables, by the same way, are the same bytes when they are drawn anew
    tables = reverse("reports:form", args=[edition.pk, "csv", "en"])
    browser.get(tables)
    drawing.carry_out()
    first = body(browser.get(tables))
    assert "figures.csv" in zipfile.ZipFile(io.BytesIO(first)).namelist()
    Path(blobs._storage().path(blobs.name_of(hashlib.sha256(first).hexdigest()))).unlink()
    assert browser.get(tables).status_code == 202
    drawing.carry_out()
    assert body(browser.get(tables)) == first

    # the print cannot be made: it says why, the rest is there, and it can be tried again
    def fails(*_: Any, **__: Any) -> dict[str, Any]:
        raise pdf.PrintingFailed("pango_missing", "the system's pango library is missing; install it")

    monkeypatch.setattr(pdf, "printed_by_process", fails)
    printed = reverse("reports:form", args=[edition.pk, "pdf", "en"])
    browser.get(printed)
    assert drawing.carry_out() == 0
    told = browser.get(printed).content.decode()
    assert "pango library is missing" in told
    browser.post(reverse("set_language"), {"language": "ru"})
    assert "В системе нет библиотеки pango" in browser.get(printed).content.decode()
    assert address in told
    browser.post(reverse("reports:form-again", args=[edition.pk, "pdf", "en"]))
    assert Rendition.objects.get(form="pdf").state == "queued"


def test_a_form_is_for_those_who_see_the_edition() -> None:
    world = World()
    edition = edition_of(world)
    address = reverse("reports:form", args=[edition.pk, "html", "en"])

    # a portfolio's edition is for those who see the whole organisation
    assert signed_in(world.submitter).get(address).status_code == 404
    assert Client().get(address).status_code == 302
    assert not Rendition.objects.exists()
    auditor = signed_in(member(None, "auditor"))
    assert auditor.get(reverse("reports:form", args=[edition.pk, "docx", "en"])).status_code == 404
    assert auditor.get(reverse("reports:form", args=[edition.pk, "html", "xx"])).status_code == 404


def test_a_form_is_had_over_rest_once_it_is_drawn() -> None:
    edition = edition_of(World())
    auditor = member(None, "auditor")
    rest = client(auditor, Scope.REPORTS_READ)
    address = f"/api/v1/reports/{edition.pk}/forms/html/"

    waiting = rest.get(address)
    assert (waiting.status_code, waiting.json()) == (202, {"state": "queued"})
    drawing.carry_out()
    assert edition.document_sha256.encode() in body(rest.get(address))
    assert rest.get(f"{address}?language=xx").status_code in (400, 422)
    assert rest.get(f"/api/v1/reports/{edition.pk}/forms/docx/").status_code == 404


def test_a_form_that_failed_or_is_gone_is_asked_for_again_over_rest_and_drawn_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    edition = edition_of(World())
    rest = client(member(None, "auditor"), Scope.REPORTS_READ)
    address = f"/api/v1/reports/{edition.pk}/forms/csv/"

    def again(key: str, language: str = "en") -> Any:
        return rest.post(address, {"language": language}, headers={"Idempotency-Key": key}, format="json")

    def breaks(*_: Any, **__: Any) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as full:
        full.setattr(spreadsheets, "write", breaks)
        assert rest.get(address).status_code == 202
        assert drawing.carry_out() == 0
    refused = rest.get(address)
    assert (refused.status_code, refused.json()["code"]) == (409, "broke_off")
    assert "POST to the same address" in refused.json()["detail"]

    # asked again: it waits, and the same request sent twice is one
    first, replayed = again("one"), again("one")
    assert (first.status_code, first.json()["state"], first.json()["sha256"]) == (202, "queued", "")
    assert (replayed.status_code, replayed.json()) == (202, first.json())
    assert first.headers["Location"].endswith(f"{address}?language=en")
    # while one worker draws, whoever asks changes nothing, and a second worker finds nothing to do
    claimed = drawing._claim(None)
    assert claimed is not None
    assert again("two").json()["state"] == "running"
    assert drawing.carry_out() == 0
    assert drawing._carry_out(claimed)
    assert Rendition.objects.values_list("attempt", "state").get() == (1, "done")
    made = body(rest.get(address))
    # what is there stays; what is gone is drawn anew, to the same bytes
    there = again("three")
    assert (there.status_code, there.json()["sha256"]) == (200, hashlib.sha256(made).hexdigest())
    Path(blobs._storage().path(blobs.name_of(there.json()["sha256"]))).unlink()
    assert again("four").status_code == 202
    assert drawing.carry_out() == 1
    assert body(rest.get(address)) == made
    # the other language is another form; who may not see the edition asks for none
    assert again("five", "ru").json()["language"] == "ru"
    assert again("six", "xx").status_code in (400, 422)
    assert Rendition.objects.count() == 2
    stranger = client(member(TeamFactory(), "approver"), Scope.REPORTS_READ)
    assert stranger.post(address, {}, format="json").status_code == 404
    assert client(member(None, "auditor"), Scope.CATALOG_READ).post(address, {}, format="json").status_code == 403
    assert rest.post(f"/api/v1/reports/{edition.pk}/forms/docx/", {}, format="json").status_code == 404


def hostile_world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Names and a card by somebody who means no good."""
    card = CARD.replace(b"Scores applications", f"{HOSTILE} scores applications".encode())
    monkeypatch.setattr("tests.governance.world.CARD", card)
    world = World()
    Entry.objects.filter(pk=world.version.entry_id).update(repo_id=f"acme/{HOSTILE}")
    UseCase.objects.filter(pk=world.use_case.pk).update(name=HOSTILE)
    return world


def test_a_print_that_needs_more_memory_than_it_may_leaves_the_other_forms_and_the_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The printing process is the real one, and the limit is the kernel's."""
    world = hostile_world(monkeypatch)
    world.approved()
    edition = edition_of(world)
    browser = signed_in(member(None, "auditor"))
    pages = {name: reverse("reports:form", args=[edition.pk, name, "en"]) for name in ("pdf", "html", "csv")}
    for address in pages.values():
        assert browser.get(address).status_code == 202

    with monkeypatch.context() as narrow:
        narrow.setattr(pdf, "MEMORY_BYTES", TOO_LITTLE)
        # one worker, one message: it goes on after the print that failed
        assert drawing.carry_out() == 2

    failed = Rendition.objects.get(form="pdf")
    assert (failed.state, failed.code) == ("failed", "out_of_memory"), failed.error
    told = browser.get(pages["pdf"]).content.decode()
    assert "Printing needs more memory than it may use and was stopped." in told
    document = reverse("reports:document", args=[edition.pk])
    assert [address in told for address in (pages["html"], pages["csv"], document)] == [True] * 3
    assert hashlib.sha256(body(browser.get(document))).hexdigest() == edition.document_sha256
    _what_strangers_wrote_is_text(body(browser.get(pages["html"])).decode(), body(browser.get(pages["csv"])))
    # with the memory that it needs the same edition is printed when somebody asks again
    _the_command_prints_it(edition, world)


def _what_strangers_wrote_is_text(page: str, tables: bytes) -> None:
    assert "<script" not in page
    escaped = "=HYPERLINK(&quot;http://x&quot;)&lt;script&gt;alert(1)&lt;/script&gt;\u202egnp.exe"
    # each of them within a bdi or, in what the card says, a block of its own, whose end ends what turns the direction
    names = re.findall(rf"<bdi>[^<]*{re.escape(escaped)}[^<]*</bdi>", page)
    passages = re.findall(r'<div class="card" dir="auto"><p>[^<]*\u202e[^<]*</p>', page)
    assert (page.count("\u202e"), len(passages)) == (len(names) + len(passages), 1)
    assert len(names) >= 3
    archive = zipfile.ZipFile(io.BytesIO(tables))
    cells = [
        cell
        for name in archive.namelist()
        for row in csv.reader(io.StringIO(archive.read(name).decode("utf-8-sig")))
        for cell in row
    ]
    assert any(cell.startswith(f"'{HOSTILE}") for cell in cells)
    assert not [cell for cell in cells if cell.startswith("=")]


def _the_command_prints_it(edition: Edition, world: World) -> None:
    """``build_report --pdf`` finds the edition, has its print drawn, and names it; page by page it is the edition's."""
    out = StringIO()
    call_command("build_report", period=edition.period, pdf=True, format="json", stdout=out, stderr=StringIO())
    made = json.loads(out.getvalue())
    assert made["document_sha256"] == edition.document_sha256
    data = Path(made["pdf"]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == made["pdf_sha256"] == Rendition.objects.get(form="pdf").sha256

    pages = [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(data)).pages]
    assert f"python manage.py verify_report {edition.document_sha256}" in pages[0]
    assert "The period had not ended" in pages[0]
    for number, page in enumerate(pages[1:], 2):
        assert edition.document_sha256[:32] in page
        assert f"{number} / {len(pages)}" in page
    sections = (
        "1 Summary",
        "4 Decisions",
        "5 Waivers",
        "6 What was not checked",
        "7 Control matrix",
        "3 Versions in full",
    )
    starts = [next(place for place, page in enumerate(pages) if title in page) for title in sections]
    assert starts == sorted(starts)
    assert starts[0] == 1
    decided = pages[starts[1]]
    assert world.version.revision[:8] in decided
    assert "<script>alert(1)</script>" in decided.replace(" ", "")
    assert "Approved" in decided
    assert "Annex IV" in " ".join(pages[starts[4] : starts[5]])
