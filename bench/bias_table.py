"""Seconds and memory of a whole bias audit of tables of a million rows and more, beside fairlearn's MetricFrame.

    python bench/bias_table.py [--rows 1000000] [--large 10000000]

Three questions. (1) A DataFrame with string columns, sex x race (12 groups), seven rates: fairlearn's MetricFrame
against our count with 2,000 bootstrap replicates of every group's rates and the intervals of all comparisons; values
have to agree to 1e-12. fairlearn is run twice: with the functions that its guide and scikit-learn give, and with
metrics that look at the rows twice each, which is the fastest that we could make it; it makes no intervals here.
(2) Five attributes to depth 3. (3) A parquet file of ten million rows, read in batches, in a process of its own, whose
peak memory is printed. The last lines show how seconds grow with rows.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from fairlearn.metrics import (
    MetricFrame,
    false_negative_rate,
    false_positive_rate,
    selection_rate,
    true_negative_rate,
    true_positive_rate,
)
from sklearn.metrics import accuracy_score, precision_score

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from peers.rates import RACES, TUNED

from audits.measures.bias import audit_counts, audit_table, counted, open_for
from audits.measures.intervals import wilson
from audits.measures.plan import BiasPlan
from audits.measures.rates import RATES, shares

AS_IN_THE_GUIDE = {
    "selection_rate": selection_rate,
    "true_positive_rate": true_positive_rate,
    "false_positive_rate": false_positive_rate,
    "false_negative_rate": false_negative_rate,
    "true_negative_rate": true_negative_rate,
    "precision": precision_score,
    "accuracy": accuracy_score,
}


def table_of(rows: int, *, seed: int = 0) -> pd.DataFrame:
    """Rows with two sensitive columns of texts; labels and predictions are whole numbers."""
    random = np.random.default_rng(seed)
    race, sex = random.integers(0, len(RACES), rows), random.integers(0, 2, rows)
    label = random.random(rows) < 0.3 + 0.02 * race
    prediction = label ^ (random.random(rows) < 0.15 + 0.02 * sex)
    return pd.DataFrame(
        {
            "label": label.astype(int),
            "prediction": prediction.astype(int),
            "sex": np.array(["female", "male"])[sex],
            "race": np.array(RACES)[race],
        }
    )


def peer(table: pd.DataFrame, metrics: dict[str, Callable[..., float]]) -> tuple[float, MetricFrame]:
    """Seconds of one MetricFrame with its largest gaps, and what it measured."""
    began = time.perf_counter()
    frame = MetricFrame(
        metrics=metrics,
        y_true=table["label"],
        y_pred=table["prediction"],
        sensitive_features=table[["sex", "race"]],
    )
    frame.by_group  # noqa: B018 - measured when asked for
    frame.difference()
    return time.perf_counter() - began, frame


# --- ours ----------------------------------------------------------------------------------------------------------
PLAN = BiasPlan(label="label", prediction="prediction", sensitive=("sex", "race"))


def ours(table: pd.DataFrame) -> tuple[float, dict[str, Any]]:
    """Seconds of the whole audit of a DataFrame (texts encoded, 2,000 replicates), and its document."""
    began = time.perf_counter()
    with open_for(pa.Table.from_pandas(table, preserve_index=False), PLAN) as opened:
        document = audit_table(opened, PLAN)
    return time.perf_counter() - began, document


def require_equal(document: dict[str, Any], frame: MetricFrame) -> None:
    """The seven rates of all twelve groups are fairlearn's to 1e-12 (figures are stored with ten digits: counts)."""
    found = {
        (row["slice"]["sex"], row["slice"]["race"], row["metric"]): row["k"] / row["of"]
        for row in document["metrics"]
        if set(row["slice"]) == {"sex", "race"} and row["metric"] in TUNED
    }
    for (sex, race), rates in frame.by_group.iterrows():
        for metric, value in rates.items():
            np.testing.assert_allclose(found[sex, race, metric], value, rtol=0, atol=1e-12)


def five_attributes(rows: int) -> pa.Table:
    """Five sensitive columns of texts with 2 to 6 values."""
    random = np.random.default_rng(1)
    columns: dict[str, Any] = {"label": random.integers(0, 2, rows), "prediction": random.integers(0, 2, rows)}
    for number, values in enumerate((2, 6, 5, 4, 3)):
        columns[f"attribute {number}"] = np.array([f"value {one}" for one in range(values)])[
            random.integers(0, values, rows)
        ]
    return pa.table({name: pa.array(column) for name, column in columns.items()})


def to_depth_three(rows: int) -> str:
    table = five_attributes(rows)
    plan = BiasPlan(
        label="label", prediction="prediction", sensitive=tuple(f"attribute {number}" for number in range(5))
    )
    began = time.perf_counter()
    with open_for(table, plan) as opened:
        counts = counted(opened, plan)
    slices = [counts.slices(names) for depth in (1, 2, 3) for names in itertools.combinations(plan.sensitive, depth)]
    for one in slices:
        for rate in RATES.values():
            found = shares(one, rate)
            wilson(found.k, found.n)
    rates = time.perf_counter() - began
    began = time.perf_counter()
    audit_counts(counts, plan)
    rest = time.perf_counter() - began
    groups = sum(len(one) for one in slices)
    return (
        f"{rows:,} rows x 5 attributes to depth 3: {rates:.2f} s for every rate of {groups:,} groups with its interval,"
        f" {rest:.2f} s more for all comparisons, tests and the document"
    )


def of_a_file(path: str) -> None:
    """Audit one parquet file; prints seconds and peak memory."""
    began = time.perf_counter()
    with open_for(Path(path), PLAN) as opened:
        document = audit_table(opened, PLAN)
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rows": document["rows_used"], "seconds": took, "peak_mb": peak}))


def large(rows: int) -> dict[str, Any]:
    """Write a parquet file piece by piece and audit it in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        path = Path(folder, "predictions.parquet")
        writer, left, piece = None, rows, 0
        while left:
            part = pa.Table.from_pandas(table_of(min(left, 1_000_000), seed=piece), preserve_index=False)
            writer = writer or pq.ParquetWriter(path, part.schema)
            writer.write_table(part)
            left, piece = left - part.num_rows, piece + 1
        if writer is not None:
            writer.close()
        done = subprocess.run(
            [sys.executable, __file__, "--file", str(path)], stdout=subprocess.PIPE, check=True, text=True
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    """Time both, check that they agree, print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--large", type=int, default=10_000_000)
    parser.add_argument("--file", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.file:
        of_a_file(options.file)
        return
    table = table_of(options.rows)
    took, document = min((ours(table) for _ in range(3)), key=lambda one: one[0])
    print(f"Assay, the whole audit       {options.rows:>12,} rows  {took:8.2f} s")
    for name, metrics in (("as in its guide", AS_IN_THE_GUIDE), ("metrics tuned", TUNED)):
        seconds, frame = peer(table, metrics)
        require_equal(document, frame)
        print(
            f"fairlearn, {name:<17} {options.rows:>12,} rows  {seconds:8.2f} s  {seconds / took:6.0f} times as long,"
            " values equal to 1e-12"
        )
    print(to_depth_three(options.rows))
    for rows in (options.large // 10, options.large // 2, options.large):
        found = large(rows)
        print(
            f"parquet file                 {found['rows']:>12,} rows  {found['seconds']:8.2f} s  "
            f"{found['seconds'] / found['rows'] * 1e6:.2f} s per million, peak memory {found['peak_mb']:.0f} MB"
        )


if __name__ == "__main__":
    main()
