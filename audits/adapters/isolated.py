"""Adapters whose model is read and called in the sandbox: what differs from one to another is the guest."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import importlib.util
import logging
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audits.adapters import guests, signature, tensors
from audits.adapters.files import ModelFiles
from audits.adapters.protocol import OBSERVED
from audits.adapters.refusals import ModelFailed, ModelRefused
from audits.adapters.tensors import Array, Batch
from audits.sandbox.cell import Cell, Tick
from audits.sandbox.levels import LOWEST, Isolation, Level
from audits.sandbox.limits import Limits
from audits.sandbox.refusals import Refused, Stopped
from audits.sandbox.runtime import ROOT

GUESTS = Path(guests.__file__).parent
# What guests import of ours, besides what every program of the sandbox may.
SHARED = ("audits/adapters", "audits/measures")
COMPILING_S = 300

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Isolated:
    """A model's files and the guest that reads them.

    Attributes:
        packages: distributions that the guest needs; their versions are part of what predictions depend on.
        modules: what the guest imports of them, and this process does not.
        options: what the guest is told besides the path; JSON-ready.
        extra: the requirements that hold the packages.
        origin, keeps: see ``protocol.Adapter``.
    """

    kind: str
    files: ModelFiles
    packages: Sequence[str]
    modules: tuple[str, ...] = ()
    version: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)
    extra: str = "requirements/models.txt"
    origin: str = OBSERVED
    keeps: bool = True

    @property
    def digest(self) -> str:
        """See ``protocol.Adapter.digest``."""
        return self.files.digest

    @property
    def runtime(self) -> Mapping[str, Any]:
        """Packages with versions, the version of the guest, its options.

        Raises:
            ModelRefused: a package is not installed.
        """
        try:
            versions = {name: importlib.metadata.version(name) for name in self.packages}
        except importlib.metadata.PackageNotFoundError as missing:
            raise ModelRefused(
                "extra_missing",
                f"this worker has no {missing.name}; install {self.extra} into its environment and ask again",
            ) from None
        return {"guest": self.version, "packages": versions, "options": dict(self.options)}

    @contextlib.contextmanager
    def open(
        self,
        *,
        isolation: Isolation,
        limits: Limits | None = None,
        lowest: Level = LOWEST,
        tick: Tick = lambda: None,
    ) -> Iterator[Loaded]:
        """See ``protocol.Adapter.open``; the files are looked at again before and after."""
        _ = self.runtime  # refuses where a package is missing
        _compile(self.modules)
        readable = [self.files.path, *(ROOT / path for path in SHARED)]
        limits = limits or Limits()
        cell = Cell(
            GUESTS / f"{self.kind}.py", readable=readable, isolation=isolation, limits=limits, lowest=lowest, tick=tick
        )
        self.files.require_unchanged()
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(cell)
            except Stopped as stopped:
                raise ModelFailed(stopped.code, str(stopped), said=stopped.said) from stopped
            opening = {"path": str(self.files.path), "cores": limits.cores, **self.options}
            with _failures():
                told, _body = cell.ask({"open": opening}, seconds=limits.opening_seconds)
            yield Loaded(cell, signature.read(told.get("signature")), self.files.require_unchanged)
            self.files.require_unchanged()


@functools.cache
def _compile(modules: tuple[str, ...]) -> None:
    """Import packages once outside, where Python can keep what it compiles: inside it would compile at every start.

    Some installers leave that to the first import, and scientific packages take a minute.
    """
    found = [importlib.util.find_spec(name) for name in modules]
    origins = [spec.origin for spec in found if spec is not None and spec.origin]
    if all(Path(importlib.util.cache_from_source(origin)).exists() for origin in origins):
        return
    logger.info("compiling %s for the sandbox, once", ", ".join(modules))
    program = [sys.executable, "-c", "".join(f"import {name}\n" for name in modules)]
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with contextlib.suppress(subprocess.TimeoutExpired):  # then it is slow, not wrong
        subprocess.run(program, env=variables, capture_output=True, timeout=COMPILING_S, check=False)  # noqa: S603


class Loaded:
    """A model that runs in a cell."""

    def __init__(self, cell: Cell, declared: signature.Signature, unchanged: Tick = lambda: None) -> None:
        self.signature = declared
        self._cell, self._require_unchanged = cell, unchanged

    @property
    def isolation(self) -> Isolation:
        return self._cell.isolation

    @property
    def peak_memory_bytes(self) -> int:
        return self._cell.peak_memory_bytes

    def facts(self) -> Mapping[str, Any]:
        """Nothing besides what every result has."""
        return {}

    def predict(self, batch: Batch) -> dict[str, Array]:
        """See ``protocol.Running.predict``."""
        (answer,) = self.predict_each([batch])
        return answer

    def predict_each(self, batches: Iterable[Batch]) -> Iterator[dict[str, Array]]:
        """See ``protocol.Running.predict_each``. The model is given the next batch while it works on one."""
        rows: list[int] = []

        def questions() -> Iterator[tuple[Mapping[str, Any], Sequence[Any]]]:
            for batch in batches:
                try:
                    rows.append(self.signature.require(batch))
                    described, parts = tensors.packed(batch)
                except tensors.Malformed as odd:
                    raise ModelRefused("inputs", str(odd)) from odd
                yield {"predict": described}, parts

        with _failures(), contextlib.closing(self._cell.ask_each(questions())) as answers:
            for answer, body in answers:
                yield self._outputs(answer, body, rows=rows.pop(0))

    def _outputs(self, answer: Mapping[str, Any], body: memoryview, *, rows: int) -> dict[str, Array]:
        try:
            outputs = tensors.unpacked(answer.get("outputs"), body, rows=rows)
        except tensors.Malformed as odd:
            raise ModelFailed("wrong_answer", f"the model's answer cannot be read: {odd}") from odd
        for one in self.signature.outputs:
            array = outputs.get(one.name)
            if array is None or tensors.dtype_of(array) != one.dtype or array.ndim != len(one.shape):
                raise ModelFailed("wrong_answer", f"the model declares {one} and answers something else")
        # an answer is kept under the digest of these files
        self._require_unchanged()
        return outputs


@contextlib.contextmanager
def _failures() -> Iterator[None]:
    """What a cell raises, as adapters do."""
    try:
        yield
    except Stopped as stopped:
        raise ModelFailed(stopped.code, str(stopped), said=stopped.said) from stopped
    except Refused as refused:
        if refused.code == "model_failed":
            raise ModelFailed(refused.code, str(refused)) from refused
        raise ModelRefused(refused.code or "model_unreadable", str(refused)) from refused
