"""Elastic: an image slanted as a whole, and stretched from place to place."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import fft

from audits.measures.stress.images import constants
from audits.measures.stress.images.pixels import Bytes, Numbers, as_bytes, numbers

Places = npt.NDArray[np.float64]
_TRUNCATE = 3


def elastic_transform(images: Bytes, severity: int, random: np.random.Generator) -> Bytes:
    """Move three points of each image by up to the published length, the rest with them; then every pixel by itself.

    The second step moves pixels by smoothed uniform noise. Both interpolate linearly; images are mirrored, in the first
    at their last pixel and in the second at its outer edge.
    """
    given = numbers(images)
    strength, sigma, reach = constants.ELASTIC_TRANSFORM[severity - 1]
    height, width = images.shape[1:3]
    rows, columns = np.mgrid[0:height, 0:width].astype(float)
    made = np.empty_like(given)
    for number, image in enumerate(given):
        slanted = sampled(image, *slant(height, width, reach, random), last_twice=False)
        down, across = (strength * smoothed(random.uniform(-1, 1, (height, width)), sigma) for _ in range(2))
        made[number] = sampled(slanted, rows + down, columns + across, last_twice=True)
    return as_bytes(made)


def is_slanted(side: int) -> bool:
    """Whether the published moves only slant a picture with this shorter side.

    The three points lie a third of it from the middle. Where they move as far as that, a picture is turned over or
    folded, and an answer that changes says nothing.
    """
    return side // 3 > max(reach for _strength, _sigma, reach in constants.ELASTIC_TRANSFORM)


def slant(height: int, width: int, reach: float, random: np.random.Generator) -> tuple[Places, Places]:
    """Where each pixel comes from when three points around the middle move by up to ``reach`` pixels each way.

    Returns:
        Rows and columns, each of shape (height, width).
    """
    middle, side = np.array([height // 2, width // 2]), min(height, width) // 3
    before = middle + side * np.array([[1, 1], [-1, 1], [-1, -1]])
    after = before + random.uniform(-reach, reach, before.shape)
    # the way back: whence a pixel of the new image comes
    matrix = np.linalg.solve(np.column_stack([after, np.ones(3)]), before)
    rows, columns = np.mgrid[0:height, 0:width]
    found = [rows * matrix[0, axis] + columns * matrix[1, axis] + matrix[2, axis] for axis in (0, 1)]
    return found[0], found[1]


def smoothed(field: Places, sigma: float) -> Places:
    """A field under a Gaussian cut at 3 sigma, mirrored at the outer edge of its last values.

    Mirrored so, a field is a sum of cosines, and each is only made smaller: the Gaussian may be wider than the field.
    """
    at = np.arange(-int(_TRUNCATE * sigma + 0.5), int(_TRUNCATE * sigma + 0.5) + 1)
    bell = np.exp(-(at**2) / (2 * sigma**2))
    bell /= bell.sum()
    spectrum: Any = fft.dctn(field)
    for axis, side in enumerate(field.shape):
        left = np.cos(np.pi / side * np.outer(np.arange(side), at)) @ bell
        spectrum *= left[:, None] if axis == 0 else left[None, :]
    made: Places = fft.idctn(spectrum)
    return made


def sampled(image: Numbers, rows: Places, columns: Places, *, last_twice: bool) -> Numbers:
    """An image read between its pixels, linearly.

    Args:
        image: shape (height, width, channels).
        rows, columns: of any one shape; beyond the image it is mirrored.
        last_twice: whether the mirror stands at the outer edge of the last pixel, or in its middle.

    Returns:
        Shape of ``rows``, and channels.
    """
    height, width = image.shape[:2]
    above, left = np.floor(rows), np.floor(columns)
    below_by, right_by = ((part - whole)[..., None] for part, whole in ((rows, above), (columns, left)))
    (top, low), (near, far) = (
        (_folded(first, side, last_twice), _folded(first + 1, side, last_twice))
        for first, side in ((above, height), (left, width))
    )
    upper = image[top, near] * (1 - right_by) + image[top, far] * right_by
    lower = image[low, near] * (1 - right_by) + image[low, far] * right_by
    made: Numbers = (upper * (1 - below_by) + lower * below_by).astype(np.float32)
    return made


def _folded(at: Places, side: int, last_twice: bool) -> npt.NDArray[np.int64]:
    """Which pixel stands at whole places beyond the edges, mirrored as often as need be."""
    whole: npt.NDArray[np.int64] = np.clip(at, -(2.0**40), 2.0**40).astype(np.int64)
    if side == 1:
        return np.zeros_like(whole)
    last = 2 * side - 1 if last_twice else 2 * (side - 1)
    turned = np.mod(whole, 2 * side if last_twice else last)
    found: npt.NDArray[np.int64] = np.minimum(turned, last - turned)
    return found
