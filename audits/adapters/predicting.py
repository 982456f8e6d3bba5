"""Every row through a model, once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from audits.adapters import kept, tensors
from audits.adapters.protocol import Adapter
from audits.adapters.refusals import ModelFailed
from audits.adapters.tensors import Array, Batch
from audits.sandbox.levels import LOWEST, Isolation, Level
from audits.sandbox.limits import Limits

Progress = Callable[[int, "int | None"], None]
UNCHANGED = "none"


def in_batches(batch: Batch, *, size: int) -> Iterator[Batch]:
    """A batch as several of at most ``size`` rows, in their order; views, no copies."""
    rows = max((len(array) for array in batch.values()), default=0)
    for begin in range(0, rows, size):
        yield {name: array[begin : begin + size] for name, array in batch.items()}


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
    store = store if store is not None and adapter.keeps else kept.NoStore()
    runtime = adapter.runtime
    key = kept.key(
        model=adapter.digest, data=data_digest, transform=transform_digest, kind=adapter.kind, runtime=runtime
    )
    found = store.get(key)
    if found is not None:
        record, outputs = found
        progress(record["rows"], rows)
        return Predictions(outputs, record, key, True)

    done = 0
    pieces: list[dict[str, Array]] = []
    begun = time.monotonic()
    opened = adapter.open(isolation=isolation, limits=limits, lowest=lowest, tick=lambda: progress(done, rows))
    with opened as model:
        for batch in batches:
            answer = model.predict(batch)
            if pieces and {name: a.shape[1:] for name, a in answer.items()} != {
                name: a.shape[1:] for name, a in pieces[0].items()
            }:
                raise ModelFailed("wrong_answer", "the model's answers have different shapes from batch to batch")
            pieces.append(answer)
            done += len(next(iter(answer.values())))
            progress(done, rows)
        declared, facts = model.signature.as_document(), dict(model.facts())
    outputs = tensors.joined(pieces)
    record = {
        "kind": adapter.kind,
        "origin": adapter.origin,
        "model": adapter.digest,
        "data": data_digest,
        "transform": transform_digest,
        "runtime": dict(runtime),
        "signature": declared,
        "isolation": None if model.isolation is None else model.isolation.as_document(),
        "rows": done,
        "seconds": round(time.monotonic() - begun, 3),
        "peak_memory_bytes": model.peak_memory_bytes,
        "not_finite": {
            name: int(np.count_nonzero(~np.isfinite(array)))
            for name, array in outputs.items()
            if array.dtype.kind == "f"
        },
        **facts,
    }
    store.put(key, record, outputs)
    return Predictions(outputs, record, key, False)
