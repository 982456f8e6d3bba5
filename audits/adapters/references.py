"""From a model reference as people write it (``onnx:PATH``) to its adapter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from audits.adapters.files import model_files
from audits.adapters.isolated import Isolated
from audits.adapters.protocol import Adapter
from audits.adapters.refusals import ModelRefused
from audits.sandbox.cell import Tick


def onnx(path: Path, *, tick: Tick = lambda: None) -> Isolated:
    """A model in ONNX: a file, or a folder with one and its external data.

    Raises:
        ModelRefused: its files cannot be used.
    """
    return Isolated("onnx", model_files(path, tick=tick), ("onnxruntime", "numpy"), ("onnxruntime",))


def skops(path: Path, *, tick: Tick = lambda: None) -> Isolated:
    """A scikit-learn model in a file of skops. Raises ModelRefused: its file cannot be used."""
    return Isolated("skops", model_files(path, tick=tick), ("skops", "scikit-learn", "scipy", "numpy"), ("skops.io",))


def table(path: Path, *, outputs: Sequence[str], tick: Tick = lambda: None) -> Isolated:
    """A table of predictions; ``outputs`` are the columns that hold them. Raises ModelRefused: no such file."""
    options = {"outputs": list(outputs)}
    return Isolated("table", model_files(path, tick=tick), ("numpy", "pyarrow"), options=options)


KINDS: dict[str, Callable[[Path], Adapter]] = {"onnx": onnx, "skops": skops}


def adapter(reference: str) -> Adapter:
    """The adapter of ``onnx:PATH`` or ``skops:PATH``.

    Raises:
        ModelRefused: another kind, or the path cannot be used.
    """
    kind, colon, path = reference.partition(":")
    if not colon or not path:
        raise ModelRefused("model_reference", f"{ascii(reference[:100])} is no reference to a model; write onnx:PATH")
    if kind in ("pickle", "joblib", "torch"):
        raise ModelRefused(
            "pickle_refused",
            "a pickled model runs whatever its author wrote as soon as it is read, and is never read here; its owner "
            "can convert it to ONNX or skops, or upload a table of its predictions",
        )
    if kind not in KINDS:
        known = ", ".join(f"{name}:PATH" for name in sorted(KINDS))
        raise ModelRefused("model_kind", f"there is no adapter for {ascii(kind[:40])}; known are {known}")
    return KINDS[kind](Path(path))
