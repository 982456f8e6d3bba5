"""Graphs in ONNX that read tokens: their folder's tokenizer makes these of texts.

As exporters write them. Inputs: ``input_ids``, ``attention_mask``, ``token_type_ids``, ``position_ids``. Outputs:
``logits`` of a classifier, ``sentence_embedding``, or the states of tokens, which are pooled as sentence-transformers'
files say.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from audits.adapters import tensors
from audits.adapters.guests import folders, serving, texts

IDS, MASK, KINDS, PLACES = "input_ids", "attention_mask", "token_type_ids", "position_ids"
LOGITS, WHOLE = "logits", "sentence_embedding"
STATES = ("last_hidden_state", "token_embeddings")
INTEGERS = ("tensor(int64)", "tensor(int32)")
# That a graph may be made for at once, of a text and of all its rows: every text is filled up to so many.
MOST_TOKENS, MOST_AT_ONCE = 1 << 17, 1 << 22


def tokens_of(session: Any, folder: Path) -> Tokens | None:
    """How texts become what a graph takes; None for a graph that takes something else than tokens.

    Raises:
        serving.Refusal: it takes more than the tokenizer gives, or gives what is not known here.
    """
    names = {one.name for one in session.get_inputs()}
    if IDS not in names:
        return None
    others = names - {IDS, MASK, KINDS, PLACES}
    if others:
        raise serving.Refusal("inputs", f"the graph takes {', '.join(sorted(others))[:200]}, which no tokenizer gives")
    return Tokens(session, folder)


class Tokens:
    """A tokenizer before a graph."""

    def __init__(self, session: Any, folder: Path) -> None:
        # one text after another: threads of its own are of no use to as few as are read at once
        os.environ |= {"TOKENIZERS_PARALLELISM": "false"}
        import tokenizers  # an extra

        self._session = session
        self._takes = {one.name: _integers(one) for one in session.get_inputs()}
        rows, tokens = _sizes(session.get_inputs())
        self._rows, self._is_filled_up = rows or texts.AT_ONCE, rows is not None
        self._output, width = _output(session.get_outputs())
        config, settings = (folders.said(folder, name) for name in ("config.json", "tokenizer_config.json"))
        self._classes = texts.classes_of(config, width) if self._output == LOGITS else None
        self._width = width
        self._pooling = texts.pooling_of(folder)
        self._longest = texts.longest(
            folder, settings.get("model_max_length"), config.get("max_position_embeddings"), tokens
        )
        self._tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        marks = self._tokenizer.num_special_tokens_to_add(is_pair=False)
        if self._longest < marks:  # then nothing would be cut off, and nobody told
            raise serving.Refusal(
                "model_unreadable",
                f"at most {self._longest} tokens are to be read of a text, and the tokenizer adds {marks} marks;"
                " mend max_position_embeddings or model_max_length",
            )
        self._tokenizer.enable_truncation(self._longest)
        filler = settings.get("pad_token")
        self._tokenizer.enable_padding(
            direction="left" if settings.get("padding_side") == "left" else "right",
            pad_id=_number_of(self._tokenizer, filler, config.get("pad_token_id")),
            length=tokens,
        )

    def signature(self) -> dict[str, Any]:
        """One text in; a class with scores, or an embedding, out."""
        return texts.signature(self._classes)

    def predict(self, batch: dict[str, tensors.Array]) -> dict[str, tensors.Array]:
        """See ``texts.answers``."""
        return texts.answers(
            batch["text"].tolist(), self._read, classes=self._classes, width=self._width, at_once=self._rows
        )

    def _read(self, whole: list[str]) -> tuple[tensors.Array, list[bool]]:
        # a graph for so many rows gets so many; what fills them up is read and thrown away
        filled = whole + [""] * (self._rows - len(whole)) if self._is_filled_up else whole
        encoded = self._tokenizer.encode_batch(filled)
        mask = np.array([one.attention_mask for one in encoded])
        made = {
            IDS: np.array([one.ids for one in encoded]),
            MASK: mask,
            KINDS: np.array([one.type_ids for one in encoded]),
            PLACES: np.maximum(mask.cumsum(axis=1) - 1, 0),
        }
        given = {name: made[name].astype(dtype) for name, dtype in self._takes.items()}
        (found,) = self._session.run([self._output], given)
        cut = [bool(one.overflowing) for one in encoded[: len(whole)]]
        if self._classes is not None:
            answer = self._classes.scores(found)
        elif self._output == WHOLE:
            answer = self._pooling.finished(found)
        else:
            answer = self._pooling.vectors(found, mask)
        return answer[: len(whole)], cut


def _integers(one: Any) -> str:
    if one.type not in INTEGERS or len(one.shape) != 2:
        raise serving.Refusal(
            "inputs", f"{one.name} is a {one.type} of {len(one.shape)} dimensions, which is no tokens"
        )
    return str(one.type.removeprefix("tensor(").removesuffix(")"))


def _sizes(inputs: Any) -> tuple[int | None, int | None]:
    """Rows and tokens that a graph was made for; None for any number."""
    rows, tokens = ({one.shape[axis] for one in inputs if isinstance(one.shape[axis], int)} for axis in (0, 1))
    if len(rows) > 1 or len(tokens) > 1 or 0 in rows | tokens:
        raise serving.Refusal("inputs", "the inputs of tokens have different sizes, or none")
    for_rows, for_tokens = next(iter(rows), None), next(iter(tokens), None)
    if (for_tokens or 1) > MOST_TOKENS or (for_rows or texts.AT_ONCE) * (for_tokens or 1) > MOST_AT_ONCE:
        made_for = " x ".join("any" if size is None else f"{size:,}" for size in (for_rows, for_tokens))
        raise serving.Refusal(
            "inputs",
            f"the graph is made for {made_for} tokens; at most {MOST_TOKENS:,} of a text and {MOST_AT_ONCE:,} at once"
            " are read, export it with sizes left open",
        )
    return for_rows, for_tokens


def _output(outputs: Any) -> tuple[str, int]:
    """What is read of a graph's answers, and how many numbers it has for a text."""
    given = {one.name: one.shape for one in outputs}
    for name, dimensions in ((LOGITS, 2), (WHOLE, 2), *((name, 3) for name in STATES)):
        shape = given.get(name)
        if shape is not None and len(shape) == dimensions and isinstance(shape[-1], int) and shape[-1]:
            return name, shape[-1]
    known = ", ".join((LOGITS, WHOLE, *STATES))
    raise serving.Refusal(
        "model_unreadable", f"the graph gives {', '.join(given)[:200]}; of texts {known} are read, of a known width"
    )


def _number_of(tokenizer: Any, filler: Any, otherwise: Any) -> int:
    """The token that fills up short texts; which one it is matters little, since the mask leaves it out."""
    word = filler.get("content") if isinstance(filler, dict) else filler
    number = tokenizer.token_to_id(word) if isinstance(word, str) else None
    if number is None:
        return otherwise if type(otherwise) is int and otherwise >= 0 else 0
    return int(number)
