"""Pages of the catalogue, versions, runs, the inbox: what they say and what they cost."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from audits.models import Run
from governance.catalog.models import Entry, ImportRequest
from governance.reviews import services as reviews
from tests.factories import VersionFactory
from tests.governance.portal.browsing import signed_in, version_address
from tests.story import NOW, Story, audited_for_bias, bring, predictions

pytestmark = pytest.mark.django_db

SESSION = 2  # reading the session and its person

ROLES = 1

INBOX = 1  # the number beside the inbox


def test_the_navigation_leads_to_all_seven_rooms(story: Story) -> None:
    page = signed_in(story.reviewer).get(reverse("portal:inbox")).content.decode()

    navigation = page[page.index('<nav class="nav"') : page.index("</nav>")]
    for name in ("portal:inbox", "catalog:entries", "reviews:submissions", "evidence:runs"):
        assert f'href="{reverse(name)}"' in navigation
    assert f'href="{reverse("catalog:use-cases")}"' in navigation
    assert f'href="{reverse("policies:policies")}"' in navigation
    assert f'href="{reverse("licensing:licences")}"' in navigation
    assert f'href="{reverse("policies:waivers")}"' in navigation


def test_pages_cost_a_fixed_number_of_queries(
    story: Story, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = signed_in(story.reviewer)
    costs = {
        reverse("portal:inbox"): 7,
        reverse("catalog:entries"): 8,
        reverse("reviews:submissions"): 2,  # one of them: drafts
        reverse("reviews:submission", args=[story.submission.pk]): 27,  # how its gate is set, and overrides
        reverse("evidence:runs"): 2,
        reverse("evidence:run", args=[Run.objects.get(kind="license").pk]): 6,
        version_address(story.version): 30,
        reverse("licensing:licences"): 2,
        reverse("policies:policies"): 2,
        reverse("policies:waivers"): 2,
        reverse("catalog:use-cases"): 2,
        reverse("catalog:use-case", args=[story.use_case.slug]): 6,  # one of them: how its gate is set
    }

    for address, cost in costs.items():
        with django_assert_max_num_queries(SESSION + ROLES + INBOX + cost):
            client.get(address)


def test_the_catalogue_costs_no_more_for_more_entries(
    story: Story, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(60):
        VersionFactory()
    client = signed_in(story.reviewer)

    with django_assert_max_num_queries(SESSION + ROLES + INBOX + 8):
        page = client.get(reverse("catalog:entries"))

    assert page.content.count(b'<th scope="row">') == 50
    assert b'rel="next"' in page.content


def test_pages_of_the_catalogue_lead_through_all_of_it(story: Story) -> None:
    for _ in range(60):
        VersionFactory()
    client, address, seen = signed_in(story.reviewer), reverse("catalog:entries"), []

    while address:
        page = client.get(address).content.decode()
        seen += re.findall(r'<th scope="row"><a href="([^"]+)"', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address = reverse("catalog:entries") + following[1].replace("&amp;", "&") if following else ""

    assert len(seen) == len(set(seen)) == Entry.objects.filter(latest__isnull=False).count()


def test_a_cursor_that_is_none_of_ours_shows_the_first_page(story: Story) -> None:
    client = signed_in(story.reviewer)

    for name in ("catalog:entries", "reviews:submissions", "evidence:runs", "catalog:use-cases"):
        for cursor in ("x", "%F0", "WyI-IiwxXQ", "a" * 5000, "W10"):
            assert client.get(reverse(name) + f"?cursor={cursor}").status_code == 200


def test_runs_lead_to_the_versions_they_are_about(story: Story) -> None:
    page = signed_in(story.reviewer).get(reverse("evidence:runs")).content.decode()

    assert f'href="{version_address(story.version)}"' in page


def test_who_submits_sees_what_will_be_asked_for(story: Story) -> None:
    page = signed_in(story.submitter).get(reverse("reviews:submit", args=[story.version.digest])).content.decode()

    assert f'<option value="{story.use_case.slug}" selected>{story.use_case.name} (tier: ' in page
    assert "What is asked for" in page
    assert "Audits: card, licence, bias" in page
    assert "Votes: Ethics 1" in page


def test_search_finds_by_name_and_by_digest(story: Story) -> None:
    client = signed_in(story.reviewer)

    assert b"loan-approval" in client.get(reverse("catalog:entries"), {"q": "loan approv"}).content
    assert b"loan-approval" in client.get(reverse("catalog:entries"), {"q": story.version.digest}).content
    assert b"Nothing matches" in client.get(reverse("catalog:entries"), {"q": "nothing like it"}).content


def test_filters_narrow_the_catalogue(story: Story) -> None:
    client, address = signed_in(story.reviewer), reverse("catalog:entries")

    assert b"loan-approval" in client.get(address, {"license": "mit", "kind": "model"}).content
    assert b"loan-approval" not in client.get(address, {"kind": "dataset"}).content
    assert b"loan-approval" not in client.get(address, {"stage": "pilot"}).content


def test_an_empty_catalogue_says_how_to_begin(story: Story) -> None:
    page = signed_in(story.stranger).get(reverse("catalog:entries")).content.decode()

    assert "manage.py import_card" in page
    assert reverse("catalog:import") in page


def test_a_submitter_asks_for_an_import(story: Story) -> None:
    answer = signed_in(story.submitter).post(
        reverse("catalog:import"), {"repo_id": "openai-community/gpt2", "kind": "model"}, follow=True
    )

    wish = ImportRequest.objects.get()
    assert (wish.repo_id, wish.state, wish.requested_by) == ("openai-community/gpt2", "queued", story.submitter)
    assert b"waits for a worker" in answer.content


def test_an_import_of_a_branch_is_refused_with_the_way_to_mend_it(story: Story) -> None:
    sent = {"repo_id": "acme/x", "kind": "model", "revision": "main"}

    answer = signed_in(story.submitter).post(reverse("catalog:import"), sent)

    assert answer.status_code == 422
    assert b"40" in answer.content
    assert not ImportRequest.objects.exists()


def test_a_viewer_cannot_import(story: Story) -> None:
    answer = signed_in(story.viewer).post(reverse("catalog:import"), {"repo_id": "acme/x", "kind": "model"})

    assert answer.status_code in (403, 422)
    assert not ImportRequest.objects.exists()


def test_a_version_page_shows_its_newer_version(story: Story, tmp_path: Path) -> None:
    newer = bring(tmp_path / "next", card="# Other\n", by=story.submitter, team=story.team)

    page = signed_in(story.reviewer).get(version_address(story.version)).content.decode()

    assert "There is a newer version" in page
    assert version_address(newer) in page


def test_a_name_that_nobody_imported_has_a_page_that_says_so(story: Story, tmp_path: Path) -> None:
    bring(
        tmp_path / "child",
        card="---\nbase_model: acme/parent\n---\n",
        by=story.submitter,
        team=story.team,
        repo_id="acme/child",
    )
    page = signed_in(story.reviewer).get(reverse("catalog:entry", args=["model", "acme", "parent"]))

    assert b"Nobody has imported this yet" in page.content
    assert b"acme/child" in page.content


@pytest.mark.parametrize(
    "path",
    ["model/acme/loan-approval/main/", "model/acme/loan-approval/" + "0" * 40 + "/", "thing/acme/x/", "model/a/b/"],
)
def test_what_is_not_catalogued_is_not_found(story: Story, path: str) -> None:
    assert signed_in(story.admin).get(f"/catalogue/{path}").status_code == 404


def test_a_run_that_could_not_run_does_not_say_that_nothing_was_found(story: Story) -> None:
    Run.objects.filter(kind="license").update(
        state="errored", verdict="", error="the table is gone", error_code="inputs.table_gone"
    )
    run = Run.objects.get(kind="license")

    page = signed_in(story.reviewer).get(reverse("evidence:run", args=[run.pk])).content.decode()

    assert "Nothing was found" not in page
    assert "Nothing was measured, so nothing can be said." in page


def test_the_search_finds_versions_and_runs_by_the_beginning_of_a_digest(story: Story, tmp_path: Path) -> None:
    older, run = story.version, Run.objects.get(kind="license")
    bring(tmp_path / "two", card="# Version two\n", by=story.submitter, team=story.team)
    client = signed_in(story.viewer)

    by_commit = client.get(reverse("catalog:entries"), {"q": older.revision[:8]}).content.decode()
    by_inputs = client.get(reverse("catalog:entries"), {"q": run.inputs_digest[:8]}).content.decode()
    stranger = signed_in(story.stranger).get(reverse("catalog:entries"), {"q": older.revision[:8]}).content.decode()

    assert version_address(older) in by_commit
    assert reverse("evidence:run", args=[run.pk]) in by_inputs
    assert "acme/loan-approval" not in stranger


def test_a_row_of_the_catalogue_says_which_version_an_approval_is_for(story: Story, tmp_path: Path) -> None:
    reviews.vote(submission_id=story.submission.pk, voter=story.reviewer, lane="ethics", value=2, at=NOW)
    reviews.approve(submission_id=story.submission.pk, approver=story.approver, at=NOW)
    client, address = signed_in(story.viewer), reverse("catalog:entries")
    before = client.get(address).content.decode()
    bring(tmp_path / "two", card="# Version two\n", by=story.submitter, team=story.team)

    after = client.get(address).content.decode()

    older = f"Pilot: older version {story.version.revision[:8]}"
    assert (older in before, older in after) == (False, True)
    cell = re.compile(r'data-label="Approved for">(.*?)</td>', re.DOTALL)
    assert "status" in cell.findall(before)[0]
    assert "status" not in cell.findall(after)[0]


def test_a_version_says_first_what_its_audits_and_reviews_say(story: Story) -> None:
    _submission, bias = audited_for_bias(story, predictions(black=0.5, white=0.9))

    shown = signed_in(story.viewer).get(version_address(story.version)).content.decode()

    first = shown[shown.index('id="stands"') : shown.index('id="findings"')]
    assert first.index("Bias:") < first.index("Licence:")
    assert reverse("evidence:run", args=[bias.pk]) in first
    assert "Fail" in first
    assert reverse("reviews:submission", args=[story.submission.pk]) in first
    assert "can submit it" in first
    assert "can submit it" not in signed_in(story.submitter).get(version_address(story.version)).content.decode()


def test_a_version_leads_from_its_lineage_to_the_licences_of_the_chain(story: Story) -> None:
    shown = signed_in(story.viewer).get(version_address(story.version)).content.decode()

    lineage = shown[shown.index('id="lineage"') : shown.index('id="runs"')]
    assert f'href="{version_address(story.version)}licence/"' in lineage


def test_a_folder_shows_its_one_digest_once(story: Story) -> None:
    shown = signed_in(story.viewer).get(version_address(story.version)).content.decode()

    facts = shown[shown.index('<dl class="facts">') : shown.index('id="stands"')]
    assert story.version.revision == story.version.digest
    assert (facts.count("<dt>Digest</dt>"), facts.count("<dt>Commit</dt>")) == (1, 0)


def test_a_finding_calls_a_section_as_people_do(story: Story) -> None:
    shown = signed_in(story.viewer).get(version_address(story.version)).content.decode()

    assert "getting started" in shown
    assert "getting_started" not in shown


def test_commands_are_those_of_the_readme(story: Story) -> None:
    shown = signed_in(story.viewer).get(reverse("reviews:submission", args=[story.submission.pk])).content.decode()

    assert ".venv/bin/python manage.py gate acme/loan-approval@" in shown
