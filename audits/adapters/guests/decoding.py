"""Pictures as a stranger stored them to arrays. Run in the sandbox, because what decodes them is native code."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np

from audits.adapters import tensors
from audits.sandbox.inside.wire import Channel

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
MOST_PIXELS = 50_000_000
MODES = {1: "L", 3: "RGB"}


class NoPicture(Exception):
    """The bytes are no picture that is read here; the message goes on after "picture 3"."""


def picture(content: bytes, *, channels: int) -> Any:
    """One encoded picture as Pillow has it, grey (1 channel) or coloured (3); of a moving one the first frame.

    Raises:
        NoPicture: another format, a broken file, or more pixels than are read.
    """
    from PIL import Image  # an extra

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
                return opened.convert(MODES[channels])
    except MemoryError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as odd:
        raise NoPicture(f"cannot be read: it has more than {MOST_PIXELS:,} pixels; send a smaller one") from odd
    except Exception as odd:
        known = ", ".join(FORMATS)
        raise NoPicture(f"cannot be read ({type(odd).__name__}); a picture is {known}, and whole") from odd


def serve(channel: Channel) -> None:
    """Decode batch after batch: many files in one body, all brought to one size."""
    while (asked := channel.receive()) is not None:
        head, body = asked
        try:
            images = _decoded(head["decode"], body)
        except NoPicture as refused:
            channel.send({"error": {"code": "picture_unreadable", "message": str(refused)}})
            continue
        described, parts = tensors.packed({"images": images})
        channel.send({"images": described}, *parts)


def _decoded(told: dict[str, Any], body: memoryview) -> tensors.Array:
    from PIL import Image  # an extra

    height, width, channels = told["height"], told["width"], told["channels"]
    made = np.empty((len(told["sizes"]), height, width, channels), dtype=np.uint8)
    at = 0
    for number, size in enumerate(told["sizes"]):
        try:
            plain = picture(bytes(body[at : at + size]), channels=channels)
        except NoPicture as odd:
            raise NoPicture(f"picture {number + 1} {odd}") from odd
        at += size
        if plain.size != (width, height):
            plain = plain.resize((width, height), Image.Resampling.BILINEAR)
        made[number] = np.asarray(plain, dtype=np.uint8).reshape(height, width, channels)
    return made
