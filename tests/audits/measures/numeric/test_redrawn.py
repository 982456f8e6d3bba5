"""Whole clusters drawn anew where answers are numbers: by a slow plain count, and beside the interval that decides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audits.measures.numeric.ranked import discounts, ndcg_estimated, tied
from audits.measures.numeric.redrawn import exposures_redrawn
from audits.measures.resampling import generator
from tests.audits.measures.made import audited, codes, csv_of, plan_of


def test_a_drawn_ranking_is_that_of_rows_written_as_often_as_their_cluster_was_drawn() -> None:
    random = np.random.default_rng(1)
    score = np.sort(random.integers(0, 12, 40).astype(float))[::-1]
    group, clusters = random.integers(-1, 2, 40), random.integers(0, 9, 40)
    clusters[:9] = np.arange(9)

    found = exposures_redrawn(score, group, clusters, 3, replicates=120, random=generator(0, "t"))

    again = generator(0, "t")
    times = np.concatenate(
        [again.multinomial(9, np.full(9, 1 / 9), size=min(50, 120 - begin)) for begin in range(0, 120, 50)]
    )
    for number, one in enumerate(times):
        rows = np.repeat(np.arange(40), one[clusters])
        seen = tied(score[rows], discounts(len(rows)))
        for place, name in enumerate((0, 1, -1)):
            inside = group[rows] == name
            expected = seen[inside].mean() if inside.any() else np.nan
            assert found[number, place] == pytest.approx(expected, abs=1e-12, nan_ok=True)


def table(people: int, each: int, *, seed: int = 3) -> bytes:
    """Rows of one person are equal but for the label; members of b get less."""
    random = np.random.default_rng(seed)
    lines = []
    for person in range(people):
        level = random.normal() - 0.3 * (person % 3 == 0)
        for _ in range(each):
            noise = random.normal() * 0.1
            lines.append(f"{max(level + noise, 0) + 1:.4f},{level:.4f},{'ab'[int(person % 3 == 0)]},p{person}")
    return csv_of(lines, "label,prediction,group,person")


@pytest.mark.parametrize(
    ("task", "metric", "limit"),
    [
        ("regression", "mean_prediction_difference", 0.5),
        ("regression", "root_mean_squared_error_difference", 0.5),
        ("ranking", "exposure_ratio", 0.8),
    ],
)
def test_it_stands_beside_the_interval_that_decides(task: str, metric: str, limit: float) -> None:
    changes: dict[str, Any] = {
        "task": task,
        "gating": (metric,),
        "thresholds": {metric: limit},
        "reference": {"group": "a"},
        "bootstrap": 400,
    }
    alone, told = (audited(table(150, 4), plan_of(**changes, **more)) for more in ({}, {"cluster": "person"}))
    (drawn,) = told["cluster_bootstrap"]
    (stated,) = (row for row in told["disparities"] if row["role"] == "gating")
    (naive,) = (row for row in alone["disparities"] if row["role"] == "gating")

    width, own, other = (one["ci_high"] - one["ci_low"] for one in (drawn, stated, naive))
    assert (drawn["metric"], drawn["clusters"], drawn["replicates"]) == (metric, 150, 400)
    assert drawn["ci_low"] < stated["value"] < drawn["ci_high"]
    # rows of a person say the same, so the interval is wider than that of strangers
    assert own > 1.4 * other
    # the interval that decides errs on the side of caution, most so where few places are seen by nearly everybody
    assert 0.75 * width < own < (3.5 if task == "ranking" else 1.9) * width
    assert "cluster_bootstrap" not in alone
    lines = table(150, 4).decode().strip().split("\n")
    turned = "\n".join([lines[0], *reversed(lines[1:]), ""]).encode()
    assert audited(turned, plan_of(**changes, cluster="person"))["digest"] == told["digest"]


def test_a_distance_has_no_percentiles_and_few_clusters_are_told_of() -> None:
    metric = "wasserstein_distance"
    plan = plan_of(task="regression", gating=(metric,), thresholds={metric: 1.0}, cluster="person", bootstrap=100)

    document = audited(table(40, 10), plan)

    (drawn,) = document["cluster_bootstrap"]
    assert (drawn["ci_low"], drawn["ci_high"], drawn["why"]) == (None, None, "never_below_zero")
    assert "bias.few_clusters" in codes(document)


def test_the_gain_of_clusters_of_one_row_is_that_of_rows_and_few_clusters_have_no_interval() -> None:
    random = np.random.default_rng(5)
    relevance, score = random.integers(0, 3, 200).astype(float), np.sort(random.normal(size=200))[::-1]

    alone, _ = ndcg_estimated(relevance, score)
    single, _ = ndcg_estimated(relevance, score, np.arange(200))
    nothing, why = ndcg_estimated(relevance, score, np.arange(200) // 25)

    # the correction for n - 1 is written once for rows and once for clusters
    assert single.high - single.low == pytest.approx(alone.high - alone.low, rel=0.01)
    assert (np.isnan(nothing.low), why) == (True, "too_few_relevant")
