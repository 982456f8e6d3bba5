"""An order of rows that depends on what they hold alone, so that theirs in the table does not matter.

Sums of floats depend on their order in the last digits, and chance is drawn for places in an order.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from audits.measures.kept_rows import JudgedRows
from audits.measures.tables.chunks import Column

Hashes = npt.NDArray[np.uint64]

# Odd constants of splitmix64 (Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195).
_STEP, _FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def starts_of_runs(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Where each run of equal numbers begins, in sorted ones.

    Nothing is subtracted, so that 1e308 may follow -1e308.
    """
    return np.flatnonzero(np.append(len(values) > 0, values[1:] != values[:-1]))


def in_order_of_content(rows: JudgedRows) -> JudgedRows:
    """The same rows; equal tables come out equal whatever the order of their rows was."""
    return rows.taken(by_content(rows))


def by_content(rows: JudgedRows) -> npt.NDArray[np.int64]:
    """Positions of the rows in an order that depends on what they hold alone."""
    columns: list[Hashes] = [rows.label.astype(np.uint64), rows.prediction.astype(np.uint64)]
    features = [rows.features[name] for name in sorted(rows.features)]
    for column in (*(rows.groups[name] for name in sorted(rows.groups)), *features, rows.score, rows.weights):
        if column is not None:
            columns.append(_bits(column))
    if rows.clusters is not None:
        # clusters of one row are alike, however they are numbered
        sizes = np.bincount(rows.clusters)
        columns.append(np.where(sizes[rows.clusters] > 1, rows.clusters + 1, 0).astype(np.uint64))
    return np.argsort(_mixed(columns, len(rows)), kind="stable")


def order_of(columns: Iterable[Column | npt.NDArray[np.float64]], *, rows: int) -> npt.NDArray[np.int64]:
    """Positions of the rows of some columns in an order that depends on what they hold alone; one column is held at a
    time."""
    return np.argsort(_mixed((_bits(column) for column in columns), rows), kind="stable")


def numbered_as_met(clusters: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Clusters as numbers from 0 on in the order in which they are met; those of rows in order of content are the same
    in any order of the table."""
    _, first, code = np.unique(clusters, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[code.reshape(-1)]


def _bits(column: Column | npt.NDArray[np.float64]) -> Hashes:
    if isinstance(column, Column):
        # values are sorted and the same in any order of the rows, so their positions are too
        order = np.argsort(np.argsort(np.array(column.values, dtype=object))) if column.values else np.zeros(0, int)
        return np.append(order + 1, 0)[column.codes].astype(np.uint64)
    # one bit pattern for each number: -0.0 and the many nans are one each
    return (np.where(np.isnan(column), np.nan, column) + 0.0).view(np.uint64)


def _mixed(columns: Iterable[Hashes], rows: int) -> Hashes:
    mixed = np.zeros(rows, dtype=np.uint64)
    for column in columns:
        mixed = mixed * _STEP + column + _STEP
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
        mixed ^= mixed >> np.uint64(31)
    return mixed
