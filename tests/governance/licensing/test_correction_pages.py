"""Corrections and notes of lawyers, on the page of a licence."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from governance.licensing.models import Annotation, Correction
from governance.licensing.services import corrections
from tests.factories import TeamFactory, member
from tests.governance.licensing.browsing import WORDS, address, signed_in, text_of
from tests.governance.licensing.graphs import line, work

pytestmark = pytest.mark.django_db


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
    made = corrections.correct(licence="gemma", by=lawyer, at=timezone.now(), **correction())
    client = signed_in(lawyer)
    url = reverse("licensing:correction-end", args=["gemma", made.pk])

    client.post(url, {"reason": "short"})
    assert Correction.objects.in_force().count() == 1

    client.post(url, {"reason": WORDS})
    assert not Correction.objects.in_force().exists()
    assert "Earlier corrections" in text_of(client.get(reverse("licensing:licence", args=["gemma"])))


def test_a_correction_of_another_licence_is_not_ended_from_here(lawyer):
    made = corrections.correct(licence="gemma", by=lawyer, at=timezone.now(), **correction())

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
