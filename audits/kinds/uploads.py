"""What kinds that read an uploaded table share: finding it and the plan, opening it, refusals, drafts from reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import IO, TYPE_CHECKING, Any, Protocol, TypeVar

from audits.kinds.base import Context, Draft, InputsRejected, Outcome
from audits.measures.refusals import Refusal

if TYPE_CHECKING:
    from audits.measures.tables import Table

MAX_LOCUS = 500
# Verdicts of kinds that judge; packages that their tables are read with.
VERDICTS = ("pass", "warn", "fail", "insufficient_data", "no_information")
PACKAGES = ("numpy", "pyarrow")

Document = Mapping[str, Any]
Codes = Mapping[str, tuple[str, tuple[str, ...]]]
Plan = TypeVar("Plan", contravariant=True)


class OpenFor(Protocol[Plan]):
    """What opens a file as the table that a plan asks for; ``counting`` is called while rows are counted."""

    def __call__(
        self, source: IO[bytes], plan: Plan, /, *, counting: Callable[[], None] | None = None
    ) -> AbstractContextManager[Table]: ...


def predictions_of(context: Context) -> str:
    """The digest of the table of predictions that kinds about decisions read.

    Raises:
        InputsRejected: there is none.
    """
    return upload_of(context, "predictions", what="table of predictions")


def upload_of(context: Context, name: str, *, what: str) -> str:
    """The digest of an uploaded table.

    Raises:
        InputsRejected: there is none.
    """
    given = context.inputs.get(name)
    if not isinstance(given, Mapping) or not isinstance(given.get("sha256"), str):
        raise InputsRejected(f"{name}_missing", f"there is no {what}; upload one and attach it")
    return str(given["sha256"])


def plan_of(context: Context, *, part: str, needed: bool) -> Mapping[str, Any]:
    """The part of the audit plan that the run was asked for with; empty where none is needed.

    Raises:
        InputsRejected: there is none and one is needed.
    """
    plan = context.inputs.get("plan")
    if isinstance(plan, Mapping):
        return plan
    if plan is None and not needed:
        return {}
    raise InputsRejected("plan_missing", f"the use case has no audit plan for {part}; write one")


@contextmanager
def table_of(context: Context, sha256: str, open_for: OpenFor[Plan], plan: Plan) -> Iterator[Table]:
    """An uploaded table, opened as its plan asks; while its rows are counted the run shows that it lives."""
    with (
        context.open_blob(sha256) as file,
        open_for(file, plan, counting=lambda: context.progress(0, None)) as table,
    ):
        yield table


@contextmanager
def refusals(*, of: str = "") -> Iterator[None]:
    """What a plan, table or metric is refused for ends the run with its code; ``of`` names the table among several."""
    try:
        yield
    except Refusal as refused:
        raise InputsRejected(refused.code, f"{of}: {refused}" if of else str(refused)) from refused


def outcome_of(
    document: Document, *, summary: Mapping[str, float], reasons: str = "reasons", codes: Codes | None = None
) -> Outcome:
    """The outcome of a document with a verdict, and with reasons under a key; see ``drafts_of`` for ``codes``."""
    drafts = drafts_of(document[reasons], codes)
    return Outcome(verdict=document["verdict"], summary=summary, document=document, drafts=drafts)


def drafts_of(reasons: Sequence[Document], codes: Codes | None = None) -> list[Draft]:
    """Findings before they are stored, one for each reason; ``codes`` says how grave each is that does not say it.

    Examples of a reason go with its parameters.
    """
    return [
        Draft(
            code=reason["code"],
            severity=reason["severity"] if codes is None else codes[reason["code"]][0],
            locus=reason["locus"][:MAX_LOCUS],
            params={**reason["params"], **({"examples": reason["examples"]} if "examples" in reason else {})},
        )
        for reason in reasons
    ]


def rows_counted(document: Document) -> dict[str, float]:
    """How many rows a document rests on and leaves out, for policies."""
    return {
        "rows_used": float(document["rows_used"]),
        "rows_dropped": float(sum(document["rows_dropped"].values())),
    }
