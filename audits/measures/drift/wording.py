"""What texts are made of: whether letters and words of today tell its texts from those of the reference."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from audits.measures.drift.apart import FOLDS, SAMPLE, Apart, folds_of
from audits.measures.resampling import generator
from audits.measures.roc import auc
from audits.measures.tables.arrow import as_numpy, positions, strings
from audits.measures.trees.folds import averaged

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

# Three characters in a row, of which words of every language and script are made.
GRAM = 3
BUCKETS = 1 << 15
# Of each text so many characters, from its beginning.
MOST_CHARACTERS = 500
# Dates, codes and addresses are new every day: what is compared by its words reads like prose.
_SHORTEST, _LETTERS = 20, 0.5
_BASE, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)


def told_apart_by_words(reference: pa.Array, current: pa.Array) -> Apart | None:
    """A naive Bayes classifier on runs of three characters that tells texts of the reference from those of today.

    Its score is the mean over a text's different runs of how much commoner they are among texts of today, so that the
    length of a text, which is judged by itself, plays no part. On texts that it has not learned from.

    Args:
        reference, current: texts, null for "missing".

    Returns:
        None where a sample has too few texts, or does not read like prose (median below 20 characters, or fewer than
        half of them letters). Of each sample at most ``SAMPLE`` texts by lot.

    Source:
        Lopez-Paz and Oquab 2017, arXiv:1610.06545 (the test); McCallum and Nigam 1998, AAAI workshop on learning for
        text categorization (the model).
    """
    sides = [_drawn(texts.drop_null(), side) for side, texts in (("reference", reference), ("current", current))]
    if min(len(side) for side in sides) < 2 * FOLDS or not all(map(_reads_like_prose, sides)):
        return None
    sizes = (len(sides[0]), len(sides[1]))
    text, bucket = _grams(pa.concat_arrays(sides))
    fold = folds_of(sizes, generator(0, "drift", "words"))
    is_current = np.arange(sum(sizes)) >= sizes[0]
    areas, variances = [], []
    for part in range(FOLDS):
        learned, out = fold[text] != part, np.flatnonzero(fold == part)
        counts = [
            np.bincount(bucket[learned & (is_current[text] == side)], minlength=BUCKETS).astype(float)
            for side in (False, True)
        ]
        told = np.log((counts[1] + 0.5) / (counts[1].sum() + 1)) - np.log((counts[0] + 0.5) / (counts[0].sum() + 1))
        # a run that nobody has met speaks for neither
        told[(counts[0] + counts[1]) == 0] = 0.0
        summed = np.bincount(text, told[bucket], sum(sizes))
        score = summed / np.maximum(np.bincount(text, minlength=sum(sizes)), 1)
        area, error = auc(score[out], is_current[out])
        areas.append(area)
        variances.append(error**2)
    area, error = averaged(areas, variances, count=FOLDS)
    return Apart(area, error, *sizes) if math.isfinite(area) else None


def _drawn(texts: pa.Array, side: str) -> pa.Array:
    """Texts by lot, the same ones in whatever order they come."""
    drawn = generator(0, "drift", "words", side).permutation(len(texts))[:SAMPLE]
    return texts.take(pc.sort_indices(texts).take(positions(np.sort(drawn))))


def _reads_like_prose(texts: pa.Array) -> bool:
    lengths = as_numpy(pc.utf8_length(texts))
    letters = as_numpy(pc.utf8_length(pc.replace_substring_regex(texts, r"[^\p{L}\p{M}]+", "")))
    return bool(np.median(lengths) >= _SHORTEST and letters.sum() >= _LETTERS * lengths.sum())


def _grams(texts: pa.Array) -> tuple[Codes, Codes]:
    """Every different run of ``GRAM`` characters of each text: which text, and the bucket of its hash."""
    lowered = pc.utf8_normalize(pc.utf8_lower(pc.utf8_slice_codeunits(texts, 0, MOST_CHARACTERS)), form="NFC")
    plain = strings([f" {' '.join(one.split())} " for one in lowered.to_pylist()])
    lengths = np.asarray(as_numpy(pc.utf8_length(plain)), dtype=np.int64)
    letters = np.frombuffer("".join(plain.to_pylist()).encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    count = max(len(letters) - GRAM + 1, 0)
    hashes = np.zeros(count, dtype=np.uint64)
    for place in range(GRAM):
        hashes = (hashes * _BASE + letters[place : place + count] + np.uint64(1)) * _MIX
        hashes ^= hashes >> np.uint64(31)
    inside = owner[:count] == owner[len(owner) - count :]
    pairs = np.unique(owner[:count][inside] * BUCKETS + (hashes[inside] % np.uint64(BUCKETS)).astype(np.int64))
    return pairs // BUCKETS, pairs % BUCKETS
