"""How much faster the drift measures are than scipy's two tests, on the same 20 columns.

The columns are what tables hold: bell shapes, skewed money, ages and counts with many ties, heavy tails; every other
one has drifted a little. scipy is given what it is fastest with: contiguous doubles, the asymptotic p asked for by
name, and the faster of two ways, alone or on two threads: as they come, and sorted once for both of its functions.
Ours is the two distances and the p alone, and the whole of ``drift_numeric``: those, four more distances with what
noise alone reaches, and quantiles. The figures of all columns must agree to 1e-9 before a ratio is printed.

    python bench/drift_columns.py [--columns 20] [--rows 200000] [--repeats 5]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import ks_2samp, wasserstein_distance

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from audits.measures.drift.distances import wasserstein_1
from audits.measures.drift.kolmogorov import ks_distance, ks_p
from audits.measures.drift.measuring import drift_numeric

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


def ours_two_tests(pair: Pair) -> Figures:
    """What scipy's two functions give."""
    reference, current = np.sort(pair[0]), np.sort(pair[1])
    distance = ks_distance(reference, current)
    return distance, ks_p(distance, reference.size, current.size)[0], wasserstein_1(reference, current)


def ours_everything(pair: Pair) -> Figures:
    """All that is said of a numeric column."""
    found = drift_numeric(*pair)
    return found.statistic, found.p, found.measures["wasserstein_1"].value


OURS = (ours_two_tests, ours_everything)
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
    """Check that the figures agree, time both, print the ratios and the growth with rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    pairs = columns(asked.columns, asked.rows)
    # a current sample of another size takes another way
    uneven = [(reference, current[: asked.rows * 3 // 4]) for reference, current in pairs]
    for pair in (*pairs, *uneven):
        expected = scipy_as_they_come(pair)
        for measure in OURS:
            np.testing.assert_allclose(measure(pair), expected, rtol=1e-9, atol=1e-9)
    print(f"{asked.columns} columns, {asked.rows:,} rows of reference and of current; one thread / two threads")
    peers = {peer.__name__: timed(peer, pairs, asked.repeats) for peer in PEERS}
    for name, (alone, both) in peers.items():
        print(f"{name:<28} {alone * 1e3:>9.0f} / {both * 1e3:>6.0f} ms")
    fastest = tuple(min(times) for times in zip(*peers.values(), strict=True))
    fastest_uneven = tuple(
        min(times) for times in zip(*(timed(peer, uneven, asked.repeats) for peer in PEERS), strict=True)
    )
    for name, given, peer in (("", pairs, fastest), (", 3/4 as many current rows", uneven, fastest_uneven)):
        for measure in OURS:
            seconds = timed(measure, given, asked.repeats)
            ratios = " / ".join(f"{best / took:.1f}" for best, took in zip(peer, seconds, strict=True))
            print(
                f"{measure.__name__ + name:<44} {seconds[0] * 1e3:>9.0f} / {seconds[1] * 1e3:>6.0f} ms"
                f"   {ratios} times faster than the faster of them"
            )
    for rows in (asked.rows // 4, asked.rows, asked.rows * 4):
        made = columns(4, rows)
        took = best_of(lambda: [ours_everything(pair) for pair in made], asked.repeats)  # noqa: B023 - called at once
        print(f"everything, {rows:>9,} + {rows:>9,} rows: {took / 4 / rows * 1e9:>6.1f} ns a row and column")


if __name__ == "__main__":
    main()
