"""What was changed in the ledger is found, and where it begins."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.utils import IntegrityError

from audits.digests import canonical
from governance.ledger import services, tree, verification
from governance.ledger.models import Checkpoint, Event, Leaf
from governance.ledger.sequencing import sequence
from tests.factories import NOON

pytestmark = pytest.mark.django_db


def written(number: int = 5) -> None:
    for one in range(number):
        services.record(
            verb="test.made",
            object_kind="thing",
            object_ref=str(one),
            actor=None,
            at=NOON,
            detail={"number": one, "share": 0.1, "name": "имя"},
        )


def sequenced(number: int = 5) -> None:
    written(number)
    sequence(at=NOON)


def as_owner(statement: str, *values: Any) -> None:
    """What somebody does who owns the tables and has put the triggers off."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, values)
        cursor.execute("SET LOCAL session_replication_role = origin")


def test_events_get_their_places_in_order_and_once() -> None:
    sequenced(3)
    sequenced(4)

    assert sequence(at=NOON) == 0
    assert list(Leaf.objects.order_by("index").values_list("index", flat=True)) == list(range(7))
    assert list(Checkpoint.objects.order_by("size").values_list("size", flat=True)) == [3, 7]
    found = verification.check_database()
    assert (found.ok, found.size, found.waiting) == (True, 7, 0)
    assert found.root == Checkpoint.objects.get(size=7).root


def test_an_event_that_comes_late_with_a_low_number_gets_a_place() -> None:
    written(3)
    held = Event.objects.order_by("pk")[0]
    as_owner("DELETE FROM ledger_event WHERE id = %s", held.pk)  # as if its transaction were still under way
    sequence(at=NOON)
    held.save(force_insert=True)

    assert sequence(at=NOON) == 1
    assert Leaf.objects.get(index=2).event_id == held.pk


def test_events_that_wait_are_counted_and_not_bad() -> None:
    sequenced(2)
    written(3)

    found = verification.check_database()

    assert (found.ok, found.size, found.waiting) == (True, 2, 3)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_leaf SET index = 9 WHERE index = 0",
        "DELETE FROM ledger_leaf",
        "UPDATE ledger_checkpoint SET root = ''",
        "TRUNCATE ledger_checkpoint",
    ],
)
def test_leaves_and_checkpoints_are_never_changed(statement: str) -> None:
    sequenced(2)

    with pytest.raises(IntegrityError, match="refused"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_fault_v50_a_changed_event_is_named() -> None:
    sequenced(5)
    event = Leaf.objects.get(index=3).event_id
    as_owner("UPDATE ledger_event SET verb = 'test.other' WHERE id = %s", event)

    found = verification.check_database()

    assert (found.ok, found.first_bad, found.why) == (False, 3, "event_changed")


def test_fault_v50_a_removed_event_is_named() -> None:
    sequenced(5)
    as_owner("DELETE FROM ledger_leaf WHERE index = 2")

    found = verification.check_database()

    assert (found.first_bad, found.why) == (2, "leaf_missing")


def test_fault_v50_two_events_that_changed_places_are_found() -> None:
    sequenced(5)
    one, two = (Leaf.objects.get(index=index) for index in (1, 2))
    as_owner("DELETE FROM ledger_leaf WHERE index IN (1, 2)")
    for index, leaf in ((1, two), (2, one)):
        as_owner("INSERT INTO ledger_leaf (index, event_id, hash) VALUES (%s, %s, %s)", index, leaf.event_id, leaf.hash)

    found = verification.check_database()

    assert (found.first_bad, found.why) == (0, "checkpoint_differs")


def test_fault_v50_an_event_changed_with_its_hash_is_found_since_its_checkpoint() -> None:
    sequenced(3)
    sequenced(3)
    leaf = Leaf.objects.get(index=4)
    as_owner("UPDATE ledger_event SET verb = 'test.other' WHERE id = %s", leaf.event_id)
    changed = Event.objects.get(pk=leaf.event_id)
    made = tree.leaf_hash(canonical(services.document_of(changed)))
    as_owner("UPDATE ledger_leaf SET hash = %s WHERE index = 4", made)

    found = verification.check_database()

    assert (found.first_bad, found.why) == (3, "checkpoint_differs")


def test_fault_v50_a_cut_end_is_found_by_its_checkpoint_and_by_a_witness(tmp_path: Path) -> None:
    sequenced(3)
    sequenced(3)
    witness = tmp_path / "ledger.jsonl"
    call_command("export_ledger", str(witness))
    as_owner("DELETE FROM ledger_leaf WHERE index >= 3")
    assert verification.check_database().why == "checkpoint_without_leaves"
    as_owner("DELETE FROM ledger_checkpoint WHERE size > 3")
    assert verification.check_database().ok  # nothing within the database tells of it any more

    found = verification.against_witness(*verification.read_export(witness.read_text().splitlines()))

    assert (found.first_bad, found.why) == (3, "differs_from_witness")


def test_an_export_is_checked_without_a_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sequenced(4)
    file = tmp_path / "ledger.jsonl"
    call_command("export_ledger", str(file))
    capsys.readouterr()

    call_command("verify_ledger", str(file), "--format", "json")
    said = json.loads(capsys.readouterr().out)
    root = Checkpoint.objects.get().root
    assert said == {"ok": True, "size": 4, "root": root, "first_bad": None, "why": "", "waiting": 0}

    lines = file.read_text().splitlines()
    lines[1] = lines[1].replace("test.made", "test.mode")
    file.write_text("\n".join(lines))
    with pytest.raises(SystemExit) as ended:
        call_command("verify_ledger", str(file), "--format", "json")
    assert ended.value.code == 1
    assert json.loads(capsys.readouterr().out)["first_bad"] == 1


@pytest.mark.parametrize(
    "line", ["no json", "[]", '{"index": 0}', '{"index": "x", "hash": "zz", "event": {}}', "[" * 9999]
)
def test_what_is_no_export_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    file = tmp_path / "ledger.jsonl"
    file.write_text("\n" + line)

    with pytest.raises(CommandError, match="line 2") as refused:
        call_command("verify_ledger", str(file))
    assert refused.value.returncode == 2


def test_an_export_writes_over_nothing(tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    file.write_text("mine")

    with pytest.raises(CommandError, match="exists"):
        call_command("export_ledger", str(file))

    assert file.read_text() == "mine"


@pytest.mark.django_db(transaction=True)
def test_sequencers_at_once_give_every_event_one_place() -> None:
    written(60)
    start = threading.Barrier(4)

    def one() -> None:
        try:
            start.wait(10)
            for _round in range(5):
                sequence(at=NOON)
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    sequence(at=NOON)

    found = verification.check_database()
    assert (found.ok, found.size) == (True, 60)
