"""From distances to verdicts: each column by itself, corrected for all of them, and the table.

A column is

- *no_information* when every row of both samples is the same,
- *fail* (it has drifted) when the effect reaches the threshold and q <= alpha,
- *insufficient_data* when a sample has too few rows, or noise alone would reach the threshold once in twenty times,
- *warn* when the effect reaches the threshold and chance cannot be ruled out,
- *pass* otherwise.

What is missing more, or less, often is judged in the same way beside the values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from audits.measures.drift.contingency import homogeneity
from audits.measures.drift.measuring import Drift
from audits.measures.drift.thresholds import ALPHA, MIN_ROWS, MISSING_CHANGE, SOURCES, THRESHOLDS
from audits.measures.multiplicity import benjamini_hochberg

# From the best to the worst.
ORDER = ("no_information", "pass", "warn", "insufficient_data", "fail")
# The same where something was asked for: what cannot be told is no pass.
ASKED_FOR = ("pass", "warn", "insufficient_data", "no_information", "fail")


@dataclass
class Judged:
    """One question about one column: what was measured, what it was held to, and the answer.

    ``floor`` is what noise alone reaches once in twenty times; None where unknown. ``q`` is filled in by ``correct``.
    """

    column: str
    effect_name: str
    effect: float
    floor: float | None
    p: float
    n_reference: int
    n_current: int
    threshold: float
    threshold_source: str
    is_constant: bool = False
    q: float = 1.0
    verdict: str = ""


class Measured(Protocol):
    """An effect with what noise reaches, its chance without drift, and rows then and now."""

    @property
    def effect(self) -> float: ...
    @property
    def floor(self) -> float | None: ...
    @property
    def p(self) -> float: ...
    @property
    def n_reference(self) -> int: ...
    @property
    def n_current(self) -> int: ...


def question(
    column: str, effect_name: str, found: Measured, thresholds: Mapping[str, float], *, is_constant: bool = False
) -> Judged:
    """The question whether what was measured is drift; not judged yet."""
    return Judged(
        column=column,
        effect_name=effect_name,
        effect=found.effect,
        floor=found.floor,
        p=found.p,
        n_reference=found.n_reference,
        n_current=found.n_current,
        is_constant=is_constant,
        **threshold_of(effect_name, thresholds),
    )


def values_judged(column: str, drift: Drift, *, thresholds: Mapping[str, float]) -> Judged:
    """The question whether a column's values have drifted; not judged yet."""
    measure = drift.measures[drift.effect]
    return Judged(
        column=column,
        effect_name=drift.effect,
        effect=measure.value,
        floor=measure.floor,
        p=drift.p,
        n_reference=drift.n_reference,
        n_current=drift.n_current,
        is_constant=drift.is_constant,
        **threshold_of(drift.effect, thresholds),
    )


def missing_judged(
    column: str, missing: tuple[int, int], rows: tuple[int, int], *, thresholds: Mapping[str, float]
) -> Judged:
    """The question whether values are missing more or less often; not judged yet."""
    before, after = (np.array([lacking, of - lacking]) for lacking, of in zip(missing, rows, strict=True))
    tested, _, _ = homogeneity(before, after)
    share = (missing[0] + missing[1]) / sum(rows)
    noise = 1.959964 * (share * (1 - share) * (1 / rows[0] + 1 / rows[1])) ** 0.5
    return Judged(
        column=column,
        effect_name=MISSING_CHANGE,
        effect=abs(missing[1] / rows[1] - missing[0] / rows[0]),
        floor=noise,
        p=tested.p,
        n_reference=rows[0],
        n_current=rows[1],
        **threshold_of(MISSING_CHANGE, thresholds),
    )


def threshold_of(name: str, thresholds: Mapping[str, float]) -> dict[str, Any]:
    """What an effect is held to, and whose number it is: ``threshold`` and ``threshold_source``."""
    if name in thresholds:
        return {"threshold": thresholds[name], "threshold_source": "set by who asked"}
    return {"threshold": THRESHOLDS[name], "threshold_source": SOURCES[name]}


def decide(questions: Sequence[Judged], *, min_rows: int = MIN_ROWS) -> None:
    """Fill in q (Benjamini-Hochberg over all questions that could have an answer) and the verdicts."""
    open_ones = [one for one in questions if not one.is_constant]
    for one, q in zip(open_ones, benjamini_hochberg([one.p for one in open_ones]), strict=True):
        one.q = float(q)
    for one in questions:
        one.verdict = _verdict(one, min_rows)


def _verdict(one: Judged, min_rows: int) -> str:
    if one.is_constant:
        return "no_information"
    if min(one.n_reference, one.n_current) < min_rows:
        return "insufficient_data"
    if one.effect >= one.threshold:
        if one.q <= ALPHA:
            return "fail"
        return "insufficient_data" if one.floor is not None and one.floor > one.threshold else "warn"
    return "insufficient_data" if one.floor is not None and one.floor > one.threshold else "pass"


def worst(verdicts: Sequence[str]) -> str:
    """The verdict of a table: the worst of its columns; constant columns count only where there is nothing else."""
    return max(verdicts, key=ORDER.index, default="no_information")


def worst_asked_for(verdicts: Sequence[str]) -> str:
    """The worst of what was asked for: that nothing can be told of one part is not made up for by another."""
    return max(verdicts, key=ASKED_FOR.index)
