"""A text model of the library transformers, from safetensors alone: classes of texts, or their embeddings.

Only architectures that the library itself ships. No code of the model's, no pickled weights, no network.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from audits.adapters import tensors
from audits.adapters.guests import serving
from audits.sandbox.inside.wire import Channel

CLASSIFIES = "ForSequenceClassification"
TEXTS_AT_ONCE = 32
# Tokenizers that know no bound say so with a number of thirty digits.
LONGEST_BOUND = 1_000_000
CONFIGS = ("config.json", "tokenizer_config.json", "processor_config.json", "preprocessor_config.json")
MAX_CONFIG_BYTES = 10 << 20


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
        self._classifies = any(str(name).endswith(CLASSIFIES) for name in config.get("architectures") or ())
        made = transformers.AutoModelForSequenceClassification if self._classifies else transformers.AutoModel
        self._model, loaded = made.from_pretrained(
            str(folder), use_safetensors=True, output_loading_info=True, dtype=torch.float32, **ours
        )
        # What the file does not hold is made up by chance, and what chance says is no prediction.
        missing = [name for name in loaded["missing_keys"] if not _is_unused(name, classifies=self._classifies)]
        if missing:
            raise serving.Refusal("weights_missing", f"the file holds no {', '.join(sorted(missing)[:5])}")
        self._model.eval()
        self._pools, self._normalizes = _pooling(folder)
        self._longest = _longest(self._tokenizer, self._model.config, folder)

    def signature(self) -> dict[str, Any]:
        gives: list[dict[str, Any]] = [{"name": "truncated", "dtype": "bool", "shape": [None]}]
        classes: list[str] = []
        if self._classifies:
            named = self._model.config.id2label
            classes = [str(named[number]) for number in range(self._model.config.num_labels)]
            gives.append({"name": "label", "dtype": tensors.TEXT, "shape": [None]})
            gives.append({"name": "score", "dtype": "float32", "shape": [None, len(classes)]})
        else:
            gives.append({"name": "embedding", "dtype": "float32", "shape": [None, None]})
        taken = {"name": "text", "dtype": tensors.TEXT, "shape": [None]}
        return {"inputs": [taken], "outputs": gives, "classes": classes}

    def predict(self, batch: dict[str, tensors.Array]) -> dict[str, tensors.Array]:
        texts = batch["text"].tolist()
        # those of like length together: less is padded
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        pieces, cut = [], np.zeros(len(texts), dtype=bool)
        for begin in range(0, len(order), TEXTS_AT_ONCE):
            places = order[begin : begin + TEXTS_AT_ONCE]
            found, cut[places] = self._piece([texts[place] for place in places])
            pieces.append(found)
        width = self._model.config.num_labels if self._classifies else self._model.config.hidden_size
        rows = np.empty((len(texts), width), dtype=np.float32)
        rows[order] = np.concatenate(pieces) if pieces else rows
        if not self._classifies:
            return {"truncated": cut, "embedding": rows}
        named = np.array(self.signature()["classes"], dtype=object)
        return {"truncated": cut, "label": named[rows.argmax(axis=1)], "score": rows}

    def _piece(self, texts: list[str]) -> tuple[Any, list[bool]]:
        torch = self._torch
        # a text may hold half a character, which the tokenizer's own language cannot
        whole = [text.encode("utf-8", "replace").decode() for text in texts]
        lengths = [len(ids) for ids in self._tokenizer(whole, truncation=False, verbose=False)["input_ids"]]
        given = self._tokenizer(
            whole, truncation=True, max_length=self._longest, padding=True, return_tensors="pt", verbose=False
        )
        cut = [length > self._longest for length in lengths]
        with torch.inference_mode():
            answer = self._model(**given)
            if self._classifies:
                logits = answer.logits
                several = self._model.config.problem_type == "multi_label_classification"
                scores = logits.sigmoid() if several or logits.shape[-1] == 1 else logits.softmax(dim=-1)
                return scores.float().numpy(), cut
            states, mask = answer.last_hidden_state, given["attention_mask"].unsqueeze(-1)
            means = (states * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
            pooled = states[:, 0] if self._pools == "cls" else means
            if self._normalizes:
                pooled = torch.nn.functional.normalize(pooled, dim=-1)
            return pooled.float().numpy(), cut


def _config(folder: Path) -> dict[str, Any]:
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
        if "auto_map" in _json(folder / name):
            raise serving.Refusal(
                "code_refused",
                f"{name} asks for code of the model's own (auto_map), which is never run; upload a table of "
                "its predictions, or convert it to ONNX",
            )
    return _json(folder / "config.json")


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    if path.stat().st_size > MAX_CONFIG_BYTES:
        raise serving.Refusal("model_unreadable", f"{path.name} is larger than {MAX_CONFIG_BYTES:,} bytes")
    found = json.loads(path.read_bytes())
    return found if isinstance(found, dict) else {}


def _is_unused(name: str, *, classifies: bool) -> bool:
    """A pooler beside the token states that are averaged, and positions, which are counted."""
    return name.endswith("position_ids") or (not classifies and name.startswith("pooler."))


def _pooling(folder: Path) -> tuple[str, bool]:
    """How sentence-transformers makes one vector of a text: ``cls`` or ``mean``, and whether it has length 1."""
    listed = folder / "modules.json"
    modules = json.loads(listed.read_bytes()) if listed.is_file() else []
    kinds = [str(one.get("type", "")) for one in modules if isinstance(one, dict)]
    how = _json(folder / "1_Pooling" / "config.json")
    asked = {key for key, on in how.items() if key.startswith("pooling_mode_") and on is True}
    if asked - {"pooling_mode_mean_tokens", "pooling_mode_cls_token"} or len(asked) > 1:
        raise serving.Refusal("model_unreadable", f"pooling by {', '.join(sorted(asked))} is not known here")
    return ("cls" if "pooling_mode_cls_token" in asked else "mean"), any(kind.endswith("Normalize") for kind in kinds)


def _longest(tokenizer: Any, config: Any, folder: Path) -> int:
    """How many tokens of a text are read at most: the least of what tokenizer, model and folder say."""
    said = _json(folder / "sentence_bert_config.json").get("max_seq_length")
    bounds = [tokenizer.model_max_length, getattr(config, "max_position_embeddings", None), said]
    known = [bound for bound in bounds if type(bound) is int and 0 < bound < LONGEST_BOUND]
    return min(known, default=512)
