"""Making counterfactual texts and their controls: from texts as they are, or from templates with slots. Plain Python.

Every text has one original, a counterfactual for each other identity, and a control: the same identity after an edit
of the same kind, at the same place where the set has another form of the same group, else at the nearest word of a pair
that changes nobody. What cannot be changed for sure is left out and counted with the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from audits.measures.counterfactual import english, russian
from audits.measures.counterfactual.swaps import SwapSet
from audits.measures.counterfactual.words import Edit, Word, edited, in_case_of, same_length_class, words_of
from audits.measures.naming import listed, quoted
from audits.measures.templates import (
    TemplateRejected,
    combinations,
    filled,
    items,
    only_keys,
    require_bounded,
    slots_from,
    slots_of,
    text_of,
    wrong,
)

HEAD = ("text_id", "template", "identity", "swap", "text", "role", "edits")
ORIGINAL, COUNTERFACTUAL, CONTROL = "original", "counterfactual", "control"
_KEYS = ("templates", "slots")

Row = tuple[str, str, str, str, str, str, int]


@dataclass
class Made:
    """How many texts became what: ``texts`` read, ``used``, ``without_control``, and ``skipped`` by reason."""

    texts: int = 0
    used: int = 0
    without_control: int = 0
    skipped: Counter[str] = field(default_factory=Counter)

    def as_document(self) -> dict[str, object]:
        return {
            "texts": self.texts,
            "used": self.used,
            "without_control": self.without_control,
            "skipped": dict(sorted(self.skipped.items())),
        }


@dataclass(frozen=True)
class Found:
    """A form of an identity in a text: which words, of which term."""

    first: int
    last: int
    term: int
    identity: str


class Skipped(Exception):
    """A text that cannot be changed for sure; the message is the reason's name."""


def from_texts(texts: Iterable[tuple[str, str, str]], swaps: SwapSet, made: Made) -> Iterator[Row]:
    """Rows of ``HEAD`` from (text_id, template, text); ``made`` is filled in on the way.

    Reasons to leave a text out: "no_term" (it names nobody of the set), "several_identities", "ambiguous_form" (a form
    with several meanings that no rule tells apart), "possible_name" (a word that may be a name, which would have to
    change too), "agreement_unknown" (an ending that may have to follow), "compound_word", "stop_word".
    """
    for text_id, template, text in texts:
        made.texts += 1
        try:
            rows = list(_variants(text_id, template, text, swaps))
        except Skipped as skipped:
            made.skipped[str(skipped)] += 1
            continue
        made.used += 1
        made.without_control += rows[-1][5] != CONTROL
        yield from rows


def templates_from(document: object) -> tuple[list[str], dict[str, tuple[str, ...]]]:
    """A file of templates, as parsed from YAML or JSON: a list of texts, or a mapping with templates and slots.

    Returns:
        The templates, and what fills slots that the set does not know.

    Raises:
        TemplateRejected: a key is unknown, or a value is no text.
    """
    given = document if isinstance(document, Mapping) else {"templates": document}
    only_keys(given, _KEYS, "a file of templates")
    templates = [text_of(one, f"template {at}") for at, one in enumerate(items(given.get("templates"), "templates"), 1)]
    if not templates:
        raise wrong("templates", "a list with at least one text")
    slots = given.get("slots")
    return templates, slots_from({} if slots is None else slots, "slots")


def from_templates(
    templates: Sequence[str], swaps: SwapSet, made: Made, *, slots: Mapping[str, Sequence[str]] | None = None
) -> Iterator[Row]:
    """Rows of ``HEAD`` from templates with slots: {subject}, {possessive}, … of the set, others from ``slots``.

    Each combination of other slots is a text; the identity of its original goes round, so that every identity is the
    original equally often.

    Raises:
        TemplateRejected: a slot has no values, no slot is one of the set, or there are too many texts.
    """
    by_slot = {term.slot: term for term in swaps.terms if term.slot is not None}
    variants = len(swaps.identities)
    require_bounded([((one,), variants) for one in templates], slots or {}, (), what="texts")
    number = 0
    for place, template in enumerate(templates, 1):
        names = slots_of(template)
        own = [name for name in names if name in by_slot and name not in (slots or {})]
        if not own:
            raise TemplateRejected(
                "template_names_nobody",
                f"template {place} has no slot of {quoted(swaps.name)}; its slots are {listed(sorted(by_slot))}",
            )
        able = [name for name in swaps.identities if all(name in by_slot[slot].forms for slot in own)]
        if len(able) < 2:
            raise TemplateRejected("template_names_one", f"template {place} has slots that only one identity can fill")
        others = [name for name in names if name not in own]
        for values in combinations(others, slots or {}, ()):
            number += 1
            made.texts += 1
            made.used += 1
            original = able[(number - 1) % len(able)]
            rows = list(_filled(str(number), str(place), template, swaps, values, own, able, original))
            made.without_control += rows[-1][5] != CONTROL
            yield from rows


def _filled(
    text_id: str,
    template_id: str,
    template: str,
    swaps: SwapSet,
    values: Mapping[str, str],
    own: Sequence[str],
    able: Sequence[str],
    original: str,
) -> Iterator[Row]:
    by_slot = {term.slot: term for term in swaps.terms if term.slot is not None}

    def variant(identity: str, *, form: int = 0) -> str:
        forms = {name: by_slot[name].forms[identity] for name in own}
        chosen = {name: each[form] if form < len(each) else each[0] for name, each in forms.items()}
        return filled(template, {**values, **chosen}, language=swaps.language)

    text = variant(original)
    yield (text_id, template_id, original, swaps.name, text, ORIGINAL, 0)
    for identity in able:
        if identity != original:
            yield (text_id, template_id, identity, swaps.name, variant(identity), COUNTERFACTUAL, len(own))
    pairs = [by_slot[name].forms[original] for name in own]
    alternative = [forms for forms in pairs if len(forms) > 1 and same_length_class(forms[0], forms[1])]
    if alternative:
        yield (text_id, template_id, original, swaps.name, variant(original, form=1), CONTROL, len(alternative))
        return
    words = words_of(text)
    edits = _neutral_edits(words, swaps, near=_place(template, own[0]), avoid=(), most=len(own))
    if edits:
        yield (
            text_id,
            template_id,
            original,
            swaps.name,
            edited(text, edits, language=swaps.language),
            CONTROL,
            len(edits),
        )


def _place(template: str, slot: str) -> int:
    """Roughly where a slot stands in a text."""
    return max(template.find("{" + slot + "}"), template.find("[" + slot + "]"), 0)


def _variants(text_id: str, template: str, text: str, swaps: SwapSet) -> Iterator[Row]:
    words = words_of(text)
    found = _found(text, words, swaps)
    _require_sure(text, words, found, swaps)
    original = found[0].identity
    yield (text_id, template, original, swaps.name, text, ORIGINAL, 0)
    made = 0
    for identity in swaps.identities:
        if identity == original or not all(identity in swaps.terms[one.term].forms for one in found):
            continue
        edits = [_edit(text, words, one, swaps.terms[one.term].forms[identity][0]) for one in found]
        edits += _agreeing(text, words, found, swaps, identity)
        new = edited(text, edits, language=swaps.language)
        yield (text_id, template, identity, swaps.name, new, COUNTERFACTUAL, len(edits))
        made += 1
    if not made:
        raise Skipped("no_term")
    edits = _control_edits(text, words, found, swaps)
    if edits:
        yield (
            text_id,
            template,
            original,
            swaps.name,
            edited(text, edits, language=swaps.language),
            CONTROL,
            len(edits),
        )


def _found(text: str, words: Sequence[Word], swaps: SwapSet) -> list[Found]:
    """The forms of the set in a text, longest first where they overlap, each with one meaning."""
    found = []
    at = 0
    while at < len(words):
        size, meanings = _longest(text, words, at, swaps)
        if not meanings:
            at += 1
            continue
        sure = len(meanings) == 1 and not _several_meanings(words[at], swaps)
        term, identity = meanings[0] if sure else _meaning(text, words, at, meanings, swaps)
        found.append(Found(at, at + size - 1, term, identity))
        at += size
    if not found:
        raise Skipped("no_term")
    if len({one.identity for one in found}) > 1:
        raise Skipped("several_identities")
    return found


def _longest(text: str, words: Sequence[Word], at: int, swaps: SwapSet) -> tuple[int, tuple[tuple[int, str], ...]]:
    for size in range(min(swaps.longest, len(words) - at), 0, -1):
        part = words[at : at + size]
        if any(text[one.end : other.start] != " " for one, other in zip(part, part[1:], strict=False)):
            continue
        if meanings := swaps.phrases.get(tuple(word.lower for word in part)):
            return size, meanings
    return 0, ()


def _several_meanings(word: Word, swaps: SwapSet) -> bool:
    """Whether a form of the set also says something that the set does not know."""
    return swaps.rule == "russian_gender" and word.lower in russian.SEVERAL_MEANINGS


def _meaning(
    text: str, words: Sequence[Word], at: int, meanings: Sequence[tuple[int, str]], swaps: SwapSet
) -> tuple[int, str]:
    if len({identity for _, identity in meanings}) > 1:
        raise Skipped("ambiguous_form")
    slot = None
    if swaps.rule == "english_pronouns":
        slot = english.meaning(words, at, text)
    elif swaps.rule == "russian_gender":
        slot = russian.meaning(words, at)
    for term, identity in meanings:
        if slot is not None and swaps.terms[term].slot == slot:
            return term, identity
    raise Skipped("ambiguous_form")


def _require_sure(text: str, words: Sequence[Word], found: Sequence[Found], swaps: SwapSet) -> None:
    inside = {at for one in found for at in range(one.first, one.last + 1)}
    for one in found:
        before, after = text[: words[one.first].start][-1:], text[words[one.last].end :][:1]
        if before in ("-", "_") or after in ("-", "_"):
            raise Skipped("compound_word")
    for at, word in enumerate(words):
        if word.lower in swaps.stop:
            raise Skipped("stop_word")
        if swaps.skip_names and at not in inside and _may_be_name(word, swaps.language):
            raise Skipped("possible_name")


def _may_be_name(word: Word, language: str) -> bool:
    """A word with a large letter that may be a name; at the beginning of a sentence all but common words may."""
    common = {"en": english.COMMON_FIRST, "ru": russian.COMMON_FIRST}.get(language, frozenset())
    if word.first and word.lower in common:
        return False
    return word.text[0].isupper() and word.text != "I" and not (len(word.text) > 1 and word.text.isupper())


def _edit(text: str, words: Sequence[Word], one: Found, new: str) -> Edit:
    start, end = words[one.first].start, words[one.last].end
    old = text[start:end]
    if one.first == one.last and len(old) == 1 and old.isupper() and not words[one.first].first:
        return Edit(start, end, new)
    return Edit(start, end, in_case_of(old, new))


def _agreeing(text: str, words: Sequence[Word], found: Sequence[Found], swaps: SwapSet, identity: str) -> list[Edit]:
    """What else has to change with the identity."""
    if swaps.rule != "russian_gender":
        return []
    if identity not in (russian.MALE, russian.FEMALE):
        raise Skipped("agreement_unknown")
    nouns = [one for one in found if swaps.terms[one.term].slot in (None, "person", "child")]
    if not all(russian.stands_alone(words, one.first) for one in nouns):
        raise Skipped("agreement_unknown")
    subjects = [one.last for one in found if swaps.terms[one.term].slot in ("subject", "person", "child")]
    found_agreement = russian.agreement(text, words, subjects, to=identity)
    if found_agreement.reason:
        raise Skipped(found_agreement.reason)
    return list(found_agreement.edits)


def _control_edits(text: str, words: Sequence[Word], found: Sequence[Found], swaps: SwapSet) -> list[Edit]:
    """Edits that leave the identity what it is: another form of the same group, else pairs that change nobody."""
    same_group = []
    for one in found:
        old = text[words[one.first].start : words[one.last].end]
        forms = swaps.terms[one.term].forms[one.identity]
        other = next((form for form in forms if form.lower() != old.lower() and same_length_class(form, old)), None)
        if other is not None:
            same_group.append(_edit(text, words, one, other))
    if same_group:
        return same_group
    avoid = {at for one in found for at in range(one.first, one.last + 1)}
    return _neutral_edits(words, swaps, near=words[found[0].first].start, avoid=avoid, most=len(found))


def _neutral_edits(
    words: Sequence[Word], swaps: SwapSet, *, near: int, avoid: Collection[int], most: int
) -> list[Edit]:
    """Words of neutral pairs replaced by their partners, the nearest to a place first."""
    edits = []
    for at, word in enumerate(words):
        other = swaps.neutral.get(word.lower)
        if other is not None and at not in avoid and same_length_class(word.text, other):
            edits.append(Edit(word.start, word.end, in_case_of(word.text, other)))
    return sorted(edits, key=lambda one: (abs(one.start - near), one.start))[: max(most, 1)]
