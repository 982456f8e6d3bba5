"""The sentence that the page of a submission exists for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.gates.portfolio import closed_as
from governance.gates.queries import closing_conditions
from governance.policies import wording
from governance.reviews import override_showing, saying
from governance.reviews.models import Decision, Submission, SubmissionState
from governance.reviews.queries import DECIDABLE
from governance.web.sentences import as_sentence
from governance.web.templatetags import figures
from governance.web.templatetags.words import consequence_of, look_up


def verdict(submission: Submission, rows: Sequence[Mapping[str, Any]], *, decision: Decision | None) -> dict[str, Any]:
    """The sentence that the page exists for."""
    stage = look_up(submission.stage, "stage").label
    told = {"stage": str(stage).lower(), "use_case": submission.use_case.name}
    if submission.state != SubmissionState.IN_REVIEW:
        return _ended(submission, decision, told)
    closing = [row for row in rows if consequence_of(row["status"], row["severity"]) == "closes"]
    counts = {**told, "n": len(closing), "all": len(rows)}
    word = submission.verdict
    if word in DECIDABLE:
        say, why = _("Every requirement holds. An approver has to decide."), _("Until then the gate says: pending.")
        if aside := override_showing.say(rows):
            say = aside
        elif waived := [row for row in rows if row["status"] == "waived"]:
            say = ngettext(
                "Nothing closes the gate, and %(n)s requirement is waived. An approver has to decide.",
                "Nothing closes the gate, and %(n)s requirements are waived. An approver has to decide.",
                len(waived),
            ) % {"n": len(waived)}
        return {"verdict": "pending", "family": "gate", "say": say, "why": why, "label": _("Ready for a decision")}
    if word == "error" or not rows:
        say = _("It cannot be decided whether it may go to %(stage)s; that counts as no.") % told
        unclear = [row for row in rows if row["status"] == "error"]
        codes = submission.evaluation.get("reason_codes", ())
        why = _still_open(unclear or closing) or as_sentence("; ".join(map(wording.reason, codes)))
        return {"verdict": "error", "family": "gate", "say": say, "why": why}
    say = ngettext(
        "It may not go to %(stage)s yet: %(n)s of %(all)s requirements closes the gate.",
        "It may not go to %(stage)s yet: %(n)s of %(all)s requirements close the gate.",
        len(closing),
    )
    shown = "pending" if word == "pending" else "deny"
    why = _still_open(closing)
    return {"verdict": shown, "family": "gate", "say": say % counts, "why": why, "label": _("Gate closed")}


def _still_open(rows: Sequence[Mapping[str, Any]]) -> str:
    """What is missing, not what is asked: a requirement's title says what is not so while it is open."""
    audits = list(dict.fromkeys(str(row["missing"]) for row in rows if "lane" not in row))
    lanes = [str(row["lane"]) for row in rows if "lane" in row]
    votes = [_("votes in %(lanes)s") % {"lanes": ", ".join(lanes)}] if lanes else []
    missing = ", ".join([*audits, *votes])
    return _("Still open: %(missing)s.") % {"missing": missing} if missing else ""


def _ended(submission: Submission, decision: Decision | None, told: Mapping[str, Any]) -> dict[str, Any]:
    approval = decision.approval if decision is not None else None
    if submission.state == SubmissionState.APPROVED and approval is not None:
        until = figures.day(approval.expires_at)
        ended = approval.ended_at is not None
        if ended:
            reason = approval.get_ended_reason_display()
            say = _("The approval for %(stage)s has ended: %(reason)s.") % {**told, "reason": reason}
            return {"verdict": "ended", "family": "approval", "say": say, "why": ""}
        if lapsed := closing_conditions(approval, at=timezone.now()):
            say = _("The gate is closed for %(stage)s in %(use_case)s, although it was approved.") % told
            why = as_sentence("; ".join(dict.fromkeys(wording.reason(f"{c['id']}:{c['code']}") for c in lapsed)))
            verdict = closed_as(lapsed)
            return {"verdict": verdict, "family": "gate", "say": say, "why": why, "label": _("Gate closed")}
        say = _("Yes. It may run in %(stage)s for %(use_case)s until %(until)s.") % {**told, "until": until}
        why = ""
        if waived := [condition for condition in approval.conditions if "waiver" in condition]:
            first = min(dt.datetime.fromisoformat(condition["holds_until"]) for condition in waived)
            why = ngettext(
                "%(n)s requirement is waived, until %(first)s; then the gate closes.",
                "%(n)s requirements are waived, the first until %(first)s; then the gate closes.",
                len(waived),
            ) % {"n": len(waived), "first": figures.day(first)}
        why = override_showing.resting_on(approval.conditions) or why
        return {"verdict": "approved", "family": "submission", "say": say, "why": why}
    says = {
        SubmissionState.CHANGES_REQUESTED: _("Returned: changes are asked for before it may go to %(stage)s."),
        SubmissionState.REJECTED: _("No. It was rejected for %(stage)s."),
        SubmissionState.WITHDRAWN: _("Its submitter has withdrawn it; nothing was decided about %(stage)s."),
        SubmissionState.SUPERSEDED: _("A newer submission took its place."),
    }
    say = says.get(SubmissionState(submission.state), str(submission.get_state_display())) % told
    why = saying.reason(decision) if decision is not None else ""
    return {"verdict": submission.state, "family": "submission", "say": say, "why": why}


def in_force(decision: Decision | None, *, at: dt.datetime) -> bool:
    """Whether the approval of a decision holds at ``at``: neither ended nor closed by what it rests on."""
    approval = decision.approval if decision is not None else None
    if approval is None or approval.ended_at is not None or closing_conditions(approval, at=at):
        return False
    return approval.granted_at <= at < approval.expires_at
