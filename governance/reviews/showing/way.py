"""The way to yes of a submission, and how a pipeline asks about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.gates.usual import durations, with_usual
from governance.people.models import User
from governance.policies import wording
from governance.reviews.models import Submission, SubmissionState
from governance.reviews.showing.people import vote_step, who
from governance.reviews.standing import way_back, way_of
from governance.web.sentences import as_sentence


def steps(submission: Submission, *, voters: Mapping[str, Sequence[str]], user: User) -> list[dict[str, Any]]:
    """The shortest way to yes, who can walk it, and how long each step usually takes. One query."""
    approved = submission.state == SubmissionState.APPROVED
    made, way = [], way_back(submission, user=user) if approved else way_of(submission)
    for step in with_usual(way, durations(way, user=user)):
        shown = {"action": wording.step(step), "who": who(str(step.get("who", ""))), "takes": wording.usually(step)}
        if step.get("alternative"):
            days = int(step["alternative"]["detail"])
            shown["otherwise"] = ngettext(
                "Or a waiver, for at most %(n)s day: a second person has to accept it.",
                "Or a waiver, for at most %(n)s days: a second person has to accept it.",
                days,
            ) % {"n": days}
            if took := wording.usually(step["alternative"]):
                shown["otherwise"] += f" {as_sentence(took)}"
        if step["action"] == "vote":
            shown["action"] = vote_step(step, voters)
            shown["who"] = shown["who"] if voters.get(step["target"]) else who("admin")
        elif step["action"] == "submit":
            shown["action"] = _("Submit this version again.")
            asked = urlencode({"use_case": submission.use_case.slug})
            shown["url"] = f"{reverse('reviews:submit', args=[submission.version.digest])}?{asked}"
        elif step["action"] == "complete_profile":
            shown["url"] = reverse("catalog:use-case", args=[submission.use_case.slug])
        made.append(shown)
    return made


def gate_question(submission: Submission, *, base: str) -> dict[str, str]:
    """How a pipeline asks about this: the command and the address."""
    entry, revision = submission.version.entry, submission.version.revision
    subject = f"{entry.repo_id}@{revision}"
    asked = f"use_case={submission.use_case.slug}&stage={submission.stage}"
    path = f"/api/v1/gate/{entry.kind}/{entry.namespace}/{entry.name}@{revision}?{asked}"
    where = f"--use-case {submission.use_case.slug} --stage {submission.stage}"
    return {
        "command": f".venv/bin/python manage.py gate {subject} {where}",
        "url": f'curl -H "Authorization: Bearer $ASSAY_TOKEN" "{base.rstrip("/")}{path}"',
    }
