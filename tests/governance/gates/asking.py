"""Asking for an evaluation, as a pipeline does."""

from __future__ import annotations

from typing import Any

from rest_framework.test import APIClient

from governance.people.models import User
from tests.governance.catalog.clients import API, client
from tests.governance.world import World

ASK = f"{API}gate/evaluations/"


def as_(user: User) -> APIClient:
    return client(user, "gate:evaluate")


def body(world: World, **fields: Any) -> dict[str, Any]:
    entry = world.version.entry
    subject = {"kind": entry.kind, "repo": entry.repo_id, "revision": world.version.revision}
    subject |= fields.pop("subject", {})
    return {"subject": subject, "use_case": world.use_case.slug, "stage": world.stage, **fields}


def evaluate(world: World, asking: APIClient, key: str = "k", **fields: Any) -> Any:
    return asking.post(ASK, body(world, **fields), headers={"Idempotency-Key": key})
