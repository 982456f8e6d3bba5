"""Texts as words: what is compared when terms are looked for, or when runs of words are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from audits.measures.tables.arrow import BLANK, EMPTY, as_numpy

Codes = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]

# Letters, the marks on them and digits make words; everything else parts them.
_NO_WORD = r"[^\p{L}\p{M}\p{N}]+"
_BASE, _STEP = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)


@dataclass(frozen=True)
class Words:
    """The words of some texts, in order: ``hashes`` of each word, and ``owner``, the position of its text.

    Both of shape (words,). Equal words have equal hashes of 64 bits; that two different words of a table share one has
    a chance of some 1 in a million for ten million different words.
    """

    hashes: Hashes
    owner: Codes

    def runs(self, length: int) -> Words:
        """Every run of so many words within one text, as one hash each; shape (runs,)."""
        if self.hashes.size < length:
            return Words(np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64))
        if length == 1:
            return self
        last = self.hashes.size - length + 1
        within = self.owner[:last] == self.owner[length - 1 :]
        joined = np.zeros(last, dtype=np.uint64)
        for place in range(length):
            # the place is mixed in, so that the order of words counts
            joined = _mixed(joined * _STEP + self.hashes[place : place + last])
        return Words(joined[within], self.owner[:last][within])


def words_of(texts: pa.Array) -> Words:
    """The words of texts in lower case and composed characters; shape (n,), null has none."""
    plain = pc.replace_substring_regex(pc.utf8_normalize(pc.utf8_lower(texts), form="NFC"), _NO_WORD, " ")
    parts = pc.split_pattern(pc.fill_null(pc.utf8_trim_whitespace(plain), EMPTY), " ")
    owner = as_numpy(pc.list_parent_indices(parts)).astype(np.int64)
    encoded = pc.list_flatten(parts).dictionary_encode()
    codes = as_numpy(encoded.indices).astype(np.int64)
    empty = np.append(as_numpy(pc.equal(encoded.dictionary, EMPTY)), False)[codes]
    return Words(_of_each(encoded.dictionary)[codes[~empty]], owner[~empty])


def _of_each(words: pa.Array) -> Hashes:
    """A hash of each of some different words that depends on its letters alone; shape (k,)."""
    joined = pc.binary_join_element_wise(words, BLANK, EMPTY)
    lengths = as_numpy(pc.binary_length(words)).astype(np.int64)
    letters = np.frombuffer("".join(joined.to_pylist()).encode(), dtype=np.uint8)
    # a blank follows each word, so that none is without a byte
    starts = np.concatenate([[0], np.cumsum(lengths + 1)[:-1]]).astype(np.int64)
    if not starts.size:
        return np.zeros(0, dtype=np.uint64)
    within = np.arange(letters.size) - np.repeat(starts, lengths + 1)
    mixed = _mixed((letters.astype(np.uint64) + np.uint64(1)) * _BASE + within.astype(np.uint64) * _STEP)
    return _mixed(np.add.reduceat(mixed, starts))


def _mixed(hashes: Hashes) -> Hashes:
    """Bits spread over all of a number (the end of SplitMix64, Steele, Lea and Flood 2014)."""
    hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(hashes ^ (hashes >> np.uint64(31)))
