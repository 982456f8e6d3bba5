"""Triggers and decisions in words: what was seen, what to do about it, why it was decided so."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from governance.evidence.showing import kind_name
from governance.reviews.comparing import kind_names
from governance.reviews.models import Decision, Outcome, Trigger
from governance.web.templatetags import figures
from governance.web.templatetags.words import look_up

Kind = Trigger.Kind
# What a decision says that followed from another: see ``deciding``.
SUPERSEDED_BY = re.compile(r"submission (\d+) of a later version was approved")


def reason(decision: Decision) -> str:
    """Why it was decided so: a person's words as they are, the product's own in the reader's language."""
    by_itself = SUPERSEDED_BY.fullmatch(decision.reason) if decision.outcome == Outcome.SUPERSEDED else None
    if by_itself is None:
        return decision.reason
    return _("Submission %(number)s, of a later version, was approved.") % {"number": by_itself[1]}


def trigger(row: Trigger) -> dict[str, Any]:
    """A trigger as a row of its list."""
    entry = row.entry
    return {
        "trigger": row,
        "what": _what(row),
        "do": _do(row),
        "url": reverse("catalog:entry", args=[entry.kind, entry.namespace, entry.name]),
    }


def _what(row: Trigger) -> str:
    detail = row.detail
    if row.kind in (Kind.NEW_VERSION, Kind.CARD_TEXT):
        known = kind_names()
        named = ", ".join(known[kind] for kind in detail.get("changes", ()) if kind in known)
        return _("Version %(revision)s is there. Changed: %(changes)s.") % {
            "revision": str(detail.get("revision", ""))[:8],
            "changes": named.lower() or _("nothing that a lane looks at"),
        }
    if row.kind == Kind.SUSPENDED:
        return _("%(of)s is suspended.") % {"of": detail.get("of", "")}
    if row.kind == Kind.UPSTREAM:
        return _("%(of)s is approved no longer.") % {"of": detail.get("of", "")}
    if row.kind in (Kind.AUDIT_EXPIRY, Kind.WAIVER):
        names = ", ".join(kind_name(str(kind)) for kind in detail.get("audits", ()))
        until = figures.day(dt.datetime.fromisoformat(detail["until"])) if detail.get("until") else ""
        return _("%(audits)s: holds until %(until)s.") % {"audits": names, "until": until}
    if row.kind == Kind.POLICY:
        named = ", ".join(detail.get("policies", ()))
        return _("In force now: %(policies)s.") % {"policies": named or _("fewer policies")}
    if row.kind == Kind.REVIEWER:
        return _("Lane %(lane)s.") % {"lane": look_up(str(detail.get("lane", "")), "lane").label}
    return ""


def _do(row: Trigger) -> str:
    says = {
        Kind.NEW_VERSION: _("The approval stays with the version that it was given for. Submit the new one, or not."),
        Kind.CARD_TEXT: _("Weights and files are the same. Submit it: votes that do not read the card are taken over."),
        Kind.LICENCE: _("Look at what the licences say now. Where they forbid the use the gate has closed by itself."),
        Kind.SUSPENDED: _("The gate is closed for what rests on it. Submit a version that does without it."),
        Kind.AUDIT_EXPIRY: _("Ask for the audit again; the gate closes at that date by itself."),
        Kind.POLICY: _("The approval keeps to the policies of its day. Submit again to be judged by those of now."),
        Kind.REVIEWER: _("The decision stays as it was made. Have another reviewer of the lane look, or revoke it."),
        Kind.USE_CASE: _("Evidence for what was asked before may count no longer. Ask for audits, or submit again."),
        Kind.UPSTREAM: _("The gate is closed where the policy asks for it, until that is approved again."),
        Kind.WAIVER: _("What was waived closes the gate at that date. Mend it, or ask for another waiver."),
    }
    return says.get(Kind(row.kind), "")
