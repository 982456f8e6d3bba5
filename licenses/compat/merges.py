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

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from licenses import questions
from licenses.catalogue import Licence
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

    ``latent``: it begins with distribution, and the profile's mode is none. ``first``: no branch brings both, so it is
    here that the two meet.
    """

    code: str
    one: Brought
    other: Brought
    latent: bool
    first: bool = True


@lru_cache(maxsize=65_536)
def asks(term: Term, relations: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """What a licence asks of the work that it is part of: words that are clear, and words of a cautious reading."""
    clear: set[str] = set()
    cautious: set[str] = set()
    # A relation that nobody stated is taken for the one that reaches furthest.
    for relation in {DERIVATIVE[0] if one == UNSTATED else one for one in relations} or DERIVATIVE[:1]:
        reach = questions.reach_of(term.licence, relation)
        (cautious if reach.unclear else clear).update(_ASKS & set(reach.words))
    return frozenset(clear), frozenset(cautious - clear)


@lru_cache(maxsize=65_536)
def carried(brought: Brought, relation: str) -> Brought:
    """The same licence one hop nearer to the work that combines: of the relations, those that change what it asks."""
    relations = brought.relations | {relation}
    kept = relations
    for one in sorted(relations, reverse=True):
        fewer = kept - {one}
        if fewer and asks(brought.term, fewer) == asks(brought.term, relations):
            kept = fewer
    return Brought(brought.term, kept)


@lru_cache(maxsize=4_096)
def may_ask(term: Term) -> bool:
    """Whether a licence asks anything of a combined work along any derivative relation."""
    return any(any(asks(term, frozenset({relation}))) for relation in DERIVED)


def clashes(branches: Iterable[Iterable[Brought]], profile: Profile, *, content: bool = False) -> tuple[Clash, ...]:
    """All clashes between licences that come by different branches, each pair of licences once.

    Args:
        branches: what each directly combined work brings, its own licences included. Their order does not matter.
        profile: the use; its strictness decides what cautious readings count for.
        content: the artefact is itself output.
    """
    asking = (frozenset(one for one in branch if any(asks(*one))) for branch in branches)
    alike: dict[frozenset[Brought], int] = {}
    for branch in asking:
        if branch:
            # Two branches that bring the same say what many such branches say.
            alike[branch] = min(2, alike.get(branch, 0) + 1)
    return _clashes(frozenset(alike.items()), profile, content)


@lru_cache(maxsize=4_096)
def _clashes(alike: frozenset[tuple[frozenset[Brought], int]], profile: Profile, content: bool) -> tuple[Clash, ...]:
    branches = [branch for branch, times in alike for _ in range(times)]
    by: dict[Brought, set[int]] = {}
    by_licence: dict[Licence, set[int]] = {}
    for at, branch in enumerate(branches):
        for brought in branch:
            by.setdefault(brought, set()).add(at)
            by_licence.setdefault(brought.term.licence, set()).add(at)
    order = sorted(by, key=_order)
    same, terms = ({one for one in order if word in frozenset().union(*asks(*one))} for word in ("same", "terms"))
    found: dict[tuple[str, str], Clash] = {}
    for at, one in enumerate(order):
        for other in order[at + 1 :]:
            # Nothing clashes without a licence that asks for itself, or two agreements that follow.
            if not (one in same or other in same or (one in terms and other in terms)):
                continue
            if by[one] == by[other] and len(by[one]) == 1:
                continue
            clash = pair(one, other, profile, content)
            if clash is None:
                continue
            key = (one.term.licence.id, other.term.licence.id)
            known = found.get(key)
            if known is None or _weight(clash) > _weight(known):
                first = not (by_licence[one.term.licence] & by_licence[other.term.licence])
                found[key] = clash._replace(first=first)
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
