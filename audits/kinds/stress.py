"""The audit ``stress``: does a model's answer hold when its input changes as inputs do? Runs it in the sandbox."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audits.kinds.base import Context, InputsRejected, Outcome, audit
from audits.kinds.uploads import PACKAGES, VERDICTS, outcome_of, plan_of, refusals, upload_of

if TYPE_CHECKING:
    from audits.adapters.protocol import Adapter

MOST_BYTES = 4 << 30
# How a file that can be called is called, by how its name ends.
CALLED = {".onnx": "onnx", ".skops": "skops"}
COPIED_AT_ONCE = 1 << 20
KEPT_ANSWERS = "predictions"


@audit("stress", version=1, packages=PACKAGES, verdicts=VERDICTS, time_limit_s=3_600)
def run(context: Context) -> Outcome:
    """Ask the version's model about a table's inputs, as they are and changed.

    Inputs: ``files`` (a list of ``path`` or ``filename`` and ``sha256``: bytes of the version that are at hand),
    ``inputs`` (``sha256`` of the table), ``origin``, ``declared_files`` (names of files that no more is known of than
    that somebody says they are the version's), ``kept_cases`` (permanent tests: ``id``, ``input``, ``expected``), and
    where the use case has one ``plan`` (the stress part of an audit plan) with ``plan_digest``. Progress is answers.

    Returns:
        The document of ``audits.stress.running.stress``; every input that turned out wrong as an artefact of its own;
        one draft for each reason.

    Raises:
        InputsRejected: nothing that can be called is at hand, this machine cannot keep a model apart, the model cannot
            be read, does not fit the table or does not answer unchanged inputs.
    """
    # numpy and pyarrow cost a web process seconds and memory for nothing
    from audits.adapters.refusals import ModelFailed
    from audits.measures.stress.plan import stress_plan_from
    from audits.measures.tables.loading import load_table
    from audits.sandbox.probing import probe
    from audits.sandbox.refusals import NotIsolated
    from audits.stress.running import cases_jsonl, stress
    from audits.stress.subject import KeptCase

    sha256 = upload_of(context, "inputs", what="table of inputs to stress the model with")
    with refusals():
        plan = stress_plan_from(plan_of(context, part="stress", needed=False))
        with context.open_blob(sha256) as file:
            table = load_table(file, progress=lambda done, total: context.progress(0, None))
    kept = [
        KeptCase(str(one["id"]), one["input"], str(one["expected"])) for one in context.inputs.get("kept_cases") or ()
    ]
    with tempfile.TemporaryDirectory(prefix="assay-model-") as folder, refusals():
        try:
            found = stress(
                _adapter(context, plan.model, Path(folder)),
                table,
                plan,
                isolation=probe(),
                store=_store(),
                seed=context.seed,
                kept_cases=kept,
                reasons=_declared(context),
                progress=context.progress,
            )
        except NotIsolated as refused:
            raise InputsRejected(refused.code, str(refused)) from refused
        except ModelFailed as failed:
            raise InputsRejected(failed.code, f"the model does not answer unchanged inputs: {failed}") from failed
    outcome = outcome_of(found.document, summary=found.summary)
    return Outcome(
        outcome.verdict, outcome.summary, outcome.document, outcome.drafts, artefacts=(cases_jsonl(found.cases),)
    )


def _store() -> Any:
    """Where this worker keeps answers between runs."""
    from django.conf import settings

    from audits.adapters.kept import FolderStore

    return FolderStore(Path(settings.VAR_DIR) / KEPT_ANSWERS)


def _adapter(context: Context, reference: str | None, folder: Path) -> Adapter:
    """The model that the plan names, or the only one there is; its files are put where the sandbox reads them."""
    from audits.adapters import references
    from audits.model_settings import allowed

    files = {str(one.get("path") or one.get("filename")): str(one["sha256"]) for one in _files(context)}
    kind, name = _named(reference, list(files))
    if kind not in references.KINDS:
        return references.adapter(f"{kind}:{name}", allowed=allowed())  # which refuses what it does not know
    beside = _beside(name, list(files))
    taken = 0
    for path in beside:
        target = folder / "model" / _plain(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with context.open_blob(files[path]) as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy, COPIED_AT_ONCE)
        taken += target.stat().st_size
        if taken > MOST_BYTES:
            raise InputsRejected("model_too_large", f"the model has more than {MOST_BYTES:,} bytes")
        context.progress(0, None)
    return references.KINDS[kind](folder / "model" / _plain(name))


def _files(context: Context) -> Sequence[Mapping[str, Any]]:
    given = context.inputs.get("files") or []
    if not isinstance(given, Sequence) or not all(isinstance(one, Mapping) and one.get("sha256") for one in given):
        raise InputsRejected("files_inputs", "files: a list of files, every one with a sha256")
    return given


def _named(reference: str | None, paths: Sequence[str]) -> tuple[str, str]:
    """How the model is called, and the name of its file."""
    if reference is not None:
        kind, colon, path = reference.partition(":")
        if not colon:
            kind, path = CALLED.get(Path(reference).suffix, ""), reference
        if kind == "http":
            return kind, path
        if path not in paths:
            raise InputsRejected("model_missing", f"the file {path[:200]!r} that the audit plan names is not at hand")
        return kind, path
    callable_ones = [path for path in paths if Path(path).suffix in CALLED]
    if len(callable_ones) != 1:
        raise InputsRejected(
            "model_unclear" if callable_ones else "model_missing",
            f"{len(callable_ones)} files can be called ({', '.join(sorted(callable_ones)[:5]) or 'onnx or skops is'}); "
            "name one in the audit plan (model), or bring one",
        )
    return CALLED[Path(callable_ones[0]).suffix], callable_ones[0]


def _beside(name: str, paths: Sequence[str]) -> list[str]:
    """The model's file and what may be part of it: the files of its folder, but no other model."""
    folder = Path(name).parent
    return [path for path in paths if path == name or (Path(path).parent == folder and Path(path).suffix not in CALLED)]


def _plain(path: str) -> str:
    """A path within the folder, whatever a manifest says."""
    parts = [part for part in Path(path).parts if part not in ("/", "..", ".")]
    return str(Path(*parts)) if parts else "model"


def _declared(context: Context) -> list[dict[str, Any]]:
    from audits.measures.stress.reasons import CODES

    code = "stress.bytes_declared"
    return [
        {"code": code, "severity": CODES[code][0], "locus": str(name), "params": {"file": str(name)}}
        for name in context.inputs.get("declared_files") or ()
    ]
