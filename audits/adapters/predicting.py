"""Every row through a model, once."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np

from audits.adapters import kept, tensors
from audits.adapters.protocol import Adapter, Running
from audits.adapters.refusals import SAYS_NO, ModelFailed
from audits.adapters.signature import Signature, read
from audits.adapters.tensors import Array, Batch
from audits.sandbox.cell import Tick
from audits.sandbox.levels import LOWEST, Isolation, Level
from audits.sandbox.limits import Limits

Progress = Callable[[int, "int | None"], None]
UNCHANGED = "none"


@dataclass(frozen=True)
class Predictions:
    """What a model said of all rows.

    Attributes:
        outputs: by name, shape (rows, …).
        record: JSON-ready: where the answers come from, model, data and transform by digest, signature, isolation
            (null where nothing runs here), runtime, rows, seconds, peak memory, of each output how many numbers are
            not finite, and the facts of the model (of a service what it cost).
        key: of the store.
        from_store: whether nothing was run for it this time.
    """

    outputs: Mapping[str, Array]
    record: Mapping[str, Any]
    key: str
    from_store: bool


class Conversation:
    """A model that is asked again and again: loaded when an answer is not kept already, and anew after it broke.

    Enter and leave in one thread. The arguments are those of ``predict``.
    """

    def __init__(
        self,
        adapter: Adapter,
        *,
        isolation: Isolation,
        limits: Limits | None = None,
        lowest: Level = LOWEST,
        store: kept.Store | None = None,
        tick: Tick = lambda: None,
    ) -> None:
        self.adapter = adapter
        self._how: dict[str, Any] = {"isolation": isolation, "limits": limits, "lowest": lowest}
        self._store = store if store is not None and adapter.keeps else kept.NoStore()
        self._tick = tick
        self._held = contextlib.ExitStack()
        self._model: Running | None = None

    def __enter__(self) -> Conversation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def isolation(self) -> Isolation:
        """How the model is kept apart."""
        found: Isolation = self._how["isolation"]
        return found

    def anew(self, *, limits: Limits | None = None) -> Conversation:
        """Another conversation with the same model, for what no kept answer can tell: it keeps none and finds none."""
        how = self._how if limits is None else {**self._how, "limits": limits}
        return Conversation(self.adapter, tick=lambda: self._tick(), **how)

    def close(self) -> None:
        """End the model; the next question loads it anew."""
        self._model = None
        held, self._held = self._held, contextlib.ExitStack()
        held.close()

    def model(self) -> Running:
        """The loaded model, to be asked directly.

        Raises:
            NotIsolated, ModelRefused, ModelFailed: as ``predict``.
        """
        if self._model is None:
            opened: AbstractContextManager[Running] = self.adapter.open(tick=lambda: self._tick(), **self._how)
            self._model = self._held.enter_context(opened)
        return self._model

    def signature(self) -> Signature:
        """What the model takes and gives, from what is kept where it has been asked before."""
        if self._model is not None:
            return self._model.signature
        key = self._key("", "signature")
        found = self._store.get(key)
        if found is not None:
            return read(found[0])
        declared = self.model().signature
        self._store.put(key, declared.as_document(), {})
        return declared

    def predict(
        self,
        batches: Iterable[Batch],
        *,
        rows: int | None,
        data_digest: str,
        transform_digest: str = UNCHANGED,
        progress: Progress = lambda done, total: None,
    ) -> Predictions:
        """Ask about batches one after another, unless the answer is kept already; see ``predict``."""
        key = self._key(data_digest, transform_digest)
        found = self._store.get(key)
        if found is not None:
            record, outputs = found
            progress(record["rows"], rows)
            return Predictions(outputs, record, key, True)
        outer, done = self._tick, 0
        begun = time.monotonic()
        self._tick = lambda: progress(done, rows)
        pieces: list[dict[str, Array]] = []
        try:
            model = self.model()
            for answer in model.predict_each(batches):
                if pieces and {name: a.shape[1:] for name, a in answer.items()} != {
                    name: a.shape[1:] for name, a in pieces[0].items()
                }:
                    raise ModelFailed("wrong_answer", "the model's answers have different shapes from batch to batch")
                pieces.append(answer)
                done += len(next(iter(answer.values())))
                progress(done, rows)
        except BaseException as broke:
            # What is left of a model that broke is not to be asked. One that says no to a batch has answered, and goes
            # on: to load it anew for every column that it wants filled takes minutes.
            if not (isinstance(broke, ModelFailed) and broke.code == SAYS_NO):
                self.close()
            raise
        finally:
            self._tick = outer
        outputs = tensors.joined(pieces)
        record = {
            "kind": self.adapter.kind,
            "origin": self.adapter.origin,
            "model": self.adapter.digest,
            "data": data_digest,
            "transform": transform_digest,
            "runtime": dict(self.adapter.runtime),
            "signature": model.signature.as_document(),
            "isolation": None if model.isolation is None else model.isolation.as_document(),
            "rows": done,
            "seconds": round(time.monotonic() - begun, 3),
            "peak_memory_bytes": model.peak_memory_bytes,
            "not_finite": {
                name: int(np.count_nonzero(~np.isfinite(array)))
                for name, array in outputs.items()
                if array.dtype.kind == "f"
            },
            **model.facts(),
        }
        self._store.put(key, record, outputs)
        return Predictions(outputs, record, key, False)

    def _key(self, data_digest: str, transform_digest: str) -> str:
        return kept.key(
            model=self.adapter.digest,
            data=data_digest,
            transform=transform_digest,
            kind=self.adapter.kind,
            runtime=self.adapter.runtime,
        )


def predict(
    adapter: Adapter,
    batches: Iterable[Batch],
    *,
    rows: int | None,
    data_digest: str,
    transform_digest: str = UNCHANGED,
    isolation: Isolation,
    limits: Limits | None = None,
    lowest: Level = LOWEST,
    store: kept.Store | None = None,
    progress: Progress = lambda done, total: None,
) -> Predictions:
    """Ask a model about batches one after another, unless the answer is kept already.

    Args:
        batches: what the model takes, already transformed; not read where the answer is kept.
        rows: how many rows there are together, where that is known.
        data_digest: of the data before any transform; with ``transform_digest`` it names the batches.
        progress: rows done and all of them; called after each batch and several times a second while one is waited for.
            What it raises ends the model.

    Raises:
        NotIsolated: this machine cannot keep the model apart.
        ModelRefused: the model cannot be read, or the batches do not fit it.
        ModelFailed: it was asked and did not answer as a model does.
    """
    with Conversation(adapter, isolation=isolation, limits=limits, lowest=lowest, store=store) as model:
        return model.predict(
            batches, rows=rows, data_digest=data_digest, transform_digest=transform_digest, progress=progress
        )
