"""Light and weather: brighter, paler, more colour, fog."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from audits.measures.stress.images import constants
from audits.measures.stress.images.pixels import Bytes, as_bytes, numbers

# How rough the coarsest scale of fog is; the benchmark's.
_ROUGHEST = 100.0


def brightness(images: Bytes, severity: int, random: np.random.Generator) -> Bytes:
    """Raise the value (of hue, saturation and value) by the published amount."""
    given = numbers(images)
    value = given.max(axis=3, keepdims=True)
    raised = np.minimum(value + np.float32(constants.BRIGHTNESS[severity - 1]), 1)
    # hue and saturation stay when all three colours are scaled alike; black has neither and turns grey
    scaled = np.divide(given, value, out=np.ones_like(given), where=value > 0)
    return as_bytes(scaled * raised)


def saturate(images: Bytes, severity: int, random: np.random.Generator) -> Bytes:
    """Change the saturation by the published factor and addend; grey pixels, which have no hue, go to red."""
    given = numbers(images)
    factor, addend = constants.SATURATE[severity - 1]
    value, lowest = given.max(axis=3, keepdims=True), given.min(axis=3, keepdims=True)
    spread = value - lowest
    saturation = np.divide(spread, value, out=np.zeros_like(value), where=value > 0)
    changed = np.clip(saturation * factor + addend, 0, 1)
    # how far each colour lies below the value, as a share of the farthest
    below = np.divide(value - given, spread, out=np.ones_like(given), where=spread > 0)
    below[..., :1] = np.where(spread > 0, below[..., :1], 0)
    return as_bytes(value * (1 - changed * below))


def contrast(images: Bytes, severity: int, random: np.random.Generator) -> Bytes:
    """Draw all values towards the mean of their colour in the image."""
    given = numbers(images)
    middle = given.mean(axis=(1, 2), keepdims=True, dtype=np.float64).astype(np.float32)
    return as_bytes((given - middle) * np.float32(constants.CONTRAST[severity - 1]) + middle)


def fog(images: Bytes, severity: int, random: np.random.Generator) -> Bytes:
    """Lay a cloud over each image and scale the sum back to the image's brightest value."""
    given = numbers(images)
    strength, decay = constants.FOG[severity - 1]
    height, width = images.shape[1:3]
    side = 1 << (max(height, width, 2) - 1).bit_length()
    clouds = [cloud(side, decay, random)[:height, :width] for _ in images]
    layer = np.stack(clouds)[..., None] if clouds else np.zeros((0, height, width, 1))
    brightest = given.max(axis=(1, 2, 3), keepdims=True)
    return as_bytes((given + strength * layer) * brightest / (brightest + strength))


def cloud(side: int, decay: float, random: np.random.Generator) -> npt.NDArray[np.float64]:
    """A height map by the diamond-square method on a map that goes round, from 0 to 1.

    Args:
        side: a power of two.
        decay: by what the roughness is divided from each scale to the next finer one.

    Source:
        Fournier, Fussell and Carpenter 1982, CACM 25:371; scaled as in ImageNet-C, where the spread of a scale is the
        square of its roughness. Middles of the left and right sides are made from the corners above and below them,
        as the method has it; the benchmark's program takes the corners beside them instead.
    """
    made = np.zeros((side, side))
    step, roughness = side, _ROUGHEST
    while step >= 2:
        half, spread = step // 2, roughness * roughness
        corners = made[::step, ::step]
        shifted = corners + np.roll(corners, -1, axis=0)
        squares = (shifted + np.roll(shifted, -1, axis=1)) / 4
        made[half::step, half::step] = squares + random.uniform(-spread, spread, squares.shape)
        centres = made[half::step, half::step]
        corners = made[::step, ::step]
        between = centres + np.roll(centres, 1, axis=0)  # above and below
        beside = corners + np.roll(corners, -1, axis=1)
        tops = (between + beside) / 4
        made[::step, half::step] = tops + random.uniform(-spread, spread, tops.shape)
        between = centres + np.roll(centres, 1, axis=1)  # left and right
        beside = corners + np.roll(corners, -1, axis=0)
        sides = (between + beside) / 4
        made[half::step, ::step] = sides + random.uniform(-spread, spread, sides.shape)
        step, roughness = half, roughness / decay
    made -= made.min()
    highest = made.max()
    return made / highest if highest > 0 else made
