"""Several works combined in one: can what they ask for hold together?

Judged at every work that combines others (merge, several bases, a collection), over the licences that each branch
brings with it: those of the branch and of all that the branch was itself derived from. Pairs are of distinct licences,
so thirty bases under two licences are one pair. Like ``licenses.compat.edges`` without names.

Two licences that each ask for the same licence clash unless one text serves both; a licence that asks for itself
clashes with terms, restrictions of use or a limit to non-commercial use that it does not have itself. Two different
agreements that each follow the whole are not compared: that is counsel's to say. Restrictions that one's own terms may
carry add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from licenses import questions
from licenses.expressions import Term
from licenses.findings import RANK, severity
from licenses.lineage import DERIVED, UNSTATED
from licenses.profiles import Profile
from licenses.questions import DERIVATIVE

_ASKS = frozenset({"same", "terms", "flow", "nc", "computational"})
_TERM = "copyleft"


class Brought(NamedTuple):
    """A licence that a branch brings into a combined work, and the derivative relations on its way there."""

    term: Term
    relations: frozenset[str]


class Clash(NamedTuple):
    """Two licences that cannot hold for one work (C-MERGE), may not (W-UNCLEAR), or are counsel's to compare (U-MERGE).

    ``latent``: it begins with distribution, and the profile's mode is none.
    """

    code: str
    one: Brought
    other: Brought
    latent: bool


@lru_cache(maxsize=65_536)
def asks(term: Term, relations: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """What a licence asks of the work that it is part of: words that are clear, and words of a cautious reading."""
    clear: set[str] = set()
    cautious: set[str] = set()
    for relation in sorted(relations - {UNSTATED}) or DERIVATIVE[:1]:
        reach = questions.reach_of(term.licence, relation)
        (cautious if reach.unclear else clear).update(_ASKS & set(reach.words))
    return frozenset(clear), frozenset(cautious - clear)


@lru_cache(maxsize=4_096)
def may_ask(term: Term) -> bool:
    """Whether a licence asks anything of a combined work along any derivative relation."""
    return any(any(asks(term, frozenset({relation}))) for relation in DERIVED)


def clashes(branches: Sequence[Iterable[Brought]], profile: Profile, *, content: bool = False) -> tuple[Clash, ...]:
    """All clashes between licences that come by different branches, each pair of licences once.

    Args:
        branches: what each directly combined work brings, its own licences included.
        profile: the use; its strictness decides what cautious readings count for.
        content: the artefact is itself output.
    """
    by: dict[Brought, set[int]] = {}
    for at, branch in enumerate(branches):
        for brought in branch:
            if any(asks(*brought)):
                by.setdefault(brought, set()).add(at)
    order = sorted(by, key=_order)
    found: dict[tuple[str, str], Clash] = {}
    for at, one in enumerate(order):
        for other in order[at + 1 :]:
            if by[one] == by[other] and len(by[one]) == 1:
                continue
            clash = pair(one, other, profile, content)
            if clash is None:
                continue
            key = (one.term.licence.id, other.term.licence.id)
            known = found.get(key)
            if known is None or _weight(clash) > _weight(known):
                found[key] = clash
    return tuple(found.values())


@lru_cache(maxsize=65_536)
def pair(one: Brought, other: Brought, profile: Profile, content: bool = False) -> Clash | None:
    """Two licences in one work; None where nothing keeps them apart."""
    (clear, cautious), (clear_other, cautious_other) = asks(*one), asks(*other)
    everything = (clear | cautious, clear_other | cautious_other)
    if profile.strictness == "strict":
        clear, clear_other = everything
    code = _clash(one.term, clear, other.term, clear_other)
    if not code and profile.strictness == "conservative" and _clash(one.term, everything[0], other.term, everything[1]):
        code = "W-UNCLEAR"
    if not code:
        return None
    # What asks for itself does so when the work is passed on; so do agreements that follow.
    both = list(zip((one, other), everything, strict=True))
    asking = [each for each, words in both if "same" in words] or [one, other]
    binds = any(questions.distributes(each.term.licence, DERIVATIVE[0], profile, content=content) for each in asking)
    return Clash(code, one, other, latent=not binds)


def _clash(one: Term, asked: frozenset[str], other: Term, asked_other: frozenset[str]) -> str:
    if "same" in asked and "same" in asked_other:
        return {True: "", None: "U-MERGE", False: "C-MERGE"}[_one_text_serves(one, other)]
    for mine, theirs in ((asked, asked_other), (asked_other, asked)):
        if "same" in mine and (theirs & {"terms", "flow", "computational"} or theirs & {"nc"} > mine & {"nc"}):
            return "C-MERGE"
    if "terms" in asked and "terms" in asked_other and one.licence is not other.licence:
        return "U-MERGE"
    return ""


def _one_text_serves(one: Term, other: Term) -> bool | None:
    """Whether some licence satisfies both; None where the table cannot tell."""
    if one.licence is other.licence:
        return True if one.exception == other.exception else None
    if one.exception or other.exception:
        return None
    serves = [{each.licence.id, *(clause.value for clause in each.licence.says("compatible"))} for each in (one, other)]
    if serves[0] & serves[1]:
        return True
    # "Or later" may reach a licence that the table does not order by version.
    return None if one.or_later or other.or_later else False


def _order(brought: Brought) -> tuple[object, ...]:
    term = brought.term
    return term.licence.id, term.exception, term.or_later, sorted(brought.relations)


def _weight(clash: Clash) -> tuple[bool, int]:
    return not clash.latent, RANK[severity(clash.code)]
