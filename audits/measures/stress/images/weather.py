"""Weather: snow that falls, and water or mud on the glass before a lens."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from audits.measures.stress.images import constants
from audits.measures.stress.images.blur import along, enlarged
from audits.measures.stress.images.edges import edges, equalised
from audits.measures.stress.images.pixels import Bytes, Numbers, as_bytes, grey, numbers

Layer = npt.NDArray[np.float64]

# Pale turquoise and mud brown, each from 0 to 1; the benchmark's.
_WATER = np.array([175, 238, 238]) / 255
_MUD = np.array([63, 42, 20]) / 255
# Between these the gradient of a drop's edge is followed, and so far from it the drop is as deep as in its middle.
_EDGE_LOW, _EDGE_HIGH, _DEEPEST = 50, 150, 20.0
# How light falls through a drop: brighter on the lower right side.
_RELIEF = np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]])
# Thinner mud is no mud.
_THINNEST = 0.8


def snow(images: Bytes, severity: int, random: np.random.Generator) -> Bytes:
    """Whiten each image and lay flakes over it, drawn out along the way they fall, and the same turned by 180 degrees.

    Flakes are enlarged normal noise above the published threshold; each image has its own direction, from -135 to -45
    degrees.
    """
    given = numbers(images)
    mean, spread, larger, threshold, radius, sigma, kept = constants.SNOW[severity - 1]
    noise = mean + spread * random.standard_normal((*images.shape[:3], 1), dtype=np.float32)
    angles = np.deg2rad(random.uniform(-135, -45, size=len(images)))
    flakes = enlarged(noise, larger)
    flakes = numbers(as_bytes(np.where(flakes < threshold, 0, flakes)))
    for number, angle in enumerate(angles):
        flakes[number] = along(flakes[number], radius, sigma, angle)
    pale = kept * given + (1 - kept) * np.maximum(given, grey(given) * 1.5 + 0.5)
    return as_bytes(pale + flakes + np.rot90(flakes, k=2, axes=(1, 2)))


def spatter(images: Bytes, severity: int, random: np.random.Generator) -> Bytes:
    """Throw water (severities 1 to 3) or mud (4 and 5) at each image.

    Where it lies is smoothed normal noise above the published threshold.
    """
    given = numbers(images)
    mean, spread, smooth, threshold, strength, is_mud = constants.SPATTER[severity - 1]
    made = np.empty_like(given)
    for number, image in enumerate(given):
        noise = random.normal(mean, spread, size=images.shape[1:3])
        liquid = ndimage.gaussian_filter(noise, smooth, mode="nearest", truncate=4.0)
        liquid[liquid < threshold] = 0
        if is_mud:
            lies = ndimage.gaussian_filter((liquid > threshold).astype(float), strength, mode="nearest", truncate=4.0)
            lies[lies < _THINNEST] = 0
            made[number] = image * (1 - lies[..., None]) + lies[..., None] * _coloured(_MUD, image)
        else:
            made[number] = image + strength * drops(liquid)[..., None] * _coloured(_WATER, image)
    return as_bytes(made)


def drops(liquid: Layer) -> Layer:
    """How much light drops of water add: the more, the farther from their edge, on their lower right side most.

    Args:
        liquid: shape (height, width), 0 where there is none, else at most 1.

    Returns:
        Of the same shape, from 0 to 1; the largest is 1 where there is any.
    """
    bytes_ = (liquid * 255).astype(np.uint8)
    rim = edges(bytes_, low=_EDGE_LOW, high=_EDGE_HIGH)
    far: Layer = ndimage.distance_transform_edt(~rim) if rim.any() else np.full(liquid.shape, _DEEPEST)
    depth = ndimage.uniform_filter(np.minimum(far, _DEEPEST), 3, mode="mirror").astype(np.uint8)
    lit = ndimage.correlate(equalised(depth).astype(int), _RELIEF, mode="mirror")
    lit = np.rint(ndimage.uniform_filter(np.clip(lit, 0, 255).astype(float), 3, mode="mirror"))
    made: Layer = bytes_ * lit
    highest = made.max()
    return made / highest if highest > 0 else made


def _coloured(colour: Layer, image: Numbers) -> Layer:
    """A colour as an image has colours: itself, or its brightness where there is one channel."""
    return colour if image.shape[-1] == 3 else grey(colour)
