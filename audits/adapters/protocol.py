"""What every adapter offers, so that an audit need not know which one it has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from audits.adapters.signature import Signature
from audits.adapters.tensors import Array, Batch
from audits.sandbox.cell import Tick
from audits.sandbox.levels import LOWEST, Isolation, Level
from audits.sandbox.limits import Limits

# Where answers come from, as results say it.
OBSERVED, DECLARED, ENDPOINT = "observed", "declared", "endpoint"


class Running(Protocol):
    """A model that is loaded and can be asked."""

    @property
    def signature(self) -> Signature: ...

    @property
    def isolation(self) -> Isolation | None:
        """How it is kept apart; None for a service elsewhere, of which nothing runs here."""

    @property
    def peak_memory_bytes(self) -> int:
        """The most it has been seen to use so far; exact once it is closed. 0 where it runs elsewhere."""

    def predict(self, batch: Batch) -> dict[str, Array]:
        """Its answer for some rows: every output has as many.

        Raises:
            ModelRefused: the batch does not fit what the model takes.
            ModelFailed: no answer, or none that fits.
        """

    def predict_each(self, batches: Iterable[Batch]) -> Iterator[dict[str, Array]]:
        """Its answers for some batches, in their order; a batch may be read before the answer to the one before it is
        there. Raises as ``predict``."""

    def facts(self) -> Mapping[str, Any]:
        """What a result says besides, so far: of a service its requests, tokens and cost. JSON-ready."""


class Adapter(Protocol):
    """A model and the way to call it."""

    @property
    def kind(self) -> str:
        """``onnx``, ``skops``, ``table``, ``transformers``, ``python``, ``http``, ``answers``."""

    @property
    def origin(self) -> str:
        """``observed`` (these very bytes were run here), ``declared`` (somebody says what a model answered) or
        ``endpoint`` (a service answered, and nobody here sees what stands behind it)."""

    @property
    def digest(self) -> str:
        """SHA-256 of the model's bytes; of a service, of how it is asked."""

    @property
    def keeps(self) -> bool:
        """Whether its digest says all that its answers depend on, so that they need not be asked for again."""

    @property
    def runtime(self) -> Mapping[str, Any]:
        """All else that its predictions depend on: packages with versions, options."""

    def open(
        self,
        *,
        isolation: Isolation,
        limits: Limits | None = None,
        lowest: Level = LOWEST,
        tick: Tick = lambda: None,
    ) -> AbstractContextManager[Running]:
        """Load it. ``tick`` is called while it is waited for, and may end it by what it raises.

        Raises:
            NotIsolated: this machine cannot keep it apart.
            ModelRefused: it cannot be read, or holds what is not allowed.
            ModelFailed: reading it did not come to an end.
        """
