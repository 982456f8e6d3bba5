"""What is nearest by cosine: a second implementation, and what has no direction."""

from __future__ import annotations

import numpy as np
import pytest

from audits.measures.stress import nearest
from audits.measures.stress.nearest import NOWHERE, Nearest


@pytest.mark.parametrize("at_once", [nearest.AT_ONCE, 700])
def test_it_is_the_neighbour_that_scikit_learn_finds(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    neighbors = pytest.importorskip("sklearn.neighbors")
    random = np.random.default_rng(0)
    known, asked = random.normal(size=(200, 7)), random.normal(size=(300, 7)) * random.lognormal(size=(300, 1))
    monkeypatch.setattr(nearest, "AT_ONCE", at_once)

    found = Nearest(known).to(asked)

    other = neighbors.NearestNeighbors(n_neighbors=1, metric="cosine", algorithm="brute").fit(known)
    assert found.tolist() == other.kneighbors(asked, return_distance=False)[:, 0].tolist()


def test_of_equals_it_is_the_first_whatever_their_length() -> None:
    known = np.array([[1.0, 0], [2, 0], [0, 3]])

    assert Nearest(known).to(known).tolist() == [0, 0, 2]
    assert Nearest(known).to(known * 1e300).tolist() == Nearest(known * 1e-300).to(known).tolist() == [0, 0, 2]


def test_what_is_no_vector_has_no_neighbour_and_is_nobody_s() -> None:
    known = np.array([[np.nan, 1], [0, 0], [np.inf, 0], [1, 1]])

    assert Nearest(known).to(np.array([[1.0, 0], [np.nan, 0], [0, 0], [-1, -1]])).tolist() == [3, NOWHERE, NOWHERE, 3]
    assert Nearest(known[:3]).to(np.ones((2, 2))).tolist() == [NOWHERE, NOWHERE]
