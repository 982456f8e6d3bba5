"""What decisions show of drift, beside the columns: how right they are, and how far apart groups are; as a document.

Quantities that the verdict rests on are judged with the columns, in one family; the others are told beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from audits.measures.drift.estimated import Estimate, Estimated, estimated
from audits.measures.drift.gaps import (
    REPLICATES,
    Followed,
    Gap,
    counts_by_period,
    enough,
    followed,
    periods_of,
)
from audits.measures.drift.judging import Judged, decide, question, threshold_of, worst_asked_for
from audits.measures.drift.outcomes import Both, outcomes_of
from audits.measures.drift.performance import Moved, chosen_among, counted, measured
from audits.measures.drift.plan import GAPS, OUTCOMES, DriftPlan
from audits.measures.drift.quantities import GATING, INFORMATIVE, Quantity, Reasons, not_measured, reason
from audits.measures.drift.thresholds import ALPHA, CALIBRATION, ESTIMATED, GAP, PERFORMANCE, SELECTION
from audits.measures.figures import figure
from audits.measures.resampling import generator
from audits.measures.tables.loading import Loaded
from audits.measures.tables.refusals import ColumnMissing
from audits.measures.times import Times, times_of

Counts = npt.NDArray[np.int64]

# The rate that groups are apart in.
_RATE_OF = dict(zip(GAPS, ("selection_rate", "true_positive_rate", "false_positive_rate"), strict=True))
_BY_PERMUTATION = f"permutation of rows within groups, {REPLICATES:,} times"


@dataclass
class Decided:
    """What is asked about decisions, from the first look to the document."""

    plan: DriftPlan
    both: Both
    quantities: list[Quantity]
    estimate: Estimated
    estimates: list[Quantity]
    gaps: list[Quantity]
    is_known: bool
    rows_without_time: int | None = None

    @property
    def questions(self) -> list[Judged]:
        """What the verdict rests on, for the family of the whole run."""
        return [one.judged for one in self._all if one.gates and one.judged is not None]

    @property
    def _all(self) -> list[Quantity]:
        return [*self.quantities, *self.estimates, *self.gaps]

    def finished(self, reasons: Reasons) -> dict[str, Any]:
        """The parts of the document, each with its verdict; the run's family has been decided by now."""
        beside = [one.judged for one in self._all if not one.gates and one.judged is not None]
        decide(beside, min_rows=self.plan.min_rows)
        parts: dict[str, Any] = {"performance": self._performance(reasons)}
        if self.plan.sensitive:
            parts["gaps"] = self._gaps(reasons)
        return parts

    def _performance(self, reasons: Reasons) -> dict[str, Any]:
        verdicts = [one.finish(reasons, self.plan) for one in self.quantities if one.gates]
        verdicts += [one.finish(reasons, self.plan) for one in self.estimates if one.gates]
        for one in (*self.quantities, *self.estimates):
            if not one.gates:
                one.finish(reasons, self.plan)
        made: dict[str, Any] = {
            "labels": {name: _labels(side) for name, side in _sides(self.both).items()},
            "pairs": None if self.both.pairs is None else len(self.both.pairs[0]),
            "quantities": [one.row for one in self.quantities],
        }
        if self.plan.label is not None:
            made["estimated"] = self._estimated()
            if not self.is_known and not any(one.gates for one in self.estimates) and _wants_labels(self.plan):
                why = self.estimate.why or "not_asked_for"
                verdicts.append("insufficient_data" if why == "too_few_rows" else "no_information")
                reasons.append(_unknown(why, self.both, self.plan))
            elif not self.is_known and (lacking := self._not_estimated):
                # that another quantity could be estimated does not make up for it
                verdicts.append("no_information")
                reasons.extend(not_measured(metric, "not_estimated") for metric in lacking)
            chosen = chosen_among(self.both.current)
            made["labelled_beside_waiting"] = None if chosen is None else _labelled(chosen, reasons, self.plan)
        return made | {"verdict": worst_asked_for(verdicts or ["pass"])}

    @property
    def _not_estimated(self) -> list[str]:
        """What the verdict rests on and outcomes alone would show, where no estimate stands for it."""
        told = {one.row["metric"] for one in self.estimates}
        wanted = (name for name in OUTCOMES if name in self.plan.gating and name != "selection_rate")
        return [name for name in wanted if name not in told]

    def _estimated(self) -> dict[str, Any]:
        found = self.estimate
        made: dict[str, Any] = {
            "method": "confidence-based performance estimation",
            "n_reference": found.n_reference,
            "n_current": found.n_current,
            "calibration_error": None if found.error is None else figure(found.error),
            "calibration_error_by_luck": None if found.by_luck is None else figure(found.by_luck),
            "calibration_limit": CALIBRATION,
            "quantities": [one.row for one in self.estimates],
        }
        if found.why is not None:
            verdict = "insufficient_data" if found.why == "too_few_rows" else "no_information"
            return made | {"why": found.why, "verdict": verdict}
        told = [one.row["verdict"] for one in self.estimates if one.row["metric"] in self.plan.gating]
        return made | {"verdict": worst_asked_for(told) if told else None}

    def _gaps(self, reasons: Reasons) -> dict[str, Any]:
        verdicts = []
        for one in self.gaps:
            verdict = one.finish(reasons, self.plan)
            if one.gates:
                verdicts.append(verdict)
                if one.judged is None:
                    reasons.append(_gap_unknown(one.row))
        return {
            "time": self.plan.time,
            "rows_without_time": self.rows_without_time,
            "null": _BY_PERMUTATION,
            "followed": [one.row for one in self.gaps],
            "verdict": worst_asked_for(verdicts or ["pass"]),
        }


def decided(reference: Loaded, current: Loaded, plan: DriftPlan, *, seed: int) -> Decided | None:
    """Look at the decisions of both tables; None where the plan names none.

    Raises:
        TableRejected: a column that the plan names is missing or cannot be read as what it is named for.
    """
    if plan.prediction is None:
        return None
    both = outcomes_of(reference, current, plan)
    is_known = int(both.current.known.sum()) >= plan.min_rows
    wanted = OUTCOMES if plan.label else ("selection_rate",)
    quantities = [_measured_row(metric, both, plan, gates=_gates(metric, plan, is_known)) for metric in wanted]
    # without outcomes there is nothing to measure but decisions
    quantities = [one for one in quantities if is_known or one.row["metric"] == "selection_rate"]
    found = estimated(both, seed=seed) if plan.label else Estimated(why="no_score")
    estimates = [_estimated_row(one, plan, gates=not is_known and one.metric in plan.gating) for one in found.rates]
    made = Decided(plan, both, quantities, found, estimates, [], is_known)
    if plan.sensitive:
        made.gaps, made.rows_without_time = _gap_rows(current, both, plan, seed=seed)
    return made


def _wants_labels(plan: DriftPlan) -> bool:
    return any(name in plan.gating for name in OUTCOMES if name != "selection_rate")


def _gates(metric: str, plan: DriftPlan, is_known: bool) -> bool:
    return metric in plan.gating and (is_known or metric == "selection_rate")


def _measured_row(metric: str, both: Both, plan: DriftPlan, *, gates: bool) -> Quantity:
    moved = measured(both, metric)
    row: dict[str, Any] = {"metric": metric, "role": GATING if gates else INFORMATIVE}
    if moved is None:
        return Quantity(row | {"why": "no_rows"} | dict.fromkeys(("reference", "current", "change")))
    change = moved.change
    row |= {
        "n_reference": moved.n_reference,
        "n_current": moved.n_current,
        "reference": figure(change.old),
        "current": figure(change.new),
        "change": figure(change.value),
        "ci_low": figure(change.low),
        "ci_high": figure(change.high),
        "method": change.method,
    }
    effect = SELECTION if metric == "selection_rate" else PERFORMANCE
    one = question(f"performance:{metric}", effect, moved, plan.thresholds, is_constant=moved.is_constant)
    code = "drift.selection_moved" if metric == "selection_rate" else "drift.performance_fell"
    return Quantity(row, one, code, {"reference": row["reference"], "current": row["current"]})


def _estimated_row(one: Estimate, plan: DriftPlan, *, gates: bool) -> Quantity:
    row = {
        "metric": one.metric,
        "role": GATING if gates else INFORMATIVE,
        "n_reference": one.n_reference,
        "n_current": one.n_current,
        "value": figure(one.value),
        "ci_low": figure(one.low),
        "ci_high": figure(one.high),
        "plain": figure(one.plain),
        "reference": figure(one.reference),
    }
    judged = question(f"estimated:{one.metric}", ESTIMATED, one, plan.thresholds)
    return Quantity(row, judged, "drift.estimate_fell", {"reference": row["reference"], "current": row["value"]})


def _gap_rows(current: Loaded, both: Both, plan: DriftPlan, *, seed: int) -> tuple[list[Quantity], int | None]:
    """The gaps of every attribute in order of time, and how many rows have no time."""
    times: Times | None = None
    period = np.zeros(len(both.current), dtype=np.int64)
    if plan.time is not None:
        if plan.time not in current.names:
            raise ColumnMissing([plan.time], current.names)
        times = times_of(current.texts(plan.time), current.numbers(plan.time))
        period = np.full(len(both.current), -1) if times is None else periods_of(times.values, plan.periods)
    wanted = GAPS if plan.label else GAPS[:1]
    rows = [
        _gap_row(attribute, metric, both, plan, (period, times), seed)
        for attribute in plan.sensitive
        for metric in wanted
    ]
    return rows, None if plan.time is None else int((period < 0).sum())


def _gap_row(
    attribute: str, metric: str, both: Both, plan: DriftPlan, cut: tuple[Counts, Times | None], seed: int
) -> Quantity:
    period, times = cut
    row: dict[str, Any] = {
        "attribute": attribute,
        "metric": metric,
        "role": GATING if metric in plan.gating else INFORMATIVE,
    }
    sides = [counted(side, _RATE_OF[metric]) for side in (both.reference, both.current)]
    names, periods = both.group_names[attribute], int(period.max(initial=-1)) + 1
    if sides[0] is None or sides[1] is None:
        return Quantity(row | {"why": "more_than_two_values"})
    if not periods:
        return Quantity(row | {"why": "no_time"})
    (hit0, of0), (hit1, of1) = sides[0], sides[1]
    then, now = both.reference.groups[attribute], both.current.groups[attribute]
    before = counts_by_period(then, np.where(of0, 0, -1), hit0, shape=(len(names), 1))
    after = counts_by_period(now, np.where(of1, period, -1), hit1, shape=(len(names), periods))
    hits, of = (np.concatenate([before[part], after[part]], axis=1) for part in (0, 1))
    kept = enough(of, plan.min_rows)
    row |= {"groups": [name for name, there in zip(names, kept, strict=True) if there]}
    row |= {"groups_left_out": int((~kept & (of.sum(axis=1) > 0)).sum())}
    hits, of = hits[kept], of[kept]
    found = followed(hits, of, generator(seed, "drift", "gaps", attribute, metric)) if kept.sum() >= 2 else None
    if found is None:
        return Quantity(row | {"why": "too_few_groups"})
    labels = _period_labels(period, times, periods)
    row |= _followed(found, row["groups"], labels)
    one = Judged(
        column=attribute if metric == GAPS[0] else f"{attribute}:{metric}",
        effect_name=GAP,
        effect=found.effect,
        floor=found.floor,
        p=found.p,
        n_reference=int(of[:, 0].min()),
        n_current=int(of[:, 1:].sum(axis=1).min()),
        is_constant=int(hits.sum()) in (0, int(of.sum())),
        **threshold_of(GAP, plan.thresholds),
    )
    more = {"attribute": attribute, "reference": row["reference"]["value"]}
    if times is None:
        return Quantity(row, one, "drift.gap_grew", more)
    return Quantity(row, one, "drift.gap_grew_since", more | {"since": row["since"], "until": row["until"]})


def _period_labels(period: Counts, times: Times | None, periods: int) -> list[str]:
    """From when to when each period goes; "" where there is no time."""
    if times is None:
        return [""] * periods
    made = []
    for at in range(periods):
        inside = times.values[period == at]
        first, last = times.shown(float(inside.min())), times.shown(float(inside.max()))
        made.append(first if first == last else f"{first} – {last}")
    return made


def _followed(found: Followed, groups: Sequence[str], labels: Sequence[str]) -> dict[str, Any]:
    return {
        "reference": _gap(found.reference, groups),
        "periods": [
            {"period": label, **_gap(gap, groups), "cusum": figure(float(path))}
            for label, gap, path in zip(labels, found.periods, found.path, strict=True)
        ],
        "statistic": figure(float(found.path.max())),
        "alarm": figure(found.alarm),
        "since": None if found.since is None else labels[found.since],
        "until": None if found.until is None else labels[found.until],
    }


def _gap(gap: Gap, groups: Sequence[str]) -> dict[str, Any]:
    there = gap.low_group >= 0
    return {
        "n": gap.n,
        "value": figure(gap.value),
        "ci_low": figure(gap.low),
        "ci_high": figure(gap.high),
        "lowest": groups[gap.low_group] if there else None,
        "highest": groups[gap.high_group] if there else None,
    }


def _sides(both: Both) -> dict[str, Any]:
    return {"reference": both.reference, "current": both.current}


def _labels(side: Any) -> dict[str, int]:
    return {"rows": len(side), "known": int(side.known.sum()), "waiting": int((side.decided & ~side.labelled).sum())}


def _labelled(moved: Moved, reasons: Reasons, plan: DriftPlan) -> dict[str, Any]:
    """Whether rows with an outcome are decided like those that wait for theirs."""
    change, limit = moved.change, threshold_of(SELECTION, plan.thresholds)["threshold"]
    differ = change.p <= ALPHA and abs(change.value) >= limit
    if differ:
        shares = {"share_waiting": figure(change.old), "share_known": figure(change.new)}
        reasons.append(reason("drift.labels_selective", "", **shares, waiting=moved.n_reference, known=moved.n_current))
    return {
        "waiting": figure(change.old),
        "known": figure(change.new),
        "n_waiting": moved.n_reference,
        "n_known": moved.n_current,
        "ci_low": figure(change.low),
        "ci_high": figure(change.high),
        "p": figure(change.p),
        "differ": bool(differ),
    }


def _unknown(why: str, both: Both, plan: DriftPlan) -> dict[str, Any]:
    known = int(both.current.known.sum())
    return reason("drift.performance_unknown", "", why=why, known=known, min_rows=plan.min_rows)


def _gap_unknown(row: Mapping[str, Any]) -> dict[str, Any]:
    attribute = row["attribute"]
    return reason("drift.gap_not_followed", attribute, column=attribute[:100], metric=row["metric"], why=row["why"])
