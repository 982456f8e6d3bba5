"""A stress audit from a model and a table to its document."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import rfc8785

from audits.adapters.kept import Store
from audits.adapters.predicting import Conversation, Progress
from audits.adapters.protocol import Adapter
from audits.adapters.signature import TRUNCATED
from audits.measures.resampling import generator
from audits.measures.stress.plan import MOST_ROWS, ROWS, ROWS_OF_TOKENS, StressPlan
from audits.measures.stress.reasons import reason
from audits.measures.tables.loading import Loaded
from audits.measures.verdicts import worst
from audits.sandbox.levels import LOWEST, Isolation, Level
from audits.sandbox.limits import Limits
from audits.stress.columns import why_not
from audits.stress.kept_cases import PART as KEPT_CASES
from audits.stress.parts import PARTS
from audits.stress.pictures import by_themselves, sample_of
from audits.stress.results import Part
from audits.stress.subject import KeptCase, StressRefused, Subject
from audits.stress.texts import require_texts

# What a model may use that is asked tens of thousands of times.
LIMITS = Limits(seconds=1_800.0)


@dataclass(frozen=True)
class Stressed:
    """The document of a stress audit, numbers for policies, and every input that turned out wrong."""

    document: dict[str, Any]
    summary: Mapping[str, float]
    cases: Sequence[Mapping[str, Any]]


def stress(
    adapter: Adapter,
    table: Loaded,
    plan: StressPlan,
    *,
    isolation: Isolation,
    store: Store | None = None,
    limits: Limits = LIMITS,
    lowest: Level = LOWEST,
    seed: int = 0,
    kept_cases: Sequence[KeptCase] = (),
    reasons: Sequence[Mapping[str, Any]] = (),
    progress: Progress = lambda done, total: None,
    parts: Sequence[Part] = PARTS,
    among: npt.NDArray[np.int64] | None = None,
) -> Stressed:
    """Ask a model about a table's inputs and about changed ones, in every way that fits it.

    Args:
        reasons: what was found before the model was asked; they stand before the others.
        progress: answers there are and answers asked for; what it raises ends the model.
        parts: of the audit, those that are wanted.
        among: the rows of the table that are inputs, rising; all where it is left out.

    Returns:
        The document: ``verdict`` is the worst of its ``parts``; ``model``, ``execution`` (isolation and packages),
        ``cases`` (how many inputs turned out wrong, and the digest of their export), ``digest`` over all but
        ``execution`` and what is timed, so that two machines with the same packages agree on it.

    Raises:
        NotIsolated: this machine cannot keep the model apart; nothing was run.
        StressRefused: nothing can be asked, or the table does not fit.
        ModelRefused: the model cannot be read, or does not take the inputs.
        ModelFailed: it does not answer unchanged inputs as a model does.
    """
    of = table.rows if among is None else len(among)
    said: tuple[int, int | None] = (0, None)

    def told(done: int, total: int | None) -> None:
        nonlocal said
        said = (done, total)
        progress(done, total)

    # while an answer is awaited the same count is told again, which is where somebody who cancels is heard
    with Conversation(
        adapter, isolation=isolation, limits=limits, lowest=lowest, store=store, tick=lambda: progress(*said)
    ) as conversation:
        signature = conversation.signature()
        most = sample_of(signature) if by_themselves(signature, plan, table) else MOST_ROWS
        reads_tokens = any(one.name == TRUNCATED for one in signature.outputs)
        unless_said = ROWS_OF_TOKENS if reads_tokens else ROWS
        rows = rows_used(table, plan, seed, among=among, most=most, unless_said=unless_said)
        subject = Subject(conversation, signature, table, plan, rows, seed, told, kept_cases)
        asked = {part.name: part.asks(subject) for part in parts}
        subject.total = sum(asked.values())
        if subject.total:
            require_texts(subject)
        # permanent tests alone would pass for an audit of inputs that nobody brought
        if not any(asked[part.name] for part in parts if part is not KEPT_CASES or len(parts) == 1):
            raise StressRefused("nothing_to_stress", _nothing(subject))
        found = {part.name: part.run(subject) for part in parts if asked[part.name]}
    cases = [case for result in found.values() for case in result.cases]
    exported = cases_jsonl(cases)
    every = [
        *reasons,
        *_of_sample(rows, of),
        *(one for result in found.values() for one in result.document["reasons"]),
    ]
    verdicts = [result.document["verdict"] for result in found.values() if result.document["verdict"] is not None]
    document: dict[str, Any] = {
        # what nobody set a limit for is told and passes nothing
        "verdict": worst(verdicts or ["insufficient_data"]),
        "model": {"kind": adapter.kind, "digest": adapter.digest, "signature": signature.as_document()},
        "rows_used": len(rows),
        "rows_of": of,
        "parts": {name: result.document for name, result in found.items()},
        "reasons": every,
        "cases": {"n": len(cases), "sha256": hashlib.sha256(exported).hexdigest(), "bytes": len(exported)},
        "plan": plan.as_document(),
        "seed": seed,
    }
    document["digest"] = repeatable_digest(document)
    document["execution"] = {
        "origin": adapter.origin,
        "isolation": _least_isolated(subject.records),
        "runtime": dict(adapter.runtime),
        "answers": int(sum(record["rows"] for record in subject.records)),
    }
    summary = {"rows_used": float(len(rows)), "stress_cases": float(len(cases))}
    for result in found.values():
        summary |= result.summary
    return Stressed(document, summary, cases)


def _nothing(subject: Subject) -> str:
    """Why nothing can be asked, and what to do about it."""
    takes = ", ".join(map(str, subject.signature.inputs))
    how = why_not(subject)
    if not how:
        how = (
            "a model of columns is given a table of these, one of texts a column text, one of pictures a column image"
            " with base64 of PNG or JPEG files; or say in the audit plan what it takes (stress: tabular, text, images)"
        )
    return f"the model takes {takes}, and the table has nothing that fits: {how}"


def repeatable_digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of what comes out again the same: a part that is timed does not, nor do its reasons or its verdict."""
    timed = {part.name for part in PARTS if not part.repeatable} & set(document["parts"])
    if not timed:
        return hashlib.sha256(rfc8785.dumps(dict(document))).hexdigest()
    again = [one for name, part in document["parts"].items() if name in timed for one in part["reasons"]]
    steady: dict[str, Any] = {
        **{key: value for key, value in document.items() if key != "verdict"},
        "parts": {name: part for name, part in document["parts"].items() if name not in timed},
        "reasons": [one for one in document["reasons"] if one not in again],
    }
    return hashlib.sha256(rfc8785.dumps(steady)).hexdigest()


def cases_jsonl(cases: Sequence[Mapping[str, Any]]) -> bytes:
    """Cases as lines of JSON, one for each."""
    lines = (json.dumps(case, ensure_ascii=True, sort_keys=True, allow_nan=False) for case in cases)
    return "".join(line + "\n" for line in lines).encode()


def rows_used(
    table: Loaded,
    plan: StressPlan,
    seed: int,
    *,
    among: npt.NDArray[np.int64] | None = None,
    most: int = MOST_ROWS,
    unless_said: int = ROWS,
) -> npt.NDArray[np.int64]:
    """All rows that are inputs, or as many of them as the plan uses, drawn by the seed; rising.

    Args:
        most: at once.
        unless_said: how many where the plan does not say.
    """
    inputs = np.arange(table.rows, dtype=np.int64) if among is None else among
    wanted = min(plan.rows or unless_said, most)
    if len(inputs) <= wanted:
        return inputs
    drawn = generator(seed, "stress", "rows").choice(len(inputs), size=wanted, replace=False)
    return inputs[np.sort(drawn)]


def _of_sample(rows: npt.NDArray[np.int64], of: int) -> list[dict[str, Any]]:
    return [] if len(rows) == of else [reason("stress.sampled", rows=len(rows), of=of)]


def _least_isolated(records: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """How the model was kept apart; where answers were kept from before, the least of all times. None for a service,
    of which nothing runs here."""
    found: list[dict[str, Any]] = [dict(record["isolation"]) for record in records if record["isolation"] is not None]
    return min(found, key=lambda one: str(one["level"]), default=None)
