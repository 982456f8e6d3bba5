"""Does the same input get the same answer: again, in another batch, in another order, from a model started anew?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from audits.measures.figures import figure
from audits.measures.intervals import wilson

Array = npt.NDArray[Any]
Outputs = Mapping[str, Array]
Rows = npt.NDArray[np.int64]

BATCHES = (1, 8, 32)
REPEATS = 5


@dataclass(frozen=True)
class Way:
    """One way of asking about the same rows.

    Attributes:
        name: ``again``, ``batch_of_1``, ``reversed``, ``shuffled``, ``doubled``, ``started_anew``, …
        batches: numbers of rows that are asked about together, one batch after another; each row occurs at least once.
        anew: whether the model is to be started anew first.
    """

    name: str
    batches: tuple[Rows, ...]
    anew: bool = False


def ways(rows: int, *, seed: int, repeats: int = REPEATS) -> list[Way]:
    """Ways to ask about rows 0 to ``rows - 1`` besides once, all together and in order."""
    everything = np.arange(rows)
    made = [Way("again", (everything,)) for _ in range(repeats)]
    made += [Way(f"batch_of_{size}", tuple(_cut(everything, size))) for size in BATCHES if size < rows]
    made.append(Way("reversed", (everything[::-1],)))
    made.append(Way("shuffled", (np.random.default_rng(seed).permutation(rows),)))
    made.append(Way("doubled", (np.repeat(everything, 2),)))
    made.append(Way("started_anew", (everything,), anew=True))
    return made


def _cut(rows: Rows, size: int) -> list[Rows]:
    return [rows[at : at + size] for at in range(0, len(rows), size)]


@dataclass(frozen=True)
class Apart:
    """How outputs of rows differ from those of the same rows before; flags of shape (rows,).

    Attributes:
        bitwise: not the same bit by bit. A nan equals a nan.
        beyond: with a number beyond the tolerance.
        label: with another label (an output of texts or whole numbers).
        largest: difference of a number.
    """

    bitwise: Array
    beyond: Array
    label: Array
    largest: float


def compared(first: Outputs, found: Outputs, asked: Rows, *, tolerance: float = 0.0) -> Apart:
    """Outputs of rows asked about in some order against those of all rows in order.

    Args:
        first: each of shape (rows, …).
        found: each of shape (len(asked), …).
        asked: numbers of rows.
        tolerance: of a number, as a share of one more than it is.

    Raises:
        ValueError: outputs have other names or shapes than before.
    """
    if set(first) != set(found):
        raise ValueError("the outputs have other names than before")
    rows = len(next(iter(first.values())))
    apart, beyond, other = (np.zeros(rows, dtype=bool) for _ in range(3))
    largest = 0.0
    for name, array in found.items():
        before = first[name][asked]
        if before.shape != array.shape:
            raise ValueError("the outputs have other shapes than before")
        flat, was = (one.reshape(len(asked), -1) for one in (array, before))
        if array.dtype.kind == "f":
            nothing = np.isnan(flat) & np.isnan(was)
            unlike = ((flat != was) & ~nothing).any(axis=1)
            with np.errstate(invalid="ignore", over="ignore"):
                by = np.abs(flat.astype(float) - was.astype(float))
            by = np.where(nothing | (flat == was), 0.0, np.where(np.isnan(by), np.inf, by))
            largest = max(largest, float(by.max(initial=0.0)))
            with np.errstate(invalid="ignore"):
                far = (by > tolerance * (1 + np.where(np.isfinite(was), np.abs(was), 0.0))).any(axis=1)
            np.logical_or.at(beyond, asked, far)
        else:
            unlike = np.asarray(flat != was, dtype=bool).any(axis=1)
            np.logical_or.at(other, asked, unlike)
        np.logical_or.at(apart, asked, unlike)
    return Apart(apart, beyond, other, largest)


def audit_determinism(
    rows: int,
    ask: Callable[[Sequence[Rows], bool], Outputs],
    *,
    seed: int,
    tolerance: float,
    progress: Callable[[int, int | None], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Ask about the same rows in several ways.

    Args:
        rows: at least one.
        tolerance: see ``compared``.
        ask: batches of row numbers, and whether to start the model anew, to outputs of all these rows in this order.

    Returns:
        JSON-ready: one row for each way with ``n``, how many rows were not the same bit by bit and how many beyond the
        tolerance, how many labels changed (with Wilson's interval) and the largest difference (null where a number
        became none); ``verdict`` is ``fail`` where a label changed, ``warn`` where a number moved beyond the tolerance,
        ``pass`` otherwise: other batches are added up in another order.

    Raises:
        ValueError: no rows.
    """
    if rows < 1:
        raise ValueError("nothing can be asked about no rows")
    first = ask([np.arange(rows)], False)
    seen: dict[str, list[Apart]] = {}
    asked = ways(rows, seed=seed)
    for number, way in enumerate(asked):
        progress(number, len(asked))
        answers = ask(way.batches, way.anew)
        seen.setdefault(way.name, []).append(compared(first, answers, np.concatenate(way.batches), tolerance=tolerance))
    found = [_row(name, times, rows) for name, times in seen.items()]
    flipped, moved = (any(row[key] for row in found) for key in ("labels_changed", "beyond_tolerance"))
    return {
        "rows": rows,
        "tolerance": figure(tolerance),
        "ways": found,
        "verdict": "fail" if flipped else "warn" if moved else "pass",
    }


def _row(name: str, times: Sequence[Apart], rows: int) -> dict[str, Any]:
    k, bitwise, beyond = (
        int(np.logical_or.reduce([getattr(one, flags) for one in times]).sum())
        for flags in ("label", "bitwise", "beyond")
    )
    low, high = wilson(k, rows)
    return {
        "way": name,
        "times": len(times),
        "n": rows,
        "not_bitwise": bitwise,
        "beyond_tolerance": beyond,
        "labels_changed": k,
        "value": figure(k / rows),
        "ci_low": figure(float(low)),
        "ci_high": figure(float(high)),
        "largest_difference": figure(max(one.largest for one in times)),
    }
