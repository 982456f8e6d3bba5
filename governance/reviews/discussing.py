"""The discussion of a submission as its page shows it: findings with what was said to them, and the thread."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from audits.models import Finding, Run, Severity
from governance.evidence.showing import GRAVITY, findings_shown
from governance.people.models import User
from governance.people.queries import standing
from governance.reviews.comments import SPEAKERS, card_lines
from governance.reviews.models import Claim, Comment, Decision, Submission
from governance.web.templatetags import figures
from governance.web.templatetags.words import look_up

MOST_FINDINGS, LONGEST_QUOTE = 12, 300
About = Comment.About


def discussion(
    submission: Submission, user: User, *, runs: Iterable[Run], decisions: Sequence[Decision], about: str = ""
) -> dict[str, Any]:
    """Findings of the runs that the newest evaluation looked at, the thread, and what a comment can be about.

    Shown are the gravest findings and those to which something was said. Two queries.
    """
    comments = list(submission.comments.select_related("author", "decision").order_by("written_at", "pk"))
    to_finding: dict[str, list[Comment]] = defaultdict(list)
    for comment in comments:
        if comment.about == About.FINDING:
            to_finding[comment.finding].append(comment)
    found = _gravest(list(Finding.objects.filter(run__in=[run.pk for run in runs])), said=to_finding.keys())
    rows = [
        {
            **findings_shown([finding])[0],
            "fingerprint": finding.fingerprint,
            "comments": to_finding[finding.fingerprint],
        }
        for finding in found
    ]
    shown = {finding.fingerprint for finding in found}
    # What was said to a finding of a run before the newest keeps its place in the thread.
    rest = [one for one in comments if one.about != About.FINDING or one.finding not in shown]
    return {
        "finding_rows": rows,
        "thread": [_in_thread(one, submission) for one in rest],
        "comments_count": len(comments),
        "may_comment": _may_comment(user, submission),
        "about_choices": _choices(rows, decisions),
        "about_chosen": about,
        "card_line_count": len(card_lines(submission)),
    }


def _gravest(findings: list[Finding], *, said: Iterable[str]) -> list[Finding]:
    once = {one.fingerprint: one for one in sorted(findings, key=lambda one: -one.run_id)}
    order = sorted(once.values(), key=lambda one: (GRAVITY.get(one.severity, 9), one.line or 0, one.pk))
    spoken = set(said)
    graver = [one for one in order if one.severity != Severity.INFO][:MOST_FINDINGS]
    return graver + [one for one in order if one.fingerprint in spoken and one not in graver]


def _in_thread(comment: Comment, submission: Submission) -> dict[str, Any]:
    told = {"comment": comment, "about": "", "quote": ""}
    if comment.about == About.CARD_LINE and comment.line is not None:
        lines = card_lines(submission)
        told["about"] = _("Line %(line)s of the card") % {"line": comment.line}
        told["quote"] = lines[comment.line - 1].strip()[:LONGEST_QUOTE] if comment.line <= len(lines) else ""
    elif comment.about == About.DECISION and comment.decision is not None:
        told["about"] = _decision_name(comment.decision)
    elif comment.about == About.FINDING:
        told["about"] = _("A finding of an earlier audit")
    return told


def _decision_name(decision: Decision) -> str:
    word = look_up(decision.outcome, "submission").label
    return _("Decision of %(day)s: %(outcome)s") % {"day": figures.day(decision.decided_at), "outcome": word}


def _choices(rows: Sequence[dict[str, Any]], decisions: Sequence[Decision]) -> list[dict[str, str]]:
    choices = [{"value": About.SUBMISSION.value, "label": str(About.SUBMISSION.label)}]
    choices.append({"value": About.CARD_LINE.value, "label": _("A line of the card, named below")})
    for decision in decisions:
        choices.append({"value": f"decision:{decision.pk}", "label": _decision_name(decision)})
    for row in rows:
        label = _("Finding: %(title)s") % {"title": row["title"]}
        choices.append({"value": f"finding:{row['fingerprint']}", "label": label[:120]})
    return choices


def _may_comment(user: User, submission: Submission) -> bool:
    held = standing(user).roles
    team = submission.use_case.owner_team_id
    return any(of in (team, None) and role in SPEAKERS for of, role, _lane in held)


def at_work(
    submission: Submission, user: User, *, lanes: Sequence[str], closed: bool, at: dt.datetime
) -> list[dict[str, Any]]:
    """The lanes that are asked for with who is on each, and whether the reader can take it or give it back. One query.

    Args:
        lanes: those in which the reader may vote.
        closed: the reader has submitted or made what is judged.
    """
    standing_claims = Claim.objects.standing(at=at).filter(submission=submission).select_related("holder")
    on_it = {claim.lane: claim for claim in standing_claims}
    asked = [str(lane["lane"]) for lane in submission.evaluation.get("votes", ())]
    rows = []
    for lane in asked:
        claim = on_it.get(lane)
        own = claim is not None and claim.holder_id == user.pk
        may_take = claim is None and lane in lanes and not closed
        rows.append({"lane": lane, "claim": claim, "own": own, "may_take": may_take})
    return rows
