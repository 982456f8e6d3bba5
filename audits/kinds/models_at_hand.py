"""Which of the files that are at hand can be called as a model, and how they are laid out for it. Reads names alone."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from audits.kinds.base import Context, InputsRejected

if TYPE_CHECKING:
    from audits.adapters.isolated import Isolated

MOST_BYTES = 4 << 30
COPIED_AT_ONCE = 1 << 20
# How a file that can be called is called, by how its name ends.
CALLED = {".onnx": "onnx", ".skops": "skops"}
SAFE_WEIGHTS = ".safetensors"
# What is said of a graph's pictures or sounds, or of the texts that its tokens are made of: in its folder or, as
# exporters lay it out, above it.
PREPARED, TOKENIZER = "preprocessor_config.json", "tokenizer.json"
OF_TEXTS = (
    "tokenizer_config.json",
    "config.json",
    "modules.json",
    "sentence_bert_config.json",
    "1_Pooling/config.json",
)


@dataclass(frozen=True)
class ModelAtHand:
    """A model that can be called.

    Attributes:
        way: the kind of its adapter.
        path: of its file, or of its folder (``.`` for the topmost).
        files: SHA-256 by path of all that belongs to it.
    """

    way: str
    path: str
    files: Mapping[str, str]

    @property
    def reference(self) -> str:
        """As people write it, with the path inside the version."""
        return f"{self.way}:{self.path}"


def at_hand(files: Sequence[Mapping[str, Any]]) -> list[ModelAtHand]:
    """What can be called, by path. Of a file whose name is ``filename`` no folder is known.

    A file of ONNX or skops goes with what lies in its folder beside it, save other models; a folder with a
    ``config.json`` and safetensors is one of transformers.
    """
    named = {plain(str(one.get("path") or one.get("filename") or "")): str(one["sha256"]) for one in files}
    found = []
    for path in sorted(named):
        way, folder = CALLED.get(PurePosixPath(path).suffix), PurePosixPath(path).parent
        beside = {name: sha256 for name, sha256 in named.items() if PurePosixPath(name).parent == folder}
        if way is not None:
            data = {name: sha256 for name, sha256 in beside.items() if PurePosixPath(name).suffix not in CALLED}
            data |= _said(named, folder)
            found.append(ModelAtHand(way, path, {path: named[path], **(data if way == "onnx" else {})}))
        elif path == str(folder / "config.json") and any(name.endswith(SAFE_WEIGHTS) for name in beside):
            below = {name: sha for name, sha in named.items() if PurePosixPath(name).is_relative_to(folder)}
            kept = {name: sha for name, sha in below.items() if PurePosixPath(name).suffix not in CALLED}
            found.append(ModelAtHand("transformers", str(folder), kept))
    return found


def _said(named: Mapping[str, str], folder: PurePosixPath) -> dict[str, str]:
    """SHA-256 of what is said of a graph in its folder or the nearest one above, each as if it lay beside the graph."""
    found = {}
    for name in (PREPARED, TOKENIZER, *OF_TEXTS):
        nearest = next((named[str(one / name)] for one in (folder, *folder.parents) if str(one / name) in named), None)
        if nearest is not None:
            found[str(folder / name)] = nearest
    if str(folder / TOKENIZER) in found:
        return found
    # of a graph that reads no texts: how its input is prepared, and the names of its classes with it
    kept = (str(folder / PREPARED), str(folder / "config.json")) if str(folder / PREPARED) in found else ()
    return {path: sha256 for path, sha256 in found.items() if path in kept}


def plain(path: str) -> str:
    """A path within a folder, whatever a manifest says."""
    parts = [part for part in PurePosixPath(path.replace("\\", "/")).parts if part not in ("/", "..", ".")]
    return str(PurePosixPath(*parts)) if parts else "model"


def chosen(files: Sequence[Mapping[str, Any]], reference: str) -> ModelAtHand:
    """The model of a reference, or the only one there is where it is empty.

    Raises:
        InputsRejected: there is none, or several and none is named.
    """
    found = at_hand(files)
    if reference:
        named = [one for one in found if reference in (one.reference, one.path)]
        if len(named) == 1:
            return named[0]
        raise InputsRejected("model_missing", f"no {ascii(reference[:200])} that can be called is at hand")
    if len(found) != 1:
        names = ", ".join(one.reference for one in found[:5]) or "onnx, skops, or a folder with safetensors"
        raise InputsRejected(
            "model_unclear" if found else "model_missing",
            f"{len(found)} models can be called ({names}); name the one that is meant, or bring one",
        )
    return found[0]


@contextlib.contextmanager
def laid_out(
    model: ModelAtHand, context: Context, *, pictures: bool = False, sounds: Mapping[str, int] | None = None
) -> Iterator[Isolated]:
    """The adapter of a model whose bytes are put where the sandbox reads them, for as long as it is used.

    A graph of ONNX goes with all that belongs to it: its external data, and what is said of its pictures or sounds.

    Args:
        pictures: whether a model in ONNX is given encoded pictures.
        sounds: given where it is given encoded sounds; see ``adapters.references.onnx``.

    Raises:
        InputsRejected: bytes are gone or altered, or more than may be.
        ModelRefused: its files cannot be used.
    """
    from audits.adapters import references

    with tempfile.TemporaryDirectory(prefix="assay-model-") as folder:
        root = Path(folder) / "model"
        taken = 0
        for path, sha256 in sorted(model.files.items()):
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with context.open_blob(sha256) as source, target.open("xb") as copy:
                shutil.copyfileobj(source, copy, COPIED_AT_ONCE)
                taken += copy.tell()
            if taken > MOST_BYTES:
                raise InputsRejected("model_too_large", f"the model has more than {MOST_BYTES:,} bytes")
            context.progress(0, None)
        tick, named = partial(context.progress, 0, None), root / model.path
        if model.way == "onnx":
            yield references.onnx(
                named.parent if len(model.files) > 1 else named, pictures=pictures, sounds=sounds, tick=tick
            )
        else:
            yield {"skops": references.skops, "transformers": references.transformers}[model.way](named, tick=tick)
