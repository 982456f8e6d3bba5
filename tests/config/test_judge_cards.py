"""``manage.py judge_cards``: a table of licence verdicts over a folder of cards."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

ROOT = Path(__file__).parents[2]
REAL_CARDS = ROOT.parent / "shared" / "data" / "cards" / "models"
KNOWN = ROOT / "docs" / "licence-known-works.jsonl"


def judged(folder: Path, **options: Any) -> dict[str, Any]:
    out = StringIO()
    call_command("judge_cards", str(folder), format="json", stdout=out, stderr=StringIO(), **options)
    return json.loads(out.getvalue())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, front in {
        "org__base": "license: gpl-3.0",
        "me__tuned": "license: mit\nbase_model: Org/Base",
        "me__data-only": "license: mit\ndatasets: [org/nowhere]",
    }.items():
        tmp_path.joinpath(f"{name}.md").write_text(f"---\n{front}\n---\n# Card\n", encoding="utf-8")
    return tmp_path


def test_cards_are_judged_against_what_they_name_whatever_its_case(folder: Path) -> None:
    document = judged(folder, conflicts=5)

    assert document["cards"] == 3
    assert document["named_only"] == 1
    assert sum(document["verdicts"].values()) == 3
    (conflict,) = document["conflicts"]
    assert conflict["id"] == "me/tuned"
    assert conflict["findings"][0]["code"] == "C-COPYLEFT"
    assert conflict["findings"][0]["chain"] == ["org/base", "<artefact>"]
    assert document["pairs"][0] == {
        "code": "C-COPYLEFT",
        "upstream": "gpl-3.0",
        "relations": "finetune",
        "declared": "mit",
        "cards": 1,
    }


def test_records_tell_of_works_without_a_card(folder: Path, tmp_path: Path) -> None:
    record = {"id": "Org/Nowhere", "type": "dataset", "license": "cc-by-nc-4.0", "source": "its page"}
    known = tmp_path / "known.jsonl"
    known.write_text(json.dumps(record), encoding="utf-8")

    document = judged(folder, known=str(known), strictness="strict", conflicts=5)

    (conflict,) = [one for one in document["conflicts"] if one["id"] == "me/data-only"]
    assert {(one["code"], one["chain"][0]) for one in conflict["findings"]} >= {("C-NC", "Org/Nowhere")}


def test_the_table_is_readable_as_text_and_as_markdown(folder: Path) -> None:
    for markdown in (False, True):
        out = StringIO()
        call_command("judge_cards", str(folder), markdown=markdown, conflicts=1, stdout=out, stderr=StringIO())
        assert "C-COPYLEFT" in out.getvalue()
        assert ("| verdict |" in out.getvalue()) is markdown


def test_a_folder_without_cards_and_a_broken_record_are_refused_with_the_reason(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CommandError, match="nothing_to_import"):
        judged(tmp_path / "empty")
    broken = tmp_path / "broken.jsonl"
    broken.write_text("[1]", encoding="utf-8")
    with pytest.raises(CommandError, match="line 1"):
        judged(folder, known=str(broken))


def test_real_conflicts_among_real_cards_are_found_with_their_chains() -> None:
    if not REAL_CARDS.is_dir():
        pytest.skip(f"published cards are not part of the project: no folder {REAL_CARDS}")

    found = {one["id"]: one for one in judged(REAL_CARDS, known=str(KNOWN), conflicts=10_000)["conflicts"]}

    def chain(name: str, code: str) -> list[str]:
        (one,) = [each for each in found[name]["findings"] if each["code"] == code]
        return one["chain"]

    assert chain("QuantFactory/Foundation-Sec-8B-GGUF", "C-LAUNDER") == ["meta-llama/Llama-3.1-8B", "<artefact>"]
    assert chain("KoboldAI/LLaMA2-13B-Estopia", "C-LAUNDER") == [
        "meta-llama/Llama-2-13b-hf",
        "TheBloke/Llama-2-13B-fp16",
        "<artefact>",
    ]
    gemma = ["google/gemma-3-27b-it", "soob3123/amoral-gemma3-27B-v2-qat", "<artefact>"]
    assert chain("soob3123/amoral-gemma3-27B-v2-qat-Q4_0-GGUF", "C-LAUNDER") == gemma
