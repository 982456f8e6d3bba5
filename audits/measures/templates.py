"""Sentences with slots, what fills them, and the files in which people write both. Plain Python; texts only."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from audits.measures.naming import listed, quoted

# A model has to answer every text, and somebody has to read some of them.
MAX_TEXTS = 500_000
MAX_CHARACTERS = 100_000_000
MAX_SLOTS = 50
MAX_TEMPLATE = 20_000

# {name} and [NAME]: the second is how HateCheck writes its templates.
_SLOT = re.compile(r"\{([A-Za-z][A-Za-z0-9_]*)\}|\[([A-Z][A-Z0-9_]*)\]")
_ARTICLE = re.compile(r"\b(a|an)( +)$", re.IGNORECASE)
# Written with a vowel and spoken with a consonant, and the other way round: the beginnings of words.
_SPOKEN_WITH_CONSONANT = re.compile(
    r"(?:eu|ew|one\b|once|u(?:k|ganda|ni(?!n|m)|s[aeiu]|ti|biq|rin|ranium))", re.IGNORECASE
)
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
            raise _not_filled(name)
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
    axes = [
        [dict(zip(group, each, strict=True)) for each in zip(*(values[name] for name in group), strict=True)]
        for group in _axes(names, values, together)
    ]
    for chosen in itertools.product(*axes):
        made: dict[str, str] = {}
        for part in chosen:
            made |= part
        yield made


def require_bounded(
    templates: Iterable[tuple[Sequence[str], int]],
    values: Mapping[str, Sequence[str]],
    together: Sequence[Sequence[str]],
    *,
    what: str,
) -> None:
    """Count what templates would make, before anything is made.

    Args:
        templates: for each its texts (which are filled with the same values), and how many others are made of it.
        values: of slots.
        together: slots that take their values side by side.
        what: they make, in the plural.

    Raises:
        TemplateRejected: more than ``MAX_TEXTS``, more than ``MAX_CHARACTERS`` in them, too many slots in one
            template, or slots that cannot be filled.
    """
    made = characters = 0
    for texts, others in templates:
        names = list(dict.fromkeys(name for text in texts for name in slots_of(text)))
        if len(names) > MAX_SLOTS:
            raise TemplateRejected("too_many_slots", f"a template has {len(names):,} slots, at most {MAX_SLOTS} can be")
        if (longest := max(map(len, texts))) > MAX_TEMPLATE:
            raise TemplateRejected(
                "template_too_long", f"a template has {longest:,} characters, at most {MAX_TEMPLATE:,} can be"
            )
        wanted = [name for name in names if name in values]
        ways = math.prod(len(values[group[0]]) for group in _axes(wanted, values, together))
        filling = sum(max(map(len, values[name])) for name in wanted)
        made += ways * (len(texts) + others)
        characters += ways * (sum(map(len, texts)) + filling) * (1 + others)
    if made > MAX_TEXTS:
        raise TemplateRejected(
            f"too_many_{what}",
            f"the templates make {_told(made)} {what}, at most {MAX_TEXTS:,} can be; use fewer values",
        )
    if characters > MAX_CHARACTERS:
        raise TemplateRejected(
            "too_much_text",
            f"the templates make {_told(characters)} characters, at most {MAX_CHARACTERS:,} can be; use fewer values",
        )


def _told(number: int) -> str:
    return f"{number:,}" if number < 10**18 else f"more than 10^{len(str(number)) - 1}"


def _axes(
    names: Sequence[str], values: Mapping[str, Sequence[str]], together: Sequence[Sequence[str]]
) -> list[list[str]]:
    """Slots that are filled on their own, and groups of them that are filled side by side."""
    for name in names:
        if not values.get(name):
            raise _not_filled(name)
    groups: list[list[str]] = []
    for name in names:
        with_it = next((list(group) for group in together if name in group), [name])
        wanted = [other for other in with_it if other in names]
        if wanted not in groups:
            groups.append(wanted)
    for group in groups:
        if len(group) == 1 and len(set(values[group[0]])) < len(values[group[0]]):
            raise TemplateRejected("value_twice", f"the slot {quoted(group[0])} has a value twice; keep one of them")
        if len({len(values[name]) for name in group}) > 1:
            raise TemplateRejected(
                "slots_of_different_length", f"the slots {listed(group)} go together and need equally many values"
            )
    return groups


def _not_filled(name: str) -> TemplateRejected:
    return TemplateRejected("slot_not_filled", f"the slot {quoted(name)} has no values; give it some under slots")


def only_keys(given: Mapping[Any, Any], known: Sequence[str], where: str) -> None:
    """Raises TemplateRejected for a key that nobody reads: it would be a wish that nobody grants."""
    if stray := sorted(str(key) for key in given if key not in known):
        raise TemplateRejected("key_unknown", f"{where} has no key {quoted(stray[0])}; known: {', '.join(known)}")


def wrong(where: str, wanted: str) -> TemplateRejected:
    return TemplateRejected("value_wrong", f"{where} must be {wanted}")


def items(given: object, where: str) -> Sequence[Any]:
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise wrong(where, "a list")
    return given


def text_of(given: object, where: str) -> str:
    """A text with something in it."""
    if not isinstance(given, str) or not given.strip():
        raise wrong(where, "a text; put yes and no in quotes")
    return given


def cell(given: object, where: str) -> str:
    """A text or a number, as it is written into a table."""
    if isinstance(given, bool) or not isinstance(given, (str, int, float)):
        raise wrong(where, "a text; put yes and no in quotes")
    return str(given)


def slots_from(given: object, where: str) -> dict[str, tuple[str, ...]]:
    """What fills slots: a mapping of each slot to a list of texts.

    Raises:
        TemplateRejected: it is none.
    """
    if not isinstance(given, Mapping):
        raise wrong(where, "a mapping of each slot to a list of texts")
    return {
        str(name): tuple(cell(one, f"{where}: {quoted(name)}") for one in items(values, f"{where}: {quoted(name)}"))
        for name, values in given.items()
    }
