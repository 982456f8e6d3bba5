from __future__ import annotations

import dataclasses
import threading
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model

from audits import blobs
from audits.models import Finding, Origin, Run
from audits.services import request_run
from governance.catalog import storing
from governance.catalog.importing import import_snapshot
from governance.catalog.models import Card, Edge, Entry, File, LicenceText, Version
from governance.catalog.snapshots import LOCAL, SnapshotRefused
from governance.evidence import services as evidence
from governance.ledger.models import Event
from tests.factories import NOON, UseCaseFactory, member
from tests.governance.catalog.cards import CARD, HUB, SHA, card, counted, entry, imported, snapshot

pytestmark = pytest.mark.django_db


def test_a_repository_becomes_an_entry_with_its_version_card_files_and_lineage() -> None:
    done = imported("Org/Model", revision=SHA, files={"config.json": b"{}", "model.safetensors": b"w"})

    version = done.version
    assert done.change == "created"
    assert (version.entry.repo_id, version.entry.key, version.entry.source) == ("Org/Model", "org/model", HUB)
    assert version.entry.latest == version
    assert version.revision == SHA
    assert (
        version.digest
        == snapshot("Org/Model", revision=SHA, files={"config.json": b"{}", "model.safetensors": b"w"}).digest
    )
    assert version.licenses == ["apache-2.0"]
    assert version.card is not None
    assert bytes(version.card.raw) == CARD
    assert version.card.metadata["base_model"] == "org/base"
    assert bytes(version.card.raw)[version.card.body_offset :].startswith(b"# A model")
    assert [(f.path, f.role, f.size) for f in version.files.order_by("path")] == [
        ("README.md", "card", len(CARD)),
        ("config.json", "config", 2),
        ("model.safetensors", "weights", 1),
    ]
    assert set(version.role_digests) == {"card", "config", "weights"}
    assert (version.file_count, version.byte_count) == (3, len(CARD) + 3)
    assert sorted((e.relation, e.to_entry.kind, e.to_entry.repo_id, e.field) for e in version.edges.all()) == [
        ("finetune", "model", "org/base", "base_model"),
        ("train_on", "dataset", "org/rows", "datasets"),
    ]


def test_what_has_no_commit_is_told_apart_by_its_digest() -> None:
    version = imported(source=LOCAL).version

    assert version.revision == version.digest


def test_names_that_only_a_card_mentions_are_entries_without_versions() -> None:
    imported()

    base = entry("org/base")
    assert base.latest is None
    assert not Entry.objects.catalogued().filter(pk=base.pk).exists()


def test_a_mere_name_becomes_a_catalogued_entry_with_the_spelling_of_its_source() -> None:
    imported()
    mentioned = entry("org/base")

    done = imported("Org/Base", raw=card(license="mit"))

    assert done.change == "created"
    assert done.entry.pk == mentioned.pk
    assert done.entry.repo_id == "Org/Base"


def test_importing_the_same_bytes_again_writes_nothing() -> None:
    first = imported()
    before = counted()

    again = imported()

    assert again.change == "unchanged"
    assert again.version == first.version
    assert counted() == before


def test_a_changed_card_is_a_further_version_and_the_newest() -> None:
    first = imported()

    second = imported(raw=CARD.replace(b"apache-2.0", b"mit"))

    assert second.change == "updated"
    assert second.entry == first.entry
    assert second.entry.latest == second.version
    assert first.version.licenses == ["apache-2.0"]


def test_two_spellings_of_one_id_are_one_entry() -> None:
    first = imported("Org/Model")
    second = imported("ORG/model", raw=card(license="mit"))

    assert first.entry.pk == second.entry.pk
    assert second.entry.repo_id == "Org/Model"


def test_a_dataset_and_a_model_of_one_name_are_two_entries() -> None:
    assert imported("org/same", raw=b"# one").entry.pk != imported("org/same", raw=b"# one", kind="dataset").entry.pk


def test_the_card_s_findings_are_those_of_a_succeeded_audit() -> None:
    version = imported(raw=card(license="no-such-licence")).version

    run = Run.objects.get(subject_digest=version.digest)
    assert (run.kind, run.state, run.attempt, run.origin, run.verdict) == ("card", "succeeded", 1, "observed", "fail")
    assert run.subject_name == "org/model"
    assert run.summary["card_score"] == version.card.score  # type: ignore[union-attr]
    unknown = run.findings.get(code="card.license.unknown_id")
    assert (unknown.severity, unknown.field, unknown.line) == ("high", "license", 2)
    assert unknown.params["id"] == "no-such-licence"


def test_a_finding_keeps_its_fingerprint_in_the_next_version() -> None:
    imported(raw=card(license="no-such-licence"))
    imported(raw=card(license="no-such-licence", tags="[a]"))

    found = Finding.objects.filter(code="card.license.unknown_id").values_list("fingerprint", flat=True)
    assert len(found) == 2
    assert len(set(found)) == 1


def test_asking_for_the_card_s_audit_after_an_import_finds_it_done() -> None:
    done = imported(files={"b.txt": b"", "a.txt": b""})
    use_case = UseCaseFactory.create()

    run = evidence.request(kind="card", version=done.version, use_case=use_case, by=None, at=NOON)

    assert run == Run.objects.get(subject_digest=done.version.digest)


def test_an_audit_that_was_asked_for_by_digest_before_the_import_stays_the_only_one() -> None:
    found = snapshot()
    blob = blobs.store_bytes(CARD, media_type="text/markdown", at=NOON)
    inputs = {"card_sha256": blob.sha256, "card_kind": "model", "files": ["README.md"]}
    asked = request_run(
        kind="card",
        subject_name="org/model",
        subject_digest=found.digest,
        inputs=inputs,
        origin=Origin.OBSERVED,
        at=NOON,
    )

    import_snapshot(snapshot=found, by=None, team=None, at=NOON)

    assert list(Run.objects.filter(subject_digest=found.digest)) == [asked]


def test_an_import_is_one_line_of_the_ledger() -> None:
    person = member(None, "submitter")

    done = imported(by=person)

    event = Event.objects.get()
    assert (event.verb, event.object_kind, event.object_ref) == ("version.imported", "version", str(done.version.pk))
    assert event.subject_digest == done.version.digest
    assert person.email not in str(event.detail)
    assert done.version.imported_by == person


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "card.empty"),
        (b"\x00\xff\xfe---\n", "card.text.nul"),
        (b"---\nlicense: mit\n", "card.front_matter.unclosed"),
        (b"---\n- a\n- b\n---\n", "card.front_matter.not_mapping"),
        (b"---\na: [1\n---\n", "card.yaml.syntax"),
        (b"---\r\nlicense: mit\r\n---\r\n# A\r\n", "card.line_ends.crlf"),
        (b"---\nlicense: mit\n---\n\xe9t\xe9 \xff\n", "card.encoding.not_utf8"),
        (b"---\na: &a [x]\nb: !!python/object:os.system {}\n---\n", "card.yaml.tag"),
        (b"---\nlicense: mit\nlicense: gpl\n---\n", "card.yaml.duplicate_key"),
        ("---\nlicense: mit\n---\n‮evil\n".encode(), "card.text.bidi"),
    ],
)
def test_fault_v43_a_broken_card_is_an_entry_with_findings_and_keeps_every_byte(raw: bytes, code: str) -> None:
    version = imported(raw=raw).version

    assert version.card is not None
    assert bytes(version.card.raw) == raw
    assert Finding.objects.filter(run__subject_digest=version.digest, code=code).exists()


def test_a_card_with_nul_in_its_metadata_is_stored() -> None:
    version = imported(raw=b'---\nlicense: mit\ntags: ["a\\0b"]\nmodel_name: "x\\0"\n---\n').version

    assert version.card is not None
    assert "\x00" not in str(version.card.metadata)


def test_a_repository_without_a_card_says_so() -> None:
    version = imported(raw=None, files={"config.json": b"{}"}).version

    assert version.card is None
    assert Finding.objects.filter(run__subject_digest=version.digest, code="card.empty").exists()


def test_a_card_of_which_only_the_beginning_was_read_says_so() -> None:
    whole = b"---\nlicense: mit\n---\n" + b"x" * 1000
    found = dataclasses.replace(snapshot(raw=whole), card=whole[:500], card_too_large=True)

    version = import_snapshot(snapshot=found, by=None, team=None, at=NOON).version

    finding = Finding.objects.get(run__subject_digest=version.digest, code="card.too_large")
    assert finding.params == {"size": len(whole), "limit": 500}
    assert version.licenses == ["mit"]


def test_a_card_that_is_not_the_listed_file_is_refused() -> None:
    found = dataclasses.replace(snapshot(), card_differs=True)

    with pytest.raises(SnapshotRefused, match="not the file that the Hub lists"):
        import_snapshot(snapshot=found, by=None, team=None, at=NOON)

    assert not Entry.objects.exists()


def test_an_id_as_long_as_the_hub_s_longest_is_stored() -> None:
    long = "a" * 100 + "/" + "b" * 155

    assert imported(long).entry.repo_id == long


@pytest.mark.parametrize("base", ["org/Base", "ORG/base", "org/base"])
def test_a_card_that_names_its_base_twice_has_one_edge(base: str) -> None:
    raw = f"---\nbase_model:\n- org/base\n- {base}\nbase_model_relation: merge\n---\n".encode()

    version = imported(raw=raw).version

    assert [(e.relation, e.to_entry.key) for e in version.edges.all()] == [("merge", "org/base")]


def test_a_card_that_names_itself_has_no_edge() -> None:
    assert not imported("org/model", raw=card(base_model="org/model")).version.edges.exists()


# --- what holds it together ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "columns", "left_out"),
    [
        (Card, storing.CARD_COLUMNS, set()),
        (Version, storing.VERSION_COLUMNS, set()),
        (File, storing.FILE_COLUMNS, {"id"}),
        (LicenceText, storing.TEXT_COLUMNS, {"id"}),
        (Edge, storing.EDGE_COLUMNS, {"id", "to_revision"}),
        (Run, storing.RUN_COLUMNS, {"lease_until", "progress_total", "woken_at", "use_case"}),
        (Finding, storing.FINDING_COLUMNS, {"id"}),
    ],
)
def test_every_column_of_an_imported_row_is_written_on_purpose(
    model: type[Model], columns: tuple[str, ...], left_out: set[str]
) -> None:
    fields: Any = model._meta.concrete_fields

    assert {field.column for field in fields} == set(columns) | left_out


@pytest.mark.django_db(transaction=True)
def test_importing_one_thing_twice_at_once_makes_one_version_and_no_error() -> None:
    changes: list[str] = []
    errors: list[BaseException] = []
    start = threading.Barrier(4)

    def run(number: int) -> None:
        try:
            start.wait(timeout=30)
            # cards that name each other, so that the imports have to do with the same entries in both directions
            names = ["org/one", "org/two"] if number % 2 else ["org/two", "org/one"]
            for name in names:
                other = "org/two" if name == "org/one" else "org/one"
                changes.append(imported(name, raw=card(base_model=other)).change)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert not errors
    assert sorted(changes) == ["created"] * 2 + ["unchanged"] * 6
    assert Version.objects.count() == Run.objects.count() == Entry.objects.count() == Event.objects.count() == 2
