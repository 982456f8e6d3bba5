"""Sets of swaps: identities, the forms in which texts name them, and pairs of words that change nobody.

The repository has none with names of people or with slurs; a user's own file may have what they need:

    name: gender
    language: en
    identities: [female, male]
    rule: english_pronouns      # optional: how forms that mean several things are told apart
    names: skip                 # texts with a word that may be a name are left out; or keep
    forms:
      - {slot: subject, female: she, male: he}
      - {female: [woman, lady], male: [man, gentleman]}   # the first is used, the others are controls
    neutral: [[big, large], [quick, fast]]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources

import yaml

from audits.measures.naming import quoted
from audits.measures.templates import TemplateRejected, items, only_keys, text_of, wrong

SHIPPED = (
    *("gender_en", "age_en", "disability_en", "orientation_en", "nationality_en", "spelling_en"),
    *("gender_ru", "spelling_ru"),
)
RULES = ("english_pronouns", "russian_gender")
_KEYS = ("name", "language", "source", "identities", "rule", "names", "stop", "forms", "neutral")
MAX_IDENTITIES = 20
MAX_FORMS = 5_000
MAX_FORM = 200
MAX_WORDS = 10


@dataclass(frozen=True)
class Term:
    """One thing that can be said of each identity: the ways to say it, the usual one first.

    ``in_texts`` is False for what fills slots only, because in a text it may be said of something else.
    """

    slot: str | None
    forms: Mapping[str, tuple[str, ...]]
    in_texts: bool = True


@dataclass(frozen=True)
class SwapSet:
    """A set of swaps, read and checked. ``phrases`` maps a form, in small letters, to (term, identity) pairs."""

    name: str
    language: str
    identities: tuple[str, ...]
    terms: tuple[Term, ...]
    neutral: Mapping[str, str]
    rule: str | None = None
    skip_names: bool = False
    stop: frozenset[str] = frozenset()
    phrases: Mapping[tuple[str, ...], tuple[tuple[int, str], ...]] = field(default_factory=dict)

    @cached_property
    def longest(self) -> int:
        """Words of the longest form."""
        return max((len(phrase) for phrase in self.phrases), default=0)


def shipped(name: str) -> SwapSet:
    """A set that comes with the product.

    Raises:
        TemplateRejected: there is none of that name.
    """
    if name not in SHIPPED:
        raise TemplateRejected("swaps_unknown", f"no set of swaps {quoted(name)}; shipped are {', '.join(SHIPPED)}")
    written = resources.files(__package__).joinpath("sets", f"{name}.yaml").read_text(encoding="utf-8")
    return swaps_from(yaml.safe_load(written))


def swaps_from(document: object) -> SwapSet:
    """Read a set of swaps, as parsed from YAML or JSON.

    Raises:
        TemplateRejected: a key is unknown or missing, a form names no identity of the set, or the rule is unknown.
    """
    if not isinstance(document, Mapping):
        raise wrong("a set of swaps", "a mapping with 'name', 'identities' and 'forms'")
    only_keys(document, _KEYS, "a set of swaps")
    name, language = _text(document.get("name"), "name"), _text(document.get("language") or "en", "language")
    identities = tuple(_text(one, "identities") for one in items(document.get("identities"), "identities"))
    if not 2 <= len(set(identities)) == len(identities) <= MAX_IDENTITIES:
        raise wrong("identities", f"a list of two to {MAX_IDENTITIES} different names")
    terms = tuple(_term(one, identities) for one in items(document.get("forms"), "forms"))
    if not 0 < len(terms) <= MAX_FORMS:
        raise wrong("forms", f"a list of one to {MAX_FORMS} mappings from identity to form")
    rule = document.get("rule")
    if rule is not None and rule not in RULES:
        raise wrong("rule", " or ".join(RULES))
    names = document.get("names") or "keep"
    if names not in ("skip", "keep"):
        raise wrong("names", "skip or keep")
    stop = items(document.get("stop") or (), "stop")
    return SwapSet(
        name=name,
        language=language,
        identities=identities,
        terms=terms,
        neutral=_neutral(document.get("neutral") or ()),
        rule=rule,
        skip_names=names == "skip",
        stop=frozenset(_text(word, "stop").lower() for word in stop),
        phrases=_phrases(terms),
    )


def _term(given: object, identities: Sequence[str]) -> Term:
    if not isinstance(given, Mapping):
        raise wrong("forms", "a list of mappings from identity to form")
    slot = given.get("slot")
    forms = {str(name): _forms(value) for name, value in given.items() if name not in ("slot", "in_texts")}
    if stray := sorted(set(forms) - set(identities)):
        raise TemplateRejected("identity_unknown", f"{quoted(stray[0])} is not among the identities of the set")
    if len(forms) < 2:
        raise wrong("forms", "mappings that name at least two identities each")
    in_texts = given.get("in_texts", True)
    if not isinstance(in_texts, bool):
        raise wrong("in_texts", "true or false")
    return Term(None if slot is None else _text(slot, "slot"), forms, in_texts)


def _forms(given: object) -> tuple[str, ...]:
    if isinstance(given, str):
        return (_text(given, "forms"),)
    made = tuple(_text(one, "forms") for one in items(given, "forms"))
    if not made:
        raise wrong("forms", "texts, or lists of texts")
    return made


def _neutral(given: object) -> dict[str, str]:
    """Each word of a pair to the other."""
    made: dict[str, str] = {}
    for pair in items(given, "neutral"):
        both = [_text(one, "neutral") for one in items(pair, "neutral")]
        if len(both) != 2:
            raise wrong("neutral", "a list of pairs of words")
        for word, other in (both, both[::-1]):
            made.setdefault(word.lower(), other)
    return made


def _phrases(terms: Sequence[Term]) -> dict[tuple[str, ...], tuple[tuple[int, str], ...]]:
    made: dict[tuple[str, ...], list[tuple[int, str]]] = {}
    for number, term in enumerate(terms):
        for identity, forms in term.forms.items() if term.in_texts else ():
            for form in forms:
                meanings = made.setdefault(tuple(form.lower().split()), [])
                if (number, identity) not in meanings:
                    meanings.append((number, identity))
    return {phrase: tuple(meanings) for phrase, meanings in made.items()}


def _text(given: object, where: str) -> str:
    made = text_of(given, where).strip()
    if len(made) > MAX_FORM or len(made.split()) > MAX_WORDS:
        raise wrong(where, f"texts of at most {MAX_WORDS} words and {MAX_FORM} characters")
    return made
