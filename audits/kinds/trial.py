"""The audit ``trial``: what a model answers to what somebody typed, or to a picture. It judges nothing."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from audits.kinds.base import Context, InputsRejected, Outcome, audit
from audits.kinds.models_at_hand import chosen, laid_out

ANSWERED, NO_ANSWER = "answered", "no_answer"
MOST_CELLS, MOST_LETTERS, MOST_COLUMNS = 50, 20_000, 2_000
NUMBER_LETTERS = 20
SHA256 = re.compile(r"[0-9a-f]{64}")
# Up to here a number is the same in JSON wherever it is read.
LARGEST_NUMBER = 2**53
# Pictures of one trial, and bytes of one of them; as JSON carries it, it is a third longer.
MOST_PICTURES, MOST_PICTURE_BYTES = 8, 4 << 20
# How files begin whose pictures are decoded, in the sandbox alone: see ``adapters.guests.decoding.FORMATS``.
BEGINNINGS: Mapping[bytes, str] = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"BM": "image/bmp",
}
WEBP = (b"RIFF", b"WEBP")
PICTURE_TYPES = (*dict.fromkeys(BEGINNINGS.values()), "image/webp")
MEMORY_BYTES, SECONDS, ANSWER_SECONDS = 2 << 30, 90.0, 30.0


@audit("trial", version=1, packages=("numpy",), verdicts=(ANSWERED, NO_ANSWER), time_limit_s=120)
def run(context: Context) -> Outcome:
    """Ask a version's model about a few texts or rows, in the sandbox.

    Inputs: ``files`` (a list of ``path`` or ``filename`` and ``sha256``: bytes of the version that are at hand),
    ``model`` (which of them, empty for the only one that can be called) and ``question_sha256`` (of a stored JSON
    list of texts, of lists of texts and numbers, or of pictures, each by the ``picture`` that is its SHA-256). Progress
    is rows.

    Returns:
        The question with an answer for each row, or how the model failed, which is an answer about it too; in the
        summary rows, seconds and memory.

    Raises:
        InputsRejected: no model is at hand or may be run here, or the question is none or does not fit it.
    """
    # numpy costs a web process time and memory for nothing
    from audits.adapters.questions import batch_of, batch_of_files, told
    from audits.adapters.refusals import ModelFailed, ModelRefused
    from audits.sandbox.limits import Limits
    from audits.sandbox.probing import probe
    from audits.sandbox.refusals import NotIsolated

    cells = _question(context)
    model = chosen(context.inputs.get("files") or [], str(context.inputs.get("model") or ""))
    pictures = [_picture(context, cell) for cell in cells if isinstance(cell, Mapping)]
    if pictures and model.way != "onnx":
        raise InputsRejected("pictures_unfit", "pictures go to models in ONNX alone; this one takes none")
    isolation = probe()
    limits = Limits(memory_bytes=MEMORY_BYTES, seconds=SECONDS, answer_seconds=ANSWER_SECONDS)
    document: dict[str, Any] = {"model": model.reference, "question": cells, "isolation": isolation.as_document()}
    document["limits"] = {"memory_bytes": MEMORY_BYTES, "seconds": SECONDS, "answer_seconds": ANSWER_SECONDS}
    begun = time.monotonic()
    try:
        with laid_out(model, context, pictures=bool(pictures)) as adapter:
            document |= {"digest": adapter.digest, "runtime": dict(adapter.runtime)}
            tick = partial(context.progress, 0, len(cells))
            with adapter.open(isolation=isolation, limits=limits, tick=tick) as running:
                loaded, signature = time.monotonic(), running.signature
                asked = batch_of_files(pictures, signature) if pictures else batch_of(cells, signature)
                outputs = running.predict(asked)
                answered = time.monotonic()
    except (NotIsolated, ModelRefused) as refused:
        raise InputsRejected(refused.code, str(refused)) from refused
    except ModelFailed as failed:
        document["failed"] = {"code": failed.code, "message": str(failed), "said": failed.said}
        return Outcome(NO_ANSWER, {"rows_used": float(len(cells))}, document)
    document["signature"] = signature.as_document()
    document["answers"] = [told(outputs, signature, row=row) for row in range(len(cells))]
    figures = {
        "load_seconds": round(loaded - begun, 3),
        "answer_seconds": round(answered - loaded, 3),
        "peak_memory_bytes": running.peak_memory_bytes,
    }
    document |= figures
    summary = {"rows_used": float(len(cells)), **{f"trial_{name}": float(value) for name, value in figures.items()}}
    return Outcome(ANSWERED, summary, document)


def _question(context: Context) -> list[Any]:
    with context.open_blob(str(context.inputs.get("question_sha256"))) as stored:
        return question(json.load(stored))


def _picture(context: Context, cell: Mapping[str, Any]) -> bytes:
    with context.open_blob(str(cell["picture"])) as stored:
        content = stored.read(MOST_PICTURE_BYTES + 1)
    picture_type(content)
    return content


def picture_type(content: bytes) -> str:
    """The media type of an encoded picture, by how it begins; nothing of it is decoded.

    Raises:
        InputsRejected: it is empty, too large, or begins like none that is read.
    """
    if len(content) > MOST_PICTURE_BYTES:
        raise InputsRejected(
            "picture_too_large", f"a picture has at most {MOST_PICTURE_BYTES >> 20} MB; send a smaller one"
        )
    for beginning, media_type in BEGINNINGS.items():
        if content.startswith(beginning):
            return media_type
    if (content[:4], content[8:12]) == WEBP:
        return "image/webp"
    raise InputsRejected("picture_odd", "the file is no PNG, JPEG, WebP, BMP or GIF; send a picture in one of these")


def question(given: Any) -> list[Any]:
    """A question as it is stored: texts, or rows of texts and numbers, or pictures by their digests.

    Raises:
        InputsRejected: it is none, or longer than a trial is.
    """
    if not isinstance(given, Sequence) or isinstance(given, str | Mapping) or not given:
        raise InputsRejected("question_empty", "write at least one text or one row")
    if len(given) > MOST_CELLS:
        raise InputsRejected("question_too_long", f"a trial has at most {MOST_CELLS} rows; audit a table instead")
    pictures = [cell for cell in given if isinstance(cell, Mapping)]
    if pictures:
        if len(pictures) != len(given) or len(given) > MOST_PICTURES or not all(map(_is_picture, pictures)):
            raise InputsRejected(
                "question_odd", f"a trial is texts, rows, or up to {MOST_PICTURES} pictures, not mixed"
            )
        return [dict(cell) for cell in pictures]
    letters = 0
    for cell in given:
        row = [cell] if isinstance(cell, str) else cell
        if not isinstance(row, list) or not row or len(row) > MOST_COLUMNS:
            raise InputsRejected("question_odd", "a row is a text, or a list of texts and numbers")
        if not all(map(_fits, row)):
            raise InputsRejected(
                "question_odd", "a row is a text, or a list of texts and finite numbers; write others as texts"
            )
        letters += sum(len(one) if isinstance(one, str) else NUMBER_LETTERS for one in row)
    if letters > MOST_LETTERS:
        raise InputsRejected("question_too_long", f"a trial has at most {MOST_LETTERS:,} characters")
    return list(given)


def _is_picture(cell: Mapping[str, Any]) -> bool:
    named = cell.get("picture")
    return (
        cell.keys() == {"picture", "media_type", "bytes"}
        and isinstance(named, str)
        and SHA256.fullmatch(named) is not None
        and isinstance(cell["media_type"], str)
        and type(cell["bytes"]) is int
    )


def _fits(one: Any) -> bool:
    """Whether a cell can be kept as it is: a whole text, or a number that JSON has."""
    if isinstance(one, str):
        return not any("\ud800" <= letter <= "\udfff" for letter in one)
    return type(one) in (int, float) and math.isfinite(one) and abs(one) < LARGEST_NUMBER
