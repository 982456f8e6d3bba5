"""JSON that strangers send is bounded, strict, and refused with a reason."""

from __future__ import annotations

import contextlib
import gzip
import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.web.parsers import MAX_BYTES, MAX_DEPTH, read
from governance.web.problems import Problem
from tests.factories import member
from tests.governance.people.clients import program


def refusal(raw: bytes) -> str:
    with pytest.raises(Problem) as refused:
        read(raw)
    assert refused.value.status_code == 400
    return refused.value.code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"a": "\xff"}', "not_utf8"),
        (b"\xed\xa0\x80", "not_utf8"),
        ('{"a": 1}'.encode("utf-16"), "not_utf8"),
        (b'\xef\xbb\xbf{"a": 1}', "not_json"),
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"[1,]", "not_json"),
        (b"[NaN]", "not_json"),
        (b"[-Infinity]", "not_json"),
        (b'["a\x00b"]', "not_json"),
        (b"[1e999]", "number_too_large"),
        (b"[9223372036854775808]", "number_too_large"),
        (b"[-9223372036854775809]", "number_too_large"),
        (b"[" + b"9" * 100_000 + b"]", "number_too_large"),
        (b'["a\\u0000b"]', "nul_character"),
        (b'{"a\\u0000": 1}', "nul_character"),
        (b'{"a": [{"b": "\\u0000"}]}', "nul_character"),
        (b'["\\ud83d"]', "lone_surrogate"),
        (b'["\\uDE00x"]', "lone_surrogate"),
        (b'{"a": 1, "b": 2, "a": 3}', "duplicate_name"),
        (b'[{"a": {"b": 1, "b": 1}}]', "duplicate_name"),
        (b"[" * 100_000 + b"]" * 100_000, "too_deep"),
        (b"[" * 100_000, "too_deep"),
        (b'{"a":' * 100_000, "too_deep"),
    ],
)
def test_fault_v35_what_is_no_strict_json_is_refused_with_its_reason(body, code):
    assert refusal(body) == code


def nested(depth: int) -> bytes:
    return b"[" * depth + b"1" + b"]" * depth


def test_nesting_is_taken_to_its_bound_and_not_beyond():
    assert read(nested(MAX_DEPTH))
    assert refusal(nested(MAX_DEPTH + 1)) == "too_deep"
    assert refusal(b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1)) == "too_deep"
    assert refusal(nested(MAX_DEPTH + 1).replace(b"1", b'"\\ud83d\\ude00"')) == "too_deep"


def test_a_nul_at_the_deepest_place_is_found():
    assert refusal(nested(MAX_DEPTH).replace(b"1", b'"\\u0000"')) == "nul_character"
    assert refusal(nested(MAX_DEPTH + 1).replace(b"1", b'"\\u0000"')) in ("nul_character", "too_deep")


def test_brackets_in_strings_are_no_nesting():
    text = json.dumps(["[" * 1000, '\\"[' * 100])

    assert read(text.encode()) == ["[" * 1000, '\\"[' * 100]


def test_characters_beyond_the_basic_plane_and_the_ends_of_64_bits_are_taken():
    assert read(b'["\\ud83d\\ude00", 9223372036854775807, -9223372036854775808]') == ["\U0001f600", 2**63 - 1, -(2**63)]


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(values, st.booleans())
def test_what_is_fit_to_be_kept_is_read_as_it_was_written(value, ascii_only):
    assert read(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary(max_size=60) | st.text('[]{}"\\u0dfa:,1eE-. \n', max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(raw):
    with contextlib.suppress(Problem):
        json.dumps(read(raw), allow_nan=False).encode("utf-8")


def test_fault_v35_the_largest_body_stays_small_in_memory():
    empty_lists = b"[" + b"[]," * (MAX_BYTES // 3 - 2) + b"[]]"
    tracemalloc.start()

    read(empty_lists)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000_000


@pytest.mark.django_db
@pytest.mark.urls("tests.governance.web.routes")
class TestOverHttp:
    ECHO = "/api/v1/test/echo/"

    def send(self, body, **headers):
        client = program(member(None, "viewer"))
        return client.generic("POST", self.ECHO, body, content_type="application/json", headers=headers)

    def test_fault_v35_fifty_megabytes_are_413(self):
        answer = self.send(b'"' + b"x" * 50_000_000 + b'"')

        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")

    def test_fault_v35_a_compressed_body_is_never_opened(self):
        answer = self.send(gzip.compress(b"[" * 1_000_000), **{"Content-Encoding": "gzip"})

        assert (answer.status_code, answer.json()["code"]) == (415, "encoding_unsupported")

    def test_a_strict_body_arrives(self):
        assert self.send(b'{"a": [1, 2.5, null, "\\u00e9"]}').json() == {"a": [1, 2.5, None, "é"]}

    def test_a_body_that_is_no_object_is_refused_by_fields(self):
        client = program(member(None, "viewer"))

        answer = client.generic("POST", "/api/v1/test/teams/", b"[1]", content_type="application/json")

        assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
