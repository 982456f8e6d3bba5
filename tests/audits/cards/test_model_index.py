from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml
from huggingface_hub.repocard_data import model_index_to_eval_results
from hypothesis import given
from hypothesis import strategies as st

from tests.audits.cards.cards import card, codes
from tests.audits.cards.conftest import Find

GOOD: list[dict[str, Any]] = [
    {
        "name": "letters",
        "results": [
            {
                "task": {"type": "text-classification"},
                "dataset": {"type": "acme/letters", "name": "Letters"},
                "metrics": [{"type": "accuracy", "value": 0.9}, {"type": "f1", "value": 7}],
                "source": {"name": "us", "url": "https://example.org"},
            }
        ],
    }
]


def with_index(index: object) -> str:
    return yaml.safe_dump({"license": "mit", "model-index": index}, sort_keys=False).rstrip()


def test_good_results_have_no_finding() -> None:
    assert not {code for code in codes(card(with_index(GOOD))) if "model_index" in code}


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ((0, "name"), "model-index[0].name"),
        ((0, "results"), "model-index[0].results"),
        ((0, "results", 0, "task"), "model-index[0].results[0].task"),
        ((0, "results", 0, "task", "type"), "model-index[0].results[0].task.type"),
        ((0, "results", 0, "dataset"), "model-index[0].results[0].dataset"),
        ((0, "results", 0, "dataset", "name"), "model-index[0].results[0].dataset.name"),
        ((0, "results", 0, "dataset", "type"), "model-index[0].results[0].dataset.type"),
        ((0, "results", 0, "metrics"), "model-index[0].results[0].metrics"),
        ((0, "results", 0, "metrics", 1, "type"), "model-index[0].results[0].metrics[1].type"),
        ((0, "results", 0, "metrics", 1, "value"), "model-index[0].results[0].metrics[1].value"),
        ((0, "results", 0, "source", "url"), "model-index[0].results[0].source.url"),
    ],
)
def test_what_the_hubs_reader_needs_and_misses_is_told_with_its_path(
    path: tuple[Any, ...], told: str, find: Find
) -> None:
    index = copy.deepcopy(GOOD)
    place: Any = index
    for part in path[:-1]:
        place = place[part]
    del place[path[-1]]
    with pytest.raises((KeyError, ValueError)):
        model_index_to_eval_results(index)

    found = find(card(with_index(index)), "card.model_index.invalid")

    assert (found.params, found.severity) == ({"path": told, "problem": "missing"}, "high")
    assert found.line is not None
    assert found.line > 2


@pytest.mark.parametrize("index", [{"name": "x"}, "x", [[]], [{"name": "x", "results": {}}], ["x"], 7])
def test_a_wrong_shape_is_told(index: object) -> None:
    assert "card.model_index.invalid" in codes(card(with_index(index)))


@pytest.mark.parametrize("value", ["67.6%", "WIP", ".nan", "[1]", "true", "'0.9'"])
def test_a_value_that_is_no_number_is_told(value: str, find: Find) -> None:
    front_matter = with_index(GOOD).replace("value: 0.9", f"value: {value}")

    found = find(card(front_matter), "card.model_index.value_not_number")

    assert found.params["path"] == "model-index[0].results[0].metrics[0].value"
    assert front_matter.splitlines()[(found.line or 0) - 2].strip() == f"value: {value}"


def test_a_number_that_only_yaml_11_takes_for_text_is_a_number() -> None:
    parsed = card(with_index(GOOD).replace("value: 0.9", "value: 1e-5"))

    assert "card.model_index.value_not_number" not in codes(parsed)


def test_results_are_a_models_matter() -> None:
    parsed = card(with_index([{}]), kind="dataset")

    assert "card.model_index.invalid" not in codes(parsed)


_keys = st.sampled_from(["name", "results", "task", "dataset", "metrics", "type", "value", "source", "url"])
_anything = st.recursive(
    st.sampled_from(["x", 1, 0.5]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_keys, inner, max_size=4),
    max_leaves=12,
)


@given(_anything)
def test_whatever_the_hubs_reader_refuses_is_invalid(part: Any) -> None:
    index = [
        {"name": "m", "results": [{**GOOD[0]["results"][0], **(part if isinstance(part, dict) else {"task": part})}]}
    ]
    try:
        model_index_to_eval_results(index)
    except (KeyError, TypeError, ValueError, AttributeError):
        assert "card.model_index.invalid" in codes(card(with_index(index)))
