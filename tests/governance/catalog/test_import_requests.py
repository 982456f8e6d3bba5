from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from governance.catalog import hub as hub_client
from governance.catalog import import_queue, importing, services
from governance.catalog.models import Entry, ImportRequest, ImportState, Version
from governance.catalog.snapshots import SnapshotRefused
from governance.people.models import User
from tests.conftest import eventually
from tests.factories import TeamFactory, member
from tests.governance.catalog.cards import CARD
from tests.hub.server import HubServer
from tests.working import Workers

pytest_plugins = ["tests.hub.fixtures", "tests.workers"]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _asks_only_the_local_hub(hub: HubServer, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.HF_ENDPOINT, settings.HF_TOKEN = hub.endpoint, ""
    monkeypatch.setattr(hub_client, "FIRST_PAUSE", 0.01)


@pytest.fixture
def submitter() -> User:
    return member(TeamFactory.create(), "submitter")


def wish(by: User, repo_id: str = "org/model", **options: Any) -> ImportRequest:
    return services.request_import(repo_id=repo_id, kind="model", by=by, at=timezone.now(), **options)


class Told(list[int]):
    """A broker that takes messages, and says for whom."""

    up = True

    def __call__(self, *, request_id: int) -> bool:
        if self.up:
            self.append(request_id)
            ImportRequest.objects.filter(pk=request_id).update(told_at=timezone.now())
        return self.up


def test_a_wish_is_carried_out(hub: HubServer, submitter: User) -> None:
    repository = hub.add("org/model", files={"README.md": CARD})

    done = import_queue.carry_out(request_id=wish(submitter).pk)

    assert (done.state, done.change, done.code, done.attempt) == (ImportState.DONE, "created", "", 1)
    assert done.version == Version.objects.get(revision=repository.head)
    assert done.finished_at is not None
    assert Version.objects.get().imported_by == submitter


def test_a_wish_for_a_commit_is_for_that_commit(hub: HubServer, submitter: User) -> None:
    repository = hub.add("org/model", files={"README.md": CARD})
    old = repository.head
    repository.commit({"README.md": b"# new"})

    import_queue.carry_out(request_id=wish(submitter, revision=old).pk)

    assert Version.objects.get().revision == old


def test_a_wish_is_carried_out_once_however_often_it_is_told(hub: HubServer, submitter: User) -> None:
    hub.add("org/model", files={"README.md": CARD})
    asked = wish(submitter)
    import_queue.carry_out(request_id=asked.pk)
    questions = len(hub.asked)

    again = import_queue.carry_out(request_id=asked.pk)

    assert again.attempt == 1
    assert len(hub.asked) == questions


def test_what_the_hub_does_not_give_ends_the_wish_with_the_reason(submitter: User) -> None:
    done = import_queue.carry_out(request_id=wish(submitter).pk)

    assert (done.state, done.code) == (ImportState.REFUSED, "repository_not_found")
    assert "check the id and the kind" in done.message
    assert done.version is None


def test_trouble_that_may_pass_puts_the_wish_back_for_later(hub: HubServer, submitter: User) -> None:
    hub.add("org/model", files={"README.md": CARD})
    hub.fail(503, times=3)
    asked = wish(submitter)

    put_back = import_queue.carry_out(request_id=asked.pk)

    assert (put_back.state, put_back.code, put_back.lease_until) == (ImportState.QUEUED, "hub_error", None)
    assert put_back.due_at > timezone.now() + dt.timedelta(seconds=20)
    assert import_queue.carry_out(request_id=asked.pk).attempt == 1  # it is not due yet
    ImportRequest.objects.update(due_at=timezone.now())
    assert import_queue.carry_out(request_id=asked.pk).state == ImportState.DONE


def test_a_wish_waits_as_long_as_the_hub_asks_for(hub: HubServer, submitter: User) -> None:
    hub.fail(429, times=9, headers={"Retry-After": "300"})

    put_back = import_queue.carry_out(request_id=wish(submitter).pk)

    assert put_back.code == "rate_limited"
    assert put_back.due_at > timezone.now() + dt.timedelta(seconds=250)


def test_a_wish_is_not_put_back_for_ever(hub: HubServer, submitter: User) -> None:
    hub.fail(503, times=99)
    asked = wish(submitter)
    for _ in range(import_queue.ATTEMPTS):
        ImportRequest.objects.update(due_at=timezone.now())
        import_queue.carry_out(request_id=asked.pk)

    asked.refresh_from_db()
    assert (asked.state, asked.code, asked.attempt) == (ImportState.REFUSED, "hub_error", import_queue.ATTEMPTS)


def test_who_has_lost_the_role_meanwhile_imports_nothing(hub: HubServer, submitter: User) -> None:
    hub.add("org/model", files={"README.md": CARD})
    asked = wish(submitter)
    submitter.memberships.all().delete()

    done = import_queue.carry_out(request_id=asked.pk)

    assert (done.state, done.code) == (ImportState.REFUSED, "not_allowed")
    assert not Entry.objects.exists()


def test_a_private_repository_needs_a_team_that_is_to_see_it(hub: HubServer, settings: Any, submitter: User) -> None:
    hub.add("org/private", private=True, readers=["ada"], files={"README.md": CARD})
    hub.tokens["hf_secret"], settings.HF_TOKEN = "ada", "hf_secret"
    team = submitter.memberships.get().team

    refused = import_queue.carry_out(request_id=wish(submitter, "org/private").pk)
    done = import_queue.carry_out(request_id=wish(submitter, "org/private", team=team).pk)

    assert (refused.state, refused.code) == (ImportState.REFUSED, "team_required")
    assert done.state == ImportState.DONE
    assert Entry.objects.get(key="org/private").team == team


def test_an_error_of_ours_ends_the_wish_and_is_logged(
    submitter: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(**_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(importing, "import_from_hub", broken)

    done = import_queue.carry_out(request_id=wish(submitter).pk)

    assert (done.state, done.code) == (ImportState.REFUSED, "broke_off")
    assert "ZeroDivisionError" in caplog.text
    assert "ZeroDivisionError" not in done.message


def test_a_database_that_goes_away_leaves_the_wish_to_the_sweep(
    submitter: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(**_: Any) -> None:
        raise OperationalError("the connection is gone")

    monkeypatch.setattr(importing, "import_from_hub", away)
    asked = wish(submitter)

    with pytest.raises(OperationalError):
        import_queue.carry_out(request_id=asked.pk)

    asked.refresh_from_db()
    assert asked.state == ImportState.RUNNING


def test_a_worker_that_comes_back_too_late_changes_nothing(
    hub: HubServer, submitter: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add("org/model", files={"README.md": CARD})
    asked = wish(submitter)
    real = importing.import_from_hub

    def slow(**options: Any) -> Any:
        found = real(**options)
        ImportRequest.objects.update(attempt=2)  # the sweep has given it to another worker
        return found

    monkeypatch.setattr(importing, "import_from_hub", slow)

    import_queue.carry_out(request_id=asked.pk)

    asked.refresh_from_db()
    assert (asked.state, asked.attempt, asked.version) == (ImportState.RUNNING, 2, None)


# --- the sweep -------------------------------------------------------------------------------------------------------


def test_the_sweep_tells_again_of_what_nobody_took_up(submitter: User) -> None:
    asked = wish(submitter)
    told = Told()

    assert import_queue.sweep(wake=told) == 0  # its message is on its way
    ImportRequest.objects.update(told_at=timezone.now() - dt.timedelta(minutes=5))
    assert import_queue.sweep(wake=told) == 1
    assert import_queue.sweep(wake=told) == 0

    assert told == [asked.pk]


def test_the_sweep_waits_while_the_broker_is_down(submitter: User) -> None:
    asked = wish(submitter)
    ImportRequest.objects.update(told_at=None)
    told = Told()
    told.up = False

    assert import_queue.sweep(wake=told) == 0
    told.up = True
    assert import_queue.sweep(wake=told) == 1

    assert told == [asked.pk]


def test_the_sweep_takes_back_what_a_lost_worker_held(hub: HubServer, submitter: User) -> None:
    hub.add("org/model", files={"README.md": CARD})
    asked = wish(submitter)
    past = timezone.now() - dt.timedelta(seconds=1)
    ImportRequest.objects.update(state=ImportState.RUNNING, attempt=1, lease_until=past)
    told = Told()

    import_queue.sweep(wake=told)

    assert told == [asked.pk]
    done = import_queue.carry_out(request_id=asked.pk)
    assert (done.state, done.attempt) == (ImportState.DONE, 2)


def test_the_sweep_gives_up_what_loses_its_worker_each_time(submitter: User) -> None:
    asked = wish(submitter)
    past = timezone.now() - dt.timedelta(seconds=1)
    ImportRequest.objects.update(state=ImportState.RUNNING, attempt=import_queue.ATTEMPTS, lease_until=past)

    import_queue.sweep(wake=Told())

    asked.refresh_from_db()
    assert (asked.state, asked.code) == (ImportState.REFUSED, "gave_up")


# --- asking ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"repo_id": "../etc"}, "bad_repo_id"),
        ({"revision": "main"}, "revision_must_be_commit_sha"),
        ({"kind": "models"}, "unknown_kind"),
    ],
)
def test_a_wish_that_nobody_can_carry_out_is_refused_at_once(
    submitter: User, options: dict[str, str], code: str
) -> None:
    asked: dict[str, Any] = {"repo_id": "org/model", "kind": "model", "revision": None, **options}

    with pytest.raises(SnapshotRefused) as refused:
        services.request_import(**asked, by=submitter, at=timezone.now())

    assert refused.value.code == code
    assert not ImportRequest.objects.exists()


def test_the_workers_are_told_only_once_the_wish_is_written(
    submitter: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        wish(submitter)

    assert len(callbacks) == 1


@pytest.mark.broker
def test_a_real_worker_imports_what_was_asked_for(hub: HubServer, workers: Workers) -> None:
    hub.add("org/model", files={"README.md": CARD})
    submitter = member(TeamFactory.create(), "submitter")
    asked = wish(submitter)

    workers.start(HF_ENDPOINT=hub.endpoint)

    assert eventually(lambda: ImportRequest.objects.filter(state=ImportState.DONE).exists(), within=60)
    asked.refresh_from_db()
    assert asked.version is not None
    assert asked.version.entry.repo_id == "org/model"
