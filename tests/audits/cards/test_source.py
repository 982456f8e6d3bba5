from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.cards import parse
from audits.cards.notes import Notes
from audits.cards.source import split
from tests.audits.cards.cards import codes
from tests.audits.cards.conftest import Find

# The rule of the Hub's own client for where front matter is.
HUB_RULE = re.compile(r"^(\s*---(?:\r\n|\r|\n))([\S\s]*?)((?:\r\n|\r|\n)---[ \t]*(\r\n|\n|$))")


def test_lines_and_offsets_are_those_of_the_raw_file() -> None:
    raw = "\n\n---\nlicense: mit\ntitle: é\n---\n# Später\n".encode()

    parsed = parse(raw, kind="model")

    assert parsed.front_matter_lines == (3, 6)
    assert raw[parsed.body_offset :].decode() == parsed.text == "# Später\n"


def test_windows_line_ends_are_read_and_told(find: Find) -> None:
    raw = b"---\r\nlicense: nice\r\n---\r\n# A\r\n\r\nText.\r\n"

    parsed = parse(raw, kind="model")

    assert (parsed.metadata, parsed.text) == ({"license": "nice"}, "# A\n\nText.\n")
    assert parsed.front_matter_lines == (1, 3)
    assert find(parsed, "card.license.unknown_id").line == 2
    assert find(parsed, "card.line_ends.crlf").severity == "info"


def test_mixed_line_ends_are_counted(find: Find) -> None:
    parsed = parse(b"---\nlicense: nice\r\n---\n# A\rB\n", kind="model")

    assert find(parsed, "card.line_ends.mixed").params == {"lf": 3, "crlf": 1, "cr": 1}
    assert parsed.text == "# A\nB\n"


def test_a_byte_order_mark_hides_nothing(find: Find) -> None:
    parsed = parse(b"\xef\xbb\xbf---\nlicense: mit\n---\nText", kind="model")

    assert find(parsed, "card.encoding.bom").line == 1
    assert (parsed.licenses, parsed.text) == (("mit",), "Text")


def test_what_is_not_utf8_is_placed_and_the_rest_is_read(find: Find) -> None:
    raw = b"---\nlicense: mit\n---\nLine\nCaf\xe9 noir\n"

    parsed = parse(raw, kind="model")

    found = find(parsed, "card.encoding.not_utf8")
    assert (found.line, found.params) == (5, {"offset": raw.index(b"\xe9"), "encoding": ""})
    assert parsed.licenses == ("mit",)
    assert parsed.text == "Line\nCaf\ufffd noir\n"
    assert parsed.body_offset == raw.index(b"Line")


def test_utf16_is_guessed(find: Find) -> None:
    parsed = parse("---\nlicense: mit\n---\n".encode("utf-16"), kind="model")

    assert find(parsed, "card.encoding.not_utf8").params["encoding"] == "utf-16"


def test_nul_bytes_are_replaced_and_counted(find: Find) -> None:
    parsed = parse(b"---\nlicense: mit\n---\nA\n\x00B\x00", kind="model")

    assert parsed.text == "A\n\ufffdB\ufffd"
    found = find(parsed, "card.text.nul")
    assert (found.line, found.params) == (5, {"count": 2})


def test_control_characters_are_counted_and_kept(find: Find) -> None:
    parsed = parse("---\nlicense: mit\n---\nA\x1b[0m \u0085 \u009b".encode(), kind="model")

    assert find(parsed, "card.text.control").params == {"count": 2}
    assert "\x1b" in parsed.text


@pytest.mark.parametrize("mark", ["\u200e", "\u200f", "\u061c"])
def test_the_marks_that_right_to_left_text_needs_are_no_finding(mark: str) -> None:
    parsed = parse(f"---\nlicense: mit\n---\nשלום{mark} עולם".encode(), kind="model")

    assert "card.text.bidi" not in codes(parsed)


@pytest.mark.parametrize("raw", [b"---\nlicense: mit\n\n# No end\n", b"---\n\nA rule and text", b"\n---\r\n"])
def test_front_matter_without_an_end_is_text(raw: bytes, find: Find) -> None:
    parsed = parse(raw, kind="model")

    assert find(parsed, "card.front_matter.unclosed").severity == "high"
    assert (parsed.metadata, parsed.front_matter_lines) == ({}, None)
    assert parsed.text == raw.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b"A logo\n---\nlicense: mit\n---\n# A\n", 3),
        (b"# A\n\n---\nlanguage:\n- en\n---\n", 4),
        (b"license: mit\nlanguage: en\n---\n\n# A\n", 1),
    ],
)
def test_front_matter_that_is_not_at_the_very_top_is_told(raw: bytes, line: int, find: Find) -> None:
    parsed = parse(raw, kind="model")

    found = find(parsed, "card.front_matter.misplaced")
    assert (found.line, found.severity, parsed.metadata) == (line, "high", {})


def test_an_example_of_front_matter_is_not_taken_for_it() -> None:
    parsed = parse(b"# How to write one\n\n```\n---\nlicense: mit\n---\n```\n", kind="model")

    assert "card.front_matter.misplaced" not in codes(parsed)


@pytest.mark.parametrize("raw", [b"---\n---\nText", b"---\n\n---\nText", b"---\n# only a remark\n---\nText"])
def test_an_empty_block_is_told(raw: bytes, find: Find) -> None:
    parsed = parse(raw, kind="model")

    found = find(parsed, "card.front_matter.empty")
    assert (found.line, parsed.text) == (1, "Text")


def test_a_card_beyond_the_bound_still_gives_its_front_matter_and_its_beginning(find: Find) -> None:
    raw = b"---\nlicense: mit\n---\n" + "ä".encode() * 100

    parsed = parse(raw, kind="model", max_bytes=50)

    assert find(parsed, "card.too_large").params == {"size": len(raw), "limit": 50}
    assert parsed.licenses == ("mit",)
    assert set(parsed.text) == {"ä"}
    assert len(parsed.text) == (50 - parsed.body_offset) // 2
    assert parsed.size == len(raw)
    assert not codes(parsed) & {"card.encoding.not_utf8", "card.section.missing", "card.body.empty"}


def test_front_matter_beyond_the_bound_is_read_all_the_same() -> None:
    raw = b"---\nlicense: mit\nnote: " + b"x" * 500 + b"\n---\nText"

    parsed = parse(raw, kind="model", max_bytes=100)

    assert parsed.licenses == ("mit",)


@given(
    st.lists(st.sampled_from(["---", "-", "\n", "\r\n", "\r", " ", "\t", "a", "\u00a0", "\u3000", "\x1c"]), max_size=14)
)
def test_fences_are_where_the_hub_finds_them(parts: list[str]) -> None:
    text = "".join(parts)

    found = split(text.encode(), max_bytes=10_000, notes=Notes())

    hub = HUB_RULE.search(text)
    if hub is None:
        # the one difference: two fences in a row are an empty block to a reader
        assert found.front_matter in (None, "")
        return
    assert found.front_matter == hub[2]
    assert text.encode()[found.body_offset :].decode() == text[hub.end() :]


@given(st.binary(max_size=300))
def test_the_markdown_is_the_bytes_from_its_offset_on(noise: bytes) -> None:
    raw = b"---\na: b\n---\n" + noise

    parsed = parse(raw, kind="model")

    expected = raw[parsed.body_offset :].decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    assert parsed.text == expected.replace("\x00", "\ufffd")
