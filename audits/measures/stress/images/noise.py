"""Noise: of a sensor, of few photons, of dead pixels."""

from __future__ import annotations

import numpy as np

from audits.measures.stress.images import constants
from audits.measures.stress.images.pixels import Bytes, as_bytes, numbers


def gaussian_noise(images: Bytes, severity: int, random: np.random.Generator) -> Bytes:
    """Add normal noise with the published standard deviation, in units of the whole range."""
    scale = np.float32(constants.GAUSSIAN_NOISE[severity - 1])
    return as_bytes(numbers(images) + scale * random.standard_normal(images.shape, dtype=np.float32))


def shot_noise(images: Bytes, severity: int, random: np.random.Generator) -> Bytes:
    """Count photons: Poisson with the published number of them at full brightness."""
    photons = constants.SHOT_NOISE[severity - 1]
    return as_bytes(random.poisson(numbers(images) * photons) / photons)


def impulse_noise(images: Bytes, severity: int, random: np.random.Generator) -> Bytes:
    """Set the published share of values, each colour by itself, to nothing or to full, at even odds."""
    changed = images.copy()
    struck = random.random(images.shape, dtype=np.float32) < constants.IMPULSE_NOISE[severity - 1]
    changed[struck] = np.where(random.random(int(struck.sum())) < 0.5, 255, 0)
    return changed


def speckle_noise(images: Bytes, severity: int, random: np.random.Generator) -> Bytes:
    """Add normal noise in proportion to the brightness of each value."""
    given, scale = numbers(images), np.float32(constants.SPECKLE_NOISE[severity - 1])
    return as_bytes(given + given * scale * random.standard_normal(images.shape, dtype=np.float32))
