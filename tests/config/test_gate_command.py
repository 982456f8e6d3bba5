"""``manage.py gate``: its exit codes, for people and for programs."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from tests.governance.world import World


@pytest.fixture
def world(db: None, settings: Settings) -> World:
    settings.RUN_LEASE_S = 3600  # audits are done inside the test's own transaction
    return World()


def gate(world: World, *options: str, subject: str = "", use_case: str = "") -> tuple[int, str]:
    """The exit code, and what was printed."""
    printed = io.StringIO()
    asked = subject or f"{world.version.entry.repo_id}@{world.version.revision}"
    try:
        call_command(
            "gate",
            asked,
            "--use-case",
            use_case or world.use_case.slug,
            "--stage",
            "pilot",
            *options,
            stdout=printed,
            stderr=printed,
        )
    except SystemExit as left:
        return int(str(left.code)), printed.getvalue()
    return 0, printed.getvalue()


def document(printed: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(printed)
    return parsed


def test_a_yes_is_0_and_a_sentence(world: World) -> None:
    world.approved()

    code, printed = gate(world)

    assert code == 0
    assert printed.startswith(f"Yes. {world.version.entry.repo_id}@{world.version.revision[:8]} may run in pilot")


def test_a_moment_is_said_once_and_to_the_second(world: World) -> None:
    world.approved()

    _code, printed = gate(world)

    until = next(line for line in printed.splitlines() if line.startswith("Valid until "))
    assert re.fullmatch(r"Valid until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\.", until)


def test_a_no_is_1_with_the_document_all_the_same(world: World) -> None:
    code, printed = gate(world, "--format", "json")

    assert code == 1
    assert document(printed)["reason_codes"] == ["no_approval"]
    assert document(printed)["exit_code"] == 1


def test_what_waits_is_3(world: World) -> None:
    world.audited()

    code, printed = gate(world, "--format", "json")

    assert (code, document(printed)["verdict"]) == (3, "pending")


def test_what_cannot_be_decided_is_2_with_the_document(world: World) -> None:
    submission = world.submit()
    world.attach(submission, b"label,prediction,group\n1,2\n")
    world.run_audits()

    code, printed = gate(world, "--format", "json")

    assert (code, document(printed)["verdict"]) == (2, "error")


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("acme/model", "one exact commit"),
        ("acme/model@main", "revision_must_be_commit_sha"),
        ("acme/model@0f1e2d3", "revision_must_be_commit_sha"),
        ("@" + "0" * 40, "namespace/name"),
    ],
)
def test_fault_v07_a_subject_that_cannot_be_is_2_in_one_line(world: World, subject: str, said: str) -> None:
    with pytest.raises(CommandError, match=said) as refused:
        gate(world, subject=subject)

    assert refused.value.returncode == 2
    assert "\n" not in str(refused.value)


def test_an_unknown_use_case_is_2_and_says_so(world: World) -> None:
    with pytest.raises(CommandError, match="there is no use case 'nope'") as refused:
        gate(world, use_case="nope")

    assert refused.value.returncode == 2


@pytest.mark.parametrize(("line", "code"), [(None, 0), ("warn", 1), ("deny", 0), ("allow", 1)])
def test_fail_on_moves_the_line(world: World, line: str | None, code: int) -> None:
    from governance.gates.models import Approval

    approval = world.approved()
    past = [
        {
            "id": "bias.audited",
            "policy": "high-pilot",
            "kind": "bias",
            "run": 1,
            "severity": "warn",
            "code": "stale",
            "holds_until": "2026-01-01T00:00:00+00:00",
        }
    ]
    Approval.objects.filter(pk=approval.pk).update(conditions=past)

    assert gate(world, *(["--fail-on", line] if line else []))[0] == code


def test_nothing_makes_a_no_pass(world: World) -> None:
    assert gate(world, "--fail-on", "deny")[0] == 1


def test_fault_v29_waiting_for_what_never_comes_ends_in_time_and_is_no_yes(world: World, settings: Settings) -> None:
    world.voted()  # and nobody approves, as where the worker that would is dead

    code, printed = gate(world, "--wait", "1")

    assert code == 3
    assert f"still pending after 1 s, which is no yes: {settings.PUBLIC_URL}/submissions/" in printed
    assert printed.count("still pending") == 1


def test_waiting_ends_with_the_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    submission = world.voted()
    slept: list[float] = []

    def approve(s: float) -> None:
        slept.append(s)
        world.approve(submission)

    monkeypatch.setattr("config.management.commands.gate.time.sleep", approve)

    code, printed = gate(world, "--wait", "300")

    assert (code, len(slept)) == (0, 1)
    assert printed.startswith("Yes.")


@pytest.mark.parametrize("wait", ["-1", "1.5", "soon", "9999999999", "\u0663"])
def test_a_wait_that_is_no_number_of_seconds_is_refused(world: World, wait: str) -> None:
    with pytest.raises(CommandError, match="seconds"):
        gate(world, "--wait", wait)
