"""Published cards, read a second way: by PyYAML itself, by the rules of the Hub's own client, and by plain counting."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections import Counter
from typing import Any

import pytest
import yaml

from audits.cards import parse
from tests.audits.cards.conftest import FOLDERS, REAL_CARDS
from tests.audits.cards.test_properties import holds
from tests.audits.cards.test_source import HUB_RULE

Cards = tuple[str, dict[str, bytes]]


def as_json(value: Any) -> Any:
    """What PyYAML constructs, as JSON can hold it."""
    if isinstance(value, dict):
        return {str(key): as_json(one) for key, one in value.items()}
    if isinstance(value, list):
        return [as_json(one) for one in value]
    return value.isoformat() if isinstance(value, dt.date) else value


def hub_reads(raw: bytes) -> tuple[dict[Any, Any] | None, str]:
    """The metadata and text as the Hub's client reads them; None where it refuses the metadata."""
    content = raw.decode("utf-8-sig", "replace")
    block = HUB_RULE.search(content)
    if block is None:
        return {}, content
    try:
        data = yaml.safe_load(block[2])
    except (yaml.YAMLError, ValueError):
        return None, content[block.end() :]
    return (data if isinstance(data, dict) else None if data is not None else {}), content[block.end() :]


def test_every_published_card_is_read_and_keeps_what_is_promised(real_cards: Cards) -> None:
    kind, cards = real_cards
    for name, raw in cards.items():
        parsed = holds(raw, kind)

        assert parsed.sha256 == hashlib.sha256(raw).hexdigest(), name
        assert parsed.size == len(raw), name


def test_metadata_and_text_are_those_of_the_reference_readers(real_cards: Cards) -> None:
    kind, cards = real_cards
    compared = 0
    for name, raw in cards.items():
        parsed = parse(raw, kind=kind)

        metadata, text = hub_reads(raw)
        assert parsed.text == text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd"), name
        if metadata is None:
            assert parsed.verdict == "fail", name
        else:
            assert parsed.metadata == as_json(metadata), name
            compared += 1
    assert compared >= len(cards) * 0.6


def test_the_markdown_begins_at_its_offset_and_the_fences_are_where_they_are_said(real_cards: Cards) -> None:
    kind, cards = real_cards
    for name, raw in cards.items():
        parsed = parse(raw, kind=kind)

        text = raw[parsed.body_offset :].decode("utf-8", "replace")
        assert parsed.text == text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd"), name
        if parsed.front_matter_lines:
            lines = re.split(rb"\r\n|\r|\n", raw)
            for number in parsed.front_matter_lines:
                assert lines[number - 1].rstrip() in (b"---", b"\xef\xbb\xbf---"), name


def test_findings_about_licences_are_those_that_one_can_count(real_cards: Cards) -> None:
    from licenses.catalogue import hub_identifiers

    kind, cards = real_cards
    expected: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for raw in cards.values():
        metadata, _text = hub_reads(raw)
        if metadata is None:
            continue
        value = metadata.get("license") or []
        expected["missing"] += not value and not metadata.get("licenses")
        written = value if isinstance(value, list) else [value]
        expected["unknown_id"] += sum(isinstance(one, str) and one not in hub_identifiers() for one in written)
        codes = Counter(finding.code for finding in parse(raw, kind=kind).findings)
        found["missing"] += codes["card.license.missing"]
        found["unknown_id"] += codes["card.license.unknown_id"]

    assert found == expected


def test_a_finding_about_a_field_names_a_line_that_holds_it(real_cards: Cards) -> None:
    kind, cards = real_cards
    for name, raw in cards.items():
        lines = re.split(r"\r\n|\r|\n", raw.decode("utf-8", "replace"))
        for finding in parse(raw, kind=kind).findings:
            if finding.line is None or finding.code.startswith("card.yaml"):
                continue
            line = lines[finding.line - 1]
            if finding.code in ("card.license.unknown_id", "card.link.not_an_id", "card.base_model.not_an_id"):
                written = finding.params.get("id") or finding.params["written"]
                assert written in line or line.lstrip("- ") in written, (name, finding)
            elif finding.code == "card.placeholder":
                assert "information" in line.lower(), (name, finding)
            elif finding.field and finding.code != "card.model_index.invalid" and "name_missing" not in finding.code:
                assert line.strip(), (name, finding)


def test_results_are_invalid_exactly_where_the_hubs_reader_refuses_them(real_cards: Cards) -> None:
    from huggingface_hub.repocard_data import model_index_to_eval_results

    kind, cards = real_cards
    if kind != "model":
        pytest.skip("results stand in the cards of models only")
    for name, raw in cards.items():
        parsed = parse(raw, kind=kind)
        index: Any = parsed.metadata.get("model-index")
        if not index:
            continue
        invalid = [finding for finding in parsed.findings if finding.code == "card.model_index.invalid"]
        try:
            model_index_to_eval_results(index)
        except (KeyError, TypeError, ValueError, AttributeError):
            assert invalid, name
        else:
            # it takes null for a value; a reader of the results does not
            assert all(finding.params["problem"] == "missing" for finding in invalid), name


def test_links_are_ids_to_the_hubs_own_client(real_cards: Cards) -> None:
    from huggingface_hub.utils._validators import validate_repo_id

    kind, cards = real_cards
    for raw in cards.values():
        for link in parse(raw, kind=kind).links:
            validate_repo_id(link.target)


@pytest.mark.parametrize("folder", FOLDERS)
def test_cards_are_those_of_the_index(folder: str) -> None:
    index = REAL_CARDS / "index.jsonl"
    if not index.is_file():
        pytest.skip(f"published cards are not part of the project: no {index}")
    entries = [json.loads(line) for line in index.read_text().splitlines()]
    for entry in entries:
        if entry["kind"] == folder:
            raw = (REAL_CARDS / folder / (entry["id"].replace("/", "__") + ".md")).read_bytes()
            parsed = parse(raw, kind=FOLDERS[folder])
            assert (parsed.sha256, parsed.size) == (entry["sha256"], entry["bytes"])
