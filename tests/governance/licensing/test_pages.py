"""The pages about licences: who sees what, what it costs, and what can be said on them."""

from __future__ import annotations

import datetime as dt
import re
from html import unescape

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audits import execution
from audits.models import Run
from governance.evidence import services as evidence
from governance.licensing import services
from governance.licensing.models import Annotation, Correction, MetDuty, Override
from licenses import catalogue
from tests.factories import EntryFactory, TeamFactory, UseCaseFactory, member
from tests.governance.licensing.graphs import derive, line, work

pytestmark = pytest.mark.django_db
SESSION, ROLES, INBOX = 2, 1, 1
WORDS = "The licensor has said so in writing."
STYLE = re.compile(rb"<[^>]* style=|<style|<script(?![^>]*src=)")


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def text_of(page) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.content.decode())).split())


def address(version, name="licence") -> str:
    entry = version.entry
    return reverse(f"catalog:{name}", args=[entry.kind, entry.namespace, entry.name, version.revision])


@pytest.fixture
def lawyer():
    return member(None, "reviewer:legal")


@pytest.fixture
def viewer():
    return member(TeamFactory(), "viewer")


# --- the table ------------------------------------------------------------------------------------------------------


def test_the_list_shows_every_licence_the_most_declared_first(viewer):
    line("mit", "mit", "gemma")

    page = signed_in(viewer).get(reverse("licensing:licences"))

    shown = re.findall(r'href="/licenses/([^"/]+)/"', page.content.decode())
    assert shown[:2] == ["mit", "gemma"]
    assert sorted(shown) == sorted(row.id for row in catalogue.all_licences())


def test_the_list_counts_only_what_the_person_sees(viewer):
    work("acme/open", "gemma")
    hidden = work("acme/closed", "gemma")
    hidden.entry.team = TeamFactory()
    hidden.entry.save(update_fields=["team"])

    page = signed_in(viewer).get(reverse("licensing:licences"), {"q": "gemma"})

    assert re.findall(r'data-label="Declared by">([^<]*)<', page.content.decode()) == ["1"]


def test_the_list_is_narrowed_by_family_and_words(viewer):
    page = signed_in(viewer).get(reverse("licensing:licences"), {"family": "llama", "q": "3.1"})

    assert re.findall(r'href="/licenses/([^"/]+)/"', page.content.decode()) == ["llama3.1"]
    assert "1 licence" in text_of(page)


def test_an_empty_search_says_what_to_do(viewer):
    page = signed_in(viewer).get(reverse("licensing:licences"), {"q": "no such thing"})

    assert "No licence matches" in text_of(page)


def test_what_the_table_does_not_know_is_named(viewer):
    work("acme/odd", "my-own-licence")
    work("acme/silent", None)

    said = text_of(signed_in(viewer).get(reverse("licensing:licences")))

    assert "my-own-licence · 1" in said
    assert "1 entry declares no licence." in said


def test_the_list_costs_two_queries_however_much_is_declared(viewer, django_assert_max_num_queries):
    line(*["mit"] * 20)
    client = signed_in(viewer)

    with django_assert_max_num_queries(SESSION + ROLES + INBOX + 2):
        client.get(reverse("licensing:licences"))


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_licence_has_a_page_in_both_languages(viewer, language):
    client = signed_in(viewer)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language

    for row in catalogue.all_licences():
        page = client.get(reverse("licensing:licence", args=[row.id]))
        assert page.status_code == 200, row.id
        assert row.name in unescape(page.content.decode())
        assert ("Что она разрешает" if language == "ru" else "What it grants") in page.content.decode()
        assert not STYLE.search(page.content), row.id


def test_a_licence_page_says_it_in_sentences_with_its_sources(viewer):
    said = text_of(signed_in(viewer).get(reverse("licensing:licence", args=["llama3.1"])))

    assert "The agreement itself follows; another licence cannot take its place." in said
    assert "s.2 700M MAU" in said
    assert "It is not the licensor’s word and not legal advice" in said
    assert "github:meta-llama/llama-models" in said


def test_a_licence_that_nobody_has_read_says_that_nothing_is_decided(viewer):
    said = text_of(signed_in(viewer).get(reverse("licensing:licence", args=["h-research"])))

    assert "Nothing can be decided by this name." in said
    assert "The text was not read" in said


def test_another_name_leads_to_the_page_and_no_name_to_none(viewer):
    client = signed_in(viewer)

    assert client.get("/licenses/MIT/").headers["Location"] == "/licenses/mit/"
    assert client.get("/licenses/no-such-licence/").status_code == 404


def test_a_licence_page_names_only_users_that_the_person_sees(viewer):
    work("acme/open", "gemma")
    hidden = work("acme/closed", "gemma")
    hidden.entry.team = TeamFactory()
    hidden.entry.save(update_fields=["team"])

    said = text_of(signed_in(viewer).get(reverse("licensing:licence", args=["gemma"])))

    assert "acme/open" in said
    assert "acme/closed" not in said


def test_a_licence_page_costs_the_same_for_any_number_of_users(viewer, django_assert_max_num_queries):
    line(*["gemma"] * 12)
    client = signed_in(viewer)

    with django_assert_max_num_queries(SESSION + ROLES + INBOX + 8):
        client.get(reverse("licensing:licence", args=["gemma"]))


def test_strangers_are_asked_to_sign_in():
    version = work("acme/model")

    for url in (reverse("licensing:licences"), reverse("licensing:licence", args=["mit"]), address(version)):
        assert Client().get(url).status_code == 302


# --- corrections and notes ------------------------------------------------------------------------------------------


def correction(**fields):
    said = {"column": "use", "value": "nc", "source_ref": "s.9", "reason": WORDS}
    return {**said, **fields}


def test_a_lawyer_corrects_a_term_and_the_page_shows_both_values(lawyer):
    client = signed_in(lawyer)

    answer = client.post(reverse("licensing:correct", args=["gemma"]), correction())

    assert answer.status_code == 302
    said = text_of(client.get(reverse("licensing:licence", args=["gemma"])))
    assert "May be used for non-commercial purposes only." in said
    assert "The table as it came says “any”." in said
    assert WORDS in said
    assert "s.9" in said


def test_a_lawyer_sees_what_a_correction_would_turn_before_anything_is_stored(lawyer):
    line("gemma", "gemma")

    page = signed_in(lawyer).post(reverse("licensing:correct", args=["gemma"]), {**correction(), "preview": "1"})

    assert "of 2 verdicts would turn" in text_of(page)
    assert "acme/work-1" in text_of(page)
    assert not Correction.objects.exists()


def test_a_preview_keeps_to_what_the_lawyer_sees(lawyer):
    version = work("acme/closed", "gemma")
    version.entry.team = TeamFactory()
    version.entry.save(update_fields=["team"])
    page = signed_in(member(version.entry.team, "reviewer:legal")).post(
        reverse("licensing:correct", args=["gemma"]), {**correction(), "preview": "1"}
    )

    assert page.status_code == 403, "a lawyer of one team keeps no table"


def test_a_word_that_the_column_does_not_know_comes_back_with_what_it_knows(lawyer):
    page = signed_in(lawyer).post(reverse("licensing:correct", args=["gemma"]), correction(value="maybe"))

    assert page.status_code == 422
    assert "is not one of any, computational" in text_of(page)
    assert WORDS in page.content.decode()
    assert not Correction.objects.exists()


def test_a_correction_is_taken_back_with_a_reason(lawyer):
    made = services.correct(licence="gemma", by=lawyer, at=timezone.now(), **correction())
    client = signed_in(lawyer)
    url = reverse("licensing:correction-end", args=["gemma", made.pk])

    client.post(url, {"reason": "short"})
    assert Correction.objects.in_force().count() == 1

    client.post(url, {"reason": WORDS})
    assert not Correction.objects.in_force().exists()
    assert "Earlier corrections" in text_of(client.get(reverse("licensing:licence", args=["gemma"])))


def test_a_correction_of_another_licence_is_not_ended_from_here(lawyer):
    made = services.correct(licence="gemma", by=lawyer, at=timezone.now(), **correction())

    answer = signed_in(lawyer).post(reverse("licensing:correction-end", args=["mit", made.pk]), {"reason": WORDS})

    assert answer.status_code == 404


@pytest.mark.parametrize("roles", [["viewer"], ["submitter", "approver"], ["reviewer:ethics"], ["auditor"]])
def test_who_keeps_no_table_is_offered_nothing_and_refused(roles):
    client = signed_in(member(TeamFactory(), *roles))

    page = client.get(reverse("licensing:licence", args=["gemma"]))
    answers = [
        client.post(reverse("licensing:correct", args=["gemma"]), correction()),
        client.post(reverse("licensing:annotate", args=["gemma"]), {"column": "", "text": WORDS}),
    ]

    assert b'id="correct"' not in page.content
    assert [answer.status_code for answer in answers] == [403, 403]
    assert not Correction.objects.exists()
    assert not Annotation.objects.exists()


def test_a_legal_note_stands_at_its_term_and_at_every_finding_that_rests_on_it(lawyer, viewer):
    version = line("llama3.1", "apache-2.0")[-1]
    note = "<b>Ask</b> the vendor first."

    signed_in(lawyer).post(reverse("licensing:annotate", args=["llama3.1"]), {"column": "reach_finetune", "text": note})

    for url in (reverse("licensing:licence", args=["llama3.1"]), address(version)):
        page = signed_in(viewer).get(url).content.decode()
        assert "&lt;b&gt;Ask&lt;/b&gt; the vendor first." in page, url


# --- the chain ------------------------------------------------------------------------------------------------------


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


# --- overrides and duties -------------------------------------------------------------------------------------------


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
