"""Where a data set comes from, as far as its card says: which of the things that a user has to know are missing.

The fields are those of the Data Provenance Initiative (Longpre et al. 2023, arXiv:2310.16787: sources, licence,
creators, languages), the sections those of the Hub's dataset card that answer questions of Datasheets for Datasets
(Gebru et al. 2021, Commun ACM 64(12):86): how it was made, whom it is about, what it is for, what it cannot do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from audits.cards.parser import parse

# What is looked for -> the fields of the metadata that say it.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "sources": ("source_datasets",),
    "licence": ("license", "licence"),
    "languages": ("language", "languages"),
    "creators": ("annotations_creators", "language_creators"),
    "size": ("size_categories",),
}
SECTIONS = ("creation", "personal_information", "intended_uses", "limitations")
LOOKED_FOR = len(FIELDS) + len(SECTIONS)
_LACKING = ("card.section.missing", "card.section.recommended")


@dataclass(frozen=True)
class Provenance:
    """What a card leaves out, of ``LOOKED_FOR`` things; ``says_anything``: it has any text or data."""

    missing: tuple[str, ...]
    says_anything: bool


def provenance(raw: bytes) -> Provenance:
    """What a dataset card does not say of the data's origin. No input raises."""
    card = parse(raw, kind="dataset")
    if not card.metadata and not card.text.strip():
        return Provenance((*FIELDS, *SECTIONS), says_anything=False)
    lacking = {str(found.params.get("section")) for found in card.findings if found.code in _LACKING}
    missing = [
        name
        for name, keys in FIELDS.items()
        if not any(card.metadata.get(key) for key in keys) and not (name == "licence" and card.licenses)
    ]
    return Provenance((*missing, *(name for name in SECTIONS if name in lacking)), says_anything=True)
