"""Pictures that look the same: a hash of what each looks like when it is small and grey, and how many bits differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from audits.measures.data.columns import Column
from audits.measures.data.findings import Findings
from audits.measures.data.leaks import leak_rows
from audits.measures.data.near import TooMuchToCompare, components
from audits.measures.data.rows import seen_elsewhere

Hashes = npt.NDArray[np.uint64]
Codes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Grey = npt.NDArray[np.uint8]

# A picture is brought to so many pixels a side, and of its frequencies the lowest are kept.
SIDE, KEPT = 32, 8
# Of 64 bits so many may differ. Of two pictures that have nothing in common half of them do: that 8 do by chance is
# expected of a tenth of a pair among 20,000 pictures, 10 of three pairs.
DISTANCE = 8
# A picture whose brightness varies by less than this, of 255, is one colour and looks like every other one.
PLAIN = 2.0
MAX_PICTURES, MAX_PAIRS = 20_000, 2_000_000
_AT_ONCE = 1_024


@dataclass(frozen=True)
class Pictures:
    """The pictures of a column.

    Attributes:
        column: its name.
        grey: shape (pictures, 32, 32), those that could be read.
        row: shape (pictures,), the row of each.
        unreadable: shape (rows,), where there is something that is no picture.
        not_decoded: how many different files there are, where they are more than ``MAX_PICTURES`` and none was
            decoded: ``grey`` is empty, and ``row`` is of every cell that has something.
    """

    column: str
    grey: Grey
    row: Codes
    unreadable: Flags
    not_decoded: int = 0


def perceptual_hashes(grey: Grey) -> Hashes:
    """A hash of 64 bits of each picture: which of its 64 lowest frequencies are above their median.

    Args:
        grey: shape (n, 32, 32).

    Returns:
        Shape (n,). Bits are in the order of rows, the first one the highest. Pictures that are scaled, compressed anew
        or a little brighter keep nearly all of them; turned, mirrored or cut ones do not.

    Source:
        Zauner 2010, Implementation and Benchmarking of Perceptual Image Hash Functions (the hash by discrete cosine
        transform); frequencies and median as in the library imagehash.
    """
    place = np.arange(SIDE)
    # the lowest frequencies of the cosine transform of type II
    wave = np.cos(np.pi * np.arange(KEPT)[:, None] * (2 * place[None, :] + 1) / (2 * SIDE))
    low = (wave @ grey.astype(float) @ wave.T).reshape(len(grey), KEPT * KEPT)
    above = low > np.median(low, axis=1, keepdims=True)
    return np.packbits(above, axis=1).view(">u8").astype(np.uint64).reshape(len(grey))


def is_plain(grey: Grey) -> Flags:
    """Pictures of one colour, shape (n,): what their hash says is the noise of a camera."""
    plain: Flags = grey.reshape(len(grey), SIDE * SIDE).std(axis=1) < PLAIN
    return plain


def alike(hashes: Hashes, *, distance: int = DISTANCE) -> tuple[Codes, Codes]:
    """Pairs of different hashes that differ in at most so many bits: every one is found, each once.

    Raises:
        TooMuchToCompare: more hashes or pairs than are compared.
    """
    if hashes.size > MAX_PICTURES:
        raise TooMuchToCompare("pictures", MAX_PICTURES)
    first, second, pairs = [], [], 0
    for start in range(0, hashes.size, _AT_ONCE):
        some = hashes[start : start + _AT_ONCE]
        ours, theirs = np.nonzero(np.bitwise_count(some[:, None] ^ hashes[None, start:]) <= distance)
        later = theirs > ours
        first.append(ours[later] + start)
        second.append(theirs[later] + start)
        pairs += int(later.sum())
        if pairs > MAX_PAIRS:
            raise TooMuchToCompare("pairs of pictures", MAX_PAIRS)
    if not first:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    return np.concatenate(first), np.concatenate(second)


def at_pictures(pictures: Pictures, split: Column | None, findings: Findings) -> dict[str, Any]:
    """Pictures that look like another one, of all and between splits, and what could not be looked at."""
    column, rows = pictures.column, pictures.unreadable.size
    if pictures.not_decoded:
        findings.add("data.pictures_too_many", column, column=column, why="pictures", limit=MAX_PICTURES)
        told = {"column": column, "of": int(pictures.row.size), "files": pictures.not_decoded}
        return told | {"measured": False, "why": "pictures", "limit": MAX_PICTURES}
    plain = is_plain(pictures.grey)
    made: dict[str, Any] = {
        "column": column,
        "of": int(pictures.row.size),
        "unreadable": int(pictures.unreadable.sum()),
        "plain": int(plain.sum()),
        "distance": DISTANCE,
    }
    if made["unreadable"]:
        findings.add("data.pictures_unreadable", column, rows=pictures.unreadable, column=column, of=rows)
    if made["plain"]:
        marked = np.zeros(rows, dtype=bool)
        marked[pictures.row[plain]] = True
        findings.add("data.pictures_plain", column, rows=marked, column=column, of=made["of"])
    row = pictures.row[~plain]
    if row.size < 2:
        findings.add("data.pictures_too_few", column, column=column, of=rows)
        return made | {"measured": False, "why": "too_few"}
    different, of_picture = np.unique(perceptual_hashes(pictures.grey[~plain]), return_inverse=True)
    try:
        first, second = alike(different)
    except TooMuchToCompare as much:
        findings.add("data.pictures_too_many", column, column=column, why=much.what, limit=much.limit)
        return made | {"measured": False, "why": much.what, "limit": much.limit}
    group = components(different.size, first, second)[of_picture.reshape(-1)]
    sizes = np.bincount(group, minlength=different.size)
    repeated = np.zeros(rows, dtype=bool)
    repeated[row[sizes[group] > 1]] = True
    made |= {"measured": True, "rows": int(repeated.sum()), "groups": int((sizes > 1).sum())}
    if made["rows"]:
        findings.add(
            "data.near_pictures",
            column,
            rows=repeated,
            column=column,
            of=made["of"],
            groups=made["groups"],
            distance=DISTANCE,
        )
    if split is not None:
        made["leaks"] = _leaks(group, split.codes[row], split, findings)
    return made


def _leaks(group: Codes, side: Codes, split: Column, findings: Findings) -> list[dict[str, Any]]:
    """Pictures of each split that look like one of another; a finding for each two splits, about the smaller."""
    found = seen_elsewhere(group, side, len(split.values))
    of = np.bincount(side[side >= 0], minlength=len(split.values))
    return leak_rows("data.split_leak_pictures", found, of, split, findings, distance=DISTANCE)
