"""The count cube: its marginals are what counting row by row gives."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.measures import cube as cubes
from audits.measures.cube import CubeBuilder, TooManyCells
from audits.measures.tables import Chunk, TooManyValues
from audits.measures.tables.chunks import column_of_cells
from tests.audits.measures.made import examples

cell = st.sampled_from(["p", "q", "r", None])
rows = st.lists(st.tuples(cell, cell, st.sampled_from(["0", "1", None]), st.sampled_from(["0", "1"])), min_size=1)
NAMES = ("one", "two", "label", "prediction")


def chunk_of(part: list[tuple[str | None, ...]]) -> Chunk:
    columns = {name: column_of_cells([row[number] for row in part], column=name) for number, name in enumerate(NAMES)}
    return Chunk(len(part), columns, {"weight": np.arange(len(part), dtype=float)})


@settings(max_examples=examples(30))
@given(rows, st.integers(1, 7))
def test_a_cube_counts_each_combination_however_the_rows_are_cut(
    table: list[tuple[str | None, ...]], size: int
) -> None:
    builder = CubeBuilder(NAMES)
    for start in range(0, len(table), size):
        builder.add(chunk_of(table[start : start + size]))
    cube = builder.build()

    assert cube.rows == len(table)
    positions = [[*values, None] for values in cube.values]
    counted = {
        key: int(cube.counts[place])
        for place in np.ndindex(cube.counts.shape)
        for key in [tuple(positions[axis][number] for axis, number in enumerate(place))]
        if cube.counts[place]
    }
    assert counted == dict(Counter(table))


def test_sums_of_weights_stand_beside_the_counts() -> None:
    table: list[tuple[str | None, ...]] = [("p", "q", "1", "1"), ("p", "q", "1", "1"), ("r", "q", "0", "1")]
    builder = CubeBuilder(NAMES, weights="weight")
    builder.add(chunk_of(table))
    cube = builder.build()

    assert cube.weights is not None
    assert cube.squares is not None
    assert cube.counts[0, 0, 1, 0] == 2
    assert cube.weights[0, 0, 1, 0] == 0 + 1
    assert cube.squares[1, 0, 0, 0] == 2**2


def test_a_column_with_a_value_for_every_row_is_refused() -> None:
    builder = CubeBuilder(("one",), limits={"one": 3})

    with pytest.raises(TooManyValues) as refused:
        builder.add(Chunk(5, {"one": column_of_cells("abcde", column="one")}, {}))

    assert (refused.value.column, refused.value.limit) == ("one", 3)


def test_attributes_with_too_many_combinations_are_refused_before_they_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cubes, "MAX_CELLS", 50)
    builder = CubeBuilder(("one", "two"))
    columns = {name: column_of_cells([f"{name}{n}" for n in range(20)], column=name) for name in ("one", "two")}

    with pytest.raises(TooManyCells, match="coarser groups"):
        builder.add(Chunk(20, columns, {}))
