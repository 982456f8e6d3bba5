from __future__ import annotations

import pytest

from audits.sandbox.levels import Isolation, Level
from audits.sandbox.probing import probe


@pytest.fixture(scope="session")
def isolation() -> Isolation:
    """How models are kept apart on this machine."""
    found = probe()
    if found.level < Level.L2:
        pytest.skip(f"this machine isolates too little: {found.lacking}")
    return found
