from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from audits.models import Run
from governance.catalog.models import File
from governance.ledger.models import Event
from governance.licensing import queries, services
from governance.licensing.inputs import license_inputs
from governance.licensing.models import (
    Correction,
    Override,
    Reassessment,
    Standing,
)
from governance.licensing.rules import LicensingRefused, NotAcceptable, NotAllowed
from governance.notifications.models import Outbox
from governance.people.models import Lane, Membership, Role, User
from tests.factories import NOON, TeamFactory, UserFactory, member
from tests.governance.licensing.graphs import (
    NON_COMMERCIAL,
    OPEN,
    derive,
    import_again,
    line,
    reassess_all,
    statements,
    work,
)
from tests.governance.world import World

pytestmark = pytest.mark.django_db
WHY = "the text says so in so many words"


def lawyer() -> User:
    return member(None, "reviewer:legal")


def correction(by: User, **fields: Any) -> Correction:
    said = {"licence": OPEN, "column": "use", "value": "nc", "source_ref": "s.2", "reason": WHY, "at": NOON}
    return services.correct(by=by, **{**said, **fields})


# --- corrections -----------------------------------------------------------------------------------------------------


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

    services.end_correction(correction_id=made.pk, reason=WHY, by=lawyer(), at=timezone.now())

    assert "corrections" not in license_inputs(version=version, use_case=None)
    with pytest.raises(LicensingRefused, match="ended already"):
        services.end_correction(correction_id=made.pk, reason=WHY, by=lawyer(), at=timezone.now())


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
        services.annotate(licence=OPEN, text=WHY, by=by, at=NOON)


def test_a_legal_reviewer_of_one_team_does_not_correct_for_all() -> None:
    with pytest.raises(NotAllowed):
        correction(member(TeamFactory(), "reviewer:legal", "admin"))


def test_an_admin_of_the_organisation_corrects() -> None:
    assert correction(member(None, "admin")).pk


# --- annotations -----------------------------------------------------------------------------------------------------


def test_a_note_is_shown_with_its_clause_until_it_ends() -> None:
    by = lawyer()
    whole = services.annotate(licence="Apache-2.0", text="read with the notice file", by=by, at=NOON)
    clause = services.annotate(licence=OPEN, column="patent", text="read with section 3", by=by, at=NOON)

    detail = queries.licence_detail(OPEN)
    assert detail is not None
    assert list(detail.annotations) == [whole]
    assert next(list(term.annotations) for term in detail.terms if term.column == "patent") == [clause]

    services.end_annotation(annotation_id=clause.pk, by=by, at=NOON)
    assert queries.annotations_of([OPEN]) == {(OPEN, ""): [whole]}


def test_a_note_on_no_column_or_no_licence_is_refused() -> None:
    with pytest.raises(NotAcceptable, match="no column"):
        services.annotate(licence=OPEN, column="weather", text=WHY, by=lawyer(), at=NOON)
    with pytest.raises(NotAcceptable, match="has no"):
        services.annotate(licence="weather", text=WHY, by=lawyer(), at=NOON)


# --- overrides -------------------------------------------------------------------------------------------------------


def conflicting() -> World:
    """A version that conflicts with what stands two steps above it, audited for a use case."""
    world = World()
    derive(world.version, line(NON_COMMERCIAL, OPEN)[-1])
    world.audited()
    return world


CHAIN = ["acme/work-0", "acme/work-1", "<artefact>"]


def overridden(world: World, *, by: User | None = None, **fields: Any) -> Override:
    said: dict[str, Any] = {
        "version": world.version,
        "code": "C-NC",
        "chain": CHAIN,
        "use_case": world.use_case,
        "reason": WHY,
        "until": world.at + dt.timedelta(days=30),
        "by": by or member(world.team, "reviewer:legal"),
        "at": world.at,
    }
    return services.override(**{**said, **fields})


def latest(world: World) -> Run:
    run = Run.objects.for_subject(world.version.digest).filter(kind="license").newest_first().first()
    assert run is not None
    return run


def test_an_overridden_finding_no_longer_counts_and_stays_on_record() -> None:
    world = conflicting()
    assert latest(world).verdict == "conflict"

    made = overridden(world)
    reassess_all()

    run = latest(world)
    assert run.verdict != "conflict"
    assert run.inputs["overrides"][0]["code"] == "C-NC"
    assert Event.objects.get(verb="licence.overridden").object_ref == str(made.pk)


def test_an_override_covers_the_next_version_of_the_entry_too() -> None:
    world = conflicting()
    overridden(world)

    later = world.new_version(entry=world.version.entry)
    derive(later, line(NON_COMMERCIAL, OPEN)[-1])

    assert license_inputs(version=later, use_case=world.use_case)["overrides"][0]["chain"] == CHAIN


def test_an_override_for_one_use_case_says_nothing_in_another() -> None:
    world = conflicting()
    overridden(world)

    assert "overrides" not in license_inputs(version=world.version, use_case=None)


def test_an_override_for_every_use_case_takes_the_organisation_s_reviewer() -> None:
    world = conflicting()
    with pytest.raises(NotAllowed):
        overridden(world, use_case=None)

    overridden(world, use_case=None, by=lawyer())

    assert license_inputs(version=world.version, use_case=None)["overrides"]


def test_an_approval_does_not_outlive_the_override_that_it_rests_on() -> None:
    world = conflicting()
    until = world.at + dt.timedelta(days=7)
    overridden(world, until=until)
    reassess_all()

    approval = world.approved_of_open()

    assert approval.next_boundary == until
    lapses = {condition["code"] for condition in approval.conditions if condition["kind"] == "license"}
    assert lapses == {"override_ended"}


def test_the_gate_closes_when_the_override_runs_out_without_any_beat() -> None:
    world = conflicting()
    now = timezone.now()
    Override.objects.create(
        entry=world.version.entry,
        use_case=world.use_case,
        code="C-NC",
        chain=CHAIN,
        reason=WHY,
        author=lawyer(),
        made_at=now - dt.timedelta(days=1),
        until=now + dt.timedelta(seconds=8),
    )
    world.run_license()
    world.approved_of_open()
    assert world.gate().verdict == "allow"

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep_until(%s)", [now + dt.timedelta(seconds=8.1)])

    answer = world.gate()
    assert answer.verdict == "deny"
    assert "license.compatible:override_ended" in answer.reason_codes


def test_an_override_that_is_ended_early_closes_the_gate_at_once() -> None:
    world = conflicting()
    made = overridden(world)
    reassess_all()
    approval = world.approved_of_open()

    services.end_override(override_id=made.pk, reason=WHY, by=member(world.team, "reviewer:legal"), at=timezone.now())

    assert world.gate().verdict == "deny"
    reassess_all()
    approval.refresh_from_db()
    assert approval.ended_reason == "evidence_failed"


def test_who_submitted_or_brought_evidence_does_not_override() -> None:
    world = conflicting()
    Membership.objects.create(user=world.submitter, team=None, role=Role.REVIEWER, lane=Lane.LEGAL)

    with pytest.raises(NotAllowed, match="someone else"):
        overridden(world, by=world.submitter)


@pytest.mark.parametrize("roles", [("submitter",), ("approver",), ("reviewer:ethics",), ("admin",)])
def test_other_roles_do_not_override(roles: tuple[str, ...]) -> None:
    world = conflicting()

    with pytest.raises(NotAllowed):
        overridden(world, by=member(world.team, *roles))


def test_a_stranger_neither_overrides_nor_ends_nor_sees_an_override() -> None:
    world = conflicting()
    made = overridden(world)
    stranger = member(TeamFactory(), "reviewer:legal")

    with pytest.raises(NotAllowed):
        overridden(world, by=stranger)
    with pytest.raises(NotAllowed):
        services.end_override(override_id=made.pk, reason=WHY, by=stranger, at=timezone.now())
    assert not Override.objects.visible_to(stranger).exists()
    assert Override.objects.visible_to(world.approver).exists()


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"code": "C-ND"}, "no_such_finding"),
        ({"code": "nonsense"}, "no_such_finding"),
        ({"chain": ["acme/work-1", "<artefact>"]}, "no_such_finding"),
        ({"chain": []}, "no_such_finding"),
        ({"reason": "because"}, "reason_required"),
        ({"until": NOON.replace(year=2020)}, "until_out_of_range"),
        ({"until": dt.datetime(2099, 1, 1, tzinfo=dt.UTC)}, "until_out_of_range"),
    ],
)
def test_an_override_of_nothing_or_without_its_end_is_refused(said: dict[str, Any], code: str) -> None:
    world = conflicting()

    with pytest.raises(NotAcceptable) as refused:
        overridden(world, **said)

    assert refused.value.code == code
    assert not Override.objects.exists()


# --- texts and duties ------------------------------------------------------------------------------------------------


def test_a_text_that_was_read_counts_and_its_end_closes() -> None:
    version = work("acme/model", "other")
    File.objects.create(version=version, path="LICENSE", sha256="a" * 64, role="licence")

    made = services.review_text(version=version, path="LICENSE", by=lawyer(), at=timezone.now())
    assert license_inputs(version=version, use_case=None)["text_reviewed"] is True
    reassess_all()
    assert "U-OTHER" not in Standing.objects.get(entry=version.entry).codes

    services.end_text_review(text_review_id=made.pk, reason=WHY, by=lawyer(), at=timezone.now())
    reassess_all()
    assert "U-OTHER" in Standing.objects.get(entry=version.entry).codes


def test_a_text_whose_bytes_are_others_or_unknown_is_not_taken_on_trust() -> None:
    version = work("acme/model", "other")
    File.objects.create(version=version, path="LICENSE", sha256="a" * 64, role="licence")
    File.objects.create(version=version, path="COPYING", git_oid="c" * 40, role="licence")
    by = lawyer()

    with pytest.raises(NotAcceptable, match="another SHA-256"):
        services.review_text(version=version, path="LICENSE", sha256="b" * 64, by=by, at=NOON)
    with pytest.raises(NotAcceptable, match="not known here"):
        services.review_text(version=version, path="COPYING", by=by, at=NOON)
    with pytest.raises(NotAcceptable, match="no licence file"):
        services.review_text(version=version, path="README.md", by=by, at=NOON)
    assert services.review_text(version=version, path="COPYING", sha256="b" * 64, by=by, at=NOON).git_oid == "c" * 40


def test_an_attested_obligation_is_attested_in_that_use_case_only() -> None:
    world = World()
    world.use_case.licence_profile = {"purpose": "commercial", "mode": "redistribute_weights"}
    world.use_case.save()
    code = next(
        duty.code
        for duty in queries.obligations(version=world.version, use_case=world.use_case)
        if duty.state == "open" and not duty.latent
    )

    made = services.attest(
        version=world.version,
        use_case=world.use_case,
        code=code,
        note="in the product's about box",
        by=world.submitter,
        at=timezone.now(),
    )

    duties = {one.code: one for one in queries.obligations(version=world.version, use_case=world.use_case)}
    assert (duties[code].state, duties[code].attested) == ("attested", made)
    assert all(one.state != "attested" for one in queries.obligations(version=world.version))


def test_strangers_do_not_attest_or_read_texts() -> None:
    world = World()

    for by in (world.stranger, world.approver):
        with pytest.raises(NotAllowed):
            services.attest(version=world.version, use_case=world.use_case, code="O-ATTRIB", note=WHY, by=by, at=NOON)
        with pytest.raises(NotAllowed):
            services.review_text(version=world.version, path="LICENSE", by=by, at=NOON)
    with pytest.raises(NotAcceptable, match="no obligation"):
        services.attest(
            version=world.version, use_case=world.use_case, code="C-NC", note=WHY, by=world.submitter, at=NOON
        )


# --- what is said stays as it was said -------------------------------------------------------------------------------


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


def test_the_import_of_a_version_notes_what_has_to_be_judged() -> None:
    work("acme/base")

    import_again("acme/base", "mit")

    noted = Reassessment.objects.get()
    assert noted.state == "queued"
    assert len(noted.entries) == 1
