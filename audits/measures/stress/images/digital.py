"""What storing does: coarse pixels and JPEG."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np

from audits.measures.stress.images import constants
from audits.measures.stress.images.pixels import Bytes, numbers


def pixelate(images: Bytes, severity: int, random: np.random.Generator) -> Bytes:
    """Make each image smaller by the published factor and as large again, each pixel the mean of what it covers."""
    from PIL import Image

    numbers(images)  # refuses what is no image
    factor = constants.PIXELATE[severity - 1]
    height, width = images.shape[1:3]
    smaller = max(1, int(width * factor)), max(1, int(height * factor))

    def one(image: Bytes) -> Bytes:
        small = Image.fromarray(_plain(image)).resize(smaller, Image.Resampling.BOX)
        return _with_channels(small.resize((width, height), Image.Resampling.BOX), image)

    return _each(images, one)


def jpeg_compression(images: Bytes, severity: int, random: np.random.Generator) -> Bytes:
    """Store each image as JPEG with the published quality and read it again."""
    from PIL import Image

    numbers(images)

    def one(image: Bytes) -> Bytes:
        with Image.open(io.BytesIO(as_jpeg(image, constants.JPEG_QUALITY[severity - 1]))) as stored:
            return _with_channels(stored, image)

    return _each(images, one)


def as_jpeg(image: Bytes, quality: int) -> bytes:
    """One image, shape (height, width, 1 or 3), as JPEG."""
    from PIL import Image

    stored = io.BytesIO()
    Image.fromarray(_plain(image)).save(stored, "JPEG", quality=quality)
    return stored.getvalue()


def _plain(image: Bytes) -> Bytes:
    return np.ascontiguousarray(image[..., 0] if image.shape[2] == 1 else image)


def _with_channels(found: object, like: Bytes) -> Bytes:
    return np.asarray(found, dtype=np.uint8).reshape(like.shape)


def _each(images: Bytes, one: Callable[[Bytes], Bytes]) -> Bytes:
    made = [one(image) for image in images]
    return np.stack(made) if made else images.copy()
