"""Many texts as one array of characters, and many small changes to them at once."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Characters = npt.NDArray[np.uint32]
Places = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

# Half of a surrogate pair may stand in a text that came out of JSON; it is kept as it is.
_CODING, _ERRORS = "utf-32-le", "surrogatepass"


@dataclass(frozen=True)
class Corpus:
    """Texts one after another.

    Attributes:
        characters: code points, shape (characters,).
        begins: where each text begins, and at last where the last one ends; shape (texts + 1,).
    """

    characters: Characters
    begins: Places

    def __len__(self) -> int:
        return len(self.begins) - 1

    @cached_property
    def owner(self) -> Places:
        """The number of the text that each character is of, shape (characters,)."""
        return np.repeat(np.arange(len(self), dtype=np.int64), np.diff(self.begins))

    @cached_property
    def _alphabet(self) -> tuple[list[str], Places]:
        # one mark for each code point there may be: faster than sorting the characters
        seen = np.zeros(int(self.characters.max(initial=0)) + 1, dtype=bool)
        seen[self.characters] = True
        found = np.flatnonzero(seen)
        number = np.zeros(len(seen), dtype=np.int64)
        number[found] = np.arange(len(found))
        return [chr(point) for point in found.tolist()], number[self.characters]

    def where(self, holds: Callable[[str], bool]) -> Mask:
        """Which characters are such, shape (characters,); asked once for each different one."""
        alphabet, codes = self._alphabet
        return np.fromiter(map(holds, alphabet), dtype=bool, count=len(alphabet))[codes]

    def counted(self, which: Mask) -> Places:
        """How many characters of each text are among these, shape (texts,)."""
        upto = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(which)])[self.begins]
        found: Places = upto[1:] - upto[:-1]
        return found

    def options(self, of: Callable[[str], Sequence[str]]) -> tuple[list[Sequence[str]], Places]:
        """What each different character may become, and for each character which of these lists is its own."""
        alphabet, codes = self._alphabet
        return [of(one) for one in alphabet], codes

    @cached_property
    def in_word(self) -> Mask:
        """Letters, marks on them and digits, shape (characters,)."""
        return self.where(lambda one: unicodedata.category(one)[0] in "LMN")

    @cached_property
    def word_starts(self) -> Mask:
        """The first character of every word."""
        before = np.zeros_like(self.in_word)
        before[1:] = self.in_word[:-1] & (self.owner[1:] == self.owner[:-1])
        return self.in_word & ~before

    @cached_property
    def word(self) -> Places:
        """The number of the word that a character is of, -1 outside; shape (characters,)."""
        return np.where(self.in_word, np.cumsum(self.word_starts) - 1, -1)

    @cached_property
    def word_lengths(self) -> Places:
        """Characters of each word, shape (words,)."""
        return np.bincount(self.word[self.in_word], minlength=int(self.word_starts.sum())).astype(np.int64)

    @cached_property
    def word_ends(self) -> Mask:
        """The last character of every word."""
        after = np.zeros_like(self.in_word)
        after[:-1] = self.in_word[1:] & (self.owner[1:] == self.owner[:-1])
        return self.in_word & ~after

    def texts(self) -> list[str]:
        """The texts as they are read."""
        whole = self.characters.astype("<u4", copy=False).tobytes().decode(_CODING, _ERRORS)
        ends = self.begins.tolist()
        return [whole[begin:end] for begin, end in zip(ends, ends[1:], strict=False)]


def corpus_of(texts: Sequence[str]) -> Corpus:
    """Texts as one array; ``corpus_of(texts).texts() == texts``."""
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    characters = np.frombuffer("".join(texts).encode(_CODING, _ERRORS), dtype="<u4").astype(np.uint32)
    return Corpus(characters, np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)]))


@dataclass(frozen=True)
class Edits:
    """Characters that are taken out and what is put in their place; by ``at``, none over another, none over two texts.

    Attributes:
        at: the first character that is taken out, shape (edits,).
        removed: how many are, at least one; shape (edits,).
        put: what stands there instead, shape (edits, longest); ``length`` of it counts, shape (edits,).
    """

    at: Places
    removed: Places
    put: Characters
    length: Places

    def __len__(self) -> int:
        return len(self.at)

    def those(self, which: Mask) -> Edits:
        """Some of them."""
        return Edits(self.at[which], self.removed[which], self.put[which], self.length[which])


def edited(corpus: Corpus, edits: Edits) -> Corpus:
    """The texts with all changes made."""
    if (edits.removed == 1).all() and (edits.length == 1).all():
        characters = corpus.characters.copy()
        characters[edits.at] = edits.put[:, 0]
        return Corpus(characters, corpus.begins)
    kept = np.ones(len(corpus.characters), dtype=bool)
    for behind in range(int(edits.removed.max(initial=1))):
        kept[edits.at[edits.removed > behind] + behind] = False
    becomes = kept.astype(np.int64)
    becomes[edits.at] = edits.length
    ends = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(becomes)])
    characters = np.empty(int(ends[-1]), dtype=np.uint32)
    characters[ends[:-1][kept]] = corpus.characters[kept]
    edit = np.repeat(np.arange(len(edits)), edits.length)
    within = np.arange(len(edit)) - np.repeat(np.cumsum(edits.length) - edits.length, edits.length)
    characters[ends[edits.at[edit]] + within] = edits.put[edit, within]
    return Corpus(characters, ends[corpus.begins])
