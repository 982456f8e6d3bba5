"""Blur: of a lens out of focus, of structured glass, of a hand that moves, of a step towards the thing."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

from audits.measures.stress.images import constants
from audits.measures.stress.images.pixels import Bytes, Numbers, as_bytes, numbers

Kernel = npt.NDArray[np.float64]


def gaussian_blur(images: Bytes, severity: int, random: np.random.Generator) -> Bytes:
    """Smooth with a Gaussian of the published sigma, cut at 4 sigma; beyond the edge its pixels go on."""
    sigma = constants.GAUSSIAN_BLUR[severity - 1]
    return as_bytes(ndimage.gaussian_filter(numbers(images), (0, sigma, sigma, 0), mode="nearest", truncate=4.0))


def disk(radius: int, softened: float) -> Kernel:
    """A disk as a lens out of focus makes of a point: sums to 1, its edge softened by a small Gaussian.

    Args:
        radius: in pixels.
        softened: sigma of a Gaussian of 3 x 3 up to a radius of 8, of 5 x 5 above.

    Returns:
        Square, with 17 pixels a side up to a radius of 8 and 2 * radius + 1 above.
    """
    reach = max(8, radius)
    at = np.arange(-reach, reach + 1)
    sharp = (at[:, None] ** 2 + at[None, :] ** 2 <= radius**2).astype(float)
    near = np.arange(-1, 2) if radius <= 8 else np.arange(-2, 3)
    bell = np.exp(-(near**2) / (2 * softened**2))
    bell /= bell.sum()
    for axis in (0, 1):
        sharp = ndimage.correlate1d(sharp, bell, axis=axis, mode="mirror")
    made: Kernel = sharp / sharp.sum()
    return made


def defocus_blur(images: Bytes, severity: int, random: np.random.Generator) -> Bytes:
    """Spread every pixel over a disk; images are mirrored at their edges."""
    return as_bytes(_correlated(numbers(images), disk(*constants.DEFOCUS_BLUR[severity - 1])))


def _correlated(given: Numbers, kernel: Kernel) -> Numbers:
    """Images under a symmetrical kernel with an odd side, by way of their spectra."""
    reach = len(kernel) // 2
    height, width = given.shape[1:3]
    rows, columns = (_mirrored(side, reach) for side in (height, width))
    padded = given[:, rows][:, :, columns]
    shape = [fft.next_fast_len(side, real=True) for side in padded.shape[1:3]]
    spectrum = fft.rfft2(padded, shape, axes=(1, 2)) * fft.rfft2(kernel.astype(np.float32), shape)[None, :, :, None]
    whole: Any = fft.irfft2(spectrum, shape, axes=(1, 2))
    found: Numbers = whole[:, 2 * reach : 2 * reach + height, 2 * reach : 2 * reach + width]
    return found


def _mirrored(side: int, reach: int) -> npt.NDArray[np.int64]:
    """Which pixel stands where, ``reach`` beyond both edges, mirrored at the last one as often as need be."""
    at = np.arange(-reach, side + reach)
    if side == 1:
        return np.zeros(len(at), dtype=np.int64)
    turned = np.mod(at, 2 * (side - 1))
    found: npt.NDArray[np.int64] = np.minimum(turned, 2 * (side - 1) - turned)
    return found


def glass_blur(images: Bytes, severity: int, random: np.random.Generator) -> Bytes:
    """Smooth, let every pixel come from one nearby, again and again, and smooth once more.

    The benchmark's program means to exchange two pixels and copies one over the other; so does this.
    """
    sigma, reach, times = constants.GLASS_BLUR[severity - 1]

    def smooth(given: Bytes) -> Bytes:
        return as_bytes(ndimage.gaussian_filter(numbers(given), (0, sigma, sigma, 0), mode="nearest", truncate=4.0))

    made = smooth(images)
    for _ in range(times):
        scatter(made, reach, random)
    return smooth(made)


def scatter(images: Bytes, reach: int, random: np.random.Generator) -> None:
    """Let every pixel that is farther than ``reach`` from the edges come from one nearby, in place.

    Pixel after pixel from the last one on, so that one may come from where another has just come to. By rows: where a
    pixel comes from one of its own row that has its new value, the way is followed to its end.

    Args:
        images: shape (n, height, width, channels).
        reach: how many pixels up or left at most; one less down or right.
    """
    height, width = images.shape[1:3]
    columns = np.arange(reach + 1, width - reach + 1)
    if not len(columns):
        return
    every, places = np.arange(len(images))[:, None], np.arange(len(columns))
    for row in range(height - reach, reach, -1):
        across, down = random.integers(-reach, reach, size=(2, len(images), len(columns)))
        source = columns + across
        values = images[every, row + down, source]
        follows = (down == 0) & (across > 0) & (source <= columns[-1])
        end = np.where(follows, source - columns[0], places)
        while not np.array_equal(further := np.take_along_axis(end, end, axis=1), end):
            end = further
        images[:, row, columns] = np.take_along_axis(values, end[..., None], axis=1)


def motion_blur(images: Bytes, severity: int, random: np.random.Generator) -> Bytes:
    """Draw every pixel out along a line, at a slant of -45 to 45 degrees that each image has for itself.

    Half a Gaussian along the line, over ``2 * radius + 1`` pixels, as ImageMagick's ``MotionBlurImage`` does it.
    """
    given = numbers(images)
    angles = np.deg2rad(random.uniform(-45, 45, size=len(images)))
    made = np.empty_like(given)
    for number, angle in enumerate(angles):
        made[number] = along(given[number], *constants.MOTION_BLUR[severity - 1], angle)
    return as_bytes(made)


def along(image: Numbers, radius: int, sigma: float, angle: float) -> Numbers:
    """One image drawn out along a line.

    Args:
        image: shape (height, width, channels).
        radius, sigma: in pixels.
        angle: of the line, in radians from the horizontal.
    """
    steps = np.arange(2 * radius + 1)
    weights = np.exp(-(steps**2) / (2 * sigma**2))
    weights /= weights.sum()
    across = np.ceil(steps * np.cos(angle) - 0.5).astype(int)
    down = np.ceil(steps * np.sin(angle) - 0.5).astype(int)
    height, width = image.shape[:2]
    made = np.zeros_like(image)
    for weight, x, y in zip(weights, across, down, strict=True):
        rows = np.clip(np.arange(height) + y, 0, height - 1)
        columns = np.clip(np.arange(width) + x, 0, width - 1)
        made += np.float32(weight) * image[rows][:, columns]
    return made


def zoom_blur(images: Bytes, severity: int, random: np.random.Generator) -> Bytes:
    """The mean of an image and its enlargements, as if it came nearer while the shutter was open."""
    given = numbers(images)
    count, step = constants.ZOOM_BLUR[severity - 1]
    total = given.copy()
    for number in range(count):
        total += enlarged(given, 1 + number * step)
    return as_bytes(total / np.float32(count + 1))


def enlarged(given: Numbers, factor: float) -> Numbers:
    """The middle of each image, enlarged to the whole, with linear interpolation."""
    made = given
    for axis in (1, 2):
        side = given.shape[axis]
        kept = int(np.ceil(side / factor))
        begin = (side - kept) // 2
        # as scipy.ndimage.zoom does it: so many points, from the first to the last of the middle
        points = round(kept * factor)
        at = (np.arange(side) + (points - side) // 2) * ((kept - 1) / max(points - 1, 1))
        left = np.minimum(at.astype(np.int64), max(kept - 2, 0))
        along = [-1 if one == axis else 1 for one in range(4)]
        share = (at - left).astype(np.float32).reshape(along)
        one = np.take(made, begin + left, axis=axis)
        other = np.take(made, begin + np.minimum(left + 1, kept - 1), axis=axis)
        made = one + share * (other - one)
    return made
