"""Every corruption by its name, and what is left out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from audits.measures.stress.images import blur, constants, digital, light, noise, warping, weather
from audits.measures.stress.images.pixels import Bytes, numbers

Corruption = Callable[[Bytes, int, np.random.Generator], Bytes]

CORRUPTIONS: dict[str, Corruption] = {
    "gaussian_noise": noise.gaussian_noise,
    "shot_noise": noise.shot_noise,
    "impulse_noise": noise.impulse_noise,
    "defocus_blur": blur.defocus_blur,
    "motion_blur": blur.motion_blur,
    "zoom_blur": blur.zoom_blur,
    "fog": light.fog,
    "brightness": light.brightness,
    "contrast": light.contrast,
    "pixelate": digital.pixelate,
    "jpeg_compression": digital.jpeg_compression,
    "speckle_noise": noise.speckle_noise,
    "gaussian_blur": blur.gaussian_blur,
    "saturate": light.saturate,
    "glass_blur": blur.glass_blur,
    "snow": weather.snow,
    "elastic_transform": warping.elastic_transform,
    "spatter": weather.spatter,
}


def corrupt(images: Bytes, corruption: str, severity: int, *, seed: int, draw: int = 0) -> Bytes:
    """Images as they would be under a corruption.

    Args:
        images: shape (n, height, width, 1 or 3), uint8.
        severity: 0 to 5; at 0 the images are as they were.
        seed, draw: the same ones give the same bytes; each draw of a seed is another.

    Returns:
        Of the same shape.

    Raises:
        ValueError: no images, no such corruption or severity.
    """
    if severity not in (0, *constants.SEVERITIES):
        raise ValueError(f"severities are 0 to 5, not {severity}")
    if corruption not in CORRUPTIONS:
        raise ValueError(f"there is no corruption {corruption!r}; known: {', '.join(CORRUPTIONS)}")
    if severity == 0:
        numbers(images)
        return images.copy()
    # by its place, which stays when there are more, and not by how the names are hashed
    place = list(CORRUPTIONS).index(corruption)
    random = np.random.default_rng([seed, draw, place, severity])
    return CORRUPTIONS[corruption](images, severity, random)
