"""What a caller of the sandbox is told when there is no answer."""

from __future__ import annotations


class NotIsolated(Exception):
    """This machine cannot keep a stranger's program apart well enough; nothing was run."""

    code = "no_isolation"


class Stopped(Exception):
    """The program was ended, or ended itself, without an answer.

    ``code`` is one of ``out_of_time``, ``out_of_memory``, ``too_much_output``, ``too_many_threads``, ``bad_answer``,
    ``crashed`` and ``program_failed``; ``said`` is the end of what it printed, as untrusted as the program.
    """

    def __init__(self, code: str, message: str, *, said: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.said = said


class Refused(Exception):
    """The program itself, or what we run in it, refuses the question; ``code`` and message are its own."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
