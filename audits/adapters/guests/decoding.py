"""Pictures as a stranger stored them to arrays. Run in the sandbox, because what decodes them is native code."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from audits.adapters import tensors
from audits.sandbox.inside.wire import Channel

FORMATS = ("PNG", "JPEG")
MOST_PIXELS = 50_000_000


class NoPicture(Exception):
    """The bytes are no picture that is read here."""


def serve(channel: Channel) -> None:
    """Decode batch after batch: many files in one body, all brought to one size."""
    from PIL import Image  # an extra

    while (asked := channel.receive()) is not None:
        head, body = asked
        told = head["decode"]
        try:
            images = _decoded(Image, told, body)
        except NoPicture as refused:
            channel.send({"error": {"code": "picture_unreadable", "message": str(refused)}})
            continue
        described, parts = tensors.packed({"images": images})
        channel.send({"images": described}, *parts)


def _decoded(pillow: Any, told: dict[str, Any], body: memoryview) -> tensors.Array:
    height, width, channels = told["height"], told["width"], told["channels"]
    made = np.empty((len(told["sizes"]), height, width, channels), dtype=np.uint8)
    at = 0
    for number, size in enumerate(told["sizes"]):
        content = bytes(body[at : at + size])
        at += size
        try:
            with pillow.open(io.BytesIO(content), formats=FORMATS) as opened:
                if opened.size[0] * opened.size[1] > MOST_PIXELS:
                    raise NoPicture(f"picture {number + 1} has more than {MOST_PIXELS:,} pixels")
                plain = opened.convert("RGB" if channels == 3 else "L")
                if plain.size != (width, height):
                    plain = plain.resize((width, height), pillow.Resampling.BILINEAR)
                made[number] = np.asarray(plain, dtype=np.uint8).reshape(height, width, channels)
        except NoPicture:
            raise
        except Exception as failed:
            raise NoPicture(
                f"picture {number + 1} is no {' or '.join(FORMATS)} that can be read: {type(failed).__name__}"
            ) from failed
    return made
