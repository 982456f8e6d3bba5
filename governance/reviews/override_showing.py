"""Overrides by two administrators as pages show them. Words and order; decides nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.people.models import Role, User
from governance.people.queries import standing
from governance.policies import wording
from governance.policies.lapsing import OVERRIDDEN
from governance.policies.models import LONGEST_OVERRIDE, AdminOverride, OverrideState
from governance.reviews import overriding
from governance.reviews.errors import ReviewRefused
from governance.reviews.models import Submission, SubmissionState
from governance.reviews.rules import makers
from governance.web.sentences import SHORTEST_REASON
from governance.web.templatetags import figures
from governance.web.templatetags.words import look_up


def may_propose(submission: Submission, user: User) -> bool:
    """Whether the page offers it: to administrators who made nothing of it, while something is open."""
    if submission.state != SubmissionState.IN_REVIEW or not overriding.may_override(user, submission.use_case):
        return False
    return user.pk not in makers(submission) and bool(overriding.overridable(submission.evaluation))


def choices(submission: Submission) -> list[tuple[str, str]]:
    """What can be set aside, each with how it stands."""
    made = []
    for one in overriding.overridable(submission.evaluation):
        if "row" in one:
            label = f"{wording.title(str(one['row']['title']))}: {wording.message(one['row'])}"
        elif "lane" in one:
            told = {"lane": look_up(one["lane"]["lane"], "lane").label, "n": one["lane"]["vetoes"]}
            label = _("Votes in %(lane)s: not enough agree") % told
            if one["lane"]["vetoes"]:
                label = _("Votes in %(lane)s: %(n)s against it block") % told
        else:
            label = _("The number of different people who agree")
        made.append((one["target"], label))
    return made


def rows(found: Iterable[AdminOverride]) -> list[dict[str, Any]]:
    """Overrides as a list shows them."""
    return [row(one) for one in found]


def row(override: AdminOverride) -> dict[str, Any]:
    """One override with its state and what it sets aside, in words."""
    return {"override": override, "state": standing_of(override), "targets": targets(override)}


def standing_of(override: AdminOverride) -> str:
    """Its state at the moment when it was read, ``expired`` among them."""
    return str(getattr(override, "standing", override.state))


def targets(override: AdminOverride) -> list[str]:
    """What it sets aside, in words."""
    made = []
    for item in override.items:
        if item["what"] == "requirement":
            made.append(wording.title(str(item["title"])))
        elif item["what"] == "lane":
            made.append(_("Votes in %(lane)s") % {"lane": look_up(item["lane"], "lane").label})
        else:
            made.append(_("The number of different people who agree"))
    return made


def of_row(said: Mapping[str, Any], status: str) -> dict[str, Any]:
    """What a requirement or a lane that is set aside shows of it."""
    if status != OVERRIDDEN or "override" not in said:
        return {}
    until = said.get("until") or said.get("holds_until")
    return {"override": {"until": until, "url": reverse("reviews:override", args=[said["override"]])}}


def say(rows: Sequence[Mapping[str, Any]]) -> str:
    """The sentence of a page on which nothing closes the gate only because of an override; "" on any other."""
    aside = [row for row in rows if row["status"] == OVERRIDDEN]
    if not aside:
        return ""
    return ngettext(
        "It does not meet %(n)s requirement, which two administrators have set aside. An approver has to decide.",
        "It does not meet %(n)s requirements, which two administrators have set aside. An approver has to decide.",
        len(aside),
    ) % {"n": len(aside)}


def resting_on(conditions: Iterable[Mapping[str, Any]]) -> str:
    """What an approval that rests on an override says beside its yes; "" for any other."""
    aside = [one for one in conditions if "override" in one]
    if not aside:
        return ""
    first = min(dt.datetime.fromisoformat(one["holds_until"]) for one in aside)
    return ngettext(
        "%(n)s requirement is not met: two administrators have set it aside until %(first)s; then the gate closes.",
        "%(n)s requirements are not met: two administrators have set them aside until %(first)s; then the gate closes.",
        len(aside),
    ) % {"n": len(aside), "first": figures.day(first)}


def abilities(override: AdminOverride, submission: Submission | None, user: User) -> dict[str, Any]:
    """What the person may do with an override, and where they may not, why. The services decide again."""
    state = standing_of(override)
    held, team = standing(user), override.use_case.owner_team_id
    admin, proposed_it = held.has(Role.ADMIN, team_id=team), user.pk == override.proposed_by_id
    closed = ""
    if proposed_it:
        closed = _("You proposed this override; a second administrator has to confirm it.")
    elif submission is not None and user.pk in makers(submission):
        closed = _("You submitted this or brought its evidence; someone else has to decide.")
    waits = state == OverrideState.PROPOSED
    return {
        "shows_answer": waits and (admin or proposed_it),
        "may_confirm": waits and admin and not closed,
        "may_reject": waits and (admin or proposed_it),
        "takes_back": proposed_it,
        "closed": closed,
        "may_revoke": state == OverrideState.ACTIVE and (admin or held.has(Role.RISK_OFFICER, team_id=team)),
    }


def history(override: AdminOverride) -> list[dict[str, Any]]:
    """What happened, newest first."""
    events: list[dict[str, Any]] = []

    def event(word: str, who: object, when: dt.datetime | None, text: str, tone: str, symbol: str) -> None:
        events.append(
            {"title": word, "detail": str(who), "at": when, "time": True, "text": text, "tone": tone, "symbol": symbol}
        )

    event(_("Proposed"), override.proposed_by, override.proposed_at, "", "wait", "wait")
    if override.decided_at is not None:
        no = override.state == OverrideState.REJECTED
        word, tone = (_("Rejected"), "none") if no else (_("Confirmed"), "fail")
        event(
            word, override.decided_by, override.decided_at, override.decision_reason, tone, "fail" if no else "waived"
        )
    if override.revoked_at is not None:
        event(_("Revoked"), override.revoked_by, override.revoked_at, override.revoked_reason, "none", "off")
    return events[::-1]


def refusals() -> dict[str, str]:
    """What overrides refuse, in the reader's language, by code."""
    days = LONGEST_OVERRIDE.days
    return {
        "not_an_admin": _(
            "Only administrators of the use case’s team or of the organisation override; ask two of them."
        ),
        "self_override": _("You proposed this override; a second administrator has to confirm it."),
        "proposer_not_admin": _(
            "Who proposed it is no administrator any more; two of today’s administrators have to answer for it."
        ),
        "proposer_made_it": _(
            "Whoever proposed it has brought evidence for this since; another administrator has to propose anew."
        ),
        "tier_changed": _("The use case has another risk tier by now; propose a new override."),
        "already_proposed": _("An override of this waits for a second administrator already."),
        "targets_required": _("Choose what is to be set aside."),
        "not_open": _("Something that was named is not open any more; load the page again."),
        "not_overridable": _("What cannot be decided, or is suspended, is not set aside."),
        "expiry_required": _("An override has an end, at most %(days)s days ahead.") % {"days": days},
        "expiry_passed": _("The end has passed already; choose a later one."),
        "expiry_too_long": _("An override lasts %(days)s days at most.") % {"days": days},
        "expired": _("This override has expired; propose a new one."),
        "reason_too_long": _("The reason is too long."),
    }


def told(refusal: ReviewRefused, *, otherwise: str) -> str:
    """A refusal about an override; ``otherwise`` where it is not one of its own."""
    if refusal.code == "reason_required":
        return _("Say why in at least %(n)s characters: everybody will read it.") % {"n": SHORTEST_REASON}
    if refusal.code == "stale":
        return _("Not saved: it has changed since you looked at it. Read what is new, then decide again.")
    return refusals().get(refusal.code, otherwise)
