"""Section 3: every version with a decision in the period, with all that the decisions rested on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.utils import translation

from audits import blobs
from audits.cards.sections import section_texts
from audits.digests import canonical
from audits.kinds import license as licence_audit
from audits.kinds.base import InputsRejected
from audits.models import Blob, Finding, Run, RunState
from governance.catalog.models import Card, UseCase, Version
from governance.evidence import wording
from governance.evidence.models import PilotReport
from governance.licensing.results import licence_document
from governance.reports.sections import decisions as decisions_section
from governance.reports.sections.asked import (
    READ_AT_ONCE,
    Progress,
    ReportScope,
    moment,
    ref,
    silent,
    some,
    subject_of,
    title_of,
)
from governance.reports.sections.gaps import Gaps
from governance.reports.sections.inventory import IN_ORDER
from governance.reports.shapes import LANGUAGES, AuditShape, FindingShape, Subject, UseCaseShape, VersionItem, Words
from governance.reports.writing import Stored
from governance.reviews.models import Decision

SHOWN = ("intended_uses", "limitations", "training_data", "evaluation", "creation", "structure", "personal_information")
LONGEST_SECTION = 4_000
MOST_CARD_BYTES = 1_000_000
# The documents of audits are bounded by what they measure; one that is longer is named by its digest alone.
LARGEST_RESULT = 8_000_000
MOST_FINDINGS = 500


def items(asked: ReportScope, gaps: Gaps, *, progress: Progress = silent) -> Iterator[tuple[str, VersionItem]]:
    """Every version that was decided on, by name. Seven queries for every few hundred, and the files of results."""
    shown = Version.objects.filter(pk__in=decisions_section.decided(asked).order_by().values("submission__version"))
    total, done = shown.count(), 0
    rows = shown.select_related("entry", "card").order_by(*IN_ORDER).iterator(chunk_size=READ_AT_ONCE)
    for versions in some(rows):
        yield from _read(asked, versions, gaps)
        done += len(versions)
        progress(done, total)


def _read(asked: ReportScope, versions: Sequence[Version], gaps: Gaps) -> Iterator[tuple[str, VersionItem]]:
    made: dict[int, list[Decision]] = defaultdict(list)
    told = decisions_section.decided(asked).defer("evaluation", "votes")
    for decision in told.filter(submission__version__in=[one.pk for one in versions]):
        made[decision.submission.version_id].append(decision)
    runs = _runs(made)
    findings, there = _findings(runs), _there(runs)
    use_cases, pilots = _use_cases(made), _pilots(asked, [one.pk for one in versions])
    for version in versions:
        subject = subject_of(version)
        numbers = _run_numbers(made[version.pk])
        audits = [_audit(runs[one], findings.get(one, []), there, subject, gaps) for one in numbers if one in runs]
        if version.card is None:
            gaps.add("no_card", subject)
        if version.assurance != "hashed":
            gaps.add("bytes_not_read", subject, assurance=version.assurance)
        slugs = sorted({decision.submission.use_case.slug for decision in made[version.pk]})
        yield (
            title_of(subject),
            {
                "key": version.digest,
                "subject": subject,
                "card": None if version.card is None else card_of(version.card),
                "card_sha256": None if version.card is None else version.card.sha256,
                "use_cases": [use_cases[slug] for slug in slugs],
                "decisions": [decisions_section.key_of(decision) for decision in made[version.pk]],
                "audits": audits,
                "licence": _licence(made[version.pk]),
                "declared": pilots.get(version.pk, []),
            },
        )


def _run_numbers(made: Iterable[Decision]) -> list[int]:
    """The audits that the decisions' facts name, each once."""
    told = (fact.get("run") for decision in made for fact in decision.facts.get("audits", ()))
    return sorted({number for number in told if isinstance(number, int)})


def _runs(made: Mapping[int, Sequence[Decision]]) -> dict[int, Run]:
    numbers = {number for decisions in made.values() for number in _run_numbers(decisions)}
    return Run.objects.in_bulk(numbers)


def _use_cases(made: Mapping[int, Sequence[Decision]]) -> dict[str, UseCaseShape]:
    keys = {decision.submission.use_case_id for decisions in made.values() for decision in decisions}
    rows = UseCase.objects.filter(pk__in=keys).select_related("owner_team")
    return {one.slug: use_case_of(one) for one in rows}


def use_case_of(one: UseCase) -> UseCaseShape:
    """A use case as it stands now."""
    return {
        "slug": one.slug,
        "name": one.name,
        "purpose": one.purpose,
        "people_affected": one.people_affected,
        "tier": one.tier,
        "owner": one.owner_team.slug,
    }


def _pilots(asked: ReportScope, versions: Collection[int]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    rows = asked.in_scope(PilotReport.objects.filter(version__in=versions, signed_at__lt=asked.as_of))
    for one in rows.select_related("use_case", "upload__blob").order_by("signed_at", "pk"):
        found[one.version_id].append(
            {
                "what": "pilot",
                "use_case": one.use_case.slug,
                "started_on": one.started_on.isoformat(),
                "ended_on": one.ended_on.isoformat(),
                "requests": one.requests,
                "complaints": one.complaints,
                "drift": one.drift,
                "cost_per_1000": one.cost_per_1000,
                "rollback_drill_on": one.rollback_drill_on.isoformat() if one.rollback_drill_on else None,
                "upload_sha256": one.upload.blob.sha256,
                "signed_by": ref(one.signed_by_id),
                "signed_at": moment(one.signed_at),
            }
        )
    return found


def card_of(card: Card) -> dict[str, str]:
    """What a card says of what a report shows, by section."""
    raw = bytes(card.raw)[card.body_offset : card.body_offset + MOST_CARD_BYTES]
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    said = section_texts(text, kind=card.kind, longest=LONGEST_SECTION)
    return {name: said[name] for name in SHOWN if name in said}


def _licence(made: Sequence[Decision]) -> dict[str, Any] | None:
    """What the newest decision knew of the licence."""
    told = made[-1].facts.get("license") if made else None
    return dict(told) if isinstance(told, dict) else None


# --- audits ----------------------------------------------------------------------------------------------------------


def _findings(runs: Mapping[int, Run]) -> dict[int, list[FindingShape]]:
    """The findings of runs in words of every language. One query."""
    rows = list(Finding.objects.filter(run__in=runs.keys()).order_by("run", "pk"))
    worded: list[dict[str, tuple[str, str]]] = [{} for _ in rows]
    for language in LANGUAGES:
        with translation.override(language):
            for place, finding in enumerate(rows):
                worded[place][language] = wording.finding_text(finding)
    found: dict[int, list[FindingShape]] = defaultdict(list)
    for finding, words in zip(rows, worded, strict=True):
        if len(found[finding.run_id]) < MOST_FINDINGS:
            found[finding.run_id].append(
                {
                    "code": finding.code,
                    "severity": finding.severity,
                    "locus": finding.locus,
                    "field": finding.field,
                    "line": finding.line,
                    "params": finding.params,
                    "title": Words(en=words["en"][0], ru=words["ru"][0]),
                    "mend": Words(en=words["en"][1], ru=words["ru"][1]),
                }
            )
    return found


def _there(runs: Mapping[int, Run]) -> dict[str, int]:
    """The sizes of results that have not been erased, by digest. One query."""
    digests = {run.result_sha256 for run in runs.values()} - {""}
    return dict(Blob.objects.filter(sha256__in=digests, erased_at=None).values_list("sha256", "bytes"))


def _audit(
    run: Run, findings: list[FindingShape], there: Mapping[str, int], subject: Subject, gaps: Gaps
) -> AuditShape:
    result, missing = _result(run, there)
    _look(run, subject, missing, gaps)
    return {
        "run": run.pk,
        "kind": run.kind,
        "kind_version": run.kind_version,
        "use_case": run.use_case or None,
        "state": run.state,
        "verdict": run.verdict or None,
        "origin": run.origin,
        "seed": run.seed,
        "packages": dict(run.packages),
        "inputs_digest": run.inputs_digest,
        "plan_sha256": run.inputs.get("plan_digest"),
        "finished_at": moment(run.finished_at),
        "summary": dict(run.summary),
        "error_code": run.error_code or None,
        "result_sha256": run.result_sha256 or None,
        "result": result,
        "result_missing": missing,
        "findings": findings,
    }


def _result(run: Run, there: Mapping[str, int]) -> tuple[Stored | None, str | None]:
    """The document of a run as it was stored, or why there is none."""
    if not run.result_sha256:
        document = licence_document(run) if run.kind == licence_audit.KIND else {}
        return (Stored(canonical(document)), None) if document else (None, "none")
    size = there.get(run.result_sha256)
    if size is None:
        return None, "erased"
    if size > LARGEST_RESULT:
        return None, "too_large"
    try:
        return Stored(blobs.read_checked(run.result_sha256)), None
    except InputsRejected as gone:
        return None, "altered" if gone.code == "blob_altered" else "erased"


def _look(run: Run, subject: Subject, missing: str | None, gaps: Gaps) -> None:
    """Note what this audit did not measure, and what it rests on."""
    place: dict[str, Any] = {"of": str(run.pk), "kind": run.kind, "run": run.pk}
    use_case = run.use_case or None
    if run.state != RunState.SUCCEEDED:
        gaps.add("audit_not_finished", subject, use_case, **place, state=run.state, error_code=run.error_code)
    elif run.verdict in ("insufficient_data", "no_information", "unknown"):
        gaps.add("verdict_open", subject, use_case, **place, verdict=run.verdict)
    if missing in ("erased", "altered", "too_large"):
        gaps.add(f"result_{missing}", subject, use_case, **place, sha256=run.result_sha256)
    if run.origin == "declared":
        gaps.add("declared", subject, use_case, **place)
    for package, number in run.packages.items():
        gaps.packages[package].add(str(number))
    gaps.note(run.inputs.get("plan_digest"), gaps.plans)
    gaps.note(run.inputs.get("table_digest"), gaps.tables)
