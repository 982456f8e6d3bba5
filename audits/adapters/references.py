"""From a model reference as people write it (``onnx:PATH``) to its adapter."""

from __future__ import annotations

import importlib.machinery
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from audits.adapters import hearing
from audits.adapters.endpoints.guard import Allowed
from audits.adapters.endpoints.service import Endpoint, Service
from audits.adapters.files import model_files
from audits.adapters.isolated import Isolated
from audits.adapters.protocol import DECLARED, Adapter
from audits.adapters.refusals import ModelRefused
from audits.sandbox.cell import Tick

FUNCTION = re.compile(r"(?P<module>[^:\0]{1,500}):(?P<function>[A-Za-z_][A-Za-z0-9_]{0,100})")
MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")


def onnx(
    path: Path,
    *,
    pictures: bool = False,
    sounds: Mapping[str, int] | None = None,
    tick: Tick = lambda: None,
) -> Isolated:
    """A model in ONNX: a file, or a folder with one and its external data.

    One that reads tokens is given texts where its folder has a ``tokenizer.json``.

    Args:
        pictures: whether it is given encoded pictures, which are decoded where it runs.
        sounds: given where it is given encoded sounds, which are decoded there too: what is told of how it hears, see
            ``hearing.told``; empty where its files say it.

    Raises:
        ModelRefused: its files cannot be used, or what is told is not what can be.
    """
    files = model_files(path, tick=tick)
    if sounds is not None:
        try:
            options: dict[str, Any] = {"sounds": hearing.told(sounds)}
        except hearing.HearingOdd as odd:
            raise ModelRefused("hearing_odd", str(odd)) from odd
        return Isolated(
            "onnx", files, ("onnxruntime", "numpy", "scipy"), ("onnxruntime", "scipy.signal"), options=options
        )
    if pictures:
        packages, options = ("onnxruntime", "numpy", "pillow"), {"pictures": True}
        return Isolated("onnx", files, packages, ("onnxruntime", "PIL.Image"), options=options)
    if (files.path / "tokenizer.json").is_file():
        packages, options = ("onnxruntime", "numpy", "tokenizers"), {"texts": True}
        return Isolated("onnx", files, packages, ("onnxruntime", "tokenizers"), options=options)
    return Isolated("onnx", files, ("onnxruntime", "numpy"), ("onnxruntime",))


def skops(path: Path, *, tick: Tick = lambda: None) -> Isolated:
    """A scikit-learn model in a file of skops. Raises ModelRefused: its file cannot be used."""
    return Isolated("skops", model_files(path, tick=tick), ("skops", "scikit-learn", "scipy", "numpy"), ("skops.io",))


def transformers(path: Path, *, tick: Tick = lambda: None) -> Isolated:
    """A text model of the library transformers: a folder with its configuration and safetensors.

    Raises:
        ModelRefused: its files cannot be used.
    """
    packages = ("transformers", "torch", "tokenizers", "safetensors", "numpy")
    modules = ("transformers.models.auto.modeling_auto", "torch")
    return Isolated(
        "transformers", model_files(path, tick=tick), packages, modules, 2, extra="requirements/transformers.txt"
    )


def table(path: Path, *, outputs: Sequence[str], tick: Tick = lambda: None) -> Isolated:
    """A table of predictions; ``outputs`` are the columns that hold them. Raises ModelRefused: no such file."""
    options = {"outputs": list(outputs)}
    files = model_files(path, tick=tick)
    return Isolated("table", files, ("numpy", "pyarrow"), options=options, origin=DECLARED)


def python(named: str, *, allowed: Allowed) -> Isolated:
    """A function of Python, ``module:function`` or ``PATH.py:function``: for development, and in the sandbox even then.

    The module is found and not imported. It is one file; what it imports has to be installed beside Assay.

    Raises:
        ModelRefused: the operator has not allowed it, or there is no such file.
    """
    if not allowed.python:
        raise ModelRefused(
            "python_refused",
            "functions of Python are called on a developer's machine alone (ASSAY_ALLOW_PYTHON_MODELS=1); convert "
            "the model to ONNX or skops, or upload a table of its predictions",
        )
    found = FUNCTION.fullmatch(named)
    if found is None:
        raise ModelRefused("model_reference", "a function of Python is written python:module:function")
    path = _source(found["module"])
    options = {"function": found["function"]}
    # what it imports is not among what its digest names
    return Isolated("python", model_files(path), ("numpy",), options=options, keeps=False)


def _source(module: str) -> Path:
    """The file of a module, found without importing it or a package above it."""
    if module.endswith(".py"):
        return Path(module)
    if not MODULE.fullmatch(module):
        raise ModelRefused("model_reference", f"{ascii(module[:100])} is no name of a module and no path of a .py file")
    folders: Sequence[str] | None = sys.path
    spec = None
    for name in module.split("."):
        spec = importlib.machinery.PathFinder.find_spec(name, folders) if folders else None
        if spec is None:
            raise ModelRefused("model_missing", f"there is no module {module}")
        folders = spec.submodule_search_locations
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise ModelRefused("model_missing", f"the module {module} is not one file of Python")
    return Path(spec.origin)


def http(url: str, *, allowed: Allowed) -> Service:
    """A service, asked as its path says; see ``endpoints.service.Endpoint`` for all that can be said of it.

    OpenAI's protocols need the model's name, which stands after a ``#``: ``http:https://host/v1/completions#name``.
    """
    address, _, model = url.partition("#")
    return Service(Endpoint(address, model=model), allowed)


KINDS: dict[str, Callable[[Path], Adapter]] = {"onnx": onnx, "skops": skops, "transformers": transformers}
OTHERS: dict[str, Callable[..., Adapter]] = {"http": http, "python": python}


def adapter(reference: str, *, allowed: Allowed | None = None) -> Adapter:
    """The adapter of ``onnx:PATH``, ``skops:PATH``, ``transformers:PATH``, ``http:URL`` or ``python:MODULE:FUNCTION``.

    Args:
        allowed: what the operator allows; nothing, where it is left out.

    Raises:
        ModelRefused: another kind, or what it names cannot be used.
    """
    kind, colon, named = reference.partition(":")
    if not colon or not named:
        raise ModelRefused("model_reference", f"{ascii(reference[:100])} is no reference to a model; write onnx:PATH")
    if kind in ("pickle", "joblib", "torch"):
        raise ModelRefused(
            "pickle_refused",
            "a pickled model runs whatever its author wrote as soon as it is read, and is never read here; its owner "
            "can convert it to ONNX or skops, or upload a table of its predictions",
        )
    if kind in KINDS:
        return KINDS[kind](Path(named))
    if kind in OTHERS:
        return OTHERS[kind](named, allowed=allowed or Allowed())
    known = ", ".join([*(f"{name}:PATH" for name in sorted(KINDS)), "http:URL", "python:MODULE:FUNCTION"])
    raise ModelRefused("model_kind", f"there is no adapter for {ascii(kind[:40])}; known are {known}")
