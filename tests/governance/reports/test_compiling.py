"""What a report says, and that it says the same of the same facts."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Any

import pytest
from django.utils import timezone

from audits import blobs
from audits.digests import canonical
from governance.reports import compiling, services
from governance.reports.models import Edition
from governance.reports.periods import Period, read_period
from governance.reports.sections.asked import Asked
from tests.governance.world import World

pytestmark = pytest.mark.django_db


def this_month(at: dt.datetime) -> Period:
    return read_period(f"{at:%Y-%m}", time_zone="UTC")


def document_of(edition: Edition) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(blobs.read_checked(edition.document_sha256))
    return found


def test_an_edition_says_what_was_decided_on_what_and_the_same_facts_give_the_same_bytes():
    world = World()
    approval = world.approved()
    read_at = timezone.now() + dt.timedelta(minutes=1)
    period = this_month(world.at)

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
    bias = next(one for one in version["audits"] if one["kind"] == "bias")
    assert hashlib.sha256(canonical(bias["result"])).hexdigest() == bias["result_sha256"]
    (stage,) = document["content"]["inventory"][0]["stages"]
    assert stage["expires_at"] == approval.expires_at.isoformat()
    # again, a moment later: the same facts are the same edition, and the same bytes when read anew
    later = read_at + dt.timedelta(minutes=1)
    assert services.compile(period=period, team=None, by=None, at=later) == edition
    with compiling.read(Asked(period=period, team=None, as_of=later)) as again:
        assert again.sha256 == edition.content_sha256
