"""Texts that were read and duties that are done; what is said stays as it was said."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from governance.catalog.models import File
from governance.licensing import queries
from governance.licensing.inputs import license_inputs
from governance.licensing.models import (
    Override,
    Reassessment,
    Standing,
)
from governance.licensing.rules import NotAcceptable, NotAllowed
from governance.licensing.services import duties, texts
from tests.factories import NOON, UserFactory
from tests.governance.licensing.graphs import (
    import_again,
    reassess_all,
    statements,
    work,
)
from tests.governance.licensing.stating import CHAIN, WHY, lawyer
from tests.governance.world import World

pytestmark = pytest.mark.django_db


def test_a_text_that_was_read_counts_and_its_end_closes() -> None:
    version = work("acme/model", "other")
    File.objects.create(version=version, path="LICENSE", sha256="a" * 64, role="licence")

    made = texts.review_text(version=version, path="LICENSE", by=lawyer(), at=timezone.now())
    assert license_inputs(version=version, use_case=None)["text_reviewed"] is True
    reassess_all()
    assert "U-OTHER" not in Standing.objects.get(entry=version.entry).codes

    texts.end_text_review(text_review_id=made.pk, reason=WHY, by=lawyer(), at=timezone.now())
    reassess_all()
    assert "U-OTHER" in Standing.objects.get(entry=version.entry).codes


def test_a_text_whose_bytes_are_others_or_unknown_is_not_taken_on_trust() -> None:
    version = work("acme/model", "other")
    File.objects.create(version=version, path="LICENSE", sha256="a" * 64, role="licence")
    File.objects.create(version=version, path="COPYING", git_oid="c" * 40, role="licence")
    by = lawyer()

    with pytest.raises(NotAcceptable, match="another SHA-256"):
        texts.review_text(version=version, path="LICENSE", sha256="b" * 64, by=by, at=NOON)
    with pytest.raises(NotAcceptable, match="not known here"):
        texts.review_text(version=version, path="COPYING", by=by, at=NOON)
    with pytest.raises(NotAcceptable, match="no licence file"):
        texts.review_text(version=version, path="README.md", by=by, at=NOON)
    assert texts.review_text(version=version, path="COPYING", sha256="b" * 64, by=by, at=NOON).git_oid == "c" * 40


def test_an_attested_obligation_is_attested_in_that_use_case_only() -> None:
    world = World()
    world.use_case.licence_profile = {"purpose": "commercial", "mode": "redistribute_weights"}
    world.use_case.save()
    code = next(
        duty.code
        for duty in queries.obligations(version=world.version, use_case=world.use_case)
        if duty.state == "open" and not duty.latent
    )

    made = duties.attest(
        version=world.version,
        use_case=world.use_case,
        code=code,
        note="in the product's about box",
        by=world.submitter,
        at=timezone.now(),
    )

    now = {one.code: one for one in queries.obligations(version=world.version, use_case=world.use_case)}
    assert (now[code].state, now[code].attested) == ("attested", made)
    assert all(one.state != "attested" for one in queries.obligations(version=world.version))


def test_strangers_do_not_attest_or_read_texts() -> None:
    world = World()

    for by in (world.stranger, world.approver):
        with pytest.raises(NotAllowed):
            duties.attest(version=world.version, use_case=world.use_case, code="O-ATTRIB", note=WHY, by=by, at=NOON)
        with pytest.raises(NotAllowed):
            texts.review_text(version=world.version, path="LICENSE", by=by, at=NOON)
    with pytest.raises(NotAcceptable, match="no obligation"):
        duties.attest(
            version=world.version, use_case=world.use_case, code="C-NC", note=WHY, by=world.submitter, at=NOON
        )


def test_no_statement_is_changed_removed_or_ended_twice() -> None:
    for table, pk in statements():
        for deed in ("UPDATE {} SET made_at = now() WHERE id = %s", "DELETE FROM {} WHERE id = %s"):
            with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(deed.format(table), [pk])
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET ended_at = made_at WHERE id = %s", [pk])  # noqa: S608
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET ended_at = NULL WHERE id = %s", [pk])  # noqa: S608


def test_the_database_holds_no_override_of_more_than_a_year() -> None:
    version = work("acme/model")

    with pytest.raises(IntegrityError):
        Override.objects.create(
            entry=version.entry,
            code="C-NC",
            chain=CHAIN,
            reason=WHY,
            author=UserFactory(),
            made_at=NOON,
            until=NOON + dt.timedelta(days=367),
        )


def test_the_import_of_a_version_notes_what_has_to_be_judged() -> None:
    work("acme/base")

    import_again("acme/base", "mit")

    noted = Reassessment.objects.get()
    assert noted.state == "queued"
    assert len(noted.entries) == 1
