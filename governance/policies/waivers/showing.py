"""Waivers as pages show them: words and order; decides nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from audits.models import Finding, Run
from governance.evidence.showing import kind_name, place_of, verdict_family
from governance.evidence.wording import finding_text
from governance.people.models import Role, User
from governance.people.queries import standing
from governance.policies import wording
from governance.policies.answered import EXPIRED
from governance.policies.models import Waiver, WaiverState
from governance.policies.waivers import points, queries, rules
from governance.policies.waivers.errors import WaiverRefused
from governance.web.sentences import SHORTEST_REASON, as_sentence
from governance.web.templatetags.words import look_up

MOST_NAMES = 3


def standing_of(waiver: Waiver) -> str:
    """The state at the moment of asking, as the query that read the waiver had it."""
    return str(getattr(waiver, "standing", waiver.state))


def rows(waivers: Iterable[Waiver]) -> list[dict[str, Any]]:
    """Waivers as ``policies/partials/waivers.html`` takes them: those in force and those that wait first."""
    order = (WaiverState.PROPOSED.value, WaiverState.ACTIVE.value)
    listed = sorted(waivers, key=lambda one: standing_of(one) not in order)
    return [row(waiver) for waiver in listed]


def row(waiver: Waiver) -> dict[str, Any]:
    entry = waiver.version.entry
    return {
        "waiver": waiver,
        "state": standing_of(waiver),
        "title": wording.title(waiver.title),
        "url": reverse("policies:waiver", args=[waiver.pk]),
        "version_url": reverse(
            "catalog:version", args=[entry.kind, entry.namespace, entry.name, waiver.version.revision]
        ),
        "points": points.points(severity=waiver.severity, tier=waiver.tier),
    }


def ask_url(*, digest: str, use_case: str, stage: str, policy: str, requirement: str) -> str:
    """Where a waiver of a requirement is asked for."""
    asked = {"version": digest, "use_case": use_case, "stage": stage, "policy": policy, "requirement": requirement}
    return f"{reverse('policies:waiver-ask')}?{urlencode(asked)}"


def may_ask(user: User, *, team_id: int) -> bool:
    """Whether the person works on the use cases of a team, and does not only read."""
    held = standing(user)
    return bool(held.lanes(team_id=team_id)) or any(held.has(role, team_id=team_id) for role in rules.ASKERS)


def role_name(role: str) -> str:
    return str(Role(role).label).lower() if role in Role.values else role


def any_of(people: Iterable[User]) -> str:
    """Names as a list, three at most."""
    names = [str(person) for person in people]
    shown = names[:MOST_NAMES]
    if len(names) > MOST_NAMES:
        shown.append(_("%(n)s more") % {"n": len(names) - MOST_NAMES})
    return ", ".join(shown)


def findings_of(waiver: Waiver) -> list[dict[str, str]]:
    """The findings that a waiver is for, in words. One query."""
    found = Finding.objects.filter(run__subject_digest=waiver.version.digest, fingerprint__in=waiver.findings)
    newest = {finding.fingerprint: finding for finding in found.order_by("run", "pk")}
    return [
        {"title": finding_text(finding)[0], "severity": finding.severity, "where": place_of(finding)}
        for finding in newest.values()
    ]


def run_shown(run: Run | None) -> dict[str, Any] | None:
    """A run as word, family, name and page; None where there is none."""
    if run is None:
        return None
    shown, family = verdict_family(run)
    name = kind_name(run.kind)
    label = _("%(kind)s run %(number)s") % {"kind": name[:1].upper() + name[1:], "number": run.pk}
    return {"word": shown, "family": family, "label": label, "url": reverse("evidence:run", args=[run.pk])}


def choices(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    """Findings that can be chosen, each once."""
    shown: dict[str, str] = {}
    for finding in findings:
        title, where = finding_text(finding)[0], finding.locus
        shown.setdefault(finding.fingerprint, f"{title} ({where})" if where and where not in title else title)
    return list(shown.items())[: rules.MOST_FINDINGS]


def abilities(waiver: Waiver, user: User) -> dict[str, Any]:
    """What the person may do with a waiver, and where they may not, why. The services decide again. Four queries."""
    held, use_case = standing(user), waiver.use_case
    state, own = standing_of(waiver), user.pk == waiver.requested_by_id
    has_role = rules.holds(held, waiver.role, use_case)
    made_it = user.pk in rules.makers(waiver)
    told = {"role": role_name(waiver.role), "team": use_case.owner_team}
    others = any_of(rules.deciders(waiver)) if state == WaiverState.PROPOSED else ""
    closed = ""
    if own:
        closed = _("You asked for this waiver; a second person has to accept it.")
    elif made_it:
        closed = _("You submitted this or brought its evidence; someone else has to accept it.")
    elif not has_role:
        closed = _("The policy asks for the role %(role)s in %(team)s, which you do not hold.") % told
    if state == WaiverState.PROPOSED and closed and others:
        closed += " " + _("Who can: %(names)s.") % {"names": others}
    elif state == WaiverState.PROPOSED and not others:
        closed = closed or ""
        closed += " " + _("Nobody holds that role and had no part in it; an administrator can give it to somebody.")
    return {
        "shows_answer": state == WaiverState.PROPOSED,
        "may_accept": state == WaiverState.PROPOSED and not closed.strip(),
        "answer_closed": closed.strip(),
        "may_reject": state == WaiverState.PROPOSED and (own or has_role),
        "takes_back": own,
        "may_revoke": state == WaiverState.ACTIVE
        and (has_role or held.has(Role.RISK_OFFICER, team_id=use_case.owner_team_id)),
        "may_extend": state in (WaiverState.ACTIVE, EXPIRED)
        and waiver.decided_at is not None
        and may_ask(user, team_id=use_case.owner_team_id),
    }


def history(waiver: Waiver) -> list[dict[str, Any]]:
    """What happened to a waiver, newest first."""
    events = []
    if waiver.revoked_at is not None:
        events.append(
            _event(
                pgettext("waiver", "Revoked"),
                waiver.revoked_reason,
                waiver.revoked_by,
                waiver.revoked_at,
                "fail",
                "off",
            )
        )
    elif standing_of(waiver) == EXPIRED:
        events.append(_event(_("Expired, by time alone"), "", None, waiver.expires_at, "none", "off"))
    if waiver.decided_at is not None:
        rejected = waiver.state == WaiverState.REJECTED
        title = pgettext("waiver", "Rejected") if rejected else pgettext("waiver", "Accepted")
        tone = ("fail", "fail") if rejected else ("warn", "waived")
        events.append(_event(title, waiver.decision_reason, waiver.decided_by, waiver.decided_at, *tone))
    events.append(_event(pgettext("waiver", "Asked for"), "", waiver.requested_by, waiver.requested_at, "wait", "wait"))
    return events


def _event(title: str, text: str, by: User | None, at: Any, tone: str, symbol: str) -> dict[str, Any]:
    return {
        "title": title,
        "text": text,
        "detail": str(by) if by is not None else "",
        "at": at,
        "time": True,
        "tone": tone,
        "symbol": symbol,
    }


def told(refusal: WaiverRefused) -> str:
    """A refusal in the reader's language; one that is not known in its own words."""
    known = {
        "stale": _(
            "Not saved: somebody changed this waiver while you were writing. Look at what is new, then decide again."
        ),
        "self_waiver": _(
            "You asked for this waiver, submitted what it is for or brought its evidence; a second person has to accept"
            " it."
        ),
        "reason_required": _("Say why in at least %(n)s characters: others rely on it.") % {"n": SHORTEST_REASON},
        "not_an_asker": _("You only read in this team; who submits, reviews or approves there can ask for a waiver."),
        "already_proposed": _("A waiver of this is waiting for its answer already."),
        "not_waivable": _("This cannot be waived: the policy says so."),
        "unknown_requirement": _("No policy in force asks for this of the version, use case and stage."),
        "expired": _("The end of this waiver has passed; ask for a new one."),
        "tier_changed": _("The use case has another risk tier by now; ask for a new waiver."),
        "invalid_transition": _("This waiver has been answered already; look at what is new."),
    }
    return known.get(refusal.code, as_sentence(str(refusal)))


def bars(sums: Iterable[points.TeamPoints]) -> list[dict[str, Any]]:
    """Risk points per team for a chart: the largest fills the width, and every bar begins at zero."""
    listed = list(sums)
    most = max((one.points for one in listed), default=1)
    return [{"sum": one, "width": f"{one.points / most * 100:.2f}".rstrip("0").rstrip(".") + "%"} for one in listed]


def filters() -> list[tuple[str, str]]:
    """The states to choose from."""
    return [(state, str(look_up(state, "waiver").label)) for state in queries.STATES]
