"""How long the search for the worst slices takes, and that the cost grows with the rows and no faster.

Two sensitive columns and 18 features (half numbers, half of five categories), a score, slices to depth three in five
quantities; found on one half, tested on the other. The time per row must not grow: the last column says how much more
time twice the rows took (2 is linear).

    python bench/worst_slices.py [--rows 100000] [--features 18]
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from audits.measures.kept_rows import JudgedRows
from audits.measures.plan import BiasPlan
from audits.measures.slices import slices_of
from audits.measures.tables.chunks import Column

BOUND_S = 20.0


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=100_000)
    options.add_argument("--features", type=int, default=18)
    given = options.parse_args()
    before = 0.0
    print(f"{'rows':>9}  {'seconds':>8}  {'us/row':>7}  {'found':>5}  {'times the half':>14}")
    for rows in (given.rows // 4, given.rows // 2, given.rows, given.rows * 2):
        judged, plan = made(rows, given.features)
        started = time.perf_counter()
        document = slices_of(judged, plan, seed=0)
        took = time.perf_counter() - started
        growth = f"{took / before:.2f}" if before else ""
        found = len(document["worst_slices"])
        print(f"{rows:>9,}  {took:>8.2f}  {1e6 * took / rows:>7.1f}  {found:>5}  {growth:>14}")
        if rows == given.rows:
            print(f"ratio {BOUND_S / took:.1f} to the bound of {BOUND_S:.0f} s at {rows:,} rows x {given.features + 2}")
        before = took
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def made(n: int, features: int) -> tuple[JudgedRows, BiasPlan]:
    """Rows with one planted slice: more errors where x0 is "c" and x1 is large."""
    random = np.random.default_rng(n)
    columns: dict[str, Column | np.ndarray] = {
        f"x{one}": random.normal(size=n) if one % 2 else Column(tuple("abcde"), random.integers(0, 5, n))
        for one in range(features)
    }
    groups = {
        "sex": Column(("f", "m"), random.integers(0, 2, n)),
        "race": Column(tuple("pqrs"), random.integers(0, 4, n)),
    }
    label = random.random(n) < 0.4
    planted = (columns["x0"].codes == 2) & (columns["x1"] > 0.7) & (random.random(n) < 0.3)
    prediction = label ^ ((random.random(n) < 0.2) | planted)
    score = np.clip(np.where(prediction, 0.7, 0.3) + random.normal(size=n) * 0.1, 0, 1)
    plan = BiasPlan(
        label="label", prediction="prediction", score="score", sensitive=tuple(groups), features=tuple(columns)
    )
    return JudgedRows(label, prediction, groups, score, features=columns), plan


if __name__ == "__main__":
    main()
