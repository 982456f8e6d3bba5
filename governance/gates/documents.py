"""The gate's answer as pipelines get it: one JSON document, and the same in words for a terminal."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

from django.conf import settings

from governance.catalog.models import Version
from governance.gates import portfolio, showing
from governance.gates.queries import GateAnswer
from governance.policies import wording
from governance.policies.lapsing import OVERRIDDEN


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
        "subject": {
            "kind": answer.subject.kind,
            "id": version.entry.repo_id if version else answer.subject.repo_id,
            "revision": version.revision if version else answer.subject.revision,
            "digest": version.digest if version else None,
            "assurance": version.assurance if version else None,
        },
        "use_case": answer.use_case,
        "stage": answer.stage,
        "grant": {
            "id": approval.pk,
            "granted_at": _utc(approval.granted_at),
            "expires_at": _utc(approval.expires_at),
            "ended_at": _utc(approval.ended_at),
            "ended_reason": approval.ended_reason or None,
        }
        if approval
        else None,
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
    by = f" by {waiver['by']}" if waiver["by"] else ""
    control = f" Instead: {waiver['compensating_control']}" if waiver["compensating_control"] else ""
    return f"Waived{by} until {_to_the_second(waiver['expires_at'])}.{control}"


SENTENCES = {
    "allow": "Yes. {subject} may run in {stage} for {use_case}.",
    "warn": "Yes, with warnings. {subject} may run in {stage} for {use_case}.",
    "deny": "No. {subject} may not run in {stage} for {use_case}.",
    "pending": "Not yet. {subject} is waiting for {stage} in {use_case}.",
    "error": "It cannot be decided whether {subject} may run in {stage} for {use_case}; that counts as no.",
}


def as_text(document: dict[str, Any]) -> str:
    """A gate document for people at a terminal: the sentence, what stops, and the way to yes."""
    subject = f"{document['subject']['id']}@{document['subject']['revision'][:8]}"
    sentence = SENTENCES[document["verdict"]]
    lines = [sentence.format(subject=subject, stage=document["stage"], use_case=document["use_case"])]
    if document["mode"] != "enforce":
        until = _to_the_second(document["mode_until"])
        lines.insert(0, f"NOT ENFORCED until {until}. {document['mode_meaning']} Why: {document['mode_reason']}")
    if document["mode"] == "warn" and document["verdict"] not in ("allow", "warn"):
        until = _to_the_second(document["mode_until"])
        lines.append(f"WARNING: this would have been stopped; the gate only warns until {until}.")
    if document["valid_until"]:
        until, change = _to_the_second(document["valid_until"]), _to_the_second(document["next_change_at"])
        lines.append(
            f"Valid until {until}." if change in (until, "") else f"Valid until {until}; may change at {change}."
        )
    for one in document["overrides"]:
        both, until = f"{one['proposed_by']} and {one['confirmed_by']}", _to_the_second(one["expires_at"])
        lines.append(f"OVERRIDDEN by two administrators, {both}, until {until}: {', '.join(one['targets'])}.")
        lines.append(f"  Why: {one['reason']}")
    closed = ("satisfied", "waived", OVERRIDDEN, "not_applicable")
    open_ones = [r for r in document["requirements"] if r["status"] not in closed]
    if open_ones:
        lines += ["", "What stops it:" if document["verdict"] not in ("allow", "warn") else "What was not met:"]
        lines += [f"  {r['status']:<12} {r['title'] or r['id']}: {r['message']}" for r in open_ones]
    if waived := [r for r in document["requirements"] if r["waiver"]]:
        lines += ["", "Waived:"]
        lines += [f"  {r['title'] or r['id']}: {r['message']} {_answered_for(r['waiver'])}" for r in waived]
    if not open_ones and document["verdict"] not in ("allow", "warn"):
        lines.append("Reason: " + ", ".join(wording.reason(code) for code in document["reason_codes"]))
    if document["next_steps"]:
        lines += ["", "The way to yes:"]
        lines += [f"  {number}. {_said(step)}" for number, step in enumerate(document["next_steps"], start=1)]
    return "\n".join(lines)


def _said(step: dict[str, Any]) -> str:
    """A step, what would do in its place, and how long each usually takes."""
    said = [step["message"]]
    if took := step.get("usually", {}).get("message"):
        said.append(f"({took})")
    if step.get("alternative"):
        said.append(f"Or: {_said(step['alternative'])}")
    return " ".join(said)
