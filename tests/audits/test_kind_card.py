from __future__ import annotations

import io
from collections.abc import Mapping
from typing import IO, Any

import pytest
import rfc8785

from audits.cards import parse
from audits.kinds import card as kind
from audits.kinds.base import SEVERITIES, InputsRejected, Outcome, get

RAW = b"""---
license: nice
license: nice
datasets: [The Pile, Some Texts]
model-index:
- name: a
  results:
  - task: {type: x}
    metrics: []
---
# Limitations

[More Information Needed]
"""


class Given:
    """What the audit is run on: one stored card; remembers the progress it was told."""

    seed = 0

    def __init__(self, inputs: Mapping[str, Any], raw: bytes = RAW) -> None:
        self.inputs = inputs
        self.raw = raw
        self.opened: list[str] = []
        self.told: list[tuple[int, int | None]] = []

    def open_blob(self, sha256: str) -> IO[bytes]:
        self.opened.append(sha256)
        return io.BytesIO(self.raw)

    def progress(self, done: int, total: int | None) -> None:
        self.told.append((done, total))


def run(**inputs: Any) -> Outcome:
    return kind.run(Given({"card_sha256": "0" * 64, "card_kind": "model", **inputs}))


def test_the_audit_is_registered_with_its_verdicts() -> None:
    assert get("card").verdicts == ("fail", "warn", "pass")


def test_the_stored_card_is_read_and_progress_is_told() -> None:
    given = Given({"card_sha256": "ab" * 32, "card_kind": "model", "files": []})

    outcome = kind.run(given)

    assert given.opened == ["ab" * 32]
    assert given.told == [(0, 1), (1, 1)]
    assert outcome.verdict == "fail"


def test_a_worker_and_an_import_come_to_the_same_result() -> None:
    assert run(files=["a.gguf"]) == kind.outcome(parse(RAW, kind="model", files=["a.gguf"]))


def test_the_document_has_every_finding_and_can_be_stored() -> None:
    parsed = parse(RAW, kind="model")

    outcome = kind.outcome(parsed)

    assert len(outcome.document["findings"]) == len(parsed.findings)
    assert outcome.summary == {"card_score": parsed.score}
    assert rfc8785.dumps(dict(outcome.document))


def test_a_draft_says_where_it_stands() -> None:
    drafts = {draft.code: draft for draft in run().drafts}

    assert drafts["card.license.unknown_id"].locus == "license=nice"
    assert (drafts["card.license.unknown_id"].field, drafts["card.license.unknown_id"].line) == ("license", 3)
    assert drafts["card.model_index.invalid"].locus == "model-index[0].results[0].dataset"
    assert drafts["card.placeholder"].locus == ""
    assert all(draft.severity in SEVERITIES for draft in drafts.values())


def test_no_two_drafts_say_the_same_of_the_same_place() -> None:
    drafts = kind.outcome(parse(b"---\na: 1\na: 2\na: 3\n---\n", kind="model")).drafts

    places = [(draft.code, draft.locus) for draft in drafts]
    assert len(places) == len(set(places))
    duplicate = next(draft for draft in drafts if draft.code == "card.yaml.duplicate_key")
    assert (duplicate.line, duplicate.params["lines"]) == (3, [3, 4])


def test_two_items_of_one_field_are_two_drafts() -> None:
    loci = [draft.locus for draft in run().drafts if draft.code == "card.link.not_an_id"]

    assert loci == ["datasets=The Pile", "datasets=Some Texts"]


@pytest.mark.parametrize(
    "inputs",
    [{"card_sha256": None}, {"card_sha256": ""}, {"card_kind": "models"}, {"files": "README.md"}, {"files": [1]}],
)
def test_inputs_of_the_wrong_shape_are_refused_with_their_name(inputs: dict[str, Any]) -> None:
    with pytest.raises(InputsRejected, match=next(iter(inputs))):
        run(**inputs)
