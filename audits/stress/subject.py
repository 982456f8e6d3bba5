"""What is put under stress: a model that can be asked, a table of inputs, and the plan."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import rfc8785

from audits.adapters import tensors
from audits.adapters.predicting import UNCHANGED, Conversation, Predictions, Progress
from audits.adapters.signature import Signature
from audits.adapters.tensors import Batch
from audits.measures.refusals import CodedRefusal
from audits.measures.stress.plan import StressPlan
from audits.measures.tables.loading import Loaded


class StressRefused(CodedRefusal):
    """The model and the table do not go together, or not with the plan; the message says how to mend it."""


@dataclass(frozen=True)
class KeptCase:
    """An input that somebody kept as a permanent test, and the answer that it needs; of a picture, its bytes."""

    id: str
    input: Mapping[str, Any]
    expected: str
    picture: bytes = b""


@dataclass
class Subject:
    """All that a part of a stress audit works with.

    Attributes:
        rows: which rows of the table are used, rising; shape (n,).
        total: answers that all parts will ask for; ``done`` of them are there.
        records: of every question that was asked, as kept with its answers.
        made: inputs that several parts ask about, made once.
    """

    conversation: Conversation
    signature: Signature
    table: Loaded
    plan: StressPlan
    rows: npt.NDArray[np.int64]
    seed: int
    progress: Progress
    kept_cases: Sequence[KeptCase] = ()
    total: int = 0
    done: int = 0
    records: list[Mapping[str, Any]] = field(default_factory=list)
    made: dict[str, Any] = field(default_factory=dict)

    def ask(self, inputs: Batch, *, data_digest: str = "", transform: Mapping[str, Any] | None = None) -> Predictions:
        """The model's answers to some inputs, in batches; predicted once for the same model, data and transform.

        Args:
            inputs: by name as the model takes them, all rows.
            data_digest: of the data before the transform, as ``digest_of``; of the inputs where it is left out.
            transform: what was done to the data, JSON-ready; None for nothing.

        Raises:
            NotIsolated, ModelRefused, ModelFailed: as ``adapters.predicting``.
        """
        size = len(next(iter(inputs.values())))
        step = self.plan.batch
        batches = ({name: a[at : at + step] for name, a in inputs.items()} for at in range(0, size, step))
        found = self.conversation.predict(
            batches,
            rows=size,
            data_digest=data_digest or tensors.digest(inputs),
            transform_digest=UNCHANGED if transform is None else digest_of(transform),
            progress=lambda done, _total: self.progress(self.done + done, max(self.total, self.done + done)),
        )
        self.done += size
        self.records.append(found.record)
        return found


def digest_of(document: Mapping[str, Any]) -> str:
    """SHA-256 of the RFC 8785 form."""
    whole: Any = dict(document)
    return hashlib.sha256(rfc8785.dumps(whole)).hexdigest()
