"""Runs of words that one split shares with another: what a model may have read before it is asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from audits.measures.data.near import MAX_CHARACTERS, TooMuchToCompare
from audits.measures.data.sorting import distinct, numbered
from audits.measures.data.words import words_of

Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

# Words in a row; the length that evaluations of large language models count by.
WORDS = 13
# What stands in more different texts than this is a form or a phrase that everybody uses, and tells nothing.
COMMON = 10


@dataclass(frozen=True)
class Shared:
    """``reached``, shape (texts, splits): which texts share a run with a text of each split. ``long``, shape (texts,):
    which have a run at all."""

    reached: Mask
    long: Mask


def shared_runs(texts: pa.Array, marks: Mask, *, words: int = WORDS) -> Shared:
    """Texts that share a run of words with a text of a split.

    A text that is itself in a split shares every run with it. Runs in more than ``COMMON`` different texts do not
    count.

    Args:
        texts: shape (n,), all different; null for none.
        marks: shape (n, s), which splits each text is in.
        words: length of a run.

    Raises:
        TooMuchToCompare: more than ``near.MAX_CHARACTERS``.

    Source:
        Brown et al. 2020, arXiv:2005.14165, appendix C (overlaps of 13 words); the limit for phrases is chosen here.
    """
    if (pc.sum(pc.utf8_length(texts)).as_py() or 0) > MAX_CHARACTERS:
        raise TooMuchToCompare("characters", MAX_CHARACTERS)
    runs = words_of(texts).runs(words)
    reached, long = np.zeros_like(marks), np.zeros(len(texts), dtype=bool)
    long[runs.owner] = True
    if not runs.hashes.size:
        return Shared(reached, long)
    order = np.argsort(runs.hashes)
    run = numbered(runs.hashes[order])
    # a run that a text repeats is one of its runs
    pairs = distinct(run * len(texts) + runs.owner[order])
    run, owner = pairs // len(texts), pairs % len(texts)
    count = np.bincount(run)
    told = count[run] <= COMMON
    # a text shares what only it has with the splits that it is in itself
    reached[owner[told]] = marks[owner[told]]
    several = told & (count[run] > 1)
    run, owner = run[several], owner[several]
    for split in range(marks.shape[1]):
        there = np.zeros(count.size, dtype=bool)
        there[run[marks[owner, split]]] = True
        reached[owner[there[run]], split] = True
    return Shared(reached, long)
