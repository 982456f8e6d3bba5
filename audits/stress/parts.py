"""The parts of a stress audit. Each asks the model in its own way; a new one stands here once and is then run."""

from __future__ import annotations

from audits.stress import kept_cases, templates, texts
from audits.stress.results import Part

PARTS: tuple[Part, ...] = (texts.PART, templates.PART, kept_cases.PART)
