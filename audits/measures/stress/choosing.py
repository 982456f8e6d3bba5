"""Which places of a text are changed at which severity: those of a milder one, and some more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audits.measures.stress.corpus import Corpus, Edits, Places

# Share of characters, or of words, that are changed at severities 1 to 5.
RATES = (0.01, 0.02, 0.05, 0.10, 0.20)
SEVERITIES = tuple(range(1, len(RATES) + 1))


def wanted(units: Places, severity: int) -> Places:
    """How many places of each text are changed: a share of its characters or words, and at least one."""
    found: Places = np.maximum(1, np.floor(units * RATES[severity - 1] + 0.5)).astype(np.int64)
    return found


@dataclass(frozen=True)
class Ranked:
    """All that a family changes at the hardest severity.

    Attributes:
        edits: by place.
        rank: which of the edits of its text each one is, from 0; one rank for edits that go together. Shape (edits,).
        units: of each text, characters that are no blanks, or words; shape (texts,).
    """

    edits: Edits
    rank: Places
    units: Places

    def at(self, severity: int, corpus: Corpus) -> Edits:
        """The edits of one severity; every edit of a milder one is among them."""
        if severity == SEVERITIES[-1]:
            return self.edits
        return self.edits.those(self.rank < wanted(self.units, severity)[corpus.owner[self.edits.at]])


def chosen(owner: Places, units: Places, random: np.random.Generator) -> tuple[Places, Places]:
    """Places of each text in a random order, up to as many as the hardest severity changes.

    Args:
        owner: the text of each place, rising; shape (places,).
        units: of each text, shape (texts,).

    Returns:
        The numbers of the chosen places, rising, and the rank of each within its text, from 0.
    """
    texts = len(units)
    counts = np.bincount(owner, minlength=texts)
    begins = np.cumsum(counts) - counts
    begin = begins[owner]
    number = np.arange(len(owner), dtype=np.int64)
    # text, chance and place in one number each, so that sorting numbers is all; ties of chance go to the earlier place
    place_bits = int(counts.max(initial=1)).bit_length()
    chance_bits = min(32, 64 - place_bits - texts.bit_length())
    chance = random.integers(0, 1 << chance_bits, size=len(owner), dtype=np.uint64)
    key = (owner.astype(np.uint64) << np.uint64(place_bits + chance_bits)) | (chance << np.uint64(place_bits))
    key |= (number - begin).astype(np.uint64)
    key.sort()
    # texts keep their places in the order, so a place's rank is how far it stands behind the first of its text
    rank = number - begin
    first = rank < wanted(units, SEVERITIES[-1])[owner]
    places = begin[first] + (key[first] & np.uint64((1 << place_bits) - 1)).astype(np.int64)
    order = np.argsort(places)
    return places[order], rank[first][order]


def characters_of(corpus: Corpus) -> Places:
    """How many characters of each text are no blanks, shape (texts,)."""
    return corpus.counted(~corpus.where(str.isspace))


def words_of(corpus: Corpus) -> Places:
    """How many words each text has, shape (texts,)."""
    return corpus.counted(corpus.word_starts)
