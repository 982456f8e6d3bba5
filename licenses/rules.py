"""The rules: what one licence of the table says about one relation to one artefact, for one profile.

Every rule reads columns; none knows a licence by name. Limits on the licensee come first (``licenses.limits``), then
what the licence asks of a work that was made from it (its reach).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from licenses import limits, matrix
from licenses.findings import Ruling
from licenses.questions import DERIVATIVE, SELF, TRAINING, Question, reach_column, reach_of
from licenses.terms import Reach

_MODIFIES = frozenset({*DERIVATIVE, "distill", "adapted"})
_TRAINING = frozenset({*DERIVATIVE, "distill", "outputs", "train_on"})
# Words of a reach that ask something of the declared licence of the artefact.
_FOLLOWS = ("same", "terms", "flow", "computational", "nc")


@lru_cache(maxsize=65_536)
def judge(question: Question) -> tuple[Ruling, ...]:
    """All rulings on a question, in the order of the procedure."""
    return tuple(_judge(question))


def _judge(q: Question) -> Iterator[Ruling]:
    if q.term.exception:
        yield Ruling("W-EXCEPTION", "license", q.licence, q.term.exception)
    if q.licence.is_own:
        yield from _own(q)
        return
    if q.remote and q.relation in TRAINING:
        yield from _behind_a_model(q)
        return
    yield from limits.rulings(q)
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


def _own(q: Question) -> Iterator[Ruling]:
    """An owner's declaration for their own work: silent for the owner, no grant for anybody else."""
    if q.relation != SELF:
        yield Ruling("U-TERM", "family", q.licence, "an owner's declaration says nothing to others")
    elif q.profile.actor == "licensee":
        yield Ruling("C-NO-LICENSE", "family", q.licence, "its licence is its owner's own declaration")
    elif q.profile.actor == "unstated":
        yield Ruling("U-FACT", "actor", q.licence, "actor")


# --- what follows a work that was made from it ---------------------------------------------------------------------
def _reach(q: Question) -> Iterator[Ruling]:
    reach, column = reach_of(q.licence, q.relation), reach_column(q.relation)
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
    named = {clause.value for clause in q.licence.says("compatible")}
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
    for clause in q.licence.says("duty"):
        yield Ruling(clause.value, "duty", q.licence, clause.source_ref, latent)
    if q.licence.hosted == "network_src":
        serves = q.profile.mode == "saas" or q.relation == "served_in"
        yield Ruling("O-NETSRC", "hosted", q.licence, latent=not serves or latent)


# --- training that somebody else did -------------------------------------------------------------------------------
_WEAKER = {
    "C-NC": "W-TRAIN-NC",
    "C-RESEARCH": "W-TRAIN-NC",
    "C-SA": "W-TRAIN-SA",
    "C-COPYLEFT": "W-TRAIN-SA",
    "C-ND": "W-TRAIN-ND",
}


def _behind_a_model(q: Question) -> Iterator[Ruling]:
    """Training behind somebody else's model: its own, weaker codes (refinement 8).

    Whoever trained is bound; whoever takes the model over is warned of what may reach through it. Limits on the
    licensee (users, revenue, places, fields) bind whoever trained and are not asked here. An agreement or restrictions
    that say themselves that they follow a model made from outputs go on following.
    """
    words = {"terms", "flow"} & set(reach_of(q.licence, q.relation).words)
    follows = bool(words) and q.relation != "train_on"
    for ruling in (*limits.scope_of_use(q), *_reach(q)):
        if ruling.code == "C-LAUNDER" and follows:
            yield ruling
        elif ruling.code.startswith("C-"):
            code = _WEAKER.get(ruling.code, "W-TRAIN-TERMS")
            yield ruling._replace(code=code, value=ruling.value or ruling.term)
        else:
            yield ruling
    if follows:
        yield from limits.restrictions_on_use(q)


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
    """Code inside a work: the matrix decides, or the columns where an owner's own terms are declared."""
    served = q.profile.mode == "saas" and q.licence.hosted == "network_src"
    if served:
        yield Ruling("O-NETSRC", "hosted", q.licence)
    # Over a network, the source that is offered is all that is asked; the rest begins with passing the code on.
    latent = not q.distributes or (served and q.profile.source_offered is not False)
    answer, value = _inside(q)
    if answer in (matrix.YES, matrix.SAME):
        yield Ruling("O-NOTICE", "notice_file", q.licence, latent=latent)
        if q.licence.disclose_source in ("y", "c"):
            yield Ruling("O-SOURCE", "disclose_source", q.licence, latent=latent)
    elif answer == matrix.DEPENDS or (answer == matrix.NO and q.remote):
        # Code in the repository of a model further up: whether it is taken over is to be looked at.
        yield Ruling("W-DEP", "copyleft", q.licence, value or f"copyleft: {q.licence.copyleft}", latent)
    elif answer == matrix.NO:
        yield Ruling("C-COPYLEFT", "copyleft", q.licence, value, latent)
    else:
        yield Ruling("U-CELL", "copyleft", q.licence, value or answer, latent)


_BY_COLUMN = {"none": matrix.YES, "strong": matrix.NO, "network": matrix.NO}


def _inside(q: Question) -> tuple[str, str]:
    """The answer for code under this licence inside the artefact, and where it was read."""
    if q.declared is None:
        return matrix.MISSING, ""
    if q.declared.licence.is_own:
        # No text to be incompatible with: what the code's own licence asks for decides.
        return _BY_COLUMN.get(q.licence.copyleft, matrix.DEPENDS) if not q.term.exception else matrix.UNKNOWN, ""
    if _is_same(q):
        return matrix.SAME, ""
    cell = matrix.cell(q.declared, q.term)
    return cell.answer, f"({cell.outbound}, {cell.inbound}) = {cell.answer}"
