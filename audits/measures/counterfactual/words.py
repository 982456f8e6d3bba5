"""Words of a text with their places, and putting others in their stead. Plain Python."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from audits.measures.templates import with_article

_WORD = re.compile(r"[^\W\d_]+")
_SENTENCE_END = re.compile(r"[.!?…\n]")
# How many letters two words may differ by and still be the same kind of edit.
LENGTH_CLASS = 3


@dataclass(frozen=True)
class Word:
    """A word of a text: its place, and whether it begins a sentence."""

    text: str
    start: int
    end: int
    first: bool

    @property
    def lower(self) -> str:
        return self.text.lower()


@dataclass(frozen=True)
class Edit:
    """``new`` in the stead of the characters from ``start`` to ``end``."""

    start: int
    end: int
    new: str


def words_in(text: str) -> frozenset[str]:
    """The words of a list written as a text."""
    return frozenset(text.split())


def words_of(text: str) -> list[Word]:
    """The words of a text, in order.

    >>> [(word.text, word.first) for word in words_of("He's in. Is he?")]
    [('He', True), ('s', False), ('in', False), ('Is', True), ('he', False)]
    """
    made: list[Word] = []
    before = 0
    for found in _WORD.finditer(text):
        between = text[before : found.start()]
        first = not made or _SENTENCE_END.search(between) is not None
        made.append(Word(found[0], found.start(), found.end(), first))
        before = found.end()
    return made


def in_case_of(word: str, new: str) -> str:
    """``new`` written like ``word``: small, with a large first letter, or all large.

    >>> in_case_of("He", "she"), in_case_of("HIS", "her"), in_case_of("old man", "young man"), in_case_of("I", "we")
    ('She', 'HER', 'young man', 'We')
    """
    letters = [char for char in word if char.isalpha()]
    if len(letters) > 1 and all(char.isupper() for char in letters):
        return new.upper()
    if letters and letters[0].isupper():
        return new[:1].upper() + new[1:]
    return new


def edited(text: str, edits: Iterable[Edit], *, language: str) -> str:
    """A text with some places changed; in English an article before a changed place follows the new word."""
    made, at = [], 0
    for edit in sorted(edits, key=lambda one: one.start):
        between = text[at : edit.start]
        made += [with_article(between, edit.new) if language == "en" else between, edit.new]
        at = edit.end
    return "".join([*made, text[at:]])


def same_length_class(word: str, other: str) -> bool:
    """Whether replacing one by the other is an edit of the same kind: as many words, about as many letters.

    >>> same_length_class("man", "woman"), same_length_class("man", "gentleman"), same_length_class("man", "old man")
    (True, False, False)
    """
    return len(word.split()) == len(other.split()) and abs(len(word) - len(other)) <= LENGTH_CLASS
