"""Images between bytes and numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.float32]

# of red, green and blue
_BRIGHTNESS = (0.299, 0.587, 0.114)


def numbers(images: Bytes) -> Numbers:
    """0 to 255 as 0 to 1.

    Raises:
        ValueError: not uint8 of shape (n, height, width, 1 or 3), or with a side of nothing.
    """
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3) or 0 in images.shape[1:]:
        raise ValueError(f"images are uint8 of (n, height, width, 1 or 3), not {images.dtype} of {images.shape}")
    return images.astype(np.float32) / np.float32(255)


def as_bytes(given: npt.NDArray[Any]) -> Bytes:
    """0 to 1 as 0 to 255; what lies outside is cut, and what lies between is rounded down, as in the benchmark."""
    # a hair more, so that a byte that went to a number and back is the byte that it was
    made: Bytes = np.floor(np.clip(given, 0, 1) * 255 + 1e-4).astype(np.uint8)
    return made


def grey(given: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Brightness by ITU-R BT.601, shape (..., 1); what has one channel is its own."""
    if given.shape[-1] == 1:
        return given
    made: npt.NDArray[Any] = (given @ np.array(_BRIGHTNESS, dtype=given.dtype))[..., None]
    return made
