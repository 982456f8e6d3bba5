"""Words that a transcript has wrong: the fewest that have to be changed, left out or put in, row by row at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from audits.measures.data.words import Words
from audits.measures.tables.refusals import TooLarge

Codes = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]

# Pairs of words that are compared: some ten seconds.
MOST_PAIRS = 2_000_000_000
# Pairs of rows and words that are held at once.
_HELD = 1_000_000


def word_edits(reference: Words, transcript: Words, *, rows: int) -> Codes:
    """The edit distance in words between two texts of each row, shape (rows,), at least 0.

    Args:
        reference, transcript: the words of ``rows`` texts each.

    Raises:
        TooLarge: texts so long that comparing them would take minutes.

    Source:
        Wagner and Fischer 1974, J ACM 21:168. A row of its table is a running minimum, so that all texts of about the
        same length are gone through together.
    """
    sizes = np.bincount(reference.owner, minlength=rows), np.bincount(transcript.owner, minlength=rows)
    pairs = float((sizes[0].astype(float) * sizes[1]).sum())
    if pairs > MOST_PAIRS:
        raise TooLarge(
            f"comparing these transcripts takes {pairs:,.0f} pairs of words, at most {MOST_PAIRS:,} are compared; cut "
            "recordings into sentences, or take a random sample of the rows"
        )
    starts = tuple(np.concatenate([[0], np.cumsum(size)[:-1]]) for size in sizes)
    found = np.zeros(rows, dtype=np.int64)
    order = np.lexsort((sizes[1], sizes[0]))[::-1]
    first = 0
    while first < rows:
        some = order[first : first + max(1, _HELD // (int(sizes[1][order[first:]].max()) + 1))]
        ours, theirs = (
            _padded(words.hashes, start[some], size[some])
            for words, start, size in zip((reference, transcript), starts, sizes, strict=True)
        )
        found[some] = _distances(ours, theirs, sizes[0][some], sizes[1][some])
        first += len(some)
    return found


def _padded(hashes: Hashes, starts: Codes, sizes: Codes) -> Hashes:
    """The words of some texts as a matrix; what stands behind the end of a text is read by nobody."""
    columns = np.arange(int(sizes.max(initial=0)))
    places = np.where(columns < sizes[:, None], starts[:, None] + columns, 0)
    return hashes[places] if hashes.size else np.zeros(places.shape, dtype=np.uint64)


def _distances(reference: Hashes, transcript: Hashes, sizes: Codes, others: Codes) -> Codes:
    """Distances of texts whose references stand from the longest to the shortest."""
    steps = np.arange(transcript.shape[1] + 1)
    table = np.broadcast_to(steps, (len(sizes), len(steps))).copy()
    found = np.where(sizes == 0, others, 0)
    for word in range(reference.shape[1]):
        # texts that have come to their end stand last
        open_ = int(np.searchsorted(-sizes, -word, side="left"))
        table = table[:open_]
        changed = table[:, :-1] + (transcript[:open_] != reference[:open_, word, None])
        here = np.empty_like(table)
        here[:, 0] = word + 1
        here[:, 1:] = np.minimum(changed, table[:, 1:] + 1)
        # a word put in costs one more than the best to the left of it
        table = np.minimum.accumulate(here - steps, axis=1) + steps
        done = np.flatnonzero(sizes[:open_] == word + 1)
        found[done] = table[done, others[done]]
    return found
