"""In which languages texts are. What cannot be told is counted as undetermined, never given to the likeliest language.

The model is that of py3langid, which is in the package: nothing is downloaded, and nothing pickled is loaded.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int64]

# With fewer letters the model is often wrong, and below this probability too: of 2,260 sentences of 25 languages with
# so many letters 1,635 were told, all but 3 rightly (docs/decisions/0013-languages-of-texts.md).
LEAST_LETTERS = 20
LEAST_PROBABILITY = 0.8
# Characters of a text that are looked at, and rows of a column: the model takes a fifth of a millisecond for each.
LONGEST = 400
MOST = 5_000
# Rows of all columns together.
MOST_OF_ALL = 100_000
# "no linguistic content" in the model's list.
_NO_LANGUAGE = "zxx"


@dataclass(frozen=True)
class Languages:
    """Rows by language (ISO 639), of ``rows`` that were looked at; the others are ``undetermined``.

    ``sampled``: the rows are a simple random sample of the column's.
    """

    counts: dict[str, int]
    undetermined: int
    rows: int
    sampled: bool


def languages(values: list[str], counts: Codes, *, most: int = MOST, seed: int = 0) -> Languages:
    """Count the rows of a column by language.

    Args:
        values: shape (k,), different texts, sorted, so that the sample does not depend on the order of rows.
        counts: shape (k,), rows of each.
        most: rows that are looked at; of more a sample is taken.
        seed: of the sample.

    Source:
        Lui and Baldwin 2012, ACL system demonstrations 25 (naive Bayes over byte n-grams).
    """
    present = int(counts.sum())
    sampled = present > most and len(values) > most
    if sampled:
        random = np.random.default_rng(seed)
        drawn = random.choice(present, size=most, replace=False)
        taken = np.bincount(np.searchsorted(np.cumsum(counts), drawn, side="right"), minlength=len(values))
    else:
        taken = counts
    found: dict[str, int] = {}
    for place in np.flatnonzero(taken).tolist():
        language = language_of(values[place])
        if language is not None:
            found[language] = found.get(language, 0) + int(taken[place])
    rows = int(taken.sum())
    return Languages(dict(sorted(found.items())), rows - sum(found.values()), rows, sampled)


def language_of(text: str) -> str | None:
    """The language of a text (ISO 639), or None where it cannot be told.

    >>> language_of("ok"), language_of("The committee will publish its report at the end of the year.")
    (None, 'en')
    """
    start = text[:LONGEST]
    if sum(map(str.isalpha, start)) < LEAST_LETTERS:
        return None
    language, probability = _model().classify(start)
    return None if probability < LEAST_PROBABILITY or language == _NO_LANGUAGE else str(language)


@functools.lru_cache(maxsize=1)
def _model() -> Any:
    # half a second and 100 MB, for tables with texts only
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
