"""From the bytes of a README.md to a parsed card with findings. No input raises."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from audits.cards import fields, lineage, model_index, sections, source, spec
from audits.cards.front_matter import FrontMatter, read
from audits.cards.notes import Notes
from audits.cards.shapes import CardFinding, ParsedCard

MAX_BYTES = 5_000_000


def parse(raw: bytes, *, kind: str, files: Collection[str] = (), max_bytes: int = MAX_BYTES) -> ParsedCard:
    """Read a card: metadata, licence, lineage, and every finding with its field and line.

    Args:
        raw: the README.md as found; any bytes.
        kind: model, dataset or space.
        files: paths in the repository; an adapter or a quantized model is told by them.
        max_bytes: of a longer file the front matter and this many bytes are read.

    Raises:
        ValueError: ``kind`` is not a kind of repository, or ``max_bytes`` is negative.
    """
    if kind not in spec.KINDS:
        raise ValueError(f"kind is one of {', '.join(spec.KINDS)}, not {kind!r}")
    if max_bytes < 0:
        raise ValueError("max_bytes is a number of bytes")
    notes = Notes()
    cut = source.split(raw, max_bytes=max_bytes, notes=notes)
    if cut.front_matter is None:
        # nothing was declared, and that is known: the Hub reads no metadata either
        front = FrontMatter(known=True)
    else:
        front = read(cut.front_matter, first_line=cut.first_line, notes=notes)
    if not cut.cut and not cut.body.strip():
        if cut.front_matter is None:
            notes.add("card.empty")
        elif kind != "space":
            notes.add("card.body.empty")
    licences = fields.check_licence(front, notes)
    fields.check_types(front, kind, notes)
    links = lineage.read_links(front, kind, files, notes)
    if kind == "model":
        model_index.check_model_index(front, notes)
    there = sections.check_sections(
        cut.body, kind=kind, metadata=front.data, first_line=cut.body_line, cut=cut.cut, notes=notes
    )
    filled = sum(front.says(name) or (name == "license" and bool(licences.ids)) for name in spec.FIELDS[kind])
    findings = notes.all()
    return ParsedCard(
        sha256=hashlib.sha256(raw).hexdigest(),
        size=len(raw),
        metadata=front.data,
        front_matter_lines=cut.lines,
        body_offset=cut.body_offset,
        text=cut.body,
        licenses=licences.ids,
        license_name=licences.name,
        license_link=licences.link,
        links=links,
        findings=findings,
        score=spec.score(kind=kind, fields=filled, sections=there),
        verdict=verdict(findings),
    )


def verdict(findings: Collection[CardFinding]) -> str:
    """fail if a finding is high or critical, warn if one is medium, else pass."""
    severities = {finding.severity for finding in findings}
    if severities & {"high", "critical"}:
        return "fail"
    return "warn" if "medium" in severities else "pass"
