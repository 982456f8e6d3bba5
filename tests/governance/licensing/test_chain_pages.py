"""The licence chain of a version: why something is a conflict, and what can be done."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from tests.factories import EntryFactory, TeamFactory, UseCaseFactory
from tests.governance.licensing.browsing import INBOX, ROLES, SESSION, STYLE, address, signed_in, text_of
from tests.governance.licensing.graphs import derive, line, work

pytestmark = pytest.mark.django_db


def test_the_page_of_a_conflict_says_why_and_what_can_be_done(viewer):
    version = line("llama3.1", "apache-2.0", "mit")[-1]

    page = signed_in(viewer).get(address(version))

    said = text_of(page)
    assert "What the licences say and this use do not go together" in said
    assert "Llama 3.1 Community License follows what is made from it" in said
    assert "acme/work-0 → finetuned into → acme/work-1 → finetuned into → acme/work-2" in said
    assert "The agreement itself follows; another licence cannot take its place." in said
    assert "What can I do?" in said
    assert not STYLE.search(page.content)


def test_the_conflicting_path_is_lit_and_the_rest_is_not(viewer):
    law, data = work("acme/law", "llama3.1"), work("acme/data", "mit", kind="dataset")
    version = work("acme/child", "apache-2.0", law)
    derive(version, data, relation="train_on")

    page = signed_in(viewer).get(address(version)).content.decode()

    assert page.count('class="edge edge--lit') == 1
    lit = re.findall(r"<title>([^<]*)</title><rect class=\"node node--lit", page)
    assert lit == ["acme/law, llama3.1", "acme/child, declares apache-2.0"]


def test_a_work_that_nobody_imported_is_drawn_dashed_and_said_to_be_unknown(viewer):
    version = work("acme/child", "mit", EntryFactory(repo_id="somewhere/else"))

    page = signed_in(viewer).get(address(version))

    assert b"node--open" in page.content
    assert b"edge--open" in page.content
    assert "No licence is known for somewhere/else." in text_of(page)
    assert "It cannot be told whether the licences allow this use; that counts as no." in text_of(page)


def test_a_chain_page_is_for_those_who_see_the_version(viewer):
    version = work("acme/closed", "mit")
    version.entry.team = TeamFactory()
    version.entry.save(update_fields=["team"])
    client = signed_in(viewer)

    for name in ("licence", "notice"):
        assert client.get(address(version, name)).status_code == 404
    for name in ("override", "attest"):
        assert client.post(address(version, name), {}).status_code == 404


def test_a_use_case_of_another_team_is_none(viewer):
    version = work("acme/model", "mit")
    use_case = UseCaseFactory()

    assert signed_in(viewer).get(address(version), {"use_case": use_case.slug}).status_code == 404


def test_works_of_other_teams_are_judged_and_not_named(viewer):
    secret = work("secret/base", "llama3.1")
    secret.entry.team = TeamFactory()
    secret.entry.save(update_fields=["team"])
    version = work("acme/child", "apache-2.0", secret)
    client = signed_in(viewer)

    pages = [client.get(address(version)), client.get(address(version, "notice"))]
    pages.append(client.get(reverse("catalog:version", args=["model", "acme", "child", version.revision])))

    for page in pages:
        assert page.status_code == 200
        assert b"secret/base" not in page.content
        assert b"work 1 that you may not see" in page.content
    assert "do not go together" in text_of(pages[0])


def test_a_profile_that_cannot_be_judged_is_told_and_is_no_crash(viewer):
    version = line("llama3.1", "apache-2.0")[-1]
    use_case = UseCaseFactory(owner_team=viewer.memberships.get().team, licence_profile={"purpose": "fun"})

    page = signed_in(viewer).get(address(version), {"use_case": use_case.slug})
    file = signed_in(viewer).get(address(version, "notice"), {"use_case": use_case.slug})

    assert page.status_code == 200
    assert "It cannot be judged; that counts as no." in text_of(page)
    assert "is one of research, commercial" in text_of(page)
    assert (file.status_code, file.headers["Content-Type"]) == (422, "text/plain; charset=utf-8")


def test_what_is_too_much_for_a_page_is_counted(viewer):
    bases = [work(f"acme/base-{n}", "llama3.1") for n in range(70)]
    version = work("acme/merge", "apache-2.0", *bases, relation="merge")

    said = text_of(signed_in(viewer).get(address(version)))

    assert re.search(r"\d+ more points were found and are not shown\.", said)
    assert re.search(r"\d+ more works? (was|were) judged and (is|are) not shown\.", said)


def test_the_chain_costs_the_same_for_any_depth(viewer, django_assert_max_num_queries):
    version = line(*["mit"] * 15, "gemma")[-1]
    client = signed_in(viewer)

    with django_assert_max_num_queries(SESSION + ROLES + INBOX + 20):
        client.get(address(version))


def test_the_notice_file_is_plain_text_to_be_saved(viewer):
    version = line("llama3.1", "apache-2.0")[-1]

    answer = signed_in(viewer).get(address(version, "notice"))

    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "acme/work-0 (model)" in answer.content.decode()
    assert "not legal advice" in answer.content.decode()


def test_the_page_of_a_version_leads_to_why(viewer):
    version = line("llama3.1", "apache-2.0")[-1]

    page = signed_in(viewer).get(reverse("catalog:version", args=["model", "acme", "work-1", version.revision]))

    assert "do not go together" in text_of(page)
    assert address(version).encode() in page.content
    assert b"edge--lit" in page.content


def test_names_that_begin_alike_are_hidden_whole(viewer):
    team = TeamFactory()
    works = line("llama3.1", "cc-by-nc-4.0", *["mit"] * 11, "mit", prefix="acme/secret")
    for one in works[:-1]:
        one.entry.team = team
        one.entry.save(update_fields=["team"])

    page = signed_in(viewer).get(address(works[-1]))

    shown = text_of(page)
    assert "work 1 that you may not see" in shown
    assert "acme/secret-13" in shown
    assert not re.search(r"acme/secret-(?!13)", page.content.decode())
    assert not re.search(r"may not see\d", shown)
