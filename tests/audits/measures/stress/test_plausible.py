"""Whether answers go with labels: by hand, and where they go with nothing."""

from __future__ import annotations

import numpy as np
import pytest

from audits.measures.stress.plausible import of_numbers, of_words


def words(*said: str | None) -> np.ndarray:
    return np.array(said, dtype=object)


def test_agreement_stands_beside_what_chance_gives_to_the_same_margins() -> None:
    """Of 10 answers 8 are right; the answers are 6 a and 4 b, the labels 6 a and 4 b."""
    said, truth = words(*"aaaaaabbbb", None), words(*"aaaaababbb", "a")

    found = of_words(said, truth)

    assert found is not None
    assert (found.n, found.value) == (10, pytest.approx(0.8))
    assert found.chance == pytest.approx(0.6 * 0.6 + 0.4 * 0.4)
    assert found.is_seen == (found.low > 0.52)


def test_an_answer_that_never_varies_and_one_that_is_drawn_go_with_nothing() -> None:
    random = np.random.default_rng(0)
    truth = random.choice(["yes", "no"], 400, p=[0.9, 0.1]).astype(object)

    constant, drawn, right = (
        of_words(said, truth) for said in (np.full(400, "yes", object), truth[::-1].copy(), truth)
    )

    assert constant is not None
    assert drawn is not None
    assert right is not None
    assert constant.value == pytest.approx(constant.chance)  # right nine times in ten, and says nothing
    assert not constant.is_seen
    assert not drawn.is_seen
    assert right.is_seen


def test_numbers_are_held_against_labels_by_their_correlation() -> None:
    random = np.random.default_rng(1)
    truth = random.normal(size=200)
    said = truth + random.normal(size=200)
    said[0] = np.nan

    found = of_numbers(said, truth)

    assert found is not None
    assert (found.n, found.value) == (199, pytest.approx(np.corrcoef(said[1:], truth[1:])[0, 1]))
    from scipy.stats import pearsonr  # an independent path

    assert found.low == pytest.approx(pearsonr(said[1:], truth[1:]).confidence_interval().low, abs=1e-4)
    assert found.is_seen
    for other in (random.normal(size=200), np.ones(200), -truth):
        unrelated = of_numbers(other, truth)
        assert unrelated is not None
        assert not unrelated.is_seen
    assert of_numbers(truth[:3], truth[:3]) is None
