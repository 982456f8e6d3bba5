"""The part ``calibration`` of the document: what it holds, what it refuses, what it does not say."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from audits.measures.scores.reliability import bins_of, brier_parts, calibration_error, error_by_luck
from audits.measures.tables.refusals import TableRejected
from tests.audits.measures.made import audited, codes, csv_of, examples, plan_of, rate

HEADER = "label,prediction,group,score"


def table(seed: int = 0, size: int = 1_200, *, bent: float = 0.0) -> list[str]:
    """Rows of two groups; ``bent`` moves the true chance of group b away from the score."""
    random = np.random.default_rng(seed)
    group = np.array(["a", "b"])[random.integers(0, 2, size)]
    score = np.round(random.beta(2, 2, size), 4)
    label = random.random(size) < np.clip(score + bent * (group == "b"), 0, 1)
    return [f"{int(y)},{int(s > 0.5)},{g},{s}" for y, s, g in zip(label, score, group, strict=True)]


def arrays(lines: Sequence[str], group: str = "") -> tuple[np.ndarray, np.ndarray]:
    cells = [line.split(",") for line in lines]
    kept = [cell for cell in cells if not group or cell[2] == group]
    return np.array([int(cell[0]) for cell in kept]), np.array([float(cell[3]) for cell in kept])


def audit(lines: Sequence[str], **changes: Any) -> dict[str, Any]:
    return audited(csv_of(lines, HEADER), plan_of(score="score", **changes))


def of_group(document: Mapping[str, Any], **slice_: str) -> dict[str, Any]:
    (found,) = [one for one in document["calibration"]["groups"] if one["slice"] == slice_]
    return dict(found)


def test_losses_are_scikit_learns_for_everybody_and_every_group() -> None:
    lines = table()
    document = audit(lines)

    for group in ("", "a", "b"):
        label, score = arrays(lines, group)
        slice_ = {"group": group} if group else {}
        for name, function in (
            ("roc_auc_score", roc_auc_score),
            ("brier_score_loss", brier_score_loss),
            ("log_loss", log_loss),
        ):
            row = rate(document, name, **slice_)
            assert row["value"] == pytest.approx(function(label, score), abs=1e-9)
            assert row["ci_low"] < row["value"] < row["ci_high"]
            assert of_group(document, **slice_)[name]["value"] == row["value"]


def test_bins_are_scikit_learns_where_no_scores_are_equal() -> None:
    random = np.random.default_rng(3)
    score = np.sort(random.random(1_000))
    label = random.random(1_000) < score

    found = bins_of(label, score)

    rates, means = calibration_curve(label, score, n_bins=10, strategy="quantile")
    assert found.rate == pytest.approx(rates, abs=1e-12)
    assert found.score == pytest.approx(means, abs=1e-12)
    assert set(found.rows) == {100}


def test_equal_scores_stay_in_one_bin_and_no_bin_is_smaller_than_asked() -> None:
    score = np.sort(np.repeat([0.1, 0.2, 0.5, 0.9], [300, 4, 300, 7]))

    found = bins_of(score > 0.4, score, least=10)

    assert (found.rows >= 10).all()
    assert found.rows.sum() == len(score)
    assert (found.lowest[1:] > found.highest[:-1]).all()


def test_murphys_parts_add_up_to_the_brier_score() -> None:
    label, score = arrays(table(5))
    order = np.argsort(score)
    brier = float(np.square(score - label).mean())

    parts = brier_parts(bins_of(label[order] == 1, score[order]), brier)

    assert parts.reliability - parts.resolution + parts.uncertainty + parts.within_bins == pytest.approx(brier)
    assert parts.uncertainty == pytest.approx(label.mean() * (1 - label.mean()))
    assert abs(parts.within_bins) < 0.01
    same = np.sort(np.repeat([0.2, 0.7], 50))
    exact = bins_of(np.arange(100) % 3 == 0, same)
    whole = float(np.square(same - (np.arange(100) % 3 == 0)).mean())
    assert brier_parts(exact, whole).within_bins == pytest.approx(0, abs=1e-12)


def test_the_calibration_error_of_perfect_scores_is_luck_and_is_said_to_be() -> None:
    random, tries, alarms = np.random.default_rng(0), examples(200), 0
    for _ in range(tries):
        score = np.sort(random.beta(2, 2, 200))
        bins = bins_of(random.random(200) < score, score)
        luck = error_by_luck(bins, replicates=200, random=random)
        assert luck is not None
        assert float(calibration_error(bins)) > 0
        alarms += (1 + (luck >= calibration_error(bins)).sum()) / 201 <= 0.05

    # the chance within a bin is a little less spread than its mean score says, so the test is on the safe side
    assert alarms / tries <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / tries)


@pytest.mark.parametrize("bent", [0.0, -0.03, -0.06, -0.12])
def test_the_difference_of_calibration_errors_holds_the_truth(bent: float) -> None:
    from audits.measures.plan import BiasPlan
    from audits.measures.scores.calibration import judged
    from audits.measures.scores.compared import _errors_apart
    from audits.measures.scores.scored import Scored

    random, tries, held = np.random.default_rng(7), examples(60), 0
    plan = BiasPlan(label="l", prediction="p", sensitive=("group",), bootstrap=300)
    for number in range(tries):
        both = []
        for size, shift in ((300, 0.0), (900, bent)):
            score = np.sort(0.3 + 0.4 * random.random(size))
            label = random.random(size) < score + shift
            rows = Scored("s", label, score, None, {}, None, 0, 0)
            both.append(judged(rows, {"group": str(shift)}, plan, seed=number))
        found, _ = _errors_apart(*both)
        held += found.low <= -abs(bent) <= found.high

    assert held / tries >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / tries)


def test_a_group_that_a_score_misjudges_is_found_and_named() -> None:
    document = audit(table(1, 6_000, bent=-0.2), bootstrap=500)

    row = next(row for row in document["disparities"] if row["metric"] == "calibration_in_the_large_difference")
    assert (row["verdict"], row["role"], row["threshold_source"]) == ("fail", "informative", "choice")
    assert "bias.score_differs" in codes(document)
    (test,) = document["calibration"]["sufficiency"]
    assert test["p"] < 0.001
    (note,) = document["calibration"]["impossibility"]
    assert note["ci_low"] > 0
    assert "bias.base_rates_differ" in codes(document)


def test_a_calibrated_score_changes_no_verdict_and_names_nobody() -> None:
    lines = table(2, 6_000)

    with_score, without = audit(lines, bootstrap=500), audited(csv_of(lines, HEADER), plan_of(bootstrap=500))

    assert with_score["verdict"] == without["verdict"]
    assert "bias.score_differs" not in codes(with_score)
    assert with_score["calibration"]["sufficiency"][0]["p"] > 0.01


def test_the_order_of_the_rows_and_the_process_change_nothing() -> None:
    lines = table(3, 400)
    shuffled = [lines[place] for place in np.random.default_rng(1).permutation(len(lines))]

    assert audit(lines, bootstrap=200)["digest"] == audit(shuffled, bootstrap=200)["digest"]


def test_weights_of_one_are_no_weights_and_whole_ones_are_repeated_rows() -> None:
    lines = table(4, 400)
    weighted = [f"{line},{1 + number % 2}" for number, line in enumerate(lines)]
    repeated = [line for number, line in enumerate(lines) for _ in range(1 + number % 2)]

    one = audited(csv_of(weighted, HEADER + ",w"), plan_of(score="score", weights="w"))
    other = audit(repeated)

    for name in ("roc_auc_score", "brier_score_loss", "log_loss", "calibration_in_the_large", "slope"):
        assert of_group(one, group="a")[name]["value"] == pytest.approx(
            of_group(other, group="a")[name]["value"], abs=1e-8
        )


@pytest.mark.parametrize(
    ("score", "code"),
    [("inf", "score_not_finite"), ("-inf", "score_not_finite"), ("high", "not_a_number")],
)
def test_a_score_that_is_no_number_is_refused(score: str, code: str) -> None:
    lines = table(size=100)
    lines[50] = lines[50].rsplit(",", 1)[0] + f",{score}"

    with pytest.raises(TableRejected) as refused:
        audit(lines)

    assert refused.value.code == code


def test_a_table_without_a_score_in_any_row_is_refused() -> None:
    with pytest.raises(TableRejected) as refused:
        audit([line.rsplit(",", 1)[0] + "," for line in table(size=100)])

    assert refused.value.code == "score_empty"


def test_rows_without_a_score_are_counted_and_left_out_of_the_score_alone() -> None:
    lines = [
        line.rsplit(",", 1)[0] + ("," if number % 10 else ",nan") if number < 50 else line
        for number, line in enumerate(table())
    ]

    document = audit(lines)

    assert document["rows_used"] == 1_200
    assert (document["calibration"]["rows_used"], document["calibration"]["missing_score"]) == (1_150, 50)
    assert "bias.score_missing" in codes(document)


def test_scores_that_are_no_probabilities_are_ranked_and_nothing_else() -> None:
    lines = table()
    lines[0] = lines[0].rsplit(",", 1)[0] + ",1.2"

    document = audit(lines)

    part = document["calibration"]
    assert (part["scale"], part["outside_0_1"]) == ("rank", 1)
    assert "bias.score_not_probability" in codes(document)
    assert {row["metric"] for row in document["metrics"]} & {"brier_score_loss", "log_loss"} == set()
    assert all("expected_calibration_error" not in group and "bins" not in group for group in part["groups"])
    assert part["groups"][0]["roc_auc_score"]["value"] is not None


def test_rank_figures_do_not_depend_on_the_scale() -> None:
    lines = table()
    larger = [line.rsplit(",", 1)[0] + f",{10 * float(line.rsplit(',', 1)[1]) ** 3}" for line in lines]

    one, other = audit(lines), audit(larger)

    assert rate(one, "roc_auc_score", group="a")["value"] == rate(other, "roc_auc_score", group="a")["value"]
    assert other["calibration"]["scale"] == "rank"


def test_equal_scores_tell_nobody_apart() -> None:
    document = audit([line.rsplit(",", 1)[0] + ",0.4" for line in table(size=200)])

    group = of_group(document)
    assert (group["roc_auc_score"]["value"], group["roc_auc_score"]["why"]) == (None, "all_scores_equal")
    assert (group["slope"]["value"], group["slope"]["why"]) == (None, "all_scores_equal")
    assert "bias.score_constant" in codes(document)


def test_a_certain_score_that_is_wrong_has_no_log_loss() -> None:
    lines = [*table(size=200), "0,1,a,1.0"]

    found = of_group(audit(lines))["log_loss"]

    assert (found["value"], found["why"]) == (None, "certain_and_wrong")


def test_a_group_of_one_class_has_no_area_and_a_small_one_is_hidden() -> None:
    lines = [*table(size=400), *["1,1,c,0.8"] * 40, *["1,0,d,0.3"] * 5]

    document = audit(lines)

    assert of_group(document, group="c")["roc_auc_score"]["why"] == "one_class"
    assert of_group(document, group="d") == {"slice": {"group": "d"}, "n": None, "state": "suppressed"}
    hidden = rate(document, "roc_auc_score", group="d")
    assert (hidden["n"], hidden["value"], hidden["why"]) == (None, None, "suppressed")


def test_the_document_is_json_without_nan_and_the_score_is_said_to_be_measured() -> None:
    document = audit(table(size=60))

    json.dumps(document, allow_nan=False)
    assert "bias.score_not_measured" not in codes(document)


def test_a_negative_weight_is_refused_with_a_score_too() -> None:
    data = csv_of([f"{line},{-1 if not number else 1}" for number, line in enumerate(table(size=60))], HEADER + ",w")

    with pytest.raises(TableRejected) as refused:
        audited(data, plan_of(score="score", weights="w"))

    assert refused.value.code == "weight_invalid"
