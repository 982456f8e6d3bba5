from __future__ import annotations

from pathlib import Path

import pytest

from tests.story import Story, tell


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return tell(tmp_path / "model")
