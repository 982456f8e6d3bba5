"""The count cube: one pass over the rows, after which every rate of every slice is a sum over some of its cells."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audits.measures.naming import listed, quoted
from audits.measures.tables.chunks import Chunk, Column
from audits.measures.tables.refusals import TableRejected, TooManyValues

Counts = npt.NDArray[np.int64]
Sums = npt.NDArray[np.float64]

# Different values that one attribute may have, and that a label or a prediction is looked at before it is refused.
MAX_GROUPS = 100
MAX_CLASSES = 12
MAX_CELLS = 4_000_000
# A weight is 0 or between these, so that squares and sums of squares stay within what a float holds.
LEAST_WEIGHT, LARGEST_WEIGHT = 1e-50, 1e50


class TooManyCells(TableRejected):
    code = "too_many_cells"


class WeightInvalid(TableRejected):
    code = "weight_invalid"


@dataclass(frozen=True)
class Cube:
    """How many rows fall into each combination of values.

    Axis i of ``counts`` belongs to ``axes[i]`` with ``values[i]``, and its last position counts the rows where that
    column is missing: shape (len(values[0]) + 1, ...). With weights, ``weights`` and ``squares`` have the same shape
    and hold the sums of the weights and of their squares; without, both are None.
    """

    axes: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    counts: Counts
    weights: Sums | None = None
    squares: Sums | None = None
    rows: int = 0

    def axis(self, name: str) -> int:
        return self.axes.index(name)

    def names(self, axis: str) -> tuple[str, ...]:
        """The values of an axis, sorted; "missing" is not among them."""
        return self.values[self.axis(axis)]


class CubeBuilder:
    """Adds chunks to a cube. Axes grow when a chunk brings a value not seen before."""

    def __init__(
        self, axes: Sequence[str], *, weights: str | None = None, limits: Mapping[str, int] | None = None
    ) -> None:
        """Count over ``axes``, with an optional column of weights; ``limits`` bounds the values of single axes."""
        self._axes = tuple(axes)
        self._weights = weights
        self._limits = {name: (limits or {}).get(name, MAX_GROUPS) for name in axes}
        self._positions: dict[str, dict[str, int]] = {name: {} for name in axes}
        self._counts = np.zeros((1,) * len(self._axes), dtype=np.int64)
        # sums of the weights and of their squares
        self._sums = np.zeros((0 if weights is None else 2, *self._counts.shape))
        self.rows = 0

    def add(self, chunk: Chunk) -> None:
        """Count the rows of one chunk.

        Raises:
            TooManyValues: an axis has more values than its limit.
            TooManyCells: the cube would be too large.
            WeightInvalid: a weight is missing, negative or infinite.
        """
        columns = [self._renumbered(name, chunk.columns[name]) for name in self._axes]
        self._grow()
        cells = np.zeros(chunk.rows, dtype=np.int64)
        for codes, size in zip(columns, self._counts.shape, strict=True):
            # "missing" is the first position while counting, so that growing an axis moves nothing
            cells = cells * size + (codes + 1)
        self.rows += chunk.rows
        self._counts += np.bincount(cells, minlength=self._counts.size).reshape(self._counts.shape)
        if self._weights is not None:
            weight = checked_weights(chunk.numbers[self._weights], column=self._weights)
            for power in (1, 2):
                sums = np.bincount(cells, weights=weight**power, minlength=self._counts.size)
                self._sums[power - 1] += sums.reshape(self._counts.shape)

    def build(self) -> Cube:
        """The cube of all rows so far, each axis sorted by value, "missing" last."""
        values = []
        counts, sums = self._counts, self._sums
        for axis, name in enumerate(self._axes):
            positions = self._positions[name]
            ordered = sorted(positions)
            values.append(tuple(ordered))
            order = [positions[value] + 1 for value in ordered] + [0]
            counts = np.take(counts, order, axis=axis)
            sums = np.take(sums, order, axis=axis + 1)
        weighted = self._weights is not None
        return Cube(
            axes=self._axes,
            values=tuple(values),
            counts=counts,
            weights=sums[0] if weighted else None,
            squares=sums[1] if weighted else None,
            rows=self.rows,
        )

    def _renumbered(self, name: str, column: Column) -> Counts:
        positions = self._positions[name]
        renumbered = np.full(len(column.values) + 1, -1, dtype=np.int64)
        for number, value in enumerate(column.values):
            renumbered[number] = positions.setdefault(value, len(positions))
        if len(positions) > self._limits[name]:
            raise TooManyValues(name, self._limits[name], sorted(positions))
        return renumbered[column.codes]

    def _grow(self) -> None:
        shape = tuple(len(self._positions[name]) + 1 for name in self._axes)
        if shape == self._counts.shape:
            return
        cells = int(np.prod([float(size) for size in shape]))
        if cells > MAX_CELLS:
            raise TooManyCells(
                f"the columns {listed(self._axes)} have {cells} combinations of values, more than {MAX_CELLS}; "
                "name fewer sensitive columns, or coarser groups"
            )
        added = [(0, size - old) for size, old in zip(shape, self._counts.shape, strict=True)]
        self._counts = np.pad(self._counts, added)
        self._sums = np.pad(self._sums, [(0, 0), *added])


def checked_weights(weight: Sums, *, column: str) -> Sums:
    """The weights as they are.

    Raises:
        WeightInvalid: one is missing, negative, or neither 0 nor from ``LEAST_WEIGHT`` to ``LARGEST_WEIGHT``.
    """
    if bool(np.any(np.isnan(weight))):
        raise WeightInvalid(
            f"column {quoted(column)} lacks a weight in some rows; give every row one, 0 to leave it out"
        )
    if bool(np.any(weight < 0)):
        raise WeightInvalid(f"column {quoted(column)} has weights below 0; a weight is a number from 0 on")
    strange = (weight > LARGEST_WEIGHT) | ((weight > 0) & (weight < LEAST_WEIGHT))
    if bool(np.any(strange)):
        raise WeightInvalid(
            f"column {quoted(column)} has weights such as {float(weight[strange][0]):g}, with which sums would lose "
            f"their digits; give weights that are 0 or lie between {LEAST_WEIGHT:g} and {LARGEST_WEIGHT:g}"
        )
    return weight


def require_weight(weights: Sums | None, *, column: str | None) -> None:
    """Refuse rows that all weigh nothing: nobody would be counted.

    Raises:
        WeightInvalid: the weights are all 0.
    """
    if weights is not None and not bool(np.any(weights > 0)):
        raise WeightInvalid(
            f"every row that could be audited has the weight 0 in column {quoted(column)}, so nobody counts; "
            "is it the right column?"
        )


def about_one(weights: Sums) -> Sums:
    """The same weights, scaled by a power of 2 so that their mean is about 1.

    No weighted figure depends on the unit of the weights; limits such as "has converged" do.
    """
    mean = float(weights.mean()) if len(weights) else 0.0
    return np.asarray(np.ldexp(weights, -int(np.frexp(mean)[1]))) if mean > 0 else weights


@dataclass(frozen=True)
class Slices:
    """Confusion counts of all groups that one or more attributes form.

    ``cells`` has shape (groups, 2, 2): [label, prediction], 1 for positive. ``weights`` and ``squares`` likewise or
    None. ``keys`` are the values of each group, in the order of ``attributes``. ``design`` is by how much the rows of
    clusters stretch the variance of each rate: rate -> shape (groups,), at least 1; None where rows stand alone.
    """

    attributes: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    cells: Counts
    weights: Sums | None = None
    squares: Sums | None = None
    design: Mapping[str, Sums] | None = None

    def __len__(self) -> int:
        return len(self.keys)

    def named(self, index: int) -> dict[str, str]:
        """Group ``index`` as {attribute: value}."""
        return dict(zip(self.attributes, self.keys[index], strict=True))

    @property
    def sizes(self) -> Counts:
        """Rows of each group, shape (groups,)."""
        sizes: Counts = self.cells.sum(axis=(1, 2))
        return sizes

    def only(self, kept: Sequence[int] | Counts) -> Slices:
        """The groups at these positions."""
        chosen = [int(index) for index in kept]
        return Slices(
            self.attributes,
            tuple(self.keys[index] for index in chosen),
            self.cells[chosen],
            None if self.weights is None else self.weights[chosen],
            None if self.squares is None else self.squares[chosen],
            None if self.design is None else {name: one[chosen] for name, one in self.design.items()},
        )


def marginal(cube: Cube, attributes: Sequence[str]) -> Slices:
    """The groups that ``attributes`` form, from a cube whose last two axes are label and prediction, both binary.

    Rows where one of the attributes is missing are in no group; rows where another one is missing count.
    No attributes: one group of everybody.
    """
    kept = [cube.axis(name) for name in attributes]
    dropped = tuple(axis for axis in range(len(cube.axes) - 2) if axis not in kept)
    keys = tuple(itertools.product(*(cube.names(name) for name in attributes)))
    order = [sorted(kept).index(axis) for axis in kept]

    def grouped(cells: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        summed = cells.sum(axis=dropped)
        summed = summed.transpose([*order, len(order), len(order) + 1])
        known = summed[(slice(None, -1),) * len(order)]
        return np.ascontiguousarray(known.reshape(-1, 2, 2))

    return Slices(
        tuple(attributes),
        keys,
        grouped(cube.counts).astype(np.int64),
        None if cube.weights is None else grouped(cube.weights).astype(np.float64),
        None if cube.squares is None else grouped(cube.squares).astype(np.float64),
    )
