"""The parts of a stress audit. Each asks the model in its own way; a new one stands here once and is then run."""

from __future__ import annotations

from audits.stress import images, kept_cases, loading, malformed, repeating, tables, templates, texts
from audits.stress.results import Part

PARTS: tuple[Part, ...] = (
    texts.PART,
    tables.PART,
    images.PART,
    templates.PART,
    kept_cases.PART,
    malformed.PART,
    repeating.PART,
    loading.PART,
)
