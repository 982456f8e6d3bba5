"""The audit ``stress``: does a model's answer hold when its input changes as inputs do? Runs it in the sandbox."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audits.kinds.base import Context, InputsRejected, Outcome, audit
from audits.kinds.models_at_hand import chosen, laid_out
from audits.kinds.uploads import PACKAGES, VERDICTS, outcome_of, plan_of, refusals, upload_of

if TYPE_CHECKING:
    from audits.adapters.protocol import Adapter
    from audits.measures.stress.plan import StressPlan
    from audits.measures.tables.loading import Loaded

KEPT_ANSWERS = "predictions"
# Tried unless the plan says otherwise: ``{"run": false}``.
ALWAYS: Mapping[str, Mapping[str, Any]] = {"malformed": {}, "determinism": {}}


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
        plan = stress_plan_from({**ALWAYS, **plan_of(context, part="stress", needed=False)})
        with context.open_blob(sha256) as file:
            table = load_table(file, progress=lambda done, total: context.progress(0, None))
    kept = [
        KeptCase(str(one["id"]), one["input"], str(one["expected"]), _picture(context, one["input"]))
        for one in context.inputs.get("kept_cases") or ()
    ]
    with refusals(), _adapter(context, plan, table) as (adapter, how):
        try:
            found = stress(
                adapter,
                table,
                plan,
                isolation=probe(),
                store=_store(),
                seed=context.seed,
                kept_cases=kept,
                progress=context.progress,
                **{"reasons": _declared(context), **how},
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


@contextmanager
def _adapter(context: Context, plan: StressPlan, table: Loaded) -> Iterator[tuple[Adapter, dict[str, Any]]]:
    """The model that the plan names, or the only one that is at hand, laid out where the sandbox reads it.

    Where the plan says that the table holds a model's answers, these, with what is asked of them.
    """
    from audits.adapters import references
    from audits.model_settings import allowed
    from audits.stress import given_answers

    reference = plan.model or ""
    if (column := given_answers.column_of(reference)) is not None:
        yield given_answers.answered(table, plan, column)
        return
    kind, colon, _named = reference.partition(":")
    if colon and kind not in references.KINDS:
        yield references.adapter(reference, allowed=allowed()), {}  # a service; what is not known is refused
        return
    with laid_out(chosen(_files(context), reference), context) as adapter:
        yield adapter, {}


def _files(context: Context) -> Sequence[Mapping[str, Any]]:
    given = context.inputs.get("files") or []
    if not isinstance(given, Sequence) or not all(isinstance(one, Mapping) and one.get("sha256") for one in given):
        raise InputsRejected("files_inputs", "files: a list of files, every one with a sha256")
    return given


def _picture(context: Context, kept: Mapping[str, Any]) -> bytes:
    """The bytes of a permanent test that is a picture; none of another."""
    if "picture" not in kept:
        return b""
    with context.open_blob(str(kept["picture"])) as stored:
        return stored.read()


def _declared(context: Context) -> list[dict[str, Any]]:
    from audits.measures.stress.reasons import reason

    return [
        reason("stress.bytes_declared", str(name), file=str(name))
        for name in context.inputs.get("declared_files") or ()
    ]
