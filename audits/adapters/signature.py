"""What a model takes and gives, as it declares it itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from audits.adapters.hearing import Hearing, hearing_from
from audits.adapters.refusals import ModelFailed, ModelRefused
from audits.adapters.tensors import DTYPES, MAX_DIMENSIONS, Batch, dtype_of
from audits.measures.naming import quoted

# Of what a stranger's model says of itself no more is kept.
LONGEST_NAME = 1000
MOST_CLASSES, LONGEST_CLASS = 10_000, 200
# The output of a model that gives a vector for each text, and no classes.
EMBEDDING = "embedding"
# The output that says of which texts a model has read the beginning alone; those that read tokens have it.
TRUNCATED = "truncated"


@dataclass(frozen=True)
class Tensor:
    """One input or output; None in the shape stands for any number."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]

    def __str__(self) -> str:
        return f"{quoted(self.name)}: {self.dtype}[{', '.join('any' if n is None else str(n) for n in self.shape)}]"

    def as_document(self) -> dict[str, Any]:
        return {"name": self.name, "dtype": self.dtype, "shape": list(self.shape)}


@dataclass(frozen=True)
class Signature:
    """What a model takes and gives.

    Attributes:
        classes: their names, where scores are by class and the model says which.
        columns: the names of what its one input takes side by side, where the model says them.
        hearing: of a model that is given sounds, how it hears.
    """

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    classes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    hearing: Hearing | None = None

    def as_document(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "inputs": [one.as_document() for one in self.inputs],
            "outputs": [one.as_document() for one in self.outputs],
            "classes": list(self.classes),
            **({"columns": list(self.columns)} if self.columns else {}),
            **({} if self.hearing is None else {"hearing": self.hearing.as_document()}),
        }

    def require(self, batch: Batch) -> int:
        """The rows of a batch that fits the inputs.

        Raises:
            ModelRefused: a name, a type or a shape does not fit; nothing was asked.
        """
        if batch.keys() != {one.name for one in self.inputs}:
            wanted = ", ".join(map(str, self.inputs))
            got = ", ".join(quoted(name) for name in sorted(batch)) or "nothing"
            raise ModelRefused("inputs", f"the model takes {wanted}; it was given {got}")
        for one in self.inputs:
            array = batch[one.name]
            if dtype_of(array) != one.dtype or not _fits(array.shape, one.shape):
                given = f"{dtype_of(array)}{list(array.shape)}"
                raise ModelRefused("inputs", f"the model takes {one}; it was given {given}: convert it first")
        rows = {len(batch[one.name]) for one in self.inputs if one.shape}
        if len(rows) != 1:
            raise ModelRefused("inputs", f"the inputs have different numbers of rows: {sorted(rows)}")
        return rows.pop()


def _fits(shape: Sequence[int], wanted: Sequence[int | None]) -> bool:
    return len(shape) == len(wanted) and all(
        want is None or have == want for have, want in zip(shape, wanted, strict=True)
    )


def read(document: Any) -> Signature:
    """A signature as a guest told it.

    Raises:
        ModelFailed: it is none; the guest was made to say something else.
    """
    try:
        inputs, outputs = ([_tensor(one) for one in document[key]] for key in ("inputs", "outputs"))
        classes, columns = _names(document["classes"]), _names(document.get("columns", []))
        hearing = hearing_from(document["hearing"]) if "hearing" in document else None
    except (TypeError, KeyError, ValueError, AttributeError) as odd:
        raise ModelFailed("wrong_answer", "the model does not say what it takes and gives") from odd
    if not inputs or not outputs:
        raise ModelFailed("wrong_answer", "the model takes nothing, or gives nothing")
    return Signature(tuple(inputs), tuple(outputs), classes, columns, hearing)


def _names(told: Any) -> tuple[str, ...]:
    names = tuple(str(name)[:LONGEST_CLASS] for name in told[:MOST_CLASSES])
    if not all(map(_storable, names)):
        raise ValueError("no names")
    return names


def _tensor(one: Any) -> Tensor:
    name, dtype, shape = one["name"], one["dtype"], one["shape"]
    sized = all(size is None or (type(size) is int and size >= 0) for size in shape)
    if (
        not isinstance(name, str)
        or len(name) > LONGEST_NAME
        or not _storable(name)
        or dtype not in DTYPES
        or len(shape) > MAX_DIMENSIONS
        or not sized
    ):
        raise ValueError("no tensor")
    return Tensor(name, dtype, tuple(shape))


def _storable(name: str) -> bool:
    """Whether a database and a canonical document can hold it: no NUL, no half of a surrogate pair."""
    return "\0" not in name and not any("\ud800" <= letter <= "\udfff" for letter in name)
