from __future__ import annotations

import contextlib
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from governance.catalog.hub import HubRefused
from governance.catalog.snapshots import Snapshot
from tests.hub.asking import CARD, Pauses, ask, refused
from tests.hub.server import HubServer

pytest_plugins = ["tests.hub.fixtures"]


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.mark.parametrize("on", ["/api/", "README.md"])
@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_hub_that_is_down_for_a_moment_is_asked_again(hub: HubServer, pauses: Pauses, status: int, on: str) -> None:
    hub.add("org/m", files={"README.md": CARD})
    hub.fail(status, times=2, on=on)

    assert ask(hub, wait=pauses).card == CARD
    assert len(pauses) == 2
    assert 0.25 <= pauses[0] <= 0.75
    assert 0.5 <= pauses[1] <= 1.5


def test_a_hub_that_stays_down_is_asked_three_times_and_not_more(hub: HubServer, pauses: Pauses) -> None:
    hub.fail(503, times=99)

    error = refused(hub, wait=pauses)

    assert (error.code, error.status, error.passing) == ("hub_error", 503, True)
    assert "503" in error.message
    assert "try again later" in error.message
    assert (len(hub.asked), len(pauses)) == (3, 2)


@pytest.mark.parametrize("status", [400, 403, 409, 410, 416, 418, 451])
def test_a_refusal_of_the_hub_is_not_asked_for_again(hub: HubServer, status: int) -> None:
    hub.fail(status, times=9)

    error = refused(hub)

    assert (error.code, error.status, error.passing) == ("hub_error", status, False)
    assert len(hub.asked) == 1


def test_a_limit_is_waited_out_for_as_long_as_the_hub_says(hub: HubServer, pauses: Pauses) -> None:
    hub.add("org/m")
    hub.fail(429, headers={"Retry-After": "7"})
    hub.fail(429, headers={"RateLimit": '"api";r=0;t=55', "RateLimit-Policy": '"fixed window";"api";q=500;w=300'})

    assert ask(hub, wait=pauses).repo_id == "org/m"
    assert pauses == [7.0, 55.0]


def test_a_limit_may_be_said_as_a_date(hub: HubServer, pauses: Pauses) -> None:
    hub.add("org/m")
    hub.fail(429, headers={"Retry-After": format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)})

    ask(hub, wait=pauses)

    assert 20 < pauses[0] <= 30


def test_a_limit_for_longer_than_a_minute_is_told_and_not_waited_for(hub: HubServer, pauses: Pauses) -> None:
    hub.fail(429, headers={"Retry-After": "3600"}, times=9)

    error = refused(hub, wait=pauses)

    assert (error.code, error.retry_after, error.passing) == ("rate_limited", 3600.0, True)
    assert "in 3600 s" in error.message
    assert (len(hub.asked), pauses) == (1, [])


@pytest.mark.parametrize("text", ["soon", "-5", "٣", "9" * 400])
def test_a_limit_that_makes_no_sense_is_waited_out_as_any_other_fault(
    hub: HubServer, pauses: Pauses, text: str
) -> None:
    hub.fail(429, headers={"Retry-After": text.encode().decode("latin-1")}, times=9)

    error = refused(hub, wait=pauses)

    assert error.code == "rate_limited"
    assert all(0 <= pause <= 60 for pause in pauses)


@pytest.mark.parametrize(("on", "after"), [("/api/", 0), ("/api/", 20), ("README.md", 0), ("README.md", 10)])
def test_a_connection_that_breaks_in_the_middle_is_made_again(
    hub: HubServer, pauses: Pauses, on: str, after: int
) -> None:
    hub.add("org/m", files={"README.md": CARD})
    hub.reset(on=on, after=after, times=2)

    found = ask(hub, wait=pauses)

    assert (found.card, found.card_differs) == (CARD, False)
    assert len(pauses) == 2


def test_a_hub_that_always_breaks_off_is_called_unreachable(hub: HubServer) -> None:
    hub.add("org/m")
    hub.reset(after=10, times=9)

    assert refused(hub).code == "hub_unreachable"


def test_an_address_where_nobody_listens_is_called_unreachable(hub: HubServer, pauses: Pauses) -> None:
    hub.close()

    error = refused(hub, wait=pauses)

    assert (error.code, error.passing) == ("hub_unreachable", True)
    assert "check HF_ENDPOINT, the network and the proxy" in error.message
    assert len(pauses) == 2


@pytest.mark.parametrize("on", ["/api/", "README.md"])
def test_a_hub_that_says_nothing_is_not_waited_for_without_end(hub: HubServer, on: str) -> None:
    hub.add("org/m")
    hub.slow(1.0, times=9, on=on)

    error = refused(hub, timeout=0.2)

    assert (error.code, error.passing) == ("hub_timeout", True)
    assert "within 0.2 s" in error.message


@pytest.mark.parametrize("on", ["/api/", "README.md"])
def test_a_hub_that_trickles_is_not_waited_for_without_end(hub: HubServer, on: str) -> None:
    hub.add("org/m", files={"README.md": b"x" * 10_000})
    hub.trickle(0.02, times=9, on=on)

    assert refused(hub, timeout=0.1).code == "hub_timeout"


def test_an_answer_without_end_is_refused(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("governance.catalog.hub.MAX_ANSWER_BYTES", 2000)
    hub.add("org/m", description="x" * 3000)

    error = refused(hub)

    assert error.code == "not_a_hub_answer"
    assert "longer than any repository's" in error.message


def test_an_answer_nested_without_end_is_refused(hub: HubServer) -> None:
    hub.fail(200, body=b"[" * 200_000, headers={"Content-Type": "application/json"})

    assert refused(hub).code == "not_a_hub_answer"


def test_a_packed_answer_is_refused_for_it_may_be_a_bomb(hub: HubServer) -> None:
    hub.fail(200, body=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})

    assert refused(hub).code == "not_a_hub_answer"
    assert hub.asked[0].headers["accept-encoding"] == "identity"


def test_a_redirect_without_end_is_refused(hub: HubServer) -> None:
    hub.renamed["model", "org/m"] = "org/m"

    assert refused(hub).code == "not_a_hub_answer"


@pytest.mark.parametrize("fault", ["fail", "reset", "slow", "gated"])
def test_a_call_after_a_failure_starts_clean_and_succeeds(hub: HubServer, fault: str) -> None:
    repository = hub.add("org/m", files={"README.md": CARD})
    match fault:
        case "fail":
            hub.fail(503, times=3)
        case "reset":
            hub.reset(after=3, times=3, on="README.md")
        case "slow":
            hub.slow(0.5, times=3)
        case "gated":
            repository.gated = "manual"
    assert refused(hub, timeout=0.2).code in ("hub_error", "hub_unreachable", "hub_timeout", "gated")
    repository.gated = False

    found = ask(hub)

    assert (found.card, found.assurance) == (CARD, "listed")


def test_several_threads_read_at_once_each_under_its_own_bounds(hub: HubServer) -> None:
    for number in range(8):
        hub.add(f"org/m{number}", files={"README.md": b"%d" % number * 500})
    found: dict[int, Snapshot | HubRefused] = {}

    def read(number: int) -> None:
        with contextlib.suppress(HubRefused):
            found[number] = ask(hub, f"org/m{number}", max_card_bytes=100 if number % 2 else 1000)

    threads = [threading.Thread(target=read, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {n: (s.card, s.card_too_large) for n, s in found.items() if isinstance(s, Snapshot)} == {
        n: (b"%d" % n * (100 if n % 2 else 500), bool(n % 2)) for n in range(8)
    }


def test_the_clients_session_is_left_unbounded_for_others(hub: HubServer) -> None:
    hub.add("org/m", description="x" * 3000)
    ask(hub)
    from huggingface_hub import HfApi

    assert HfApi(endpoint=hub.endpoint, token=False).model_info("org/m").description == "x" * 3000  # type: ignore[attr-defined]
