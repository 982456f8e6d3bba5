"""The rules: what one licence of the table says about one relation to one artefact, for one profile.

Every rule reads columns; none knows a licence by name. Limits on the licensee come first (territory, users, revenue,
hosting, field, scope of use), then what the licence asks of a work that was made from it (its reach).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from licenses import catalogue, terms
from licenses.cases import Profile
from licenses.catalogue import Licence
from licenses.expressions import Term
from licenses.findings import Ruling
from licenses.terms import Reach

SELF = "self"
"""The relation of an artefact to its own declared licence: it is used, or passed on unchanged."""

DERIVATIVE = ("finetune", "adapter", "merge", "quantized")
RELATIONS = (*DERIVATIVE, "distill", "outputs", "train_on", "includes", "adapted", "generated_by", "served_in", "code")

# Whose bytes are part of what runs or is published.
_CONTAINS = frozenset({SELF, "finetune", "merge", "quantized", "includes", "adapted"})
_HOSTED = frozenset({SELF, *DERIVATIVE, "served_in"})
# Relations where the upstream itself is what the profile's purpose is pursued with.
_DIRECT_USE = frozenset({SELF, "finetune", "merge", "quantized", "served_in", "generated_by", "code"})
_MODIFIES = frozenset({*DERIVATIVE, "distill", "adapted"})
_TRAINING = frozenset({*DERIVATIVE, "distill", "outputs", "train_on"})
# Words of a reach that ask something of the declared licence of the artefact.
_FOLLOWS = ("same", "terms", "flow", "computational", "nc")
_NOTHING = Reach(False, ("none",))


@dataclass(frozen=True, slots=True)
class Question:
    """One licence, one relation, one artefact's declared licence, one profile.

    ``declared`` is None where the artefact's licence is not a row of the table; ``reviewed`` says that a person read
    it, ``carries`` that the artefact's own terms hold the upstream's use restrictions. ``content`` marks an artefact
    that is itself output (text, images). ``same_family``: the artefact is also derived from a work under this licence.
    ``modalities`` are those of the work under ``term`` (None: not known).
    """

    term: Term
    relation: str
    profile: Profile
    declared: Term | None = None
    reviewed: bool = False
    carries: bool = False
    content: bool = False
    same_family: bool = False
    modalities: tuple[str, ...] | None = None

    @property
    def licence(self) -> Licence:
        return self.term.licence

    @property
    def distributes(self) -> bool:
        """Whether the mode is distribution under this licence; obligations that begin with it bind only then."""
        return _distributes(self.licence, self.relation, self.profile, content=self.content)


@lru_cache(maxsize=65_536)
def judge(question: Question) -> tuple[Ruling, ...]:
    """All rulings on a question, in the order of the procedure."""
    return tuple(_judge(question))


def reach_of(licence: Licence, relation: str) -> Reach:
    """The reach of a licence along a relation; ``none`` for relations that are judged by other columns."""
    if relation == "includes":
        return licence.reach_dataset_inclusion
    if relation == "adapted":
        # An adaptation is a derivative; data licences, which know no fine-tuning, speak of it as inclusion.
        if "na" in licence.reach_finetune.words:
            return licence.reach_dataset_inclusion
        return licence.reach_finetune
    if relation in terms.RELATIONS_WITH_REACH:
        reach: Reach = getattr(licence, f"reach_{relation}")
        return reach
    return _NOTHING


def _judge(q: Question) -> Iterator[Ruling]:
    if q.term.exception:
        yield Ruling("W-EXCEPTION", "license", q.licence, q.term.exception)
    if q.licence.is_own:
        yield from _own(q)
        return
    yield from _territory(q)
    yield from _user_cap(q)
    yield from _revenue_cap(q)
    yield from _hosting(q)
    yield from _field(q)
    yield from _scope_of_use(q)
    yield from _restrictions_on_use(q)
    yield from _passing_on(q)
    if q.relation == "code":
        yield from _code(q)
    elif q.relation == "generated_by":
        yield from _generated(q)
    elif q.relation == SELF:
        yield from _obligations(q)
    elif q.relation == "served_in":
        if q.distributes:
            yield from _obligations(q)
    else:
        yield from _reach(q)


def _distributes(licence: Licence, relation: str, profile: Profile, *, content: bool) -> bool:
    mode = profile.mode
    if mode in (None, "internal"):
        return False
    if mode == "saas" or relation == "served_in":
        return licence.hosted in ("dist", "network_src") or (
            licence.hosted == "c" and profile.strictness != "legalistic"
        )
    if mode == "redistribute_outputs":
        return content or relation == "generated_by"
    return True


def _own(q: Question) -> Iterator[Ruling]:
    """An owner's declaration for their own work: silent for the owner, no grant for anybody else."""
    if q.relation != SELF:
        yield Ruling("U-TERM", "family", q.licence, "an owner's declaration says nothing to others")
    elif q.profile.actor == "licensee":
        yield Ruling("C-NO-LICENSE", "family", q.licence, "its licence is its owner's own declaration")
    elif q.profile.actor == "unstated":
        yield Ruling("U-FACT", "actor", q.licence, "actor")


# --- limits on the licensee ----------------------------------------------------------------------------------------
def _territory(q: Question) -> Iterator[Ruling]:
    term, excluded = "territory_excl", terms.exclusion(q.licence.territory_excl)
    if not excluded.places:
        return
    by_domicile = any(clause.value == "domicile" for clause in catalogue.clauses(q.licence, "territory_basis"))
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


def _scope_of_use(q: Question) -> Iterator[Ruling]:
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
        yield Ruling("W-TRAIN-NC", _column(q.relation), q.licence)


def _restrictions_on_use(q: Question) -> Iterator[Ruling]:
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


# --- what follows a work that was made from it ---------------------------------------------------------------------
def _reach(q: Question) -> Iterator[Ruling]:
    reach, column = reach_of(q.licence, q.relation), _column(q.relation)
    if {"unknown", "na"} & set(reach.words):
        yield Ruling("U-TERM", column, q.licence, "the table has no reading for this relation")
        return
    if reach.words == ("none",) or (reach.unclear and q.profile.strictness == "legalistic"):
        return
    if reach.unclear and q.profile.strictness == "conservative":
        yield from _cautious(q, reach, column)
        return
    for word in reach.words:
        yield from _word(q, word, column)
    if set(reach.words) & {"notice", *_FOLLOWS, "nd"}:
        yield from _obligations(q, copyleft="same" in reach.words, flow="flow" in reach.words)


def _word(q: Question, word: str, column: str) -> Iterator[Ruling]:
    """One word of a reach that binds."""
    latent = not q.distributes
    if word in _FOLLOWS:
        yield from _carried(q, word, column)
    elif word == "nd":
        yield Ruling("C-ND", column, q.licence, latent=latent)
    elif word == "banned":
        yield Ruling("C-REDIST-BAN", column, q.licence, "inclusion in another work", latent)
    elif word == "no-compete" and not (q.licence.train_with_outputs == "no_other_llm" and q.same_family):
        yield Ruling("C-NOCOMPETE", "train_with_outputs", q.licence)
    elif word == "name-prefix":
        yield Ruling("C-NAME", "name_prefix", q.licence, q.licence.name_prefix, latent)
    elif word == "badge":
        yield Ruling("O-BADGE", "badge", q.licence, q.licence.badge, latent)


def _carried(q: Question, word: str, column: str) -> Iterator[Ruling]:
    """Whether the artefact's declared licence carries on what ``word`` asks for."""
    if q.declared is None and not q.reviewed:
        return
    what, carried = {
        "same": ("", _is_compatible),
        "terms": ("the agreement itself", _is_same),
        "flow": ("the use restrictions", _carries_restrictions),
        "computational": ("the limit to computational use", _is_same),
        "nc": ("the limit to non-commercial use", _is_no_broader),
    }[word]
    answer, latent = carried(q), not q.distributes
    if answer is None:
        yield Ruling("U-TERM", column, q.licence, "the declared licence may or may not carry it", latent)
    elif not answer:
        code = "C-LAUNDER"
        if word == "same" and q.licence.copyleft in ("sharealike", "db-sharealike"):
            code = "C-SA"
        elif word == "same" and q.licence.copyleft not in ("use-restrictions", "model-terms", "research-terms"):
            code = "C-COPYLEFT"
        yield Ruling(code, column, q.licence, what or "the licence itself", latent)


def _is_same(q: Question) -> bool | None:
    if q.declared is None or q.declared.licence is not q.licence:
        return False
    if q.declared.exception != q.term.exception or (q.declared.or_later and not q.term.or_later):
        return None
    return True


def _is_compatible(q: Question) -> bool | None:
    same = _is_same(q)
    if same is not False or q.declared is None:
        return same
    if q.term.exception or q.declared.exception:
        return None
    named = {clause.value for clause in catalogue.clauses(q.licence, "compatible")}
    if q.declared.licence.id in named:
        return True
    # "Or later" may reach a licence that the table does not order by version.
    return None if q.term.or_later else False


def _carries_restrictions(q: Question) -> bool | None:
    if q.carries or _is_same(q):
        return True
    if q.declared is None or q.declared.licence.use_restrictions in ("", "none"):
        return False
    # Restrictions of another text: nobody has compared the two.
    return None


_BREADTH = {"": 0, "none": 0, "research": 1, "nc": 2, "computational": 3, "training-only": 3, "any": 3}


def _is_no_broader(q: Question) -> bool | None:
    """A licence that grants no more use than the upstream did does not hide the upstream's limit."""
    if q.declared is None:
        return None
    return _BREADTH[q.declared.licence.use] <= _BREADTH["research" if q.licence.use == "research" else "nc"]


def _cautious(q: Question, reach: Reach, column: str) -> Iterator[Ruling]:
    """The text is silent: what a cautious reader would keep to, as warnings."""
    latent, trained = not q.distributes, q.relation in _TRAINING
    for word in reach.words:
        if word == "nd":
            yield Ruling("W-TRAIN-ND" if trained else "W-UNCLEAR", column, q.licence, "sharing the result", latent)
        elif word in ("same", "terms", "flow", "computational"):
            for ruling in _carried(q, word, column):
                code = "W-TRAIN-SA" if trained and word == "same" else "W-UNCLEAR"
                yield Ruling(code, column, q.licence, f"whether {ruling.value or 'the licence'} follows", latent)
    if q.licence.attribution in ("y", "c"):
        yield Ruling("O-ATTRIB", "attribution", q.licence, latent=latent)


_DUTIES = (
    ("O-ATTRIB", "attribution"),
    ("O-LICENSE-COPY", "licence_copy"),
    ("O-NOTICE", "notice_file"),
    ("O-STATE-CHANGES", "state_changes"),
    ("O-SOURCE", "disclose_source"),
    ("O-FLOW", "flow_down"),
)


def _obligations(q: Question, *, copyleft: bool = False, flow: bool = False) -> Iterator[Ruling]:
    """What the licence asks for when the work is passed on; latent while the mode is no distribution."""
    latent, modifies = not q.distributes, q.relation in _MODIFIES
    for code, column in _DUTIES:
        asked = getattr(q.licence, column) in ("y", "c")
        if column == "state_changes":
            asked = asked and modifies
        elif column == "disclose_source":
            asked = asked and (copyleft or q.relation == SELF)
        elif column == "flow_down":
            asked = asked or flow
        if asked:
            yield Ruling(code, column, q.licence, latent=latent)
    if q.licence.badge:
        yield Ruling("O-BADGE", "badge", q.licence, q.licence.badge, latent)
    if q.licence.name_prefix and modifies:
        yield Ruling("C-NAME", "name_prefix", q.licence, q.licence.name_prefix, latent)
    for clause in catalogue.clauses(q.licence, "duty"):
        yield Ruling(clause.value, "duty", q.licence, clause.source_ref, latent)
    if q.licence.hosted == "network_src":
        serves = q.profile.mode == "saas" or q.relation == "served_in"
        yield Ruling("O-NETSRC", "hosted", q.licence, latent=not serves or latent)


# --- relations with columns of their own ---------------------------------------------------------------------------
def _generated(q: Question) -> Iterator[Ruling]:
    """Content that a model made: the columns ``outputs`` and ``badge`` speak, not the reach."""
    latent = not q.distributes
    if q.licence.outputs == "terms":
        yield Ruling("O-AUP", "outputs", q.licence, "outputs under terms")
    elif q.licence.outputs == "restricted":
        yield Ruling("U-TERM", "outputs", q.licence, "outputs are restricted, the table does not say how")
    elif q.licence.outputs == "unstated" and q.profile.strictness != "legalistic":
        yield Ruling("W-UNCLEAR", "outputs", q.licence, "who may use the outputs")
    elif q.licence.outputs == "nc" and q.licence.use == "any" and q.profile.purpose != "research":
        if q.profile.purpose is None:
            yield Ruling("U-FACT", "outputs", q.licence, "purpose")
        else:
            yield Ruling("C-NC", "outputs", q.licence)
    if q.licence.badge:
        yield Ruling("O-BADGE", "badge", q.licence, q.licence.badge, latent)


def _code(q: Question) -> Iterator[Ruling]:
    """Code inside a work. Columns decide the two ends; what lies between needs a matrix and stays unknown."""
    if q.declared is not None and _is_same(q):
        yield Ruling("O-NOTICE", "notice_file", q.licence, latent=not q.distributes)
        if q.licence.disclose_source == "y":
            yield Ruling("O-SOURCE", "disclose_source", q.licence, latent=not q.distributes)
        return
    served = q.profile.mode == "saas" and q.licence.hosted == "network_src"
    if served:
        yield Ruling("O-NETSRC", "hosted", q.licence)
    closed = q.declared is not None and q.declared.licence.copyleft in ("", "none")
    strong = q.licence.copyleft in ("strong", "network") and not q.term.exception
    if strong and closed and q.distributes and not (served and q.profile.source_offered is not False):
        yield Ruling("C-COPYLEFT", "copyleft", q.licence)
    else:
        yield Ruling("U-CELL", "copyleft", q.licence)


def _column(relation: str) -> str:
    if relation == "includes":
        return "reach_dataset_inclusion"
    if relation == "adapted":
        return "reach_finetune"
    return f"reach_{relation}" if relation in terms.RELATIONS_WITH_REACH else "use"
