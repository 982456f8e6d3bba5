from __future__ import annotations

import pytest

from tests.governance.world import World


@pytest.fixture
def world(db: None) -> World:
    """A team, its people and a version; nothing is submitted yet."""
    return World()
