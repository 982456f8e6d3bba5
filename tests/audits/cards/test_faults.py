"""Hostile cards: they are parsed or flagged, within bounds of memory, and nothing raises."""

from __future__ import annotations

import json
import tracemalloc

import pytest

from audits.cards import ParsedCard, parse
from tests.audits.cards.cards import card, codes
from tests.audits.cards.conftest import Find

MB = 1_000_000


def stays_small(raw: bytes, *, limit: int) -> ParsedCard:
    """Parse and hold the parser to ``limit`` bytes of memory beyond the card itself."""
    tracemalloc.start()
    try:
        parsed = parse(raw, kind="model")
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < limit
    return parsed


def letters(count: int) -> list[str]:
    return [chr(ord("a") + at) for at in range(count)]


def laughs(item: str) -> str:
    """Nine levels of nine aliases each: a few hundred bytes that stand for 9**9 parts."""
    lines = ["a: &a {k: v}"]
    for before, name in zip(letters(10), letters(10)[1:], strict=False):
        lines.append(f"{name}: &{name} " + item.replace("*", f"*{before}"))
    return "\n".join(lines)


@pytest.mark.parametrize(
    "item",
    [
        "[" + "*, " * 9 + "]",
        "{" + ", ".join(f"k{at}: *" for at in range(9)) + "}",
        "{<<: [" + "*, " * 9 + "]}",
    ],
    ids=["lists", "mappings", "merges"],
)
def test_fault_v43_an_alias_bomb_is_refused_in_little_memory(item: str, find: Find) -> None:
    parsed = stays_small(f"---\nlicense: mit\n{laughs(item)}\n---\nText".encode(), limit=30 * MB)

    found = find(parsed, "card.yaml.aliases")
    assert (found.severity, found.params) == ("high", {"reason": "expansion"})
    assert (parsed.metadata, parsed.verdict, parsed.text) == ({}, "fail", "Text")


def test_fault_v43_one_long_text_repeated_by_alias_is_refused(find: Find) -> None:
    front_matter = "a: &a " + "x" * 100_000 + "\nb: [" + "*a, " * 5_000 + "]"

    parsed = stays_small(f"---\n{front_matter}\n---\n".encode(), limit=30 * MB)

    assert find(parsed, "card.yaml.aliases").params == {"reason": "expansion"}


@pytest.mark.parametrize("front_matter", ["a: &a [*a, *a]", "a: &a {b: *a}", "&a {a: *a}", "a: &a {<<: *a}"])
def test_fault_v43_an_alias_that_contains_itself_is_refused(front_matter: str, find: Find) -> None:
    assert find(card(front_matter), "card.yaml.aliases").params == {"reason": "recursive"}


def test_fault_v43_honest_aliases_are_read() -> None:
    parsed = card("license: mit\na: &a {task: x}\nb: [*a, *a]")

    assert parsed.metadata["b"] == [{"task": "x"}, {"task": "x"}]
    assert "card.yaml.aliases" not in codes(parsed)


@pytest.mark.parametrize(
    "front_matter",
    [
        "a: " + "[" * 100_000,
        "a: " + "[" * 30_000 + "]" * 30_000,
        "a: " + "{a: " * 9_000,
        "- " * 30_000 + "a",
        "? " * 30_000,
        "\n".join(" " * at + "a:" for at in range(700)),
        "\n".join(" " * at + "-" for at in range(500)),
    ],
    ids=["open", "closed", "mappings", "dashes", "questions", "indented", "indented-list"],
)
def test_fault_v43_nesting_that_would_exhaust_the_stack_is_refused(front_matter: str, find: Find) -> None:
    parsed = stays_small(f"---\n{front_matter}\n---\nText".encode(), limit=30 * MB)

    assert find(parsed, "card.metadata.refused").params["bound"] == "depth"
    assert (parsed.metadata, parsed.text) == ({}, "Text")


def test_fault_v43_tabs_are_flagged() -> None:
    assert {"card.yaml.tab", "card.yaml.syntax"} <= codes(card("license: mit\nwidget:\n\t- text: a"))


def test_fault_v43_a_byte_order_mark_and_windows_lines_are_parsed() -> None:
    parsed = parse(b"\xef\xbb\xbf---\r\nlicense: mit\r\n---\r\nText\r\n", kind="model")

    assert parsed.licenses == ("mit",)
    assert {"card.encoding.bom", "card.line_ends.crlf"} <= codes(parsed)


def test_fault_v43_front_matter_without_an_end_is_flagged_and_kept() -> None:
    parsed = parse(b"---\nlicense: mit\n# Title\n", kind="model")

    assert "card.front_matter.unclosed" in codes(parsed)
    assert "license: mit" in parsed.text


def test_fault_v43_a_card_that_is_no_mapping_is_flagged() -> None:
    assert "card.front_matter.not_mapping" in codes(card("- license: mit"))


def test_fault_v43_nan_and_infinity_never_reach_json() -> None:
    parsed = card("a: .nan\nb: [.inf, -.INF]\nc: {d: .NaN}\ne: 1.0e+999")

    json.dumps(parsed.metadata, allow_nan=False)
    assert "card.yaml.not_finite" in codes(parsed)


def test_fault_v43_a_licence_that_looks_like_a_date_is_kept_as_written(find: Find) -> None:
    parsed = card("license: 2024-01-31")

    assert find(parsed, "card.license.type").params == {"written": "2024-01-31", "got": "date"}
    assert parsed.licenses == ("2024-01-31",)


def test_fault_v43_characters_that_turn_the_text_are_flagged(find: Find) -> None:
    parsed = parse("---\nlicense: mit\n---\nSafe \u202eetirw ot\u202c use\n".encode(), kind="model")

    found = find(parsed, "card.text.bidi")
    assert (found.line, found.params) == (4, {"count": 2, "characters": "U+202C, U+202E"})


@pytest.mark.parametrize(
    "unit",
    [
        b"x",
        b"\x00",
        b"\xff",
        b"\n",
        b"\r",
        b" ",
        b"#\n",
        b"# limitations\n",
        b"```\n",
        b"<!--",
        b"<!-- -->\n",
        b"[",
        b"**",
        b"<h1",
        b"---\n",
        b"\n---x",
        b"a\n---\n",
        b"more information needed ",
        "\u202e".encode(),
        "\u0081".encode(),
    ],
)
def test_fault_v43_five_megabytes_of_anything_are_read(unit: bytes) -> None:
    raw = unit * (5 * MB // len(unit))

    parsed = stays_small(raw, limit=220 * MB)

    assert parsed.size == len(raw)
    assert len(parsed.findings) < 100


@pytest.mark.parametrize(
    "front_matter",
    [
        b"license: mit\nx: " + b"y" * 4 * MB,
        b"license: mit\n" + b"".join(b"k%d: y\n" % at for at in range(400_000)),
        b"license: mit\ndataset_info:\n" + b"- [a, b]\n" * 300_000,
        b"k: [" + b"a," * 130_000 + b"]",
        b"k: v\n" * 50_000,
        b"k: " + b"1:" * 100_000 + b"1",
        b"k: " + b"9" * 200_000,
        b"k: 0x" + b"f" * 200_000,
        b"- !!python/object:os.system a\n" * 8_000,
        b"&a " * 80_000,
        b"#\n" * 120_000,
    ],
)
def test_fault_v43_megabytes_of_metadata_are_bounded(front_matter: bytes) -> None:
    parsed = stays_small(b"---\n" + front_matter + b"\n---\nText", limit=220 * MB)

    assert parsed.text == "Text"
    assert len(json.dumps(parsed.metadata)) < 4 * MB


@pytest.mark.parametrize("value", ["!!python/object/apply:os.system ['true']", "!!python/object/new:str ['x']"])
def test_fault_v26_yaml_makes_no_objects(value: str) -> None:
    parsed = card(f"x: {value}")

    assert "card.yaml.tag" in codes(parsed)
    assert isinstance(parsed.metadata["x"], list)


def test_fault_v26_duplicate_keys_and_booleans_are_flagged() -> None:
    parsed = card("license: no\nlicense: off")

    assert {"card.yaml.duplicate_key", "card.license.type"} <= codes(parsed)
    assert parsed.licenses == ("off",)


def test_fault_v26_a_key_that_reads_as_a_boolean_stays_text() -> None:
    assert card("on: yes").metadata == {"on": True}
