"""How often answers change: counted by hand, and by properties."""

from __future__ import annotations

import numpy as np
import pytest

from audits.measures.intervals import wilson
from audits.measures.stress.answers import Answers, Changed, failures, row_of, verdict_of

ALL = np.ones(6, dtype=bool)


def said(words: str, score: list[float] | None = None, *, refused: str = "") -> Answers:
    """One letter for each answer, a dot for none; ``refused`` marks those that were refused."""
    letters = np.array(list(words), dtype=object)
    marks = np.array([mark == "x" for mark in refused.ljust(len(words), ".")])
    return Answers(letters, None if score is None else np.array(score), letters != ".", marks)


def test_flips_are_counted_on_rows_that_were_right_and_that_the_change_changed():
    truth = np.array(list("aabbab"), dtype=object)
    clean = said("aabba.")  # right but for the last one, which is not answered
    first = Changed(np.array([1, 1, 1, 1, 0, 1], bool), said("abb.ba", refused="...x.."))
    second = Changed(np.array([1, 1, 0, 1, 0, 1], bool), said("bbbba."))

    found = failures(clean, [first, second], expected="same", truth=truth)

    # rows 0 to 3 count; row 0 flips in one of two draws, row 1 in both, row 2 never, row 3 is lost in one of two
    assert (found.n, found.k, found.any) == (4, 0.5 + 1 + 0 + 0.5, 3)
    assert (found.lost, found.refused) == (1, 1)
    assert (found.better, found.worse) == (0, 2)
    assert found.failing.tolist() == [True, True, False, True, False, False]
    row = row_of(found)
    assert (row["n"], row["value"], row["worst"]["value"]) == (4, 0.5, 0.75)
    assert row["ci_low"] == pytest.approx(float(wilson(2.0, 4)[0]))
    informative = failures(clean, [first, second], expected="any", truth=truth)
    assert (informative.k, informative.lost) == (1.5, 1)  # an answer withheld is told and is no changed answer


def test_a_wrong_answer_that_changes_is_counted_among_all_rows_only():
    truth = np.array(list("aaaaaa"), dtype=object)

    found = failures(said("ababab"), [Changed(ALL, said("aaaaaa"))], expected="same", truth=truth)

    assert (found.n, found.k, found.all_n, found.all_k) == (3, 0, 6, 3)
    assert (found.better, found.worse) == (3, 0)
    # without the truth every answered row counts, and nothing is said of better or worse
    unknown = failures(said("ababab"), [Changed(ALL, said("aaaaaa"))], expected="same", truth=None)
    assert (unknown.n, unknown.k, unknown.better) == (6, 3, None)
    assert "mcnemar" not in row_of(unknown)


@pytest.mark.parametrize(("expected", "failing"), [("not_lower", [1]), ("not_higher", [0, 3])])
def test_a_score_that_moves_the_wrong_way_fails_and_a_hair_is_no_move(expected: str, failing: list[int]):
    clean = said("aaaa", [0.5, 0.5, 0.5, 0.5])
    after = said("aaaa", [0.6, 0.4, 0.5 + 1e-9, 0.9])

    found = failures(clean, [Changed(np.ones(4, bool), after)], expected=expected, truth=None)

    assert np.flatnonzero(found.failing).tolist() == failing
    assert found.score_moved == pytest.approx(0.4)
    with pytest.raises(ValueError, match="the model gives none"):
        failures(said("aaaa"), [Changed(np.ones(4, bool), said("aaaa"))], expected=expected, truth=None)


def test_rows_that_nothing_changed_say_nothing():
    clean = said("aaaaaa")

    found = failures(clean, [Changed(~ALL, said("bbbbbb"))], expected="same", truth=None)

    assert found.n == 0
    row = row_of(found)
    assert (row["n"], row["value"], row["ci_low"]) == (0, None, None)
    assert verdict_of(row, warn_at=0.05, fail_at=0.1, min_rows=1) == "insufficient_data"
    with pytest.raises(ValueError, match="cannot be counted"):
        failures(clean, [], expected="same", truth=None)


@pytest.mark.parametrize(
    ("n", "ci", "verdict"),
    [
        (200, (0.11, 0.2), "fail"),
        (200, (0.09, 0.2), "warn"),
        (200, (0.0, 0.049), "pass"),
        (200, (0.0, 0.051), "warn"),
        (29, (0.5, 0.9), "insufficient_data"),
    ],
)
def test_a_verdict_needs_the_whole_interval_on_one_side(n: int, ci: tuple[float, float], verdict: str):
    row = {"n": n, "ci_low": ci[0], "ci_high": ci[1]}

    assert verdict_of(row, warn_at=0.05, fail_at=0.1, min_rows=30) == verdict
