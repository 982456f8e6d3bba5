"""What is refused about a waiver, and why; a refusal leaves a trace in the ledger."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from governance.ledger import services as ledger

P = ParamSpec("P")
Result = TypeVar("Result")


class WaiverRefused(Exception):
    """The step breaks a rule: ``code`` for programs, the message for the reader."""

    status = 409

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NotAllowed(WaiverRefused):
    """The person may not take this step, whatever the state of the waiver."""

    status = 403


class Stale(WaiverRefused):
    """The waiver has changed since the person looked at it."""

    status = 412


class BadEnd(WaiverRefused):
    """The end is missing, has passed, or lies too far ahead."""

    status = 400


class NotAcceptable(WaiverRefused):
    """What was sent with the step is missing or names what is not there."""

    status = 422


def remembered(step: str) -> Callable[[Callable[P, Result]], Callable[P, Result]]:
    """Record what a step refuses as ``<step>.refused``, with the code of the refusal.

    It stands outside the step's transaction, which has been undone by then. The person is the argument ``by``; the
    waiver is ``waiver_id``, or for one that was never made the version that it was for.
    """

    def decorate(act: Callable[P, Result]) -> Callable[P, Result]:
        @wraps(act)
        def taken(*args: P.args, **kwargs: P.kwargs) -> Result:
            try:
                return act(*args, **kwargs)
            except WaiverRefused as refused:
                given: dict[str, Any] = {**kwargs}
                waiver, version = given.get("waiver_id"), given.get("version")
                ledger.record_refusal(
                    verb=f"{step}.refused",
                    object_kind="waiver" if version is None else "version",
                    object_ref=str(waiver if version is None else version.pk),
                    subject_digest="" if version is None else version.digest,
                    actor=given["by"],
                    at=given["at"],
                    detail={"code": refused.code},
                )
                raise

        return taken

    return decorate
