from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licenses import expressions
from licenses.expressions import All, AnyOf, Term, Undecided, parse


def ids(expression: expressions.Expression) -> list[str]:
    return [leaf.licence.id if isinstance(leaf, Term) else leaf.code for leaf in expressions.leaves(expression)]


def test_and_and_or_keep_their_nesting() -> None:
    read = parse("(MIT AND (Apache-2.0 OR GPL-3.0-only)) OR CC0-1.0")

    assert isinstance(read, AnyOf)
    assert isinstance(read.parts[0], All)
    assert isinstance(read.parts[0].parts[1], AnyOf)
    assert ids(read) == ["mit", "apache-2.0", "gpl-3.0", "cc0-1.0"]


def test_an_exception_stays_with_its_licence() -> None:
    read = parse("gpl-3.0-only with GCC-exception-3.1")

    assert isinstance(read, Term)
    assert (read.licence.id, read.exception) == ("gpl-3.0", "GCC-exception-3.1")


def test_an_identifier_with_operator_characters_is_an_identifier() -> None:
    assert ids(parse("openrail++")) == ["openrail++"]


@pytest.mark.parametrize("written", ["GPL-3.0-or-later", "GPL-3.0+", "lgpl-2.1-OR-LATER"])
def test_or_later_is_kept(written: str) -> None:
    read = parse(written)

    assert isinstance(read, Term)
    assert read.or_later


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        (None, "U-MISSING"),
        ("", "U-MISSING"),
        ("   ", "U-MISSING"),
        ([], "U-MISSING"),
        ("other", "U-OTHER"),
        ("unknown", "U-UNKNOWN-ID"),
        ("gpl", "U-FAMILY"),
        ("cc", "U-FAMILY"),
        ("h-research", "U-NOT-READ"),
        ("apache-2.0 WITH foo", "U-UNKNOWN-ID"),
        ("MIT OR GPL-3.0-only AND", "U-UNKNOWN-ID"),
        ("GPL-9.0-or-later", "U-UNKNOWN-ID"),
        ("gpl-or-later", "U-UNKNOWN-ID"),
        ("(" * 5000, "U-UNKNOWN-ID"),
        ("(" * 400 + "x", "U-UNKNOWN-ID"),
        (" AND ".join(["MIT"] * 60), "U-UNKNOWN-ID"),
        ([f"x{n}" for n in range(100)], "U-UNKNOWN-ID"),
        (3.0, "U-UNKNOWN-ID"),
        (True, "U-UNKNOWN-ID"),
        ({"id": "mit"}, "U-UNKNOWN-ID"),
        ([["mit"]], "U-MISSING"),
    ],
)
def test_what_names_no_text_is_undecided_with_a_reason(declared: Any, code: str) -> None:
    read = parse(declared)

    assert isinstance(read, Undecided)
    assert read.code == code


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("qwen", ["qwen"]),
        (" Stability-Community ", ["stability-community"]),
        ("other", ["U-OTHER"]),
        ("gpl", ["U-OTHER"]),
        ("jamba-open-model-license", ["U-NOT-READ"]),
        ("my own terms", ["U-OTHER"]),
        ("proprietary", ["U-OTHER"]),
        ("MIT OR Apache-2.0", ["U-OTHER"]),
        ("", ["U-OTHER"]),
        (7, ["U-OTHER"]),
    ],
)
def test_a_licence_name_explains_other_only_where_the_table_has_it(name: Any, expected: list[str]) -> None:
    assert ids(parse("other", name)) == expected


def test_a_licence_name_never_overrides_an_identifier() -> None:
    assert ids(parse("gpl-3.0", "mit")) == ["gpl-3.0"]


def test_a_list_is_a_sum_that_knows_it_was_a_list() -> None:
    read = parse(["mit", "cc-by-nc-4.0", "mit"])

    assert isinstance(read, All)
    assert read.listed
    assert ids(read) == ["mit", "cc-by-nc-4.0"]
    assert ids(parse(["mit"])) == ["mit"]
    assert isinstance(parse(["mit"]), Term)


@given(st.one_of(st.text(max_size=40), st.text(alphabet="()+ANDORWITHmit- .30", max_size=80)))
def test_any_text_is_read_without_an_error(text: str) -> None:
    for leaf in expressions.leaves(parse(text)):
        assert leaf.written.isprintable()
        assert len(leaf.written) <= 200
