"""Limits on the licensee: what a licence does not grant to this user, in this place, for this use."""

from __future__ import annotations

from collections.abc import Iterator

from licenses import terms
from licenses.findings import Ruling
from licenses.questions import DERIVATIVE, SELF, Question, reach_column, reach_of

# Whose bytes are part of what runs or is published.
_CONTAINS = frozenset({SELF, "finetune", "merge", "quantized", "includes", "adapted"})
_HOSTED = frozenset({SELF, *DERIVATIVE, "served_in"})
# Relations where the upstream itself is what the profile's purpose is pursued with.
_DIRECT_USE = frozenset({SELF, "finetune", "merge", "quantized", "served_in", "generated_by", "code"})


def rulings(q: Question) -> Iterator[Ruling]:
    """All limits that the profile meets, or that it does not say enough about."""
    yield from _territory(q)
    yield from _user_cap(q)
    yield from _revenue_cap(q)
    yield from _hosting(q)
    yield from _field(q)
    yield from scope_of_use(q)
    yield from restrictions_on_use(q)
    yield from _passing_on(q)


def _territory(q: Question) -> Iterator[Ruling]:
    term, excluded = "territory_excl", terms.exclusion(q.licence.territory_excl)
    if not excluded.places:
        return
    by_domicile = any(clause.value == "domicile" for clause in q.licence.says("territory_basis"))
    places = q.profile.territory
    if by_domicile and q.profile.domicile is not None:
        places = q.profile.domicile
    if places is None:
        yield Ruling("U-FACT", term, q.licence, "territory")
        return
    hit = places & excluded.places
    if not hit and terms.WORLD not in places:
        return
    if excluded.applies == "multimodal":
        if q.modalities is None:
            yield Ruling("U-FACT", term, q.licence, "modalities")
            return
        if not {word.strip().casefold() for word in q.modalities} - {"text"}:
            return
    if hit or not by_domicile:
        yield Ruling("C-TERRITORY", term, q.licence, ", ".join(sorted(hit or excluded.places)))
    else:
        # The world is where something is offered, not where somebody is at home.
        yield Ruling("U-FACT", term, q.licence, "domicile")


def _user_cap(q: Question) -> Iterator[Ruling]:
    cap, basis = q.licence.mau_cap, terms.cap_basis(q.licence.mau_basis)
    if cap is None or (basis.commercial_only and q.profile.purpose == "research"):
        return
    users = q.profile.mau
    if basis.at_release:
        if q.profile.mau_at_release is not None:
            users = q.profile.mau_at_release
        elif users is not None and users > cap:
            # Today's users alone do not decide a cap that was frozen at a date.
            yield Ruling("U-FACT", "mau_cap", q.licence, "mau_at_release")
            return
    if users is None:
        yield Ruling("U-FACT", "mau_cap", q.licence, "mau")
    elif users > cap:
        yield Ruling("C-USERCAP", "mau_cap", q.licence, str(cap))


def _revenue_cap(q: Question) -> Iterator[Ruling]:
    cap = q.licence.revenue_cap_usd_year
    if cap is None:
        return
    if q.profile.revenue_usd_year is None:
        yield Ruling("U-FACT", "revenue_cap_usd_year", q.licence, "revenue_usd_year")
    elif q.profile.revenue_usd_year > cap:
        yield Ruling("C-REVCAP", "revenue_cap_usd_year", q.licence, str(cap))


def _hosting(q: Question) -> Iterator[Ruling]:
    hosts = q.profile.mode == "saas" or (q.relation == "served_in" and q.profile.mode not in (None, "internal"))
    if not hosts or q.relation not in _HOSTED:
        return
    if q.licence.hosted == "ban":
        yield Ruling("C-HOST", "hosted", q.licence)
    elif q.licence.hosted == "c" and q.profile.strictness != "legalistic":
        yield Ruling("W-UNCLEAR", "hosted", q.licence, "a hosted service is granted on conditions")


def _field(q: Question) -> Iterator[Ruling]:
    if not q.licence.field_excl:
        return
    given = [set(one.casefold().split()) for one in q.profile.field or ()]
    for excluded in q.licence.field_excl:
        words = set(excluded.casefold().split())
        if any(field and (field <= words or words <= field) for field in given):
            yield Ruling("C-FIELD", "field_excl", q.licence, excluded)
    # Free text that does not match clears nothing; the restriction stays one to be kept.
    yield Ruling("O-AUP", "field_excl", q.licence, "; ".join(q.licence.field_excl))


def scope_of_use(q: Question) -> Iterator[Ruling]:
    """Whether the licence grants use for the profile's purpose; along training only as far as its reach says."""
    reach = reach_of(q.licence, q.relation)
    scope = q.licence.use
    if scope in ("computational", "training-only") and q.relation not in ("train_on", "distill", "outputs"):
        yield Ruling("O-AUP", "use", q.licence, scope)
    if scope not in ("nc", "research"):
        if "nc" not in reach.words:
            return
        scope = "nc"
    if q.profile.purpose == "research":
        return
    direct = q.relation in _DIRECT_USE or (q.relation == "adapter" and q.profile.mode in ("internal", "saas"))
    firm = direct or ("nc" in reach.words and not reach.unclear) or q.profile.strictness == "strict"
    if q.profile.purpose is None:
        yield Ruling("U-FACT", "use", q.licence, "purpose")
    elif firm:
        yield Ruling("C-RESEARCH" if scope == "research" else "C-NC", "use", q.licence)
    elif q.profile.strictness == "conservative":
        yield Ruling("W-TRAIN-NC", reach_column(q.relation), q.licence)


def restrictions_on_use(q: Question) -> Iterator[Ruling]:
    """Restrictions on what the work may be used for, as something to be kept."""
    restrictions = q.licence.use_restrictions
    if restrictions == "unstated":
        if q.profile.strictness != "legalistic":
            yield Ruling("W-UNCLEAR", "use_restrictions", q.licence, "the table does not say whether use is restricted")
    elif restrictions != "none":
        yield Ruling("O-AUP", "use_restrictions", q.licence, restrictions)


def _passing_on(q: Question) -> Iterator[Ruling]:
    """Whether the work may be passed on at all, by this licensee, in the form that it has."""
    mode = q.profile.mode or ""
    if q.relation not in _CONTAINS or not (mode == "sublicense" or mode.startswith("redistribute_")):
        return
    if mode == "redistribute_outputs" and not q.content:
        return
    answers = [("redistribute", q.licence.redistribute, "redistribution")]
    if mode == "sublicense":
        answers.append(("sublicense", q.licence.sublicense, "sublicensing"))
    for term, answer, what in answers:
        if answer == "n":
            yield Ruling("C-REDIST-BAN", term, q.licence, what)
        elif answer in ("c", "unstated") and q.profile.strictness != "legalistic":
            yield Ruling("W-UNCLEAR", term, q.licence, f"{what} is {'conditional' if answer == 'c' else 'unstated'}")
