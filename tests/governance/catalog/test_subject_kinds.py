"""Of which kind a repository is taken to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from governance.catalog.subject_kinds import guess_kind

CARDS = Path(__file__).resolve().parents[4] / "shared" / "data" / "cards"


@pytest.mark.parametrize(
    ("card", "paths", "kind"),
    [
        (b"---\nsdk: gradio\n---\n", ["app.py"], "space"),
        (b"---\r\ntask_categories:\r\n- x\r\n---\r\n", ["README.md"], "dataset"),
        (b"\xef\xbb\xbf---\npipeline_tag: x\ndatasets: [squad]\n---\n", ["train.csv"], "model"),
        (b"---\nbase_model: a/b\ntask_ids: x\n---\n", [], "model"),
        (b"no front matter\nsdk: gradio\n", ["config.json"], "model"),
        (b"---\nlicense: mit\n---\nsdk: gradio\n", ["a.parquet"], "dataset"),
        (b"---\nnever: closed\nsdk: static\n", [], "space"),
        (None, ["model.safetensors", "train.csv"], "model"),
        (None, ["data/train.parquet"], "dataset"),
        (None, ["app.py"], "space"),
        (None, ["notes.txt"], "model"),
        (b"\x00\xff---", [], "model"),
    ],
)
def test_the_kind_is_guessed_from_the_card_and_then_from_the_files(
    card: bytes | None, paths: list[str], kind: str
) -> None:
    assert guess_kind(paths, card=card) == kind


@pytest.mark.parametrize(("where", "kind", "least"), [("models", "model", 0.99), ("datasets", "dataset", 0.95)])
def test_real_cards_are_guessed_right_by_their_front_matter(where: str, kind: str, least: float) -> None:
    if not CARDS.is_dir():
        pytest.skip(f"{CARDS} is absent")
    cards = [path.read_bytes() for path in sorted((CARDS / where).glob("*.md"))]
    cards = [card for card in cards if card.startswith(b"---")]

    right = sum(guess_kind([], card=card) == kind for card in cards)

    assert right / len(cards) >= least
