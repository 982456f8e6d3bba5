"""A table of predictions that somebody made elsewhere: asked by the number of the row. It runs nothing, but it is read
here all the same, because what reads it is native code and the table is a stranger's."""

from __future__ import annotations

from typing import Any

import numpy as np

from audits.adapters import tensors
from audits.adapters.guests import serving
from audits.measures.tables import Column, TableRejected, open_table
from audits.sandbox.inside.wire import Channel


def serve(channel: Channel) -> None:
    """Read one table, then answer batch after batch."""
    serving.serve(channel, Rows)


class Rows:
    """The columns of a table that hold predictions."""

    def __init__(self, told: dict[str, Any]) -> None:
        try:
            self._columns = _columns(told["path"], told["outputs"])
        except TableRejected as refused:
            raise serving.Refusal(refused.code, str(refused)) from refused

    def signature(self) -> dict[str, Any]:
        return _signature(self._columns)

    def predict(self, batch: dict[str, tensors.Array]) -> dict[str, tensors.Array]:
        return _outputs(self._columns, batch["row"])


def _columns(path: str, names: list[str]) -> dict[str, tensors.Array]:
    pieces: dict[str, list[Any]] = {name: [] for name in names}
    with open_table(path, columns=(), features=names) as table:
        for chunk in table.chunks():
            for name in names:
                pieces[name].append(chunk.features[name])
    return {name: _joined(pieces[name]) for name in names}


def _joined(pieces: list[Any]) -> tensors.Array:
    """Numbers where every part has numbers, else texts; None where a text is missing."""
    if not any(isinstance(piece, Column) for piece in pieces):
        return np.concatenate(pieces) if pieces else np.empty(0)
    whole = []
    for piece in pieces:
        if not isinstance(piece, Column):  # numbers in this part, words in another
            texts = [
                None if np.isnan(cell) else str(int(cell)) if cell.is_integer() else repr(cell)
                for cell in piece.tolist()
            ]
            whole.append(np.array(texts, dtype=object))
            continue
        # one more at the end, which the code -1 finds
        whole.append(np.array([*piece.values, None], dtype=object)[piece.codes])
    return np.concatenate(whole)


def _signature(columns: dict[str, tensors.Array]) -> dict[str, Any]:
    outputs = [
        {"name": name, "dtype": tensors.TEXT if array.dtype == object else "float64", "shape": [None]}
        for name, array in columns.items()
    ]
    return {"inputs": [{"name": "row", "dtype": "int64", "shape": [None]}], "outputs": outputs, "classes": []}


def _outputs(columns: dict[str, tensors.Array], rows: tensors.Array) -> dict[str, tensors.Array]:
    length = len(next(iter(columns.values())))
    outside = (rows < 0) | (rows >= length)
    if outside.any():
        missed = int(rows[outside][0])
        raise serving.Refusal("no_prediction", f"the table has {length} rows and none with the number {missed}")
    outputs = {}
    for name, array in columns.items():
        found = array[rows]
        missing = (
            np.array([cell is None for cell in found.tolist()], dtype=bool)
            if found.dtype == object
            else np.isnan(found)
        )
        if missing.any():
            empty = int(rows[missing.argmax()])
            raise serving.Refusal("no_prediction", f"the row with the number {empty} has no {name!r}")
        outputs[name] = found
    return outputs
