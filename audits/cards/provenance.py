"""Where a data set comes from, as far as its card says: which of the things that a user has to know are missing.

The fields are those of the Data Provenance Initiative (Longpre et al. 2023, arXiv:2310.16787: sources, licence,
creators, languages), the sections those of the Hub's dataset card that answer questions of Datasheets for Datasets
(Gebru et al. 2021, Commun ACM 64(12):86): how it was made, whom it is about, what it is for, what it cannot do. Beside
them whether the card says anything of people or sites that do not want to be in it. That it says so is looked for, by
words; whether anybody was heard is not told by that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
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
# Words by which a card, in English or Russian, speaks of not taking part and of being taken out again.
OPT_OUT = "opt_out"
OPT_OUT_WORDS = re.compile(
    r"\bopt(ed|ing)?[\s_-]?(out|in)\b|\b(take[\s-]?down|removal|erasure|deletion)\s+(request|polic|procedure)"
    r"|\bwithdr[ae]w\w*\s+(their\s+|your\s+|the\s+)?consent|\b(robots|ai)\.txt\b|\bnoai\b|\btdm[\s_-]?(reservation|rep)\b"
    r"|request\w*\s+(the\s+)?(removal|deletion|erasure)\s+of|отозва\w+\s+согласи|отзыв\w*\s+согласи"
    r"|(запрос|удалени)\w*\s+(об?\s+удалени|сво|персональн)\w*|исключ\w+\s+сво\w+\s+данн",
    re.IGNORECASE,
)
SECTIONS = ("creation", "personal_information", "intended_uses", "limitations")
LOOKED_FOR = len(FIELDS) + len(SECTIONS) + 1
_LACKING = ("card.section.missing", "card.section.recommended")


@dataclass(frozen=True)
class Provenance:
    """What a card leaves out, of ``LOOKED_FOR`` things; ``says_anything``: it has any text or data."""

    missing: tuple[str, ...]
    says_anything: bool

    def beside(self, said: Set[str]) -> Provenance:
        """What is still missing where another description says some of it."""
        left = tuple(name for name in self.missing if name not in said)
        return Provenance(left, says_anything=self.says_anything or bool(said))


def provenance(raw: bytes) -> Provenance:
    """What a dataset card does not say of the data's origin. No input raises."""
    card = parse(raw, kind="dataset")
    if not card.metadata and not card.text.strip():
        return Provenance((*FIELDS, *SECTIONS, OPT_OUT), says_anything=False)
    lacking = {str(found.params.get("section")) for found in card.findings if found.code in _LACKING}
    missing = [
        name
        for name, keys in FIELDS.items()
        if not any(card.metadata.get(key) for key in keys) and not (name == "licence" and card.licenses)
    ]
    silent = () if OPT_OUT_WORDS.search(card.text) else (OPT_OUT,)
    return Provenance((*missing, *(name for name in SECTIONS if name in lacking), *silent), says_anything=True)
