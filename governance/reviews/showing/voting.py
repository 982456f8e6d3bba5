"""The lanes of a submission: who has voted how, and what each still lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.people.models import User
from governance.policies import wording
from governance.policies.shapes import AGREES
from governance.reviews import override_showing
from governance.reviews.models import Submission, Vote
from governance.reviews.showing.people import vote_step, who_can_vote
from governance.reviews.standing import HOLDS
from governance.web.templatetags.words import look_up


def lanes(
    submission: Submission, votes: Sequence[Vote], *, voters: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    """The lanes that are asked for, each with the newest vote of everybody who voted in it."""
    newest: dict[tuple[str, int], Vote] = {}
    for vote in votes:
        newest[vote.lane, vote.voter_id] = vote
    made = []
    for lane in submission.evaluation.get("votes", ()):
        cast = [vote for (name, _voter), vote in newest.items() if name == lane["lane"]]
        made.append(
            {
                "lane": lane["lane"],
                "needed": lane.get("min", 0),
                "agreeing": lane.get("agreeing", 0),
                "status": lane["status"],
                "vetoes": lane.get("vetoes", 0),
                "waiting": who_can_vote(lane["lane"], voters[lane["lane"]])
                if lane["lane"] in voters and lane["status"] not in HOLDS
                else "",
                "votes": [
                    {
                        "name": str(vote.voter),
                        "value": vote.value,
                        "at": vote.cast_at,
                        "reason": vote.comment,
                        "carried": _carried(vote, submission),
                    }
                    for vote in cast
                ],
            }
        )
    return made


def _carried(vote: Vote, submission: Submission) -> str:
    """Where a vote of before comes from, and whether it counts."""
    if vote.round != submission.round:
        return _("in round %(n)s; counts no longer") % {"n": vote.round}
    return _("taken over from the version before") if vote.copied_from_id is not None else ""


def lane_requirement(
    lane: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], voters: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """A lane as ``components/requirement.html`` takes it, with the step that mends it."""
    name = look_up(lane["lane"], "lane").label
    needed, agreeing, vetoes = int(lane.get("min", 0)), int(lane.get("agreeing", 0)), int(lane.get("vetoes", 0))
    title = ngettext("%(n)s person agrees in lane %(lane)s", "%(n)s people agree in lane %(lane)s", needed)
    message = _("%(have)s of %(needed)s so far.") % {"have": agreeing, "needed": needed}
    if vetoes:
        message = _("Somebody has cast a veto in this lane.") + " " + message
    shown: dict[str, Any] = {
        "id": f"lane-{lane['lane']}",
        "lane": name,
        "title": title % {"n": needed, "lane": name},
        "status": "vetoed" if vetoes and lane["status"] not in HOLDS else lane["status"],
        "severity": "fail",
        "message": message,
        "links": [],
    }
    shown |= override_showing.of_row(lane, lane["status"])
    step = next((s for s in steps if s.get("target") == lane["lane"] and s["action"] in ("vote", "lift_veto")), None)
    if step is not None and lane["status"] not in HOLDS:
        if step["action"] == "vote":
            shown["next" if voters.get(lane["lane"]) else "mend"] = vote_step(step, voters)
        else:
            shown["mend"] = wording.step(step)
    return shown


def own_vote(submission: Submission, votes: Sequence[Vote], user: User, *, lanes: Sequence[str]) -> dict[str, Any]:
    """What the person has said in this round, and what the form is filled with: their vote, or a lane without one."""
    newest = {v.lane: v for v in votes if v.voter_id == user.pk and v.round == submission.round}
    if not newest:
        return {"own_votes": [], "has_voted": False, "vote_values": {}}
    last = max(newest.values(), key=lambda vote: (vote.cast_at, vote.pk))
    words = {
        1: _("You agreed"),
        0: _("You commented"),
        -1: _("You asked for changes"),
        -2: _("You cast a veto"),
    }
    said = [
        {
            "lane": vote.lane,
            "value": f"{vote.value:+d}" if vote.value else "0",
            "said": words[min(vote.value, AGREES)],
            "at": vote.cast_at,
        }
        for vote in newest.values()
    ]
    unsaid = [lane for lane in lanes if lane not in newest]
    # +1 and +2 are both an agreement to whoever reads the form.
    value = "2" if last.value >= AGREES else str(last.value)
    values = {"lane": unsaid[0], "vote": ""} if unsaid else {"lane": last.lane, "vote": value}
    return {"own_votes": said, "has_voted": not unsaid, "vote_values": values}
