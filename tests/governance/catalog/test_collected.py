from __future__ import annotations

import gzip
import hashlib
import json
import os
from pathlib import Path

import pytest

from governance.catalog.collected import from_card, read_folder
from governance.catalog.snapshots import Snapshot, SnapshotRefused
from tests.governance.catalog.cards import CARD, HUB

ANSWER = {
    "modelId": "org/answered",
    "sha": "a" * 40,
    "siblings": [{"rfilename": "README.md"}, {"rfilename": "config.json"}],
    "cardText": CARD.decode(),
    "pipeline_tag": "text-classification",
}


def found(folder: Path) -> list[Snapshot | SnapshotRefused]:
    return list(read_folder(folder, kind="model", source=HUB, max_card_bytes=1000))


def told(folder: Path) -> list[str]:
    return [one.code if isinstance(one, SnapshotRefused) else one.repo_id for one in found(folder)]


def test_a_card_alone_is_a_snapshot_that_knows_no_other_file() -> None:
    snapshot = from_card(b"# x\r\n", kind="dataset", source="local", repo_id="org/d")

    assert snapshot.assurance == "card-only"
    assert snapshot.revision is None
    assert snapshot.card == b"# x\r\n"
    assert [(f.path, f.size, f.sha256, f.role) for f in snapshot.files] == [
        ("README.md", 5, hashlib.sha256(b"# x\r\n").hexdigest(), "card")
    ]


def test_a_card_that_is_too_large_keeps_its_beginning_and_its_true_digest() -> None:
    card = b"x" * 101

    snapshot = from_card(card, kind="model", source="local", repo_id="m", max_card_bytes=100)

    assert snapshot.card_too_large
    assert snapshot.card == b"x" * 100
    assert snapshot.files[0].sha256 == hashlib.sha256(card).hexdigest()


def test_cards_are_named_after_their_repositories(tmp_path: Path) -> None:
    for name in ("org__model.md", "gpt2.md", "org__a__b.md"):
        (tmp_path / name).write_bytes(CARD)

    assert told(tmp_path) == ["gpt2", "org/a__b", "org/model"]


def test_answers_of_the_hub_are_read_packed_or_not(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(ANSWER) + "\n")
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(json.dumps(ANSWER | {"modelId": "gpt2"}).encode()))

    plain, packed = found(tmp_path)

    assert isinstance(plain, Snapshot)
    assert (plain.repo_id, plain.revision, plain.card, plain.task) == (
        "org/answered",
        "a" * 40,
        CARD,
        "text-classification",
    )
    assert isinstance(packed, Snapshot)
    assert packed.repo_id == "gpt2"


def test_what_else_lies_in_the_folder_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("about this folder")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "org__model.md").write_bytes(CARD)

    assert told(tmp_path) == ["org/model"]


def test_what_cannot_be_read_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    lines = ["{", json.dumps(ANSWER), json.dumps(ANSWER | {"sha": "main"}), json.dumps(ANSWER | {"modelId": "../x"})]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b"{}" * 1000)[:20])
    (tmp_path / "org__mödel.md").write_bytes(CARD)
    (tmp_path / "x.md").mkdir()
    os.mkfifo(tmp_path / "y.md")
    (tmp_path / "z__ok.md").write_bytes(CARD)

    assert told(tmp_path) == [
        "bad_json",
        "org/answered",
        "revision_must_be_commit_sha",
        "bad_repo_id",
        "damaged_file",
        "bad_repo_id",
        "not_a_file",
        "not_a_file",
        "z/ok",
    ]


def test_an_answer_that_keeps_its_card_to_itself_is_refused(tmp_path: Path) -> None:
    without = {key: value for key, value in ANSWER.items() if key != "cardText"}
    no_card = {**without, "siblings": [{"rfilename": "config.json"}]}
    (tmp_path / "a.jsonl").write_text(json.dumps(without) + "\n" + json.dumps(no_card))

    assert told(tmp_path) == ["card_not_given", "org/answered"]


def test_a_card_larger_than_is_kept_says_so(tmp_path: Path) -> None:
    (tmp_path / "org__model.md").write_bytes(b"x" * 1001)

    (one,) = found(tmp_path)

    assert isinstance(one, Snapshot)
    assert one.card_too_large
    assert one.card == b"x" * 1000


@pytest.mark.parametrize("files", [[], ["README.md"], ["a.txt"]])
def test_a_folder_with_nothing_to_import_is_refused(tmp_path: Path, files: list[str]) -> None:
    for name in files:
        (tmp_path / name).write_text("x")

    with pytest.raises(SnapshotRefused, match="holds neither cards"):
        read_folder(tmp_path, kind="model", source=HUB, max_card_bytes=1000)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SnapshotRefused, match="cannot read the folder"):
        read_folder(tmp_path / "no", kind="model", source=HUB, max_card_bytes=1000)
