"""Sentences with slots, and what fills them. Plain Python; texts only."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence

# {name} and [NAME]: the second is how HateCheck writes its templates.
_SLOT = re.compile(r"\{([A-Za-z][A-Za-z0-9_]*)\}|\[([A-Z][A-Z0-9_]*)\]")
_ARTICLE = re.compile(r"\b(a|an)( +)$", re.IGNORECASE)
# Written with a vowel and spoken with a consonant, and the other way round: the beginnings of words.
_SPOKEN_WITH_CONSONANT = re.compile(r"(?:eu|ew|one\b|once|u(?:k|ni(?!n|m)|s[aeiu]|ti|biq|rin|ranium))", re.IGNORECASE)
_SPOKEN_WITH_VOWEL = re.compile(r"(?:heir|honest|honou?r|hour)", re.IGNORECASE)


class TemplateRejected(ValueError):
    """The file of templates or swaps cannot be used; ``code`` for programs, the message says how to mend it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def slots_of(template: str) -> list[str]:
    """The names of the slots of a template, each once, in order.

    >>> slots_of("{person} saw [IDENTITY_P] and {person}.")
    ['person', 'IDENTITY_P']
    """
    return list(dict.fromkeys(found[1] or found[2] for found in _SLOT.finditer(template)))


def filled(template: str, values: Mapping[str, str], *, language: str) -> str:
    """A template with its slots filled. The first letter of a sentence that begins with a slot is made large.

    In English ``a`` or ``an`` before a slot follows what fills it.

    Raises:
        TemplateRejected: a slot has no value.
    """
    made, at = "", 0
    for found in _SLOT.finditer(template):
        name = found[1] or found[2]
        if name not in values:
            raise TemplateRejected("slot_not_filled", f"the slot {name!r} has no values; give it some under slots")
        made += template[at : found.start()]
        value = values[name]
        if language == "en":
            made = with_article(made, value)
        made += value[:1].upper() + value[1:] if begins_sentence(made) else value
        at = found.end()
    return made + template[at:]


def begins_sentence(before: str) -> bool:
    """Whether what follows ``before`` is the first word of a sentence.

    >>> [begins_sentence(text) for text in ("", "Stop. ", "He said ", '"')]
    [True, True, False, True]
    """
    return re.search(r"(?:^|[.!?…][\"'»”)]*\s+)[\"'«“(¿¡]*$", before) is not None  # noqa: RUF001 - real quotes


def with_article(before: str, word: str) -> str:
    """English text before a word, its article made to agree with it.

    >>> with_article("She is a ", "engineer"), with_article("An ", "user"), with_article("the ", "aunt")
    ('She is an ', 'A ', 'the ')
    """
    found = _ARTICLE.search(before)
    if found is None:
        return before
    article = "an" if spoken_with_vowel(word) else "a"
    if found[1][0].isupper():
        article = article.capitalize()
    return before[: found.start()] + article + found[2]


def spoken_with_vowel(word: str) -> bool:
    """Whether an English word begins with the sound of a vowel.

    >>> [spoken_with_vowel(word) for word in ("apple", "hour", "user", "European", "uncle", "MP")]
    [True, True, False, False, True, True]
    """
    if _SPOKEN_WITH_VOWEL.match(word):
        return True
    if _SPOKEN_WITH_CONSONANT.match(word):
        return False
    first = word.split()[0] if word.split() else word
    if len(first) > 1 and first.isupper() and first.isalpha() and len(first) <= 3:
        return first[0] in "AEFHILMNORSX"
    return word[:1].lower() in "aeiou"


def combinations(
    names: Sequence[str], values: Mapping[str, Sequence[str]], together: Sequence[Sequence[str]]
) -> Iterator[dict[str, str]]:
    """All ways to fill some slots. Slots of one group in ``together`` take their values side by side.

    Raises:
        TemplateRejected: a slot has no values, or slots that go together have different numbers of them.
    """
    for name in names:
        if not values.get(name):
            raise TemplateRejected("slot_not_filled", f"the slot {name!r} has no values; give it some under slots")
    groups: list[list[str]] = []
    for name in names:
        with_it = next((list(group) for group in together if name in group), [name])
        wanted = [other for other in with_it if other in names]
        if wanted not in groups:
            groups.append(wanted)
    axes: list[list[dict[str, str]]] = []
    for group in groups:
        lengths = {len(values[name]) for name in group}
        if len(lengths) > 1:
            raise TemplateRejected(
                "slots_of_different_length", f"the slots {', '.join(group)} go together and need equally many values"
            )
        axes.append(
            [dict(zip(group, each, strict=True)) for each in zip(*(values[name] for name in group), strict=True)]
        )
    for chosen in itertools.product(*axes):
        made: dict[str, str] = {}
        for part in chosen:
            made |= part
        yield made
