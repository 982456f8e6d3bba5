"""English: which of two meanings a form has. Where no rule is sure, nothing is said."""

from __future__ import annotations

from collections.abc import Sequence

from audits.measures.counterfactual.words import Word, words_in

# Words that begin a sentence and are no names.
COMMON_FIRST = words_in(
    """
    a an the this that these those my your our their its his her he she it we they you i who what where when why how
    and but or so yet if while because although though as since until after before at by for from in into of on to
    with without under over during between through about there here then now today yesterday tomorrow once again
    sometimes often usually always never maybe perhaps however therefore still just even only also not no yes please
    some any many most all each every both few several one two three another other everyone everybody someone
    somebody nobody people is are was were do does did can could will would should may might must have has had let
    according despite unlike like ask tell give meet see look call say think know
    """
)
# After "her" or "his" these begin something else, so the form stands for a person or a thing, not before a noun.
_FUNCTION_WORDS = words_in(
    """
    a an the and or but nor so yet if when while because although though that who which what where how why as than
    at by for from in into of off on onto out over to under up with without about after before against around is are
    was were am be been being has have had do does did will would can could may might shall should must i you he she
    it we they me him us them not never always again today yesterday tomorrow now then here there too this these
    those
    """
)
_PREPOSITIONS = words_in(
    """
    at by for from in into of off on onto out over under with without about against around between behind beside
    near through toward towards like
    """
)
_TIMES = words_in(
    """
    today yesterday tomorrow now then again once twice monday tuesday wednesday thursday friday
    """
)


def object_or_possessive(words: Sequence[Word], at: int, text: str) -> str | None:
    """What "her" is at position ``at``: "object" (him), "possessive" (his), or None where no rule is sure.

    >>> from audits.measures.counterfactual.words import words_of
    >>> def told(text):
    ...     words = words_of(text)
    ...     at = [word.lower for word in words].index("her")
    ...     return object_or_possessive(words, at, text)
    >>> told("I saw her."), told("Her car broke."), told("with her friend"), told("saw her at home")
    ('object', 'possessive', 'possessive', 'object')
    >>> told("I gave her books")
    """
    if _ends_here(words, at, text):
        return "object"
    following = words[at + 1].lower
    if following == "own":
        return "possessive"
    if following in _FUNCTION_WORDS:
        return "object"
    if words[at].first:
        return "possessive"
    if words[at - 1].lower in _PREPOSITIONS and following not in _TIMES:
        return "possessive"
    return None


def determiner_or_pronoun(words: Sequence[Word], at: int, text: str) -> str | None:
    """What "his" is at position ``at``: "possessive" (her), "pronoun" (hers), or None where no rule is sure.

    >>> from audits.measures.counterfactual.words import words_of
    >>> def told(text):
    ...     words = words_of(text)
    ...     at = [word.lower for word in words].index("his")
    ...     return determiner_or_pronoun(words, at, text)
    >>> told("It is his."), told("his car"), told("His is red")
    ('pronoun', 'possessive', 'pronoun')
    """
    if _ends_here(words, at, text):
        return "pronoun"
    return "pronoun" if words[at + 1].lower in _FUNCTION_WORDS else "possessive"


def _ends_here(words: Sequence[Word], at: int, text: str) -> bool:
    """Whether the word is the last of its clause: nothing follows but a stop."""
    if at + 1 == len(words):
        return True
    between = text[words[at].end : words[at + 1].start]
    return between.strip(" \t") != ""


def meaning(words: Sequence[Word], at: int, text: str) -> str | None:
    """The slot of an English pronoun with several meanings, or None where no rule is sure."""
    if words[at].lower == "her":
        return object_or_possessive(words, at, text)
    if words[at].lower == "his":
        return determiner_or_pronoun(words, at, text)
    return None
