"""Questions of pipelines that are answered to the end: started audits, kept answers."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from audits.models import Run
from governance.gates.models import Approval, GateEvaluation, GateVerdict
from tests.factories import TeamFactory, member
from tests.governance.catalog.clients import client
from tests.governance.gates.asking import ASK, as_, body, evaluate
from tests.governance.world import World


def test_what_is_decided_is_answered_at_once_and_kept(world: World) -> None:
    approval = world.approved()

    answer = evaluate(world, as_(world.submitter))

    kept = GateVerdict.objects.get()
    assert (answer.status_code, answer.data["verdict"], answer.data["exit_code"]) == (200, "allow", 0)
    assert answer.data["id"] == str(kept.evaluation.public_id)
    assert (kept.evaluation.asked_by, kept.approval, kept.facts_sha256) == (
        world.submitter,
        approval,
        approval.facts_sha256,
    )
    assert f'"{kept.etag}"' == answer.headers["ETag"]


def test_fault_v30_what_is_incomplete_is_pending_and_never_a_yes(world: World) -> None:
    world.attach(world.submit())

    answer = evaluate(world, as_(world.submitter), ensure_audits=True)

    assert (answer.status_code, answer.data["verdict"], answer.data["exit_code"]) == (202, "pending", 3)
    assert answer.headers["Location"] == f"{ASK}{answer.data['id']}/"
    assert int(answer.headers["Retry-After"]) > 0
    later = as_(world.submitter).get(answer.headers["Location"])
    assert (later.status_code, later.data["verdict"]) == (202, "pending")


def test_missing_audits_are_started_once(world: World) -> None:
    asking = as_(world.submitter)

    first = evaluate(world, asking, "a", ensure_audits=True)
    started = Run.objects.count()
    evaluate(world, asking, "b", ensure_audits=True)

    assert (first.data["verdict"], first.data["reason_codes"]) == ("deny", ["no_approval"])
    assert {run.kind for run in Run.objects.all()} == {"card", "license"}
    assert Run.objects.count() == started
    assert all(run.queue == "ci" and run.requested_by == world.submitter for run in Run.objects.all())


def test_without_being_told_so_nothing_is_started(world: World) -> None:
    evaluate(world, as_(world.submitter))

    assert not Run.objects.exists()


def test_who_only_reads_starts_no_audit(world: World) -> None:
    answer = evaluate(world, as_(member(world.team, "viewer")), ensure_audits=True)

    assert (answer.status_code, answer.data["code"]) == (403, "not_an_asker")
    assert not Run.objects.exists()
    assert not GateEvaluation.objects.exists()


def test_a_failed_audit_that_is_run_again_is_pending_at_once(world: World) -> None:
    submission = world.submit()
    world.attach(submission, b"label,prediction,group\n1,2\n")
    world.run_audits()
    before = evaluate(world, as_(world.submitter), "a")

    after = evaluate(world, as_(world.submitter), "b", ensure_audits=True)

    assert [before.data["verdict"], after.data["verdict"]] == ["error", "pending"]


def test_stale_evidence_is_pending_while_it_is_renewed(world: World) -> None:
    approval = world.approved()
    lapsed = {"id": "bias.audited", "policy": "high-pilot", "kind": "bias", "run": 1, "severity": "fail"}
    conditions = [{**lapsed, "code": "stale", "holds_until": "2026-01-01T00:00:00+00:00"}]
    Approval.objects.filter(pk=approval.pk).update(conditions=conditions)
    asking = as_(world.submitter)

    denied = evaluate(world, asking, "a")
    Run.objects.filter(kind="bias").update(
        state="queued", verdict="", finished_at=None, queue="ci", requested_at=timezone.now()
    )
    renewing = evaluate(world, asking, "b")

    assert (denied.data["verdict"], denied.data["reason_codes"]) == ("deny", ["bias.audited:stale"])
    assert (renewing.data["verdict"], renewing.data["reason_codes"]) == ("pending", ["bias.audited:pending"])


@pytest.mark.parametrize(
    ("known", "said", "verdict", "codes"),
    [
        ("a" * 64, "a" * 64, "allow", []),
        ("a" * 64, "b" * 64, "deny", ["manifest_mismatch"]),
        (None, "b" * 64, "deny", ["manifest_unknown"]),
        ("a" * 64, "", "allow", []),
    ],
)
def test_other_bytes_than_those_that_were_approved_are_refused(
    world: World, known: str | None, said: str, verdict: str, codes: list[str]
) -> None:
    world.version = world.new_version(manifest_digest=known)
    world.approved()

    answer = evaluate(world, as_(world.submitter), subject={"manifest_sha256": said} if said else {})

    assert (answer.data["verdict"], answer.data["reason_codes"]) == (verdict, codes)
    assert GateVerdict.objects.get().verdict == verdict


def test_the_last_word_stays_whatever_happens_later(world: World) -> None:
    approval = world.approved()
    asking = as_(world.submitter)
    said = evaluate(world, asking)

    from governance.gates import services

    services.end(approval_id=approval.pk, reason="revoked", by=world.approver, at=timezone.now())

    again = asking.get(f"{ASK}{said.data['id']}/")
    assert (again.status_code, again.json()) == (200, said.json())
    assert evaluate(world, asking, "new").data["verdict"] == "deny"


@pytest.mark.parametrize("table", ["gates_gateevaluation", "gates_gateverdict"])
def test_what_was_asked_and_told_is_not_rewritten(world: World, table: str) -> None:
    evaluate(world, as_(world.submitter))

    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET id = id + 1"):  # noqa: S608
        with pytest.raises(DatabaseError, match="kept as they were written"), transaction.atomic():
            connection.cursor().execute(statement)


def test_a_key_is_required(world: World) -> None:
    answer = as_(world.submitter).post(ASK, body(world))

    assert (answer.status_code, answer.data["code"]) == (400, "idempotency_key_required")


def test_fault_v32_the_same_key_is_answered_the_same_and_another_body_refused(world: World) -> None:
    world.attach(world.submit())
    asking = as_(world.submitter)
    first = evaluate(world, asking, ensure_audits=True)

    same, other = evaluate(world, asking, ensure_audits=True), evaluate(world, asking)

    assert (same.status_code, same.content) == (202, first.content)
    assert same.headers["Location"] == first.headers["Location"]
    assert same.headers["Retry-After"] == first.headers["Retry-After"]
    assert (other.status_code, other.data["code"]) == (422, "idempotency_key_reused")
    assert GateEvaluation.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"subject": {"revision": "main"}}, 422, "revision_must_be_commit_sha"),
        ({"subject": {"revision": ""}}, 400, "invalid"),
        ({"subject": {"manifest_sha256": "abc"}}, 400, "invalid"),
        ({"subject": {"kind": "toaster"}}, 400, "invalid"),
        ({"stage": "moon"}, 400, "invalid"),
        ({"use_case": "x" * 61}, 400, "invalid"),
        ({"ensure_audits": "perhaps"}, 400, "invalid"),
    ],
)
def test_fault_v34_a_malformed_question_is_refused(
    world: World, fields: dict[str, Any], status: int, code: str
) -> None:
    answer = evaluate(world, as_(world.submitter), **fields)

    assert (answer.status_code, answer.data["code"]) == (status, code)
    assert not GateEvaluation.objects.exists()


def test_strangers_and_unknown_names_get_the_same_no(world: World) -> None:
    world.approved()
    stranger = as_(member(TeamFactory(), "approver"))

    unseen = evaluate(world, stranger, "a", ensure_audits=True)
    unknown = evaluate(world, stranger, "b", use_case="no-such-use-case", ensure_audits=True)

    for answer in (unseen, unknown):
        assert (answer.status_code, answer.data["verdict"]) == (200, "deny")
        assert answer.data["reason_codes"] == ["no_approval"]
    assert set(unseen.data) == set(unknown.data)


def test_an_evaluation_is_its_askers(world: World) -> None:
    said = evaluate(world, as_(world.submitter))
    address = f"{ASK}{said.data['id']}/"

    assert as_(world.stranger).get(address).status_code == 404
    assert as_(world.approver).get(address).status_code == 404
    assert as_(member(None, "auditor")).get(address).status_code == 200
    assert client(world.submitter, "gate:read").get(address).status_code == 403
    assert APIClient().get(address).status_code == 401
