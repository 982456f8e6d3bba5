"""The area under the ROC curve: scikit-learn's value, DeLong's variance from its definition, honest intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from audits.measures.intervals import Z95
from audits.measures.scores.ranking import NEWCOMBE, roc_auc
from tests.audits.measures.made import examples


def made(seed: int, size: int, *, places: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    score = np.sort(np.round(random.random(size), places))
    label = random.random(size) < 0.2 + 0.5 * score
    return label, score, random.integers(1, 9, size) / 4


@settings(max_examples=examples(20))
@given(st.integers(0, 2**32 - 1), st.integers(20, 300), st.integers(0, 3))
def test_the_area_is_scikit_learns_with_ties_and_weights(seed: int, size: int, places: int) -> None:
    label, score, weight = made(seed, size, places=places)
    if min(label.sum(), (~label).sum()) < 2:
        return

    assert roc_auc(label, score).value == pytest.approx(roc_auc_score(label, score), abs=1e-12)
    weighted = roc_auc_score(label, score, sample_weight=weight)
    assert roc_auc(label, score, weight).value == pytest.approx(weighted, abs=1e-12)


def test_the_interval_is_delongs_by_its_definition() -> None:
    label, score, _ = made(3, 80, places=1)
    above, below = score[label], score[~label]
    wins = (above[:, None] > below[None, :]) + 0.5 * (above[:, None] == below[None, :])
    area = wins.mean()
    variance = wins.mean(axis=1).var(ddof=1) / len(above) + wins.mean(axis=0).var(ddof=1) / len(below)
    reach = Z95 * math.sqrt(variance) / (area * (1 - area))
    centre = math.log(area / (1 - area))

    found = roc_auc(label, score)

    assert found.low == pytest.approx(1 / (1 + math.exp(reach - centre)), abs=1e-12)
    assert found.high == pytest.approx(1 / (1 + math.exp(-reach - centre)), abs=1e-12)


@pytest.mark.parametrize(("size", "shift"), [(40, 1.5), (60, 0.3), (150, 2.5)])
def test_the_interval_holds_the_true_area_as_often_as_it_says(size: int, shift: float) -> None:
    random, tries, held = np.random.default_rng(1), examples(600), 0
    truth = norm.cdf(shift / math.sqrt(2))
    for _ in range(tries):
        label = random.random(size) < 0.4
        score = random.normal(size=size) + shift * label
        order = np.argsort(score)
        found = roc_auc(label[order], score[order])
        held += found.low <= truth <= found.high

    assert held / tries >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / tries)


def test_groups_told_apart_wholly_still_have_an_interval() -> None:
    found = roc_auc(np.array([False] * 15 + [True] * 15), np.arange(30.0))

    assert (found.value, found.high, found.method) == (1.0, 1.0, NEWCOMBE)
    assert 0.8 < found.low < 1.0
    turned = roc_auc(np.array([True] * 15 + [False] * 15), np.arange(30.0))
    assert turned.high == pytest.approx(1 - found.low, abs=1e-9)


def test_one_class_has_no_area() -> None:
    assert not roc_auc(np.ones(20, dtype=bool), np.arange(20.0)).known
