"""Pictures under stress: decoded in the sandbox, corrupted here, given to the model as it takes them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

import numpy as np

from audits.adapters import pictures, tensors
from audits.adapters.signature import Signature, Tensor
from audits.adapters.tensors import Array, Batch
from audits.measures.naming import quoted
from audits.measures.stress.images.pixels import Bytes
from audits.measures.stress.images.plan import CHANNELS_FIRST, CHANNELS_LAST, FLAT, ImagesPlan, images_plan_from
from audits.measures.stress.plan import StressPlan
from audits.measures.tables.loading import Loaded
from audits.sandbox.refusals import Stopped
from audits.stress.subject import StressRefused, Subject
from audits.stress.texts import label_of

NAME = "images"
# So many pictures are drawn where no plan says more: each is corrupted and asked about ninety times. Of large ones
# fewer, so that who waits reads the answer: to corrupt one of 224 pixels in every way takes nearly a second.
SAMPLE, FEWEST = 200, 60
MOST_PIXELS = 4_000_000
MOST_BYTES = 20 << 20
MOST_DECODED = 1 << 30


def plan_of(subject: Subject) -> ImagesPlan:
    return images_plan_from(subject.plan.parts.get(NAME, {}))


def asked_for(subject: Subject) -> bool:
    """Whether the plan says that the model looks at pictures, or nobody has to."""
    return NAME in subject.plan.parts or by_themselves(subject.signature, subject.plan, subject.table)


def by_themselves(signature: Signature, plan: StressPlan, table: Loaded) -> bool:
    """Whether a model takes pictures and the table has them, and the plan says nothing of either."""
    if NAME in plan.parts or plan.parts.get("tabular", {}).get("columns") or len(signature.inputs) != 1:
        return False
    (one,) = signature.inputs
    return len(one.shape) == 4 and one.dtype != tensors.TEXT and ImagesPlan().column in table.names


def sample_of(signature: Signature) -> int:
    """How many pictures are drawn where no plan says more."""
    (one,) = signature.inputs
    layout = _layout(one)
    height, width, _channels = (None, None, None) if layout is None else _declared(one, layout)
    if not height or not width:
        return SAMPLE
    return min(SAMPLE, max(FEWEST, MOST_PIXELS // (height * width)))


def require_labels(subject: Subject) -> None:
    """Refuse pictures whose scale nobody states and nothing can show: without labels a wrong one is not seen.

    Raises:
        StressRefused: ``labels_needed``.
    """
    (one,) = subject.signature.inputs
    if NAME not in subject.plan.parts and one.dtype.startswith("float") and label_of(subject) is None:
        raise StressRefused(
            "labels_needed",
            "the audit plan does not say how a picture becomes what the model takes: bring the right answers too, in a"
            " column label, or say it in the plan (images: divide_by, mean, std)",
        )


def takes_of(subject: Subject) -> tuple[Tensor, str, tuple[int, int, int]]:
    """The input that takes pictures, its layout, and height, width and channels.

    Raises:
        StressRefused: the model takes something else, or nobody says how large.
    """
    plan, inputs = plan_of(subject), subject.signature.inputs
    if len(inputs) != 1 or len(inputs[0].shape) not in (2, 4) or inputs[0].dtype == tensors.TEXT:
        raise StressRefused("model_takes_no_images", f"the model takes {', '.join(map(str, inputs))}, and no pictures")
    (one,) = inputs
    layout = plan.layout or _layout(one)
    if layout is None or (layout == FLAT) != (len(one.shape) == 2):
        raise StressRefused("layout_unclear", f"how do pictures lie in {one}? Name the layout (images.layout)")
    declared = _declared(one, layout)
    height, width = plan.size or declared[:2]
    channels = plan.channels or declared[2] or 3
    if height is None or width is None:
        raise StressRefused("size_unclear", f"{one} does not say how large pictures are; name it (images.size)")
    fits = all(
        known is None or known == given for known, given in zip(declared, (height, width, channels), strict=True)
    )
    pixels = one.shape[1] if layout == FLAT else None
    if not fits or (pixels is not None and pixels != height * width * channels):
        raise StressRefused("size_wrong", f"{one} takes no pictures of {height} x {width} x {channels}")
    return one, layout, (height, width, channels)


def _layout(one: Tensor) -> str | None:
    if len(one.shape) == 2:
        return FLAT
    if one.shape[1] in (1, 3):
        return CHANNELS_FIRST
    return CHANNELS_LAST if one.shape[3] in (1, 3) else None


def _declared(one: Tensor, layout: str) -> tuple[int | None, int | None, int | None]:
    if layout == FLAT:
        return None, None, None
    shape = one.shape
    return (shape[2], shape[3], shape[1]) if layout == CHANNELS_FIRST else (shape[1], shape[2], shape[3])


def images_of(subject: Subject) -> Bytes:
    """The pictures of the rows that are used, shape (n, height, width, channels); decoded once.

    Raises:
        StressRefused: no such column, a cell that is no picture, or too many to hold.
    """
    if NAME not in subject.made:
        subject.made[NAME] = decoded(subject, _files(subject), subject.rows.tolist())
    found: Bytes = subject.made[NAME]
    return found


def _files(subject: Subject) -> list[bytes]:
    column = plan_of(subject).column
    if column not in subject.table.names:
        raise StressRefused("images_missing", f"the table has no column {quoted(column)} with pictures (images.column)")
    cells = subject.table.raw_texts(column).to_pylist()
    files = []
    for row in subject.rows.tolist():
        try:
            files.append(base64.b64decode(cells[row] or "", validate=True))
        except (binascii.Error, ValueError):
            raise StressRefused("images_not_base64", f"row {row + 1} of {quoted(column)} is no base64") from None
        if not 0 < len(files[-1]) <= MOST_BYTES:
            raise StressRefused(
                "image_size", f"row {row + 1} of {quoted(column)}: a picture has up to {MOST_BYTES} bytes"
            )
    return files


def decoded(subject: Subject, files: Sequence[bytes], rows: Sequence[int] | None = None) -> Bytes:
    """Encoded pictures at the size that the model takes, shape (n, height, width, channels).

    Args:
        rows: of the table, from 0, for a refusal to name; the number among the files where it is left out.

    Raises:
        StressRefused: the model takes none, one cannot be read, or they are too many to hold.
    """
    _, _, (height, width, channels) = takes_of(subject)
    if len(files) * height * width * channels > MOST_DECODED:
        raise StressRefused("images_too_many", "so many pictures of this size are not held in memory; use fewer rows")
    try:
        found = pictures.decoded(
            files,
            size=(height, width),
            channels=channels,
            isolation=subject.conversation.isolation,
            tick=lambda: subject.progress(subject.done, max(subject.total, subject.done)),
        )
    except Stopped as ended:
        raise StressRefused("pictures_unreadable", f"the pictures could not be decoded: {ended}") from ended
    if not found.readable.all():
        at = int(np.argmin(found.readable))
        number = at + 1 if rows is None else int(rows[at]) + 1
        raise StressRefused("picture_unreadable", f"row {number}: the picture {found.why.get(at, 'cannot be read')}")
    return found.pixels


def as_batch(images: Bytes, subject: Subject) -> Batch:
    """Pictures as the model takes them."""
    takes, layout, _ = takes_of(subject)
    plan = plan_of(subject)
    if takes.dtype.startswith("float"):
        numbers: Array = images.astype(np.float32) / np.float32(plan.divide_by)
        if plan.mean:
            numbers = numbers - np.array(plan.mean, dtype=np.float32)
        if plan.std:
            numbers = numbers / np.array(plan.std, dtype=np.float32)
    else:
        numbers = images
    if layout == CHANNELS_FIRST:
        numbers = numbers.transpose(0, 3, 1, 2)
    elif layout == FLAT:
        numbers = numbers.reshape(len(numbers), -1)
    return {takes.name: np.ascontiguousarray(numbers.astype(takes.dtype))}
