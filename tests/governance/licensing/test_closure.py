from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.catalog.models import Assurance, Entry, File, Version
from governance.evidence.inputs import Wanted, wanted
from governance.licensing.closure import graph_above, versions_below
from governance.licensing.inputs import Reader, license_inputs
from governance.licensing.models import TextReview
from tests.factories import NOON, EntryFactory, UseCaseFactory, UserFactory, VersionFactory
from tests.governance.licensing.graphs import NON_COMMERCIAL, OPEN, STRICT, derive, line, work

pytestmark = pytest.mark.django_db


def works(inputs: dict[str, object]) -> dict[str, dict[str, object]]:
    return {one["id"]: one for one in inputs["works"]}  # type: ignore[attr-defined]


def test_the_inputs_hold_every_work_above_once_with_its_own_origins() -> None:
    *above, version = line(STRICT, OPEN, "mit", OPEN)

    inputs = license_inputs(version=version, use_case=UseCaseFactory())

    assert inputs["upstream"] == [{"id": "acme/work-2", "type": "model", "relation": "finetune"}]
    assert [one["id"] for one in inputs["works"]] == [one.entry.repo_id for one in above]
    assert works(inputs)["acme/work-0"]["license"] == STRICT
    assert works(inputs)["acme/work-1"]["upstream"] == [{"id": "acme/work-0", "type": "model", "relation": "finetune"}]


@pytest.mark.parametrize("depth", [1, 3, 12])
def test_the_number_of_queries_does_not_depend_on_the_depth(depth: int) -> None:
    version = line(*[OPEN] * depth)[-1]
    use_case = UseCaseFactory()

    with CaptureQueriesContext(
        connection,
    ) as asked:
        wanted(kind="license", version=version, use_case=use_case)

    assert len(asked) <= 7


def test_a_work_that_several_paths_lead_to_stands_once() -> None:
    base = work("acme/base")
    left, right = work("acme/left", OPEN, base), work("acme/right", OPEN, base)
    merged = work("acme/merged", OPEN, left, right, relation="merge")

    inputs = license_inputs(version=merged, use_case=None)

    assert sorted(works(inputs)) == ["acme/base", "acme/left", "acme/right"]


def test_a_ring_ends() -> None:
    first, second, third = line(OPEN, OPEN, OPEN)
    derive(first, third)

    inputs = license_inputs(version=third, use_case=None)

    assert sorted(works(inputs)) == ["acme/work-0", "acme/work-1", "acme/work-2"]


def test_a_name_that_nobody_has_imported_is_not_known() -> None:
    version = work("acme/model", OPEN, EntryFactory(repo_id="acme/nowhere"))

    inputs = license_inputs(version=version, use_case=None)

    assert inputs["works"] == [{"id": "acme/nowhere", "type": "model", "known": False}]


def test_a_pinned_revision_is_judged_by_its_own_licence_beside_that_of_the_newest() -> None:
    entry = EntryFactory(repo_id="acme/base")
    VersionFactory(entry=entry, revision="a" * 40, licenses=[NON_COMMERCIAL])
    VersionFactory(entry=entry, revision="b" * 40, licenses=[OPEN])
    version = work("acme/model")
    derive(version, Entry.objects.get(pk=entry.pk), revision="a" * 40)

    inputs = license_inputs(version=version, use_case=None)

    up = inputs["upstream"][0]
    assert (up["license"], up["license_at_head"], up["revision"]) == (NON_COMMERCIAL, OPEN, "a" * 40)


def test_a_ring_of_pinned_revisions_ends() -> None:
    first, second = work("acme/first"), work("acme/second")
    derive(first, second, revision=second.revision)
    derive(second, first, revision=first.revision)
    VersionFactory(entry=second.entry, licenses=[NON_COMMERCIAL])
    newer = VersionFactory(entry=first.entry, licenses=[NON_COMMERCIAL])
    derive(newer, second, revision=second.revision)

    inputs = license_inputs(version=newer, use_case=None)

    above = inputs["upstream"][0]
    assert (above["id"], above["license"]) == ("acme/second", OPEN)
    assert above["upstream"][0]["id"] == "acme/first"
    assert above["upstream"][0]["upstream"][0]["id"] == "acme/second"
    assert "upstream" not in above["upstream"][0]["upstream"][0]


def test_two_works_of_one_name_from_two_sources_are_told_apart() -> None:
    here = work("acme/base", OPEN)
    there = VersionFactory(entry=EntryFactory(repo_id="acme/base", source="hub:huggingface.co"), licenses=[STRICT])
    version = work("acme/model", OPEN, here, there)

    inputs = license_inputs(version=version, use_case=None)

    said = {one["id"]: one["license"] for one in inputs["works"]}
    assert said == {"acme/base (hub:huggingface.co)": STRICT, "acme/base (local)": OPEN}
    assert {up["id"] for up in inputs["upstream"]} == set(said)


def test_many_versions_get_the_inputs_that_each_would_get_alone() -> None:
    works_ = line(STRICT, OPEN, None, OPEN)
    derive(works_[0], works_[2])
    twin = VersionFactory(entry=EntryFactory(repo_id="acme/work-0", source="hub:huggingface.co"), licenses=["mit"])
    other = work("acme/other", OPEN, works_[1], twin.entry)
    versions = [*works_, other]

    reader = Reader(graph_above([one.pk for one in versions]))

    for version in versions:
        assert reader.inputs(version.pk, use_case=None) == license_inputs(version=version, use_case=None)


def test_a_text_that_was_read_lifts_the_unknown_for_the_same_bytes_only() -> None:
    version, other = work("acme/model", "other"), work("acme/derived", "other")
    File.objects.create(version=version, path="LICENSE", sha256="a" * 64, role="licence")
    File.objects.create(version=other, path="LICENSE", sha256="b" * 64, role="licence")
    for entry in (version.entry, other.entry):
        TextReview.objects.create(entry=entry, path="LICENSE", sha256="a" * 64, author=UserFactory(), made_at=NOON)

    assert license_inputs(version=version, use_case=None)["text_reviewed"] is True
    assert "text_reviewed" not in license_inputs(version=other, use_case=None)


def test_a_task_of_text_says_so_unless_tags_say_more() -> None:
    version = work("acme/model")
    Version.objects.filter(pk=version.pk)
    plain = VersionFactory(entry=version.entry, task="text-generation")
    more = VersionFactory(entry=version.entry, task="text-generation", tags=["vision"])

    assert license_inputs(version=plain, use_case=None)["modalities"] == ["text"]
    assert "modalities" not in license_inputs(version=more, use_case=None)


def test_files_count_as_looked_at_only_where_they_were_listed() -> None:
    bare = VersionFactory(entry=EntryFactory(repo_id="acme/bare"), assurance=Assurance.CARD_ONLY, licenses=[])
    listed = work("acme/listed", None)
    version = work("acme/model", OPEN, listed, Version.objects.select_related("entry").get(pk=bare.pk))

    said = works(license_inputs(version=version, use_case=None))

    assert said["acme/listed"]["files_checked"] is True
    assert "files_checked" not in said["acme/bare"]


def test_below_an_entry_stand_the_versions_of_all_steps() -> None:
    first, second, third = line(OPEN, OPEN, OPEN)
    derive(first, third)
    stranger = work("acme/stranger")

    assert versions_below([second.entry_id]) == sorted([first.pk, second.pk, third.pk])
    assert versions_below([], of=[stranger.entry_id]) == [stranger.pk]


def test_what_the_license_audit_reads_is_what_evidence_wants() -> None:
    version = line(OPEN, OPEN)[-1]
    use_case = UseCaseFactory()

    want = wanted(kind="license", version=version, use_case=use_case)

    assert isinstance(want, Wanted)
    assert want.inputs == license_inputs(version=version, use_case=use_case)
