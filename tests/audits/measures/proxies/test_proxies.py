"""Proxies: associations against scikit-learn and scipy, and what leads and what must not."""

from __future__ import annotations

import numpy as np
import pytest
import rfc8785
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import homogeneity_score, normalized_mutual_info_score, roc_auc_score
from sklearn.model_selection import cross_val_predict

from audits.measures.kept_rows import JudgedRows
from audits.measures.ordering import in_order_of_content
from audits.measures.proxies import proxies_of
from audits.measures.proxies.association import (
    contingency,
    cramers_v,
    normalized_mutual_information,
    theils_u,
)
from audits.measures.roc import auc, auc_limits
from audits.measures.tables.chunks import Column
from tests.audits.measures.made import LONG
from tests.audits.measures.slices.made import plan_for, rows_of, taken


def rows_with(sex: np.ndarray, **features: Column | np.ndarray) -> JudgedRows:
    random = np.random.default_rng(0)
    n = len(sex)
    groups = {"sex": Column(("f", "m"), sex.astype(int))}
    return JudgedRows(random.random(n) < 0.5, random.random(n) < 0.5, groups, features=features)


def found(rows: JudgedRows, **changes: object) -> dict:
    return proxies_of(in_order_of_content(rows), plan_for(rows, **changes), seed=0)["proxies"]


def test_a_feature_that_follows_the_attribute_leads_and_one_of_luck_does_not() -> None:
    random = np.random.default_rng(1)
    sex = random.random(3_000) < 0.4
    told = found(rows_with(sex, height=sex * 1.2 + random.normal(size=3_000), noise=random.normal(size=3_000)))

    first, second = told["features"]
    assert (first["column"], first["lead"], second["lead"]) == ("height", True, False)
    assert first["auc_ci_low"] < stats.norm.cdf(1.2 / np.sqrt(2)) < first["auc_ci_high"]
    assert second["auc_ci_low"] < 0.53
    for joint in told["joint"]:
        assert joint["lead"]
        assert joint["auc"] == pytest.approx(first["auc"], abs=0.03)
    assert [joint["model"] for joint in told["joint"]] == ["logistic_regression", "boosted_trees"]


def test_two_features_can_tell_together_what_neither_tells_alone() -> None:
    random = np.random.default_rng(2)
    n = 6_000
    sex = random.random(n) < 0.5
    common = 3 * random.normal(size=n)
    told = found(rows_with(sex, a=common + sex, b=common + random.normal(size=n) * 0.3), features=("a", "b"))

    assert not any(row["lead"] for row in told["features"])
    assert told["joint"][0]["auc"] > max(row["auc"] for row in told["features"])


def test_trees_see_two_features_that_tell_nothing_alone_and_do_not_add_up() -> None:
    random = np.random.default_rng(5)
    n = 4_000
    a, b, noise = random.integers(0, 4, n), random.normal(size=n), random.normal(size=n)
    sex = ((a < 2) ^ (b > 0)) ^ (random.random(n) < 0.2)
    told = found(rows_with(sex, a=Column(tuple("wxyz"), a), b=b, noise=noise), features=("a", "b", "noise"))

    assert not any(row["lead"] for row in told["features"])
    regression, trees = told["joint"]
    assert (regression["lead"], trees["lead"]) == (False, True)
    # nobody tells more than the rule by which the rows were made: right in eight of ten
    assert trees["auc_ci_low"] < 0.8
    assert trees["auc"] > 0.75


def test_the_joint_area_is_that_of_scikit_learns_cross_fitted_regression() -> None:
    random = np.random.default_rng(3)
    n = 4_000
    sex = random.random(n) < 0.5
    letters = np.where(random.random(n) < 0.5, sex * 2, random.integers(0, 4, n))
    rows = rows_with(sex, a=Column(tuple("wxyz"), letters), b=Column(tuple("pq"), random.integers(0, 2, n)))

    joint, _ = found(rows, features=("a", "b"))["joint"]

    flags = np.stack([letters == one for one in range(4)] + [rows.features["b"].codes == 1], axis=1)
    chances = cross_val_predict(LogisticRegression(), flags, ~sex, cv=5, method="predict_proba")[:, 1]
    assert joint["auc"] == pytest.approx(roc_auc_score(~sex, chances), abs=0.01)
    assert joint["auc_ci_low"] < joint["auc"] < joint["auc_ci_high"]


@pytest.mark.parametrize("ties", [0, 1])
def test_the_area_is_scikit_learns_and_its_error_that_of_the_placements(ties: int) -> None:
    random = np.random.default_rng(4)
    score = np.round(random.normal(size=400), ties) if ties else random.normal(size=400)
    positive = random.random(400) < 0.3

    area, error = auc(score, positive)

    assert area == pytest.approx(roc_auc_score(positive, score))
    pairs = np.sign(score[positive][:, None] - score[~positive]) / 2 + 0.5
    slow = pairs.mean(axis=1).var(ddof=1) / positive.sum() + pairs.mean(axis=0).var(ddof=1) / (~positive).sum()
    assert error == pytest.approx(np.sqrt(slow))


def test_intervals_of_an_area_cover_it() -> None:
    random = np.random.default_rng(6)
    runs, covered = (4_000 if LONG else 500), 0
    truth = stats.norm.cdf(0.8 / np.sqrt(2))
    for _ in range(runs):
        score = np.concatenate([random.normal(0.8, 1, 60), random.normal(0, 1, 90)])
        low, high = auc_limits(*auc(score, np.arange(150) < 60))
        covered += low <= truth <= high

    assert stats.binom.cdf(covered, runs, 0.95) > 1e-4


def test_mutual_information_is_scikit_learns() -> None:
    random = np.random.default_rng(7)
    one = random.integers(0, 5, 900)
    other = np.where(random.random(900) < 0.3, one, random.integers(0, 3, 900))

    assert normalized_mutual_information(contingency(one, other)) == pytest.approx(
        normalized_mutual_info_score(one, other)
    )


def test_theils_u_is_scikit_learns_homogeneity_and_has_a_direction() -> None:
    random = np.random.default_rng(10)
    region = random.integers(0, 4, 3_000)
    postcode = region * 10 + random.integers(0, 10, 3_000)
    other = np.where(random.random(3_000) < 0.3, region, random.integers(0, 4, 3_000))

    assert theils_u(contingency(postcode, region))[0] == pytest.approx(1.0)
    assert theils_u(contingency(region, postcode))[0] == pytest.approx(homogeneity_score(postcode, region))
    assert theils_u(contingency(other, region))[0] == pytest.approx(homogeneity_score(region, other))
    assert np.isnan(theils_u(contingency(np.arange(3_000), region))).all(), "a name of each row tells nothing"
    by_luck = [theils_u(contingency(random.integers(0, 6, 900), region[:900])) for _ in range(4_000 if LONG else 400)]
    beyond = sum(u > floor for u, floor in by_luck)
    assert 1e-4 < stats.binom.cdf(beyond, len(by_luck), 0.05) < 1 - 1e-4


def test_cramers_v_is_one_for_the_same_column_and_about_nothing_by_luck() -> None:
    random = np.random.default_rng(8)
    one = random.integers(0, 6, 2_000)

    by_luck = [cramers_v(contingency(one, random.integers(0, 4, 2_000))) for _ in range(40)]

    assert cramers_v(contingency(one, one)) == pytest.approx(1.0)
    # without the correction the mean would be about 0.05
    assert np.mean(by_luck) < 0.02
    raw = stats.contingency.association(contingency(one, one % 2).astype(int), method="cramer")
    assert cramers_v(contingency(one, one % 2)) == pytest.approx(raw, abs=0.01)


def test_a_feature_with_a_value_for_every_row_tells_nothing_of_rows_it_has_not_seen() -> None:
    random = np.random.default_rng(9)
    n = 10_000
    sex = random.random(n) < 0.5
    ids = Column(tuple(f"{one:05}" for one in range(n)), random.permutation(n))

    told = found(rows_with(sex, ids=ids), features=("ids",))

    (row,) = told["features"]
    assert row["auc"] < 0.55
    assert not row["lead"]
    assert {joint["why"] for joint in told["joint"]} == {"no_feature_varies"}


@pytest.mark.parametrize(
    ("feature", "why"),
    [
        (Column(("same",), np.zeros(500, dtype=int)), "constant"),
        (Column((), np.full(500, -1)), "all_missing"),
        (np.full(500, np.nan), "all_missing"),
    ],
)
def test_features_that_tell_nothing_are_told_and_have_no_figure(feature, why) -> None:
    sex = np.arange(500) % 2 == 0

    (row,) = found(rows_with(sex, f=feature), features=("f",))["features"]

    assert row["why"] == why
    assert row["cramers_v"] is None
    assert not row["lead"]


def test_groups_too_small_are_not_looked_for() -> None:
    sex = np.arange(300) < 12
    (row,) = found(rows_with(sex, f=np.arange(300.0)))["features"]

    assert (row["auc"], row["why"]) == (None, "no_group_large_enough")


def test_the_order_of_the_rows_changes_nothing() -> None:
    rows = rows_of(1_200, features=4)
    order = np.random.default_rng(3).permutation(len(rows))

    one, other = found(rows), found(taken(rows, order))

    assert rfc8785.dumps(one) == rfc8785.dumps(other)
