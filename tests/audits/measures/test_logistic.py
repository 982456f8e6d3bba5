"""Logistic regression against scikit-learn's, and what it says where there is no answer."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from audits.measures import logistic
from audits.measures.logistic import Design, fit
from audits.measures.tables.chunks import Column


def made(n: int = 1_500) -> tuple[Design, np.ndarray, np.ndarray]:
    random = np.random.default_rng(2)
    numbers, codes = random.normal(size=n), random.integers(0, 3, n)
    design = Design(n)
    design.add_numbers("x", numbers)
    design.add_categories("c", Column(("p", "q", "r"), codes), baseline="q")
    linear = -0.3 + 0.8 * numbers + np.array([0.5, 0.0, -0.7])[codes]
    return design, random.random(n) < 1 / (1 + np.exp(-linear)), random.integers(1, 4, n).astype(float)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("penalty", [0.0, 2.0])
def test_coefficients_are_scikit_learns(weighted: bool, penalty: float) -> None:
    design, outcome, frequencies = made()
    weights = frequencies if weighted else None
    ((_, matrix),) = design.blocks()

    found = fit(design, outcome, weights=weights, penalty=penalty)

    theirs = LogisticRegression(C=1 / penalty if penalty else np.inf, tol=1e-10, max_iter=1_000)
    theirs.fit(matrix[:, 1:], outcome, sample_weight=weights)
    assert found.coefficients == pytest.approx([*theirs.intercept_, *theirs.coef_[0]], abs=1e-5)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    design, outcome, _ = made()
    whole = fit(design, outcome)
    monkeypatch.setattr(logistic, "BLOCK", 100)

    assert fit(design, outcome).coefficients == pytest.approx(whole.coefficients, abs=1e-12)


def test_a_weight_of_two_is_the_row_twice() -> None:
    design, outcome, frequencies = made()
    twice = np.repeat(np.arange(design.rows), frequencies.astype(int))

    weighted, repeated = fit(design, outcome, weights=frequencies), fit(design, outcome, kept=twice)

    assert weighted.coefficients == pytest.approx(repeated.coefficients, abs=1e-8)
    assert weighted.errors() == pytest.approx(repeated.errors(), abs=1e-8)


def test_a_column_that_others_determine_is_told_and_left_out() -> None:
    design, outcome, _ = made()
    ((_, matrix),) = design.blocks()
    design.add_numbers("again", 2 * matrix[:, 1] + 1)

    found = fit(design, outcome)

    assert logistic.names_of(found.aliased, design) == [("again", None)]
    assert np.isnan(found.coefficients[-1])
    assert found.coefficients[:-1] == pytest.approx(fit(made()[0], outcome).coefficients, abs=1e-8)


def test_a_column_that_splits_the_outcomes_has_no_coefficient() -> None:
    design, outcome, _ = made(200)
    design.add_numbers("answer", outcome.astype(float))

    assert fit(design, outcome).separated
    assert not fit(made(200)[0], outcome).separated
