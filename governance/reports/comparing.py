"""Two editions side by side."""

from __future__ import annotations

from governance.reports.differences import between, reference
from governance.reports.models import Edition
from governance.reports.reading import open_document
from governance.reports.shapes import Differences


class NotComparable(Exception):
    """The two are not of one scope; ``code`` says so for programs."""

    code = "other_scope"


def differences_of(edition: Edition, *, against: Edition | None = None) -> Differences:
    """What is otherwise in an edition than in another of the same scope; without one, as its document tells it.

    Raises:
        NotComparable: the other is of another scope.
        DocumentGone: one of the documents cannot be read.
    """
    with open_document(edition) as after:
        if against is None or against.pk == edition.previous_id:
            found: Differences = after.differences  # type: ignore[assignment]  # the stored part has this shape
            return found
        if against.team_id != edition.team_id:
            raise NotComparable("compare editions of one scope: a team's with the team's, the portfolio's with its own")
        with open_document(against) as before:
            return {**between(before, after), "against": reference(against)}
