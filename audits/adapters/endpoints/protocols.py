"""The languages of services: from rows to requests, from answers to outputs.

Source: OpenAI's API reference (chat completions and completions), the OpenAPI of Text Embeddings Inference 1.7.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from audits.adapters import tensors
from audits.adapters.endpoints.spending import Aside
from audits.adapters.refusals import ModelFailed, ModelRefused
from audits.adapters.signature import EMBEDDING, Signature, Tensor
from audits.adapters.tensors import Array, Batch

# As many as a service of text embeddings takes at once by default.
AT_ONCE = 32
# No tokenizer makes more tokens of a text than it has bytes; a message has a frame of a few.
FRAME_TOKENS = 16
PARAMETERS: Mapping[str, Any] = {"temperature": 0, "max_tokens": 256}
KNOWN_PARAMETERS = frozenset(
    {
        "frequency_penalty",
        "max_completion_tokens",
        "max_tokens",
        "presence_penalty",
        "reasoning_effort",
        "response_format",
        "seed",
        "stop",
        "temperature",
        "top_p",
    }
)
PLACE_OF_TEXT = "{{text}}"


@dataclass(frozen=True)
class Question:
    """A request: about which rows, what is sent, and what it can use at most."""

    rows: tuple[int, ...]
    body: Any
    most: Aside


class Language(Protocol):
    """How a kind of service is spoken to."""

    @property
    def signature(self) -> Signature: ...

    def questions(self, batch: Batch) -> Iterator[Question]:
        """The requests for a batch that fits the signature."""

    def answers(self, document: Any, question: Question) -> list[Any]:
        """One answer for each row of a question, in their order.

        Raises:
            ModelFailed: the document is no answer to it.
        """

    def outputs(self, answers: Sequence[Any]) -> dict[str, Array]:
        """The outputs of all rows of a batch. Raises ModelFailed: the answers do not go together."""


TEXT_IN = Tensor("text", tensors.TEXT, (None,))
LABEL_OUT = Tensor("label", tensors.TEXT, (None,))


@dataclass
class Chat:
    """OpenAI's chat completions, or with ``chat`` off its older completions."""

    model: str
    chat: bool = True
    system: str = ""
    parameters: Mapping[str, Any] = field(default_factory=lambda: PARAMETERS)
    signature: Signature = field(
        default=Signature((TEXT_IN,), (Tensor("text", tensors.TEXT, (None,)), Tensor("finish", tensors.TEXT, (None,))))
    )

    def __post_init__(self) -> None:
        unknown = sorted(set(self.parameters) - KNOWN_PARAMETERS)
        if unknown:
            known = ", ".join(sorted(KNOWN_PARAMETERS))
            raise ModelRefused("endpoint_parameters", f"{unknown[0]} is no parameter; known are {known}")
        bounds = [self.parameters.get(name) for name in ("max_tokens", "max_completion_tokens")]
        given = [bound for bound in bounds if bound is not None]
        if not given or not all(type(bound) is int and bound > 0 for bound in given):
            raise ModelRefused("endpoint_parameters", "max_tokens: a whole number from 1 on, so that costs are bounded")
        self._most_out = max(given)

    def questions(self, batch: Batch) -> Iterator[Question]:
        for row, text in enumerate(batch["text"].tolist()):
            system = [{"role": "system", "content": self.system}] if self.system else []
            messages = [*system, {"role": "user", "content": text}]
            asked = {"messages": messages} if self.chat else {"prompt": self.system + text}
            most = FRAME_TOKENS * (1 + len(messages)) + _bytes(self.system) + _bytes(text)
            yield Question((row,), {"model": self.model, **asked, **self.parameters}, Aside(most, self._most_out))

    def answers(self, document: Any, question: Question) -> list[Any]:
        try:
            choice = document["choices"][0]
            text = choice["message"]["content"] if self.chat else choice["text"]
            finish = choice.get("finish_reason") or ""
        except (KeyError, IndexError, TypeError, AttributeError):
            raise _wrong(question, "no choice with a text") from None
        if not isinstance(text, str) or not isinstance(finish, str):
            raise _wrong(question, "no text")
        return [(text, finish)]

    def outputs(self, answers: Sequence[Any]) -> dict[str, Array]:
        return {name: _texts([one[at] for one in answers]) for at, name in enumerate(("text", "finish"))}


@dataclass
class Embed:
    """Text Embeddings Inference, ``/embed``."""

    signature: Signature = field(
        default=Signature((TEXT_IN,), (Tensor(EMBEDDING, "float64", (None, None)),)), init=False
    )

    def questions(self, batch: Batch) -> Iterator[Question]:
        for rows, texts in _pieces(batch["text"].tolist()):
            yield Question(rows, {"inputs": texts, "truncate": True}, _most(texts))

    def answers(self, document: Any, question: Question) -> list[Any]:
        found = _list(document, question)
        if not all(isinstance(one, list) and one and all(map(_is_number, one)) for one in found):
            raise _wrong(question, "no vectors")
        return found

    def outputs(self, answers: Sequence[Any]) -> dict[str, Array]:
        if len({len(one) for one in answers}) > 1:
            raise ModelFailed("wrong_answer", "the service's vectors have different lengths")
        return {EMBEDDING: np.array(answers, dtype=np.float64).reshape(len(answers), -1)}


@dataclass
class Predict:
    """Text Embeddings Inference, ``/predict``: classes with scores. The classes are known from the first answer on."""

    signature: Signature = field(
        default=Signature((TEXT_IN,), (LABEL_OUT, Tensor("score", "float64", (None, None)))), init=False
    )

    def questions(self, batch: Batch) -> Iterator[Question]:
        for rows, texts in _pieces(batch["text"].tolist()):
            yield Question(rows, {"inputs": [[text] for text in texts], "truncate": True}, _most(texts))

    def answers(self, document: Any, question: Question) -> list[Any]:
        found = []
        for one in _list(document, question):
            try:
                scores = {row["label"]: row["score"] for row in one}
            except (KeyError, TypeError):
                raise _wrong(question, "no labels with scores") from None
            fit = scores and all(isinstance(name, str) for name in scores) and all(map(_is_number, scores.values()))
            if not fit or len(scores) != len(one):
                raise _wrong(question, "no labels with scores")
            found.append(scores)
        return found

    def outputs(self, answers: Sequence[Any]) -> dict[str, Array]:
        classes = self.signature.classes or tuple(sorted(answers[0] if answers else ()))
        if any(tuple(sorted(one)) != classes for one in answers):
            raise ModelFailed("wrong_answer", "the service's answers have different classes from row to row")
        self.signature = Signature(self.signature.inputs, self.signature.outputs, classes)
        score = np.array([[one[name] for name in classes] for one in answers], dtype=np.float64)
        label = _texts([max(classes, key=one.__getitem__) for one in answers])
        return {"label": label, "score": score.reshape(len(answers), len(classes))}


@dataclass
class Rerank:
    """Text Embeddings Inference, ``/rerank``: how well a text answers a query, in [0, 1]."""

    signature: Signature = field(
        default=Signature((Tensor("query", tensors.TEXT, (None,)), TEXT_IN), (Tensor("score", "float64", (None,)),)),
        init=False,
    )

    def questions(self, batch: Batch) -> Iterator[Question]:
        queries, texts = batch["query"].tolist(), batch["text"].tolist()
        begin = 0
        for at in range(1, len(queries) + 1):
            if at < len(queries) and queries[at] == queries[begin] and at - begin < AT_ONCE:
                continue
            rows, query = tuple(range(begin, at)), queries[begin]
            most = sum(_bytes(query) + _bytes(texts[row]) + FRAME_TOKENS for row in rows)
            asked = {"query": query, "texts": [texts[row] for row in rows], "truncate": True, "raw_scores": False}
            yield Question(rows, asked, Aside(most, 0))
            begin = at

    def answers(self, document: Any, question: Question) -> list[Any]:
        try:
            scores = {one["index"]: one["score"] for one in _list(document, question)}
        except (KeyError, TypeError):
            raise _wrong(question, "no scores by index") from None
        if set(scores) != set(range(len(question.rows))) or not all(map(_is_number, scores.values())):
            raise _wrong(question, "no score for each text")
        return [scores[place] for place in range(len(question.rows))]

    def outputs(self, answers: Sequence[Any]) -> dict[str, Array]:
        return {"score": np.array(answers, dtype=np.float64)}


class Template:
    """Any service that takes and gives JSON: a body with ``{{text}}`` in one of its texts, and where the answer is.

    Args:
        body: JSON-ready.
        answer: a JSON pointer (RFC 6901) to the answer; it is a text, or with ``numbers`` a number.
    """

    def __init__(self, *, body: Any, answer: str, numbers: bool = False) -> None:
        if PLACE_OF_TEXT not in json.dumps(_values(body)):
            raise ModelRefused("endpoint_template", f"no value of the template holds {PLACE_OF_TEXT}")
        if answer and not answer.startswith("/"):
            raise ModelRefused("endpoint_template", "where the answer is, is a JSON pointer, as /result/0/label")
        self._body, self._answer, self._numbers = body, answer, numbers
        kind = "float64" if numbers else tensors.TEXT
        self.signature = Signature((TEXT_IN,), (Tensor("answer", kind, (None,)),))

    def questions(self, batch: Batch) -> Iterator[Question]:
        for row, text in enumerate(batch["text"].tolist()):
            body = _filled(self._body, text)
            yield Question((row,), body, Aside(len(json.dumps(body)), 0))

    def answers(self, document: Any, question: Question) -> list[Any]:
        found = document
        for token in self._answer.split("/")[1:]:
            key = token.replace("~1", "/").replace("~0", "~")
            try:
                found = found[int(key)] if isinstance(found, list) and key.isdecimal() else found[key]
            except (KeyError, IndexError, TypeError, ValueError):
                raise _wrong(question, f"nothing at {self._answer}") from None
        if self._numbers and not _is_number(found):
            raise _wrong(question, f"no number at {self._answer}")
        if not self._numbers and not isinstance(found, str):
            raise _wrong(question, f"no text at {self._answer}")
        return [found]

    def outputs(self, answers: Sequence[Any]) -> dict[str, Array]:
        return {"answer": np.array(answers, dtype=np.float64) if self._numbers else _texts(answers)}


def used(document: Any, headers: Mapping[str, str]) -> tuple[int, int] | None:
    """Tokens read and written, as an answer says it; None where it says nothing that can be."""
    usage = document.get("usage") if isinstance(document, dict) else None
    if isinstance(usage, dict):
        into, out = usage.get("prompt_tokens"), usage.get("completion_tokens", 0)
        return (into, out) if type(into) is int and type(out) is int and into >= 0 and out >= 0 else None
    counted = headers.get("x-compute-tokens", "")
    return (int(counted), 0) if counted.isdecimal() and len(counted) < 12 else None


def _filled(body: Any, text: str) -> Any:
    if isinstance(body, str):
        return body.replace(PLACE_OF_TEXT, text)
    if isinstance(body, list):
        return [_filled(one, text) for one in body]
    if isinstance(body, dict):
        return {key: _filled(one, text) for key, one in body.items()}
    return body


def _values(body: Any) -> Any:
    """Without the names of a document, in which nothing is filled in."""
    return [_values(one) for one in body.values()] if isinstance(body, dict) else body


def _pieces(texts: list[str]) -> Iterator[tuple[tuple[int, ...], list[str]]]:
    for begin in range(0, len(texts), AT_ONCE):
        piece = texts[begin : begin + AT_ONCE]
        yield tuple(range(begin, begin + len(piece))), piece


def _most(texts: Sequence[str]) -> Aside:
    return Aside(sum(_bytes(text) + FRAME_TOKENS for text in texts), 0)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _list(document: Any, question: Question) -> list[Any]:
    if not isinstance(document, list) or len(document) != len(question.rows):
        raise _wrong(question, "not as many answers as texts")
    return document


def _wrong(question: Question, what: str) -> ModelFailed:
    return ModelFailed("wrong_answer", f"the service's answer about row {question.rows[0]} cannot be read: {what}")


def _is_number(value: Any) -> bool:
    """Whether it is a number that a double holds; JSON knows larger ones."""
    return type(value) in (int, float) and abs(value) <= sys.float_info.max


def _texts(cells: Sequence[str]) -> Array:
    array = np.empty(len(cells), dtype=object)
    array[:] = cells
    return array
