"""A refused step leaves a trace: who tried what on which thing, and which rule spoke against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from governance.ledger import services

P = ParamSpec("P")
Result = TypeVar("Result")


class Refused(Exception):
    """The step breaks a rule: ``code`` for programs, the message for the reader, ``status`` that of HTTP.

    ``params`` are what a page says it with in the reader's language.
    """

    status = 409

    def __init__(self, code: str, message: str, **params: object) -> None:
        super().__init__(message)
        self.code, self.message, self.params = code, message, params

    @property
    def page_status(self) -> int:
        """That of a page which shows the refusal: of what has changed meanwhile it shows the new state."""
        return 409 if self.status == 412 else self.status


def remembered(step: str, *, by: str = "by") -> Callable[[Callable[P, Result]], Callable[P, Result]]:
    """Record what a step refuses as ``<step>.refused`` in the ledger, with the code of the refusal.

    It stands outside the step's transaction, which has been undone by then. ``by`` names the argument that is the
    person; what it is about is the first of ``version``, ``<kind>_id``, ``entry`` and ``use_case`` that is given.
    """

    def decorate(act: Callable[P, Result]) -> Callable[P, Result]:
        @wraps(act)
        def taken(*args: P.args, **kwargs: P.kwargs) -> Result:
            try:
                return act(*args, **kwargs)
            except Refused as refused:
                given: dict[str, Any] = {**kwargs}
                kind, ref, digest = _object(given)
                services.record_refusal(
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
    if (version := given.get("version")) is not None:
        return "version", str(version.pk), version.digest
    for name, value in given.items():
        if name.endswith("_id"):
            return name.removesuffix("_id"), str(value), ""
    kind = next(name for name in ("entry", "use_case") if given.get(name) is not None)
    return kind, str(given[kind].pk), ""
