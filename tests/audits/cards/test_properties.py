"""What holds for any bytes at all."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.cards import CODES, ParsedCard, parse
from audits.cards.parser import verdict
from audits.kinds.card import outcome

_FRAGMENTS = [
    *(
        "---\n",
        "\n---\n",
        "...\n",
        "%YAML 1.1\n",
        "===\n",
        "\n",
        "\r\n",
        "\r",
        "\t",
        " ",
        "\x00",
        "\ufeff",
        "\u2028",
        "\x85",
    ),
    *("license: ", "license:\n", "mit", "other", "no", "2020-01-01", "language: ", "tags: ", "pipeline_tag: "),
    *("base_model: ", "base_model_relation: ", "org/a", "https://huggingface.co/", "/", "..", "datasets: "),
    *("source_datasets: ", "extended|", "model-index:\n", "- name: x\n", "  results:\n", "  - metrics:\n"),
    *("- ", ": ", "? ", ",", "[", "]", "{", "}", "'", '"', "|\n", ">\n", "\\", "\\0", "@", "`", "=", "#"),
    *("<<: *a", "&a ", "*a", "!!python/object:a ", "!x ", "1e5", ".nan", "~", "true", "\u202e", "é"),
    *("# Limitations\n", "## ", "```\n", "**", "<!--", "-->", "<h2>", "[More Information Needed]"),
]
_cards = st.lists(st.sampled_from(_FRAGMENTS), max_size=40).map(lambda parts: "".join(parts).encode())
_with_front_matter = _cards.map(lambda noise: b"---\n" + noise + b"\n---\n")
_kinds = st.sampled_from(["model", "dataset", "space"])


def holds(raw: bytes, kind: str, files: Sequence[str] = (), max_bytes: int = 5_000_000) -> ParsedCard:
    """Parse and check what is promised of every card."""
    parsed = parse(raw, kind=kind, files=files, max_bytes=max_bytes)
    stored = json.dumps(parsed.metadata, allow_nan=False)
    assert json.loads(stored) == parsed.metadata
    assert "\\u0000" not in stored
    stored.encode("utf-8")
    assert "\x00" not in parsed.text
    assert "\r" not in parsed.text
    assert 0 <= parsed.body_offset <= len(raw)
    lines = 1 + raw.count(b"\n") + raw.count(b"\r")
    for finding in parsed.findings:
        entry = CODES[finding.code]
        assert finding.severity == entry.severity
        assert set(finding.params) == set(entry.params), finding.code
        assert finding.line is None or 1 <= finding.line <= lines, finding
        json.dumps(dict(finding.params), allow_nan=False).encode("utf-8")
    assert 0.0 <= parsed.score <= 1.0
    assert parsed.verdict == verdict(parsed.findings)
    for link in parsed.links:
        assert link.target == link.target.strip()
        assert len(link.target) <= 96
    json.dumps(outcome(parsed).document, allow_nan=False)
    return parsed


@given(st.binary(max_size=400), _kinds)
def test_no_bytes_raise(raw: bytes, kind: str) -> None:
    holds(raw, kind)


@given(_with_front_matter | _cards, _kinds, st.lists(st.sampled_from(["a.gguf", "adapter_config.json"]), max_size=2))
@settings(max_examples=400)
def test_no_card_raises(raw: bytes, kind: str, files: list[str]) -> None:
    holds(raw, kind, files)


@given(st.binary(max_size=200).map(lambda noise: b"---\n" + noise + b"\n---\n"), st.integers(0, 60))
def test_no_bound_raises(raw: bytes, max_bytes: int) -> None:
    holds(raw, "model", max_bytes=max_bytes)


@given(_cards)
def test_one_card_always_reads_the_same(raw: bytes) -> None:
    assert parse(raw, kind="model") == parse(bytes(bytearray(raw)), kind="model")


@pytest.mark.long
@pytest.mark.skipif(os.environ.get("LONG") != "1", reason="only under make test LONG=1")
@given(_with_front_matter | _cards | st.binary(max_size=2_000), _kinds)
@settings(max_examples=20_000)
def test_no_card_raises_however_long_one_tries(raw: bytes, kind: str) -> None:
    holds(raw, kind)
