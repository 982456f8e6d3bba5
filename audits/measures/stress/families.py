"""The families of changes to texts: what each may change, and what becomes of it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from audits.measures.resampling import generator
from audits.measures.stress import letters
from audits.measures.stress.choosing import Ranked, characters_of, chosen, words_of
from audits.measures.stress.corpus import Corpus, Edits, Mask, Places, edited
from audits.measures.stress.names import TEXT_FAMILIES

# A change of what a family does to texts is a new number: kept predictions are then not those of it any more.
VERSION = 1


@dataclass(frozen=True)
class Family:
    """One kind of change; what the names mean stands in ``names``.

    Attributes:
        unit: what severity is a share of, ``character`` or ``word``.
        origin: ``natural`` where people and machines make it without meaning to, ``crafted`` where somebody has to.
        ranked: all that it changes in some texts at the hardest severity, in a random order.
    """

    name: str
    unit: str
    origin: str
    ranked: Callable[[Corpus, np.random.Generator], Ranked]


def at_severities(family: Family, corpus: Corpus, severities: Sequence[int], *, seed: int) -> dict[int, Corpus]:
    """The texts at each severity from 0 to 5; at 0 as they are. What one changes the next changes too."""
    found = family.ranked(corpus, generator(seed, "stress", family.name))
    return {
        severity: corpus if severity == 0 else edited(corpus, found.at(severity, corpus)) for severity in severities
    }


def _replacing(
    of: Callable[[str], Sequence[str]],
    *,
    where: Callable[[Corpus], Mask] | None = None,
    whole_words: bool = False,
    by_word: bool = False,
) -> Callable[[Corpus, np.random.Generator], Ranked]:
    """Single characters become something else, each by itself or all of a word together."""

    def ranked(corpus: Corpus, random: np.random.Generator) -> Ranked:
        lists, own = corpus.options(of)
        counts = np.array([len(one) for one in lists], dtype=np.int64)
        able = (counts > 0)[own]
        if where is not None:
            able &= where(corpus)
        if whole_words:
            able &= corpus.in_word
        units = words_of(corpus) if by_word or whole_words else characters_of(corpus)
        at = np.flatnonzero(able)
        at, rank = _of_words(corpus, at, units, random) if whole_words else _of_places(corpus, at, units, random)
        # every option of every different character in one table
        pool = [text for one in lists for text in one] or [""]
        lengths = np.array([len(text) for text in pool], dtype=np.int64)
        table = np.zeros((len(pool), max(1, int(lengths.max()))), dtype=np.uint32)
        for number, text in enumerate(pool):
            table[number, : len(text)] = [ord(one) for one in text]
        first = np.cumsum(counts) - counts
        pick = first[own[at]] + (random.random(len(at)) * counts[own[at]]).astype(np.int64)
        return Ranked(Edits(at, np.ones(len(at), dtype=np.int64), table[pick], lengths[pick]), rank, units)

    return ranked


def _of_places(corpus: Corpus, at: Places, units: Places, random: np.random.Generator) -> tuple[Places, Places]:
    """Some characters, each by itself, with their ranks."""
    found, rank = chosen(corpus.owner[at], units, random)
    return at[found], rank


def _of_words(corpus: Corpus, at: Places, units: Places, random: np.random.Generator) -> tuple[Places, Places]:
    """The characters of some words, all of one word with its rank."""
    word = corpus.word[at]
    begins = np.ones(len(word), dtype=bool)
    begins[1:] = word[1:] != word[:-1]
    found, rank = chosen(corpus.owner[at[begins]], units, random)
    of_each = np.full(int(begins.sum()), -1, dtype=np.int64)
    of_each[found] = rank
    ranks = of_each[np.cumsum(begins) - 1]
    return at[ranks >= 0], ranks[ranks >= 0]


def _swapping(corpus: Corpus, random: np.random.Generator) -> Ranked:
    """Two letters beside each other in a word change places; of three letters in a row only one pair may."""
    size = len(corpus.characters)
    together = np.zeros(size, dtype=bool)
    together[:-1] = (corpus.word[:-1] == corpus.word[1:]) & corpus.in_word[:-1]
    together[:-1] &= corpus.characters[:-1] != corpus.characters[1:]
    starts = np.flatnonzero(corpus.word_starts)
    within = np.arange(size) - np.where(corpus.in_word, starts[corpus.word] if len(starts) else 0, 0)
    odd = (random.random(len(starts)) < 0.5) & (corpus.word_lengths > 2)
    shift = np.where(corpus.in_word, odd[corpus.word], False) if len(starts) else np.zeros(size, dtype=bool)
    units = characters_of(corpus)
    at, rank = _of_places(corpus, np.flatnonzero(together & (within % 2 == shift)), units, random)
    put = np.stack([corpus.characters[at + 1], corpus.characters[at]], axis=1) if len(at) else np.zeros((0, 2), "u4")
    two = np.full(len(at), 2, dtype=np.int64)
    return Ranked(Edits(at, two, put.astype(np.uint32), two), rank, units)


def _in_long_words(corpus: Corpus) -> Mask:
    """Letters of words of three and more: what is left of a shorter one would be no word."""
    if not len(corpus.word_lengths):
        return np.zeros(len(corpus.characters), dtype=bool)
    return corpus.in_word & (corpus.word_lengths[corpus.word] > 2)


def _within_words(corpus: Corpus) -> Mask:
    return corpus.in_word & ~corpus.word_ends


def _between_words(corpus: Corpus) -> Mask:
    """Blanks with a word on both sides."""
    here = np.zeros(len(corpus.characters), dtype=bool)
    same = corpus.owner[2:] == corpus.owner[:-2]
    here[1:-1] = corpus.in_word[:-2] & corpus.in_word[2:] & same
    return here


def _is_letter(one: str) -> bool:
    return unicodedata.category(one)[0] == "L"


def _deleted(one: str) -> tuple[str, ...]:
    return ("",) if _is_letter(one) else ()


def _doubled(one: str) -> tuple[str, ...]:
    return (one + one,) if _is_letter(one) else ()


def _unseen(one: str) -> tuple[str, ...]:
    return tuple(one + mark for mark in letters.INVISIBLE) if _is_letter(one) else ()


def _blank(one: str) -> tuple[str, ...]:
    return tuple(blank for blank in letters.BLANKS if blank != one) if one in " \t\n" else ()


def _closed(one: str) -> tuple[str, ...]:
    return ("",) if one == " " else ()


def _split(one: str) -> tuple[str, ...]:
    return (one + " ",) if _is_letter(one) else ()


def _marked(one: str) -> tuple[str, ...]:
    return tuple(one + mark for mark in letters.MARKS)


def _unmarked(one: str) -> tuple[str, ...]:
    return ("",) if unicodedata.category(one)[0] == "P" else ()


def _yo(one: str) -> tuple[str, ...]:
    return {"ё": ("е",), "Ё": ("Е",)}.get(one, ())


_CHANGES: dict[str, Callable[[Corpus, np.random.Generator], Ranked]] = {
    "keyboard_typos": _replacing(letters.neighbours),
    "transpositions": _swapping,
    "deletions": _replacing(_deleted, where=_in_long_words),
    "doubled_letters": _replacing(_doubled),
    "ocr_confusions": _replacing(letters.misread),
    "flipped_case": _replacing(letters.flipped_case),
    "upper_case": _replacing(letters.upper_case, whole_words=True),
    "lower_case": _replacing(letters.lower_case, whole_words=True),
    "other_blanks": _replacing(_blank, by_word=True),
    "lost_spaces": _replacing(_closed, where=_between_words, by_word=True),
    "split_words": _replacing(_split, where=_within_words, by_word=True),
    "added_punctuation": _replacing(_marked, where=lambda c: c.word_ends, by_word=True),
    "lost_punctuation": _replacing(_unmarked, by_word=True),
    "other_punctuation": _replacing(letters.other_mark, by_word=True),
    "lost_diacritics": _replacing(letters.without_marks, by_word=True),
    "yo_as_ye": _replacing(_yo, by_word=True),
    "decomposed_letters": _replacing(letters.decomposed, by_word=True),
    "homoglyphs": _replacing(letters.look_alikes),
    "invisible_characters": _replacing(_unseen),
    "full_width_letters": _replacing(letters.wide),
}
FAMILIES = {name: Family(name, *TEXT_FAMILIES[name], change) for name, change in _CHANGES.items()}
