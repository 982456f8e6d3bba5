"""How long the search for proxies takes beside the same figures by pandas, scipy and scikit-learn.

100,000 rows, two sensitive columns (five groups that are looked for), 18 features, half numbers and half of five
categories. The peer gets one area for each feature and group (a category scored by the shares of other folds), Cramer's
V, normalised mutual information, and the areas of a cross-fitted logistic regression on at most 10,000 rows and of
histogram trees on at most 5,000. It makes no intervals, which ours does. Areas of single features have to agree to 1e-9
for numbers; the joint ones, which are of other samples, to some hundredths.

    python bench/proxies.py [--rows 100000] [--features 18] [--repeats 3]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype
from scipy.stats import contingency
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import normalized_mutual_info_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from audits.measures.kept_rows import JudgedRows
from audits.measures.plan import BiasPlan
from audits.measures.proxies import proxies_of
from audits.measures.tables.chunks import Column
from audits.measures.trees.boosting import DEPTH, RATE, RIDGE, ROUNDS

SAMPLE, TREES_SAMPLE, FOLDS = 10_000, 5_000, 5


def made(n: int, features: int) -> tuple[JudgedRows, BiasPlan]:
    """Rows whose first number and first category go along with sex."""
    random = np.random.default_rng(0)
    sex, race = random.integers(0, 2, n), random.integers(0, 4, n)
    columns: dict[str, Column | np.ndarray[Any, np.dtype[np.float64]]] = {
        f"x{one}": random.normal(size=n) if one % 2 else Column(tuple("abcde"), random.integers(0, 5, n))
        for one in range(features)
    }
    columns["x0"] = Column(tuple("abcde"), np.where(random.random(n) < 0.4, sex, random.integers(0, 5, n)))
    columns["x1"] = random.normal(size=n) + sex
    groups = {"sex": Column(("f", "m"), sex), "race": Column(tuple("pqrs"), race)}
    plan = BiasPlan(label="label", prediction="prediction", sensitive=tuple(groups), features=tuple(columns))
    return JudgedRows(random.random(n) < 0.4, random.random(n) < 0.4, groups, features=columns), plan


def ranged(column: pd.Series[Any]) -> pd.Series[Any]:
    """A category as it is, a number by quartile."""
    return pd.qcut(column, 4, labels=False) if is_numeric_dtype(column) else column


def peer(table: pd.DataFrame, features: list[str]) -> dict[tuple[str, str, str], float]:
    """(attribute, group, feature) -> area; "" for all features together."""
    found: dict[tuple[str, str, str], float] = {}
    fold = np.random.default_rng(1).permutation(len(table)) % FOLDS
    for attribute, groups in (("sex", ["f"]), ("race", list("pqrs"))):
        for name in features:
            ranges = ranged(table[name])
            contingency.association(pd.crosstab(ranges, table[attribute]).to_numpy(), method="cramer")
            normalized_mutual_info_score(ranges, table[attribute])
            for group in groups:
                inside = table[attribute] == group
                if is_numeric_dtype(table[name]):
                    area = roc_auc_score(inside, table[name])
                    found[attribute, group, name] = max(area, 1 - area)
                    continue
                score = np.empty(len(table))
                for part in range(FOLDS):
                    rest = inside[fold != part].groupby(table[name][fold != part]).mean()
                    score[fold == part] = table[name][fold == part].map(rest)
                found[attribute, group, name] = roc_auc_score(inside, score)
        sample = table.sample(min(SAMPLE, len(table)), random_state=0)
        design = pd.get_dummies(sample[features].apply(ranged).astype(str), drop_first=True).to_numpy(float)
        for group in groups:
            inside = (sample[attribute] == group).to_numpy()
            areas = []
            for rest, out in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(design, inside):
                fitted = LogisticRegression(max_iter=200).fit(design[rest], inside[rest])
                areas.append(roc_auc_score(inside[out], fitted.decision_function(design[out])))
            found[attribute, group, "logistic_regression"] = float(np.mean(areas))
        few = table.sample(min(TREES_SAMPLE, len(table)), random_state=1)
        coded = few[features].apply(lambda one: one if is_numeric_dtype(one) else one.astype("category").cat.codes)
        for group in groups:
            inside = (few[attribute] == group).to_numpy()
            areas = []
            for rest, out in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(coded, inside):
                trees = HistGradientBoostingClassifier(
                    max_iter=ROUNDS, learning_rate=RATE, max_depth=DEPTH, l2_regularization=RIDGE, max_bins=16
                ).fit(coded.iloc[rest], inside[rest])
                areas.append(roc_auc_score(inside[out], trees.decision_function(coded.iloc[out])))
            found[attribute, group, "boosted_trees"] = float(np.mean(areas))
    return found


def main() -> None:
    """Time both, check that they agree, print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--features", type=int, default=18)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    rows, plan = made(given.rows, given.features)
    table = pd.DataFrame(
        {
            name: np.array(one.values, dtype=object)[one.codes] if isinstance(one, Column) else one
            for name, one in {**rows.groups, **rows.features}.items()
        }
    )
    ours, document = fastest(lambda: proxies_of(rows, plan, seed=0)["proxies"], given.repeats)
    theirs, areas = fastest(lambda: peer(table, list(plan.features)), 1)
    for row in document["features"]:
        exact = row["kind"] == "numeric"
        same = areas[row["attribute"], row["group"], row["column"]]
        np.testing.assert_allclose(row["auc"], same, atol=1e-9 if exact else 0.01)
    for row in document["joint"]:
        np.testing.assert_allclose(row["auc"], areas[row["attribute"], row["group"], row["model"]], atol=0.04)
    print(f"Assay, with intervals             {given.rows:>9,} rows x {given.features}  {ours:8.2f} s")
    print(f"pandas, scipy and scikit-learn    {given.rows:>9,} rows x {given.features}  {theirs:8.2f} s")
    print(f"ratio {theirs / ours:.1f}")
    twice, plan = made(2 * given.rows, given.features)
    double, _ = fastest(lambda: proxies_of(twice, plan, seed=0), given.repeats)
    print(f"twice the rows: {double / ours:.2f} times as long")


def fastest(work: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Seconds of the fastest of several repeats, and what it made."""
    seconds, made_ = [], None
    for _ in range(repeats):
        begun = time.perf_counter()
        made_ = work()
        seconds.append(time.perf_counter() - begun)
    return min(seconds), made_


if __name__ == "__main__":
    main()
