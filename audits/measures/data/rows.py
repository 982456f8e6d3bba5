"""Rows that occur more than once: within the table, across splits, and with another label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audits.measures.data.columns import Column, combined

Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Copies:
    """Rows that have copies.

    ``rows`` marks every row of a group of equal rows, ``groups`` is how many such groups there are, ``surplus`` how
    many rows would go if one of each stayed. ``of_row`` numbers the group of each row, copies or not.
    """

    of_row: Codes
    rows: Mask
    groups: int
    surplus: int


def copies(columns: Sequence[Column]) -> Copies:
    """Rows that are equal in all of some columns."""
    of_row, groups = combined(list(columns))
    sizes = np.bincount(of_row, minlength=groups)
    return Copies(of_row, sizes[of_row] > 1, int((sizes > 1).sum()), int(of_row.size - groups))


def expected_pairs(columns: Sequence[Column]) -> float:
    """How many pairs of equal rows would be expected if columns had nothing to do with each other.

    ``C(n, 2)`` times the product over columns of the chance that two rows agree. A table of a few small categories is
    full of equal rows that are different people; then this is near what was found. Columns that depend on each other
    make more, so it is a lower bound.
    """
    n = columns[0].rows
    agree = 1.0
    for column in columns:
        counts = np.append(column.counts, column.missing).astype(float)
        agree *= float((counts * (counts - 1)).sum()) / (n * (n - 1)) if n > 1 else 0.0
    return n * (n - 1) / 2 * agree


def seen_elsewhere(of_row: Codes, split: Codes, splits: int) -> npt.NDArray[np.int64]:
    """How many rows of each split belong to something that another split has too.

    Args:
        of_row: shape (rows,), the number of what a row belongs to (its group of equal rows, its person); -1: nothing.
        split: shape (rows,), positions of splits; -1: unknown, left out.
        splits: how many there are.

    Returns:
        Shape (splits, splits): rows of the first split whose group occurs in the second; 0 on the diagonal.
    """
    known = (of_row >= 0) & (split >= 0)
    groups, of_known = np.unique(of_row[known], return_inverse=True)
    there = np.zeros((groups.size, splits), dtype=bool)
    there[of_known, split[known]] = True
    found = np.zeros((splits, splits), dtype=np.int64)
    for one in range(splits):
        mine = of_known[split[known] == one]
        found[one] = there[mine].sum(axis=0)
        found[one, one] = 0
    return found


@dataclass(frozen=True)
class Conflicts:
    """Rows with equal features and different labels: which, in how many groups, and how many rows have features."""

    rows: Mask
    groups: int
    of: int


def conflicting_labels(features: Codes, label: Codes) -> Conflicts:
    """Rows whose features occur with more than one label.

    Args:
        features: shape (rows,), equal numbers for equal features.
        label: shape (rows,), positions of classes; -1: unknown, left out.
    """
    known = label >= 0
    groups, of_known = np.unique(features[known], return_inverse=True)
    lowest = np.full(groups.size, np.iinfo(np.int64).max)
    highest = np.full(groups.size, -1)
    np.minimum.at(lowest, of_known, label[known])
    np.maximum.at(highest, of_known, label[known])
    mixed = lowest != highest
    rows = np.zeros(features.size, dtype=bool)
    rows[known] = mixed[of_known]
    return Conflicts(rows, int(mixed.sum()), int(known.sum()))
