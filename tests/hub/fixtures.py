"""The fixture ``hub``: a running local Hub, empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hub.server import HubServer


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A local Hub. Add repositories with ``hub.add(…)`` and point the client at ``hub.endpoint``."""
    # Nothing but this server may be reached, and no proxy stands before it.
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with HubServer() as server:
        yield server
        from huggingface_hub import close_session

        close_session()
