"""Small cards of our own for the tests."""

from __future__ import annotations

from typing import Any

from audits.cards import ParsedCard, parse

SECTIONS = {
    "Model description": "Sorts short letters by the office that has to answer them.",
    "Intended uses": "Post rooms of public offices.",
    "Bias, Risks, and Limitations": "Knows letters of one language only.",
    "Training data": "Letters that were given to us for this.",
    "Training procedure": "Three passes.",
    "Evaluation": "Right for nine letters of ten.",
    "How to use": "Give it the letter's text.",
    "Contact": "post@example.org",
}


def body(**replaced: str | None) -> str:
    """A Markdown text with all sections of a model card; None leaves one out (names with _ for spaces)."""
    changes = {key.replace("_", " "): value for key, value in replaced.items()}
    sections = {**SECTIONS, **changes}
    return "# Letters\n\n" + "\n\n".join(
        f"## {title}\n\n{text}" for title, text in sections.items() if text is not None
    )


def card(front_matter: str, text: str | None = None, *, kind: str = "model", **options: Any) -> ParsedCard:
    """A card with this front matter, and all sections unless a text is given."""
    return parse(f"---\n{front_matter}\n---\n{body() if text is None else text}".encode(), kind=kind, **options)


def codes(parsed: ParsedCard) -> set[str]:
    return {finding.code for finding in parsed.findings}


GOOD = """\
license: mit
language: en
pipeline_tag: text-classification
library_name: transformers
tags: [letters]
datasets: [acme/letters]"""
