"""Overrides and duties, on the page of a chain."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from audits import execution
from audits.models import Run
from governance.evidence import services as evidence
from governance.licensing.models import MetDuty, Override
from tests.factories import TeamFactory, UseCaseFactory, member
from tests.governance.licensing.browsing import WORDS, address, signed_in, text_of
from tests.governance.licensing.graphs import line

pytestmark = pytest.mark.django_db


@pytest.fixture
def judged():
    """A version with a conflict that an audit has found, its use case, and a lawyer of the team."""
    team = TeamFactory()
    version = line("llama3.1", "apache-2.0")[-1]
    profile = {"purpose": "commercial", "mode": "redistribute_weights"}
    use_case = UseCaseFactory(owner_team=team, licence_profile=profile)
    evidence.request(
        kind="license", version=version, use_case=use_case, by=member(team, "submitter"), at=timezone.now()
    )
    for run in Run.objects.filter(state="queued"):
        execution.execute(run_id=run.pk)
    return version, use_case, member(team, "reviewer:legal")


def saying(use_case, **fields):
    until = (timezone.now() + dt.timedelta(days=30)).date().isoformat()
    said = {"code": "C-LAUNDER", "chain": '["acme/work-0", "<artefact>"]', "reason": WORDS, "until": until}
    return {**said, "use_case": use_case.slug, **fields}


def test_a_lawyer_overrides_a_finding_until_a_day(judged):
    version, use_case, lawyer = judged
    client = signed_in(lawyer)

    answer = client.post(address(version, "override"), saying(use_case))

    assert answer.status_code == 302
    made = Override.objects.get()
    assert (made.code, made.chain, made.use_case) == ("C-LAUNDER", ["acme/work-0", "<artefact>"], use_case)
    said = text_of(client.get(address(version), {"use_case": use_case.slug}))
    assert "Overridden" in said
    assert WORDS in said
    assert "1 point does not count because of it:" in said


def test_overrides_in_force_are_listed_for_those_who_see_them(judged, viewer):
    version, use_case, lawyer = judged
    signed_in(lawyer).post(address(version, "override"), saying(use_case))

    theirs, others = (signed_in(who).get(reverse("licensing:licences")).content for who in (lawyer, viewer))

    assert b'id="overrides"' in theirs
    assert use_case.name.encode() in theirs
    assert b'id="overrides"' not in others


def test_an_override_ends_before_its_day(judged):
    version, use_case, lawyer = judged
    client = signed_in(lawyer)
    client.post(address(version, "override"), saying(use_case))
    made = Override.objects.get()

    client.post(reverse("catalog:override-end", args=[made.pk]), {"reason": WORDS})

    assert not Override.objects.in_force().exists()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"reason": "short"}, "Ensure this value has at least 10 characters"),
        ({"until": "2020-01-01"}, "Choose a day after today"),
        ({"until": "9999-12-31"}, "Choose a day after today"),
        ({"chain": "[1]"}, "load the page again"),
        ({"chain": "[" * 9000}, "load the page again"),
        ({"code": "C-NONE"}, "No licence audit of this version has found that yet"),
    ],
)
def test_an_override_that_cannot_be_keeps_its_words_and_says_why(judged, fields, told):
    version, use_case, lawyer = judged

    page = signed_in(lawyer).post(address(version, "override"), saying(use_case, **fields))

    assert page.status_code == 422
    assert not Override.objects.exists()
    if "chain" not in fields and "code" not in fields:
        assert told in text_of(page)


@pytest.mark.parametrize("role", ["viewer", "submitter", "reviewer:ethics", "approver"])
def test_nobody_but_the_legal_lane_overrides(judged, role):
    version, use_case, _lawyer = judged
    client = signed_in(member(use_case.owner_team, role))

    page = client.get(address(version), {"use_case": use_case.slug})
    answer = client.post(address(version, "override"), saying(use_case))

    assert b"It does not stand in the way here" not in page.content
    assert answer.status_code == 403
    assert not Override.objects.exists()


def test_an_override_of_another_team_is_not_found(judged, viewer):
    version, use_case, lawyer = judged
    signed_in(lawyer).post(address(version, "override"), saying(use_case))
    made = Override.objects.get()

    assert signed_in(viewer).post(reverse("catalog:override-end", args=[made.pk]), {"reason": WORDS}).status_code == 404
    assert Override.objects.in_force().exists()


def test_a_duty_is_attested_and_taken_back(judged):
    version, use_case, lawyer = judged
    client = signed_in(lawyer)
    there = {"use_case": use_case.slug}

    client.post(address(version, "attest"), {**there, "code": "O-LICENSE-COPY", "note": "In the archive since May."})

    said = text_of(client.get(address(version), there))
    assert "Attested" in said
    assert "In the archive since May." in said
    made = MetDuty.objects.get()
    client.post(reverse("catalog:attest-end", args=[made.pk]), {"reason": WORDS})
    assert not MetDuty.objects.in_force().exists()


def test_a_viewer_attests_nothing(judged):
    version, use_case, _lawyer = judged
    client = signed_in(member(use_case.owner_team, "viewer"))

    client.post(
        address(version, "attest"),
        {"use_case": use_case.slug, "code": "O-LICENSE-COPY", "note": "In the archive since May."},
    )

    assert not MetDuty.objects.exists()


def test_what_begins_with_distribution_stands_apart(judged):
    version, _use_case, lawyer = judged
    inside = UseCaseFactory(
        owner_team=lawyer.memberships.get().team, licence_profile={"purpose": "research", "mode": "internal"}
    )

    said = text_of(signed_in(lawyer).get(address(version), {"use_case": inside.slug}))

    assert "begins when it is passed on" in said
