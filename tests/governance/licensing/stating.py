"""What lawyers state in tests."""

from __future__ import annotations

from governance.people.models import User
from tests.factories import member

WHY = "the text says so in so many words"


def lawyer() -> User:
    return member(None, "reviewer:legal")


CHAIN = ["acme/work-0", "acme/work-1", "<artefact>"]
