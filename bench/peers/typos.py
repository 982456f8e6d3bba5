"""Keyboard typos as nlpaug 1.1.11 makes them (Ma 2019, MIT), set to the same work and its fastest: one character in a
share of the words becomes a neighbour on an English keyboard, no word is gone through twice, nothing else changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def nlpaug_typos(rate: float) -> Callable[[Sequence[str]], list[str]] | None:
    """What makes typos in a share of the characters of texts; None where it is not installed (requirements/dev.in)."""
    try:
        from nlpaug.augmenter.char import KeyboardAug
    except ImportError:
        return None
    # the words of the benchmark have four letters: a share of the letters is four times that share of the words
    augmenter = KeyboardAug(
        aug_char_max=1,
        aug_word_p=min(1.0, 4 * rate),
        aug_word_max=None,
        include_special_char=False,
        include_numeric=False,
        include_upper_case=False,
        min_char=1,
    )
    return lambda texts: augmenter.augment(list(texts))
