"""The facts document, version 1: all that a policy sees. JSON, RFC 8785, at most 256 KB, no NaN.

Keys are added, never renamed. A quantity that was not measured is absent, never null and never 0.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rfc8785
from django.db.models import Count

from audits.models import Finding, Run, RunState
from governance.catalog.models import Suspension, UseCase, Version
from governance.catalog.suspensions.reach import reaching
from governance.evidence import declaring
from governance.evidence import queries as evidence
from governance.evidence.at_hand import Asked
from governance.evidence.models import Attachment, PilotReport
from governance.licensing.results import licence_document, overridden_until
from governance.policies import overrides as override_queries
from governance.policies import upstream
from governance.policies.uses import Use
from governance.policies.waivers import queries as waivers
from licenses.profiles import Profile

MAX_ERROR = 500
MOST_NAMED = 20  # suspensions
READ_AT_ONCE = 100
ASKS_A_FACT = "U-FACT"
PROFILE = frozenset(one.name for one in dataclasses.fields(Profile))


@dataclass(frozen=True)
class About(Use):
    """What facts are asked about: a version in a use case at a stage, and the audit kinds that policies name.

    The version's entry and card are best read with it.
    """

    kinds: frozenset[str]


def facts(*, version: Version, use_case: UseCase, stage: str, kinds: Iterable[str], at: dt.datetime) -> dict[str, Any]:
    """What is known of a version in a use case at ``at``, for the audit kinds that policies name.

    Facts larger than 256 KB are no exception: the evaluation cannot read them, and its verdict is error.
    """
    (document,) = facts_of([About(version, use_case, stage, frozenset(kinds))], at=at)
    return document


def facts_of(asked: Sequence[About], *, at: dt.datetime) -> list[dict[str, Any]]:
    """The facts of each that is asked about, in the order of asking: at most thirty queries for every hundred."""
    return [
        document
        for start in range(0, len(asked), READ_AT_ONCE)
        for document in _read(asked[start : start + READ_AT_ONCE], at=at)
    ]


def _read(asked: Sequence[About], *, at: dt.datetime) -> list[dict[str, Any]]:
    standings = evidence.standings_of([Asked(one.version, one.use_case, one.kinds) for one in asked])
    people = _Declared(asked)
    lineages = _lineages(asked, at=at)
    sections = _Sections((standing.run for found in standings for standing in found), at=at)
    documents = []
    for one, found, lineage, waived, overridden in zip(
        asked,
        standings,
        lineages,
        waivers.in_facts_of(asked, at=at),
        override_queries.in_facts_of(asked, at=at),
        strict=True,
    ):
        document: dict[str, Any] = {
            **_subject(one),
            "metrics": _metrics(found),
            "evidence": people.attached(one),
            "lineage": lineage,
            "waivers": waived,
            "asked_at": at.isoformat(),
        }
        # Only where there is one: facts without are the bytes that they have always been.
        if overridden:
            document["overrides"] = overridden
        document |= people.declared(one, document["evidence"])
        for standing in found:
            document |= sections.of(standing)
        document["audits"] = [_audit(each, at=at, section=document.get(each.kind, {})) for each in found]
        documents.append(document)
    _name_failing(documents)
    return documents


def _subject(one: About) -> dict[str, Any]:
    version, use_case = one.version, one.use_case
    return {
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
        "stage": one.stage,
    }


class _Declared:
    """What people brought and signed for several uses: attachments, pilot reports, decisions. Three queries."""

    def __init__(self, asked: Sequence[About]) -> None:
        versions, use_cases = {one.version.pk for one in asked}, {one.use_case.pk for one in asked}
        rows = Attachment.objects.filter(version__in=versions, use_case__in=use_cases)
        counted = rows.order_by("role").values_list("version_id", "use_case_id", "role").annotate(n=Count("pk"))
        self._attached: dict[tuple[int, int], dict[str, int]] = {}
        for version, use_case, role, count in counted:
            self._attached.setdefault((version, use_case), {})[role] = count
        self._pilots = declaring.newest_pilots(versions=versions, use_cases=use_cases)
        self._decisions = declaring.newest_decisions(use_cases)

    def attached(self, one: Use) -> dict[str, int]:
        """How many uploads are attached, by role."""
        return dict(self._attached.get((one.version.pk, one.use_case.pk), {}))

    def declared(self, one: Use, evidence_counts: dict[str, int]) -> dict[str, Any]:
        """The newest pilot report and the newest decision on how to make the model; they count as evidence too."""
        found: dict[str, Any] = {}
        if (pilot := self._pilots.get((one.version.pk, one.use_case.pk))) is not None:
            evidence_counts["pilot"] = 1
            found["pilot"] = _pilot(pilot)
        if (decision := self._decisions.get(one.use_case.pk)) is not None:
            evidence_counts["decision_record"] = 1
            found["decision_record"] = {
                "origin": "declared",
                "record": decision.pk,
                "approach": decision.approach,
                "decided_at": decision.decided_at.isoformat(),
            }
        return found


def _pilot(pilot: PilotReport) -> dict[str, Any]:
    figures = {"drift": pilot.drift, "cost_per_1000": pilot.cost_per_1000}
    drill = pilot.rollback_drill_on
    return {
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


def _name_failing(documents: Sequence[dict[str, Any]]) -> None:
    """Where findings are waived say beside each run what keeps it from passing: some of that is waived, and no more
    than that. One query where there is such a waiver.
    """
    waived = [one for one in documents if any(waiver["findings"] for waiver in one["waivers"])]
    ended = [fact for one in waived for fact in one["audits"] if fact["state"] == RunState.SUCCEEDED]
    failing = waivers.failing_findings(fact["run"] for fact in ended) if waived else {}
    for fact in ended:
        fact["failing"] = list(failing.get(fact["run"], ()))


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


def _lineages(asked: Sequence[About], *, at: dt.datetime) -> list[dict[str, Any]]:
    """``lineage`` of the facts: how much of what a version rests on is suspended for a use case, itself included; and
    what is approved of it. Four queries.
    """
    reached = reaching({one.version.pk for one in asked})
    return [
        _suspended(one, reached.get(one.version.pk, ())) | approved
        for one, approved in zip(asked, upstream.facts_of(asked, at=at), strict=True)
    ]


def _suspended(one: Use, reaching_it: Iterable[Suspension]) -> dict[str, Any]:
    standing = [each for each in reaching_it if each.team_id in (None, one.use_case.owner_team_id)]
    own = [each for each in standing if each.entry_id == one.version.entry_id]
    named = [{"id": each.pk, "of": f"{each.entry.kind}:{each.entry.repo_id}"} for each in standing[:MOST_NAMED]]
    return {"suspended": len(own), "suspended_upstream": len(standing) - len(own), "suspensions": named}


class _Sections:
    """What single audits have to say beside their verdict. One query for the cards; licence documents are read once."""

    def __init__(self, runs: Iterable[Run | None], *, at: dt.datetime) -> None:
        self._at = at
        cards = {run.pk for run in runs if run is not None and run.kind == "card" and run.state == RunState.SUCCEEDED}
        self._codes: dict[int, dict[str, int]] = {}
        self._licences: dict[int, dict[str, Any]] = {}
        if cards:
            codes = Finding.objects.filter(run__in=cards).order_by("run", "code").values_list("run_id", "code")
            for run, code, count in codes.annotate(n=Count("pk")):
                self._codes.setdefault(run, {})[code] = count

    def of(self, standing: evidence.Standing) -> dict[str, Any]:
        """The sections of the facts that an audit fills."""
        run = standing.run
        if run is None or run.state != RunState.SUCCEEDED:
            return {}
        if standing.kind == "card":
            score = float(run.summary.get("card_score", 0.0))
            return {"card": {"score": score, "findings": dict(self._codes.get(run.pk, {}))}}
        if standing.kind == "license":
            if run.pk not in self._licences:
                self._licences[run.pk] = _license(run)
            return {"license": dict(self._licences[run.pk])}
        if standing.kind == "files":
            return {"files": _files(run), "signature": {"verified": _signature_holds(run, at=self._at)}}
        return {}


def _signature_holds(run: Run, *, at: dt.datetime) -> bool:
    """Whether a scan has verified the model's signature, and no certificate that it rests on has ended since."""
    ends = run.summary.get("files_signatures_valid_until")
    return run.summary.get("files_signatures_verified", 0.0) > 0 and (ends is None or at.timestamp() <= ends)


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
