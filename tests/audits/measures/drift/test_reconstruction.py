"""Principal components: distances of scikit-learn's, a turned cloud is seen, luck is not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score

from audits.measures.drift.reconstruction import reconstruction
from tests.audits.measures.made import LONG


def cloud(
    random: np.random.Generator, rows: int, *, turned: bool = False
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Four columns of which two and two go together; turned, other two do."""
    base = random.normal(size=(rows, 2))
    noise = random.normal(size=(rows, 4)) * 0.3
    return np.concatenate([base, base[:, ::-1] if turned else base], axis=1) + noise


def test_distances_are_those_of_scikit_learns_components() -> None:
    random = np.random.default_rng(0)
    then, now = cloud(random, 1_000) * [1, 5, 100, 0.01] + 3, cloud(random, 700, turned=True) * [1, 5, 100, 0.01] + 3

    found = reconstruction(then, now)

    assert found is not None
    fitted_on = then[::2]
    mean, spread = fitted_on.mean(axis=0), fitted_on.std(axis=0)
    model = PCA(n_components=0.65, svd_solver="full").fit((fitted_on - mean) / spread)
    lengths = []
    for side in (then[1::2], now):
        scaled = (side - mean) / spread
        lengths.append(np.linalg.norm(scaled - model.inverse_transform(model.transform(scaled)), axis=1))
    assert found.components == model.n_components_
    assert (found.then, found.now) == pytest.approx([float(one.mean()) for one in lengths], rel=1e-6)
    area = roc_auc_score(np.arange(1_200) >= 500, np.concatenate(lengths))
    assert found.area == pytest.approx(area, abs=1e-6)
    assert found.p == pytest.approx(stats.mannwhitneyu(*lengths, use_continuity=False).pvalue, abs=1e-6)
    assert found.effect > 0.8


def test_missing_cells_and_columns_that_do_not_vary_are_no_error() -> None:
    random = np.random.default_rng(1)
    then, now = cloud(random, 400), cloud(random, 400)
    then[::7, 0], now[::5, 1] = np.nan, np.inf
    constant = np.column_stack([then, np.ones(400)]), np.column_stack([now, np.zeros(400)])

    found = reconstruction(*constant)

    assert found is not None
    assert found.columns == 4
    assert np.isfinite(found.now)
    assert reconstruction(np.ones((400, 3)), now[:, :3]) is None
    assert reconstruction(then[:10], now) is None


def test_luck_reaches_the_floor_about_once_in_twenty_times() -> None:
    random = np.random.default_rng(2)
    runs, beyond = (1_000 if LONG else 100), 0
    for _ in range(runs):
        found = reconstruction(cloud(random, 300), cloud(random, 200))
        assert found is not None
        beyond += found.effect > found.floor
    assert stats.binom.sf(beyond - 1, runs, 0.05) > 1e-3
