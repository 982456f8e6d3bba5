"""From what a model puts out to the answers that people judge, and to codes for counting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from audits.adapters.predicting import Predictions
from audits.adapters.signature import EMBEDDING, Signature
from audits.measures.naming import listed, quoted
from audits.measures.stress.plan import StressPlan
from audits.measures.tables.chunks import canonical
from audits.stress.subject import StressRefused

Codes = npt.NDArray[np.int64]


def gives_embeddings(signature: Signature, plan: StressPlan) -> bool:
    """Whether what is asked for are vectors of texts, which are no answers by themselves."""
    given = [one for one in signature.outputs if one.name == EMBEDDING and len(one.shape) == 2]
    return bool(given) and plan.output in (None, EMBEDDING)


def output_of(signature: Signature, plan: StressPlan) -> str:
    """The output that holds the answers: what the plan names, else one label for each row, else scores by class.

    Raises:
        StressRefused: there is none, or vectors that are no answers.
    """
    if gives_embeddings(signature, plan):
        raise StressRefused(
            "no_classes",
            "the model gives embeddings and no classes: changed texts are looked for among the unchanged ones, and "
            "nothing else has an answer to judge; leave out templates and drop permanent tests, or bring a classifier",
        )
    names = [one.name for one in signature.outputs]
    if plan.output is not None:
        if plan.output not in names:
            raise StressRefused(
                "output_unknown", f"the model has no output {quoted(plan.output)}; it has {listed(names)}"
            )
        return plan.output
    for one in signature.outputs:
        if len(one.shape) == 1 and not one.dtype.startswith("float"):
            return one.name
    for one in signature.outputs:
        if len(one.shape) == 2 and one.shape[1] != 1:
            return one.name
    if len(names) == 1:
        return names[0]
    raise StressRefused(
        "output_unclear", f"which output holds the answer? Name it in the audit plan (output): {listed(names)}"
    )


def answers_of(found: Predictions, signature: Signature, plan: StressPlan) -> list[str]:
    """The answer to each row, spelt as a label of a table is.

    Scores by class become the class with the largest one, by its name where the model says it.
    """
    array = np.asarray(found.outputs[output_of(signature, plan)])
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 2:
        array = array.argmax(axis=1)
        if signature.classes:
            array = np.array(signature.classes, dtype=object)[array]
    if array.ndim != 1:
        raise StressRefused("output_unclear", "the output that holds the answer has too many dimensions; name another")
    said, codes = np.unique(array.astype(object) if array.dtype.kind == "O" else array, return_inverse=True)
    spelt = [_spelt(one) for one in said.tolist()]
    mapped = [plan.classes.get(one, one) for one in spelt]
    return [mapped[code] for code in codes.tolist()]


def answered(found: Predictions) -> npt.NDArray[np.bool_]:
    """Which rows have an answer: one whose numbers are not all finite has none, whatever class it names. Shape (n,)."""
    arrays = [np.asarray(array) for array in found.outputs.values()]
    rows = np.ones(len(arrays[0]) if arrays else 0, dtype=bool)
    for array in arrays:
        if array.dtype.kind == "f":
            rows &= np.isfinite(array).reshape(len(rows), -1).all(axis=1)
    return rows


def _spelt(one: Any) -> str:
    return canonical(one, column="answer") or ""


class Names:
    """Answers and labels as whole numbers, the same text always the same one."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def codes(self, texts: Sequence[str | None]) -> Codes:
        """-1 where there is none."""
        known = self.known
        return np.fromiter(
            (-1 if one is None else known.setdefault(one, len(known)) for one in texts),
            dtype=np.int64,
            count=len(texts),
        )

    def named(self) -> list[str]:
        return list(self.known)
