"""What this room refuses; each message is fit for the person who asked."""

from __future__ import annotations


class ReportRefused(Exception):
    """What was asked for goes against a rule; ``code`` says which for programs, the message how to mend it."""

    status = 409

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NotAllowed(ReportRefused):
    """The person may not do this."""

    status = 403


class NotAcceptable(ReportRefused):
    """What was given cannot be used."""

    status = 422
