"""Cases that ask the same: how often a text stands in a suite is no evidence, and no text has two right answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audits.measures.coded import Codes, joined

# From the worst answer to the best: of copies the worst counts.
WRONG, UNANSWERED, RIGHT = range(3)
Rows = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Questions:
    """What each case asks, as codes of shape (rows,).

    ``text`` is -1 where there is none: such cases are alike. ``reference`` is the text that a case is compared with
    (-1 none), ``expected`` its label or direction (-1 none).
    """

    functionality: Codes
    kind: Codes
    text: Codes
    reference: Codes
    expected: Codes


def once(questions: Questions, asked: Rows, answered: Codes, ties: Sequence[Codes]) -> tuple[Rows, int]:
    """Of cases that ask the same the one whose answer is worst.

    Args:
        questions: what they ask.
        asked: which cases test something; the others are kept as they are.
        answered: WRONG, UNANSWERED or RIGHT.
        ties: what decides between answers that are equally bad, the first first.

    Returns:
        Which cases count, shape (rows,), and how many questions were answered both right and wrong.
    """
    rows = np.flatnonzero(asked)
    one = questions
    same = joined(*(codes[rows] for codes in (one.functionality, one.kind, one.text, one.reference, one.expected)))
    order = np.lexsort((*(codes[rows] for codes in reversed(ties)), answered[rows], same))
    leads = np.r_[True, np.diff(same[order]) > 0] if rows.size else np.zeros(0, dtype=bool)
    kept = ~asked
    kept[rows[order[leads]]] = True
    groups = int(same.max(initial=-1)) + 1
    both = [np.bincount(same[answered[rows] == said], minlength=groups) > 0 for said in (WRONG, RIGHT)]
    return kept, int((both[0] & both[1]).sum())


def contradiction(questions: Questions, asked: Rows) -> tuple[int, int] | None:
    """Two cases of one kind with the same text, compared with the same text, that expect different things."""
    one = questions
    # texts that are not given may well be different
    rows = np.flatnonzero(asked & (one.expected >= 0) & (one.text >= 0))
    same = joined(one.kind[rows], one.text[rows], one.reference[rows])
    order = np.lexsort((one.expected[rows], same))
    other = (np.diff(same[order]) == 0) & (np.diff(one.expected[rows][order]) != 0)
    if not other.any():
        return None
    at = int(np.flatnonzero(other)[0])
    return int(rows[order[at]]), int(rows[order[at + 1]])
