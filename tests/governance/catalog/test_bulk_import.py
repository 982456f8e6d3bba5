from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model

from audits.models import Finding, Run
from governance.catalog import bulk, collected
from governance.catalog.bulk import bulk_import
from governance.catalog.importing import import_snapshot
from governance.catalog.models import Card, Edge, Entry, File, Version
from governance.catalog.snapshots import Snapshot, SnapshotRefused
from governance.ledger.models import Event
from tests.factories import NOON
from tests.governance.catalog.cards import CARD, DATA, HUB, card, entry, imported, snapshot

pytestmark = pytest.mark.django_db


def store(snapshots: Iterable[Snapshot | SnapshotRefused], **options: Any) -> bulk.ImportReport:
    return bulk_import(snapshots=snapshots, by=None, at=NOON, **options)


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """All rows that an import writes, with names where ids stand."""
    return {
        "entries": sorted(Entry.objects.values_list("source", "kind", "repo_id", "key", "latest__digest")),
        "cards": sorted(
            (sha256, kind, bytes(raw), *rest)
            for sha256, kind, raw, *rest in Card.objects.values_list(
                "sha256", "kind", "raw", "size", "body_offset", "metadata", "licenses", "score"
            )
        ),
        "versions": sorted(
            Version.objects.values_list(
                "digest",
                "entry__key",
                "revision",
                "card__sha256",
                "manifest_digest",
                "role_digests",
                "assurance",
                "file_count",
                "byte_count",
                "library",
                "task",
                "tags",
                "licenses",
                "hub_modified_at",
                "imported_at",
            ),
            key=str,
        ),
        "files": sorted(
            File.objects.values_list("version__digest", "path", "size", "sha256", "git_oid", "role"), key=str
        ),
        "edges": sorted(
            Edge.objects.values_list("version__digest", "to_entry__key", "relation", "origin", "field", "declared")
        ),
        "runs": sorted(
            Run.objects.values_list(
                "subject_digest",
                "subject_name",
                "kind",
                "kind_version",
                "inputs",
                "inputs_digest",
                "packages",
                "state",
                "attempt",
                "verdict",
                "summary",
                "time_limit_s",
                "finished_at",
            ),
            key=str,
        ),
        "findings": sorted(
            Finding.objects.values_list(
                "run__subject_digest", "code", "severity", "locus", "field", "line", "params", "fingerprint"
            ),
            key=str,
        ),
    }


def forget() -> None:
    """Empty the tables, those too that keep their rows."""
    models: list[type[Model]] = [Finding, Run, Edge, File, Version, Card, Entry]
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        Entry.objects.update(latest=None)
        for model in models:
            model._default_manager.all().delete()
        cursor.execute("SET session_replication_role = DEFAULT")


def real() -> list[Snapshot]:
    """Fifty real cards from all over the alphabet, and forty answers with their files."""
    if not DATA.is_dir():
        pytest.skip(f"the cards are not at {DATA}")
    found = collected.read_folder(DATA / "models", kind="model", source=HUB, max_card_bytes=5_000_000)
    cards = [one for one in found if isinstance(one, Snapshot)][::39]
    answers: Iterator[Any] = collected.read_folder(DATA / "hub_api", kind="model", source=HUB, max_card_bytes=5_000_000)
    listed = [one for one in answers if isinstance(one, Snapshot)][:4000:100]
    return [*cards, *listed]


def test_many_at_once_make_the_same_rows_as_one_by_one() -> None:
    some = real()
    assert len(some) > 80
    store(some, batch=33)
    together = everything()
    forget()

    for one in some:
        import_snapshot(snapshot=one, by=None, team=None, at=NOON)

    alone = everything()
    for table, rows in alone.items():
        assert together[table] == rows, table


def test_the_report_says_what_became_of_everything_that_was_read() -> None:
    imported("org/there")
    imported("org/changed")
    imported("org/model", raw=card(base_model="org/mentioned"))
    some: list[Snapshot | SnapshotRefused] = [
        snapshot("org/there"),
        snapshot("org/changed", raw=card(license="mit")),
        snapshot("org/mentioned", raw=card(license="nothing-known")),
        snapshot("org/new", raw=b""),
        SnapshotRefused("bad_json", "line 7 is not JSON"),
    ]
    refusals: list[str] = []

    report = store(some, refused=lambda refusal: refusals.append(refusal.code))

    assert (report.read, report.created, report.updated, report.unchanged, report.refused) == (5, 2, 1, 1, 1)
    assert refusals == ["bad_json"]
    assert report.findings["card.license.unknown_id"] == 1
    assert report.findings["card.empty"] == 1
    assert report.findings == dict(
        sum(
            (
                Counter(Run.objects.filter(subject_digest=one.digest).values_list("findings__code", flat=True))
                for one in some
                if isinstance(one, Snapshot)
            ),
            Counter(),
        )
    )


def test_a_second_import_changes_nothing_and_tells_the_same_findings() -> None:
    some = [snapshot(f"org/model-{number}", raw=card(license=f"odd-{number}")) for number in range(7)]
    first = store(some)
    before = everything()

    second = store(some)

    assert (second.unchanged, second.created, second.updated) == (7, 0, 0)
    assert second.findings == first.findings
    assert everything() == before


def test_an_import_that_was_broken_off_goes_on_where_it_ended() -> None:
    some = [snapshot(f"org/model-{number}") for number in range(5)]

    def broken() -> Iterator[Snapshot]:
        yield from some[:3]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store(broken(), batch=2)

    assert Version.objects.count() == 2
    report = store(some, batch=2)
    assert (report.unchanged, report.created) == (2, 3)


def test_one_entry_several_times_in_a_batch_has_all_its_versions_and_the_last_as_newest() -> None:
    cards = [card(license="mit"), card(license="apache-2.0"), card(license="mit"), card(license="bsd")]

    report = store([snapshot("Org/Model" if number % 2 else "org/model", raw=raw) for number, raw in enumerate(cards)])

    assert (report.created, report.updated, report.unchanged) == (1, 2, 1)
    latest = Entry.objects.get(key="org/model").latest
    assert latest is not None
    assert latest.licenses == ["bsd"]


def test_cards_of_one_batch_link_to_each_other() -> None:
    store([snapshot("org/tuned", raw=card(base_model="org/base")), snapshot("org/base", raw=card(license="mit"))])

    edge = Edge.objects.get()
    assert edge.to_entry == entry("org/base")
    assert edge.to_entry.latest is not None


def test_a_batch_is_one_line_of_the_ledger() -> None:
    store([snapshot(f"org/model-{number}") for number in range(5)], batch=3)

    events = Event.objects.order_by("pk")
    assert [(event.verb, event.detail["versions"]) for event in events] == [
        ("versions.imported", 3),
        ("versions.imported", 2),
    ]
    assert len({event.object_ref for event in events}) == 2


def test_something_that_the_database_does_not_take_costs_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    some = [snapshot(f"org/model-{number}") for number in range(9)]
    some[4] = dataclasses.replace(some[4], library="a\x00b")
    refusals: list[SnapshotRefused] = []

    report = store(some, refused=refusals.append)

    assert (report.created, report.refused) == (8, 1)
    assert [(refusal.code, "org/model-4" in refusal.message) for refusal in refusals] == [("cannot_be_stored", True)]


def test_large_cards_make_small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BATCH_BYTES", 3 * len(CARD))
    read: list[int] = []

    store([snapshot(f"org/model-{number}") for number in range(7)], progress=read.append)

    assert read == [3, 6, 7]


def test_every_real_card_of_every_kind_is_stored() -> None:
    if not DATA.is_dir():
        pytest.skip(f"the cards are not at {DATA}")
    for folder, kind in (
        ("datasets", "dataset"),
        ("datasets_legacy_2021", "dataset"),
        ("models_plain", "model"),
        ("fixtures", "model"),
    ):
        found = collected.read_folder(DATA / folder, kind=kind, source=HUB, max_card_bytes=5_000_000)
        report = store(found)
        assert report.refused == 0
        assert report.created + report.updated + report.unchanged == report.read > 0
