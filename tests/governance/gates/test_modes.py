"""Enforce, warn, observe: what a verdict means for an exit code, never what the verdict is."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone, translation

from governance.gates.documents import as_text, gate_document
from governance.gates.models import GateMode
from governance.gates.modes import ModeRefused, set_mode
from governance.ledger.models import Event
from tests.governance.catalog.clients import API, client
from tests.governance.world import World

REASON = "the pilot's pipelines are being moved over"


def relaxed(world: World, mode: str = "observe", **fields: Any) -> GateMode:
    at = timezone.now()
    given = {"use_case": world.use_case, "stage": "pilot", "reason": REASON, "by": world.risk_officer, "at": at}
    return set_mode(**{**given, "mode": mode, "until": at + dt.timedelta(days=30), **fields})


@pytest.mark.parametrize("mode", ["warn", "observe"])
def test_a_relaxed_gate_lets_the_pipeline_go_on_and_keeps_its_verdict(world: World, mode: str) -> None:
    before = world.gate()
    made = relaxed(world, mode)

    document = gate_document(world.gate())

    assert (before.verdict, before.exit_code) == ("deny", 1)
    assert (document["verdict"], document["exit_code"], document["mode"]) == ("deny", 0, mode)
    assert made.until is not None
    assert dt.datetime.fromisoformat(document["mode_until"]) == made.until
    assert document["next_change_at"] == document["mode_until"]
    assert world.gate().etag != before.etag
    assert ("would have been stopped" in as_text(document)) == (mode == "warn")
    assert gate_document(world.gate(stage="prototype"))["mode"] == "enforce"


def test_what_a_terminal_shows_is_in_one_language(world: World) -> None:
    world.audited(stage="pilot")
    relaxed(world, "warn", until=timezone.now() + dt.timedelta(days=5), reason="конвейеры ещё переводят")
    names = {world.use_case.slug, *str(world.version.entry.repo_id).split("/")}

    with translation.override("ru"):
        told = as_text(gate_document(world.gate()))

    words = {word for word in re.findall(r"[A-Za-z]{4,}", told) if not any(word in name for name in names)}
    assert words <= {"domain"}, "a lane's or team's own name may be Latin"
    assert "НЕ ПРИМЕНЯЕТСЯ" in told
    assert "Путь к «да»" in told


def test_after_its_end_the_gate_is_enforced_by_itself(world: World) -> None:
    past = timezone.now() - dt.timedelta(days=10)
    relaxed(world, at=past, until=past + dt.timedelta(days=9))

    answer = world.gate()

    assert (answer.exit_code, gate_document(answer)["mode"]) == (1, "enforce")


def test_the_newest_word_counts_and_the_others_stay(world: World) -> None:
    relaxed(world)
    relaxed(world, "enforce", until=None)

    assert world.gate().exit_code == 1
    assert [row.mode for row in GateMode.objects.order_by("pk")] == ["observe", "enforce"]
    assert Event.objects.filter(verb="gate_mode.set").count() == 2


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"stage": "production"}, "production_is_enforced"),
        ({"until": None}, "until_required"),
        ({"until": timezone.now() + dt.timedelta(days=91)}, "until_out_of_range"),
        ({"until": timezone.now() - dt.timedelta(days=1)}, "until_out_of_range"),
        ({"reason": "because"}, "reason_required"),
        ({"mode": "enforce"}, "until_without_use"),
    ],
)
def test_a_setting_without_bounds_is_refused(world: World, fields: dict[str, Any], code: str) -> None:
    with pytest.raises(ModeRefused) as refused:
        relaxed(world, **fields)

    assert refused.value.code == code
    assert not GateMode.objects.exists()


def test_only_risk_officers_set_it(world: World) -> None:
    for person in (world.submitter, world.approver, world.stranger):
        with pytest.raises(ModeRefused) as refused:
            relaxed(world, by=person)
        assert (refused.value.code, refused.value.status) == ("not_a_risk_officer", 403)


def test_the_database_itself_keeps_production_enforced_and_rows_as_they_were(world: World) -> None:
    made = relaxed(world)

    with pytest.raises(IntegrityError, match="gate_mode_relaxed"), transaction.atomic():
        GateMode.objects.create(
            use_case=world.use_case,
            stage="production",
            mode="warn",
            reason=REASON,
            set_by=world.risk_officer,
            set_at=made.set_at,
            until=made.until,
        )
    with pytest.raises(DatabaseError, match="kept as they were written"), transaction.atomic():
        connection.cursor().execute("UPDATE gates_gatemode SET until = until + interval '1 day'")


def test_it_is_set_and_read_over_rest(world: World) -> None:
    address = f"{API}use-cases/{world.use_case.slug}/gate-modes/"
    until = (timezone.now() + dt.timedelta(days=5)).isoformat()
    body = {"stage": "pilot", "mode": "warn", "reason": REASON, "until": until}
    officer = client(world.risk_officer)

    made = officer.post(address, body)
    refused = client(world.submitter).post(address, body)
    listed = officer.get(address)

    assert (made.status_code, made.data["mode"]) == (201, "warn")
    assert (refused.status_code, refused.data["code"]) == (403, "not_a_risk_officer")
    assert [row["mode"] for row in listed.data["items"]] == ["warn"]
    assert client(world.stranger).get(address).status_code == 404
    assert client(world.stranger).post(address, body).status_code == 404
