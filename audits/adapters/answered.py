"""Answers that a model gave somewhere else, found by the text that it was asked. Nothing is run here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import rfc8785

from audits.adapters.protocol import DECLARED, Running
from audits.adapters.signature import Signature, Tensor
from audits.adapters.tensors import TEXT, Array, Batch
from audits.measures.naming import quoted
from audits.measures.refusals import CodedRefusal
from audits.sandbox.cell import Tick
from audits.sandbox.levels import LOWEST, Isolation, Level
from audits.sandbox.limits import Limits

KIND = "answers"
SIGNATURE = Signature((Tensor("text", TEXT, (None,)),), (Tensor("answer", TEXT, (None,)),))
LONGEST_QUOTED = 80


class AnswersMissing(CodedRefusal):
    """The table does not answer all that is asked, or answers it in two ways: a fact about the table, not the model."""


class Answered:
    """A model of which only its answers are known; see ``adapters.protocol.Adapter``.

    Attributes:
        answers: by the text that was asked.
    """

    kind = KIND
    origin = DECLARED
    keeps = False
    runtime: Mapping[str, Any] = {}

    def __init__(self, texts: Sequence[str | None], answers: Sequence[str | None]) -> None:
        """Keep what was said of each text.

        Args:
            texts, answers: row by row; a missing text is an empty one, and a row without an answer says nothing.

        Raises:
            AnswersMissing: one text has two different answers.
        """
        found: dict[str, str] = {}
        for cell, answer in zip(texts, answers, strict=True):
            if answer is None:
                continue
            text = cell or ""
            if found.setdefault(text, answer) != answer:
                raise AnswersMissing(
                    "answers_differ",
                    f"the same text has two answers, {quoted(found[text])} and {quoted(answer)}:"
                    f" {quoted(text[:LONGEST_QUOTED])}; ask about each text once",
                )
        self.answers = found
        pairs = [[text.encode("utf-8", "surrogatepass").hex(), answer] for text, answer in sorted(found.items())]
        self.digest = hashlib.sha256(rfc8785.dumps(pairs)).hexdigest()

    def open(
        self,
        *,
        isolation: Isolation,
        limits: Limits | None = None,
        lowest: Level = LOWEST,
        tick: Tick = lambda: None,
    ) -> AbstractContextManager[Running]:
        """Nothing is started, so that nothing has to be kept apart."""
        return nullcontext(Answering(self.answers))


class Answering:
    """The table, asked; see ``adapters.protocol.Running``."""

    signature: Signature = SIGNATURE
    isolation: Isolation | None = None
    peak_memory_bytes = 0

    def __init__(self, answers: Mapping[str, str]) -> None:
        self._answers = answers

    def predict(self, batch: Batch) -> dict[str, Array]:
        """Raises AnswersMissing: a text has no answer."""
        texts = batch[SIGNATURE.inputs[0].name].tolist()
        lacking = [text for text in texts if text not in self._answers]
        if lacking:
            raise AnswersMissing(
                "answers_missing",
                f"{len(lacking):,} of {len(texts):,} texts that are asked about together have no answer, the first is"
                f" {quoted(lacking[0][:LONGEST_QUOTED])}; make the table with make_stress by the same plan and seed,"
                " leave its rows in their order, and have the model answer every row",
            )
        found = np.empty(len(texts), dtype=object)
        found[:] = [self._answers[text] for text in texts]
        return {SIGNATURE.outputs[0].name: found}

    def predict_each(self, batches: Iterable[Batch]) -> Iterator[dict[str, Array]]:
        """One batch after another; raises as ``predict``."""
        return map(self.predict, batches)

    def facts(self) -> Mapping[str, Any]:
        """How many answers there are."""
        return {"answers": len(self._answers)}
