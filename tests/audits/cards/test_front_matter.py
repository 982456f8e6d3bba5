from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from audits.cards import parse
from audits.cards.compose import MAX_COMPOSED_DEPTH, MAX_NODES, Unbounded, _check_bounds
from tests.audits.cards.cards import body, card, codes
from tests.audits.cards.conftest import Find

_texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(_texts, _values, min_size=1, max_size=5))
def test_metadata_come_back_as_they_were_dumped(metadata: dict[str, Any]) -> None:
    dumped = yaml.safe_dump(metadata, allow_unicode=True)

    parsed = card(dumped.rstrip("\n"))

    assert parsed.metadata == metadata


@pytest.mark.parametrize(
    "front_matter",
    [
        "a: &x {b: 1}\nc: *x",
        "base: &b {x: 1, y: 2}\nover: {<<: *b, y: 3}",
        "one: &1 {x: 1}\ntwo: &2 {x: 2, y: 2}\nboth: {<<: [*1, *2], z: 3}",
        "a: |\n  two\n  lines\nb: >-\n  one\n  line",
        "a: 0x1F\nb: 0o17\nc: 017\nd: 1_000\ne: 1:30\nf: 1e5\ng: 1.0e+5\nh: .5",
        "a: yes\nb: off\nc: 'no'\nd: ~\ne: ''\nf: !!str 12\ng: !!int '12'",
        "'quoted key': 1\n? long key\n: 2",
    ],
)
def test_plain_yaml_reads_as_the_reference_reads_it(front_matter: str) -> None:
    parsed = card(front_matter)

    assert parsed.metadata == yaml.safe_load(front_matter)
    assert not {code for code in codes(parsed) if code.startswith("card.yaml")}


def test_every_duplicate_key_is_told_with_both_lines() -> None:
    parsed = card("license: mit\ntags: [a]\nlicense: apache-2.0\nwidget:\n- text: a\n  text: b\nlicense: gemma")

    found = [finding for finding in parsed.findings if finding.code == "card.yaml.duplicate_key"]
    assert [(one.field, one.line, one.params["first_line"], one.severity) for one in found] == [
        ("license", 4, 2, "high"),
        ("widget.text", 7, 6, "high"),
        ("license", 8, 4, "high"),
    ]
    assert parsed.licenses == ("gemma",)


def test_bad_yaml_is_told_with_the_parsers_own_line_and_problem(find: Find) -> None:
    parsed = card("license: mit\ntags: [a, b\nlanguage: en")

    found = find(parsed, "card.yaml.syntax")
    assert (found.line, found.severity) == (4, "high")
    assert "expected ',' or ']'" in found.params["problem"]
    # what could not be read is not called missing
    assert "card.license.missing" not in codes(parsed)
    assert (parsed.metadata, parsed.text) == ({}, body())


def test_a_tab_that_breaks_the_metadata_is_named(find: Find) -> None:
    parsed = card("widget:\n\t- text: a")

    assert find(parsed, "card.yaml.tab").line == 3
    assert "card.yaml.syntax" in codes(parsed)


def test_a_tab_inside_a_block_of_text_is_nobodys_business() -> None:
    parsed = card("prompt: |\n  if x:\n  \treturn")

    assert parsed.metadata == {"prompt": "if x:\n\treturn"}
    assert not {code for code in codes(parsed) if code.startswith("card.yaml")}


@pytest.mark.parametrize(("front_matter", "got"), [("[]", "list"), ("- a\n- b", "list"), ("just words", "text")])
def test_front_matter_that_is_no_mapping_is_told(front_matter: str, got: str, find: Find) -> None:
    found = find(card(front_matter), "card.front_matter.not_mapping")

    assert (found.line, found.params, found.severity) == (2, {"got": got}, "high")


def test_an_unfilled_template_is_a_key_that_is_no_text(find: Find) -> None:
    parsed = card("{{ card_data }}")

    assert find(parsed, "card.yaml.key").line == 2


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system ['true']", "!mine x", "!!python/name:os.system ''"])
def test_a_tag_is_a_finding_and_never_an_execution(tag: str, find: Find) -> None:
    parsed = card(f"license: mit\nx: {tag}")

    found = find(parsed, "card.yaml.tag")
    assert (found.field, found.line, found.severity) == ("x", 3, "high")
    assert parsed.metadata["x"] in (["true"], "x", "")


def test_numbers_and_dates_that_are_none_stay_text() -> None:
    parsed = card("day: 2024-13-45\nn: !!int twelve\nlong: 1" + "0" * 5000)

    assert parsed.metadata == {"day": "2024-13-45", "n": "twelve", "long": "1" + "0" * 5000}
    assert [finding.params["type"] for finding in parsed.findings if finding.code == "card.yaml.value"] == [
        "date",
        "number",
        "number",
    ]


def test_numbers_that_json_cannot_hold_stay_text_and_are_told() -> None:
    parsed = card("a: .nan\nb: .inf\nc: 9223372036854775807\nd: 9223372036854775808")

    assert parsed.metadata == {"a": ".nan", "b": ".inf", "c": 2**63 - 1, "d": str(2**63)}
    assert [finding.line for finding in parsed.findings if finding.code == "card.yaml.not_finite"] == [2, 3]


def test_characters_that_yaml_forbids_do_not_cost_the_rest(find: Find) -> None:
    parsed = card("license: mit\nnote: a\x07b")

    assert parsed.metadata == {"license": "mit", "note": "a\ufffdb"}
    assert find(parsed, "card.yaml.unprintable").params == {"character": "U+0007"}
    assert find(parsed, "card.yaml.unprintable").line == 3


def test_lines_are_an_editors_even_where_yaml_counts_more_breaks(find: Find) -> None:
    parsed = card("note: 'a\u2028b\x85c'\nlicense: nice")

    assert find(parsed, "card.license.unknown_id").line == 3


def test_depth_is_cut_and_told(find: Find) -> None:
    parsed = card("license: mit\ndeep: " + "[" * 60 + "]" * 60)

    depth, value = 0, parsed.metadata["deep"]
    while value:
        depth, value = depth + 1, value[0]
    assert depth < 45
    assert find(parsed, "card.metadata.truncated").params["bound"] == "depth"
    assert parsed.licenses == ("mit",)


@pytest.mark.parametrize(
    ("large", "bound"),
    [("dataset_info: " + "x" * 300_000, "characters"), ("dataset_info: [" + "a, " * (MAX_NODES + 1) + "]", "parts")],
)
def test_metadata_beyond_the_bounds_lose_their_largest_field_only(large: str, bound: str, find: Find) -> None:
    parsed = card(f"license: mit\n{large}\nlanguage: en\ntags: 7")

    found = find(parsed, "card.metadata.truncated")
    assert (found.params["bound"], found.params["left_out"]) == (bound, "dataset_info")
    assert parsed.metadata == {"license": "mit", "language": "en", "tags": 7}
    assert find(parsed, "card.field.type").line == 5


def test_a_field_that_was_left_out_is_not_called_missing() -> None:
    parsed = card("license:\n- " + "x" * 300_000)

    assert parsed.metadata == {}
    assert "card.license.missing" not in codes(parsed)
    assert "card.metadata.truncated" in codes(parsed)


_starts = st.lists(
    st.sampled_from(["- ", "-", "? ", ": ", " ", "  ", "a:", "a: ", "[", "{", "]", "}", ",", "&x ", "!t "])
)
_lines = st.lists(st.tuples(st.integers(0, 70), _starts.map("".join)), max_size=90)


@given(_lines | st.integers(1, 130).map(lambda n: [(at // 2, "a:" if at % 2 == 0 else "-") for at in range(n)]))
def test_what_is_composed_at_once_is_never_deep(lines: list[tuple[int, str]]) -> None:
    text = "\n".join(" " * indent + start for indent, start in lines)
    try:
        _check_bounds(text)
    except (Unbounded, yaml.YAMLError):
        return

    depth = deepest = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            deepest = max(deepest, depth)
    except yaml.YAMLError:
        pass
    assert deepest <= MAX_COMPOSED_DEPTH


def test_too_many_fields_are_refused_as_a_whole(find: Find) -> None:
    parsed = card("".join(f"k{n}: v\n" for n in range(45_000)))

    assert find(parsed, "card.metadata.refused").severity == "high"
    assert parsed.metadata == {}


def test_dates_become_iso_text() -> None:
    parsed = parse(b"---\nd: 2021-02-03\nt: 2021-02-03T04:05:06Z\n---\n", kind="dataset")

    assert parsed.metadata["d"] == dt.date(2021, 2, 3).isoformat()
    assert dt.datetime.fromisoformat(parsed.metadata["t"]) == dt.datetime(2021, 2, 3, 4, 5, 6, tzinfo=dt.UTC)
