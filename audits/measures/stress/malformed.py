"""Inputs that no model should be given, what it did with each, and whether it could go on.

What does not fit a model's declared inputs at all is refused before it reaches the model; that is asked too, because
somebody who calls it in production has no such gate before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Batch = Mapping[str, Array]

# What a model can do. ``kept_out``: the input does not fit what the model declares, and was not passed on to it.
ANSWERED, NOT_FINITE, REFUSED, KEPT_OUT = "answered", "not_finite", "refused", "kept_out"
CRASHED, HUNG, OUT_OF_MEMORY, WRONG_ANSWER = "crashed", "hung", "out_of_memory", "wrong_answer"
OUTCOMES = (ANSWERED, REFUSED, KEPT_OUT, NOT_FINITE, WRONG_ANSWER, CRASHED, HUNG, OUT_OF_MEMORY)
# These end a service for everybody; an answer that is none goes on as if it were one.
FAILING = (CRASHED, HUNG, OUT_OF_MEMORY, WRONG_ANSWER)

MEGABYTE = 1_000_000
LONGEST = 100_000
NESTED = 10_000


class Input(Protocol):
    """A declared input: ``None`` in the shape stands for any number."""

    @property
    def name(self) -> str: ...

    @property
    def dtype(self) -> str: ...

    @property
    def shape(self) -> tuple[int | None, ...]: ...


@dataclass(frozen=True)
class Malformed:
    """One malformed input.

    Attributes:
        family: ``numbers``, ``texts``, ``images`` or ``structure``.
        name: what is wrong with it, one word of this module's.
        locus: the input of the model that it is in; empty where it is all of them.
    """

    family: str
    name: str
    locus: str
    batch: Batch


def malformed(inputs: Sequence[Input], good: Batch) -> Iterator[Malformed]:
    """Malformed inputs, made of a good one.

    Args:
        inputs: what the model declares.
        good: a batch that it answers, with at least one row; the first is used.

    Raises:
        ValueError: the good batch is not of these inputs, or has no row.
    """
    if {one.name for one in inputs} != set(good) or not all(array.ndim and len(array) for array in good.values()):
        raise ValueError("a good batch has every input of the model, and a row")
    row = {name: array[:1] for name, array in good.items()}
    for one in inputs:
        made = _texts(one) if one.dtype == "text" else _numbers(one, row[one.name])
        for family, name, array in made:
            yield Malformed(family, name, one.name, {**row, one.name: array})
    yield from _structure(inputs, row)


def _texts(one: Input) -> Iterator[tuple[str, str, Array]]:
    shape = tuple(1 if size is None else size for size in one.shape) or (1,)
    cases = {
        "empty": "",
        "spaces": " \t\n\u00a0\u2003",
        "one_letter": "a",
        "nul": "a\0b",
        "lone_surrogate": "a\ud800b",
        "not_utf8": b"caf\xe9".decode("utf-8", "surrogateescape"),
        "right_to_left": "abc\u202edef\u202c",
        "emoji": "\U0001f469\u200d\U0001f469\u200d\U0001f467" * 50,
        "combining": "e" + "\u0301" * 1000,
        "long_text": "word " * (LONGEST // 5),
        "one_long_word": "x" * MEGABYTE,
        "nested": "[" * NESTED + "]" * NESTED,
        "number": "1e308",
    }
    for name, text in cases.items():
        array = np.empty(shape, dtype=object)
        array.fill(text)
        yield "texts", name, array


def _numbers(one: Input, row: Array) -> Iterator[tuple[str, str, Array]]:
    family = "images" if row.ndim == 4 else "numbers"
    if row.dtype.kind == "f":
        largest = float(np.finfo(row.dtype).max)
        cases = {
            "nan": float("nan"),
            "infinity": float("inf"),
            "minus_infinity": float("-inf"),
            "largest": largest,
            "smallest": -largest,
            "tiny": float(np.finfo(row.dtype).smallest_subnormal),
            "zeros": 0.0,
        }
    elif row.dtype.kind in "iu":
        cases = {"largest": np.iinfo(row.dtype).max, "smallest": np.iinfo(row.dtype).min, "zeros": 0}
    else:
        cases = {}
    for name, value in cases.items():
        yield family, name, np.full_like(row, value)
    if row.dtype.kind == "f" and row.size > 1:
        single = row.copy()
        single.flat[0] = np.nan
        yield family, "one_nan", single


def _structure(inputs: Sequence[Input], row: Batch) -> Iterator[Malformed]:
    def changed(name: str, one: Input, array: Array) -> Malformed:
        return Malformed("structure", name, one.name, {**row, one.name: array})

    yield Malformed("structure", "no_rows", "", {name: array[:0] for name, array in row.items()})
    yield Malformed("structure", "nothing", "", {})
    yield Malformed("structure", "extra_input", "", {**row, "input that the model has not": np.zeros(1)})
    for one in inputs:
        array = row[one.name]
        if len(inputs) > 1:
            yield Malformed("structure", "missing_input", one.name, {n: a for n, a in row.items() if n != one.name})
            yield changed("other_rows", one, np.concatenate([array, array]))
        yield changed("wrong_type", one, np.zeros(array.shape) if one.dtype == "text" else _as_texts(array))
        if one.dtype in ("float32", "float64"):
            other = np.float64 if one.dtype == "float32" else np.float32
            yield changed("other_precision", one, array.astype(other))
        yield changed("fewer_dimensions", one, array[:1].reshape(array.shape[1:]))
        yield changed("more_dimensions", one, array[None])
        if array.ndim > 1 and array.shape[-1] > 1:
            yield changed("missing_column", one, array[..., :-1])
        if array.ndim > 1:
            yield changed("extra_column", one, np.concatenate([array, array[..., :1]], axis=-1))
        if array.ndim == 4:
            yield changed("no_pixels", one, array[:, :, :0])


def _as_texts(array: Array) -> Array:
    made = np.empty(array.shape, dtype=object)
    made.fill("a")
    return made


@dataclass(frozen=True)
class Observed:
    """What a model did with a malformed input.

    Attributes:
        outcome: one of ``OUTCOMES``.
        code, message: of its refusal or its end, as it told them; untrusted.
        goes_on: whether it answered a good input afterwards as it had before; None where it had to be started anew.
    """

    outcome: str
    code: str = ""
    message: str = ""
    goes_on: bool | None = True


def outcome_rows(asked: Sequence[tuple[Malformed, Observed]]) -> list[dict[str, Any]]:
    """What happened with each, JSON-ready, in the order in which it was asked."""
    return [
        {
            "family": one.family,
            "input": one.name,
            "locus": one.locus[:200],
            "outcome": seen.outcome,
            "code": seen.code,
            "message": seen.message[:300],
            "goes_on": seen.goes_on,
            "failed": _failed(seen),
        }
        for one, seen in asked
    ]


def _failed(seen: Observed) -> bool:
    return seen.outcome in FAILING or seen.goes_on is False


def matrix(asked: Sequence[tuple[Malformed, Observed]]) -> list[dict[str, Any]]:
    """How many inputs of each family came to which outcome, with all of them."""
    families = list(dict.fromkeys(one.family for one, _ in asked))
    made = []
    for family in families:
        seen = [observed for one, observed in asked if one.family == family]
        counts = {outcome: sum(one.outcome == outcome for one in seen) for outcome in OUTCOMES}
        made.append(
            {"family": family, "inputs": len(seen), **counts, "stuck": sum(one.goes_on is False for one in seen)}
        )
    return made


def audit_malformed(
    inputs: Sequence[Input],
    good: Batch,
    observe: Callable[[Batch], Observed],
    *,
    progress: Callable[[int, int | None], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Give a model every malformed input, one after another.

    Args:
        inputs, good: see ``malformed``.
        observe: passes one on and says what happened; it sees to it that the model is there for the next one.

    Returns:
        JSON-ready: ``outcomes`` (one row each), ``matrix`` by family, ``failed`` (how many ended or blocked the model,
        or were answered by what is no answer), ``not_finite`` and ``verdict``: ``fail`` where one failed, ``warn``
        where a finite answer was not to be had for a malformed input and nothing told so, ``pass`` otherwise.
    """
    every = list(malformed(inputs, good))
    asked = []
    for number, one in enumerate(every):
        progress(number, len(every))
        asked.append((one, observe(one.batch)))
    failed = sum(_failed(seen) for _, seen in asked)
    not_finite = sum(seen.outcome == NOT_FINITE for _, seen in asked)
    return {
        "inputs": len(asked),
        "outcomes": outcome_rows(asked),
        "matrix": matrix(asked),
        "failed": failed,
        "not_finite": not_finite,
        "verdict": "fail" if failed else "warn" if not_finite else "pass",
    }
