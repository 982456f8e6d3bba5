"""Where a policy asks for something, in words: its ``applicableIf``, as far as words can say it."""

from __future__ import annotations

import re
from functools import lru_cache

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from governance.policies.expressions import atoms
from governance.web.templatetags.words import look_up

# Facts whose values are words of the product, with the family in which they are looked up.
_FAMILIES = {"stage": "stage", "use_case.tier": "tier", "subject.kind": "kind"}
_FACT = r"(?P<fact>[a-z_]+(?:\.[a-z_]+)?)"
_TEXT = r"""(?:"[^"\\]*"|'[^'\\]*')"""
_ATOMS = {
    "known": re.compile(rf"has\(\s*{_FACT}\s*\)"),
    "is": re.compile(rf"{_FACT}\s*==\s*(?P<said>{_TEXT})"),
    "is_not": re.compile(rf"{_FACT}\s*!=\s*(?P<said>{_TEXT})"),
    "one_of": re.compile(rf"{_FACT}\s+in\s+\[(?P<said>\s*{_TEXT}(?:\s*,\s*{_TEXT})*\s*)\]"),
}
_JOINED = re.compile(rf"&&|\|\||{_TEXT}")


def in_words(condition: str) -> str | None:
    """A condition as part of a sentence in the language in force; None where it says more than these words can."""
    return _in_words(get_language(), condition)


@lru_cache(maxsize=1000)
def _in_words(language: str | None, condition: str) -> str | None:
    joints = {found for found in _JOINED.findall(condition) if found in ("&&", "||")}
    parts = [_atom(part) for part in atoms(condition)]
    if len(joints) > 1 or not parts or None in parts:
        return None
    read = [part for part in parts if part is not None]
    if joints != {"||"}:
        # that a fact is known goes without saying where it is said what it is
        told = {fact for how, fact, _said in read if how in ("is", "one_of")}
        read = [one for one in read if one[0] != "known" or one[1] not in told]
    sentences = [_sentence(how, fact, said) for how, fact, said in read]
    if None in sentences:
        return None
    between = _(" or ") if joints == {"||"} else _(" and ")
    return between.join(str(one) for one in sentences)


def _atom(text: str) -> tuple[str, str, tuple[str, ...]] | None:
    for how, pattern in _ATOMS.items():
        if found := pattern.fullmatch(text):
            said = re.findall(_TEXT, found.groupdict().get("said") or "")
            return how, found["fact"], tuple(one[1:-1] for one in said)
    return None


def _sentence(how: str, fact: str, said: tuple[str, ...]) -> str | None:
    what = {
        "subject.task": _("the task"),
        "subject.library": _("the library"),
        "subject.kind": _("the kind of entry"),
        "subject.id": _("the entry"),
        "stage": _("the stage"),
        "use_case.tier": _("the risk tier"),
        "use_case.slug": _("the use case"),
    }.get(fact)
    if what is None:
        return None
    family = _FAMILIES.get(fact)
    values = [str(look_up(one, family).label).lower() if family else _("“%(name)s”") % {"name": one} for one in said]
    told = {"what": what, "value": ", ".join(map(str, values))}
    return {
        "known": _("%(what)s is known"),
        "is": _("%(what)s is %(value)s"),
        "is_not": _("%(what)s is not %(value)s"),
        "one_of": _("%(what)s is one of %(value)s"),
    }[how] % told
