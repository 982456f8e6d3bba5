"""By simulation: limits and tests of the data audit are right as often as they say, and the search finds what it says.

Every interval of a share in this audit is Wilson's (``tests/audits/measures/test_simulations.py``); alpha's is in
``test_agreement.py``, that of a sampled language in ``test_languages.py``.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from audits.measures.data.columns import Column
from audits.measures.data.groups import against_population, missing_by_group
from audits.measures.data.labels import auc
from audits.measures.data.near import near_pairs
from audits.measures.data.reasons import VERDICTS
from audits.measures.drift.contingency import exact_binomial
from audits.measures.tables.arrow import strings
from tests.audits.measures.data.tables import audited, csv
from tests.audits.measures.made import LONG, examples

RUNS = 10_000 if LONG else 1_200


def at_most(level: float, runs: int) -> float:
    """A level and three standard errors of the simulation above it."""
    return float(level + 3 * np.sqrt(level * (1 - level) / runs))


def groups_of(counts: np.ndarray) -> Column:
    names = [name for name, count in zip("abcdef", counts, strict=False) for _ in range(count)]
    return Column("group", strings(names), None)


@pytest.mark.parametrize("n", [30, 60, 400])
@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.97, 0.03), (0.6, 0.3, 0.07, 0.02, 0.01)])
def test_a_sample_of_the_population_is_seldom_called_another(n: int, shares: tuple[float, ...]) -> None:
    """Type-I error of the comparison with a population, with groups of which hardly a row is to be expected."""
    random = np.random.default_rng(n)
    population = dict(zip("abcdef", shares, strict=False))

    rejected = [
        against_population(groups_of(counts), population)[1] <= 0.05
        for counts in random.multinomial(n, shares, size=RUNS)
    ]

    # chi-squared is an approximation: half a point of leave
    assert np.mean(rejected) <= at_most(0.055, RUNS)


@pytest.mark.parametrize(("hits", "rows", "share"), [(0, 30, 0.03), (4, 30, 0.03), (9, 40, 0.1), (20, 40, 0.5)])
def test_the_exact_test_is_that_of_scipy(hits: int, rows: int, share: float) -> None:
    assert exact_binomial(hits, rows, share) == pytest.approx(stats.binomtest(hits, rows, share).pvalue, abs=1e-9)


@pytest.mark.parametrize(("n", "share"), [(60, 0.1), (200, 0.03), (600, 0.5)])
def test_cells_that_are_empty_by_chance_are_seldom_called_unequal(n: int, share: float) -> None:
    random = np.random.default_rng(n)
    attribute = Column("group", strings([*"ab"] * (n // 2)), None)
    rejected = []
    for _ in range(RUNS):
        empty = random.random(n) < share
        _, gap = missing_by_group(Column("c", strings([None if one else "x" for one in empty]), None), attribute)
        rejected.append(gap is not None and gap.p <= 0.05)

    assert np.mean(rejected) <= at_most(0.05, RUNS)


@pytest.mark.parametrize("n", [60, 120, 400])
@pytest.mark.parametrize("apart", [0.5, 1.5, 2.9, 3.5])
def test_the_lower_limit_of_an_area_is_seldom_above_it(n: int, apart: float) -> None:
    """Of a two-sided 95 % interval the lower limit may miss one time in forty; near 1 too."""
    random = np.random.default_rng(n)
    positive = np.arange(n) < n // 2
    true = stats.norm.cdf(apart / np.sqrt(2))

    above = [auc(random.normal(size=n) + apart * positive, positive).low > true for _ in range(RUNS)]

    assert np.mean(above) <= at_most(0.04, RUNS)


def test_a_feature_that_happens_to_part_few_rows_is_not_sure_to_be_the_label() -> None:
    positive = np.arange(60) < 30

    found = auc(positive.astype(float), positive)

    assert found.value == 1
    assert 0.9 < found.low < 0.97


def nearly(random: np.random.Generator, jaccard: float) -> tuple[str, str]:
    """Two texts of random letters whose sets of 5-grams have about this Jaccard index: one with a changed end."""
    length = 200
    shared = round(2 * jaccard / (1 + jaccard) * length)
    letters = [chr(97 + one) for one in random.integers(0, 26, 2 * length - shared)]
    return "".join(letters[:length]), "".join([*letters[:shared], *letters[length:]])


def test_texts_at_the_threshold_are_found_as_often_as_the_bands_promise() -> None:
    random = np.random.default_rng(0)
    runs = 200 * examples(5)
    found = looked = 0
    for seed in range(examples(5)):
        texts = sorted(text for _ in range(200) for text in nearly(random, 0.83))
        grams = [{text[at : at + 5] for at in range(len(text) - 4)} for text in texts]
        twins = {
            (one, other)
            for one in range(len(texts) - 1)
            for other in (one + 1,)
            if len(grams[one] & grams[other]) >= 0.8 * len(grams[one] | grams[other])
        }
        pairs = near_pairs(strings(texts), seed=seed)
        looked += len(twins)
        found += len(twins & set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)))

    assert looked > 0.9 * runs
    # 0.998 at 0.8 exactly, and more above
    assert found >= looked * (0.998 - 3 * np.sqrt(0.002 / looked))


@pytest.mark.long
@pytest.mark.skipif(not LONG, reason="a simulation: only under LONG=1")
def test_clean_tables_hardly_ever_fail_or_warn() -> None:
    """Random columns, groups, splits and empty cells that have nothing to do with each other."""
    random = np.random.default_rng(1)
    grave = []
    for _ in range(300):
        lines = []
        for _ in range(400):
            cells = [f"{number:.6f}" for number in random.normal(size=4)]
            cells[random.integers(4)] = "" if random.random() < 0.2 else cells[0]
            lines.append(
                ",".join([*cells, "ab"[random.integers(2)], "fm"[random.integers(2)], "tr"[random.integers(2)]])
            )
        document = audited(csv("a,b,c,d,label,sex,split", lines), label="label", sensitive=("sex",), split="split")
        grave.append(any(VERDICTS[one["severity"]] != "pass" for one in document["findings"]))

    assert np.mean(grave) <= at_most(0.05, 300)
