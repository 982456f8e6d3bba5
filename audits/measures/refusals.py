"""What every refusal of a plan, a table or a metric has in common, so that one place can pass them on."""

from __future__ import annotations


class Refusal(ValueError):
    """What was given cannot support an audit; ``code`` says why for programs, the message how to mend it."""

    code: str


class CodedRefusal(Refusal):
    """A refusal that is told its code where it is raised."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
