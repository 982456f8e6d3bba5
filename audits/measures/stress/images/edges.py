"""Edges of an image of grey bytes, and its histogram spread over all of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Grey = npt.NDArray[np.uint8]
# Of a gradient: up to this slope it counts as level, above its inverse as upright, between as slanted.
_LEVEL = np.tan(np.pi / 8)


def edges(image: Grey, *, low: float, high: float) -> npt.NDArray[np.bool_]:
    """Edges after Canny: crests of the gradient above ``low`` that touch, over each other, one above ``high``.

    Args:
        image: shape (height, width); its edge goes on beyond it.
        low, high: of a gradient, the sum of both directions' absolute values under Sobel's 3 x 3 masks.

    Returns:
        Of the same shape.

    Source:
        Canny 1986, IEEE Trans PAMI 8:679; in the form that OpenCV gives it.
    """
    given = image.astype(np.int64)
    across, down = (ndimage.sobel(given, axis=axis, mode="nearest") for axis in (1, 0))
    size = np.abs(across) + np.abs(down)
    around = np.pad(size, 1)

    def beside(rows: int, columns: int) -> npt.NDArray[np.int64]:
        height, width = size.shape
        found: npt.NDArray[np.int64] = around[1 + rows : 1 + rows + height, 1 + columns : 1 + columns + width]
        return found

    level = np.abs(down) < _LEVEL * np.abs(across)
    upright = ~level & (_LEVEL * np.abs(down) > np.abs(across))
    falling = (across < 0) == (down < 0)
    crest = np.select(
        [level, upright, falling],
        [
            (size > beside(0, -1)) & (size >= beside(0, 1)),
            (size > beside(-1, 0)) & (size >= beside(1, 0)),
            (size > beside(-1, -1)) & (size > beside(1, 1)),
        ],
        (size > beside(-1, 1)) & (size > beside(1, -1)),
    )
    parts, count = ndimage.label(crest & (size > low), structure=np.ones((3, 3)))
    strong = np.zeros(count + 1, dtype=bool)
    strong[parts[crest & (size > high)]] = True
    strong[0] = False
    found: npt.NDArray[np.bool_] = strong[parts]
    return found


def equalised(image: Grey) -> Grey:
    """Bytes so that each value is about as frequent: the lowest becomes 0, the highest 255; one value stays."""
    counts = np.bincount(image.ravel(), minlength=256)
    lowest = int(np.flatnonzero(counts)[0])
    others = image.size - counts[lowest]
    if not others:
        return image
    below = np.cumsum(counts) - counts[lowest]
    table = np.rint(np.clip(below, 0, None) * 255 / others).astype(np.uint8)
    made: Grey = table[image]
    return made
