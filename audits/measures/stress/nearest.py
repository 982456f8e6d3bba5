"""What an embedding answers: which of some texts is nearest to it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.floating]
# So many numbers at once: rows of likenesses are made piece by piece.
AT_ONCE = 8 << 20
NOWHERE = -1


class Nearest:
    """Texts by their vectors, among which others are looked for by cosine.

    Args:
        known: shape (n, width), n > 0. One that is not finite, or has no direction, is nobody's nearest.
    """

    def __init__(self, known: Vectors) -> None:
        self._known, self._is_known = _directions(known)

    def to(self, vectors: Vectors) -> npt.NDArray[np.int64]:
        """The place of the nearest one, the first among equals. Shape (m,); ``NOWHERE`` for a vector that is none.

        Args:
            vectors: shape (m, width).
        """
        asked, is_one = _directions(vectors)
        found = np.full(len(asked), NOWHERE, dtype=np.int64)
        if not self._is_known.any():
            return found
        step = max(1, AT_ONCE // len(self._known))
        for begin in range(0, len(asked), step):
            likeness = asked[begin : begin + step] @ self._known.T
            likeness[:, ~self._is_known] = -np.inf
            found[begin : begin + step] = likeness.argmax(axis=1)
        found[~is_one] = NOWHERE
        return found


def _directions(vectors: Vectors) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Vectors of length 1, and which of them are some; the others are zero."""
    wide = vectors.astype(np.float64)
    is_finite = np.isfinite(wide).all(axis=1)
    wide[~is_finite] = 0
    # by the largest number first: the squares of what a float32 holds fit, those of a float64 may not
    largest = np.abs(wide).max(axis=1, initial=0)
    is_one = largest > 0
    wide[is_one] /= largest[is_one, None]
    wide[is_one] /= np.linalg.norm(wide[is_one], axis=1, keepdims=True)
    return wide, is_one
