"""Every bias audit of a version whose entry has an approved one is compared with it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import translation

from audits import execution
from audits.models import Run
from governance.evidence import queries
from governance.evidence import services as evidence
from tests.governance.world import World, predictions


def of_the_next_version(world: World, table: bytes) -> Run:
    """The bias run of a newer version after the first one has been approved."""
    approved = world.approved()
    newer = world.new_version(entry=approved.version.entry)
    world.attach(world.submit(newer), table)
    run: Run = Run.objects.get(kind="bias", subject_digest=newer.digest)
    assert run.inputs["baseline"]["revision"] == approved.version.revision
    execution.execute(run_id=run.pk)
    run.refresh_from_db()
    assert run.state == "succeeded", run.error
    return run


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["Against the approved version", "It is worse than the approved version", "The gap of group b to a"]),
        ("ru", ["По сравнению с одобренной версией", "Она хуже одобренной версии", "Разрыв group b с a"]),
    ],
)
def test_a_worse_version_is_told_so_as_a_finding_of_its_own(
    client: Client, world: World, language: str, said: list[str]
) -> None:
    run = of_the_next_version(world, predictions(fair=False))

    codes = set(run.findings.values_list("code", flat=True))
    assert "regression.gap_wider" in codes
    world.submitter.language = language
    world.submitter.save(update_fields=["language"])
    client.force_login(world.submitter)
    with translation.override(language):
        page = client.get(f"/runs/{run.pk}/", headers={"accept-language": language}).content.decode()
    for words in said:
        assert words in page


def test_an_equal_version_is_compared_and_has_no_finding_for_it(world: World) -> None:
    run = of_the_next_version(world, predictions())

    assert not [code for code in run.findings.values_list("code", flat=True) if code.startswith("regression")]


def test_a_first_version_and_an_approved_one_are_compared_with_nothing(world: World) -> None:
    approved = world.approved()

    first = Run.objects.get(kind="bias")
    assert "baseline" not in first.inputs
    again = evidence.request(
        kind="bias", version=approved.version, use_case=world.use_case, renews=first, by=world.submitter, at=world.at
    )
    assert "baseline" not in again.inputs


def test_what_a_run_was_compared_with_does_not_make_it_stale(world: World) -> None:
    run = of_the_next_version(world, predictions())
    newer = world.version.entry.versions.get(digest=run.subject_digest)

    (standing,) = queries.standings(version=newer, use_case=world.use_case, kinds=["bias"])

    assert standing.run == run


def test_an_approved_table_that_is_gone_is_said_and_hinders_nothing(world: World, monkeypatch) -> None:
    from audits import blobs
    from audits.kinds.base import InputsRejected

    approved = world.approved()
    newer = world.new_version(entry=approved.version.entry)
    world.attach(world.submit(newer), predictions(fair=False))
    run = Run.objects.get(kind="bias", subject_digest=newer.digest)
    gone, opened = run.inputs["baseline"]["predictions"]["sha256"], blobs.open_checked

    def opens(sha256: str):
        if sha256 == gone:
            raise InputsRejected("upload_erased", "the file was erased")
        return opened(sha256)

    monkeypatch.setattr(blobs, "open_checked", opens)

    execution.execute(run_id=run.pk)

    run.refresh_from_db()
    assert (run.state, run.verdict) == ("succeeded", "fail")
    (finding,) = run.findings.filter(code__startswith="regression")
    assert (finding.code, finding.params) == ("regression.not_compared", {"why": "upload_erased"})
