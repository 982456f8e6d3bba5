"""The audit ``card``: what a repository's README.md declares, and what it leaves out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings

from audits.cards import CardFinding, Link, ParsedCard, parse
from audits.cards.spec import KINDS
from audits.kinds.base import Context, Draft, InputsRejected, Outcome, audit

VERDICTS = ("fail", "warn", "pass")
_LINK_FIELDS = tuple(field.name for field in dataclasses.fields(Link))


@audit("card", version=1, packages=("PyYAML",), verdicts=VERDICTS, time_limit_s=60)
def run(context: Context) -> Outcome:
    """Read the card and say what is wrong with it.

    Inputs: ``card_sha256`` (the stored README.md), ``card_kind`` (model, dataset or space), ``files`` (paths in the
    repository; may be absent).

    Returns:
        verdict fail | warn | pass; summary ``card_score`` in [0, 1]; see ``outcome``.

    Raises:
        InputsRejected: an input is missing or has the wrong type, or the stored card is gone.
    """
    sha256, kind = context.inputs.get("card_sha256"), context.inputs.get("card_kind")
    if not isinstance(sha256, str) or not sha256:
        raise InputsRejected("card_inputs", "card_sha256: is the digest of the stored README.md")
    if kind not in KINDS:
        raise InputsRejected("card_inputs", f"card_kind: is one of {', '.join(KINDS)}")
    files = _files(context.inputs)
    context.progress(0, 1)
    with context.open_blob(sha256) as card:
        parsed = parse(card.read(), kind=kind, files=files, max_bytes=settings.MAX_CARD_BYTES)
    context.progress(1, 1)
    return outcome(parsed)


def outcome(parsed: ParsedCard) -> Outcome:
    """What a parsed card means as an audit's result: the same whether a worker or an import has read it.

    The document has verdict, score, sha256, size, front_matter_lines, licenses, license_name, license_link, links and
    findings; the metadata stay with the version.
    """
    return Outcome(
        verdict=parsed.verdict,
        summary={"card_score": parsed.score},
        document={
            "verdict": parsed.verdict,
            "score": parsed.score,
            "sha256": parsed.sha256,
            "size": parsed.size,
            "front_matter_lines": list(parsed.front_matter_lines) if parsed.front_matter_lines else None,
            "licenses": list(parsed.licenses),
            "license_name": parsed.license_name,
            "license_link": parsed.license_link,
            "links": [{name: getattr(link, name) for name in _LINK_FIELDS} for link in parsed.links],
            "findings": [_as_json(finding) for finding in parsed.findings],
        },
        drafts=_drafts(parsed.findings),
    )


def _drafts(findings: Sequence[CardFinding]) -> list[Draft]:
    """One draft for each code and place; where a code meets one place again, ``lines`` has all its lines."""
    drafts: dict[tuple[str, str], Draft] = {}
    for finding in findings:
        locus = _locus(finding)
        known = drafts.get((finding.code, locus))
        if known is None:
            drafts[finding.code, locus] = Draft(
                code=finding.code,
                severity=finding.severity,
                locus=locus,
                params=finding.params,
                field=finding.field,
                line=finding.line,
            )
        elif finding.line is not None:
            lines = [*known.params.get("lines", [known.line]), finding.line]
            drafts[finding.code, locus] = dataclasses.replace(known, params={**known.params, "lines": lines})
    return list(drafts.values())


def _locus(finding: CardFinding) -> str:
    """Where a finding stands: the path in the results, the section, the item that is no id, or the field."""
    params = finding.params
    if "path" in params:
        return str(params["path"])
    if "section" in params:
        return f"section:{params['section']}"
    told_apart = params.get("written") or params.get("id") or params.get("code") or params.get("tag")
    return f"{finding.field}={told_apart}" if told_apart and finding.field else str(finding.field or told_apart or "")


def _as_json(finding: CardFinding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "field": finding.field,
        "line": finding.line,
        "params": dict(finding.params),
    }


def _files(inputs: Mapping[str, Any]) -> list[str]:
    files = inputs.get("files") or []
    if not isinstance(files, Sequence) or isinstance(files, str) or not all(isinstance(name, str) for name in files):
        raise InputsRejected("card_inputs", "files: is a list of paths")
    return list(files)
