"""A refused step leaves a trace: who tried what on which submission, and which rule spoke against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from governance.ledger import services as ledger
from governance.reviews.errors import ReviewRefused

P = ParamSpec("P")
Result = TypeVar("Result")


def remembered(step: str, *, by: str = "by") -> Callable[[Callable[P, Result]], Callable[P, Result]]:
    """Record what a step refuses as ``<step>.refused`` in the ledger, with the code of the refusal.

    It stands outside the step's transaction, which has been undone by then. ``by`` names the argument that is the
    person; what it is about is ``submission_id``, ``trigger_id`` or ``override_id``, or for a
    submission that was never made the version that it was for.
    """

    def decorate(act: Callable[P, Result]) -> Callable[P, Result]:
        @wraps(act)
        def taken(*args: P.args, **kwargs: P.kwargs) -> Result:
            try:
                return act(*args, **kwargs)
            except ReviewRefused as refused:
                given: dict[str, Any] = {**kwargs}
                kind, ref, digest = _object(given)
                ledger.record_refusal(
                    verb=f"{step}.refused",
                    object_kind=kind,
                    object_ref=ref,
                    subject_digest=digest,
                    actor=given[by],
                    at=given["at"],
                    detail={"code": refused.code},
                )
                raise

        return taken

    return decorate


def _object(given: Mapping[str, Any]) -> tuple[str, str, str]:
    """Kind, number and subject of what a step was to be taken on."""
    version = given.get("version")
    if version is not None:
        return "version", str(version.pk), version.digest
    kind = next((one for one in ("trigger", "override") if f"{one}_id" in given), "submission")
    return kind, str(given[f"{kind}_id"]), ""
