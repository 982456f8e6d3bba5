from __future__ import annotations

import pytest
from pytest_django import Settings

from tests.governance.world import World


@pytest.fixture
def world(db: None, settings: Settings) -> World:
    """A team, its people and a version; nothing is submitted yet."""
    # Audits are done inside the test's own transaction, which no heartbeat can look into.
    settings.RUN_LEASE_S = 3600
    return World()
