"""The gate's answer as pipelines get it: one JSON document, and the same in words for a terminal."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from governance.catalog.models import Version
from governance.gates import portfolio, showing
from governance.gates.models import Approval
from governance.gates.queries import GateAnswer
from governance.policies import wording
from governance.policies.lapsing import OVERRIDDEN
from governance.web.templatetags.words import look_up


def gate_document(answer: GateAnswer) -> dict[str, Any]:
    """All that a pipeline is told. Members are added, never renamed; what is not known is null, never left to guess."""
    approval, standing = answer.approval, answer.standing
    source = approval or standing
    version: Version | None = source.version if source else None
    granted = approval is not None and approval.ended_at is None
    return {
        "verdict": answer.verdict,
        "exit_code": answer.exit_code,
        "mode": answer.mode.mode if answer.mode else "enforce",
        "mode_until": _utc(answer.mode.until) if answer.mode else None,
        "mode_reason": answer.mode.reason if answer.mode else None,
        # Said in words too: an exit code of 0 beside a no is what nobody may overlook.
        "mode_meaning": showing.meaning(answer.mode.mode) if answer.mode else None,
        "reason_codes": list(answer.reason_codes),
        "subject": _subject(answer, version),
        "use_case": answer.use_case,
        "stage": answer.stage,
        "grant": _grant(approval) if approval else None,
        "policies": list(answer.policies),
        "policy_changes": portfolio.changes_ahead(approval.conditions) if granted and approval else [],
        "facts_sha256": (source.facts_sha256 or None) if source else None,
        "requirements": [_requirement(result, answer) for result in answer.requirements],
        "votes": list(answer.evaluation.get("votes", ())),
        "distinct": {
            "needed": answer.evaluation.get("distinct_needed", 0),
            "have": answer.evaluation.get("distinct_have", 0),
        },
        # What two administrators have set aside is named in every answer, and makes it no better than warn.
        "overrides": [_override(one) for _number, one in sorted(answer.overrides.items())],
        "counts": dict(Counter(str(result["status"]) for result in answer.requirements)),
        "evaluated_at": _utc(
            approval.granted_at if granted and approval else standing.updated_at if standing else None
        ),
        "asked_at": _utc(answer.asked_at),
        "valid_until": _utc(approval.expires_at) if granted and approval else None,
        "next_change_at": _utc(answer.next_change_at),
        "next_steps": [wording.told_step(step) for step in answer.next_steps],
        "attestation": None,
        "log": None,
        "url": f"{settings.PUBLIC_URL}/submissions/{answer.submission}/" if answer.submission else None,
    }


def _subject(answer: GateAnswer, version: Version | None) -> dict[str, Any]:
    return {
        "kind": answer.subject.kind,
        "id": version.entry.repo_id if version else answer.subject.repo_id,
        "revision": version.revision if version else answer.subject.revision,
        "digest": version.digest if version else None,
        "assurance": version.assurance if version else None,
    }


def _grant(approval: Approval) -> dict[str, Any]:
    return {
        "id": approval.pk,
        "granted_at": _utc(approval.granted_at),
        "expires_at": _utc(approval.expires_at),
        "ended_at": _utc(approval.ended_at),
        "ended_reason": approval.ended_reason or None,
    }


def _requirement(result: dict[str, Any], answer: GateAnswer) -> dict[str, Any]:
    run = result.get("run")
    return {
        "id": result["id"],
        "title": result.get("title", ""),
        "kind": result.get("kind"),
        "status": result["status"],
        "severity": result.get("severity"),
        "code": result.get("code"),
        "message": wording.message(result),
        "origin": result.get("params", {}).get("origin"),
        "policy": result.get("policy"),
        "run": run,
        "evidence": f"{settings.PUBLIC_URL}/runs/{run}/" if run else None,
        "waiver": _waiver(result, answer) if result["status"] == "waived" else None,
        "override": result["params"]["override"] if result["status"] == OVERRIDDEN else None,
    }


def _override(said: dict[str, Any]) -> dict[str, Any]:
    return {**said, "url": f"{settings.PUBLIC_URL}/overrides/{said['id']}/"}


def _waiver(result: dict[str, Any], answer: GateAnswer) -> dict[str, Any]:
    """Who answers for a requirement that does not hold, until when, and what stands in its place."""
    number = result["params"]["waiver"]
    said = answer.waivers.get(number, {})
    return {
        "id": number,
        "expires_at": _utc(dt.datetime.fromisoformat(result["params"]["until"])),
        "by": said.get("by"),
        "compensating_control": said.get("compensating_control"),
        "url": f"{settings.PUBLIC_URL}/waivers/{number}/",
    }


def _utc(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def _to_the_second(moment: str | None) -> str:
    """A moment as people read it: 2026-11-29 04:28:33 UTC."""
    return "" if moment is None else f"{dt.datetime.fromisoformat(moment).astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"


def _answered_for(waiver: dict[str, Any]) -> str:
    until = _to_the_second(waiver["expires_at"])
    if waiver["by"]:
        said = _("Waived by %(by)s until %(until)s.") % {"by": waiver["by"], "until": until}
    else:
        said = _("Waived until %(until)s.") % {"until": until}
    control = waiver["compensating_control"]
    return said + (" " + _("Instead: %(control)s") % {"control": control} if control else "")


def _sentence(document: dict[str, Any]) -> str:
    """The verdict in words."""
    known = {
        "allow": _("Yes. %(subject)s may run in %(stage)s for %(use_case)s."),
        "warn": _("Yes, with warnings. %(subject)s may run in %(stage)s for %(use_case)s."),
        "deny": _("No. %(subject)s may not run in %(stage)s for %(use_case)s."),
        "pending": _("Not yet. %(subject)s is waiting for %(stage)s in %(use_case)s."),
        "error": _(
            "It cannot be decided whether %(subject)s may run in %(stage)s for %(use_case)s; that counts as no."
        ),
    }
    subject = f"{document['subject']['id']}@{document['subject']['revision'][:8]}"
    stage = str(look_up(document["stage"], "stage").label).lower()
    named = {"subject": subject, "stage": stage, "use_case": document["use_case"]}
    return known[document["verdict"]] % named


def as_text(document: dict[str, Any]) -> str:
    """A gate document for people at a terminal, in one language: the sentence, what stops, and the way to yes."""
    opens = document["verdict"] in ("allow", "warn")
    lines = [*_set_otherwise(document), _sentence(document)]
    if document["mode"] == "warn" and not opens:
        until = _to_the_second(document["mode_until"])
        lines.append(
            _("WARNING: this would have been stopped; the gate only warns until %(until)s.") % {"until": until}
        )
    if document["valid_until"]:
        until, change = _to_the_second(document["valid_until"]), _to_the_second(document["next_change_at"])
        if change in (until, ""):
            lines.append(_("Valid until %(until)s.") % {"until": until})
        else:
            lines.append(_("Valid until %(until)s; may change at %(change)s.") % {"until": until, "change": change})
    for one in document["overrides"]:
        named = {
            "one": one["proposed_by"],
            "other": one["confirmed_by"],
            "until": _to_the_second(one["expires_at"]),
            "what": ", ".join(one["targets"]),
        }
        lines.append(_("OVERRIDDEN by two administrators, %(one)s and %(other)s, until %(until)s: %(what)s.") % named)
        lines.append("  " + _("Why: %(reason)s") % {"reason": one["reason"]})
    closed = ("satisfied", "waived", OVERRIDDEN, "not_applicable")
    open_ones = [r for r in document["requirements"] if r["status"] not in closed]
    if open_ones:
        lines += ["", _("What was not met:") if opens else _("What stops it:")]
        lines += [
            f"  {str(look_up(r['status'], 'requirement').label).lower():<12} {_named(r)}: {r['message']}"
            for r in open_ones
        ]
    if waived := [r for r in document["requirements"] if r["waiver"]]:
        lines += ["", _("Waived:")]
        lines += [f"  {_named(r)}: {r['message']} {_answered_for(r['waiver'])}" for r in waived]
    if not open_ones and not opens:
        why = ", ".join(wording.reason(code) for code in document["reason_codes"])
        lines.append(_("Reason: %(why)s") % {"why": why})
    if document["next_steps"]:
        lines += ["", _("The way to yes:")]
        lines += [f"  {number}. {_said(step)}" for number, step in enumerate(document["next_steps"], start=1)]
    return "\n".join(lines)


def _set_otherwise(document: dict[str, Any]) -> list[str]:
    if document["mode"] == "enforce":
        return []
    named = {
        "until": _to_the_second(document["mode_until"]),
        "meaning": document["mode_meaning"],
        "reason": document["mode_reason"],
    }
    return [_("NOT ENFORCED until %(until)s. %(meaning)s Why: %(reason)s") % named]


def _named(requirement: dict[str, Any]) -> str:
    return wording.title(requirement["title"]) or str(requirement["id"])


def _said(step: dict[str, Any]) -> str:
    """A step, what would do in its place, and how long each usually takes."""
    said = [step["message"]]
    if took := step.get("usually", {}).get("message"):
        said.append(f"({took})")
    if step.get("alternative"):
        said.append(_("Or: %(step)s") % {"step": _said(step["alternative"])})
    return " ".join(said)
