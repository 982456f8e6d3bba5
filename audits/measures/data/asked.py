"""What a plan can ask of annotations and of terms. Imports no numpy: a web process reads plans."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass

NOMINAL, ORDINAL, INTERVAL = "nominal", "ordinal", "interval"
SCALES = (NOMINAL, ORDINAL, INTERVAL)
MAX_ANNOTATORS = 50

MAX_TERMS = 20_000
MAX_TERM = 100
MAX_TERM_WORDS = 5


@dataclass(frozen=True)
class Lexicon:
    """Terms of one to five words, and what the list is called."""

    name: str
    terms: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """Digest of the terms, sorted, one a line."""
        return hashlib.sha256("\n".join(sorted(self.terms)).encode()).hexdigest()


def word_count(term: str) -> int:
    """How many words a term has: letters, the marks on them and digits make words, everything else parts them.

    >>> word_count("so-called term"), word_count("!?")
    (3, 0)
    """
    plain = unicodedata.normalize("NFC", term.lower())
    return len("".join(char if unicodedata.category(char)[0] in "LMN" else " " for char in plain).split())
