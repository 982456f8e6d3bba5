"""How much faster the drift measures are than scipy's two tests, on the same 20 columns.

The columns are what tables hold: bell shapes, skewed money, ages and counts with many ties, heavy tails; every other
one has drifted a little. scipy is given what it is fastest with: contiguous doubles, the asymptotic p asked for by
name, and the faster of two ways, alone or on two threads: as they come, and sorted once for both of its functions.

    python bench/drift_columns.py [--columns 20] [--rows 200000] [--repeats 5]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import ks_2samp, wasserstein_distance

Array = npt.NDArray[np.float64]
Pair = tuple[Array, Array]
# KS D, p, W1
Figures = tuple[float, float, float]


def columns(count: int, rows: int) -> list[Pair]:
    """Reference and current of each column."""
    random = np.random.default_rng(0)
    made: list[Pair] = []
    shapes: list[Callable[[float], Array]] = [
        lambda by: random.normal(by, 1 + by, rows),
        lambda by: random.lognormal(8 + by, 0.7, rows),
        lambda by: np.floor(random.gamma(9, 4 * (1 + by), rows)),
        lambda by: random.poisson(3 + by, rows).astype(float),
        lambda by: random.standard_t(3, rows) + by,
        lambda by: random.uniform(0, 1 + by, rows),
        lambda by: np.round(random.exponential(300 * (1 + by), rows), 2),
        lambda by: np.where(random.random(rows) < 0.6 - by, 0.0, random.normal(50, 9, rows)),
    ]
    for column in range(count):
        shape = shapes[column % len(shapes)]
        made.append((shape(0.0), shape(0.05 * (column % 2))))
    return made


def scipy_as_they_come(pair: Pair) -> Figures:
    """scipy's two functions on the columns as they are."""
    found = ks_2samp(*pair, method="asymp")
    return float(found.statistic), float(found.pvalue), float(wasserstein_distance(*pair))


def scipy_sorted(pair: Pair) -> Figures:
    """Both functions sort; sorting first spares the second one most of it."""
    return scipy_as_they_come((np.sort(pair[0]), np.sort(pair[1])))


PEERS = (scipy_as_they_come, scipy_sorted)


def best_of(work: Callable[[], Any], repeats: int) -> float:
    """Seconds of the fastest of several repeats."""
    seconds = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return min(seconds)


def timed(measure: Callable[[Pair], Any], pairs: Sequence[Pair], repeats: int) -> tuple[float, float]:
    """Seconds for all columns on one thread, and on two."""
    with ThreadPoolExecutor(2) as threads:
        return (
            best_of(lambda: [measure(pair) for pair in pairs], repeats),
            best_of(lambda: list(threads.map(measure, pairs)), repeats),
        )


def main() -> None:
    """Time the peer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    pairs = columns(asked.columns, asked.rows)
    print(f"{asked.columns} columns, {asked.rows:,} rows of reference and of current; one thread / two threads")
    for peer in PEERS:
        alone, both = timed(peer, pairs, asked.repeats)
        print(f"{peer.__name__:<44} {alone * 1e3:>9.0f} / {both * 1e3:>6.0f} ms")


if __name__ == "__main__":
    main()
