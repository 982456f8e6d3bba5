"""What a character may turn into: neighbours on keyboards, look-alikes, readings of a scanner. Latin and Cyrillic."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

# Rows of letters, and how far right of the row above the first key stands, in widths of a key (ISO/IEC 9995, ANSI).
_QWERTY = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_JCUKEN = ("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю")
_OFFSETS = (0.0, 0.25, 0.75)
# From the middle of one key to that of another: the key beside it, and those above and below that touch it.
_TOUCHING = 1.3

# Letters of one alphabet that are drawn as letters of the other (Unicode Technical Standard 39, confusables).
_LATIN, _CYRILLIC = "aceijopsxyABCEHIJKMOPSTX", "асеіјорѕхуАВСЕНІЈКМОРЅТХ"  # noqa: RUF001 - the point of it

# One shape read as another: what people who correct scanned text correct most.
_MISREAD = {
    "o": "0", "O": "0", "l": "1I", "I": "l1", "i": "l", "S": "5", "B": "8", "Z": "2", "g": "9", "q": "9", "e": "c",
    "c": "e", "h": "b", "u": "v", "v": "u", "0": "O", "1": "l", "5": "S", "8": "B", "6": "b",
    "о": "0", "О": "0", "з": "3", "З": "3", "б": "6", "ш": "щ", "щ": "ш", "и": "н", "н": "и", "п": "л", "л": "п",
    "ь": "ъ", "ъ": "ь", "т": "г", "г": "т", "е": "с", "с": "е", "ц": "д", "В": "8",
}  # fmt: skip
_MISREAD_AS_TWO = {"m": "rn", "w": "vv", "d": "cl", "M": "IVI", "ы": "ьі", "Ы": "Ьі", "ю": "іо"}  # noqa: RUF001

_MARKS = {'"': "“«„", "'": "’`", "-": "–—", "“": '"', "”": '"', "«": '"', "»": '"', "’": "'", "–": "-", "—": "-"}  # noqa: RUF001
_WIDE = 0xFEE0


def _positions(rows: tuple[str, ...]) -> Iterator[tuple[str, float, int]]:
    for down, (row, offset) in enumerate(zip(rows, _OFFSETS, strict=True)):
        for right, letter in enumerate(row):
            yield letter, right + offset, down


def _neighbours(rows: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    keys = list(_positions(rows))
    near = {
        letter: tuple(
            other
            for other, x, y in keys
            if other != letter and ((x - right) ** 2 + (y - down) ** 2) ** 0.5 <= _TOUCHING
        )
        for letter, right, down in keys
    }
    upper = {letter.upper(): tuple(one.upper() for one in found) for letter, found in near.items()}
    return {**near, **upper}


KEYBOARD = {**_neighbours(_QWERTY), **_neighbours(_JCUKEN)}
LOOK_ALIKES = {**dict(zip(_LATIN, _CYRILLIC, strict=True)), **dict(zip(_CYRILLIC, _LATIN, strict=True))}
INVISIBLE = ("\u200b", "\u200c", "\u2060", "\u00ad")
BLANKS = ("  ", "\t", "\n", "\u00a0", " \n")
MARKS = (",", ".", "!", "?", ";", "…", "!!")


def neighbours(letter: str) -> tuple[str, ...]:
    """The keys that touch a letter's own, on QWERTY or ЙЦУКЕН."""
    return KEYBOARD.get(letter, ())


def look_alikes(letter: str) -> tuple[str, ...]:
    """The letter of the other alphabet that is drawn alike."""
    found = LOOK_ALIKES.get(letter)
    return () if found is None else (found,)


def misread(letter: str) -> tuple[str, ...]:
    """What a scanner takes a character for."""
    return (*_MISREAD.get(letter, ""), *([_MISREAD_AS_TWO[letter]] if letter in _MISREAD_AS_TWO else []))


def without_marks(letter: str) -> tuple[str, ...]:
    """The letter without what stands above or below it; of й that is и, as programs do it that strip accents."""
    bare = "".join(one for one in unicodedata.normalize("NFD", letter) if not unicodedata.combining(one))
    return (bare,) if bare and bare != letter else ()


def decomposed(letter: str) -> tuple[str, ...]:
    """The same letter as a bare one with combining marks: another form of the same text (Unicode Annex 15)."""
    apart = unicodedata.normalize("NFD", letter)
    return (apart,) if apart != letter else ()


def wide(letter: str) -> tuple[str, ...]:
    """The full-width form of a Latin letter or digit, which compatibility normalisation undoes."""
    return (chr(ord(letter) + _WIDE),) if letter.isascii() and letter.isalnum() else ()


def other_mark(letter: str) -> tuple[str, ...]:
    """Another of the marks that people write for the same."""
    return tuple(_MARKS.get(letter, ()))


def flipped_case(letter: str) -> tuple[str, ...]:
    return _one(letter, letter.swapcase())


def upper_case(letter: str) -> tuple[str, ...]:
    return _one(letter, letter.upper())


def lower_case(letter: str) -> tuple[str, ...]:
    return _one(letter, letter.lower())


def _one(letter: str, becomes: str) -> tuple[str, ...]:
    return () if becomes == letter else (becomes,)
