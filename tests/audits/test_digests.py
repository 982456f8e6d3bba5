from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from audits.digests import canonical, canonical_read

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_the_bytes_are_those_of_rfc_8785(value: Any) -> None:
    try:
        expected = rfc8785.dumps(value)
    except rfc8785.CanonicalizationError:
        for ours in (canonical, canonical_read):
            with pytest.raises(rfc8785.CanonicalizationError):
                ours(value)
        return
    assert canonical(value) == expected
    assert canonical_read(value) == expected


NEAR_NUMBERS = st.text(st.sampled_from('a:,[]-"\\0NI '), max_size=6)


@given(st.dictionaries(NEAR_NUMBERS, st.lists(NEAR_NUMBERS | st.booleans() | st.sampled_from([1.0, 0, -0.0, 1e21]))))
def test_texts_that_look_like_numbers_change_nothing(value: Any) -> None:
    assert canonical_read(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("ours", [canonical, canonical_read])
@pytest.mark.parametrize("value", [float("nan"), [float("inf")], 2**53, [[-(2**53)]], ["\ud800"], {"a": "\udfff"}])
def test_what_has_no_such_json_is_refused_as_ever(value: Any, ours: Callable[[Any], bytes]) -> None:
    with pytest.raises(rfc8785.CanonicalizationError):
        ours(value)


def test_names_are_in_the_order_of_their_utf_16() -> None:
    value = {"\ufb33": 1, "\U0001f600": 2}

    assert canonical(value) == rfc8785.dumps(value)
