"""Who can take a step of a review, by name where it is a vote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from governance.policies import wording
from governance.policies.shapes import AGREES
from governance.reviews.models import Submission, Vote
from governance.reviews.queries import reviewers_by_lane
from governance.web.templatetags.words import look_up

MOST_NAMES = 3


def voters(submission: Submission, votes: Sequence[Vote]) -> dict[str, list[str]]:
    """The names of those who can still add an agreement, by every lane that is asked for. One query."""
    agreed = {(v.lane, v.voter_id) for v in votes if v.round == submission.round and v.value >= AGREES}
    held = reviewers_by_lane(submission)
    lanes = [str(lane["lane"]) for lane in submission.evaluation.get("votes", ())]
    return {lane: [str(one) for one in held.get(lane, ()) if (lane, one.pk) not in agreed] for lane in lanes}


def who_can_vote(lane: str, names: Sequence[str], *, count: int = 1) -> str:
    """By whom the votes of a lane can come; a lane that too few people hold never fills by itself."""
    told = {"lane": look_up(lane, "lane").label, "names": any_of(names)}
    if not names:
        return _("Nobody who may vote holds the role of reviewer in %(lane)s; an administrator can give it.") % told
    said = _("%(names)s can vote in %(lane)s.") % told
    if len(names) < count:
        said += " " + _("That is too few people; an administrator can give the role to more.")
    return said


def any_of(names: Sequence[str]) -> str:
    """Names as a choice, three at most.

    >>> any_of(["Dana", "Lee"]), any_of(["Dana", "Lee", "Mo", "Ann"])
    ('Dana or Lee', 'Dana, Lee, Mo or 1 more')
    """
    shown = list(names[:MOST_NAMES])
    if len(names) > MOST_NAMES:
        shown.append(_("%(n)s more") % {"n": len(names) - MOST_NAMES})
    if len(shown) < 2:
        return "".join(shown)
    return _("%(first)s or %(last)s") % {"first": ", ".join(shown[:-1]), "last": shown[-1]}


def vote_step(step: Mapping[str, Any], voters: Mapping[str, Sequence[str]]) -> str:
    """A vote to come, and from whom."""
    lane, count = str(step["target"]), int(step.get("count", 1))
    names = voters.get(lane, ())
    said = who_can_vote(lane, names, count=count)
    return f"{wording.step(step)} {said}" if count > 1 or not names else said


def who(role: str) -> str:
    """A role of a step, or a lane's reviewers (``reviewer:<lane>``), as a person is called."""
    known = {
        "submitter": _("a submitter"),
        "risk_officer": _("a risk officer"),
        "admin": _("an administrator"),
        "worker": _("by itself"),
        "approver": _("an approver"),
    }
    name, _colon, lane = role.partition(":")
    if name == "reviewer":
        return _("a reviewer of lane %(lane)s") % {"lane": look_up(lane, "lane").label} if lane else _("a reviewer")
    return known.get(role, role.replace("_", " "))
