"""Editions as pages, over REST and by commands: what is shown, to whom, and what is refused."""

from __future__ import annotations

import hashlib
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from governance.reports import services
from governance.reports.building import carry_out
from governance.reports.models import Build, Edition, Schedule, Subscription
from governance.reports.periods import read_period
from tests.factories import EntryFactory, TeamFactory, VersionFactory, member
from tests.governance.catalog.clients import API, client
from tests.governance.reviews.browsing import signed_in

pytestmark = pytest.mark.django_db
MARCH = read_period("2026-03", time_zone="UTC")


def text(browser: Client, name: str, *args: Any, **query: str) -> str:
    answer = browser.get(reverse(name, args=args), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_edition_is_asked_for_followed_read_and_compared_in_the_portal():
    officer = member(None, "risk_officer", "admin")
    browser = signed_in(officer)
    assert "No report was made yet" in text(browser, "reports:editions")
    VersionFactory(entry=EntryFactory(repo_id="<b>acme</b>/m"))

    asked = browser.post(reverse("reports:ask"), {"period": "2026-03", "scope": ""})

    build = Build.objects.get()
    assert asked["Location"] == reverse("reports:build", args=[build.public_id])
    assert "waits for a worker" in text(browser, "reports:build", build.public_id)
    assert carry_out(now=lambda: MARCH.ends_at) == 1
    first = Edition.objects.get()
    followed = browser.get(reverse("reports:build", args=[build.public_id]))
    assert followed["Location"] == reverse("reports:edition", args=[first.pk])
    VersionFactory(entry=EntryFactory(repo_id="acme/later"))
    second = services.compile(period=MARCH, team=None, by=None, at=MARCH.ends_at)
    page = text(browser, "reports:edition", second.pk)
    assert second.document_sha256 in page
    assert "acme/later" in page
    assert "+1" in page
    beside = text(browser, "reports:compare", second.pk, **{"with": str(first.pk)})
    assert "acme/later" in beside
    back = text(browser, "reports:compare", first.pk, **{"with": str(second.pk)})
    assert "0 added, 1 gone, 0 changed" in back
    download = browser.get(reverse("reports:document", args=[first.pk]))
    assert hashlib.sha256(b"".join(download.streaming_content)).hexdigest() == first.document_sha256
    assert text(browser, "reports:editions").count(first.document_sha256[:8]) >= 1
    for sent, status in (
        ({"period": "2026-99"}, 422),
        ({"period": "2099-01"}, 422),
        ({"period": "2026-03", "scope": "no"}, 422),
    ):
        assert browser.post(reverse("reports:ask"), sent).status_code == status
    _schedules_and_subscriptions(browser)


def _schedules_and_subscriptions(browser: Client) -> None:
    sent = {"scope": "", "cadence": "month", "days": "2", "hour": "5"}
    assert browser.post(reverse("reports:schedule-add"), sent).status_code == 302
    assert browser.post(reverse("reports:schedule-add"), sent).status_code == 409
    assert browser.post(reverse("reports:time-zone"), {"time_zone": "Europe/Berlin"}).status_code == 302
    assert browser.post(reverse("reports:time-zone"), {"time_zone": "Nowhere"}).status_code == 422
    made = Schedule.objects.get()
    change = {f"s{made.pk}-days": "3", f"s{made.pk}-hour": "4"}
    assert browser.post(reverse("reports:schedule-change", args=[made.pk]), change).status_code == 302
    made.refresh_from_db()
    assert (made.days, made.hour, made.is_on) == (3, 4, False)
    with CaptureQueriesContext(connection) as one:
        assert "Europe/Berlin" in text(browser, "reports:schedules")
    for _ in range(2):
        browser.post(reverse("reports:schedule-add"), {**sent, "scope": TeamFactory().slug})
    with CaptureQueriesContext(connection) as three:
        text(browser, "reports:schedules")
    assert (Schedule.objects.count(), len(three)) == (3, len(one))
    assert browser.post(reverse("reports:subscribe"), {"scope": "", "attached": "json"}).status_code == 302
    mine = Subscription.objects.get()
    assert browser.post(reverse("reports:unsubscribe", args=[mine.pk])).status_code == 302
    assert not Subscription.objects.exists()


def test_strangers_find_no_edition_and_tokens_need_the_scope():
    team, other = TeamFactory(), TeamFactory()
    edition = services.compile(period=MARCH, team=team, by=None, at=MARCH.ends_at)
    whole = services.compile(period=MARCH, team=None, by=None, at=MARCH.ends_at)
    stranger, reader = member(other, "viewer"), member(team, "approver")

    for name in ("edition", "document", "compare"):
        address = reverse(f"reports:{name}", args=[edition.pk])
        assert signed_in(stranger).get(address).status_code == 404
        assert Client().get(address).status_code == 302
    assert (
        signed_in(stranger).post(reverse("reports:ask"), {"period": "2026-03", "scope": team.slug}).status_code == 422
    )
    assert client(reader, "catalog:read").get(f"{API}reports/").status_code == 403
    mine, theirs = client(reader, "reports:read"), client(stranger, "reports:read")
    assert [one["id"] for one in mine.get(f"{API}reports/").json()["items"]] == [edition.pk]
    assert theirs.get(f"{API}reports/").json()["items"] == []
    for address in (f"{API}reports/{edition.pk}/", f"{API}reports/{edition.pk}/differences/"):
        assert theirs.get(address).status_code == 404
    assert mine.get(f"{API}reports/{whole.pk}/").status_code == 404
    answer: Any = mine.get(f"{API}reports/{edition.pk}/")
    assert hashlib.sha256(b"".join(answer.streaming_content)).hexdigest() == edition.document_sha256
    assert mine.get(f"{API}reports/{edition.pk}/differences/").json()["against"] is None
    queued = mine.post(f"{API}reports/", {"period": "2026-02", "team": team.slug})
    assert queued.status_code == 202
    assert mine.get(f"{API}reports/builds/{queued.json()['id']}/").json()["state"] == "queued"
    assert theirs.get(f"{API}reports/builds/{queued.json()['id']}/").status_code == 404
    refused = mine.post(f"{API}reports/", {"period": "2026-02"})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_a_builder")
    malformed = mine.post(f"{API}reports/", {"period": "soon", "team": team.slug})
    assert (malformed.status_code, malformed.json()["code"]) == (422, "period_malformed")


def test_the_commands_make_an_edition_and_say_whether_a_file_is_the_one_in_the_ledger(tmp_path: Path):
    VersionFactory()
    out = StringIO()
    call_command("build_report", period="2026-03", format="json", stdout=out, stderr=StringIO())
    made = json.loads(out.getvalue())
    assert Edition.objects.get().document_sha256 == made["document_sha256"]
    copy = tmp_path / "report.json"
    copy.write_bytes(Path(made["path"]).read_bytes())

    for what in (str(copy), made["document_sha256"], f"sha256:{made['content_sha256']}"):
        said = StringIO()
        call_command("verify_report", what, stdout=said)
        assert "in the ledger since" in said.getvalue()
    copy.write_bytes(copy.read_bytes() + b"\n")
    said = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("verify_report", str(copy), format="json", stdout=said)
    assert ended.value.code == 1
    assert json.loads(said.getvalue())["problem"] == "unknown"
    (tmp_path / "report.pdf").write_bytes(b"%PDF-1.7\n")
    for command, told in (
        (("verify_report", str(tmp_path / "nothing")), "cannot be read"),
        (("verify_report", str(tmp_path / "report.pdf")), "digits on its first page"),
        (("build_report", "--period", "2026"), "2026-Q4"),
        (("build_report", "--period", "2026-03", "--team", "none"), "People"),
        (("build_report", "--period", "2998-01"), "period_not_begun"),
    ):
        with pytest.raises(CommandError, match=told) as refused:
            call_command(*command, stdout=StringIO(), stderr=StringIO())
        assert refused.value.returncode == 2
