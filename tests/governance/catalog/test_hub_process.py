from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hub.asking import CARD, TOKEN, ask, refused
from tests.hub.server import HubServer

pytest_plugins = ["tests.hub.fixtures"]

ROOT = Path(__file__).resolve().parents[3]


def test_the_token_goes_to_the_hub_and_into_no_message_and_no_log(
    hub: HubServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, "httpcore2")  # at DEBUG it traces the wire, whatever the Hub writes there
    hub.tokens[TOKEN] = "ann"
    hub.add("org/m", gated="manual", readers=["ann"])
    hub.add("org/gated", gated="manual")
    ask(hub, token=TOKEN)
    echo = json.dumps({"error": f"your token is {TOKEN}"}).encode()
    hub.fail(500, times=3, body=echo, headers={"X-Error-Message": TOKEN})
    hub.fail(400, times=1, body=echo, headers={"X-Error-Message": TOKEN})

    errors = [refused(hub, name, token=TOKEN) for name in ("org/m", "org/m", "org/gated", "no/one")]

    assert [error.code for error in errors] == ["hub_error", "hub_error", "gated", "repository_not_found"]
    assert all(asked.headers["authorization"] == f"Bearer {TOKEN}" for asked in hub.asked)
    for error in errors:
        assert TOKEN not in f"{error!r} {error} {error.__cause__!r} {error.__context__!r}"
    assert TOKEN not in caplog.text


def test_the_token_does_not_follow_a_redirect_to_another_host(hub: HubServer) -> None:
    hub.tokens[TOKEN] = "ann"
    repository = hub.add("org/m", files={"README.md": CARD})
    with HubServer() as elsewhere:
        elsewhere.repositories["model", "org/m"] = repository
        hub.fail(302, on="README.md", headers={"Location": f"{elsewhere.endpoint}/org/m/resolve/main/README.md"})

        assert ask(hub, token=TOKEN).card == CARD

    assert "authorization" not in elsewhere.asked[0].headers


def test_without_a_token_none_is_sent_though_one_lies_at_home(hub: HubServer, tmp_path: Path) -> None:
    hub.add("org/m")
    (tmp_path / ".cache" / "huggingface").mkdir(parents=True)
    (tmp_path / ".cache" / "huggingface" / "token").write_text(TOKEN)

    fetch_elsewhere(hub, HOME=str(tmp_path), HF_TOKEN=TOKEN)

    assert all("authorization" not in asked.headers for asked in hub.asked)


def fetch_elsewhere(hub: HubServer, **environment: str) -> str:
    """Fetch in a process of its own, with warnings as errors; its standard error."""
    program = (
        "import sys\nfrom governance.catalog.hub import fetch\n"
        "before = {'huggingface_hub', 'httpx2', 'httpcore2', 'django'} & set(sys.modules)\n"
        "assert not before, before\n"
        "print(fetch('org/m', kind='model', endpoint=sys.argv[1]).revision)\n"
        "import huggingface_hub; huggingface_hub.close_session()"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "XDG_", "HOME"))}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, hub.endpoint],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=kept | {"NO_PROXY": "127.0.0.1"} | environment,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == hub.repositories["model", "org/m"].head
    return done.stderr


@pytest.mark.parametrize("home", ["", "/nonexistent/home", "/proc/self"])
def test_a_home_that_is_missing_or_cannot_be_written_does_not_matter(hub: HubServer, home: str) -> None:
    hub.add("org/m")

    assert fetch_elsewhere(hub, HOME=home) == ""


def test_nothing_is_written_at_home_and_nothing_is_reported_about_us(hub: HubServer, tmp_path: Path) -> None:
    hub.add("org/m", cardData={"model-index": "nonsense"})

    assert fetch_elsewhere(hub, HOME=str(tmp_path), TMPDIR=str(tmp_path), HF_ENDPOINT=hub.endpoint, AGENT="x") == ""

    assert list(tmp_path.rglob("*")) == []
    assert [path.split("?")[0].split("/resolve/")[0] for path in hub.paths()] == ["/api/models/org/m", "/org/m"]
    assert "agent" not in hub.asked[0].headers["user-agent"]


def test_hf_hub_offline_is_respected_and_said(hub: HubServer) -> None:
    program = (
        "import sys\nfrom governance.catalog.hub import fetch, HubRefused\n"
        "try: fetch('org/m', kind='model', endpoint=sys.argv[1])\n"
        "except HubRefused as refused: print(refused.code, refused)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, hub.endpoint],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
    )

    assert done.stdout.startswith("hub_unreachable HF_HUB_OFFLINE is set")
    assert hub.asked == []
