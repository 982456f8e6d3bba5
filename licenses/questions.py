"""One question to the licence table: what does this licence say about this relation, in this use?"""

from __future__ import annotations

from dataclasses import dataclass

from licenses import terms
from licenses.catalogue import Licence
from licenses.expressions import Term
from licenses.profiles import Profile
from licenses.terms import Reach

SELF = "self"
"""The relation of an artefact to its own declared licence: it is used, or passed on unchanged."""

DERIVATIVE = ("finetune", "adapter", "merge", "quantized")
TRAINING = ("train_on", "outputs", "distill")
RELATIONS = (*DERIVATIVE, "includes", "adapted", "distill", "outputs", "train_on", "generated_by", "served_in", "code")

_NOTHING = Reach(False, ("none",))


@dataclass(frozen=True, slots=True)
class Question:
    """One licence, one relation, one artefact's declared licence, one profile.

    ``declared`` is None where the artefact's licence is not a row of the table; ``reviewed`` says that a person read
    it, ``carries`` that the artefact's own terms hold the upstream's use restrictions. ``content`` marks an artefact
    that is itself output (text, images). ``same_family``: the artefact is also derived from a work under this licence.
    ``modalities`` are those of the work under ``term`` (None: not known). ``remote``: the relation is a training or a
    vendoring of code that somebody else did, further up (``licenses.lineage``).
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
    remote: bool = False

    @property
    def licence(self) -> Licence:
        return self.term.licence

    @property
    def distributes(self) -> bool:
        """Whether the mode is distribution under this licence; obligations that begin with it bind only then."""
        return distributes(self.licence, self.relation, self.profile, content=self.content)


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


def reach_column(relation: str) -> str:
    """The column that ``reach_of`` reads, for a finding's term; ``use`` where it reads none."""
    if relation == "includes":
        return "reach_dataset_inclusion"
    if relation == "adapted":
        return "reach_finetune"
    return f"reach_{relation}" if relation in terms.RELATIONS_WITH_REACH else "use"


def distributes(licence: Licence, relation: str, profile: Profile, *, content: bool) -> bool:
    """Whether a use is distribution under a licence: hosting is for some, inside the house it is for none."""
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
