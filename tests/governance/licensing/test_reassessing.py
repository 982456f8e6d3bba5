from __future__ import annotations

import datetime as dt
import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db.models import NOT_PROVIDED
from django.utils import timezone

from audits.models import Finding, Run
from governance.gates.models import Approval
from governance.licensing import reassessing, tasks
from governance.licensing.models import Override, Reassessment, Standing
from governance.licensing.reassessing import queue, rows
from governance.policies import facts
from tests.factories import NOON, EntryFactory, UserFactory
from tests.governance.licensing.graphs import NON_COMMERCIAL, OPEN, derive, import_again, left, line, reassess_all, work
from tests.governance.world import World

pytestmark = pytest.mark.django_db


def approved_on(*licences: str) -> tuple[World, Approval]:
    """An approval of a version at the end of a chain of works."""
    world = World()
    derive(world.version, line(*licences)[-1])
    return world, world.approved()


def test_a_new_licence_of_a_direct_upstream_closes_the_gate_at_once() -> None:
    world, _ = approved_on(OPEN)
    assert world.gate().verdict == "allow"

    import_again("acme/work-0", NON_COMMERCIAL)

    answer = world.gate()
    assert answer.verdict == "deny"
    assert "license.compatible:outdated" in answer.reason_codes


def test_a_new_licence_twelve_steps_above_closes_the_gate_at_once() -> None:
    world, _ = approved_on(*[OPEN] * 12)

    import_again("acme/work-0", NON_COMMERCIAL)

    assert world.gate().verdict == "deny"


def test_what_is_judged_again_and_no_longer_holds_ends_the_approval_with_a_reason() -> None:
    world, approval = approved_on(*[OPEN] * 12)
    import_again("acme/work-0", NON_COMMERCIAL)

    reassess_all()

    approval.refresh_from_db()
    assert approval.ended_reason == "evidence_failed"
    assert world.gate().reason_codes == ("approval:evidence_failed",)
    run = Run.objects.for_subject(world.version.digest).filter(kind="license").newest_first().first()
    assert run is not None
    assert (run.state, run.verdict, run.origin, run.use_case) == (
        "succeeded",
        "conflict",
        "observed",
        world.use_case.slug,
    )
    found = Finding.objects.get(run=run, code="C-NC")
    assert found.locus.split(" <- ")[0] == "acme/work-0"


def test_what_is_judged_again_and_still_holds_opens_the_gate_again() -> None:
    world, approval = approved_on(OPEN, OPEN)
    import_again("acme/work-0", "mit")
    assert world.gate().verdict == "deny"

    reassess_all()

    assert world.gate().verdict == "allow"
    approval.refresh_from_db()
    assert approval.ended_at is None


def test_the_same_licence_in_a_new_version_closes_nothing() -> None:
    world, _ = approved_on(OPEN)
    import_again("acme/work-0", OPEN)  # its card is another, and it now has one
    reassess_all()

    import_again("acme/work-0", OPEN + " # unchanged")

    assert world.gate().verdict == "allow"


def test_a_name_that_becomes_known_is_judged() -> None:
    world = World()
    derive(world.version, EntryFactory(repo_id="acme/base"))
    submission = world.audited()
    assert submission.facts["license"]["verdict"] == "unknown"

    import_again("acme/base", OPEN)
    reassess_all()

    submission.refresh_from_db()
    assert submission.facts["license"]["verdict"] == "pass"


def test_an_open_submission_is_judged_on_the_new_verdict() -> None:
    world = World()
    derive(world.version, *line(OPEN, OPEN)[-1:])
    submission = world.audited()
    assert submission.facts["license"]["conflicts"] == []

    import_again("acme/work-0", NON_COMMERCIAL)
    reassess_all()

    submission.refresh_from_db()
    assert submission.facts["license"]["verdict"] == "conflict"
    assert submission.facts["license"]["conflicts"][0]["code"] == "C-NC"
    assert submission.facts["license"]["conflicts"][0]["chain"][0] == "acme/work-0"


def test_a_run_of_a_reassessment_is_the_one_that_a_worker_would_have_stored() -> None:
    world = World()
    derive(world.version, *line(OPEN, OPEN)[-1:])
    world.audited()
    import_again("acme/work-0", NON_COMMERCIAL)
    reassess_all()
    stored = Run.objects.for_subject(world.version.digest).filter(kind="license").newest_first().first()
    assert stored is not None
    ours = [*Finding.objects.filter(run=stored).order_by("pk").values_list("code", "severity", "locus", "params")]
    known = facts.facts(
        version=world.version, use_case=world.use_case, stage=world.stage, kinds=["license"], at=timezone.now()
    )
    stored_digest = stored.inputs_digest
    Finding.objects.filter(run=stored).delete()
    Run.objects.filter(pk=stored.pk).update(state="cancelled", verdict="", requested_at=NOON)

    world.run_license()

    run = Run.objects.get(inputs_digest=stored_digest, state="succeeded")
    assert run.inputs == stored.inputs
    assert (run.verdict, run.summary, run.packages) == (stored.verdict, stored.summary, stored.packages)
    assert [*Finding.objects.filter(run=run).order_by("pk").values_list("code", "severity", "locus", "params")] == ours
    again = facts.facts(
        version=world.version, use_case=world.use_case, stage=world.stage, kinds=["license"], at=timezone.now()
    )
    assert again["license"] == known["license"]


def test_every_entry_below_gets_its_standing() -> None:
    works = line(OPEN, OPEN, OPEN)
    import_again("acme/work-0", "mit")
    reassess_all()
    assert set(Standing.objects.values_list("entry_id", flat=True)) == {one.entry_id for one in works}

    import_again("acme/work-0", NON_COMMERCIAL)
    reassess_all()

    last = Standing.objects.get(entry=works[-1].entry)
    assert last.verdict == "conflict"
    assert "C-NC" in last.codes


def test_a_ring_of_works_is_judged_and_ends() -> None:
    first, second = line(OPEN, OPEN)
    derive(first, second)

    import_again("acme/work-1", NON_COMMERCIAL)
    reassess_all()

    assert Standing.objects.filter(entry=first.entry, verdict="conflict").exists()
    assert left() == 0


def test_hundreds_of_descendants_are_stored_in_a_constant_number_of_statements(django_assert_max_num_queries) -> None:
    base = work("acme/base", OPEN)
    for number in range(400):
        work(f"acme/leaf-{number}", OPEN, base)
    import_again("acme/base", NON_COMMERCIAL)

    with django_assert_max_num_queries(40):
        done = reassess_all()

    assert done.judged == 401
    assert Standing.objects.filter(verdict="conflict").count() == 400 + 1


def test_doing_it_twice_stores_nothing_twice() -> None:
    world, _ = approved_on(OPEN, OPEN)
    import_again("acme/work-0", "mit")
    reassess_all()
    runs, standings = Run.objects.count(), list(Standing.objects.order_by("pk").values())

    Reassessment.objects.update(state="queued")
    done = reassess_all()

    assert done.runs == 0
    assert Run.objects.count() == runs
    assert list(Standing.objects.order_by("pk").values()) == standings
    assert world.gate().verdict == "allow"


def test_a_lost_worker_s_work_is_taken_up_again_by_the_sweep() -> None:
    work("acme/base", OPEN)
    import_again("acme/base", NON_COMMERCIAL)
    Reassessment.objects.update(
        state="running", attempt=1, lease_until=timezone.now() - dt.timedelta(seconds=1), told_at=timezone.now()
    )
    told = []

    assert reassessing.sweep(wake=lambda: told.append(1) or True)

    assert told
    assert Reassessment.objects.get(cause="import").state == "queued"


def test_a_worker_that_is_always_lost_leaves_the_gate_closed() -> None:
    world, _ = approved_on(OPEN)
    import_again("acme/work-0", "mit")
    Reassessment.objects.update(
        state="running", attempt=reassessing.ATTEMPTS, lease_until=timezone.now() - dt.timedelta(seconds=1)
    )

    reassessing.sweep(wake=tasks.wake)

    assert Reassessment.objects.get(cause="import").state == "failed"
    assert world.gate().verdict == "deny"


def test_one_change_that_cannot_be_judged_does_not_keep_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = work("acme/good", OPEN), work("acme/bad", OPEN)
    import_again("acme/good", NON_COMMERCIAL)
    import_again("acme/bad", NON_COMMERCIAL)
    plain = reassessing.reassess

    def breaks(*, entries, alone, renew):
        if bad.entry_id in {*entries, *alone}:
            raise RuntimeError("no")
        return plain(entries=entries, alone=alone, renew=renew)

    monkeypatch.setattr(queue, "reassess", breaks)
    reassessing.carry_out()

    assert Standing.objects.filter(entry=good.entry).exists()
    assert left() == 1


def test_a_release_with_another_table_closes_what_rests_on_the_one_before_until_it_is_judged() -> None:
    world, approval = approved_on(OPEN)
    Reassessment.objects.create(cause="table", cause_ref="0" * 64, state="done", requested_at=NOON)
    assert world.gate().verdict == "allow"

    reassessing.sweep(wake=lambda: True)

    assert world.gate().verdict == "deny"
    reassess_all()
    assert world.gate().verdict == "allow"
    assert Standing.objects.count() == 2
    reassessing.sweep(wake=lambda: True)
    assert Reassessment.objects.filter(cause="table").count() == 2
    assert world.gate().verdict == "allow"
    approval.refresh_from_db()
    assert approval.ended_at is None


def test_a_fresh_installation_notes_its_table_and_closes_nothing() -> None:
    world, _ = approved_on(OPEN)

    reassessing.sweep(wake=lambda: True)

    assert Reassessment.objects.get(cause="table").state == "queued"
    assert world.gate().verdict == "allow"


def test_an_override_that_has_run_out_is_judged_again_by_the_sweep() -> None:
    version = work("acme/model")
    now = timezone.now()
    made = Override.objects.create(
        entry=version.entry,
        code="C-NC",
        chain=["acme/base", "<artefact>"],
        reason="agreed for a day",
        author=UserFactory(),
        made_at=now - dt.timedelta(days=2),
        until=now - dt.timedelta(days=1),
    )

    reassessing.sweep(wake=lambda: True)
    reassessing.sweep(wake=lambda: True)

    made.refresh_from_db()
    assert made.ended_at == made.until
    assert Reassessment.objects.get(cause="override").alone == [version.entry_id]


def test_the_columns_that_are_copied_are_those_of_the_models() -> None:
    for model, columns in ((Run, rows.RUN_COLUMNS), (Finding, rows.FINDING_COLUMNS)):
        fields = {field.column for field in model._meta.concrete_fields}
        assert set(columns) <= fields
        needed = {
            field.column
            for field in model._meta.concrete_fields
            if not field.null and not field.primary_key and field.db_default is NOT_PROVIDED
        }
        assert needed <= set(columns)


def given_up(**fields: object) -> Reassessment:
    entry = work("acme/base", OPEN).entry
    return Reassessment.objects.create(
        cause="import",
        cause_ref="1 versions",
        entries=[entry.pk],
        requested_at=NOON,
        state="failed",
        attempt=reassessing.ATTEMPTS,
        finished_at=NOON,
        error="broke off",
        **fields,
    )


def retried(*arguments: str) -> str:
    out = io.StringIO()
    call_command("retry_reassessments", *arguments, stdout=out)
    return out.getvalue()


def test_what_was_given_up_is_tried_again_by_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    monkeypatch.setattr(tasks, "wake", lambda: told.append(1) or True)
    one = given_up()

    said = retried()

    one.refresh_from_db()
    assert (one.state, one.attempt, one.finished_at, one.told_at) == ("queued", 0, None, None)
    assert told == [1]
    assert "a version was imported (1 versions): broke off" in said
    assert "1 queued again; the workers are told." in said
    reassess_all()
    one.refresh_from_db()
    assert (one.state, one.error) == ("done", "")
    assert Standing.objects.filter(entry__in=one.entries).exists()


def test_the_command_lists_without_touching_and_takes_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "wake", lambda: False)
    first = given_up()
    second = Reassessment.objects.create(
        cause="duty", cause_ref="duty 1", requested_at=NOON, state="failed", error="other", finished_at=NOON
    )

    assert "2 failed" in retried("--list")
    assert {one.state for one in Reassessment.objects.all()} == {"failed"}
    document = json.loads(retried("--format", "json", str(second.pk)))

    assert document["told"] is False
    assert [one["id"] for one in document["reassessments"]] == [second.pk]
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == ("failed", "queued")


def test_the_command_refuses_what_has_not_failed() -> None:
    queued = Reassessment.objects.create(cause="duty", requested_at=NOON)

    assert retried() == "No reassessment has failed.\n"
    with pytest.raises(CommandError, match=f"no reassessment that failed has the id {queued.pk}") as refused:
        retried(str(queued.pk))

    assert refused.value.returncode == 2
    assert Reassessment.objects.get().state == "queued"
