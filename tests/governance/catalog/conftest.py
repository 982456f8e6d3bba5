from __future__ import annotations

import pytest

from governance.people.models import User
from governance.people.queries import standing
from tests.factories import TeamFactory, member


@pytest.fixture
def reader() -> User:
    """Somebody in a team, with their roles already read, as the token's check leaves them."""
    person = member(TeamFactory.create(), "viewer")
    standing(person)
    return person
