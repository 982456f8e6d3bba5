"""Why there are no predictions."""

from __future__ import annotations

from audits.measures.refusals import CodedRefusal

# The code of a model that says no to a batch and goes on.
SAYS_NO = "model_failed"


class ModelRefused(CodedRefusal):
    """The model, or what it is to be asked, cannot be used; ``code`` says why, the message how to mend it."""


class ModelFailed(CodedRefusal):
    """The model was asked and did not answer as a model does: a fact about the model, which its report states.

    ``code`` is one of the sandbox's (``out_of_time``, ``out_of_memory``, ``crashed``, …), ``model_failed`` where it
    refuses a batch, or ``wrong_answer``; ``said`` is the end of what it printed.
    """

    def __init__(self, code: str, message: str, *, said: str = "") -> None:
        super().__init__(code, message)
        self.said = said
