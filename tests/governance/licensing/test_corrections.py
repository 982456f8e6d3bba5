"""Corrections of the table and notes beside it."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from audits.models import Run
from governance.ledger.models import Event
from governance.licensing import queries
from governance.licensing.inputs import license_inputs
from governance.licensing.models import (
    Correction,
    Reassessment,
)
from governance.licensing.rules import LicensingRefused, NotAcceptable, NotAllowed
from governance.licensing.services import corrections, notes
from governance.notifications.models import Outbox
from governance.people.models import User
from tests.factories import NOON, TeamFactory, member
from tests.governance.licensing.graphs import (
    NON_COMMERCIAL,
    OPEN,
    derive,
    line,
    reassess_all,
    work,
)
from tests.governance.licensing.stating import WHY, lawyer
from tests.governance.world import World

pytestmark = pytest.mark.django_db


def correction(by: User, **fields: Any) -> Correction:
    said = {"licence": OPEN, "column": "use", "value": "nc", "source_ref": "s.2", "reason": WHY, "at": NOON}
    return corrections.correct(by=by, **{**said, **fields})


def test_a_correction_is_kept_recorded_and_told_in_one_transaction() -> None:
    other = lawyer()
    made = correction(lawyer())

    event = Event.objects.get(verb="licence.corrected")
    assert (event.object_ref, event.detail["column"], event.detail["value"]) == (OPEN, "use", "nc")
    assert Outbox.objects.get(topic="licence.corrected").payload["to"] == [other.pk]
    assert list(Correction.objects.in_force(at=NOON)) == [made]


def test_a_correction_changes_the_verdict_of_all_works_under_the_licence_and_below() -> None:
    world = World()
    derive(world.version, line(OPEN, "mit")[-1])
    approval = world.approved()

    correction(lawyer(), at=timezone.now())

    assert world.gate().verdict == "deny"
    reassess_all()
    approval.refresh_from_db()
    assert approval.ended_reason == "evidence_failed"
    assert Run.objects.filter(kind="license", verdict="conflict", subject_digest=world.version.digest).exists()


def test_works_without_the_licence_above_them_keep_their_evidence() -> None:
    world = World()
    other = work("acme/other", "mit")
    before = license_inputs(version=other, use_case=world.use_case)

    correction(lawyer(), licence=NON_COMMERCIAL, column="use", value="any", at=timezone.now())

    assert license_inputs(version=other, use_case=world.use_case) == before


def test_a_later_correction_of_a_cell_ends_the_one_before() -> None:
    by = lawyer()
    first = correction(by)
    second = correction(by, value="research", at=NOON + dt.timedelta(days=1))

    first.refresh_from_db()
    assert (first.ended_by, first.value) == (by, "nc")
    assert list(Correction.objects.in_force()) == [second]


def test_an_ended_correction_lets_the_shipped_value_hold_again() -> None:
    made = correction(lawyer(), at=timezone.now())
    version = work("acme/model")
    assert license_inputs(version=version, use_case=None)["corrections"][0]["value"] == "nc"

    corrections.end_correction(correction_id=made.pk, reason=WHY, by=lawyer(), at=timezone.now())

    assert "corrections" not in license_inputs(version=version, use_case=None)
    with pytest.raises(LicensingRefused, match="ended already"):
        corrections.end_correction(correction_id=made.pk, reason=WHY, by=lawyer(), at=timezone.now())


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"licence": "no-such-licence"}, "unknown_licence"),
        ({"column": "no_such_column"}, "correction_refused"),
        ({"column": "id", "value": "x"}, "correction_refused"),
        ({"value": "whatever"}, "correction_refused"),
        ({"source_ref": " "}, "source_ref_required"),
        ({"reason": "short"}, "reason_required"),
        ({"source_ref": "s" * 501}, "too_long"),
    ],
)
def test_a_correction_that_the_table_cannot_hold_is_refused_and_writes_nothing(said: dict[str, str], code: str) -> None:
    with pytest.raises(NotAcceptable) as refused:
        correction(lawyer(), **said)

    assert refused.value.code == code
    assert not Correction.objects.exists()
    assert not Event.objects.exists()
    assert not Reassessment.objects.exists()


@pytest.mark.parametrize(
    "roles", [(), ("viewer",), ("reviewer:ethics",), ("approver",), ("risk_officer",), ("auditor",)]
)
def test_strangers_do_not_correct_or_annotate(roles: tuple[str, ...]) -> None:
    by = member(None, *roles)

    with pytest.raises(NotAllowed):
        correction(by)
    with pytest.raises(NotAllowed):
        notes.annotate(licence=OPEN, text=WHY, by=by, at=NOON)


def test_a_legal_reviewer_of_one_team_does_not_correct_for_all() -> None:
    with pytest.raises(NotAllowed):
        correction(member(TeamFactory(), "reviewer:legal", "admin"))


def test_an_admin_of_the_organisation_corrects() -> None:
    assert correction(member(None, "admin")).pk


def test_a_note_is_shown_with_its_clause_until_it_ends() -> None:
    by = lawyer()
    whole = notes.annotate(licence="Apache-2.0", text="read with the notice file", by=by, at=NOON)
    clause = notes.annotate(licence=OPEN, column="patent", text="read with section 3", by=by, at=NOON)

    detail = queries.licence_detail(OPEN)
    assert detail is not None
    assert list(detail.annotations) == [whole]
    assert next(list(term.annotations) for term in detail.terms if term.column == "patent") == [clause]

    notes.end_annotation(annotation_id=clause.pk, by=by, at=NOON)
    assert queries.annotations_of([OPEN]) == {(OPEN, ""): [whole]}


def test_a_note_on_no_column_or_no_licence_is_refused() -> None:
    with pytest.raises(NotAcceptable, match="no column"):
        notes.annotate(licence=OPEN, column="weather", text=WHY, by=lawyer(), at=NOON)
    with pytest.raises(NotAcceptable, match="has no"):
        notes.annotate(licence="weather", text=WHY, by=lawyer(), at=NOON)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_correct_one_cell_at_once_one_holds() -> None:
    people = [lawyer(), lawyer()]
    barrier, refused = threading.Barrier(2), []

    def say(by: User, value: str) -> None:
        try:
            barrier.wait()
            correction(by, value=value, at=timezone.now())
        except LicensingRefused as no:
            refused.append(no)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=say, args=(by, value)) for by, value in zip(people, ("nc", "research"), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Correction.objects.in_force().count() == 1
    assert Correction.objects.count() + len(refused) == 2
