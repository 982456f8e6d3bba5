"""Mean corruption errors against the published ones."""

from __future__ import annotations

import pytest

from audits.measures.plan_values import PlanRejected
from audits.measures.stress.images.constants import ALEXNET_ERRORS
from audits.measures.stress.images.errors import mean_errors, over_severities, under_the_curve
from audits.measures.stress.images.plan import ImagesPlan


def test_oracle_v32_alexnets_own_mean_corruption_error_is_one():
    found = mean_errors(
        {name: [error] * 5 for name, error in ALEXNET_ERRORS.items()},
        clean=0.4348,
        baseline=ALEXNET_ERRORS,
        baseline_clean=0.4348,
    )

    assert found.mce == pytest.approx(1)
    assert found.relative_mce == pytest.approx(1)
    # the sum of the fifteen published errors
    assert found.mean == pytest.approx(11.834896 / 15)
    assert found.relative == pytest.approx(found.mean - 0.4348)
    assert len(found.corruptions) == 15


def test_errors_by_hand():
    errors = {"fog": [0.1, 0.2, 0.3, 0.4, 0.5], "contrast": [0.2] * 5}

    found = mean_errors(errors, clean=0.1, baseline={"fog": 0.6, "contrast": 0.4}, baseline_clean=0.2)

    assert over_severities(errors["fog"]) == pytest.approx(0.3)
    assert found.mean == pytest.approx(0.25)
    assert found.relative == pytest.approx(0.15)
    assert found.mce == pytest.approx((0.5 + 0.5) / 2)
    assert found.relative_mce == pytest.approx((0.2 / 0.4 + 0.1 / 0.2) / 2)
    assert under_the_curve([0.0, 0.1, 0.2, 0.3, 0.4, 0.5]) == pytest.approx(0.25)
    assert mean_errors(errors, clean=0.1).mce is None
    assert (
        mean_errors(errors, clean=0.1, baseline={"fog": 0.1, "contrast": 0.4}, baseline_clean=0.2).relative_mce is None
    )


def test_a_baseline_normalises_what_it_has_and_a_plan_that_states_corruptions_needs_all_of_them():
    """A baseline from before snow was made: by hand over fog alone, and snow is named as not normalised."""
    errors = {"fog": [0.1, 0.2, 0.3, 0.4, 0.5], "snow": [0.5] * 5}

    found = mean_errors(errors, clean=0.1, baseline={"fog": 0.6, "contrast": 0.4}, baseline_clean=0.2)

    assert (found.corruptions, found.normalised) == (("fog", "snow"), ("fog",))
    assert found.mean == pytest.approx((0.3 + 0.5) / 2)
    assert found.mce == pytest.approx(0.3 / 0.6)
    assert found.relative_mce == pytest.approx(0.2 / 0.4)
    none = mean_errors(errors, clean=0.1, baseline={"contrast": 0.4}, baseline_clean=0.2)
    assert (none.mce, none.relative_mce, none.normalised) == (None, None, ())
    assert ImagesPlan(baseline={"fog": 0.6}).baseline == {"fog": 0.6}  # the mean is over what it has
    with pytest.raises(PlanRejected, match="snow") as refused:
        ImagesPlan(corruptions=("fog", "snow"), baseline={"fog": 0.6})
    assert refused.value.code == "baseline_incomplete"


def test_what_cannot_be_a_mean_is_refused():
    with pytest.raises(ValueError, match="no corruption was measured"):
        mean_errors({}, clean=0.1)
    for wrong in ([0.1] * 4, [0.1, 0.1, 0.1, 0.1, 1.2], [float("nan")] * 5):
        with pytest.raises(ValueError, match="five shares"):
            over_severities(wrong)
