"""A model's answers to the same rows before and after a change, and how often they are not the same.

Rows that a change leaves as they were say nothing about it and are not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from audits.measures.clustered import mcnemar_exact
from audits.measures.figures import figure
from audits.measures.intervals import Z95, wilson

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.object_]

SAME, NOT_LOWER, NOT_HIGHER, ANY = "same", "not_lower", "not_higher", "any"
# A score that moves by less did not move: other batches are added up in another order.
SCORE_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Answers:
    """What a model said of each row.

    Attributes:
        words: shape (n,), the answer as a text.
        score: shape (n,), the score of the answer that counts, nan where there is none; None where no scores are given.
        answered: shape (n,), False where the row was refused or the answer is none (nan, infinite).
        refused: shape (n,), where the model said no rather than nothing.
    """

    words: Words
    score: Floats | None
    answered: Flags
    refused: Flags

    def __len__(self) -> int:
        return len(self.words)


@dataclass(frozen=True)
class Changed:
    """The answers to one change of the rows: which rows it changed, and what the model said then."""

    rows: Flags
    after: Answers


@dataclass(frozen=True)
class Failures:
    """How often a change broke what was expected, over one or more draws of it.

    Attributes:
        n: rows that count: the model was right (or, where the truth is not known, answered), and a draw changed them.
        k: the sum over these of the share of their draws that failed, so that ``k / n`` is the average.
        any: rows with a draw that failed: the worst case.
        lost: rows with a draw that got no answer, and ``refused`` those of them that were refused.
        all_n, all_k: ``n`` and ``k`` over all rows that were answered, right or wrong.
        better, worse: rows that became right and that became wrong in the first draw; None without the truth.
        score_moved: the largest change of a score; None without scores.
        draws: how many there were.
        failing: shape (rows,), of every row whether a draw of it failed and it counts.
    """

    n: int
    k: float
    any: int
    lost: int
    refused: int
    all_n: int
    all_k: float
    better: int | None
    worse: int | None
    score_moved: float | None
    draws: int
    failing: Flags


def failures(
    clean: Answers, draws: Sequence[Changed], *, expected: str, truth: Words | None, noted: float = SCORE_TOLERANCE
) -> Failures:
    """Count what failed.

    Args:
        clean: the answers before.
        draws: at least one.
        expected: ``same`` (another answer, or none, fails), ``not_lower`` or ``not_higher`` (the score moving the wrong
            way fails), ``any`` (another answer is counted; none is not).
        truth: shape (n,), the right answers as texts; None where they are not known.
        noted: scores that move by at most this did not move.

    Raises:
        ValueError: no draws, or a direction is expected of answers without scores.
    """
    if not draws:
        raise ValueError("a change that was not made cannot be counted")
    right = clean.answered if truth is None else clean.answered & (clean.words == truth)
    size = len(clean)
    made, failed, everywhere = (np.zeros(size) for _ in range(3))
    lost, refused = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
    moved: list[float] = []
    for draw in draws:
        failing = _failing(clean, draw.after, expected, noted)
        gone = draw.rows & ~draw.after.answered
        lost |= gone & right
        refused |= gone & right & draw.after.refused
        made += draw.rows & right
        failed += failing & draw.rows & right
        everywhere += failing & draw.rows & clean.answered
        moved += _moved(clean, draw)
    changed = np.logical_or.reduce([draw.rows for draw in draws])
    counts, all_counts = changed & right, changed & clean.answered
    times = np.maximum(np.sum([draw.rows for draw in draws], axis=0), 1)
    better, worse = _became(clean, draws[0], truth)
    return Failures(
        n=int(counts.sum()),
        k=float((failed[counts] / times[counts]).sum()),
        any=int((failed[counts] > 0).sum()),
        lost=int(lost.sum()),
        refused=int(refused.sum()),
        all_n=int(all_counts.sum()),
        all_k=float((everywhere[all_counts] / times[all_counts]).sum()),
        better=better,
        worse=worse,
        score_moved=max(moved, default=None),
        draws=len(draws),
        failing=counts & (failed > 0),
    )


def _failing(clean: Answers, after: Answers, expected: str, noted: float) -> Flags:
    if expected in (NOT_LOWER, NOT_HIGHER):
        if clean.score is None or after.score is None:
            raise ValueError("a direction is expected of scores, and the model gives none")
        with np.errstate(invalid="ignore"):
            moved = after.score - clean.score
            wrong: Flags = (moved < -noted) if expected == NOT_LOWER else (moved > noted)
        return wrong | ~after.answered
    other: Flags = after.answered & (after.words != clean.words)
    return other | ~after.answered if expected == SAME else other


def _moved(clean: Answers, draw: Changed) -> list[float]:
    if clean.score is None or draw.after.score is None:
        return []
    both = draw.rows & clean.answered & draw.after.answered
    by = np.abs(draw.after.score[both] - clean.score[both])
    return [float(by.max())] if len(by) and bool(np.isfinite(by).all()) else []


def _became(clean: Answers, draw: Changed, truth: Words | None) -> tuple[int | None, int | None]:
    if truth is None:
        return None, None
    before = clean.answered & (clean.words == truth)
    after = draw.after.answered & (draw.after.words == truth)
    return int((draw.rows & after & ~before).sum()), int((draw.rows & before & ~after).sum())


def row_of(found: Failures, *, z: float = Z95) -> dict[str, Any]:
    """A count as JSON-ready data: the average with its interval, the worst case beside it, and all rows.

    The interval is Wilson's at the number of rows: that each is the mean of several draws makes it no wider.
    """
    made: dict[str, Any] = {
        **_share(found.k, found.n, z),
        "worst": _share(found.any, found.n, z),
        "all": _share(found.all_k, found.all_n, z),
        "lost": found.lost,
        "refused": found.refused,
        "draws": found.draws,
        "score_moved": None if found.score_moved is None else figure(found.score_moved),
    }
    if found.better is not None and found.worse is not None:
        p = mcnemar_exact(found.better, found.worse)
        made["mcnemar"] = {"better": found.better, "worse": found.worse, "p": figure(p)}
    return made


def _share(k: float, n: int, z: float) -> dict[str, Any]:
    if n == 0:
        return {"n": 0, "k": None, "value": None, "ci_low": None, "ci_high": None}
    low, high = wilson(k, n, z)
    return {
        "n": n,
        "k": figure(k),
        "value": figure(k / n),
        "ci_low": figure(float(low)),
        "ci_high": figure(float(high)),
    }


def verdict_of(row: dict[str, Any], *, warn_at: float, fail_at: float, min_rows: int) -> str:
    """``fail`` when the whole interval lies above ``fail_at``, ``pass`` when all of it lies below ``warn_at``.

    ``insufficient_data`` with fewer than ``min_rows`` rows that count, ``warn`` otherwise.
    """
    if row["n"] < min_rows:
        return "insufficient_data"
    if row["ci_low"] > fail_at:
        return "fail"
    return "pass" if row["ci_high"] < warn_at else "warn"
