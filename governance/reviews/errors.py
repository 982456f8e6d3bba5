"""What the workflow refuses, and why."""

from __future__ import annotations


class ReviewRefused(Exception):
    """The step breaks a rule of the workflow: ``code`` for programs, the message for the reader.

    ``params`` are what a page says it with in the reader's language.
    """

    status = 409

    def __init__(self, code: str, message: str, **params: object) -> None:
        super().__init__(message)
        self.code = code
        self.params = params


class NotAllowed(ReviewRefused):
    """The person may not take this step, whatever the state of the submission."""

    status = 403


class Stale(ReviewRefused):
    """The submission has changed since the person looked at it."""

    status = 412


class NotAcceptable(ReviewRefused):
    """What was sent with the step is missing or out of range."""

    status = 422
