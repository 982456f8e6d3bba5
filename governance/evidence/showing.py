"""Runs and findings as lists show them. Words only; reads no database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from audits.models import OPEN_STATES, Finding, Run, RunState, Severity
from governance.catalog.models import Version
from governance.evidence import wording
from governance.web.templatetags import figures

GRAVITY = {severity: place for place, severity in enumerate(reversed(Severity.values))}
MOST_FINDINGS = 200


def kind_name(kind: str) -> str:
    """An audit kind in words."""
    known = {
        "bias": _("bias"),
        "card": _("card"),
        "license": _("licence"),
        "data": pgettext("audit of", "data"),
        "drift": pgettext("audit of", "drift"),
        "ll144": _("Local Law 144"),
        "counterfactual": _("counterfactual texts"),
        "suite": _("functional suite"),
        "mitigation": _("mitigation"),
        "metrics": _("metrics"),
        "files": pgettext("audit of", "files"),
        "stress": pgettext("audit of", "stress"),
        "trial": pgettext("audit of", "trial"),
    }
    return known.get(kind, kind)


def verdict_family(run: Run) -> tuple[str, str]:
    """The word and family by which a run is shown: what it found where it found something, else its state."""
    if run.state == RunState.SUCCEEDED:
        return run.verdict, {"license": "licence", "ll144": "ll144"}.get(run.kind, "verdict")
    return run.state, "run"


def findings_shown(findings: Iterable[Finding], *, rows: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """Findings as ``components/findings.html`` takes them, gravest first; one code and place once.

    ``rows`` says by code and place which rows of a table a finding is about.
    """
    shown = []
    for finding in sorted(findings, key=lambda one: (GRAVITY.get(one.severity, 9), one.line or 0, one.pk))[
        :MOST_FINDINGS
    ]:
        title, mend = wording.finding_text(finding)
        shown.append(
            {
                "severity": finding.severity,
                "title": title,
                "mend": mend,
                "message": (rows or {}).get(f"{finding.code} {finding.locus}".strip(), ""),
                "quote": _masked(finding),
                "field": finding.field,
                "line": finding.line,
                "code": finding.code,
                "where": place_of(finding),
            }
        )
    return shown


def place_of(finding: Finding) -> str:
    """The place of a finding that a person can go to: a file, a chain of works, what else its sentence does not name.

    Audits of tables and of cards' sections say in their sentence which groups, columns or section they mean; what tells
    such findings apart is a key.
    """
    named_in_words = finding.code.startswith(("bias.", "data.", "drift.", "stress."))
    section = f"section:{finding.params.get('section')}"
    return "" if named_in_words or finding.locus in (finding.field, section) else finding.locus


def _masked(finding: Finding) -> str:
    """Shapes of personal data that a finding is about: letters as x, digits as 0."""
    examples = finding.params.get("examples")
    if not isinstance(examples, list):
        return ""
    return ", ".join(str(one.get("shape", "")) for one in examples if isinstance(one, dict))


def run_rows(runs: Sequence[Run], *, versions: Mapping[str, Version] | None = None) -> list[dict[str, Any]]:
    """Runs as rows of a table; ``versions`` by digest are linked."""
    rows = []
    for run in runs:
        word, family = verdict_family(run)
        rows.append(
            {
                "run": run,
                "url": reverse("evidence:run", args=[run.pk]),
                "version": (versions or {}).get(run.subject_digest),
                "kind": kind_name(run.kind).capitalize(),
                "word": word,
                "family": family,
                "n": rows_of(run),
                "is_open": run.state in OPEN_STATES,
            }
        )
    return rows


def rows_of(run: Run) -> str:
    """How much a run looked at, in its own unit."""
    used = run.summary.get("rows_used")
    if used is not None:
        return _("%(n)s rows") % {"n": figures.number(used)}
    inspected, total = run.summary.get("files_bytes_inspected"), run.summary.get("files_bytes_total")
    if inspected is not None and total is not None:
        return _("%(n)s of %(of)s bytes") % {"n": figures.number(inspected), "of": figures.number(total)}
    score = run.summary.get("card_score")
    if score is not None:
        return _("%(share)s complete") % {"share": figures.share(score, places=0)}
    return ""
