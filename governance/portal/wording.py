"""Notices in words, by topic."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.notifications.models import Notice
from governance.web.templatetags.words import look_up

SYMBOLS = {
    "submission.submitted": ("wait", "wait"),
    "vote.cast": ("note", "wait"),
    "submission.approved": ("pass", "pass"),
    "submission.rejected": ("fail", "fail"),
    "submission.changes_requested": ("note", "warn"),
    "submission.superseded": ("off", "wait"),
    "submission.due_soon": ("wait", "warn"),
    "submission.overdue": ("wait", "fail"),
    "comment.written": ("note", "wait"),
    "approval.expires": ("wait", "warn"),
    "approval.ended": ("off", "fail"),
    "waiver.proposed": ("wait", "wait"),
    "waiver.approved": ("waived", "warn"),
    "waiver.rejected": ("fail", "fail"),
    "waiver.revoked": ("off", "fail"),
    "override.proposed": ("wait", "fail"),
    "override.confirmed": ("waived", "fail"),
    "override.rejected": ("fail", "fail"),
    "override.revoked": ("off", "warn"),
    "approval.suspended": ("off", "fail"),
    "licence.corrected": ("note", "wait"),
    "licence.correction_ended": ("note", "wait"),
    "licence.overridden": ("note", "warn"),
    "licence.override_ended": ("off", "warn"),
    "report.compiled": ("note", "none"),
}

# What a notice is about, and its page.
PAGES = {
    "submission": "reviews:submission",
    "suspension": "portal:suspension",
    "waiver": "policies:waiver",
    "override": "reviews:override",
    "report": "reports:edition",
}


def _subject(payload: Mapping[str, Any]) -> str:
    """The repository and the beginning of its commit."""
    revision = str(payload.get("revision", ""))[:8]
    return f"{payload.get('subject', '')}@{revision}" if revision else str(payload.get("subject", ""))


def notice(line: Notice) -> dict[str, Any]:
    """A notice as an event of ``components/timeline.html``."""
    topic, payload = line.message.topic, line.message.payload
    told = {
        "subject": _subject(payload),
        "stage": str(look_up(payload.get("stage", ""), "stage").label).lower(),
        "days": payload.get("days", ""),
    }
    says = {
        "submission.submitted": _("Submitted for %(stage)s: %(subject)s."),
        "vote.cast": _("Somebody voted on %(subject)s for %(stage)s."),
        "submission.approved": _("Approved for %(stage)s: %(subject)s."),
        "submission.rejected": _("Rejected for %(stage)s: %(subject)s."),
        "submission.changes_requested": _("Changes are asked for: %(subject)s for %(stage)s."),
        "submission.superseded": _("A newer submission took the place of %(subject)s for %(stage)s."),
        "submission.withdrawn": _("Withdrawn: %(subject)s for %(stage)s."),
        "submission.due_soon": _("To be decided within a day: %(subject)s for %(stage)s."),
        "submission.overdue": _("Overdue: %(subject)s for %(stage)s waits for a vote or a decision."),
        "comment.written": _("Somebody commented on %(subject)s for %(stage)s."),
        "approval.expires": ngettext(
            "An approval ends within %(days)s day: %(subject)s for %(stage)s.",
            "An approval ends within %(days)s days: %(subject)s for %(stage)s.",
            int(payload.get("days", 0)),
        ),
        "approval.ended": _("An approval has ended: %(subject)s for %(stage)s."),
        "waiver.proposed": _("A waiver is asked for: %(subject)s for %(stage)s. It needs a second person."),
        "waiver.approved": _("Your waiver was accepted: %(subject)s for %(stage)s."),
        "waiver.rejected": _("Your waiver was rejected: %(subject)s for %(stage)s."),
        "waiver.revoked": _("Your waiver was revoked: %(subject)s for %(stage)s."),
        "override.proposed": _(
            "An administrator wants to set requirements aside: %(subject)s for %(stage)s. It needs a second one."
        ),
        "override.confirmed": _("Two administrators have set requirements aside: %(subject)s for %(stage)s."),
        "override.rejected": _("Your override was rejected: %(subject)s for %(stage)s."),
        "override.revoked": _("An override by administrators was taken back: %(subject)s for %(stage)s."),
        "approval.suspended": _("Suspended: %(subject)s may no longer run in %(stage)s."),
        "licence.corrected": _("The licence table was corrected: %(subject)s."),
        "licence.correction_ended": _("A correction of the licence table was taken back: %(subject)s."),
        "licence.overridden": _("A licence finding was overridden: %(subject)s."),
        "licence.override_ended": _("An override of a licence finding has ended: %(subject)s."),
        "report.compiled": _("An audit report was made: %(subject)s."),
    }
    symbol, tone = SYMBOLS.get(topic, ("new", "none"))
    text = says[topic] % told if topic in says else f"{topic.replace('.', ' ').replace('_', ' ')} {told['subject']}"
    event = {"text": text, "at": line.created_at, "time": True, "symbol": symbol, "tone": tone}
    for name, page in PAGES.items():
        number = payload.get(name)
        if isinstance(number, int):
            with suppress(NoReverseMatch):
                event |= {"url": reverse(page, args=[number]), "url_label": _("Look")}
    return event
