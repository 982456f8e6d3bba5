"""The verdict of a run, and the reasons for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from audits.measures import reasons
from audits.measures.clusters import FEW_CLUSTERS, few_clusters
from audits.measures.comparisons import Comparison, enough_rows
from audits.measures.cube import Slices
from audits.measures.disparities import DISPARITIES
from audits.measures.figures import comparison_row
from audits.measures.gathering import is_required
from audits.measures.grouped import Grouped
from audits.measures.left_out import could_fail, opponents
from audits.measures.naming import DIFFERENCE
from audits.measures.rates import RATES
from audits.measures.verdicts import judge_required, worst

_NAME_SHOWN = 60


@dataclass
class Ruling:
    """The verdict of a run and why: reasons are {"code", "locus", "params"}, their codes in ``reasons.CODES``."""

    verdict: str = "pass"
    reasons: list[dict[str, Any]] = field(default_factory=list)

    def at_best(self, verdict: str) -> None:
        """Take over a verdict if it is worse."""
        self.verdict = worst((self.verdict, verdict))

    def because(self, code: str, locus: str, /, **params: Any) -> None:
        """Add a reason."""
        self.reasons.append({"code": code, "locus": locus, "params": params})


def rule(groups: Grouped, gating: list[Comparison]) -> Ruling:
    """The worst over the gating metrics of single attributes.

    Fills in the final verdicts of comparisons with groups that must be judged, and of those that say nothing because
    all predictions are equal.
    """
    ruling = Ruling()
    for attribute, slices in groups.single.items():
        complete = _rule_required(ruling, groups, attribute, slices)
        # where a group that must be judged is lacking, equal predictions are those of an incomplete table
        blind = complete and _all_alike(ruling, groups, attribute, slices)
        for metric in dict.fromkeys(groups.plan.gating):
            rows = [row for row in gating if row.attributes == (attribute,) and row.disparity.name == metric]
            if blind:
                for row in rows:
                    row.verdict, row.why, row.rows_needed = "no_information", "all_predictions_equal", None
            else:
                _rule_metric(ruling, groups, slices, metric, rows)
    _note_rows(ruling, groups)
    return ruling


def _rule_metric(ruling: Ruling, groups: Grouped, slices: Slices, metric: str, rows: list[Comparison]) -> None:
    """Take over the verdicts of one gating metric of one attribute."""
    (attribute,) = slices.attributes
    if not any(row.takes_part for row in rows):
        _nothing_to_compare(ruling, groups, slices, metric)
    hiding = [value for value in groups.required.get(attribute, ()) if _could_hide(groups, slices, metric, value)]
    for row in rows:
        if is_required(groups, row):
            judge_required(row)
        if row.verdict in ("warn", "pass") and _is_about(row, hiding):
            row.verdict, row.why = "insufficient_data", "required_group_rows_left_out"
        ruling.at_best(row.verdict)
        code = _code(row)
        if code is not None:
            _explain(ruling, row, code)
    for value in hiding:
        if any(row.verdict == "fail" and _is_about(row, [value]) for row in rows):
            continue
        ruling.at_best("insufficient_data")
        ruling.because(
            "bias.required_group_rows_left_out",
            f"{metric} {_short(attribute)}={_short(value)}",
            metric=metric,
            attribute=attribute,
            group=value,
            rows_left_out=groups.left_out(attribute).of_group(slices.keys.index((value,))),
        )


def _is_about(row: Comparison, groups: Sequence[str]) -> bool:
    (attribute,) = row.attributes
    return row.slice[attribute] in groups or row.comparator.get(attribute) in groups


def _could_hide(groups: Grouped, slices: Slices, metric: str, value: str) -> bool:
    """Whether rows that were left out could hide that a group which must be judged is treated worse."""
    disparity, plan, left_out = DISPARITIES[metric], groups.plan, groups.left_out(slices.attributes[0])
    if not left_out.rows or (value,) not in slices.keys:
        return False
    group = slices.keys.index((value,))
    against = opponents(
        slices,
        disparity,
        group,
        reference=groups.reference(disparity, slices.attributes),
        min_group=plan.min_group,
        left_out=left_out,
    )
    threshold = plan.thresholds.get(metric, disparity.default_threshold)
    return could_fail(slices, disparity, group, against, left_out=left_out, threshold=threshold)


def _explain(ruling: Ruling, row: Comparison, code: str) -> None:
    (attribute,) = row.attributes
    group, other = row.slice[attribute], row.comparator.get(attribute)
    shown = comparison_row(row) | {"attribute": attribute, "group": group, "comparator": other}
    params = {name: shown[name] for name in reasons.CODES[code][1]}
    against = "everyone" if other is None else _short(other)
    ruling.because(code, f"{row.disparity.name} {_short(attribute)}={_short(group)} vs {against}", **params)


def _code(row: Comparison) -> str | None:
    """The reason that a verdict needs; None where it passes, or where a group too small has its own reason."""
    if row.verdict == "pass" or not row.takes_part:
        return None
    if row.verdict == "warn":
        return "bias.inconclusive"
    if row.verdict == "insufficient_data":
        # rows left out are one reason for a group, not one for each comparison
        return None if row.why == "required_group_rows_left_out" else f"bias.{row.why}"
    if row.disparity.kind == DIFFERENCE:
        return "bias.gap_above_threshold"
    return "bias.ratio_above_threshold" if row.low > 1 else "bias.ratio_below_threshold"


def _rule_required(ruling: Ruling, groups: Grouped, attribute: str, slices: Slices) -> bool:
    """insufficient_data where a group that must be judged is absent or too small; whether all are there."""
    plan = groups.plan
    complete = True
    sizes = {key[0]: int(size) for key, size in zip(slices.keys, slices.sizes, strict=True)}
    for value in groups.required.get(attribute, ()):
        size = sizes.get(value, 0)
        if size == 0:
            complete = False
            ruling.at_best("insufficient_data")
            locus = f"{_short(attribute)}={_short(value)}"
            ruling.because(
                "bias.required_group_missing", locus, attribute=attribute, group=value, min_group=plan.min_group
            )
            continue
        for metric in dict.fromkeys(plan.gating):
            if not enough_rows(slices, DISPARITIES[metric].rates, plan.min_group)[slices.keys.index((value,))]:
                complete = False
                ruling.at_best("insufficient_data")
                ruling.because(
                    "bias.required_group_too_small",
                    f"{metric} {_short(attribute)}={_short(value)}",
                    metric=metric,
                    attribute=attribute,
                    group=value,
                    n=size if size >= plan.suppress_below else None,
                    min_group=plan.min_group,
                )
    return complete


def _all_alike(ruling: Ruling, groups: Grouped, attribute: str, slices: Slices) -> bool:
    """Whether all predictions are equal: of everybody, or of the groups that could be compared."""
    judged = slices.cells[enough_rows(slices, (RATES["selection_rate"],), groups.plan.min_group)]
    everybody = groups.everyone.cells[0]
    for cells in (everybody, judged.sum(axis=0) if len(judged) > 1 else everybody):
        selected, total = int(cells[:, 1].sum()), int(cells.sum())
        if selected in (0, total):
            ruling.at_best("no_information")
            ruling.because("bias.no_information", attribute, attribute=attribute, n=total, selected=selected)
            return True
    return False


def _nothing_to_compare(ruling: Ruling, groups: Grouped, slices: Slices, metric: str) -> None:
    ruling.at_best("insufficient_data")
    (attribute,) = slices.attributes
    enough = enough_rows(slices, DISPARITIES[metric].rates, groups.plan.min_group)
    ruling.because(
        "bias.nothing_to_compare",
        f"{metric} {_short(attribute)}",
        metric=metric,
        attribute=attribute,
        min_group=groups.plan.min_group,
        groups=int((slices.sizes > 0).sum()),
        judged_groups=int(enough.sum()),
    )


def _note_rows(ruling: Ruling, groups: Grouped) -> None:
    """Say what was hidden, passed over and left out."""
    plan, counts = groups.plan, groups.counts
    for attribute, made in _single(groups):
        hidden, small = made["suppressed"], made["too_small"]
        if hidden["groups"]:
            ruling.because(
                "bias.groups_suppressed", attribute, attribute=attribute, suppress_below=plan.suppress_below, **hidden
            )
        if small["groups"]:
            ruling.because("bias.groups_too_small", attribute, attribute=attribute, min_group=plan.min_group, **small)
        if made["missing_rows"]:
            ruling.because("bias.group_unknown", attribute, attribute=attribute, rows=made["missing_rows"])
    if groups.rows is not None and groups.rows.clusters is not None:
        for attribute, slices in groups.single.items():
            fewest, clusters = few_clusters(slices, groups.rows)
            if fewest < FEW_CLUSTERS:
                ruling.because(
                    "bias.few_clusters",
                    attribute,
                    attribute=attribute,
                    clusters=clusters,
                    fewest=fewest,
                    wanted=FEW_CLUSTERS,
                )
    rows = counts.rows_used + sum(counts.dropped.values())
    for why, dropped in counts.dropped.items():
        ruling.because("bias.rows_dropped", why, rows=dropped, of=rows, why=why)


def _single(groups: Grouped) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((made["attributes"][0], made) for made in groups.counted if len(made["attributes"]) == 1)


def _short(value: str) -> str:
    return value if len(value) <= _NAME_SHOWN else value[: _NAME_SHOWN - 1] + "…"
