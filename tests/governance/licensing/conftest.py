from __future__ import annotations

import pytest

from tests.factories import TeamFactory, member


@pytest.fixture
def lawyer():
    return member(None, "reviewer:legal")


@pytest.fixture
def viewer():
    return member(TeamFactory(), "viewer")
