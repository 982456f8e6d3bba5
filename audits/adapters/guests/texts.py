"""Texts for models that read tokens, whatever runs them: in what order they are read, and what is made of the answers.

Source: the pipelines of the library transformers (classes of texts) and of sentence-transformers (embeddings), whose
files in the model's folder are read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from audits.adapters import tensors
from audits.adapters.guests import folders, serving
from audits.adapters.signature import EMBEDDING, TRUNCATED

CLASSIFIES = "ForSequenceClassification"
AT_ONCE = 32
# Tokenizers that know no bound say so with a number of thirty digits.
LONGEST_BOUND = 1_000_000
LONGEST_UNLESS_SAID = 512
MEAN, FIRST = "mean", "cls"

# Texts to what the model says of them, one row each, and which of them it read in part.
Read = Callable[[list[str]], tuple[tensors.Array, Sequence[bool]]]


@dataclass(frozen=True)
class Classes:
    """A classifier's answer.

    Attributes:
        names: of the classes, in the model's order.
        several: whether a text may have several classes, or the only one there is or not.
    """

    names: tuple[str, ...]
    several: bool

    def scores(self, logits: tensors.Array) -> tensors.Array:
        """float32, shape (n, classes), in [0, 1]: the logistic function of each, or softmax."""
        wide = logits.astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):  # what is no number stays none
            if self.several:
                each: tensors.Array = 1 / (1 + np.exp(-wide))
                return each.astype(np.float32)
            raised = np.exp(wide - wide.max(axis=1, keepdims=True))
            found: tensors.Array = raised / raised.sum(axis=1, keepdims=True)
            return found.astype(np.float32)


def classes_of(config: Mapping[str, Any], count: int) -> Classes:
    """The names in ``id2label`` of ``config.json``, ``LABEL_0`` and so on where it has none, as the library says.

    Raises:
        serving.Refusal: two classes have one name: an answer that turns from one to the other would look the same.
    """
    said = config.get("id2label")
    named = {str(number): str(name) for number, name in said.items()} if isinstance(said, Mapping) else {}
    names = tuple(named.get(str(number), f"LABEL_{number}") for number in range(count))
    if len(set(names)) < count:
        twice = next(name for at, name in enumerate(names) if name in names[:at])
        raise serving.Refusal(
            "model_unreadable",
            f"id2label of config.json names two classes {ascii(twice[:100])}; give each its own name",
        )
    return Classes(names, several=count == 1 or config.get("problem_type") == "multi_label_classification")


@dataclass(frozen=True)
class Pooling:
    """How the states of a text's tokens become one vector.

    Attributes:
        how: ``mean`` over the tokens, or ``cls``: the first one's.
        normalizes: to length 1.
    """

    how: str
    normalizes: bool

    def vectors(self, states: tensors.Array, mask: tensors.Array) -> tensors.Array:
        """float32, shape (n, width).

        Args:
            states: shape (n, tokens, width).
            mask: 1 for a token, 0 for what fills up; shape (n, tokens).

        Raises:
            ValueError: there are not as many states as tokens.
        """
        if states.ndim != 3 or states.shape[:2] != mask.shape:
            raise ValueError(f"{mask.shape} tokens were read, and the states are {states.shape}")
        wide = states.astype(np.float64)
        if self.how == FIRST:
            found = wide[:, 0]
        else:
            weights = mask[:, :, None].astype(np.float64)
            found = (wide * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1)
        return self.finished(found)

    def finished(self, vectors: tensors.Array) -> tensors.Array:
        """Vectors as they are given out: of length 1 where that is asked for. float32, shape (n, width)."""
        if self.normalizes:
            vectors = vectors / np.maximum(np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True), 1e-12)
        return vectors.astype(np.float32)


def pooling_of(folder: Path) -> Pooling:
    """What the files of sentence-transformers say; the mean, as it is, where there are none.

    Raises:
        serving.Refusal: another way, or several at once.
    """
    listed = folder / "modules.json"
    modules = json.loads(listed.read_bytes()) if listed.is_file() else []
    kinds = [str(one.get("type", "")) for one in modules if isinstance(one, dict)]
    how = folders.said(folder, "1_Pooling/config.json")
    asked = {key for key, on in how.items() if key.startswith("pooling_mode_") and on is True}
    if asked - {"pooling_mode_mean_tokens", "pooling_mode_cls_token"} or len(asked) > 1:
        raise serving.Refusal("model_unreadable", f"pooling by {', '.join(sorted(asked))} is not known here")
    return Pooling(
        FIRST if "pooling_mode_cls_token" in asked else MEAN, any(kind.endswith("Normalize") for kind in kinds)
    )


def longest(folder: Path, *bounds: Any) -> int:
    """How many tokens of a text are read at most: the least of some bounds and of what the folder says."""
    said = folders.said(folder, "sentence_bert_config.json").get("max_seq_length")
    known = [bound for bound in (*bounds, said) if type(bound) is int and 0 < bound < LONGEST_BOUND]
    return min(known, default=LONGEST_UNLESS_SAID)


def signature(classes: Classes | None) -> dict[str, Any]:
    """What a model of texts takes and gives; of one without classes embeddings."""
    gives: list[dict[str, Any]] = [{"name": EMBEDDING, "dtype": "float32", "shape": [None, None]}]
    if classes is not None:
        gives = [{"name": "label", "dtype": tensors.TEXT, "shape": [None]}]
        gives.append({"name": "score", "dtype": "float32", "shape": [None, len(classes.names)]})
    gives.append({"name": TRUNCATED, "dtype": "bool", "shape": [None]})
    taken = {"name": "text", "dtype": tensors.TEXT, "shape": [None]}
    return {"inputs": [taken], "outputs": gives, "classes": [] if classes is None else list(classes.names)}


def answers(
    texts: Sequence[str], read: Read, *, classes: Classes | None, width: int, at_once: int = AT_ONCE
) -> dict[str, tensors.Array]:
    """What a model says of texts, as ``signature`` declares it.

    Args:
        read: called with ``at_once`` texts of like length, fewer at last, and none that holds half a character; gives
            scores, or embeddings.
        width: numbers for each text.

    Raises:
        ValueError: the model gives something else than a row of so many numbers for each text. One row for all of them
            would be spread over them otherwise.
    """
    # those of like length together: less is padded
    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    rows, cut = np.empty((len(texts), width), dtype=np.float32), np.zeros(len(texts), dtype=bool)
    for begin in range(0, len(order), at_once):
        places = order[begin : begin + at_once]
        # half a character is none to tokenizers
        whole = [texts[place].encode("utf-8", "replace").decode() for place in places]
        found, cut[places] = read(whole)
        if found.shape != (len(whole), width):
            raise ValueError(f"{len(whole)} texts were read, {width} numbers for each, and the answer is {found.shape}")
        rows[places] = found
    if classes is None:
        return {EMBEDDING: rows, TRUNCATED: cut}
    named = np.array(classes.names, dtype=object)
    return {"label": named[rows.argmax(axis=1)], "score": rows, TRUNCATED: cut}
