"""One upstream licence against one artefact along one composed path: rulings, without names.

These are pure functions of small hashable values. ``licenses.compat`` puts names to them for one case; a pass over
millions of works can keep their answers by (declared licence, state, upstream licence).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from licenses import findings, lineage, questions, rules
from licenses.expressions import Leaf, Term, Undecided
from licenses.findings import RANK, Ruling
from licenses.lineage import State
from licenses.profiles import Profile
from licenses.questions import SELF, Question


class Standing(NamedTuple):
    """The artefact's side, the same for all of its upstreams.

    ``profile``: the use. ``reviewed``: a person read the artefact's own text where it is no row of the table;
    ``carries``: the artefact's terms hold the upstreams' use restrictions; ``content``: the artefact is itself output.
    """

    profile: Profile
    reviewed: bool = False
    carries: bool = False
    content: bool = False


def own(leaf: Term, standing: Standing, modalities: tuple[str, ...] | None = None) -> tuple[Ruling, ...]:
    """What the artefact's own declared licence says to whoever uses it."""
    question = Question(leaf, SELF, standing.profile, content=standing.content, modalities=modalities, declared=leaf)
    return rules.judge(question)


def passes_on(leaf: Term, standing: Standing) -> bool:
    """Whether the use is distribution under the artefact's own licence."""
    return questions.distributes(leaf.licence, SELF, standing.profile, content=standing.content)


@lru_cache(maxsize=65_536)
def along(
    leaf: Term,
    state: State,
    ours: Term | None,
    standing: Standing,
    same_family: bool = False,
    modalities: tuple[str, ...] | None = None,
) -> tuple[Ruling, ...]:
    """What the licence of a work says about an artefact that stands to it in ``state``.

    Args:
        leaf: a licence of the upstream work (of an expression each leaf is asked for itself).
        state: the composed path to the work (``lineage.compose``); not ``lineage.START``.
        ours: a licence that the artefact declares, None where it is no row of the table.
        standing: the artefact's side.
        same_family: the artefact is also derived (``lineage.is_derived``) from a work under this very licence.
        modalities: of the upstream work, else of the artefact; None where not known.

    Returns:
        The rulings of the strongest relation on the path. Where a relation was left out and the possible ones differ,
        those of all of them and U-RELATION. Nothing behind a relation that cannot be read: that hop is U-RELATION.
    """
    answers = []
    for relations in lineage.readings(state):
        if len(relations) > 1:
            # Where a column does not apply to one relation of the path, another one speaks.
            speaking = tuple(one for one in relations if "na" not in questions.reach_of(leaf.licence, one).words)
            relations = speaking or relations
        asked = [
            rules.judge(_question(leaf, relation, state, ours, standing, same_family, modalities))
            for relation in relations
        ]
        answers.append(max(asked, key=_weight))
    if len({frozenset((one.code, one.term, one.latent) for one in answer) for answer in answers}) > 1:
        answers.append((Ruling("U-RELATION", "relation", None, "not given"),))
    return tuple(dict.fromkeys(one for answer in answers for one in answer))


def undecided(leaf: Undecided, state: State, *, files_checked: bool = False) -> Ruling:
    """What follows from a licence that the table cannot name. Card and files silent: nobody granted anything."""
    if leaf.code == "U-MISSING" and files_checked and not (state.remote and state.trained):
        return Ruling("C-NO-LICENSE", "license", None, "no licence in the card, none in the files")
    return Ruling(leaf.code, "license", leaf.licence)


def terms_of(leaves: tuple[Leaf, ...]) -> tuple[Term | None, ...]:
    """The declared licences that edges are judged against; None stands for one that is no row of the table."""
    return tuple(dict.fromkeys(leaf if isinstance(leaf, Term) else None for leaf in leaves)) or (None,)


def _question(
    leaf: Term,
    relation: str,
    state: State,
    ours: Term | None,
    standing: Standing,
    same_family: bool,
    modalities: tuple[str, ...] | None,
) -> Question:
    remote = state.remote
    if state.trained and state.nearest:
        # What is served or published is no derivative. Terms that follow the served model are met in serving it.
        reach = questions.reach_of(leaf.licence, relation)
        if relation != "train_on" and not reach.unclear and {"terms", "flow"} & set(reach.words):
            relation, remote = state.nearest, False
    return Question(
        leaf,
        relation,
        standing.profile,
        declared=ours,
        reviewed=standing.reviewed and ours is None,
        carries=standing.carries,
        content=standing.content,
        same_family=same_family,
        modalities=modalities,
        remote=remote,
    )


def _weight(rulings: tuple[Ruling, ...]) -> tuple[int, int, int]:
    """How much a list of rulings weighs: what binds first, then what is latent, then how many there are."""
    ranks = [(RANK[findings.severity(one.code)], one.latent) for one in rulings]
    return (
        max((rank for rank, latent in ranks if not latent), default=0),
        max((rank for rank, _ in ranks), default=0),
        len(ranks),
    )
