"""Pictures as a model takes them.

Source: the image processors of the library transformers, whose ``preprocessor_config.json`` is read; resampling by
Pillow as they do it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from audits.adapters import tensors
from audits.adapters.guests import decoding, folders, serving

BILINEAR = 2


@dataclass(frozen=True)
class Pictures:
    """How a picture becomes numbers.

    Attributes:
        first: channels first (NCHW), else last (NHWC).
        short_side: to which the shorter side is brought before the middle is cut out; None where the whole picture is
            brought to height and width.
        mean, std: by channel, of values in [0, 1] once multiplied by ``scale``.
    """

    height: int
    width: int
    channels: int
    first: bool
    short_side: int | None
    resample: int
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def array(self, contents: Sequence[bytes]) -> tensors.Array:
        """Encoded pictures as one array of float32, shape (n, …).

        Raises:
            serving.Refusal: ``inputs``, with the number of the picture that cannot be read.
        """
        made = np.empty((len(contents), self.height, self.width, self.channels), dtype=np.float32)
        for row, content in enumerate(contents):
            made[row] = self._one(content, row)
        made *= np.float32(self.scale)
        made -= np.array(self.mean, dtype=np.float32)
        made /= np.array(self.std, dtype=np.float32)
        return np.ascontiguousarray(made.transpose(0, 3, 1, 2)) if self.first else made

    def _one(self, content: bytes, row: int) -> tensors.Array:
        try:
            picture = decoding.picture(content, channels=self.channels)
        except decoding.NoPicture as odd:
            raise serving.Refusal("inputs", f"picture {row + 1} {odd}") from odd
        if self.short_side is None:
            picture = picture.resize((self.width, self.height), self.resample)
        else:
            ratio = self.short_side / min(picture.size)
            wide, high = (max(1, round(side * ratio)) for side in picture.size)
            picture = picture.resize((wide, high), self.resample)
            left, top = (wide - self.width) // 2, (high - self.height) // 2
            picture = picture.crop((left, top, left + self.width, top + self.height))
        return np.asarray(picture, dtype=np.float32).reshape(self.height, self.width, self.channels)


def pictures_of(shape: Sequence[int | None], folder: Path | None) -> Pictures:
    """How pictures become the input of a model, by its shape and the ``preprocessor_config.json`` in its folder.

    Raises:
        serving.Refusal: the input is no picture, or the configuration says what is not known here.
    """
    said = folders.said(folder, "preprocessor_config.json")
    first = len(shape) == 4 and shape[1] in decoding.MODES
    last = len(shape) == 4 and shape[3] in decoding.MODES
    if not (first or last):
        raise serving.Refusal(
            "inputs", f"an input of [{', '.join(str(one or 'any') for one in shape)}] takes no pictures"
        )
    channels = int((shape[1] if first else shape[3]) or 0)
    size, crop = said.get("size") or {}, said.get("crop_size") or {}
    size = {"height": size, "width": size} if isinstance(size, int) else size
    crop = {"height": crop, "width": crop} if isinstance(crop, int) else crop
    cut = bool(said.get("do_center_crop")) and bool(crop)
    wanted = crop if cut else size
    high, wide = (shape[2], shape[3]) if first else (shape[1], shape[2])
    height, width = high or wanted.get("height"), wide or wanted.get("width")
    short = size.get("shortest_edge") if cut else None
    if cut and short is None:
        short = size.get("height")
    if type(height) is not int or type(width) is not int or not (0 < height <= 4096 and 0 < width <= 4096):
        raise serving.Refusal("inputs", "neither the model nor preprocessor_config.json says how large a picture is")
    resample = said.get("resample")
    normalizes = bool(said.get("do_normalize", "image_mean" in said))
    return Pictures(
        height,
        width,
        channels,
        first,
        short if type(short) is int and short >= max(height, width) else None,
        resample if type(resample) is int and resample in range(6) else BILINEAR,
        _number(said.get("rescale_factor"), 1 / 255) if said.get("do_rescale", True) else 1.0,
        _by_channel(said.get("image_mean") if normalizes else None, channels, 0.0),
        _by_channel(said.get("image_std") if normalizes else None, channels, 1.0),
    )


def _number(value: Any, otherwise: float) -> float:
    return float(value) if type(value) in (int, float) and np.isfinite(value) and value > 0 else otherwise


def _by_channel(values: Any, channels: int, otherwise: float) -> tuple[float, ...]:
    if values is None:
        return (otherwise,) * channels
    if not isinstance(values, list) or len(values) != channels or not all(type(v) in (int, float) for v in values):
        raise serving.Refusal("model_unreadable", f"preprocessor_config.json: {channels} numbers, one for each channel")
    return tuple(map(float, values))
