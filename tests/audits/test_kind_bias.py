"""The audit kind ``bias``: what it reads, tells, stores and refuses."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import pytest
import rfc8785

from audits.kinds import bias as kind
from audits.kinds.base import SEVERITIES, InputsRejected, Interrupted, Outcome, get
from audits.kinds.uploads import MAX_LOCUS
from tests.audits.measures.made import audited, csv_of, plan_of, rows_of, selected

PLAN = {
    "label": "label",
    "prediction": "prediction",
    "sensitive": ["group"],
    "reference": "best",
    "gating": ["demographic_parity_ratio"],
    "thresholds": {"demographic_parity_ratio": 0.8},
    "required_groups": {"group": ["a", "b"]},
    "min_group": 30,
}
FAIR = selected(a=(800, 1000), b=(790, 1000))
UNFAIR = selected(a=(800, 1000), b=(500, 1000))


class Given:
    """What the audit is run on; remembers the progress it was told."""

    seed = 7

    def __init__(self, inputs: Mapping[str, Any], table: bytes = b"", *, stop_after: int | None = None) -> None:
        self.inputs = inputs
        self.told: list[tuple[int, int | None]] = []
        self.opened: list[str] = []
        self._table, self._stop_after = table, stop_after

    def open_blob(self, sha256: str) -> IO[bytes]:
        self.opened.append(sha256)
        return io.BytesIO(self._table)

    def progress(self, done: int, total: int | None) -> None:
        self.told.append((done, total))
        if self._stop_after is not None and done >= self._stop_after:
            raise Interrupted


def inputs(**changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "plan": PLAN,
        "plan_digest": "0" * 64,
        "predictions": {"sha256": "f" * 64, "filename": "predictions.csv", "media_type": "text/csv"},
        "origin": "declared",
    }
    return given | changes


def run(table: bytes, **changes: Any) -> Outcome:
    return kind.run(Given(inputs(**changes), table))


def test_the_audit_is_registered_with_its_verdicts_and_packages() -> None:
    assert get("bias").verdicts == ("pass", "warn", "fail", "insufficient_data", "no_information")
    assert get("bias").packages == ("numpy", "pyarrow", "scipy")


def test_a_fair_table_passes_without_findings() -> None:
    outcome = run(FAIR)

    assert (outcome.verdict, outcome.drafts) == ("pass", [])
    assert outcome.summary["demographic_parity_ratio"] == pytest.approx(0.79 / 0.8)
    assert outcome.summary["selection_rate"] == pytest.approx(0.795)
    assert outcome.summary["rows_used"] == 2000


def test_an_unfair_table_fails_with_one_finding_for_the_comparison() -> None:
    outcome = run(UNFAIR)

    assert outcome.verdict == "fail"
    assert outcome.summary["demographic_parity_ratio"] == 0.625
    (draft,) = outcome.drafts
    assert (draft.code, draft.severity) == ("bias.ratio_below_threshold", "high")
    assert draft.locus == "demographic_parity_ratio group=b vs a"
    assert draft.params["value"] == 0.625
    assert draft.params["ci_low"] < 0.625 < draft.params["ci_high"] < 0.8
    assert (draft.params["n"], draft.params["threshold"], draft.params["comparator"]) == (1000, 0.8, "a")


def test_a_finding_of_the_next_version_stands_at_the_same_place_whatever_its_figures() -> None:
    before, after = run(UNFAIR), run(selected(a=(810, 1000), b=(400, 900)))

    assert [draft.locus for draft in before.drafts] == [draft.locus for draft in after.drafts]


def test_what_was_not_measured_is_absent_from_the_summary() -> None:
    outcome = run(selected(a=(10, 20), b=(5, 20)))

    assert outcome.verdict == "insufficient_data"
    assert "demographic_parity_ratio" not in outcome.summary
    assert {draft.code for draft in outcome.drafts} >= {"bias.required_group_too_small", "bias.nothing_to_compare"}


def test_the_document_is_canonical_json_and_the_same_for_the_same_inputs() -> None:
    first, again = run(UNFAIR), run(UNFAIR)

    assert rfc8785.dumps(dict(first.document)) == rfc8785.dumps(dict(again.document))
    assert first.document["seed"] == 7
    assert all(draft.severity in SEVERITIES for draft in first.drafts)


def test_progress_is_told_often_and_in_rows() -> None:
    context = Given(inputs(), csv_of(rows_of({"a": (50_000,) * 4, "b": (50_000,) * 4})))

    kind.run(context)

    counted = [told for told in context.told if told[0]]
    assert len(counted) >= 6
    assert counted[0][0] < 200_000
    assert counted[-1] == (400_000, 400_000)
    assert {total for _, total in counted} == {400_000}
    assert context.opened == ["f" * 64]


def test_a_run_that_may_not_go_on_stops_in_the_middle() -> None:
    context = Given(inputs(), csv_of(rows_of({"a": (50_000,) * 4, "b": (50_000,) * 4})), stop_after=1)

    with pytest.raises(Interrupted):
        kind.run(context)

    assert context.told[-1][0] < 400_000


@pytest.mark.parametrize(
    ("changes", "table", "code"),
    [
        ({"predictions": None}, FAIR, "predictions_missing"),
        ({"plan": None}, FAIR, "plan_missing"),
        ({"plan": PLAN | {"gating": ["fairness"]}}, FAIR, "metric_unknown"),
        ({"plan": PLAN | {"sensitive": ["race"], "required_groups": {}}}, FAIR, "column_missing"),
        ({"plan": PLAN | {"reference": "group=c"}}, FAIR, "reference_not_found"),
        ({}, b"", "empty_table"),
        ({}, csv_of(["1,1,a", "1,0,b"]), "label_one_class"),
        ({}, FAIR + b"1,1,\0\n", "nul_bytes"),
    ],
)
def test_inputs_that_cannot_be_used_are_refused_with_a_code(changes: dict[str, Any], table: bytes, code: str) -> None:
    with pytest.raises(InputsRejected) as refused:
        run(table, **changes)

    assert refused.value.code == code
    assert len(code) <= 60


def test_names_as_long_as_a_cell_may_be_fit_the_place_of_a_finding() -> None:
    long = "x" * 1_000
    outcome = run(selected(**{long: (500, 1000), "b": (900, 1000)}), plan=PLAN | {"required_groups": {}})

    (draft,) = outcome.drafts
    assert len(draft.locus) <= MAX_LOCUS
    assert draft.params["group"] == long


def test_whoever_imports_the_kinds_gets_neither_numpy_nor_pyarrow() -> None:
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, audits.kinds, audits.measures.plan, audits.measures.reasons, audits.measures.ll144.plan, "
            "audits.measures.ll144.summary, audits.measures.suites.plan, audits.measures.counterfactual.plan, "
            "audits.measures.counterfactual.making, audits.measures.suites.making; "
            "print(sorted({'numpy', 'pyarrow', 'pandas', 'scipy'} & set(sys.modules)))",
        ],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )

    assert said.stdout.strip() == "[]"


def test_the_summary_of_classes_has_the_rate_of_everybody_and_no_single_class() -> None:
    rows = [f"{'xyz'[row % 3]},{'xyz'[row % 3]},{'ab'[row // 3 % 2]}" for row in range(3_000)]
    plan = plan_of(task="multiclass", gating=("equalized_odds_difference",))

    summary = kind.outcome(audited(csv_of(rows), plan)).summary

    assert summary["accuracy"] == 1
    assert "true_positive_rate" not in summary
    assert summary["equalized_odds_difference"] == 0
