"""Which places of a text are changed at which severity: those of a milder one, and some more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audits.measures.stress.corpus import Corpus, Edits, Mask, Places

# Share of characters, or of words, that are changed at severities 1 to 5.
RATES = (0.01, 0.02, 0.05, 0.10, 0.20)
SEVERITIES = tuple(range(1, len(RATES) + 1))


@dataclass(frozen=True)
class Ranked:
    """All that a family might change.

    Attributes:
        edits: by place.
        rank: which of the edits of its text each one is, from 0; one rank for edits that go together. Shape (edits,).
        units: of each text, characters that are no blanks, or words; shape (texts,).
    """

    edits: Edits
    rank: Places
    units: Places

    def at(self, severity: int, corpus: Corpus) -> Edits:
        """The edits of one severity: its share of the units of each text, and at least one edit where there is one.

        Every edit of a milder severity is among them.
        """
        wanted = np.maximum(1, np.floor(self.units * RATES[severity - 1] + 0.5)).astype(np.int64)
        return self.edits.those(self.rank < wanted[corpus.owner[self.edits.at]])


def ranks(owner: Places, group: Places, random: np.random.Generator) -> Places:
    """A random order of the groups of edits of each text.

    Args:
        owner: the text of each edit, rising; shape (edits,).
        group: edits with one number go together; numbers of one text are not those of another. Shape (edits,).
    """
    if not len(owner):
        return np.zeros(0, dtype=np.int64)
    _, first, member = np.unique(group, return_index=True, return_inverse=True)
    texts = owner[first]
    order = np.lexsort((random.random(len(texts)), texts))
    ordered = texts[order]
    place = np.arange(len(ordered)) - np.searchsorted(ordered, ordered, side="left")
    rank = np.empty(len(ordered), dtype=np.int64)
    rank[order] = place
    return rank[member]


def characters_of(corpus: Corpus) -> Places:
    """How many characters of each text are no blanks, shape (texts,)."""
    return _counted(corpus, ~corpus.where(str.isspace))


def words_of(corpus: Corpus) -> Places:
    """How many words each text has, shape (texts,)."""
    return _counted(corpus, corpus.word_starts)


def _counted(corpus: Corpus, which: Mask) -> Places:
    return np.bincount(corpus.owner[which], minlength=len(corpus)).astype(np.int64)
