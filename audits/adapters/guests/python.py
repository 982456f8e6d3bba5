"""A function of Python that a developer is working on. Whatever it does, it does in here.

The function takes a list of texts and gives as many labels. One that takes rows of numbers says so in an attribute,
``function.takes = "float64"``, and one that gives something else in ``function.gives = {"label": "int64", "score":
"float64"}``: then it gives a mapping with these names, and of ``score`` a row of numbers for each case.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from audits.adapters import tensors
from audits.adapters.guests import serving
from audits.sandbox.inside.wire import Channel


def serve(channel: Channel) -> None:
    """Import one module, then answer batch after batch."""
    serving.serve(channel, Function)


class Function:
    """A callable found by its name in a file."""

    def __init__(self, told: dict[str, Any]) -> None:
        path = Path(told["path"])
        names: dict[str, Any] = {"__name__": path.stem, "__file__": str(path)}
        sys.dont_write_bytecode = True
        exec(compile(path.read_bytes(), str(path), "exec"), names)  # noqa: S102 - in the sandbox, and allowed by a setting
        self._call = names.get(told["function"])
        if not callable(self._call):
            raise serving.Refusal("model_unreadable", f"{path.name} has no function {ascii(told['function'])}")
        self._takes = str(getattr(self._call, "takes", tensors.TEXT))
        self._gives: dict[str, str] = dict(getattr(self._call, "gives", {"label": tensors.TEXT}))

    def signature(self) -> dict[str, Any]:
        texts = self._takes == tensors.TEXT
        taken = {"name": "X", "dtype": self._takes, "shape": [None] if texts else [None, None]}
        given = [{"name": name, "dtype": dtype, "shape": self._shape(name)} for name, dtype in self._gives.items()]
        return {"inputs": [taken], "outputs": given, "classes": []}

    @staticmethod
    def _shape(name: str) -> list[None]:
        return [None, None] if name == "score" else [None]

    def predict(self, batch: dict[str, tensors.Array]) -> dict[str, tensors.Array]:
        given = batch["X"]
        found = self._call(given.tolist() if self._takes == tensors.TEXT else given)  # type: ignore[misc]  # was looked at
        named = found if isinstance(found, Mapping) else {next(iter(self._gives)): found}
        return {name: _array(named[name], dtype) for name, dtype in self._gives.items()}


def _array(found: Any, dtype: str) -> tensors.Array:
    if dtype == tensors.TEXT:
        return np.array([str(one) for one in found], dtype=object)
    return np.asarray(found, dtype=dtype)
