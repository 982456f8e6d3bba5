"""Terms of a list that the person who asks has brought, looked for in texts. No list is shipped.

Words are counted, not meanings: a text that quotes or refuses a term holds it too. Terms stand in no document; what is
shown of them is their first letter and their length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from audits.measures.data.asked import MAX_TERM_WORDS, Lexicon
from audits.measures.data.words import words_of
from audits.measures.tables.arrow import as_strings, strings

Mask = npt.NDArray[np.bool_]

SHOWN = 3


@dataclass(frozen=True)
class TermsFound:
    """``holds``, shape (n,): which texts hold a term; ``counts``, shape (terms,): in how many rows each was found."""

    holds: Mask
    counts: npt.NDArray[np.int64]


def terms_found(lexicon: Lexicon, cells: pa.Array | Sequence[str], rows: npt.NDArray[np.int64]) -> TermsFound:
    """Which texts hold a term of a list, as whole words in any case.

    Args:
        lexicon: its terms are cut into words as the texts are.
        cells: shape (n,), different texts.
        rows: shape (n,), rows of each.
    """
    texts = words_of(as_strings(cells))
    terms = words_of(strings(lexicon.terms))
    lengths = np.bincount(terms.owner, minlength=len(lexicon.terms))
    holds = np.zeros(len(cells), dtype=bool)
    counts = np.zeros(len(lexicon.terms), dtype=np.int64)
    for length in range(1, MAX_TERM_WORDS + 1):
        wanted = terms.runs(length)
        whole = lengths[wanted.owner] == length
        if not whole.any():
            continue
        hashes, owner = wanted.hashes[whole], wanted.owner[whole]
        order = np.argsort(hashes, kind="stable")
        hashes, owner = hashes[order], owner[order]
        runs = texts.runs(length)
        at = np.minimum(np.searchsorted(hashes, runs.hashes), hashes.size - 1)
        hit = hashes[at] == runs.hashes
        pairs = np.unique(owner[at[hit]] * len(cells) + runs.owner[hit])
        holds[pairs % len(cells)] = True
        np.add.at(counts, pairs // len(cells), rows[pairs % len(cells)])
    return TermsFound(holds, counts)


def masked(term: str) -> str:
    """A term that may be shown to anybody: its first letter, and a star for every other character that is no blank.

    >>> masked("some thing")
    's*** *****'
    """
    return "".join(char if place == 0 or char.isspace() else "*" for place, char in enumerate(term.strip()))


def examples(lexicon: Lexicon, found: TermsFound) -> list[dict[str, object]]:
    """The terms in most rows, masked; the same whatever the order of rows and terms. Equal masks are one."""
    shown: dict[str, int] = {}
    for term, count in zip(lexicon.terms, found.counts.tolist(), strict=True):
        if count:
            shown[masked(term)] = shown.get(masked(term), 0) + count
    ordered = sorted(shown.items(), key=lambda one: (-one[1], one[0]))
    return [{"shape": form, "rows": rows} for form, rows in ordered[:SHOWN]]
