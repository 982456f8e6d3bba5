"""Published figures of public tables, reproduced from the tables' rows."""

from __future__ import annotations

import csv
import functools
import gzip
import io
from collections.abc import Mapping
from typing import Any

import pytest

from audits.measures.bias import audit_counts, counted, open_for
from audits.measures.plan import BiasPlan
from tests.audits.measures.made import audited, csv_of, disparity, plan_of, rate, rows_of, shared_table

COMPAS = "compas_for_aequitas.csv.gz"


@functools.cache
def compas() -> dict[str, Any]:
    """The audit of ProPublica's 7,214 defendants; every group is shown, however small."""
    plan = BiasPlan(
        label="label_value",
        prediction="score",
        sensitive=("race", "sex"),
        min_group=1,
        bootstrap=0,
        reference="largest",
    )
    return audited(shared_table(COMPAS), plan)


def confusion_of(document: Mapping[str, Any], **slice_: str) -> tuple[int, int, int, int]:
    """(TN, FP, FN, TP) from the counts behind the rates."""
    names = ("true_negative_rate", "false_positive_rate", "false_negative_rate", "true_positive_rate")
    tn, fp, fn, tp = (rate(document, name, **slice_)["k"] for name in names)
    return tn, fp, fn, tp


def percent(document: Mapping[str, Any], metric: str, **slice_: str) -> float:
    return round(100 * float(rate(document, metric, **slice_)["value"]), 2)


def test_oracle_v01_all_defendants() -> None:
    assert confusion_of(compas()) == (2681, 1282, 1216, 2035)
    assert percent(compas(), "false_positive_rate") == 32.35
    assert percent(compas(), "false_negative_rate") == 37.40
    assert round(rate(compas(), "precision")["value"], 2) == 0.61


def test_oracle_v02_african_american_defendants() -> None:
    assert rate(compas(), "accuracy", race="African-American")["n"] == 3696
    assert confusion_of(compas(), race="African-American") == (990, 805, 532, 1369)
    assert percent(compas(), "false_positive_rate", race="African-American") == 44.85
    assert percent(compas(), "false_negative_rate", race="African-American") == 27.99
    assert round(rate(compas(), "precision", race="African-American")["value"], 2) == 0.63


def test_oracle_v03_caucasian_defendants() -> None:
    assert rate(compas(), "accuracy", race="Caucasian")["n"] == 2454
    assert confusion_of(compas(), race="Caucasian") == (1139, 349, 461, 505)
    assert percent(compas(), "false_positive_rate", race="Caucasian") == 23.45
    assert percent(compas(), "false_negative_rate", race="Caucasian") == 47.72
    assert round(rate(compas(), "precision", race="Caucasian")["value"], 2) == 0.59


@pytest.mark.parametrize(
    ("race", "false_positives", "selection"),
    [
        ("African-American", 0.448468, 0.588203),
        ("Caucasian", 0.234543, 0.348003),
        ("Asian", 0.086957, 0.25),
        ("Hispanic", 0.214815, 0.298273),
        ("Native American", 0.375, 0.666667),
        ("Other", 0.147541, 0.209549),
    ],
)
def test_oracle_v05_rates_of_every_race(race: str, false_positives: float, selection: float) -> None:
    assert round(rate(compas(), "false_positive_rate", race=race)["value"], 6) == false_positives
    assert round(rate(compas(), "selection_rate", race=race)["value"], 6) == selection


@pytest.mark.parametrize(
    ("sex", "fpr", "fnr", "fdr"), [("Female", 0.321070, 0.391566, 0.487310), ("Male", 0.324201, 0.370868, 0.364637)]
)
def test_oracle_v06_error_rates_of_both_sexes(sex: str, fpr: float, fnr: float, fdr: float) -> None:
    assert round(rate(compas(), "false_positive_rate", sex=sex)["value"], 6) == fpr
    assert round(rate(compas(), "false_negative_rate", sex=sex)["value"], 6) == fnr
    assert round(1 - rate(compas(), "precision", sex=sex)["value"], 6) == fdr


@pytest.mark.parametrize(
    ("metric", "race", "sex"),
    [
        ("demographic_parity_difference", 0.4571175950, 0.0448094581),
        ("demographic_parity_ratio", 0.3143236074, None),
        ("equalized_odds_difference", 0.5766917293, 0.0206981212),
        ("equalized_odds_ratio", 0.1938968404, 0.9671005036),
    ],
)
def test_oracle_v09_widest_gaps_are_fairlearns(metric: str, race: float, sex: float | None) -> None:
    assert disparity(compas(), metric, scope="range", race="")["value"] == pytest.approx(race, abs=1e-9)
    if sex is not None:
        assert disparity(compas(), metric, scope="range", sex="")["value"] == pytest.approx(sex, abs=1e-9)


def two_races() -> bytes:
    """The rows of the two largest races alone."""
    with gzip.open(shared_table(COMPAS), "rt", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["race"] in ("African-American", "Caucasian")]
    return csv_of([f"{row['label_value']},{row['score']},{row['race']}" for row in rows])


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("demographic_parity_difference", 0.2402002032),
        ("demographic_parity_ratio", 0.5916375570),
        ("equalized_odds_difference", 0.2139249558),
        ("equalized_odds_ratio", 0.5229872103),
    ],
)
def test_oracle_v10_two_races_against_each_other(metric: str, value: float) -> None:
    document = audited(two_races())

    assert disparity(document, metric, scope="range", group="")["value"] == pytest.approx(value, abs=1e-9)
    # the better group differs by rate, so either race may be the one that is compared
    pairs = [row["value"] for row in document["disparities"] if row["metric"] == metric and row["scope"] == "group"]
    worst = min(min(pair, 1 / pair) for pair in pairs) if metric.endswith("ratio") else max(map(abs, pairs))
    assert worst == pytest.approx(value, abs=1e-9)


# The 18 rows of fairlearn's user guide on assessment, as confusion counts of its three groups.
GUIDE = {"a": (0, 2, 1, 1), "b": (1, 0, 2, 3), "c": (1, 2, 3, 2)}


def test_oracle_v11_the_rates_of_fairlearns_user_guide() -> None:
    document = audited(csv_of(rows_of(GUIDE)), plan_of(min_group=1))

    assert rate(document, "true_positive_rate")["value"] == 0.5
    assert round(rate(document, "false_positive_rate")["value"], 6) == 0.666667
    assert round(rate(document, "selection_rate")["value"], 6) == 0.555556
    found = {
        group: tuple(
            round(rate(document, metric, group=group)["value"], 6)
            for metric in ("true_positive_rate", "false_positive_rate", "selection_rate")
        )
        + (rate(document, "selection_rate", group=group)["n"],)
        for group in GUIDE
    }
    assert found == {"a": (0.5, 1.0, 0.75, 4), "b": (0.6, 0.0, 0.5, 6), "c": (0.4, 0.666667, 0.5, 8)}


def test_oracle_v12_the_disparities_of_fairlearns_user_guide() -> None:
    plan = plan_of(min_group=1, reference="overall")
    document = audited(csv_of(rows_of(GUIDE)), plan)

    between = {
        metric: round(disparity(document, metric, scope="range", group="")["value"], 4)
        for metric in (
            "demographic_parity_difference",
            "demographic_parity_ratio",
            "equalized_odds_difference",
            "equalized_odds_ratio",
        )
    }
    assert between == {
        "demographic_parity_difference": 0.25,
        "demographic_parity_ratio": 0.6667,
        "equalized_odds_difference": 1.0,
        "equalized_odds_ratio": 0.0,
    }
    for metric, difference, ratio in (
        ("true_positive_rate", 0.1, 0.8),
        ("false_positive_rate", 0.666667, 0.0),
        ("demographic_parity", 0.194444, 0.740741),
    ):
        gaps = [abs(disparity(document, f"{metric}_difference", group=group)["value"]) for group in GUIDE]
        assert round(max(gaps), 6) == difference
        ratios = [disparity(document, f"{metric}_ratio", group=group)["value"] for group in GUIDE]
        assert round(min(min(value, 1 / value) if value else 0.0 for value in ratios), 6) == ratio


def test_the_gap_between_two_races_has_its_interval_and_its_z() -> None:
    row = disparity(audited(two_races()), "false_positive_rate_difference", group="Caucasian")

    assert row["value"] == pytest.approx(-0.2139250, abs=1e-7)
    assert [row["ci_low"], row["ci_high"]] == pytest.approx([-0.2450233, -0.1820532], abs=1e-7)
    assert row["z"] == pytest.approx(-12.7803, abs=1e-4)


def test_a_table_is_counted_once_and_its_digest_is_its_contents() -> None:
    plan = BiasPlan(label="label_value", prediction="score", sensitive=("race", "sex"))
    with open_for(shared_table(COMPAS), plan) as table:
        counts = counted(table, plan)

    first, again, other = (audit_counts(counts, plan, seed=seed) for seed in (1, 1, 2))

    assert first == again
    assert other["digest"] != first["digest"]


def test_oracle_v04_the_filters_of_propublica_leave_6172_rows() -> None:
    path = shared_table("compas-scores-two-years.csv.gz")
    with gzip.open(path, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    kept = [
        row
        for row in rows
        if row["days_b_screening_arrest"] not in ("", "NA")
        and abs(float(row["days_b_screening_arrest"])) <= 30
        and row["is_recid"] != "-1"
        and row["c_charge_degree"] != "O"
        and row["score_text"] != "N/A"
    ]

    document = audited(
        csv_of(f"{row['two_year_recid']},{int(row['score_text'] != 'Low')},{row['sex']}" for row in kept)
    )

    assert (len(rows), document["rows_used"]) == (7214, 6172)
    assert rate(document, "base_rate")["k"] == 2809
    assert 100 * rate(document, "base_rate")["value"] == pytest.approx(45.51199, abs=5e-6)


@pytest.mark.parametrize(
    ("race", "disparity_of_fpr"),
    [
        ("African-American", 2.087696),
        ("Asian", 0.404798),
        ("Caucasian", 1.091838),
        ("Native American", 1.745690),
        ("Other", 0.686829),
    ],
)
def test_oracle_v07_disparities_against_hispanic_defendants(race: str, disparity_of_fpr: float) -> None:
    def fpr(one: str) -> float:
        return float(rate(compas(), "false_positive_rate", race=one)["value"])

    assert fpr(race) / fpr("Hispanic") == pytest.approx(disparity_of_fpr, abs=1e-6)


def test_oracle_v07_false_discoveries_by_sex_and_predicted_positives_by_race() -> None:
    by_sex = {sex: rate(compas(), "false_discovery_rate", sex=sex)["value"] for sex in ("Female", "Male")}
    assert by_sex["Female"] / by_sex["Male"] == pytest.approx(1.336425, abs=1e-6)
    predicted = {race: rate(compas(), "selection_rate", race=race)["k"] for race in ("African-American", "Hispanic")}
    assert predicted["African-American"] / predicted["Hispanic"] == pytest.approx(11.442105, abs=1e-6)


@pytest.mark.parametrize(
    ("race", "ratio"),
    [
        ("Asian", 0.425023),
        ("Caucasian", 0.591638),
        ("Hispanic", 0.507092),
        ("Native American", 1.133395),
        ("Other", 0.356253),
    ],
)
def test_oracle_v08_selection_against_the_largest_race(race: str, ratio: float) -> None:
    assert disparity(compas(), "demographic_parity_ratio", race=race)["value"] == pytest.approx(ratio, abs=1e-6)


def test_oracle_v08_false_positives_against_the_largest_race() -> None:
    white, black = (
        rate(compas(), "false_positive_rate", race=race)["value"] for race in ("Caucasian", "African-American")
    )
    assert white / black == pytest.approx(0.522987, abs=1e-6)


def test_oracle_v19_class_imbalance_is_that_of_the_weights() -> None:
    protected, weights = [1, 1, 1, 1, 0, 0, 0], [1, 2, 3, 4, 3, 2, 1]
    table = csv_of(
        [
            f"{row % 2},{row % 2},{one},{weight}"
            for row, (one, weight) in enumerate(zip(protected, weights, strict=True))
        ],
        "label,prediction,group,weight",
    )
    plan = plan_of(weights="weight")
    with open_for(io.BytesIO(table), plan) as opened:
        slices = counted(opened, plan).slices(["group"])

    assert slices.weights is not None
    unprivileged, privileged = slices.weights.sum(axis=(1, 2))
    assert (unprivileged - privileged) / (unprivileged + privileged) == pytest.approx(-0.25, abs=1e-12)
