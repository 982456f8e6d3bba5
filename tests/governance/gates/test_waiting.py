"""Waiting for the last word on an evaluation: for how long, how many at once, and with which tokens."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from audits.models import Run
from governance.gates import evaluations
from governance.gates.api import evaluations as waiting
from governance.gates.models import GateEvaluation, GateVerdict
from governance.people.models import Token
from tests.governance.gates.asking import as_, evaluate
from tests.governance.world import World


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Seconds pass at once; what is in the list is done, one thing a second."""
    steps: list[Any] = []
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += max(seconds, 0.01)
        if steps:
            steps.pop(0)()

    monkeypatch.setattr(waiting, "_sleep", sleep)
    monkeypatch.setattr(waiting.time, "monotonic", lambda: now[0])
    return steps


def wait_for(asking: APIClient, said: Any, prefer: str = "wait=30") -> Any:
    return asking.get(said.headers["Location"], headers={"Prefer": prefer})


def test_waiting_ends_with_the_last_word(world: World, hasty: list[Any]) -> None:
    submission = world.voted()
    asking = as_(world.submitter)
    said = evaluate(world, asking)
    hasty += [lambda: None, lambda: world.approve(submission), lambda: pytest.fail("it waited on")]

    answer = wait_for(asking, said)

    assert (said.data["verdict"], answer.status_code, answer.data["verdict"]) == ("pending", 200, "allow")
    assert answer.headers["Preference-Applied"] == "wait=30"
    assert [row.verdict for row in GateVerdict.objects.order_by("pk")] == ["pending", "allow"]


def test_waiting_in_vain_ends_pending(world: World, hasty: list[Any]) -> None:
    world.voted()
    asking = as_(world.submitter)
    seconds: list[int] = []
    hasty += [lambda: seconds.append(1)] * 1000

    answer = wait_for(asking, evaluate(world, asking), "respond-async, wait=999999")

    assert (answer.status_code, answer.data["verdict"]) == (202, "pending")
    assert len(seconds) == waiting.LONGEST_WAIT_S


def test_fault_v38_a_token_that_is_revoked_while_it_waits_gets_no_answer(world: World, hasty: list[Any]) -> None:
    submission = world.voted()
    asking = as_(world.submitter)
    said = evaluate(world, asking)
    token = Token.objects.get(user=world.submitter)
    hasty += [
        lambda: Token.objects.filter(pk=token.pk).update(revoked_at=timezone.now()),
        lambda: world.approve(submission),
    ]

    answer = wait_for(asking, said)

    assert answer.status_code == 401
    assert "verdict" not in answer.data
    assert GateVerdict.objects.count() == 1


def test_fault_v38_a_token_that_runs_out_while_it_waits_gets_no_answer(world: World, hasty: list[Any]) -> None:
    world.voted()
    asking = as_(world.submitter)
    said = evaluate(world, asking)
    token = Token.objects.filter(user=world.submitter)
    hasty += [lambda: token.update(expires_at=timezone.now())]

    assert wait_for(asking, said).status_code == 401


def test_fault_v38_of_a_token_only_its_digest_is_kept_and_its_last_use(world: World) -> None:
    asking = as_(world.submitter)
    evaluate(world, asking)
    secret = asking._credentials["HTTP_AUTHORIZATION"].removeprefix("Bearer ")  # type: ignore[attr-defined]

    token = Token.objects.get(user=world.submitter)

    assert token.last_used_at is not None
    assert token.last_used_ip == "127.0.0.1"
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(token)::text FROM people_token token WHERE id = %s", [token.pk])
        assert secret.split("_")[2] not in cursor.fetchone()[0]


def test_only_some_threads_may_wait(world: World, hasty: list[Any]) -> None:
    world.voted()
    asking = as_(world.submitter)
    said = evaluate(world, asking)
    hasty += [lambda: pytest.fail("there was no place to wait in")]
    taken = [waiting._waiters.acquire(blocking=False) for _ in range(settings.GATE_WAITERS)]
    try:
        answer = wait_for(asking, said)
    finally:
        for _ in taken:
            waiting._waiters.release()

    assert all(taken)
    assert (answer.status_code, int(answer.headers["Retry-After"])) == (202, 2)
    assert "Preference-Applied" not in answer.headers


@pytest.mark.django_db(transaction=True)
def test_waiting_holds_no_connection(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.attach(world.submit())
    asking = as_(world.submitter)
    said = evaluate(world, asking)
    open_ones: list[bool] = []
    monkeypatch.setattr(waiting.time, "sleep", lambda _seconds: open_ones.append(connection.connection is not None))

    answer = wait_for(asking, said, "wait=1")

    assert answer.status_code == 202
    assert open_ones
    assert not any(open_ones)


@pytest.mark.django_db(transaction=True)
def test_fault_v32_fifty_equal_evaluations_at_once_are_one(transactional_db: None) -> None:
    world = World()
    world.attach(world.submit())
    askers = [as_(world.submitter) for _ in range(50)]
    together = threading.Barrier(10)

    def ask(asking: APIClient) -> Any:
        try:
            if askers.index(asking) < 10:
                together.wait(30)
            return evaluate(world, asking, ensure_audits=True)
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(ask, askers))

    assert Counter(answer.status_code for answer in answers) == {202: 50}
    assert len({answer.content for answer in answers}) == 1
    assert GateEvaluation.objects.count() == GateVerdict.objects.count() == 1
    assert Counter(Run.objects.values_list("kind", flat=True)).most_common(1)[0][1] == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_wait_for_one_question_are_told_one_last_word(transactional_db: None) -> None:
    world = World()
    world.approved()
    at = timezone.now()
    entry = world.version.entry
    evaluation = GateEvaluation.objects.create(
        asked_by=world.submitter,
        asked_at=at,
        kind=entry.kind,
        repo_id=entry.repo_id,
        revision=world.version.revision,
        use_case=world.use_case.slug,
        stage=world.stage,
    )
    together = threading.Barrier(4)

    def tell(_number: int) -> GateVerdict:
        try:
            together.wait(30)
            return evaluations.told(evaluation, at=at)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(tell, range(4)))

    assert len({row.pk for row in told}) == 1
    assert GateVerdict.objects.count() == 1
