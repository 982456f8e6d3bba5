"""Whether a name stands in a text: as whole words, whatever its case and layout."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from licenses import texts
from licenses.evidence import MET, OPEN, UNSEEN, Evidence

_WORD = re.compile(r"[^\W_]+")
# Texts up to this length may be names, and names come again.
_NAME = 200


def names_of(work: str) -> list[str]:
    """How an upstream may be called in a text: its full id, and its name where that is long enough to tell."""
    name = work.rsplit("/", 1)[-1]
    return [work, name] if len(plain(name)) >= 4 else [work]


def looked_for(evidence: Evidence, wanted: Iterable[str], *, in_name: bool = False) -> str:
    """Whether card or NOTICE, and where that is asked for the work's own name, mention one of several names."""
    places = [*(evidence.notice_texts or ()), *([evidence.card_text] if evidence.card_text is not None else [])]
    if in_name and evidence.name is not None:
        places.append(evidence.name)
    if mentioned(places, wanted):
        return MET
    return UNSEEN if evidence.card_text is None or evidence.notices_cut else OPEN


def mentioned(places: Iterable[str], names: Iterable[str]) -> bool:
    """Whether one of the names stands in one of the texts as whole words; case and layout do not count."""
    said = [words_of(place) for place in places if place]
    if not said:
        return False
    wanted = [words for words in map(words_of, names) if words.strip()]
    return any(words in place for place in said for words in wanted)


def words_of(text: str) -> str:
    """The words of a text in their normal form, a space before and after each."""
    # A deep chain asks for the same names and looks through the same notices again and again.
    return _words_of_name(text) if len(text) <= _NAME else _words_of_text(text[: texts.MAX_LENGTH])


@lru_cache(maxsize=8192)
def _words_of_name(text: str) -> str:
    return _read_words(text)


@lru_cache(maxsize=16)
def _words_of_text(text: str) -> str:
    return _read_words(text)


def _read_words(text: str) -> str:
    words = _WORD.findall(texts.normalise(text))
    return f" {' '.join(words)} "


def plain(text: str) -> str:
    """The letters and digits of a name, whatever their case."""
    return "".join(char for char in text.casefold() if char.isalnum())
