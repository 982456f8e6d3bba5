"""Asking a local Hub as the product does, without its pauses."""

from __future__ import annotations

from typing import Any

import pytest

from governance.catalog.hub import HubRefused, fetch
from governance.catalog.snapshots import Snapshot
from tests.hub.server import HubServer

CARD = b"---\nlicense: mit\n---\r\n# A model\n"
TOKEN = "hf_" + "T0ken" * 6


class Pauses(list[float]):
    """What the product would have waited; nothing is waited for."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def ask(hub: HubServer, repo_id: str = "org/m", kind: str = "model", **given: Any) -> Snapshot:
    patience: dict[str, Any] = {"timeout": 5.0, "wait": Pauses()}
    return fetch(repo_id, kind=kind, endpoint=hub.endpoint, **(patience | given))


def refused(hub: HubServer, repo_id: str = "org/m", kind: str = "model", **given: Any) -> HubRefused:
    with pytest.raises(HubRefused) as caught:
        ask(hub, repo_id, kind, **given)
    return caught.value
