"""Gradient boosting of small trees by histograms: a sum of trees, each fitted to what those before it get wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

ROUNDS = 20
# Three cuts, one below the other: three columns can go together.
DEPTH = 3
RATE = 0.3
# Ridge of a leaf's value, and the curvature that a side of a cut has at least: some twenty rows of a chance of a half.
RIDGE = 1.0
LEAST = 5.0


@dataclass(frozen=True)
class Columns:
    """Rows as codes: ``codes`` of shape (rows, columns), each from 0 to below ``width``.

    ``ordered``: shape (columns,), whether codes stand in an order, as ranges of a number do; where they do not, a cut
    puts together the codes that look alike.
    """

    codes: Codes
    ordered: Flags
    width: int

    def taken(self, rows: Codes) -> Columns:
        """Some of the rows."""
        return Columns(self.codes[rows], self.ordered, self.width)


@dataclass(frozen=True)
class _Tree:
    """``column`` and ``right``, shapes (cuts,) and (cuts, width): where each cut looks, and which codes go right.

    Cuts are numbered level by level, as in a heap; ``leaves`` has the value of each path, shape (2 ** DEPTH,).
    """

    column: Codes
    right: Flags
    leaves: Floats

    def leaf(self, codes: Codes) -> Codes:
        rows = np.arange(len(codes))
        node = np.zeros(len(codes), dtype=np.int64)
        for level in range(DEPTH):
            cut = node + (1 << level) - 1
            node = 2 * node + self.right[cut, codes[rows, self.column[cut]]]
        return node


@dataclass(frozen=True)
class Boosted:
    """A fitted sum of trees."""

    start: float
    trees: tuple[_Tree, ...]

    def log_odds(self, columns: Columns) -> Floats:
        """The log odds of each row, shape (rows,)."""
        found = np.full(len(columns.codes), self.start)
        for tree in self.trees:
            found += tree.leaves[tree.leaf(columns.codes)]
        return found


def boosted(columns: Columns, positive: Flags) -> Boosted:
    """Fit the log odds of being positive.

    Args:
        columns: the rows.
        positive: shape (rows,), with rows of both kinds.

    Returns:
        ``ROUNDS`` trees of ``DEPTH`` levels under the log loss, each leaf a Newton step times ``RATE``. There is no
        chance in it; the order of rows matters in the last digits of sums alone.

    Source:
        Friedman 2001, Ann Stat 29:1189; the gain of a cut and histograms: Chen and Guestrin 2016,
        doi:10.1145/2939672.2939785. Codes without an order are sorted by their slope, where the best of all ways to
        part them is a cut: Fisher 1958, JASA 53:789.
    """
    share = float(positive.mean())
    start = float(np.log(share / (1 - share)))
    odds = np.full(len(positive), start)
    flat = columns.codes + np.arange(columns.codes.shape[1]) * columns.width
    trees = []
    for _ in range(ROUNDS):
        chance = 1 / (1 + np.exp(-odds))
        tree, leaf = _tree(columns, flat, positive - chance, chance * (1 - chance))
        odds += tree.leaves[leaf]
        trees.append(tree)
    return Boosted(start, tuple(trees))


def _tree(columns: Columns, flat: Codes, slope: Floats, curve: Floats) -> tuple[_Tree, Codes]:
    """One tree, and the leaf of each row."""
    rows, many = columns.codes.shape
    width = many * columns.width
    slopes, curves = np.repeat(slope, many), np.repeat(curve, many)
    node = np.zeros(rows, dtype=np.int64)
    column, right = [], []
    for level in range(DEPTH):
        nodes = 1 << level
        cell = (flat + node[:, None] * width).ravel()
        pulls, weight = (
            np.asarray(np.bincount(cell, sums, nodes * width), dtype=float).reshape(nodes, many, columns.width)
            for sums in (slopes, curves)
        )
        where, goes = _best_cuts(pulls, weight, columns.ordered)
        column.append(where)
        right.append(goes)
        node = 2 * node + goes[node, columns.codes[np.arange(rows), where[node]]]
    leaves = 1 << DEPTH
    step = np.bincount(node, slope, leaves) / (np.bincount(node, curve, leaves) + RIDGE)
    return _Tree(np.concatenate(column), np.concatenate(right), RATE * step), node


def _best_cuts(pulls: Floats, weight: Floats, ordered: Flags) -> tuple[Codes, Flags]:
    """For each node the column and the codes that go right, of the cut that gains most; nothing goes right where no
    cut has enough on both sides."""
    nodes, _, width = pulls.shape
    natural = np.broadcast_to(np.arange(width, dtype=float), pulls.shape)
    order = np.argsort(np.where(ordered[:, None], natural, pulls / (weight + RIDGE)), axis=2, kind="stable")
    left, left_weight = (np.take_along_axis(sums, order, axis=2).cumsum(axis=2) for sums in (pulls, weight))
    all_of, all_weight = left[:, :, -1:], left_weight[:, :, -1:]
    others, others_weight = all_of - left, all_weight - left_weight
    gain = left**2 / (left_weight + RIDGE) + others**2 / (others_weight + RIDGE) - all_of**2 / (all_weight + RIDGE)
    gain[(left_weight < LEAST) | (others_weight < LEAST)] = -np.inf
    best = gain.reshape(nodes, -1).argmax(axis=1)
    column, place = best // width, best % width
    rank = np.argsort(order[np.arange(nodes), column], axis=1)
    possible = np.isfinite(gain.reshape(nodes, -1)[np.arange(nodes), best])
    return column, (rank > place[:, None]) & possible[:, None]
