"""What a report says, and that it says the same of the same facts."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from django.db import IntegrityError, transaction
from django.utils import timezone

from audits import blobs
from audits.digests import canonical
from audits.models import Blob, Run
from governance.catalog.models import Edge
from governance.gates.models import Approval
from governance.ledger.sequencing import sequence
from governance.people.models import User
from governance.policies.models import Waiver
from governance.reports import comparing, compiling, services, verifying
from governance.reports.errors import NotAcceptable
from governance.reports.models import Edition
from governance.reports.periods import Period, read_period
from governance.reports.reading import open_document
from governance.reports.sections.asked import ReportScope
from governance.reports.sections.summary import NAMES
from governance.reviews import queries as reviews
from governance.reviews.models import Decision, Submission
from tests.factories import NOON, EntryFactory, TeamFactory, VersionFactory, member
from tests.governance.world import World

pytestmark = pytest.mark.django_db
MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)


def days_from(at: dt.datetime) -> Period:
    """A period that has begun and does not end while a test runs, whatever day it is."""
    return read_period(f"{at:%Y-%m-%d}..{at + 2 * DAY:%Y-%m-%d}", time_zone="UTC")


def document_of(edition: Edition) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(blobs.read_checked(edition.document_sha256))
    return found


def counts_of(document: dict[str, Any]) -> dict[str, int]:
    return {one["name"]: one["n"] for one in document["content"]["summary"]["counts"]}


def test_an_edition_says_what_was_decided_on_what_and_the_same_facts_give_the_same_bytes():
    world = World()
    approval = world.approved()
    read_at = timezone.now() + MINUTE
    period = days_from(world.at)

    edition = services.compile(period=period, team=None, by=None, at=read_at)

    document = document_of(edition)
    assert canonical(document) == blobs.read_checked(edition.document_sha256)
    assert document["cover"]["provisional"]
    assert document["cover"]["content_sha256"] == hashlib.sha256(canonical(document["content"])).hexdigest()
    (decision,) = document["content"]["decisions"]
    assert decision["outcome"] == "approved"
    assert {vote["lane"] for vote in decision["votes"]} == {"domain", "ethics"}
    (version,) = document["content"]["versions"]
    assert version["decisions"] == [decision["key"]]
    assert version["card"]["limitations"].startswith("Knows nothing of applicants outside")
    bias = next(one for one in version["audits"] if one["kind"] == "bias")
    assert hashlib.sha256(canonical(bias["result"])).hexdigest() == bias["result_sha256"]
    (stage,) = document["content"]["inventory"][0]["stages"]
    assert stage["expires_at"] == approval.expires_at.isoformat()
    # again, a moment later: the same facts are the same edition, and the same bytes when read anew
    later = read_at + MINUTE
    assert services.compile(period=period, team=None, by=None, at=later) == edition
    with compiling.read(ReportScope(period=period, team=None, as_of=later)) as again:
        assert again.sha256 == edition.content_sha256
    _figures_are_those_of_the_rooms(document, world, read_at)
    _what_was_erased_stands_in_the_old_edition(edition, bias, later + MINUTE)


def _figures_are_those_of_the_rooms(document: dict[str, Any], world: World, at: dt.datetime) -> None:
    told, user = counts_of(document), member(None, "auditor")
    assert tuple(told) == NAMES
    assert told["approvals_in_force"] == Approval.objects.in_force(at=at).visible_to(user).count() == 1
    assert told["reviews_open"] == Submission.objects.visible_to(user).open().count()
    assert told["decisions"] == reviews.decided_since(user, since=world.at).count() == 1
    assert told["waivers_in_force"] == Waiver.objects.in_force(at=at).visible_to(user).count()
    assert told["audits_ended"] == Run.objects.exclude(finished_at=None).count()
    by_stage = {(one["stage"], one["tier"]): one["n"] for one in document["content"]["summary"]["in_force"]}
    assert by_stage[world.stage, "high"] == 1
    assert sum(by_stage.values()) == told["approvals_in_force"]
    stored = Decision.objects.get()
    told_of = document["content"]["decisions"][0]
    assert told_of["facts_sha256"] == stored.facts_sha256
    assert [one["status"] for one in told_of["requirements"]] == [
        one["status"] for one in stored.evaluation["requirements"]
    ]
    # nobody is named in what never changes
    text = json.dumps(document, ensure_ascii=False)
    assert not [one for one in User.objects.all() if one.email in text or one.name in text]


def _what_was_erased_stands_in_the_old_edition(edition: Edition, bias: dict[str, Any], at: dt.datetime) -> None:
    Blob.objects.filter(sha256=bias["result_sha256"]).update(erased_at=at)

    second = services.compile(period=edition.as_period, team=None, by=None, at=at)

    assert (second.number, second.previous) == (2, edition)
    assert (
        document_of(edition)["content"]["versions"][0]["audits"]
        != document_of(second)["content"]["versions"][0]["audits"]
    )
    now = next(one for one in document_of(second)["content"]["versions"][0]["audits"] if one["kind"] == "bias")
    assert (now["result"], now["result_missing"], now["verdict"]) == (None, "erased", bias["verdict"])
    found = {one["section"]: one for one in document_of(second)["differences"]["sections"]}
    assert (found["versions"]["changed"], found["not_checked"]["added"], found["decisions"]["items"]) == (1, 1, [])
    assert document_of(second)["differences"]["against"]["document_sha256"] == edition.document_sha256
    assert comparing.differences_of(second, against=edition) == document_of(second)["differences"]


def test_a_period_is_told_as_of_its_end_whatever_came_after():
    world = World(at=NOON)
    approval = world.approved()
    march, april = read_period("2026-03", time_zone="UTC"), read_period("2026-04", time_zone="UTC")
    first = services.compile(period=march, team=None, by=None, at=march.ends_at + MINUTE)
    ended = april.begins_at + dt.timedelta(days=3)
    Approval.objects.filter(pk=approval.pk).update(ended_at=ended, ended_reason="revoked")

    again = services.compile(period=march, team=None, by=None, at=april.ends_at)
    after = services.compile(period=april, team=None, by=None, at=april.ends_at)

    assert again == first
    assert not first.provisional
    assert (
        counts_of(document_of(first))["approvals_in_force"],
        counts_of(document_of(after))["approvals_in_force"],
    ) == (1, 0)
    document = document_of(after)
    assert document["content"]["decisions"] == document["content"]["versions"] == []
    assert document["differences"]["against"]["period"] == "2026-03"
    changed = {one["name"]: (one["before"], one["after"]) for one in document["differences"]["counts"]}
    assert changed["approvals_ended"] == (0, 1)


def test_a_period_without_data_gives_a_report_that_says_so_and_one_to_come_is_refused():
    period = read_period("2025-Q1", time_zone="UTC")

    edition = services.compile(period=period, team=None, by=None, at=NOON)

    document = document_of(edition)
    assert set(counts_of(document).values()) == {0}
    assert {one["code"] for one in document["content"]["not_checked"]} == {
        "not_collected.complaints",
        "not_collected.cost",
        "not_collected.signals",
    }
    with pytest.raises(NotAcceptable, match="nothing to report yet"):
        services.compile(period=read_period("2026-04", time_zone="UTC"), team=None, by=None, at=NOON)


def test_a_team_is_told_what_it_sees_and_hostile_names_stay_what_they_are():
    team, other = TeamFactory(), TeamFactory()
    hostile = '=HYPERLINK("http://x")<script>alert(1)</script>\u202egnp.exe'
    made = VersionFactory(entry=EntryFactory(team=team, repo_id=hostile))
    secret = VersionFactory(entry=EntryFactory(team=other, repo_id="other/secret"))
    open_to_all = VersionFactory(entry=EntryFactory(repo_id="everybody/sees"))
    for base in (secret, open_to_all):
        Edge.objects.create(version=made, to_entry=base.entry, relation="finetune")
    period = read_period("2026-03", time_zone="UTC")

    mine = services.compile(period=period, team=team, by=None, at=period.ends_at)
    all_of_it = services.compile(period=period, team=None, by=None, at=period.ends_at)

    assert [one["subject"]["id"] for one in document_of(mine)["content"]["inventory"]] == [hostile, "everybody/sees"]
    assert [one["id"] for one in document_of(mine)["content"]["inventory"][0]["lineage"]] == ["everybody/sees"]
    assert b"other/secret" not in blobs.read_checked(mine.document_sha256)
    assert len(document_of(all_of_it)["content"]["inventory"]) == 3
    seen = {
        name: set(Edition.objects.visible_to(user))
        for name, user in (
            ("mine", member(team, "viewer")),
            ("theirs", member(other, "viewer")),
            ("all", member(None, "auditor")),
        )
    }
    assert seen == {"mine": {mine}, "theirs": set(), "all": {mine, all_of_it}}


def test_an_edition_is_kept_by_the_database_and_known_to_the_ledger():
    period = read_period("2026-02", time_zone="Europe/Berlin")
    edition = services.compile(period=period, team=None, by=None, at=NOON)

    with pytest.raises(IntegrityError, match="kept as they were written"), transaction.atomic():
        Edition.objects.filter(pk=edition.pk).update(number=2)
    with pytest.raises(IntegrityError, match="kept as they were written"), transaction.atomic():
        edition.delete()

    assert verifying.verify(edition.document_sha256).ok
    sequence(at=NOON)
    found = verifying.verify(edition.content_sha256)
    assert (found.ok, found.edition, found.leaf) == (True, edition, 0)
    assert verifying.verify("0" * 64).problem == "unknown"
    _altered(edition)
    assert verifying.verify(edition.document_sha256).problem == "bytes_altered"


def _altered(edition: Edition) -> None:
    """Somebody with the store in hand changes a byte."""
    path = Path(storages["blobs"].path(blobs.name_of(edition.document_sha256)))
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(data)


def test_items_are_read_one_by_one_from_where_they_lie():
    for number in range(3):
        VersionFactory(entry=EntryFactory(repo_id=f"acme/m{number}"))
    period = read_period("2026-03", time_zone="UTC")
    edition = services.compile(period=period, team=None, by=None, at=period.ends_at)

    with open_document(edition) as document:
        assert document.count("inventory") == 3
        assert [one["subject"]["id"] for one in document.items("inventory", start=1)] == ["acme/m1", "acme/m2"]
        assert document.cover["edition"] == 1
        assert document.section("summary") == document_of(edition)["content"]["summary"]
