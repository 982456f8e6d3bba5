"""The form by which a reviewer says that they have read a licence text."""

from __future__ import annotations

import hashlib

import pytest
from django.urls import reverse
from django.utils import timezone

from governance.catalog.models import File, LicenceText
from governance.catalog.snapshots import LOCAL
from governance.licensing.models import Reassessment, TextReview
from licenses import texts
from tests.factories import NOON, TeamFactory, UserFactory, member
from tests.governance.catalog.cards import card, imported
from tests.governance.licensing.browsing import address, signed_in, text_of
from tests.governance.licensing.graphs import work
from tests.licenses.test_texts import MIT

pytestmark = pytest.mark.django_db
OWN = b"You may look at it on Tuesdays."
NOTE = "Use on Tuesdays only; nothing else is asked for."


@pytest.fixture
def lawyer():
    return member(None, "reviewer:legal")


def with_text(content: bytes = OWN, *, by=None):
    raw = card(license="other", license_name="tuesday")
    return imported("acme/model", raw=raw, source=LOCAL, files={"LICENSE": content}, by=by).version


def saying(content: bytes = OWN, **more: str) -> dict[str, str]:
    return {"path": "LICENSE", "sha256": hashlib.sha256(content).hexdigest(), "note": NOTE, **more}


def read(version, lawyer) -> TextReview:
    signed_in(lawyer).post(address(version, "text-read"), saying())
    return TextReview.objects.get()


def test_a_lawyer_says_that_they_have_read_a_text_and_it_is_unknown_no_more(lawyer):
    version = with_text()
    client = signed_in(lawyer)
    assert "I have read this text" in text_of(client.get(address(version)))
    Reassessment.objects.all().delete()

    answer = client.post(address(version, "text-read"), saying())

    assert (answer.status_code, answer["Location"]) == (302, address(version) + "#texts")
    made = TextReview.objects.get()
    assert (made.entry, made.path, made.sha256, made.note, made.author) == (
        version.entry,
        "LICENSE",
        hashlib.sha256(OWN).hexdigest(),
        NOTE,
        lawyer,
    )
    assert Reassessment.objects.get().entries == [version.entry_id]
    page = text_of(client.get(address(version)))
    assert f"Read by {lawyer}" in page
    assert NOTE in page
    assert "U-OTHER" not in page


def test_who_reads_the_page_sees_who_has_read_the_text_and_no_form(lawyer):
    version = with_text()
    viewer = signed_in(member(TeamFactory(), "viewer"))
    before = viewer.get(address(version))
    assert "a legal reviewer can" in text_of(before)
    assert b'action="' + address(version, "text-read").encode() not in before.content

    made = read(version, lawyer)

    after = viewer.get(address(version))
    assert f"Read by {lawyer}" in text_of(after)
    assert reverse("catalog:text-read-end", args=[made.pk]).encode() not in after.content


def test_a_text_of_the_table_needs_no_reader(lawyer):
    version = with_text(MIT.encode())

    page = signed_in(lawyer).get(address(version))

    assert "the known text of mit" in text_of(page)
    assert address(version, "text-read").encode() not in page.content


def test_a_version_without_licence_files_has_no_such_part(lawyer):
    page = signed_in(lawyer).get(address(work("acme/bare", "other")))

    assert b'id="texts"' not in page.content


def test_of_a_file_whose_bytes_are_not_known_the_sum_is_asked_for(lawyer):
    version = work("acme/model", "other")
    File.objects.create(version=version, path="LICENSE", git_oid="a" * 40, role="licence")
    client = signed_in(lawyer)
    assert b'name="sha256" minlength="64"' in client.get(address(version)).content

    refused = client.post(address(version, "text-read"), saying(sha256=""))
    assert refused.status_code == 422
    assert "give the SHA-256 of the text that you read" in text_of(refused)
    assert NOTE in text_of(refused)

    client.post(address(version, "text-read"), saying())

    assert TextReview.objects.get().git_oid == "a" * 40
    assert f"Read by {lawyer}" in text_of(client.get(address(version)))


def test_of_a_file_that_is_kept_the_sum_is_told(lawyer):
    version = work("acme/model", "other")
    File.objects.create(version=version, path="LICENSE", git_oid="a" * 40, role="licence")
    LicenceText.objects.create(version=version, path="LICENSE", fingerprint=texts.fingerprint(OWN), raw=OWN)

    page = signed_in(lawyer).get(address(version))

    assert f'name="sha256" value="{hashlib.sha256(OWN).hexdigest()}"'.encode() in page.content


@pytest.mark.parametrize(
    ("fields", "status", "told"),
    [
        ({"sha256": "0" * 64}, 422, "other bytes"),
        ({"sha256": "no sum"}, 422, ""),
        ({"path": "NO-SUCH-FILE"}, 422, "no licence file of that name"),
        ({"note": "short"}, 422, ""),
        ({"path": "LICENSE\0"}, 422, ""),
    ],
)
def test_what_cannot_be_said_keeps_its_words_and_says_why(lawyer, fields, status, told):
    version = with_text()

    page = signed_in(lawyer).post(address(version, "text-read"), saying(**fields))

    assert page.status_code == status
    assert told in text_of(page)
    assert not TextReview.objects.exists()


@pytest.mark.parametrize("role", ["viewer", "submitter", "approver", "reviewer:security", "admin"])
def test_nobody_but_the_legal_lane_says_it(role):
    version = with_text()
    client = signed_in(member(None, role))
    assert address(version, "text-read").encode() not in client.get(address(version)).content

    answer = client.post(address(version, "text-read"), saying())

    assert answer.status_code == 403
    assert not TextReview.objects.exists()


def test_who_imported_it_does_not_read_it_for_others():
    lawyer = member(None, "reviewer:legal", "submitter")
    version = with_text(by=lawyer)

    answer = signed_in(lawyer).post(address(version, "text-read"), saying())

    assert answer.status_code == 403
    assert "someone else has to decide" in text_of(answer)


def test_strangers_are_sent_to_sign_in_and_others_find_nothing(client, lawyer):
    version = with_text()
    assert client.post(address(version, "text-read"), saying()).status_code == 302
    version.entry.team = TeamFactory()
    version.entry.save(update_fields=["team"])
    other = signed_in(member(TeamFactory(), "reviewer:legal"))

    assert other.post(address(version, "text-read"), saying()).status_code == 404
    assert not TextReview.objects.exists()


def test_it_is_taken_back_with_a_reason(lawyer):
    version = with_text()
    made = read(version, lawyer)
    client, end = signed_in(lawyer), reverse("catalog:text-read-end", args=[made.pk])

    client.post(end, {"reason": "no"})
    made.refresh_from_db()
    assert made.ended_at is None
    answer = client.post(end, {"reason": "It was the text of another file."})

    made.refresh_from_db()
    assert made.ended_at is not None
    assert answer["Location"] == address(version) + "#texts"
    assert "Read by" not in text_of(client.get(address(version)))


def test_another_team_s_reading_is_not_found(lawyer):
    version = with_text()
    made = read(version, lawyer)
    version.entry.team = TeamFactory()
    version.entry.save(update_fields=["team"])

    answer = signed_in(member(TeamFactory(), "reviewer:legal")).post(
        reverse("catalog:text-read-end", args=[made.pk]), {"reason": "It is not mine to say."}
    )

    assert answer.status_code == 404
    assert (
        signed_in(member(TeamFactory(), "viewer")).post(reverse("catalog:text-read-end", args=[2**63]), {}).status_code
        == 404
    )


def test_only_a_reading_of_these_bytes_counts(lawyer):
    version = with_text()
    TextReview.objects.create(
        entry=version.entry, path="LICENSE", sha256="b" * 64, author=UserFactory(), made_at=timezone.now()
    )
    TextReview.objects.create(
        entry=version.entry,
        path="LICENSE",
        sha256=hashlib.sha256(OWN).hexdigest(),
        author=UserFactory(),
        made_at=NOON,
        ended_at=NOON,
    )

    assert "Read by" not in text_of(signed_in(lawyer).get(address(version)))


def test_the_page_says_what_would_meet_a_duty_that_is_open(lawyer):
    imported("acme/base", raw=card(license="apache-2.0"), source=LOCAL, files={})
    raw = card(license="mit", base_model="acme/base")
    version = imported("acme/tuned", raw=raw, source=LOCAL, files={"LICENSE": MIT.encode()}).version

    page = text_of(signed_in(lawyer).get(address(version)))

    assert "What can I do?" in page
    assert "Add the text of Apache License 2.0 to the files, each as a file of its own." in page
    assert "Add a file named NOTICE that names" in page
