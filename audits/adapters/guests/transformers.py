"""A text model of the library transformers, from safetensors alone: classes of texts, or their embeddings.

Only architectures that the library itself ships. No code of the model's, no pickled weights, no network.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audits.adapters import tensors
from audits.adapters.guests import folders, serving, texts
from audits.sandbox.inside.wire import Channel

CONFIGS = ("config.json", "tokenizer_config.json", "processor_config.json", "preprocessor_config.json")


def serve(channel: Channel) -> None:
    """Load one model, then answer batch after batch."""
    serving.serve(channel, TextModel)


class TextModel:
    """A tokenizer and a model, on the CPU."""

    def __init__(self, told: dict[str, Any]) -> None:
        folder = Path(told["path"])
        config = _config(folder)
        # before the library is imported: it reads them once
        os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
        os.environ |= {"TRANSFORMERS_VERBOSITY": "error", "TOKENIZERS_PARALLELISM": "false", "USER": "nobody"}
        # There is no folder to write to; the library asks for one when it is imported, and makes none that is there.
        os.environ |= {"TORCHINDUCTOR_CACHE_DIR": "/", "TORCHDYNAMO_DISABLE": "1"}
        tempfile.tempdir = "/"
        import torch  # an extra
        import transformers  # an extra

        torch.set_num_threads(told["cores"])
        self._torch = torch
        ours: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        self._tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder), **ours)
        classifies = any(str(name).endswith(texts.CLASSIFIES) for name in config.get("architectures") or ())
        made = transformers.AutoModelForSequenceClassification if classifies else transformers.AutoModel
        self._model, loaded = made.from_pretrained(
            str(folder), use_safetensors=True, output_loading_info=True, dtype=torch.float32, **ours
        )
        # What the file does not hold is made up by chance, and what chance says is no prediction.
        missing = [name for name in loaded["missing_keys"] if not _is_unused(name, classifies=classifies)]
        if missing:
            raise serving.Refusal("weights_missing", f"the file holds no {', '.join(sorted(missing)[:5])}")
        self._model.eval()
        settings = self._model.config
        self._classes = texts.classes_of(settings.to_dict(), settings.num_labels) if classifies else None
        self._pooling = texts.pooling_of(folder)
        most = getattr(settings, "max_position_embeddings", None)
        self._longest = texts.longest(folder, self._tokenizer.model_max_length, most)

    def signature(self) -> dict[str, Any]:
        return texts.signature(self._classes)

    def predict(self, batch: dict[str, tensors.Array]) -> dict[str, tensors.Array]:
        width = self._model.config.hidden_size if self._classes is None else len(self._classes.names)
        return texts.answers(batch["text"].tolist(), self._read, classes=self._classes, width=width)

    def _read(self, whole: list[str]) -> tuple[tensors.Array, list[bool]]:
        lengths = [len(ids) for ids in self._tokenizer(whole, truncation=False, verbose=False)["input_ids"]]
        given = self._tokenizer(
            whole, truncation=True, max_length=self._longest, padding=True, return_tensors="pt", verbose=False
        )
        cut = [length > self._longest for length in lengths]
        with self._torch.inference_mode():
            answer = self._model(**given)
        if self._classes is not None:
            return self._classes.scores(answer.logits.float().numpy()), cut
        states = answer.last_hidden_state.float().numpy()
        return self._pooling.vectors(states, given["attention_mask"].numpy()), cut


def _config(folder: Path) -> Mapping[str, Any]:
    """The model's description, once nothing beside it wants code or pickles."""
    if not folder.is_dir():
        raise serving.Refusal("model_unreadable", "a model of transformers is a folder with config.json")
    if not any(folder.glob("*.safetensors")):
        raise serving.Refusal(
            "pickle_refused",
            "the folder holds no weights in safetensors, and pickled ones are never read; its owner can convert them "
            "(save_pretrained with safe_serialization)",
        )
    for name in CONFIGS:
        if "auto_map" in folders.said(folder, name):
            raise serving.Refusal(
                "code_refused",
                f"{name} asks for code of the model's own (auto_map), which is never run; upload a table of "
                "its predictions, or convert it to ONNX",
            )
    return folders.said(folder, "config.json")


def _is_unused(name: str, *, classifies: bool) -> bool:
    """A pooler beside the token states that are averaged, and positions, which are counted."""
    return name.endswith("position_ids") or (not classifies and name.startswith("pooler."))
