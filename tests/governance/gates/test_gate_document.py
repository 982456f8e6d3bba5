"""The gate's answer as pipelines get it: its document, its tag, and the way to yes."""

from __future__ import annotations

from django.utils import timezone

from governance.gates import queries, services
from governance.gates.documents import as_text, gate_document
from governance.gates.models import Approval, EndedReason
from governance.reviews.models import Submission
from tests.governance.gates.approvals import in_production
from tests.governance.world import World, predictions


def test_fault_v33_the_tag_changes_with_votes_decisions_and_time(world: World) -> None:
    submission = world.audited()
    tags = [world.gate().etag]
    assert world.gate().etag == tags[0], "nothing has changed"
    world.vote(submission, world.domain, "domain")
    tags.append(world.gate().etag)
    world.vote(submission, world.ethics, "ethics")
    tags.append(world.gate().etag)
    approval = world.approve(submission).approval
    assert approval is not None
    tags.append(world.gate().etag)
    past = [{**condition, "holds_until": "2026-01-01T00:00:00+00:00"} for condition in approval.conditions]
    assert past == [], "a pilot has no condition that time alone changes"
    services.end(approval_id=approval.pk, reason=EndedReason.SUSPENDED, by=world.approver, at=timezone.now())
    tags.append(world.gate().etag)

    assert len(set(tags)) == len(tags)


def test_fault_v33_the_tag_changes_by_time_alone(world: World) -> None:
    approval = in_production(world, days_ago=10)
    before = world.gate().etag
    passed = [{**condition, "holds_until": world.at.isoformat()} for condition in approval.conditions]

    Approval.objects.filter(pk=approval.pk).update(conditions=passed)

    assert world.gate().etag != before


def test_the_document_has_all_that_is_promised(world: World) -> None:
    world.approved()

    document = gate_document(world.gate())

    assert document["verdict"] == "allow"
    assert document["exit_code"] == 0
    assert document["subject"] == {
        "kind": "model",
        "id": world.version.entry.repo_id,
        "revision": world.version.revision,
        "digest": world.version.digest,
        "assurance": "hashed",
    }
    assert document["counts"] == {"satisfied": 4}
    assert document["grant"]["ended_at"] is None
    assert document["valid_until"] == document["grant"]["expires_at"]
    assert [p["name"] for p in document["policies"]] == ["high-pilot"]
    assert {vote["lane"] for vote in document["votes"]} == {"domain", "ethics"}
    assert document["url"].endswith(f"/submissions/{Submission.objects.get().pk}/")
    bias = next(r for r in document["requirements"] if r["kind"] == "bias")
    assert bias["origin"] == "declared"
    assert bias["evidence"].endswith(f"/runs/{bias['run']}/")


def test_a_no_says_what_stops_it_and_the_way_to_yes(world: World) -> None:
    submission = world.submit()
    world.attach(submission, predictions(fair=False))
    world.run_audits()

    text = as_text(gate_document(world.gate()))

    assert text.startswith(f"No. {world.version.entry.repo_id}@{world.version.revision[:8]} may not run in pilot")
    assert "The bias audit says fail; accepted are pass, warning." in text
    assert "Mend what the bias audit found" in text
    assert "1 more person has to agree in lane Ethics." in text


def test_nothing_known_reads_as_a_plain_no(world: World) -> None:
    text = as_text(gate_document(world.gate()))

    assert "nobody has approved this version for this use case and stage" in text


def test_the_small_tag_is_that_of_the_whole_answer(world: World) -> None:
    from governance.gates.stored import in_force_tag

    def small() -> str:
        version = world.version
        subject = queries.subject(kind="model", repo_id=version.entry.repo_id, revision=version.revision)
        return in_force_tag(user=world.submitter, subject=subject, use_case=world.use_case.slug, stage=world.stage)

    before = small()
    approval = in_production(world, days_ago=10)
    granted = small()
    same = granted == world.gate().etag
    passed = [{**condition, "holds_until": world.at.isoformat()} for condition in approval.conditions]
    Approval.objects.filter(pk=approval.pk).update(conditions=passed)
    lapsed = small()

    assert (before, same) == ("", True)
    assert lapsed == world.gate().etag != granted
    services.end(approval_id=approval.pk, reason=EndedReason.REVOKED, by=world.approver, at=timezone.now())
    assert small() == ""
