"""What is refused about a waiver, and why."""

from __future__ import annotations

from governance.ledger.refusals import Refused


class WaiverRefused(Refused):
    """The step breaks a rule."""


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
