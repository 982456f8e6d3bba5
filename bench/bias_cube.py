"""How much faster the count cube is than fairlearn's MetricFrame, on the same 100,000 rows.

Seven rates and their largest gaps over sex x race (12 groups). fairlearn is given what it is fastest with: integer
labels and predictions, encoded groups, metrics that look at the rows twice each (its own and scikit-learn's are
slower), no bootstrap; the faster of two encodings counts, and the best of several repeats. "From codes" starts where
fairlearn starts. The other two read and factorise a csv file first, and the whole audit adds intervals, tests,
corrections, resampling, verdict and digest.

    python bench/bias_cube.py [--rows 100000] [--repeats 5]
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from fairlearn.metrics import MetricFrame

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from peers.rates import RACES, TUNED

from audits.measures.bias import audit_counts, counted, open_for
from audits.measures.binary import Confusion, confusion
from audits.measures.cube import CubeBuilder
from audits.measures.plan import BiasPlan
from audits.measures.rates import RATES, shares
from audits.measures.tables.chunks import Chunk, Column


def main() -> None:
    """Time both, check that they agree, print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    random = np.random.default_rng(0)
    race = np.array(RACES)[random.integers(0, len(RACES), asked.rows)]
    sex = np.array(["female", "male"])[random.integers(0, 2, asked.rows)]
    label, prediction = random.integers(0, 2, asked.rows), random.integers(0, 2, asked.rows)
    csv = (
        pd.DataFrame({"label": label, "prediction": prediction, "sex": sex, "race": race}).to_csv(index=False).encode()
    )
    plan = BiasPlan(label="label", prediction="prediction", sensitive=("sex", "race"))

    groups = pd.DataFrame({"sex": pd.Categorical(sex), "race": pd.Categorical(race)})
    integers = pd.DataFrame({name: column.cat.codes for name, column in groups.items()})

    def peer(features: pd.DataFrame) -> MetricFrame:
        frame = MetricFrame(metrics=TUNED, y_true=label, y_pred=prediction, sensitive_features=features)
        frame.difference()
        return frame

    codes = {
        "sex": Column(tuple(groups["sex"].cat.categories), groups["sex"].cat.codes.to_numpy(np.int64)),
        "race": Column(tuple(groups["race"].cat.categories), groups["race"].cat.codes.to_numpy(np.int64)),
        "label": Column(("0", "1"), label),
        "prediction": Column(("0", "1"), prediction),
    }

    def rates_of(counts: Confusion) -> Any:
        slices = counts.slices(("sex", "race"))
        return {name: shares(slices, RATES[name]).value for name in TUNED}

    def from_codes() -> Any:
        builder = CubeBuilder(("sex", "race", "label", "prediction"))
        builder.add(Chunk(asked.rows, codes, {}))
        return rates_of(confusion(builder.build(), label="label", prediction="prediction", positive=None))

    def from_csv() -> Any:
        with open_for(io.BytesIO(csv), plan) as table:
            return rates_of(counted(table, plan))

    def whole_audit() -> Any:
        with open_for(io.BytesIO(csv), plan) as table:
            return audit_counts(counted(table, plan), plan)

    peers = {
        "fairlearn, categories": lambda: peer(groups),
        "fairlearn, integers": lambda: peer(integers),
    }
    timed = {name: best_of(work, asked.repeats) for name, work in peers.items()}
    fastest = min(timed.values())
    ours = {
        "cube, seven rates from codes": best_of(from_codes, asked.repeats),
        "cube, seven rates from the bytes of a csv": best_of(from_csv, asked.repeats),
        "the whole audit from the bytes of a csv": best_of(whole_audit, asked.repeats),
    }
    expected = peer(groups).by_group.sort_index()
    for name, values in from_codes().items():
        np.testing.assert_allclose(values, expected[name].to_numpy(float), atol=1e-12)
    for name, seconds in timed.items():
        print(f"{name:<44} {seconds * 1e3:>10.1f} ms")
    for name, seconds in ours.items():
        print(f"{name:<44} {seconds * 1e3:>10.1f} ms   {fastest / seconds:>6.1f} times faster than the faster of them")


def best_of(work: Callable[[], Any], repeats: int) -> float:
    """Seconds of the fastest of several repeats."""
    seconds = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return min(seconds)


if __name__ == "__main__":
    main()
