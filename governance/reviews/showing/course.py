"""What has happened to a submission, what is under way and what was brought."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from audits.models import OPEN_STATES as RUN_OPEN
from audits.models import Run
from governance.evidence.models import Attachment
from governance.evidence.showing import kind_name
from governance.reviews import saying
from governance.reviews.models import Decision, Submission
from governance.web.templatetags.words import look_up


def history(submission: Submission, decisions: Sequence[Decision]) -> list[dict[str, Any]]:
    """What happened, newest first: each decision with who, when and on what."""
    events = []
    for decision in sorted(decisions, key=lambda one: one.decided_at, reverse=True):
        shown = look_up(decision.outcome, "submission")
        by = str(decision.decided_by) if decision.decided_by is not None else _("by policy, without a person")
        events.append(
            {
                "title": shown.label,
                "text": saying.reason(decision),
                "detail": by,
                "at": decision.decided_at,
                "time": True,
                "tone": shown.tone,
                "symbol": shown.icon,
            }
        )
    submitted = _("Submitted for %(stage)s") % {"stage": str(look_up(submission.stage, "stage").label).lower()}
    events.append(
        {
            "title": submitted,
            "detail": str(submission.submitted_by),
            "at": submission.submitted_at,
            "time": True,
            "tone": "wait",
            "symbol": "wait",
        }
    )
    return events


def progress(runs: Iterable[Run]) -> list[dict[str, Any]]:
    """The audits that are still waiting or running."""
    return [
        {
            "title": _("%(kind)s, run %(number)s") % {"kind": kind_name(run.kind), "number": run.pk},
            "state": run.state,
            "done": run.progress_done,
            "total": run.progress_total,
            "url": reverse("evidence:run", args=[run.pk]),
        }
        for run in runs
        if run.state in RUN_OPEN
    ]


def attachments(submission: Submission) -> list[Attachment]:
    """What was attached to the version in this use case, newest first. One query."""
    rows = Attachment.objects.filter(version=submission.version_id, use_case=submission.use_case_id)
    return list(rows.select_related("upload__blob", "attached_by").order_by("-attached_at", "-pk")[:50])
