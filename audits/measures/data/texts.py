"""Texts as texts: broken encodings, scripts, lengths, cells that a spreadsheet would run."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from audits.measures.tables.arrow import as_numpy, as_strings

Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Cells: TypeAlias = pa.Array | Sequence[str]

# Code points at which a script begins; what lies between is other letters or none.
_SCRIPTS = (
    ("latin", 0x41, 0x5A),
    ("latin", 0x61, 0x7A),
    ("latin", 0xC0, 0x24F),
    ("greek", 0x370, 0x3FF),
    ("cyrillic", 0x400, 0x52F),
    ("armenian", 0x530, 0x58F),
    ("hebrew", 0x590, 0x5FF),
    ("arabic", 0x600, 0x6FF),
    ("devanagari", 0x900, 0x97F),
    ("thai", 0xE00, 0xE7F),
    ("georgian", 0x10A0, 0x10FF),
    ("kana", 0x3040, 0x30FF),
    ("han", 0x3400, 0x9FFF),
    ("hangul", 0xAC00, 0xD7AF),
)
SCRIPTS = tuple(dict.fromkeys(name for name, _, _ in _SCRIPTS))
_NOT_LETTERS = (0xD7, 0xF7)
_PIECE = 1 << 16

# What two wrong readings of UTF-8 look like: as Western (cp1252) and as Cyrillic (cp1251).
_LOOKS_BROKEN = (
    "[ÂÃÐÑâ][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
    "|вЂ[^ -~]"
    "|[РСГВ][\u0080-\u00bf‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—™љ›њќћџЎўЈҐЁЄЇІіґё№єјЅѕї]"
)
_CONTROL = "[\u0001-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
# A cell that begins so is run by spreadsheets (OWASP, CSV injection); a negative number is none.
_FORMULA = r"^(?:[=@]|[+-][^0-9.,]|[+-][0-9.,]+[^0-9.,eE%\s])"
_MIXED = r"[A-Za-z][А-яЁё]|[А-яЁё][A-Za-z]"

# Tukey's fence for what lies far out, on logarithms, since lengths are skewed.
FENCE = 3.0


def matching(cells: Cells, pattern: str) -> Mask:
    """Which texts hold a pattern; shape (k,)."""
    found = pc.match_substring_regex(as_strings(cells), pattern)
    return np.asarray(as_numpy(found), dtype=bool)


def mojibake(cells: Cells) -> Mask:
    """Which texts are UTF-8 that was once read as another encoding: reading them back gives a shorter, valid text."""
    found = matching(cells, _LOOKS_BROKEN)
    for place in np.flatnonzero(found).tolist():
        found[place] = any(_reads_back(piece) for piece in re.findall(r"[^\x00-\x7f]{2,}", str(cells[place])))
    return found


def _reads_back(piece: str) -> bool:
    for encoding in ("cp1252", "cp1251", "latin-1"):
        try:
            restored = piece.encode(encoding).decode()
        except (UnicodeEncodeError, UnicodeDecodeError):
            continue
        if len(restored) < len(piece) and restored.isprintable():
            return True
    return False


def replacement_characters(cells: Cells) -> Mask:
    """Which texts have lost characters: U+FFFD stands where bytes could not be read."""
    return matching(cells, "\ufffd")


def control_characters(cells: Cells) -> Mask:
    """Which texts hold control, zero-width or direction characters."""
    return matching(cells, _CONTROL)


def formulas(cells: Cells) -> Mask:
    """Which texts a spreadsheet would take for a formula."""
    return matching(cells, _FORMULA)


def mixed_scripts(cells: Cells) -> Mask:
    """Which texts hold a word of Latin and Cyrillic letters side by side, as look-alike spellings do."""
    return matching(cells, _MIXED)


def scripts(values: list[str]) -> npt.NDArray[np.int64]:
    """Letters of each script in each text; shape (k, len(SCRIPTS))."""
    scripts_and_none = len(SCRIPTS) + 1
    counted = np.zeros((len(values), scripts_and_none), dtype=np.int64)
    lengths = np.array([len(value) for value in values], dtype=np.int64)
    ends = np.cumsum(lengths)
    start = 0
    while start < len(values):
        before = ends[start - 1] if start else 0
        end = max(int(np.searchsorted(ends, before + _PIECE, side="right")), start + 1)
        points = np.frombuffer("".join(values[start:end]).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        owner = np.repeat(np.arange(end - start), lengths[start:end])
        script = _SCRIPT_OF[np.minimum(points, _SCRIPT_OF.size - 1)]
        cells = np.bincount(owner * scripts_and_none + script, minlength=(end - start) * scripts_and_none)
        counted[start:end] = cells.reshape(end - start, scripts_and_none)
        start = end
    return counted[:, :-1]


def _scripts_of_points() -> npt.NDArray[np.int64]:
    """The script of each code point, as a position in ``SCRIPTS``; one more for none, as the last point has."""
    made = np.full(max(high for _, _, high in _SCRIPTS) + 2, len(SCRIPTS), dtype=np.int64)
    for name, low, high in _SCRIPTS:
        made[low : high + 1] = SCRIPTS.index(name)
    made[list(_NOT_LETTERS)] = len(SCRIPTS)
    return made


_SCRIPT_OF = _scripts_of_points()


@dataclass(frozen=True)
class Lengths:
    """Lengths of texts in characters: the limits beyond which one is an outlier, and which texts are."""

    low: int
    high: int
    outside: Mask


def length_outliers(lengths: Codes, rows: Codes) -> Lengths:
    """Texts that are far shorter or longer than the others.

    Beyond three interquartile ranges from the quartiles of the logarithm of length (over rows), and at least five
    characters from them, so that a column of codes with one length has none.

    Args:
        lengths: shape (k,), characters of each different text.
        rows: shape (k,), rows that have it.

    Source:
        Tukey 1977, Exploratory Data Analysis ("far out"); on logarithms by choice.
    """
    order = np.argsort(lengths, kind="stable")
    up_to = np.cumsum(rows[order])
    quartiles = lengths[order][np.searchsorted(up_to, np.array([0.25, 0.75]) * up_to[-1])]
    lower, upper = np.log(np.maximum(quartiles, 1))
    fence = FENCE * (upper - lower)
    low = min(math.floor(math.exp(lower - fence)), int(quartiles[0]) - 5)
    high = max(math.ceil(math.exp(min(upper + fence, 40.0))), int(quartiles[1]) + 5)
    return Lengths(max(low, 0), high, (lengths < low) | (lengths > high))
