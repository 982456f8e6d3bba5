"""The audit ``trial``: what a model answers to what somebody typed, or to a picture or sound. It judges nothing."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from audits.kinds.base import Context, InputsRejected, Outcome, audit
from audits.kinds.models_at_hand import chosen, laid_out
from audits.kinds.shown import MOST_BYTES, MOST_SHOWN, PICTURE, SOUND, kind_of, media_type

if TYPE_CHECKING:
    from audits.adapters.protocol import Running

ANSWERED, NO_ANSWER = "answered", "no_answer"
MOST_CELLS, MOST_LETTERS, MOST_COLUMNS = 50, 20_000, 2_000
NUMBER_LETTERS = 20
# Up to here a number is the same in JSON wherever it is read.
LARGEST_NUMBER = 2**53
MEMORY_BYTES, SECONDS, ANSWER_SECONDS, OPENING_SECONDS = 2 << 30, 90.0, 30.0, 60.0


@audit("trial", version=1, packages=("numpy",), verdicts=(ANSWERED, NO_ANSWER), time_limit_s=120)
def run(context: Context) -> Outcome:
    """Ask a version's model about a few texts or rows, in the sandbox.

    Inputs: ``files`` (a list of ``path`` or ``filename`` and ``sha256``: bytes of the version that are at hand),
    ``model`` (which of them, empty for the only one that can be called) and ``question_sha256`` (of a stored JSON
    list of texts, of lists of texts and numbers, or of pictures or sounds, each by the ``picture`` or ``sound`` that is
    its SHA-256); with sounds there may be ``hearing``, what is told of how the model hears. Progress is rows.

    Returns:
        The question with an answer for each row, or how the model failed, which is an answer about it too; in the
        summary rows, seconds and memory.

    Raises:
        InputsRejected: no model is at hand or may be run here, or the question is none or does not fit it.
    """
    # numpy costs a web process time and memory for nothing
    from audits.adapters.refusals import ModelFailed, ModelRefused
    from audits.sandbox.limits import Limits
    from audits.sandbox.probing import probe
    from audits.sandbox.refusals import NotIsolated

    cells = _question(context)
    model = chosen(context.inputs.get("files") or [], str(context.inputs.get("model") or ""))
    what = kind_of(cells[0]) if isinstance(cells[0], Mapping) else ""
    files = [_file(context, cell, what) for cell in cells if isinstance(cell, Mapping)]
    if what and model.way != "onnx":
        raise InputsRejected(f"{what}s_unfit", f"{what}s go to models in ONNX alone; this one takes none")
    hearing = dict(context.inputs.get("hearing") or {}) if what == SOUND else None
    isolation = probe()
    limits = Limits(
        memory_bytes=MEMORY_BYTES, seconds=SECONDS, answer_seconds=ANSWER_SECONDS, opening_seconds=OPENING_SECONDS
    )
    document: dict[str, Any] = {"model": model.reference, "question": cells, "isolation": isolation.as_document()}
    document["limits"] = {"memory_bytes": MEMORY_BYTES, "seconds": SECONDS, "answer_seconds": ANSWER_SECONDS}
    begun = time.monotonic()
    try:
        with laid_out(model, context, pictures=what == PICTURE, sounds=hearing) as adapter:
            document |= {"digest": adapter.digest, "runtime": dict(adapter.runtime)}
            tick = partial(context.progress, 0, len(cells))
            with adapter.open(isolation=isolation, limits=limits, tick=tick) as running:
                loaded, signature = time.monotonic(), running.signature
                answers = _answers(running, cells, files, what)
                answered = time.monotonic()
    except (NotIsolated, ModelRefused) as refused:
        raise InputsRejected(refused.code, str(refused)) from refused
    except ModelFailed as failed:
        document["failed"] = {"code": failed.code, "message": str(failed), "said": failed.said}
        return Outcome(NO_ANSWER, {"rows_used": float(len(cells))}, document)
    document["signature"] = signature.as_document()
    document["answers"] = answers
    figures = {
        "load_seconds": round(loaded - begun, 3),
        "answer_seconds": round(answered - loaded, 3),
        "peak_memory_bytes": running.peak_memory_bytes,
    }
    document |= figures
    summary = {"rows_used": float(len(cells)), **{f"trial_{name}": float(value) for name, value in figures.items()}}
    return Outcome(ANSWERED, summary, document)


def _answers(running: Running, cells: Sequence[Any], files: Sequence[bytes], what: str) -> list[Any]:
    """What the model says of each row, JSON-ready; raises as ``Running.predict``."""
    from audits.adapters.questions import batch_of, batch_of_files, told

    signature = running.signature
    if what == SOUND:
        # one after another: what is told of the windows of each is as long as it
        outputs = (running.predict(batch_of_files([one], signature)) for one in files)
        return [told(one, signature, row=0) for one in outputs]
    asked = batch_of_files(files, signature) if what else batch_of(cells, signature)
    together = running.predict(asked)
    return [told(together, signature, row=row) for row in range(len(cells))]


def _question(context: Context) -> list[Any]:
    with context.open_blob(str(context.inputs.get("question_sha256"))) as stored:
        return question(json.load(stored))


def _file(context: Context, cell: Mapping[str, Any], what: str) -> bytes:
    with context.open_blob(str(cell[what])) as stored:
        content = stored.read(MOST_BYTES + 1)
    media_type(content, what)
    return content


def question(given: Any) -> list[Any]:
    """A question as it is stored: texts, or rows of texts and numbers, or pictures or sounds by their digests.

    Raises:
        InputsRejected: it is none, or longer than a trial is.
    """
    if not isinstance(given, Sequence) or isinstance(given, str | Mapping) or not given:
        raise InputsRejected("question_empty", "write at least one text or one row")
    if len(given) > MOST_CELLS:
        raise InputsRejected("question_too_long", f"a trial has at most {MOST_CELLS} rows; audit a table instead")
    shown = [cell for cell in given if isinstance(cell, Mapping)]
    if shown:
        kinds = {kind_of(cell) for cell in shown}
        if len(shown) != len(given) or len(given) > MOST_SHOWN or len(kinds) > 1 or "" in kinds:
            raise InputsRejected(
                "question_odd", f"a trial is texts, rows, or up to {MOST_SHOWN} pictures or sounds, not mixed"
            )
        return [dict(cell) for cell in shown]
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


def _fits(one: Any) -> bool:
    """Whether a cell can be kept as it is: a whole text, or a number that JSON has."""
    if isinstance(one, str):
        return not any("\ud800" <= letter <= "\udfff" for letter in one)
    return type(one) in (int, float) and math.isfinite(one) and abs(one) < LARGEST_NUMBER
