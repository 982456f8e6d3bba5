"""The ``images`` part of a stress plan: how a picture becomes what the model takes, and what is done to it before.

Imports nothing heavy: the web process checks plans too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from audits.measures import plan_values as values
from audits.measures.naming import listed
from audits.measures.plan_values import PlanRejected
from audits.measures.stress.images.constants import ALEXNET_ERRORS, FURTHER, NOT_MADE

CHANNELS_FIRST, CHANNELS_LAST, FLAT = "channels_first", "channels_last", "flat"
LAYOUTS = (CHANNELS_FIRST, CHANNELS_LAST, FLAT)
MOST_SIDE = 2_048


@dataclass(frozen=True)
class ImagesPlan:
    """How pictures are given to the model, and how they are corrupted.

    Attributes:
        column: that holds each picture as base64 of a PNG or JPEG file.
        size: height and width that pictures are brought to; None where the model declares them.
        layout: ``channels_first``, ``channels_last`` or ``flat``; None where the model's declaration tells.
        channels: 3 (colours) or 1 (grey); None where the model's declaration tells.
        divide_by, mean, std: a value given to the model is ``(byte / divide_by - mean) / std``, by colour.
        corruptions: that are tried; empty means all.
        baseline: another model's mean error over the five severities of each corruption, on the same pictures, for a
            normalised error; ``baseline_clean`` its error on clean ones. Where ``corruptions`` are named it has all of
            them, because the normalised mean is then said to be over these; where none is, it is over those that the
            baseline has, which are told with it.
    """

    column: str = "image"
    size: tuple[int, ...] = ()
    layout: str | None = None
    channels: int | None = None
    divide_by: float = 255.0
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    corruptions: tuple[str, ...] = ()
    baseline: Mapping[str, float] = field(default_factory=dict)
    baseline_clean: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be carried out.

        Raises:
            PlanRejected: with the key that is wrong and what it may be.
        """
        if self.size and not (len(self.size) == 2 and all(1 <= side <= MOST_SIDE for side in self.size)):
            raise PlanRejected("size_out_of_range", f"images.size is a height and a width from 1 to {MOST_SIDE}")
        if self.layout not in (None, *LAYOUTS):
            raise PlanRejected("layout_unknown", f"images.layout is one of {', '.join(LAYOUTS)}")
        if self.channels not in (None, 1, 3):
            raise PlanRejected("channels_out_of_range", "images.channels is 3 (colours) or 1 (grey)")
        if self.divide_by == 0 or 0 in self.std:
            raise PlanRejected("scale_out_of_range", "images.divide_by and images.std must not be 0")
        for key in ("mean", "std"):
            if len(getattr(self, key)) not in (0, 1, 3):
                raise PlanRejected("scale_out_of_range", f"images.{key} is one number, or one for each colour")
        known = [name for name in (*ALEXNET_ERRORS, *FURTHER) if name not in NOT_MADE]
        if strange := [name for name in (*self.corruptions, *self.baseline) if name not in known]:
            raise PlanRejected("corruption_unknown", f"images: there is no {listed(strange)}; known: {listed(known)}")
        if any(not 0 < error <= 1 for error in self.baseline.values()):
            raise PlanRejected("baseline_out_of_range", "images.baseline holds errors above 0 and at most 1")
        if self.baseline and (missing := [name for name in self.corruptions if name not in self.baseline]):
            raise PlanRejected("baseline_incomplete", f"images.baseline has no error for {listed(missing)}")

    def as_document(self) -> dict[str, Any]:
        """The plan as JSON-ready data; ``images_plan_from`` reads it back."""
        return values.document_of(self)


def images_plan_from(document: object) -> ImagesPlan:
    """Read the ``images`` part of a stress plan; every key may be left out.

    Raises:
        PlanRejected: a key is unknown or of the wrong type, or the plan cannot be carried out.
    """
    return ImagesPlan(**values.fields_of(document, _READERS, part="images"))


def _several(reader: values.Reader) -> values.Reader:
    def read(value: object, key: str) -> tuple[Any, ...]:
        given = value if isinstance(value, (list, tuple)) else [value]
        return tuple(reader(one, key) for one in given)

    return read


def _errors(value: object, key: str) -> dict[str, float]:
    return values.by_name(value, key, values.finite, "corruptions to errors")


_READERS: dict[str, values.Reader] = {
    "column": values.column,
    "size": _several(values.whole),
    "layout": values.text,
    "channels": values.whole,
    "divide_by": values.finite,
    "mean": _several(values.finite),
    "std": _several(values.finite),
    "corruptions": values.columns,
    "baseline": _errors,
    "baseline_clean": values.finite,
}
