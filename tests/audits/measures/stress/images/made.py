"""Images: real ones where they are, and made ones everywhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audits.measures.stress.images.pixels import Bytes

MEDIA = Path(__file__).resolve().parents[5].parent / "shared" / "data" / "media"


def made(count: int = 2, side: int = 48, *, channels: int = 3, seed: int = 0) -> Bytes:
    """Slopes with bars and a few specks: smooth and sharp parts, all colours, no symmetry."""
    random = np.random.default_rng(seed)
    down, across = np.mgrid[0:side, 0:side] / (side - 1)
    images = np.empty((count, side, side, channels), dtype=np.uint8)
    for number in range(count):
        turned = 0.15 + 0.7 * np.abs(np.sin(3 * down + (number + 1) * across))
        for channel in range(channels):
            images[number, ..., channel] = 255 * np.clip(turned * (0.5 + 0.25 * channel), 0, 1)
        images[number, side // 4 : side // 3, :, :] = (10, 200, 90)[:channels]
    specks = random.random(images.shape[:3]) < 0.02
    images[specks] = 255
    return images


def photograph(name: str, side: int = 224) -> Bytes:
    """The middle of a photograph, shape (1, side, side, 3)."""
    from PIL import Image

    path = MEDIA / name
    if not path.exists():
        pytest.skip(f"no {name} beside the repository")
    with Image.open(path) as opened:
        whole = np.asarray(opened.convert("RGB"))
    top, left = (whole.shape[0] - side) // 2, (whole.shape[1] - side) // 2
    return whole[None, top : top + side, left : left + side]
