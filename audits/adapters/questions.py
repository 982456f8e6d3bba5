"""What a person types as what a model takes, and what it says as a person reads it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from audits.adapters import tensors
from audits.adapters.refusals import ModelRefused
from audits.adapters.signature import Signature, Tensor
from audits.adapters.tensors import Array
from audits.measures.naming import listed

SHOWN_NUMBERS = 16
SHOWN_LETTERS = 2000
SHOWN_BEST = 5
SHOWN_INPUTS = 20
TOO_LARGE = 2**53


def batch_of(cells: Sequence[Any], signature: Signature) -> dict[str, Array]:
    """Texts, or rows of features, as a batch.

    A text goes to a model with one input of texts. A row goes to one with one input of numbers, as many as it has
    columns; or to one whose inputs are a column each, in their order.

    Args:
        cells: one for each row: a text, or a list of texts and numbers.

    Raises:
        ModelRefused: ``inputs`` where they do not fit, with what the model takes.
    """
    wanted, inputs = _wanted(signature), signature.inputs
    rows = [[cell] if isinstance(cell, str) else list(cell) for cell in cells]
    if len(inputs) == 1 and _width(inputs[0]) != 1:
        (one,) = inputs
        if one.dtype == tensors.TEXT or len(one.shape) != 2:
            instead = {3: "; ask it about a sound", 4: "; ask it about a picture"}.get(len(one.shape), "")
            raise ModelRefused(
                "inputs", f"the model takes {wanted}, which is neither a text nor a row of features{instead}"
            )
        if (width := _columns(inputs)) is not None and any(len(row) != width for row in rows):
            raise ModelRefused("inputs", f"the model takes {wanted}; it was given rows of another length, or texts")
        return {one.name: _numbers(rows, one, wanted)}
    widths = [_width(one) for one in inputs]
    if any(width != 1 for width in widths):
        raise ModelRefused("inputs", f"the model takes {wanted}, which is neither a text nor a row of features")
    if any(len(row) != len(inputs) for row in rows):
        raise ModelRefused("inputs", f"the model takes {wanted}; a row has another number of them")
    batch: dict[str, Array] = {}
    for place, one in enumerate(inputs):
        column = [row[place] for row in rows]
        made = _texts(column) if one.dtype == tensors.TEXT else _numbers([[cell] for cell in column], one, wanted)
        batch[one.name] = made.reshape(len(rows), *([1] * (len(one.shape) - 1)))
    return batch


def batch_of_files(contents: Sequence[bytes], signature: Signature) -> dict[str, Array]:
    """Encoded pictures or sounds as a batch for a model that was opened for them.

    Raises:
        ModelRefused: ``inputs``, with what the model takes.
    """
    if len(signature.inputs) != 1 or signature.inputs[0].dtype != tensors.BYTES:
        raise ModelRefused("inputs", f"the model takes {', '.join(map(str, signature.inputs))}, and no encoded file")
    array = np.empty(len(contents), dtype=object)
    array[:] = list(contents)
    return {signature.inputs[0].name: array}


def _wanted(signature: Signature) -> str:
    """What a model takes; where that is columns, which of them and how to write them."""
    inputs = signature.inputs
    more = f" and {len(inputs) - SHOWN_INPUTS} more" if len(inputs) > SHOWN_INPUTS else ""
    declared = ", ".join(map(str, inputs[:SHOWN_INPUTS])) + more
    if signature.columns:
        return f"{declared}: a row of the columns {listed(signature.columns)}, in this order, with commas between"
    if len(inputs) > 1 and all(_width(one) == 1 for one in inputs):
        return f"{declared}: a row of these {len(inputs)} columns, in this order, with commas between"
    if (width := _columns(inputs)) is not None:
        return f"{declared}: a row of {width} numbers, with commas between"
    return declared


def _columns(inputs: Sequence[Tensor]) -> int | None:
    """How many numbers side by side the one input takes; None where it takes something else, or any number."""
    matrix = len(inputs) == 1 and len(inputs[0].shape) == 2 and inputs[0].dtype != tensors.TEXT
    return inputs[0].shape[1] if matrix else None


def _width(one: Tensor) -> int | None:
    """How many values of a row an input takes: 1 for a column, None where it is another number or not known."""
    return 1 if len(one.shape) == 1 or (len(one.shape) == 2 and one.shape[1] == 1) else None


def _texts(column: Sequence[Any]) -> Array:
    array = np.empty(len(column), dtype=object)
    array[:] = [cell if isinstance(cell, str) else repr(cell) for cell in column]
    return array


def _numbers(rows: Sequence[Sequence[Any]], one: Tensor, wanted: str) -> Array:
    try:
        found = np.array([[float(cell) for cell in row] for row in rows], dtype=np.float64)
    except (TypeError, ValueError):
        raise ModelRefused("inputs", f"the model takes {wanted}; the rows have different lengths, or words") from None
    kind = np.dtype(one.dtype)
    if kind.kind in "iub":
        bounds = (0, 1) if kind.kind == "b" else (np.iinfo(kind).min, np.iinfo(kind).max)
        # from 2**53 on a text may be read as the double beside it, and the last one of 64 bits is none
        fits = (found >= bounds[0]) & (found <= bounds[1]) & (np.abs(found) < TOO_LARGE)
        if not np.all((found == np.floor(found)) & fits):
            raise ModelRefused("inputs", f"the model takes {wanted}: whole numbers in its range, below 2^53")
    with np.errstate(over="ignore"):
        return found.astype(kind)


def told(outputs: Mapping[str, Array], signature: Signature, *, row: int) -> dict[str, Any]:
    """What a model says of one row, JSON-ready: a value for each output.

    Scores are by class where the model names its classes. A number that is not finite is a word (``NaN``,
    ``Infinity``), since JSON has none for it; of what is long the beginning is told, with its length
    and, of one row of numbers, the places of the highest.
    """
    return {name: _told(array[row], signature.classes) for name, array in outputs.items()}


def _told(found: Any, classes: Sequence[str]) -> Any:
    array = np.asarray(found)
    flat = [_cell(cell) for cell in array.ravel()[:SHOWN_NUMBERS].tolist()]
    if array.ndim == 0:
        return flat[0]
    if array.ndim == 1 and array.size == len(classes) <= SHOWN_NUMBERS and array.dtype.kind == "f":
        return dict(zip(classes, flat, strict=True))
    if array.size > SHOWN_NUMBERS or array.ndim > 1:
        long: dict[str, Any] = {"shape": list(array.shape), "first": flat}
        if array.ndim == 1 and array.dtype.kind == "f" and bool(np.isfinite(array).all()):
            # scores of many classes, as models of pictures give them: which are the highest is what people look for
            best = np.argsort(-array, kind="stable")[:SHOWN_BEST].tolist()
            named = classes if len(classes) == array.size else range(array.size)
            long["highest"] = [[named[place], float(array[place])] for place in best]
        return long
    return flat


def _cell(cell: Any) -> Any:
    if isinstance(cell, float) and not math.isfinite(cell):
        return "NaN" if math.isnan(cell) else "Infinity" if cell > 0 else "-Infinity"
    if isinstance(cell, str):
        # half a character has no UTF-8
        return cell[:SHOWN_LETTERS].encode("utf-8", "replace").decode()
    return cell
