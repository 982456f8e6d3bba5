"""The facts document, version 1: all that a policy sees. JSON, RFC 8785, at most 256 KB, no NaN.

Keys are added, never renamed. A quantity that was not measured is absent, never null and never 0.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import rfc8785

from audits.models import Finding, Run, RunState
from governance.catalog.models import UseCase, Version
from governance.catalog.suspensions.reach import reaching
from governance.evidence import declaring
from governance.evidence import queries as evidence
from governance.evidence.models import Attachment
from governance.licensing.results import licence_document, overridden_until
from governance.policies import overrides as override_queries
from governance.policies import upstream
from governance.policies.waivers import queries as waivers
from licenses.profiles import Profile

MAX_ERROR = 500
MOST_NAMED = 20  # suspensions
ASKS_A_FACT = "U-FACT"
PROFILE = frozenset(one.name for one in dataclasses.fields(Profile))


def facts(*, version: Version, use_case: UseCase, stage: str, kinds: Iterable[str], at: dt.datetime) -> dict[str, Any]:
    """What is known of a version in a use case at ``at``, for the audit kinds that policies name.

    Facts larger than 256 KB are no exception: the evaluation cannot read them, and its verdict is error.
    """
    standings = evidence.standings(version=version, use_case=use_case, kinds=kinds)
    document: dict[str, Any] = {
        "subject": {
            "kind": version.entry.kind,
            "id": version.entry.repo_id,
            "revision": version.revision,
            "digest": version.digest,
            "assurance": version.assurance,
            "task": version.task,
            "library": version.library,
        },
        "use_case": {"slug": use_case.slug, "tier": use_case.tier, "purpose": use_case.purpose},
        "stage": stage,
        "audits": [],
        "metrics": _metrics(standings),
        "evidence": dict(
            Counter(
                Attachment.objects.filter(version=version, use_case=use_case)
                .order_by("role")
                .values_list("role", flat=True)
            )
        ),
        "lineage": _lineage(version, use_case),
        "waivers": waivers.in_facts(version=version, use_case=use_case, stage=stage, at=at),
        "asked_at": at.isoformat(),
    }
    # Only where there is one: facts without are the bytes that they have always been.
    if overrides := override_queries.in_facts(version=version, use_case=use_case, stage=stage, at=at):
        document["overrides"] = overrides
    document |= _declared(document["evidence"], version=version, use_case=use_case)
    document["lineage"] |= upstream.facts(version=version, use_case=use_case, stage=stage, at=at)
    for standing in standings:
        if standing.run is not None and standing.run.state == RunState.SUCCEEDED and standing.kind in _SECTIONS:
            document[standing.kind] = _SECTIONS[standing.kind](standing.run)
        if standing.run is not None and standing.kind == "files" and "files" in document:
            document["signature"] = {"verified": _signature_holds(standing.run, at=at)}
    document["audits"] = [_audit(one, at=at, section=document.get(one.kind, {})) for one in standings]
    if any(waiver["findings"] for waiver in document["waivers"]):
        _name_failing(document["audits"])
    return document


def _signature_holds(run: Run, *, at: dt.datetime) -> bool:
    """Whether a scan has verified the model's signature, and no certificate that it rests on has ended since."""
    ends = run.summary.get("files_signatures_valid_until")
    return run.summary.get("files_signatures_verified", 0.0) > 0 and (ends is None or at.timestamp() <= ends)


def _declared(evidence_counts: dict[str, int], *, version: Version, use_case: UseCase) -> dict[str, Any]:
    """What people signed: the newest pilot report and the newest decision on how to make the model. Two queries."""
    found: dict[str, Any] = {}
    if (pilot := declaring.newest_pilot(version=version, use_case=use_case)) is not None:
        evidence_counts["pilot"] = 1
        figures = {"drift": pilot.drift, "cost_per_1000": pilot.cost_per_1000}
        drill = pilot.rollback_drill_on
        found["pilot"] = {
            "origin": "declared",
            "report": pilot.pk,
            "started_on": pilot.started_on.isoformat(),
            "ended_on": pilot.ended_on.isoformat(),
            "days": pilot.days,
            "requests": pilot.requests,
            "complaints": pilot.complaints,
            **{name: value for name, value in figures.items() if value is not None},
            **({"rollback_drill_on": drill.isoformat()} if drill is not None else {}),
        }
    if (decision := declaring.newest_decision(use_case)) is not None:
        evidence_counts["decision_record"] = 1
        found["decision_record"] = {
            "origin": "declared",
            "record": decision.pk,
            "approach": decision.approach,
            "decided_at": decision.decided_at.isoformat(),
        }
    return found


def _name_failing(audits: list[dict[str, Any]]) -> None:
    """Say beside each run what keeps it from passing: some of that is waived, and no more than that."""
    failing = waivers.failing_findings(fact["run"] for fact in audits if fact["state"] == RunState.SUCCEEDED)
    for fact in audits:
        if fact["state"] == RunState.SUCCEEDED:
            fact["failing"] = failing.get(fact["run"], [])


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of the facts as RFC 8785 JSON."""
    return hashlib.sha256(rfc8785.dumps(dict(document))).hexdigest()


def _audit(standing: evidence.Standing, *, at: dt.datetime, section: Mapping[str, Any]) -> dict[str, Any]:
    run = standing.run
    if run is None:
        fact: dict[str, Any] = {"kind": standing.kind, "state": "outdated" if standing.outdated else "missing"}
        if standing.outdated is not None:
            fact["run"] = standing.outdated.pk
        if standing.lacking:
            fact["lacking"] = standing.lacking
        return fact
    fact = {
        "kind": run.kind,
        "state": run.state,
        "verdict": run.verdict,
        "origin": run.origin,
        "run": run.pk,
        "inputs_digest": run.inputs_digest,
    }
    if run.error_code:
        fact["error_code"] = run.error_code
        fact["error"] = run.error[:MAX_ERROR]
    fact |= {name: section[name] for name in ("profile_lacks", "found_else") if name in section}
    if run.finished_at is not None:
        fact["finished_at"] = run.finished_at.isoformat()
        fact["age_days"] = max(0.0, (at - run.finished_at).total_seconds() / 86400)
    if (ends := overridden_until(run)) is not None:
        fact["holds_until"] = ends
    return fact


def _metrics(standings: list[evidence.Standing]) -> dict[str, float]:
    return {
        name: float(value)
        for standing in standings
        if standing.run is not None and standing.run.state == RunState.SUCCEEDED
        for name, value in standing.run.summary.items()
    }


def _lineage(version: Version, use_case: UseCase) -> dict[str, Any]:
    """``lineage`` of the facts: how much of what a version rests on is suspended for a use case, itself included."""
    standing = [
        one for one in reaching([version.pk]).get(version.pk, ()) if one.team_id in (None, use_case.owner_team_id)
    ]
    own = [one for one in standing if one.entry_id == version.entry_id]
    return {
        "suspended": len(own),
        "suspended_upstream": len(standing) - len(own),
        "suspensions": [{"id": one.pk, "of": f"{one.entry.kind}:{one.entry.repo_id}"} for one in standing[:MOST_NAMED]],
    }


def _card(run: Run) -> dict[str, Any]:
    codes = Finding.objects.filter(run=run).order_by("code").values_list("code", flat=True)
    return {"score": float(run.summary.get("card_score", 0.0)), "findings": dict(Counter(codes))}


def _license(run: Run) -> dict[str, Any]:
    document = licence_document(run)
    found = document.get("findings", [])
    closing = [finding for finding in found if finding.get("severity") in ("conflict", "unknown")]
    asked = [str(one.get("params", {}).get("value")) for one in closing if one["code"] == ASKS_A_FACT]
    lacks = sorted({name for name in asked if name in PROFILE})
    # Only what the profile lacks keeps the verdict open, or there is something to mend in the version as well.
    profile = {"profile_lacks": lacks, "found_else": len(closing) - sum(name in PROFILE for name in asked)}
    return {
        **(profile if lacks else {}),
        "verdict": run.verdict,
        "expression": str(document.get("expression", "")),
        "unknown_count": sum(1 for finding in found if finding.get("severity") == "unknown"),
        "conflicts": [
            {"code": finding["code"], "term": finding.get("term", ""), "chain": finding.get("chain", [])}
            for finding in found
            if finding.get("severity") == "conflict"
        ][:200],
        "obligations": sorted({finding["code"] for finding in found if finding.get("severity") == "obligation"}),
    }


def _files(run: Run) -> dict[str, Any]:
    counted = {name: int(run.summary[f"files_{name}"]) for name in ("bytes_total", "bytes_inspected")}
    return {"verdict": run.verdict, **counted}


_SECTIONS = {"card": _card, "files": _files, "license": _license}
