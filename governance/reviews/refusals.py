"""A refused step leaves a trace: who tried what on which submission, and which rule spoke against it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from governance.ledger import services as ledger
from governance.reviews.errors import ReviewRefused

P = ParamSpec("P")
Result = TypeVar("Result")


def remembered(step: str, *, by: str = "by") -> Callable[[Callable[P, Result]], Callable[P, Result]]:
    """Record what a step refuses as ``<step>.refused`` in the ledger, with the code of the refusal.

    It stands outside the step's transaction, which has been undone by then. ``by`` names the argument that is the
    person; the submission is ``submission_id``, or for one that was never made the version that it was for.
    """

    def decorate(act: Callable[P, Result]) -> Callable[P, Result]:
        @wraps(act)
        def taken(*args: P.args, **kwargs: P.kwargs) -> Result:
            try:
                return act(*args, **kwargs)
            except ReviewRefused as refused:
                given: dict[str, Any] = {**kwargs}
                submission, version = given.get("submission_id"), given.get("version")
                ledger.record(
                    verb=f"{step}.refused",
                    object_kind="submission" if version is None else "version",
                    object_ref=str(submission if version is None else version.pk),
                    subject_digest="" if version is None else version.digest,
                    actor=given[by],
                    at=given["at"],
                    detail={"code": refused.code},
                )
                raise

        return taken

    return decorate
