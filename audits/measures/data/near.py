"""Texts that are nearly the same: MinHash signatures, bands that bring candidates together, each candidate verified."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from audits.measures.data.sorting import distinct
from audits.measures.tables.arrow import as_numpy, positions

Hashes = npt.NDArray[np.uint64]
Codes = npt.NDArray[np.int64]

SHINGLE = 5
JACCARD = 0.8
# 21 bands of 6: two texts with Jaccard 0.8 meet in a band with probability 1 - (1 - 0.8^6)^21 = 0.998.
BANDS, BAND_ROWS = 21, 6
# Beyond this the search is not made: it would take minutes.
MAX_CHARACTERS = 50_000_000
MAX_PAIRS = 2_000_000
# Characters that are worked on at once, so few that what is made of them stays near the processor.
_PIECE = 1 << 14
_BASE = np.uint64(0x9E3779B97F4A7C15)


class TooMuchToCompare(ValueError):
    """The search was not made; ``limit`` names what was exceeded."""

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(f"more than {limit:,} {what}")
        self.what, self.limit = what, limit


@dataclass(frozen=True)
class NearPairs:
    """Pairs of different texts whose Jaccard similarity is at least the threshold.

    ``first`` < ``second`` are positions in the texts, ``similarity`` is exact. Texts that are alike may still be
    missing: those that met in no band, with the probability stated above.
    """

    first: Codes
    second: Codes
    similarity: npt.NDArray[np.float64]


def near_pairs(
    texts: pa.Array, *, marks: npt.NDArray[np.bool_] | None = None, jaccard: float = JACCARD, seed: int = 0
) -> NearPairs:
    """Pairs of nearly equal texts.

    Similarity is the Jaccard index of the sets of character 5-grams. In each band a text is compared with the first of
    its bucket (and with the first of each mark), not with all: a bucket of a thousand copies costs a thousand
    comparisons and is found whole through its first text.

    Args:
        texts: shape (n,), all different, case-folded and with single blanks; none missing.
        marks: shape (n, s); texts that bear a mark (occur in a split) are compared with the first of every mark.
        jaccard: at least so alike.
        seed: of the 126 hash functions.

    Raises:
        TooMuchToCompare: more than ``MAX_CHARACTERS`` or ``MAX_PAIRS``.

    Source:
        Broder 1997, Compression and Complexity of Sequences; bands as Leskovec, Rajaraman and Ullman, Mining of
        Massive Datasets, ch. 3.
    """
    lengths = np.asarray(as_numpy(pc.utf8_length(texts)), dtype=np.int64)
    if int(lengths.sum()) > MAX_CHARACTERS:
        raise TooMuchToCompare("characters", MAX_CHARACTERS)
    marked = np.ones((len(texts), 1), dtype=bool) if marks is None else marks
    signatures = _signatures(texts, lengths, seed)
    able = lengths >= SHINGLE
    pairs = _candidates(signatures, able, marked)
    if pairs.size > MAX_PAIRS:
        raise TooMuchToCompare("pairs to compare", MAX_PAIRS)
    first, second = pairs // len(texts), pairs % len(texts)
    similarity = _jaccard(texts, lengths, first, second)
    kept = similarity >= jaccard - 1e-12
    return NearPairs(first[kept], second[kept], similarity[kept])


def components(size: int, first: Codes, second: Codes) -> Codes:
    """The smallest member of the connected group of each of ``size`` things; shape (size,)."""
    label = np.arange(size)
    while True:
        lower = np.minimum(label[first], label[second])
        fresh = label.copy()
        np.minimum.at(fresh, first, lower)
        np.minimum.at(fresh, second, lower)
        # a thing takes the label of its label, which halves the way to the smallest
        fresh = fresh[fresh]
        if np.array_equal(fresh, label):
            return label
        label = fresh


def _pieces(lengths: Codes) -> Iterator[tuple[int, int]]:
    """Runs of texts with about ``_PIECE`` characters together, at least one text each."""
    ends = np.cumsum(lengths)
    start = 0
    while start < lengths.size:
        before = ends[start - 1] if start else 0
        end = max(int(np.searchsorted(ends, before + _PIECE, side="right")), start + 1)
        yield start, end
        start = end


def _shingles(texts: pa.Array, lengths: Codes) -> tuple[Hashes, Codes]:
    """Hashes of all 5-grams of some texts, and which text each is of."""
    characters = np.frombuffer("".join(texts.to_pylist()).encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    if characters.size < SHINGLE:
        return np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64)
    count = characters.size - SHINGLE + 1
    hashes = np.zeros(count, dtype=np.uint64)
    for place in range(SHINGLE):
        hashes *= _BASE
        hashes += characters[place : place + count] + np.uint64(1)
    hashes ^= hashes >> np.uint64(29)
    hashes *= np.uint64(0xBF58476D1CE4E5B9)
    hashes ^= hashes >> np.uint64(32)
    owner = np.repeat(np.arange(lengths.size), lengths)
    # a 5-gram that begins in one text and ends in the next is none
    inside = owner[:count] == owner[SHINGLE - 1 :]
    return hashes[inside], owner[:count][inside]


def _signatures(texts: pa.Array, lengths: Codes, seed: int) -> npt.NDArray[np.uint32]:
    random = np.random.Generator(np.random.PCG64(seed))
    functions = BANDS * BAND_ROWS
    factors = random.integers(1, 2**63, functions, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    shifts = random.integers(0, 2**63, functions, dtype=np.uint64)
    made = np.zeros((len(texts), functions), dtype=np.uint32)
    for start, end in _pieces(lengths):
        hashes, owner = _shingles(texts.slice(start, end - start), lengths[start:end])
        if not hashes.size:
            continue
        begins = np.flatnonzero(np.diff(owner, prepend=-1))
        mixed = np.empty_like(hashes)
        least = np.empty((functions, begins.size), dtype=np.uint64)
        for number in range(functions):
            np.multiply(hashes, factors[number], out=mixed)
            np.add(mixed, shifts[number], out=mixed)
            np.minimum.reduceat(mixed, begins, out=least[number])
        # the upper half of the least number is the least upper half
        made[start + owner[begins]] = (least >> np.uint64(32)).T
    return made


def _candidates(signatures: npt.NDArray[np.uint32], able: npt.NDArray[np.bool_], marks: npt.NDArray[np.bool_]) -> Codes:
    """Pairs that share a bucket, each as first * n + second, every pair once."""
    n = signatures.shape[0]
    found: list[Codes] = []
    every = np.flatnonzero(able)
    for band in range(BANDS):
        bucket = _buckets(signatures[every, band * BAND_ROWS : (band + 1) * BAND_ROWS])
        sizes = np.bincount(bucket)
        # whoever is alone in a bucket has nobody to be compared with
        shared = sizes[bucket] > 1
        texts, bucket = every[shared], bucket[shared]
        for mark in range(marks.shape[1]):
            representative = np.full(sizes.size, n, dtype=np.int64)
            bearing = marks[texts, mark]
            np.minimum.at(representative, bucket[bearing], texts[bearing])
            other = representative[bucket]
            pair = (other < n) & (other != texts)
            low, high = np.minimum(texts[pair], other[pair]), np.maximum(texts[pair], other[pair])
            found.append(low * n + high)
    return distinct(np.concatenate(found))


def _buckets(rows: npt.NDArray[np.uint32]) -> Codes:
    """Equal numbers for equal rows, exact; shape (texts,)."""
    held = np.ascontiguousarray(rows)
    width = held.dtype.itemsize * BAND_ROWS
    keys = pa.Array.from_buffers(pa.binary(width), len(held), [None, pa.py_buffer(held)])
    return np.asarray(as_numpy(keys.dictionary_encode().indices), dtype=np.int64)


def _jaccard(texts: pa.Array, lengths: Codes, first: Codes, second: Codes) -> npt.NDArray[np.float64]:
    """Exact Jaccard index of the 5-grams of pairs of texts."""
    if not first.size:
        return np.zeros(0)
    wanted = distinct(np.concatenate([first, second]))
    place = np.full(len(texts), -1, dtype=np.int64)
    place[wanted] = np.arange(wanted.size)
    parts = []
    chosen, chosen_lengths = texts.take(positions(wanted)), lengths[wanted]
    for start, end in _pieces(chosen_lengths):
        hashes, owner = _shingles(chosen.slice(start, end - start), chosen_lengths[start:end])
        order = np.lexsort((hashes, owner))
        hashes, owner = hashes[order], owner[order]
        fresh = np.ones(hashes.size, dtype=bool)
        fresh[1:] = (hashes[1:] != hashes[:-1]) | (owner[1:] != owner[:-1])
        parts.append((hashes[fresh], owner[fresh] + start))
    hashes = np.concatenate([part[0] for part in parts])
    owner = np.concatenate([part[1] for part in parts])
    sizes = np.bincount(owner, minlength=wanted.size)
    begins = np.concatenate([[0], np.cumsum(sizes)])
    keys = np.sort(_keyed(hashes, owner))
    ours, theirs = place[first], place[second]
    shared = np.zeros(first.size)
    # Each 5-gram of the smaller text is looked up among those of the other.
    is_smaller = sizes[ours] <= sizes[theirs]
    small, large = np.where(is_smaller, ours, theirs), np.where(is_smaller, theirs, ours)
    for start, end in _pieces(sizes[small]):
        lengths_here = sizes[small[start:end]]
        pair = np.repeat(np.arange(start, end), lengths_here)
        offsets = np.arange(pair.size) - np.repeat(np.cumsum(lengths_here) - lengths_here, lengths_here)
        asked = _keyed(hashes[begins[small[pair]] + offsets], large[pair])
        at = np.searchsorted(keys, asked)
        hit = keys[np.minimum(at, keys.size - 1)] == asked
        shared[start:end] = np.bincount(pair[hit] - start, minlength=end - start)
    return np.asarray(shared / (sizes[ours] + sizes[theirs] - shared))


def _keyed(hashes: Hashes, owner: Codes) -> Hashes:
    """One number for a 5-gram of one text."""
    mixed = (owner.astype(np.uint64) + np.uint64(1)) * np.uint64(0xD6E8FEB86659FD93)
    return hashes ^ (mixed ^ (mixed >> np.uint64(31)))
