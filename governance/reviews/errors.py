"""What the workflow refuses, and why."""

from __future__ import annotations

from governance.ledger.refusals import Refused


class ReviewRefused(Refused):
    """The step breaks a rule of the workflow."""


class NotAllowed(ReviewRefused):
    """The person may not take this step, whatever the state of the submission."""

    status = 403


class Stale(ReviewRefused):
    """The submission has changed since the person looked at it."""

    status = 412


class NotAcceptable(ReviewRefused):
    """What was sent with the step is missing or out of range."""

    status = 422
