"""Rankings: AIF360's printed table, scikit-learn's gain, who is seen and who is at the top."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from audits.measures.numeric.ranked import dcg, infeasible_index, ndcg, ndkl, prefix_counts
from tests.audits.measures.made import audited, codes, csv_of, examples, plan_of, rate

# The table of AIF360's test of its regression metric, in its order; the scores are rescaled to 0 ... 1.
SCORES = np.array([55, 65, 85, 70, 60, 50, 40, 30, 20, 10], dtype=float)
GROUPS = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 1])
IN_ORDER = np.arange(10.0)[::-1]


def test_oracle_v21_the_gain_of_aif360s_table() -> None:
    relevance = (SCORES - 10) / 75

    assert dcg(relevance, IN_ORDER) == pytest.approx(2.6126967369231484, abs=1e-10)
    assert ndcg(relevance, IN_ORDER) == pytest.approx(0.9205433036318259, abs=1e-10)


def test_oracle_v21_the_infeasible_index_of_the_same_table() -> None:
    # the test's present text (02a9f4e7) finds five violations in the order as printed
    counts = prefix_counts(IN_ORDER, GROUPS, 2)

    assert infeasible_index(counts, np.array([0.5, 0.5])) == (5, [2, 3, 4, 5, 6])


@settings(max_examples=examples(40), deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 60))
def test_the_gain_is_scikit_learns_with_ties(seed: int, size: int) -> None:
    random = np.random.default_rng(seed)
    score = np.sort(random.integers(0, 6, size).astype(float))[::-1]
    relevance = random.integers(0, 4, size).astype(float)
    if not relevance.any():
        return

    assert ndcg(relevance, score) == pytest.approx(ndcg_score([relevance], [score]), abs=1e-9)


def test_the_divergence_is_0_where_every_top_holds_its_share_and_by_hand_elsewhere() -> None:
    even = np.outer(np.arange(1, 7), [0.5, 0.5])
    counts = prefix_counts(np.array([2.0, 1.0]), np.array([0, 1]), 2)

    assert ndkl(even, np.array([0.5, 0.5])) == pytest.approx(0)
    # the first place has one group alone: ln 2, weighted 1; the first two are even
    assert ndkl(counts, np.array([0.5, 0.5])) == pytest.approx(np.log(2) / (1 + 1 / np.log2(3)))


def ranking(seed: int = 0, size: int = 600, *, gap: float = 0.0) -> list[str]:
    random = np.random.default_rng(seed)
    group = np.array(["a", "b"])[random.integers(0, 2, size)]
    score = random.normal(size=size) - gap * (group == "b")
    relevance = random.integers(0, 3, size)
    return [f"{y},{s:.6f},{g}" for y, s, g in zip(relevance, score, group, strict=True)]


def audit(lines: list[str], **changes: Any) -> dict[str, Any]:
    given_ = {"task": "ranking", "gating": tuple(changes.get("thresholds", {}))}
    return audited(csv_of(lines), plan_of(**given_ | changes))


def test_a_group_that_is_pushed_down_is_seen_less_and_that_is_judged() -> None:
    document = audit(ranking(1, 2_000, gap=2.0), thresholds={"exposure_ratio": 0.95})

    (row,) = [row for row in document["disparities"] if row["metric"] == "exposure_ratio"]
    assert (row["slice"], row["kind"], row["role"], document["verdict"]) == ({"group": "b"}, "ratio", "gating", "fail")
    assert row["ci_high"] < 0.95
    (part,) = document["ranking"]
    assert part["ndkl"] > 0.1
    assert part["infeasible_index"]["value"] > 0
    assert part["top_k"][-1]["impact_ratio"] == 1
    assert min(one["impact_ratio"] for one in part["top_k"]) < 0.3
    json.dumps(document, allow_nan=False)


def test_a_ranking_by_lot_is_not_failed() -> None:
    document = audit(ranking(2, 4_000), thresholds={"exposure_ratio": 0.8})

    assert document["verdict"] == "pass"
    assert document["ranking"][0]["ndkl"] < 0.05


def test_without_a_limit_a_ranking_is_shown_and_not_judged() -> None:
    document = audit(ranking())

    assert (document["verdict"], codes(document)) == ("no_information", ["bias.no_threshold"])
    assert rate(document, "ndcg_score", group="a")["value"] is not None


def test_equal_scores_share_their_places_and_the_order_of_rows_changes_nothing() -> None:
    lines = [f"{row % 3},{row % 4},{'ab'[row % 2]}" for row in range(400)]
    shuffled = [lines[place] for place in np.random.default_rng(1).permutation(len(lines))]

    assert audit(lines)["digest"] == audit(shuffled)["digest"]
