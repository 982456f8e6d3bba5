from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from audits.cards import CardFinding, ParsedCard

REAL_CARDS = Path(__file__).resolve().parents[4] / "shared" / "data" / "cards"
FOLDERS = {
    "models": "model",
    "datasets": "dataset",
    "datasets_legacy_2021": "dataset",
    "models_plain": "model",
    "fixtures": "model",
}


@pytest.fixture(scope="session", params=FOLDERS)
def real_cards(request: pytest.FixtureRequest) -> tuple[str, dict[str, bytes]]:
    """The kind and the raw cards by file name of one folder of published cards."""
    folder = REAL_CARDS / request.param
    if not folder.is_dir():
        pytest.skip(f"published cards are not part of the project: no folder {folder}")
    cards = {path.name: path.read_bytes() for path in sorted(folder.glob("*.md")) if path.name != "README.md"}
    assert cards
    return FOLDERS[request.param], cards


Find = Callable[[ParsedCard, str], CardFinding]


@pytest.fixture
def find() -> Find:
    """The one finding of a code; fails, naming what there is instead."""

    def one(card: ParsedCard, code: str) -> CardFinding:
        found = [finding for finding in card.findings if finding.code == code]
        assert len(found) == 1, f"{code} x {len(found)} among {[finding.code for finding in card.findings]}"
        return found[0]

    return one
