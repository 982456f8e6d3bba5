"""Files of templates, swaps and slots that strangers may have written: refused before they cost anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError

from tests.audits.test_text_commands import call, rows_of, written

BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(f'*{before}' for _ in range(10))}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
DEEP = 200_000
TESTS = "tests:\n  - {functionality: praise, label: fine, templates: ['I like {WHO}.']}\n"
FILLED = TESTS + "slots: {WHO: [you, him]}\n"
EIGHT = "".join(f"{{S{at}}}" for at in range(8))
FIFTY = json.dumps({f"S{at}": [f"w{at}-{one}" for one in range(50)] for at in range(8)})
MANY = "".join(f"{{S{at}}}" for at in range(51))

HOSTILE = [
    # what must not be expanded or walked into
    ("bomb.yaml", BOMB, "line 1: anchors"),
    ("loop.yaml", "tests: &a [*a]", "line 1: anchors"),
    ("merge.yaml", "a: &a {x: y}\ntests: [{<<: *a}]", "line 1: anchors"),
    ("flow.yaml", "[" * DEEP, "more than 20 levels"),
    ("maps.yaml", "{a: " * DEEP, "more than 20 levels"),
    ("block.yaml", "- " * DEEP + "x", "more than 20 levels"),
    ("keys.yaml", "? " * DEEP + "x", "more than 20 levels"),
    ("lists.json", "[" * DEEP + "]" * DEEP, "deeper than 50 levels"),
    ("objects.json", '{"a":' * DEEP + "1" + "}" * DEEP, "deeper than 50 levels"),
    ("wide.yaml", "tests: [" + "x," * 300_000 + "]", "more than 200,000 values"),
    ("large.yaml", "x" * (5 << 20), "larger than 4 MB"),
    (
        "fifty.yaml",
        f"tests: [{{functionality: a, label: b, templates: ['{EIGHT}']}}]\nslots: {FIFTY}\n",
        "make 39,062,500,000,000 cases, at most 500,000",
    ),
    (
        "much.yaml",
        f"tests: [{{functionality: a, label: b, templates: ['{'x' * 19_000}{{S0}}{{S1}}{{S2}}']}}]\nslots: {FIFTY}\n",
        "characters, at most 100,000,000",
    ),
    ("slots.yaml", f"tests: [{{functionality: a, label: b, templates: ['{MANY}']}}]", "has 51 slots, at most 50"),
    ("long.yaml", f"tests: [{{functionality: a, label: b, templates: ['{'x' * 20_001}']}}]", "has 20,001 characters"),
    # what says two things
    ("twice.yaml", FILLED + "slots: {WHO: [her]}\n", "line 4: the key slots stands here again .first in line 3"),
    ("twice.json", '{"tests": [], "tests": [1]}', "'tests' occurs twice"),
    (
        "label.yaml",
        "tests: [{functionality: a, label: x, label: y, templates: [t]}]",
        "the key label stands here again",
    ),
    ("value.yaml", TESTS + "slots: {WHO: [you, you]}\n", "the slot 'WHO' has a value twice"),
    ("groups.yaml", FILLED + "together: [[WHO, WHO]]\n", "together names 'WHO' twice"),
    ("second.yaml", FILLED + "---\ntests: []\n", "second document"),
    # what is something else
    ("tag.yaml", "tests: !!python/object/apply:os.system [ls]", "the tag"),
    ("number.yaml", "5", "must be a mapping"),
    ("empty.yaml", "", "is empty"),
    ("boolean.yaml", TESTS + "slots: {no: [a]}\n", "a key has to be text, not no"),
    ("together.yaml", FILLED + "together: WHO\n", "together must be a list"),
    ("group.yaml", FILLED + "together: [WHO]\n", "each group must be a list"),
    ("target.yaml", FILLED + "target: {a: b}\n", "the target slot"),
    ("language.yaml", FILLED + "language: [en]\n", "language must be a text"),
    ("unknown.yaml", FILLED + "together: [[WHO, WHOM]]\n", "the slot 'WHOM' has no values"),
    ("null.yaml", TESTS + "slots: {WHO: [~]}\n", "WHO.* must be a text"),
    ("list.yaml", TESTS + "slots: {WHO: [[you]]}\n", "WHO.* must be a text"),
    ("text.yaml", TESTS + "slots: {WHO: you}\n", "WHO.* must be a list"),
    ("kind.yaml", "tests: [{functionality: a, type: [INV], templates: [t]}]", "type must be a text"),
    ("expected.yaml", "tests: [{functionality: a, label: x, expectation: [], templates: [t]}]", "expectation must be"),
    ("half.yaml", 'tests: [{functionality: "\\ud800", label: x, templates: [t]}]', "line 1: not YAML"),
    ("half.json", '{"tests": [{"functionality": "\\ud800"}]}', "half of a surrogate pair"),
    ("nul.json", '{"tests": "\\u0000"}', "NUL"),
    ("nan.json", '{"tests": NaN}', "NaN"),
    ("control.yaml", "tests: \x07", "U[+]0007 may not stand there"),
    ("latin.yaml", b"tests: \xe9", "not UTF-8"),
]


@pytest.mark.parametrize(("name", "data", "words"), HOSTILE, ids=[name for name, *_ in HOSTILE])
def test_a_suite_that_cannot_be_made_is_refused_in_one_line(
    tmp_path: Path, name: str, data: str | bytes, words: str
) -> None:
    out = tmp_path / "out.csv"

    with pytest.raises(CommandError, match=words) as refused:
        call("make_suite", written(tmp_path / name, data), "--out", str(out))

    assert refused.value.returncode == 2
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 500
    assert not out.exists()


TEMPLATES = "templates: ['{subject} is {KIND}.']\n"
SWAPS = "{name: n, identities: [a, b], forms: [{slot: who, a: x, b: y}]}"

HOSTILE_TEMPLATES = [
    ("bomb.yaml", BOMB, "anchors"),
    ("deep.yaml", "templates: " + "[" * DEEP, "more than 20 levels"),
    ("deep.json", "[" * DEEP + "]" * DEEP, "deeper than 50 levels"),
    (
        "fifty.yaml",
        f"templates: ['{{subject}} {EIGHT}']\nslots: {FIFTY}\n",
        "make 117,187,500,000,000 texts, at most 500,000",
    ),
    ("number.yaml", "5", "templates must be a list"),
    ("mapping.yaml", "templates: [{a: '{subject}'}]", "template 1 must be a text"),
    ("none.yaml", "templates: [~]", "template 1 must be a text"),
    ("no.yaml", "templates: [no]", "template 1 must be a text"),
    ("nothing.yaml", "templates: []", "at least one text"),
    ("key.yaml", TEMPLATES + "tests: []\n", "no key 'tests'"),
    ("null.yaml", TEMPLATES + "slots: {KIND: [~]}\n", "'KIND' must be a text"),
    ("slots.yaml", TEMPLATES + "slots: [KIND]\n", "slots must be a mapping"),
    ("nobody.yaml", "templates: ['{KIND}']\nslots: {KIND: [a]}\n", "template 1 has no slot of 'gender'"),
    ("unfilled.yaml", TEMPLATES, "the slot 'KIND' has no values"),
]


@pytest.mark.parametrize(("name", "data", "words"), HOSTILE_TEMPLATES, ids=[name for name, *_ in HOSTILE_TEMPLATES])
def test_templates_that_cannot_be_filled_are_refused_in_one_line(
    tmp_path: Path, name: str, data: str, words: str
) -> None:
    out = tmp_path / "out.csv"

    with pytest.raises(CommandError, match=words) as refused:
        call("make_counterfactuals", written(tmp_path / name, data), "--swaps", "gender_en", "--out", str(out))

    assert (refused.value.returncode, "\n" in str(refused.value)) == (2, False)
    assert not out.exists()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (BOMB, "anchors"),
        ("{a: " * DEEP, "more than 20 levels"),
        (SWAPS.replace("name: n", "name: n, name: m"), "the key name stands here again"),
        (SWAPS.replace("[a, b]", "[a, a]"), "different names"),
        (SWAPS.replace("[a, b]", "{a: b}"), "identities must be a list"),
        (SWAPS.replace("a: x", "a: [[x]]"), "forms must be a text"),
        (SWAPS.replace("a: x", f"a: {'x' * 201}"), "at most 10 words and 200 characters"),
        (SWAPS.replace("a: x", f"a: {'x ' * 11}"), "at most 10 words and 200 characters"),
        (SWAPS.replace("a: x", "c: x"), "not among the identities"),
        (SWAPS.replace("name: n", "name: [n]"), "name must be a text"),
        (SWAPS.replace("name: n", "name: n, rule: {a: b}"), "rule must be"),
        (SWAPS.replace("name: n", "name: n, neutral: [[a]]"), "pairs of words"),
        (SWAPS.replace("name: n", "name: n, stop: doe"), "stop must be a list"),
        (SWAPS.replace("name: n", "name: gender"), "two sets of swaps are called gender"),
        ("- a\n", "must be a mapping"),
    ],
)
def test_swaps_that_cannot_be_used_are_refused_in_one_line(tmp_path: Path, data: str, words: str) -> None:
    source = written(tmp_path / "texts.csv", "text\nHe has a big car.\n")
    swaps = written(tmp_path / "swaps.yaml", data)

    with pytest.raises(CommandError, match=words) as refused:
        call("make_counterfactuals", source, "--swaps", "gender_en", "--swaps", swaps, "--out", str(tmp_path / "o"))

    assert (refused.value.returncode, "\n" in str(refused.value)) == (2, False)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("slots.yaml", "WHO: you", "must be a list"),
        ("slots.yaml", "WHO: [you]\nWHO: [him]", "the key WHO stands here again"),
        ("slots.yaml", "- WHO", "a mapping of each slot"),
        ("slots.json", '{"WHO": [{}]}', "must be a text"),
        ("slots.csv", "slot,values\n[WHO],you\nWHO,him\n", "names the slot WHO twice"),
        ("slots.csv", "slot,values\nWHO\n", "two cells"),
        ("slots.csv", f'slot,values\nWHO,"{"x," * 100_000}"\n', "is not csv"),
        ("slots.csv", 'slot,values\nWHO,"you" him\n', "is not csv"),
    ],
)
def test_slots_that_cannot_be_filled_are_refused_in_one_line(tmp_path: Path, name: str, data: str, words: str) -> None:
    suite, slots = written(tmp_path / "suite.yaml", TESTS), written(tmp_path / name, data)

    with pytest.raises(CommandError, match=words) as refused:
        call("make_suite", suite, "--slots", slots, "--out", str(tmp_path / "out.csv"))

    assert (refused.value.returncode, "\n" in str(refused.value)) == (2, False)


def test_json_is_read_as_json_with_characters_beyond_the_first_plane(tmp_path: Path) -> None:
    suite = {
        "tests": [{"functionality": "emoji", "label": "fine", "templates": ["{WHO} is \U0001f600."]}],
        "slots": {"WHO": ["you", 5, 1.5]},
    }
    out = tmp_path / "out.csv"

    call("make_suite", written(tmp_path / "suite.json", json.dumps(suite)), "--out", str(out))

    assert [row["test_case"] for row in rows_of(out)] == [f"{who} is \U0001f600." for who in ("You", "5", "1.5")]


def test_what_looks_like_a_number_or_a_date_is_the_text_that_was_written(tmp_path: Path) -> None:
    text = "tests: [{functionality: a, label: 010, templates: ['{WHO}']}]\nslots: {WHO: [1.0, 0x10, 2026-11-29, 1e3]}"
    out = tmp_path / "out.csv"

    call("make_suite", written(tmp_path / "suite.yaml", text), "--out", str(out))

    assert [row["test_case"] for row in rows_of(out)] == ["1.0", "0x10", "2026-11-29", "1e3"]
    assert {row["label_gold"] for row in rows_of(out)} == {"010"}
